"""A mail that Outlook saved as a file of its own, `.msg` ([MS-OXMSG]).

What lives here: reading the folders and streams of the file, and of the mails in it. What does not: what the
properties mean (`outlook`), what becomes of the mail (`unpack`).
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.mail.mime import MailError
from gateway.mail.outlook import (
    BINARY,
    CODE_PAGE,
    EMBEDDED,
    METHOD,
    OBJECT,
    STRING,
    UNICODE,
    OutlookAttachment,
    OutlookMail,
    Properties,
    code_page,
    decoded,
    heading,
)
from renderers import ole

_FIXED = "__properties_version1.0"
_STREAM = "__substg1.0_"
_ATTACHMENT = "__attach_version1.0_"
_HEADER_OF_FILE, _HEADER_OF_MAIL, _HEADER_OF_ATTACHMENT = 32, 24, 8  # octets before the first fixed property
_OLE_OBJECT = 6  # an AttachMethod ([MS-OXCMSG] 2.2.2.9)
_INSIDE = ("\x01Ole10Native", "CONTENTS", "Package")  # where programs keep the file that their object is
_NUMBER_TYPES = {2, 3, 11, 20, 64}


@dataclass(frozen=True, slots=True)
class _Folder:
    """A storage of the file: its own streams, and the folders in it, by name."""

    streams: Mapping[str, Callable[[], bytes]]
    folders: Mapping[str, "_Folder"]

    def stream(self, name: str) -> bytes:
        return self.streams[name]() if name in self.streams else b""


def read_msg(path: Path) -> OutlookMail:
    """Read a file; the mails in it are read when they are opened.

    Raises:
        MailError: it is damaged.
    """
    try:
        root = _folder(ole.tree(path))
        if _FIXED not in root.streams:
            raise MailError("it is no mail of Outlook")
        return _mail(root, _HEADER_OF_FILE)
    except (ValueError, struct.error) as error:
        raise MailError(f"the mail of Outlook is damaged ({error})") from error


def _folder(tree: Mapping[tuple[str, ...], Callable[[], bytes]]) -> _Folder:
    inner: dict[str, dict[tuple[str, ...], Callable[[], bytes]]] = {}
    for place, content in tree.items():
        if len(place) > 1:
            inner.setdefault(place[0], {})[place[1:]] = content
    streams = {place[0]: content for place, content in tree.items() if len(place) == 1}
    return _Folder(streams, {name: _folder(found) for name, found in inner.items()})


def _mail(folder: _Folder, header: int) -> OutlookMail:
    properties = _properties(folder, header)
    found = OutlookMail(heading=heading(properties))
    found.set_body(properties, "")
    names = sorted(name for name in folder.folders if name.startswith(_ATTACHMENT))
    found.attachments = [_attachment(folder.folders[name]) for name in names]
    return found


def _attachment(folder: _Folder) -> OutlookAttachment:
    properties = _properties(folder, _HEADER_OF_ATTACHMENT)
    found = OutlookAttachment()
    found.describe(properties)
    content = properties.get(OBJECT, b"")
    found.content = content if isinstance(content, bytes) else b""
    inner = folder.folders.get(f"{_STREAM}{OBJECT:04X}{EMBEDDED:04X}")
    if inner is None:
        return found
    found.is_object = _number(properties.get(METHOD, b"")) == _OLE_OBJECT or _FIXED not in inner.streams
    if found.is_object:
        found.content = next((inner.stream(name) for name in _INSIDE if name in inner.streams), b"")
    else:
        found.mail = partial(_inner_mail, inner)
    return found


def _inner_mail(folder: _Folder) -> OutlookMail:
    try:
        return _mail(folder, _HEADER_OF_MAIL)
    except (ValueError, struct.error) as error:
        raise MailError(f"the mail of Outlook is damaged ({error})") from error


def _properties(folder: _Folder, header: int) -> Properties:
    """Numbers and times, which stand together, and all else, each in a stream named after identity and type."""
    found: dict[int, bytes | str] = {}
    fixed = folder.stream(_FIXED)
    for kind, identity, value in struct.iter_unpack("<HH4x8s", fixed[header : len(fixed) - (len(fixed) - header) % 16]):
        if kind in _NUMBER_TYPES:
            found[identity] = value
    page = code_page(_number(found.get(CODE_PAGE, b"")) or 1252)
    for name in folder.streams:
        identity, kind = _named(name)
        if kind in {STRING, UNICODE, BINARY}:
            found[identity] = decoded(folder.stream(name), kind, page)
    return found


def _named(name: str) -> tuple[int, int]:
    """Identity and type in a stream's name; zeros for any other stream, and for one of several values."""
    digits = name.removeprefix(_STREAM)
    if digits == name or len(digits) != 8:
        return 0, 0
    try:
        return int(digits[:4], 16), int(digits[4:], 16)
    except ValueError:
        return 0, 0


def _number(value: bytes | str) -> int:
    return int.from_bytes(value[:4], "little") if isinstance(value, bytes) else 0
