"""The libtiff door: the few calls of libtiff.so.6 that fax needs, typed, without its messages on stderr.

What lives here: opening, tags, strips and directories. What does not: what the strips mean (`codec`, `classf`).
Arguments after a tag are variadic in C, so each is passed with its promoted C type. Needs libtiff 4.5 for error
functions that belong to one open file.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_double, c_float, c_int, c_ssize_t, c_uint16, c_uint32, c_void_p
from enum import IntEnum
from functools import cache
from types import SimpleNamespace

from gateway.domain.errors import GatewayError, UnavailableError

LIBRARY = "libtiff.so.6"


class Tag(IntEnum):
    """TIFF 6.0 and RFC 3949 tags, as libtiff names them."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    GROUP3_OPTIONS = 292
    GROUP4_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
    TILE_WIDTH = 322
    CLEAN_FAX_DATA = 327


class TiffError(GatewayError):
    """libtiff refused a file or a strip; the text is its own format string."""


_SHORT = frozenset(
    {Tag.BITS_PER_SAMPLE, Tag.COMPRESSION, Tag.PHOTOMETRIC, Tag.FILL_ORDER, Tag.ORIENTATION, Tag.SAMPLES_PER_PIXEL,
     Tag.RESOLUTION_UNIT, Tag.PAGE_NUMBER, Tag.CLEAN_FAX_DATA}
)  # fmt: skip
_REPORT = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_char_p, c_char_p, c_void_p)
_said: dict[int, list[str]] = {}


def _note(_tiff: int, opened: int, _module: bytes, wording: bytes, _values: int) -> int:
    """Keep what libtiff says of one open file; 1 keeps it off stderr."""
    if opened in _said:
        _said[opened].append(wording.decode("ascii", "replace"))
    return 1


_NOTE = _REPORT(_note)  # kept here: C holds its address
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "TIFFOpenOptionsAlloc": (c_void_p, []),
    "TIFFOpenOptionsFree": (None, [c_void_p]),
    "TIFFOpenOptionsSetErrorHandlerExtR": (None, [c_void_p, _REPORT, c_void_p]),
    "TIFFOpenOptionsSetWarningHandlerExtR": (None, [c_void_p, _REPORT, c_void_p]),
    "TIFFFdOpenExt": (c_void_p, [c_int, c_char_p, c_char_p, c_void_p]),
    "TIFFClose": (None, [c_void_p]),
    "TIFFSetField": (c_int, [c_void_p, c_uint32]),
    "TIFFGetField": (c_int, [c_void_p, c_uint32]),
    "TIFFReadEncodedStrip": (c_ssize_t, [c_void_p, c_uint32, c_void_p, c_ssize_t]),
    "TIFFReadRawStrip": (c_ssize_t, [c_void_p, c_uint32, c_void_p, c_ssize_t]),
    "TIFFWriteEncodedStrip": (c_ssize_t, [c_void_p, c_uint32, c_char_p, c_ssize_t]),
    "TIFFWriteRawStrip": (c_ssize_t, [c_void_p, c_uint32, c_char_p, c_ssize_t]),
    "TIFFRawStripSize": (c_ssize_t, [c_void_p, c_uint32]),
    "TIFFNumberOfStrips": (c_uint32, [c_void_p]),
    "TIFFStripSize": (c_ssize_t, [c_void_p]),
    "TIFFWriteDirectory": (c_int, [c_void_p]),
    "TIFFReadDirectory": (c_int, [c_void_p]),
    "TIFFSetDirectory": (c_int, [c_void_p, c_uint32]),
}


# What codes pages or touches a disk lets other threads run meanwhile. The rest is over sooner than that would be.
_LONG = frozenset(
    {"TIFFFdOpenExt", "TIFFClose", "TIFFReadEncodedStrip", "TIFFReadRawStrip", "TIFFWriteEncodedStrip",
     "TIFFWriteRawStrip", "TIFFWriteDirectory", "TIFFReadDirectory", "TIFFSetDirectory"}
)  # fmt: skip


@cache
def _library() -> SimpleNamespace:
    """Load and type the library once."""
    library = SimpleNamespace()
    try:
        yielding, holding = ctypes.CDLL(LIBRARY), ctypes.PyDLL(LIBRARY)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(yielding if name in _LONG else holding, name)
            function.restype, function.argtypes = result, arguments
            setattr(library, name, function)
    except (OSError, AttributeError) as fault:
        raise UnavailableError(f"{LIBRARY} 4.5 or newer is needed to code pages: apt-get install libtiff6") from fault
    return library


