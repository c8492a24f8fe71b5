"""A job's pages as they go on the line: the cover, then the document, each page with its header line.

What lives here: putting them together, for a call and for a preview. What does not: making pages (`pages`), the look
of the header (`renderers.header`), calling (`gateway.flows.transmit`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.domain.addresses import Destination
from gateway.domain.nodes import User
from gateway.domain.setting_catalog import Effective
from renderers.faxpage import FaxPage, FaxShape, read_tiff, write_pdf
from renderers.header import stamp
from renderers.slip import draw_slip

CONTINUED = ", continued"
SENT_AGAIN = ", sent again: its confirmation was lost"


@dataclass(frozen=True, slots=True)
class Resumption:
    """A call that does not begin at the beginning, or not for the first time.

    `first_page` counts from zero. `again` is true where the far end may hold already what is sent. With `cover` a page
    goes before, which says what this is.
    """

    first_page: int = 0
    again: bool = False
    cover: bool = False

    @property
    def leading(self) -> int:
        """How many pages of the call are not the fax's own."""
        return int(self.cover and bool(self.first_page or self.again))

    @property
    def mark(self) -> str:
        """What the header line of the call's first page says behind its number."""
        if self.again:
            return SENT_AGAIN
        return CONTINUED if self.first_page else ""


FROM_THE_START = Resumption()


def station_of(sender: User, settings: Effective) -> str:
    """The station identifier that a sender's faxes bear (T.30 5.3.6.2.4), empty for none."""
    return settings.text("fax.station_id") or sender.fax_number


def header_line(sender: User, settings: Effective, destination: Destination, now: datetime) -> str:
    """The header line but for its page numbers; empty where it is switched off."""
    if not settings.on("fax.page_header"):
        return ""
    way = " > ".join(filter(None, (station_of(sender, settings), str(destination))))
    return f"{settings.date_style().write(now)}   {sender.company}\t{way}"


def line_pages(files: Iterable[Path], header: str, resumption: Resumption = FROM_THE_START) -> list[FaxPage]:
    """The pages of class F files, one file after another; each with the header line unless that is empty.

    A call that goes on where another broke off says so in the header of its first page; without header lines that is
    the one page that has one. Where a page goes before, it stands in front of the call's first page.
    """
    pages = [page for file in files for page in read_tiff(file)]
    first = resumption.first_page
    lines = [f"{header}\tPage {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    lines[first] += resumption.mark
    begin, end = (0, len(pages)) if header else (first, first + bool(resumption.mark))
    pages[begin:end] = stamp(pages[begin:end], lines[begin:end])
    return [*pages[:first], *_leading(resumption, header, pages), *pages[first:]]


def _leading(resumption: Resumption, header: str, pages: Sequence[FaxPage]) -> list[FaxPage]:
    """The page that goes before, if there is to be one."""
    if not resumption.leading:
        return []
    first, shape = resumption.first_page, FaxShape(pages[0].width, pages[0].resolution)
    title, words = _words(resumption, len(pages))
    page = draw_slip(title, words, shape)
    return stamp([page], [f"{header}\tBefore page {first + 1} of {len(pages)}"]) if header else [page]


def _words(resumption: Resumption, pages: int) -> tuple[str, list[str]]:
    first = resumption.first_page
    before = "page 1" if first == 1 else f"pages 1 to {first}"
    begins = f"This call begins with page {first + 1} of {pages}."
    if not resumption.again:
        return "CONTINUED", [f"An earlier call broke off after {before}, which you have received.", begins]
    what = f"page {pages} of {pages}" if first == pages - 1 else f"the fax from page {first + 1} on"
    return "SENT AGAIN", [
        f"An earlier call sent {what}, and its confirmation was lost.",
        f"{begins} If you have it already, please keep one copy.",
    ]


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
