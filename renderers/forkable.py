"""A process's memory as a fork wants it: in one place, in large pieces, and left alone by the collector.

What lives here: putting it so. What does not: the fork (`warm`). A fork copies an entry for each piece of memory that
was written to, and a process's end takes each back: with 60 MB in pieces of 4 KB both take longer than a small render,
with pieces of 2 MB hardly any time. A child that writes still copies 4 KB at a time.
"""

import ctypes
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGE = 2 << 20  # octets: what one entry of a page table's second level maps, on x86-64 and on arm64 with 4 KB pages
_COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1 and later
_SPACE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(\[heap\])?\n")  # anonymous, private (proc(5))
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # mallopt(3): what comes from the heap, and what it keeps when it is free
_RAW = 0  # PYMEM_DOMAIN_RAW: malloc and free
_SMALL = 400  # octets; Python takes so little from an arena


class _Domain(ctypes.Structure):
    """PyMemAllocatorEx, of Python's C API: `take(context, size)`, `give_back(context, memory)`, and two more."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("context", "take", "take_clear", "resize", "give_back"))


class _Arenas(ctypes.Structure):
    """PyObjectArenaAllocator: `take(context, size)`, `give_back(context, memory, size)`."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("context", "take", "give_back"))


_library = ctypes.CDLL(None)
_library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_kept: list[bytes] = []


@contextmanager
def gathered() -> Iterator[None]:
    """In the body, have Python take memory from malloc's heap; enter it first of all, with nothing but what stays.

    By itself Python takes a megabyte, an arena, at a time from wherever there is room, which is between libraries,
    where no large pieces are. The heap grows in one.
    """
    _library.mallopt(_MMAP_THRESHOLD, 32 << 20)  # the most there can be; with it malloc stops learning, so
    _library.mallopt(_TRIM_THRESHOLD, 64 << 20)  # this is what it would have learned from the first large page
    usual, raw = _Arenas(), _Domain()
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(usual))
    ctypes.pythonapi.PyMem_GetAllocator(_RAW, ctypes.byref(raw))
    _fill_arenas()
    arenas = _Arenas(raw.context, raw.take, raw.give_back)  # the size is one word too many, which is left lying
    ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(arenas))
    try:
        yield
    finally:
        ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(usual))


def _fill_arenas() -> None:
    """Leave no room in the arenas there are: one that came to be empty would be given to malloc, which did not make it.

    Those that are full of what stays while a program runs need nothing.
    """
    spaces = [(int(space[1], 16), int(space[2], 16)) for space in _SPACE.finditer(Path("/proc/self/maps").read_text())]
    last = spaces[0][0]
    while any(begin <= last < end for begin, end in spaces):
        _kept.append(bytes(_SMALL))
        last = id(_kept[-1])


def settle() -> int:
    """Call it when all is loaded that children share; returns how many large pieces there are.

    Where the system knows no large pieces, or grants none, memory stays as it is and forks take longer.
    """
    gc.collect()
    _library.malloc_trim(0)
    gc.freeze()  # no child writes to what all of them share only to look for garbage
    return sum(_made_large(begin) for begin in _places(Path("/proc/self/maps").read_text()))


def _places(maps: str) -> Iterator[int]:
    """Where large pieces could begin."""
    for space in _SPACE.finditer(maps):
        begin, end = (int(space[which], 16) for which in (1, 2))
        yield from range(-(-begin // LARGE) * LARGE, end - LARGE + 1, LARGE)


def _made_large(begin: int) -> bool:
    """False where nothing was ever written there, too, and where there is no such memory to be had."""
    return int(_library.madvise(begin, LARGE, _COLLAPSE)) == 0
