"""Whether a PDF has come whole: readers mend one that ends too soon, and show the pages lost with its end as blank.

What lives here: the look at its end. What does not: mending and opening (`pdfium`).
"""

import mmap
import re
from pathlib import Path

_ENDS = (b"xref", b"trailer")  # also of "startxref"; behind the objects of each revision (ISO 32000-1, 7.5)
_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")


def is_cut_off(path: Path) -> bool:
    """Whether objects begin behind the last end of a revision: a transfer broke off among them.

    One at the very beginning belongs to a linearized file, whose other objects follow it.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        last = max(content.rfind(word) for word in _ENDS)
        return _OBJECT.search(content, max(last, 0)) is not None