class Tiff:
    """One open TIFF; obtained from `opened`. Methods raise TiffError where libtiff refuses."""

    def __init__(self, pointer: int, said: list[str]) -> None:
        self._pointer = pointer
        self._library = _library()
        self.said = said

    def _checked(self, result: int, failed: bool) -> int:
        if failed:
            raise TiffError(self.said[-1] if self.said else "libtiff refused without a word")
        return result

    def set(self, tag: Tag, *values: int) -> None:
        """Set an integer tag of the present directory."""
        kind = c_int if tag in _SHORT else c_uint32
        done = self._library.TIFFSetField(self._pointer, tag, *(kind(value) for value in values))
        self._checked(done, done != 1)

    def set_resolution(self, horizontal: float, vertical: float) -> None:
        """Set both resolutions, in dots per inch."""
        self.set(Tag.RESOLUTION_UNIT, 2)
        for tag, value in ((Tag.X_RESOLUTION, horizontal), (Tag.Y_RESOLUTION, vertical)):
            self._library.TIFFSetField(self._pointer, tag, c_double(value))

    def get(self, tag: Tag, default: int) -> int:
        """An integer tag of the present directory, or the default where it is missing."""
        value: c_uint16 | c_uint32 = c_uint16() if tag in _SHORT else c_uint32()
        found = self._library.TIFFGetField(self._pointer, tag, ctypes.byref(value))
        return value.value if found == 1 else default

    def get_resolution(self, tag: Tag, default: float) -> float:
        """A resolution in dots per inch, whatever unit the file gives it in."""
        value = c_float()
        if self._library.TIFFGetField(self._pointer, tag, ctypes.byref(value)) != 1:
            return default
        return value.value * 2.54 if self.get(Tag.RESOLUTION_UNIT, 2) == 3 else value.value

    def strips(self) -> int:
        """How many strips the present directory has."""
        return int(self._library.TIFFNumberOfStrips(self._pointer))

    def strip_octets(self) -> int:
        """Octets of one decoded strip."""
        return int(self._library.TIFFStripSize(self._pointer))

    def raw_size(self, strip: int) -> int:
        """Octets of one coded strip."""
        size = self._library.TIFFRawStripSize(self._pointer, strip)
        return self._checked(size, size < 0)

    def read_raw(self, strip: int) -> bytes:
        """One coded strip as the file holds it."""
        buffer = ctypes.create_string_buffer(max(1, self.raw_size(strip)))
        count = self._library.TIFFReadRawStrip(self._pointer, strip, buffer, len(buffer))
        return buffer.raw[: self._checked(count, count < 0)]

    def decode_into(self, strip: int, buffer: bytearray, at: int = 0) -> int:
        """Decode one strip into `buffer` from octet `at`; negative where the data ended early."""
        room = len(buffer) - at
        target = (ctypes.c_char * room).from_buffer(buffer, at)
        return int(self._library.TIFFReadEncodedStrip(self._pointer, strip, target, room))

    def encode(self, strip: int, rows: bytes) -> None:
        """Code packed rows and write them as one strip."""
        count = self._library.TIFFWriteEncodedStrip(self._pointer, strip, rows, len(rows))
        self._checked(count, count < 0)

    def write_raw(self, strip: int, octets: bytes) -> None:
        """Write octets that are coded already as one strip."""
        count = self._library.TIFFWriteRawStrip(self._pointer, strip, octets, len(octets))
        self._checked(count, count != len(octets))

    def end_directory(self) -> None:
        """Write the present directory; the next tags begin another page."""
        done = self._library.TIFFWriteDirectory(self._pointer)
        self._checked(done, done != 1)

    def next_directory(self) -> bool:
        """Go to the next page; false after the last."""
        return bool(self._library.TIFFReadDirectory(self._pointer))

    def go_to(self, directory: int) -> None:
        """Go to a page, counted from zero."""
        done = self._library.TIFFSetDirectory(self._pointer, directory)
        self._checked(done, done != 1)


@contextmanager
def opened(descriptor: int, mode: str) -> Iterator[Tiff]:
    """Open a file descriptor ("r", "w" or "a"); the descriptor is closed at the end. Raises TiffError.

    What was said is forgotten before the descriptor is closed: afterwards another thread may be given its number.
    """
    library = _library()
    os.lseek(descriptor, 0, os.SEEK_SET)
    said = _said[descriptor] = []
    pointer = _open(library, descriptor, mode)
    if pointer is None:
        del _said[descriptor]
        os.close(descriptor)
        raise TiffError(said[-1] if said else "not a TIFF")
    try:
        yield Tiff(pointer, said)
    finally:
        del _said[descriptor]
        library.TIFFClose(pointer)


def _open(library: SimpleNamespace, descriptor: int, mode: str) -> int | None:
    """Open with error functions of this file's own."""
    options = library.TIFFOpenOptionsAlloc()
    library.TIFFOpenOptionsSetErrorHandlerExtR(options, _NOTE, descriptor)
    library.TIFFOpenOptionsSetWarningHandlerExtR(options, _NOTE, descriptor)
    pointer = library.TIFFFdOpenExt(descriptor, b"fax", mode.encode(), options)
    library.TIFFOpenOptionsFree(options)
    return None if pointer is None else int(pointer)


def memory(content: bytes = b"") -> int:
    """A descriptor of an anonymous file in memory that holds `content`."""
    descriptor = os.memfd_create("fax-page")
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    return descriptor
