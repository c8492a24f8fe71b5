"""What a terminal is told before a call, and whom it tells of pages while the call runs.

What lives here: options and watchers of one end of a call. What does not: what is done with them (`caller`,
`answerer`), and what a job asks (`gateway.fax.transport`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.fax.t4.page import CodedPage, PageShape
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.states import STANDARD, Timers

EVERYTHING = Capabilities(
    frozenset(
        {
            *(Flag.RECEIVE, Flag.ECM, Flag.MR, Flag.MMR, Flag.SUB, Flag.LETTER, Flag.LEGAL),
            *(Flag.FINE, Flag.SUPERFINE, Flag.DPI_300, Flag.DPI_400, Flag.INCH, Flag.METRIC),
        }
    ),
    Modems.V27_V29_V17,
    Widths.A3,
    Lengths.UNLIMITED,
    ScanTime.MS0,
)


class PageSource(Protocol):
    """A document to send: `t4.classf.PageFile`, or anything like it."""

    def __len__(self) -> int: ...

    def shape(self, index: int) -> PageShape:
        """The shape of a page, counted from zero."""
        ...

    def page(self, index: int) -> CodedPage:
        """The page itself."""
        ...


@dataclass(frozen=True, slots=True)
class TerminalOptions:
    """What one end of a call can do and calls itself.

    `capabilities` bound what is sent and offer what is received. Identifiers, addresses and passwords are at most 20
    digits, spaces and plus (T.30 5.3.6.2.4); each is sent only where the far end's DIS or DTC has the bit for it.
    """

    capabilities: Capabilities = EVERYTHING
    first_page: int = 0
    station_id: str = ""  # CSI, TSI or CIG
    sub_address: str = ""  # SUB, before DCS
    password: str = ""  # SID before DCS, PWD before DTC
    selective_polling: str = ""  # SEP, before DTC
    polled_sub_address: str = ""  # PSA, before DTC
    ecm: bool = True
    max_rate: int = 14400  # bit/s
    poll: bool = False  # a caller: after our own pages, if any, receive the far end's document
    required_password: str = ""  # refuse who does not give it as SID, or polls without it as PWD
    busy_ms: int = 0  # an answerer: not ready (RNR) for so long after each page
    asks_operator: bool = False  # an answerer: PIP and PIN where it would say MCF and RTN
    asks_repetition: bool = False  # say CRP to a damaged frame
    nonstandard: bytes = b""  # field of NSF, before DIS
    timers: Timers = STANDARD


def _ignored(_page: object) -> None:
    """Nobody asked."""


def _untold() -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class PageWatch:
    """Who is told of pages; each returns only when what it was told is durable.

    `page_confirmed(index)`: the far end has our page, counted from zero in the document.
    `last_page_sent()`: the command that ends our last page is about to be sent for the first time.
    `page_received(page)`: a page has come; its MCF or RTP follows the return.
    """

    page_confirmed: Callable[[int], None] = _ignored
    last_page_sent: Callable[[], None] = _untold
    page_received: Callable[[ReceivedPage], None] = _ignored
