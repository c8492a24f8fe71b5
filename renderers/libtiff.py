"""The CCITT codec of the system's libtiff, called through ctypes.

What lives here: packed rows to one T.6 strip and back, and reading the bilevel pages of any TIFF. What does
not: our own files (`faxpage`), colour (`tiff`). Pillow is not used for coding: it codes black as white and needs
three to ten times as long. Rows are uint8 arrays of shape (rows, width / 8), 1 = black, leftmost pel in the high bit.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderers.errors import Reason, RenderError

Rows = NDArray[np.uint8]

_NAMES = ("libtiff.so.6", "libtiff.so.5", "libtiff.6.dylib")
_SHORT, _LONG = ctypes.c_int, ctypes.c_uint32  # variadic shorts travel as int
_FIXED_FIELDS = (
    (258, _SHORT(1)),  # BitsPerSample
    (277, _SHORT(1)),  # SamplesPerPixel
    (259, _SHORT(4)),  # Compression: T.6
    (262, _SHORT(0)),  # Photometric: 0 is white
    (266, _SHORT(1)),  # FillOrder: high bit first
)
_TOP_LEFT = 1
_SHORT_WORK = 32768  # octets of rows that are coded in a tenth of a millisecond
_COMPLAINT = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_complaints: list[str] = []


def _note_complaint(module: bytes | None, words: bytes | None, _arguments: int | None) -> None:
    _complaints.append(f"{(module or b'').decode(errors='replace')}: {(words or b'').decode(errors='replace')}")


_NOTE = _COMPLAINT(_note_complaint)


class DamagedError(ValueError):
    """A strip that does not decode cleanly."""


@cache
def library() -> ctypes.CDLL:
    """The loaded library.

    Raises:
        RenderError: TOOL_MISSING, naming the package to install.
    """
    for name in _NAMES:
        try:
            found = ctypes.CDLL(name)
        except OSError:
            continue
        found.TIFFSetErrorHandler(_NOTE)
        found.TIFFSetWarningHandler(_NOTE)
        return _prepare(found)
    raise RenderError(Reason.TOOL_MISSING, "fax coding", "libtiff is not installed: apt-get install libtiff6")


def _prepare(found: ctypes.CDLL) -> ctypes.CDLL:
    found.TIFFFdOpen.restype = ctypes.c_void_p
    found.TIFFFdOpen.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p]
    found.TIFFClose.argtypes = [ctypes.c_void_p]
    found.TIFFSetDirectory.argtypes = [ctypes.c_void_p, ctypes.c_uint16]
    for function in (found.TIFFWriteEncodedStrip, found.TIFFReadEncodedStrip):
        function.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_ssize_t]
        function.restype = ctypes.c_ssize_t
    found.TIFFRawStripSize.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    found.TIFFRawStripSize.restype = ctypes.c_ssize_t
    found.TIFFStripSize.argtypes = [ctypes.c_void_p]
    found.TIFFStripSize.restype = ctypes.c_ssize_t
    found.TIFFReadDirectory.argtypes = [ctypes.c_void_p]
    found.TIFFIsTiled.argtypes = [ctypes.c_void_p]
    found.TIFFReadRGBAImageOriented.argtypes = [ctypes.c_void_p, _LONG, _LONG, ctypes.c_void_p, _SHORT, _SHORT]
    found.TIFFNumberOfStrips.argtypes = [ctypes.c_void_p]
    found.TIFFNumberOfStrips.restype = ctypes.c_uint32
    return found


@cache
def _holding() -> ctypes.CDLL:
    """The same library for calls that are over sooner than another thread would take its turn."""
    return _prepare(ctypes.PyDLL(library()._name))


def encode(rows: Rows) -> bytes:
    """Code packed rows as one T.6 strip, high bit first, closed by EOFB (T.6 2.4.1).

    All is done in memory; only the coding of more than a few rows lets other threads run meanwhile.
    """
    lib = _holding()
    height, stride = rows.shape
    solid = np.ascontiguousarray(rows, dtype=np.uint8)
    fd = os.memfd_create("strip")
    tif = ctypes.c_void_p(lib.TIFFFdOpen(os.dup(fd), b"strip", b"w"))
    try:
        fields = ((256, _LONG(stride * 8)), (257, _LONG(height)), (278, _LONG(height)), *_FIXED_FIELDS)
        for tag, value in fields:
            lib.TIFFSetField(tif, _LONG(tag), value)
        coding = lib if solid.nbytes <= _SHORT_WORK else library()
        if coding.TIFFWriteEncodedStrip(tif, 0, solid.ctypes.data, solid.nbytes) != solid.nbytes:
            raise DamagedError("libtiff did not take the rows")
        size = lib.TIFFRawStripSize(tif, 0)
        return os.pread(fd, size, os.fstat(fd).st_size - size)
    finally:
        lib.TIFFClose(tif)
        os.close(fd)


def decode_page(path: Path, index: int, width: int, height: int) -> Rows:
    """Decode page `index` (from 0) of a bilevel TIFF of any CCITT coding into (height, (width + 7) // 8) bytes.

    The bits are as stored: the caller inverts them where the page's photometric says 1 is white.

    Raises:
        DamagedError: libtiff complained about the page or found fewer rows than `height`.
    """
    with open_page(path, index) as (lib, tif):
        return read_strips(lib, tif, (height, (width + 7) // 8))


@contextmanager
def open_page(path: Path, index: int) -> Iterator[tuple[ctypes.CDLL, ctypes.c_void_p]]:
    """The library and its handle of page `index`, for as long as the context lasts.

    Raises:
        DamagedError: there is no such page.
    """
    lib = library()
    tif = _open_page(lib, path, index)
    try:
        yield lib, tif
    finally:
        lib.TIFFClose(tif)


def _open_page(lib: ctypes.CDLL, path: Path, index: int) -> ctypes.c_void_p:
    _complaints.clear()
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    tif = ctypes.c_void_p(lib.TIFFFdOpen(fd, b"page", b"r"))
    if not tif:
        os.close(fd)
        raise DamagedError("not a TIFF")
    if not lib.TIFFSetDirectory(tif, index):
        lib.TIFFClose(tif)
        raise DamagedError(f"page {index + 1} is missing")
    return tif


def read_strips(
    lib: ctypes.CDLL, tif: ctypes.c_void_p, shape: tuple[int, int], first: int = 0, patient: bool = False
) -> Rows:
    """Decode the strips of a page from the `first` on until `shape` (rows, octets a row) is full.

    Who is `patient` minds nothing but missing rows.

    Raises:
        DamagedError: libtiff complained, or rows are missing.
    """
    room = np.zeros(shape, np.uint8)
    strip_size = lib.TIFFStripSize(tif)
    used = 0
    for strip in range(first, lib.TIFFNumberOfStrips(tif)):
        wanted = min(strip_size, room.nbytes - used)
        got = lib.TIFFReadEncodedStrip(tif, strip, room.ctypes.data + used, wanted) if wanted else 0
        if got != wanted or (_complaints and not patient):
            raise DamagedError("; ".join(_complaints) or "rows are missing")
        used += got
    if used != room.nbytes:
        raise DamagedError("rows are missing")
    return room


def decode_colors(path: Path, index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Decode page `index` of any TIFF that libtiff can draw: (height, width, 4) bytes, red, green, blue, alpha.

    Raises:
        DamagedError: it cannot.
    """
    width, height = size
    room = np.zeros((height, width, 4), np.uint8)
    with open_page(path, index) as (lib, tif):
        if not lib.TIFFReadRGBAImageOriented(tif, width, height, room.ctypes.data, _TOP_LEFT, 0):
            raise DamagedError("; ".join(_complaints) or "libtiff cannot draw it")
    return room


def page_sizes(path: Path, most: int) -> list[tuple[int, int]]:
    """Width and height of the pages of any TIFF, BigTIFF too; at most `most`."""
    lib = library()
    sizes: list[tuple[int, int]] = []
    try:
        tif = _open_page(lib, path, 0)
    except DamagedError:
        return []
    width, height = _LONG(), _LONG()
    while len(sizes) < most:
        lib.TIFFGetField(tif, _LONG(256), ctypes.byref(width))
        lib.TIFFGetField(tif, _LONG(257), ctypes.byref(height))
        sizes.append((width.value, height.value))
        if not lib.TIFFReadDirectory(tif):
            break
    lib.TIFFClose(tif)
    return sizes
