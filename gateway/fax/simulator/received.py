"""What far ends have received and how often numbers were dialled, kept on disk beyond a kill.

What lives here: the simulator's own state, with full numbers. What does not: anything the gateway stores; no product
code reads these files. They are written, and not synced: a far end promises us nothing beyond a power cut, and what is
written outlives the process that wrote it.

    <directory>/dials.jsonl              one line for each dial
    <directory>/log.jsonl                one line for each page that a far end is about to confirm
    <directory>/<digits>/<call uid>.tif  the pages of one call
"""

import hashlib
import json
import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from gateway.fax.t4 import classf
from gateway.fax.t30.reception import ReceivedPage


class ReceivedFaxes:
    """The far ends' memory; safe between the threads of one process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "log.jsonl"
        self._dials_file = directory / "dials.jsonl"
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._dials = Counter(str(line["number"]) for line in read_lines(self._dials_file))

    def dialled(self, number: str) -> int:
        """How often the number was dialled before."""
        with self._lock:
            return self._dials[number]

    def count_dial(self, number: str, call_uid: str, at: datetime) -> None:
        """Count a dial; it is written when this returns."""
        with self._lock:
            _append(self._dials_file, {"number": number, "call_uid": call_uid, "at": at.isoformat()})
            self._dials[number] += 1

    def keep(self, number: str, call_uid: str, received: ReceivedPage, at: datetime) -> None:
        """Keep a page and its line in the log; both are written when it returns, the page first."""
        folder = self._directory / number.lstrip("+")
        folder.mkdir(exist_ok=True)
        classf.append_page(folder / f"{call_uid}.tif", received.page, received.number, synced=False)
        line = {
            "call_uid": call_uid,
            "number": number,
            "page": received.number,
            "last": received.last,
            "sha256": hashlib.sha256(received.bitmap.octets).hexdigest(),
            "at": at.isoformat(),
            "rows": received.bitmap.shape.rows,
            "width": received.bitmap.shape.width,
            "coding": received.page.coding.value,
            "bad_rows": received.bad_rows,
        }
        with self._lock:
            _append(self._log, line)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log; one that a kill cut short is left out."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return lines


def _append(path: Path, line: dict[str, Any]) -> None:
    """Write one line; a line cut short before is ended first."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        cut_short = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        text = ("\n" if cut_short else "") + json.dumps(line) + "\n"
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
