"""A process's memory as a fork wants it: in one place, in large pieces, and left alone by the collector.

What lives here: putting it so. What does not: the fork (`warm`). A fork copies an entry for each piece of memory that
was written to, and a process's end takes each back: with 60 MB in pieces of 4 KB both take longer than a small render,
with pieces of 2 MB hardly any time. A child that writes still copies 4 KB at a time.
"""

import ctypes
import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path

LARGE = 2 << 20  # octets: what one entry of a page table's second level maps, on x86-64 and on arm64 with 4 KB pages
_COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1 and later
_SPACE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(\[heap\])?\n")  # anonymous, private (proc(5))
_MMAP_THRESHOLD, _MOST = -3, 32 << 20  # mallopt(3): what is smaller comes from the heap
SURROUNDINGS = {"PYTHONMALLOC": "malloc"}


_library = ctypes.CDLL(None)
_library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def gather() -> None:
    """Have memory taken from malloc's heap, which grows in one piece; call it before much is loaded.

    By itself Python takes a megabyte at a time from wherever there is room, which is between libraries, where no large
    pieces are: start it with `SURROUNDINGS`. Rendering takes as long with either.
    """
    _library.mallopt(_MMAP_THRESHOLD, _MOST)
    for name in SURROUNDINGS:
        os.environ.pop(name, None)  # what we start is none of it


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
