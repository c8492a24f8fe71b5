"""Libraries found by the names that they have on Linux, without asking a compiler.

What lives here: that, for the while of an import. What does not: what is imported (`weasy`).
"""

import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def found_by_soname() -> Iterator[None]:
    """Let the loader alone find libraries.

    WeasyPrint tries names of other systems first, and cffi looks for each of them by running the compiler and the
    linker of this machine, where there are any: forty processes at each start, while mails wait for their first page.
    """
    find = ctypes.util.find_library
    if sys.platform == "linux":
        ctypes.util.find_library = lambda name: None  # noqa: ARG005 - as the real one is called
    try:
        yield
    finally:
        ctypes.util.find_library = find
