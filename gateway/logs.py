"""Logs: one line an event, on stderr, with the fields that its event may have.

What lives here: the two looks of a line, and masking. What does not: which events there are (`log_events`); they are
logged at the doors.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.log_events import EVENTS, LogEvent
from gateway.worker import where

OWN = "gateway"  # the root of our loggers
_UNKNOWN = LogEvent("")
_MASKED = ("destination", "detail")  # texts that could hold a number or an address
_NUMBER = re.compile(r"\+?[0-9][0-9.\-() ]{5,}[0-9]")  # as people write one
LEAST_DIGITS = 7  # of a number
_IP = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_ENCODER = json.JSONEncoder(default=str)


class Lines(logging.Formatter):
    """Writes time, level, event and its fields; of an exception kind and place, for its text may be private."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return self.line({"time": moment, "level": record.levelname.lower(), **dict(_said(record))})

    def line(self, said: dict[str, object]) -> str:
        """How it looks."""
        raise NotImplementedError


class JsonLines(Lines):
    """For programs: one JSON object a line."""

    def line(self, said: dict[str, object]) -> str:
        """As JSON."""
        return _ENCODER.encode(said)


class TextLines(Lines):
    """For eyes: time, level, event, and name=value for each field."""

    def line(self, said: dict[str, object]) -> str:
        """As words; what could be taken for more than one is quoted."""
        time, level, event, *fields = said.items()
        rest = (f"{name}={_word(value)}" for name, value in fields)
        return " ".join((str(time[1]), f"{level[1]!s:7}", str(event[1]), *rest))


FORMATS = {"json": JsonLines, "text": TextLines}


def start_logging(level: int, form: str = "json") -> None:
    """Our own events to stderr; of other libraries only that they complain, from warnings up."""
    # What no line of ours shows is not gathered: where it was logged from, and by whom.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(FORMATS[form]())
    logging.basicConfig(level=logging.WARNING, handlers=[stream], force=True)
    logging.getLogger(OWN).setLevel(level)


def masked(text: str) -> str:
    """The same without numbers and addresses: of a number the country and the last two digits stay, at most."""
    return _NUMBER.sub(_hidden, _ADDRESS.sub("***", text))


def _said(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    """The event and its fields, in the order of the list."""
    own = record.name == OWN or record.name.startswith(f"{OWN}.")
    name = str(record.msg) if own else "library"
    event = EVENTS.get(name, _UNKNOWN)
    yield "event", name
    if record.exc_info and record.exc_info[1]:
        yield from where(record.exc_info[1]).items()
    if not own:
        yield "kind", record.name
    for field in event.fields:
        if field in record.__dict__:
            value = record.__dict__[field]
            yield field, masked(value) if field in _MASKED and isinstance(value, str) else value


def _hidden(found: re.Match[str]) -> str:
    text = found[0]
    if _IP.fullmatch(text) or sum(sign.isdigit() for sign in text) < LEAST_DIGITS:
        return text
    return f"{text[:3]}{'*' * max(0, len(text) - 5)}{text[-2:]}"


def _word(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
