"""A document all the way to a fax TIFF, as the confined process of a mail does it."""

import resource
from pathlib import Path

from renderers.document import Document
from renderers.faxpage import FaxShape
from renderers.pdf import make_paged
from renderers.rasterize import rasterize

MOST_PAGES = 200


def rendered(path: Path, workdir: Path) -> tuple[int, int]:
    """Its pages, and the most memory that was resident on the way, in megabytes."""
    shape = FaxShape()
    paged = make_paged(Document(path, "", path.name), workdir, shape, MOST_PAGES)
    [pages] = rasterize([paged], shape, workdir / "fax.tif", MOST_PAGES)
    return pages, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
