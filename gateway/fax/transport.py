"""The interface that every way of calling implements: the simulator today, T.38 and modems later.

What lives here: what a transport is asked and what it promises, out and in. What does not: any way of calling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from gateway.domain.call import CallReport
from gateway.fax.t30.reception import ReceivedPage


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


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call that rings at one of our lines. `called` and `caller` are E.164; a withheld caller is empty.

    `rang` is when it first rang, where the transport knows better than the clock.
    """

    call_uid: str
    called: str
    caller: str = ""
    rang: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The call is let ring: the number is not ours, or nobody has it. `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The caller hears busy: the number's user is locked, or all lines are taken. `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What the caller has said of itself before its first page; `remote_id` is its TSI, `sub_address` its SUB.

    `at` is the moment of the call, where the transport knows better than the clock.
    """

    remote_id: str = ""
    sub_address: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The call is taken, and what the transport tells while it runs; called from the call's own thread.

    `station_id` is our CSI. `page_received(page, reached)` must return only when the page is durable: its MCF or RTP
    follows. `hang_up()` is asked between signals; true makes the engine leave the call. `ended(report)` is called once,
    after the last signal, also when the call failed; the fax is the store's then.
    """

    station_id: str
    page_received: Callable[[ReceivedPage, Reached], None]
    hang_up: Callable[[], bool]
    ended: Callable[[CallReport, Reached], None]
    accepts_sub_address: bool = True


class Switchboard(Protocol):
    """Who decides on calls that come in: the receiving flow. Blocking; called from the call's thread."""

    def is_ours(self, number: str) -> bool:
        """Whether a number is in our inventory, so that calls to it ring here."""
        ...

    def ring(self, call: IncomingCall) -> Answered | NotAnswered | Refused:
        """A call rings; what to do. When it is answered, the store knows of it on return."""
        ...
