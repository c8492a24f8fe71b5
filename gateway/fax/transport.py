"""The interface that every way of calling implements: the simulator today, T.38 and modems later.

What lives here: what a transport is asked and what it promises. What does not: any way of calling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from gateway.domain.call import CallReport


@dataclass(frozen=True, slots=True)
class CallOrder:
    """One call to place.

    `pages` is a class F TIFF (TIFF 6.0 with RFC 3949 tags); the call begins at its page `first_page`, counted
    from zero. `destination` is E.164 with its plus. `station_id` is at most 20 characters of digits, plus and space.
    The first `leading` pages of the call are not the job's own: they say that it goes on where another broke off.
    `tone_wait` is how long to wait, sounding CNG, for the first frame of who answered (T.30 5.4.3.1, T1).
    """

    call_uid: str
    destination: str
    pages: Path
    first_page: int = 0
    leading: int = 0
    station_id: str = ""
    sub_address: str = ""
    ecm: bool = True
    max_rate: int = 14400
    tone_wait: timedelta = timedelta(seconds=35)


@dataclass(frozen=True, slots=True)
class CallWatch:
    """What a transport tells, and asks, while a call runs; called from the call's own thread.

    `page_confirmed(index)` must return only when that fact is durable: the engine goes on after it.
    `cancelled()` is asked between signals; true makes the engine hang up.
    `last_page_sent()` is called once, before the command that ends the last page (EOP, or PPS-EOP of its last block) is
    first sent; must return only when that fact is durable: from then on the far end may hold the whole document.
    """

    page_confirmed: Callable[[int], None]
    cancelled: Callable[[], bool]
    last_page_sent: Callable[[], None]


class Transport(Protocol):
    """Places calls. One instance serves all lines; `place` runs once per line at a time."""

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Place the call and return when it is over; a call that fails is a report, not an exception."""
        ...
