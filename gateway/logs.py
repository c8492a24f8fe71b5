"""Logs: one line of JSON an event, on stderr, from an allow-list of fields.

What lives here: the format, and what may pass. What does not: any event; those are logged at the doors.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from gateway.worker import where

# What is not listed here never reaches a log, whatever a caller passes.
FIELDS = (
    "worker",
    "error",
    "at",
    "job",
    "attempt",
    "submission",
    "destination",
    "outcome",
    "detail",
    "pages",
    "peer",
    "rule",
    "reply",
    "recipients",
    "size",
    "kind",
    "seconds",
    "owner",
    "count",
    "line",
    "trunk",
)


_ENCODER = json.JSONEncoder(default=str)


class JsonLines(logging.Formatter):
    """Writes time, level, event and the allowed fields; of an exception kind and place, for its text may be private."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": moment, "level": record.levelname.lower(), "event": str(record.msg)}
        if record.exc_info and record.exc_info[1]:
            line.update(where(record.exc_info[1]))
        line.update({name: record.__dict__[name] for name in FIELDS if name in record.__dict__})
        return _ENCODER.encode(line)


def start_logging(level: int) -> None:
    """Our own events to stderr as JSON lines; other libraries only from warnings up, without their arguments."""
    # What no line of ours shows is not gathered: where it was logged from, and by whom.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[stream], force=True)
    logging.getLogger("gateway").setLevel(level)
