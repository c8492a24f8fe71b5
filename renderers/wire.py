"""The words between who wants confined work done, the warm parent, and its children.

What lives here: messages on a socket and the unpickling that trusts no child. What does not: processes.
"""

import io
import pickle
import socket
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from renderers.walls.landlock import Places

ORDER, NEWS, RESULT, ERROR, ENDED = b"O", b"N", b"R", b"X", b"E"
_HEAD = struct.Struct("<cQ")
_SECONDS = struct.Struct("<d")
_MOST_BYTES = 256 << 20
_BUILTINS = {"set", "frozenset", "bytearray", "complex", "range", "slice"}
_PLAIN = {
    ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("datetime", "datetime"), ("datetime", "timedelta"),
    ("datetime", "timezone"), ("datetime", "date"), ("decimal", "Decimal"), ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What a child is to do, and within what."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    folder: str
    memory: int
    file_size: int
    seconds: float
    places: Places | None = None


def send(line: socket.socket, kind: bytes, content: bytes) -> None:
    """Send one message."""
    line.sendall(_HEAD.pack(kind, len(content)) + content)


def receive(line: socket.socket) -> tuple[bytes, bytes]:
    """Receive one message.

    Raises:
        ConnectionError: the other side is gone, or says more than it may.
    """
    kind, size = _HEAD.unpack(_exactly(line, _HEAD.size))
    if size > _MOST_BYTES:
        raise ConnectionError("message too long")
    return kind, _exactly(line, size)


def _exactly(line: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = line.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise ConnectionError("the other side is gone")
        parts += part
    return bytes(parts)


def send_socket(line: socket.socket, passed: socket.socket, seconds: float) -> None:
    """Hand a socket over, with the seconds its child may live."""
    socket.send_fds(line, [_SECONDS.pack(seconds)], [passed.fileno()])


def receive_socket(line: socket.socket) -> tuple[socket.socket, float] | None:
    """Take a socket handed over; None when the other side has closed."""
    words, fds, _, _ = socket.recv_fds(line, _SECONDS.size, 1)
    if not words or not fds:
        return None
    return socket.socket(fileno=fds[0]), _SECONDS.unpack(words)[0]


def packages_of(function: Callable[..., Any]) -> set[str]:
    """The packages whose values may come back from a function: its own and this one."""
    return {function.__module__.partition(".")[0], __name__.partition(".")[0]}


def pickled(value: object) -> bytes:
    """What a child says, so that `unpickle` takes it.

    Raises:
        pickle.PicklingError, TypeError, AttributeError: it cannot be said.
    """
    content = io.BytesIO()
    _Writer(content).dump(value)
    return content.getvalue()


def unpickle(content: bytes, packages: Collection[str]) -> Any:
    """Read what a child said: a child taken over by a hostile document must not choose what runs here.

    Only plain values, exceptions, and the dataclasses and enums of `packages` are made.

    Raises:
        pickle.UnpicklingError: anything else is in it.
    """
    return _Reader(io.BytesIO(content), packages).load()


class _Writer(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        """Enums by value: Python 3.11 before 3.11.4 pickles them by `getattr`, which no reader of ours may call."""
        return (type(value), (value.value,)) if isinstance(value, Enum) else NotImplemented


class _Reader(pickle.Unpickler):
    def __init__(self, content: io.BytesIO, packages: Collection[str]) -> None:
        super().__init__(content)
        self._packages = packages

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if self._may(module, name) else None
        if module.partition(".")[0] in self._packages and not _is_value(found):
            found = None
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} may not come out of a confined process")
        return found

    def _may(self, module: str, name: str) -> bool:
        if module == "builtins":
            known = getattr(__import__("builtins"), name, None)
            return name in _BUILTINS or (isinstance(known, type) and issubclass(known, BaseException))
        ours = module.partition(".")[0] in self._packages and "." not in name
        return ours or (module, name) in _PLAIN


def _is_value(found: object) -> bool:
    return isinstance(found, type) and (
        issubclass(found, BaseException | Enum) or hasattr(found, "__dataclass_fields__")
    )
