"""The words between who wants a conversion, the desk, and a worker: JSON behind its length, on a socket.

What lives here: orders, answers and their framing. What does not: processes. The worker's side runs under
LibreOffice's own Python, so only the standard library is used here.
"""

import json
import socket
import struct
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

_LENGTH = struct.Struct(">I")
_MOST_BYTES = 1 << 20


class Ended(StrEnum):
    """How a conversion ended."""

    MADE = "made"
    LOCKED = "locked"  # it asks for a password
    REFUSED = "refused"  # LibreOffice says it cannot
    CRASHED = "crashed"
    LATE = "late"
    TOO_LARGE = "too_large"  # more memory than a worker may hold
    ABSENT = "absent"  # no worker can be started


@dataclass(frozen=True, slots=True)
class Order:
    """Convert `source`, of the format `kind`, to a PDF at `target`.

    `separator` divides the columns of a CSV in UTF-8. `most_pages` are written, no more; `seconds` of wall clock count
    from when a worker takes the order. `fresh` asks for a worker that has converted nothing yet.
    """

    source: str
    target: str
    kind: str
    separator: str = ""
    seconds: float = 90.0
    most_pages: int = 2000
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended, what was said, and whether it was the worker's first document."""

    ended: Ended
    words: str = ""
    first: bool = False


def send_order(line: socket.socket, order: Order) -> None:
    """Send an order."""
    send(line, asdict(order))


def receive_order(line: socket.socket) -> Order:
    """Wait for an order.

    Raises:
        ConnectionError: the other side is gone, or says something else.
    """
    said = receive(line)
    try:
        return Order(**said)
    except TypeError as error:
        raise ConnectionError("no order") from error


def send_answer(line: socket.socket, answer: Answer) -> None:
    """Send an answer."""
    send(line, asdict(answer))


def receive_answer(line: socket.socket) -> Answer:
    """Wait for an answer.

    Raises:
        ConnectionError: the other side is gone, or says something else.
    """
    said = receive(line)
    try:
        return Answer(Ended(said["ended"]), str(said["words"])[:500], bool(said["first"]))
    except (KeyError, ValueError) as error:
        raise ConnectionError("no answer") from error


def send(line: socket.socket, words: dict[str, Any]) -> None:
    """Send one message."""
    content = json.dumps(words).encode()
    line.sendall(_LENGTH.pack(len(content)) + content)


def receive(line: socket.socket) -> dict[str, Any]:
    """Wait for one message.

    Raises:
        ConnectionError: the other side is gone, or does not keep to this.
    """
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if length > _MOST_BYTES:
        raise ConnectionError("message too long")
    try:
        words = json.loads(_exactly(line, length))
    except ValueError as error:
        raise ConnectionError("no JSON") from error
    if not isinstance(words, dict):
        raise ConnectionError("no message")
    return words


def _exactly(line: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        part = line.recv(size - len(content))
        if not part:
            raise ConnectionError("the other side is gone")
        content += part
    return bytes(content)
