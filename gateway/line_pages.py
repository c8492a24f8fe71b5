"""A job's pages as they go on the line: the cover, then the document, each page with its header line.

What lives here: putting them together, for a call and for a preview. What does not: making pages (`pages`), the look
of the header (`renderers.header`), calling (`gateway.flows.transmit`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from gateway.domain.addresses import Destination
from gateway.domain.nodes import User
from gateway.domain.setting_catalog import Effective
from renderers.faxpage import FaxPage, read_tiff, write_pdf
from renderers.header import stamp

CONTINUED = ", continued"


def station_of(sender: User, settings: Effective) -> str:
    """The station identifier that a sender's faxes bear (T.30 5.3.6.2.4), empty for none."""
    return settings.text("fax.station_id") or sender.fax_number


def header_line(sender: User, settings: Effective, destination: Destination, now: datetime) -> str:
    """The header line but for its page numbers; empty where it is switched off."""
    if not settings.on("fax.page_header"):
        return ""
    way = " > ".join(filter(None, (station_of(sender, settings), str(destination))))
    return f"{settings.date_style().write(now)}   {sender.company}\t{way}"


def line_pages(files: Iterable[Path], header: str, first_page: int = 0) -> list[FaxPage]:
    """The pages of class F files, one file after another; each with the header line unless that is empty.

    A call that goes on where another broke off begins with page `first_page`, counted from zero: the header of that
    page says so. Without header lines it is the one page that has one.
    """
    pages = [page for file in files for page in read_tiff(file)]
    lines = [f"{header}\tPage {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    if first_page:
        lines[first_page] += CONTINUED
    if header:
        return stamp(pages, lines)
    resumed = slice(first_page, first_page + 1 if first_page else first_page)
    return [*pages[: resumed.start], *stamp(pages[resumed], lines[resumed]), *pages[resumed.stop :]]


def write_preview(path: Path, pages: Sequence[FaxPage], most: int) -> int:
    """Write as many of the first pages as a PDF of about `most` octets holds, at least one; how many those are."""
    size = shown = 0
    for page in pages:
        size += len(page.mmr)
        if shown and size > most:
            break
        shown += 1
    write_pdf(path, pages[:shown])
    return shown
