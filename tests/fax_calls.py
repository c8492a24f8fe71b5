"""Pages to fax and calls to make with them, for the tests of the engine and the simulator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from gateway.domain.call import Coding
from gateway.fax.simulator.line import Disturbance, Line
from gateway.fax.t4 import codec
from gateway.fax.t4.page import Bitmap, CodedPage, PageShape, Resolution
from gateway.fax.t30.capabilities import Capabilities
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.record import CallRecord
from gateway.fax.t30.signals import CallProgress, Progress
from gateway.fax.t30.terminal import Answerer, Caller

OUR_ID, THEIR_ID = "+1 206 555 0100", "+1 202 555 0100"


@cache
def text_bitmap(seed: int = 1, rows: int = 300, width: int = 1728, resolution: int = 196) -> Bitmap:
    """Small black boxes in lines, as print looks to a fax."""
    chance = np.random.default_rng(seed)
    pels = np.zeros((rows, width), np.uint8)
    for top in range(8, max(9, rows - 24), 24):
        for left in range(100, width - 100, 18):
            height, breadth = chance.integers(1, 14), chance.integers(0, 14)
            pels[top : top + height, left : left + breadth] = 1
    return Bitmap(PageShape(width, rows, Resolution(resolution)), np.packbits(pels, axis=1).tobytes())


@cache
def noise_bitmap(seed: int = 1, rows: int = 300, width: int = 1728) -> Bitmap:
    """Half the pels black by chance: what no coding can compress."""
    pels = np.random.default_rng(seed).integers(0, 2, (rows, width), np.uint8)
    return Bitmap(PageShape(width, rows, Resolution.FINE), np.packbits(pels, axis=1).tobytes())


class Pages:
    """A document in memory, as the caller wants it."""

    def __init__(self, pages: Sequence[CodedPage]) -> None:
        self._pages = pages

    def __len__(self) -> int:
        return len(self._pages)

    def shape(self, index: int) -> PageShape:
        return self._pages[index].shape

    def page(self, index: int) -> CodedPage:
        return self._pages[index]


def document(*bitmaps: Bitmap, coding: Coding = Coding.MMR) -> Pages:
    return Pages([codec.encode(bitmap, coding) for bitmap in bitmaps])


@dataclass(frozen=True)
class Finished:
    """Both ends of a call that is over, and what they told of it."""

    caller: CallRecord
    answerer: CallRecord
    confirmed: list[int]
    received: list[ReceivedPage]
    seconds: float
    before_last: list[int]  # how long the caller's trace was each time that it told of the last page
    fetched: list[ReceivedPage]  # pages that the caller polled

    @property
    def bitmaps(self) -> list[Bitmap]:
        return [page.bitmap for page in self.received]

    def said(self, sender: str) -> list[str]:
        """What the caller's trace says of one sender, first words only."""
        return [text.split()[0] for _, who, text in self.caller.notes if who == sender]


def call(
    pages: Pages | None,
    options: TerminalOptions | None = None,
    capabilities: Capabilities = EVERYTHING,
    disturbances: Sequence[Disturbance] = (),
    delay_ms: int = 0,
    cancel: Callable[[], bool] = lambda: False,
) -> Finished:
    """Make a call that is answered at once and run it to its end, which for a short document comes within an hour."""
    talk = _Talk(pages, options, TerminalOptions(capabilities, station_id=THEIR_ID), None)
    return talk.run(disturbances, delay_ms, cancel)


def converse(
    pages: Pages | None,
    calling: TerminalOptions | None = None,
    answering: TerminalOptions | None = None,
    *,
    polled: Pages | None = None,
    disturbances: Sequence[Disturbance] = (),
) -> Finished:
    """Make a call between two terminals, each with its options and either with a document."""
    return _Talk(pages, calling, answering, polled).run(disturbances)


class _Talk:
    """Two terminals on one line."""

    def __init__(
        self,
        pages: Pages | None,
        calling: TerminalOptions | None,
        answering: TerminalOptions | None,
        polled: Pages | None,
    ) -> None:
        self._length = len(pages or []) + len(polled or [])
        self._confirmed: list[int] = []
        self._received: list[ReceivedPage] = []
        self._fetched: list[ReceivedPage] = []
        self._before_last: list[int] = []
        watch = PageWatch(self._confirmed.append, self._note_last_page, self._fetched.append)
        self._caller = Caller(pages, calling or TerminalOptions(station_id=OUR_ID), watch)
        answering = answering or TerminalOptions(station_id=THEIR_ID)
        self._answerer = Answerer(answering, PageWatch(page_received=self._received.append), polled)

    def _note_last_page(self) -> None:
        self._before_last.append(len(self._caller.record.notes))

    def run(
        self,
        disturbances: Sequence[Disturbance],
        delay_ms: int = 0,
        cancel: Callable[[], bool] = lambda: False,
    ) -> Finished:
        caller, answerer = self._caller, self._answerer
        caller.deliver(CallProgress(Progress.ANSWERED))
        answerer.begin()
        line = Line(caller, answerer, disturbances, delay_ms)
        line.run(lambda: caller.cancel() if cancel() else None, limit_ms=(1 + self._length // 5) * 3_600_000)
        return Finished(
            caller.record,
            answerer.record,
            self._confirmed,
            self._received,
            line.now / 1000,
            self._before_last,
            self._fetched,
        )
