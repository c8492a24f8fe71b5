"""One simulated call, from dialling to the report of it: for the transport, and at once for commands and tests.

What lives here: joining our station, a line and a far end, in both directions. What does not: clocks, the store, and
what far ends received in former calls (`transport`, `received`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.domain.call import CallReport, Cause
from gateway.domain.errors import GatewayError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.far_ends import FarEndPlan, FaxMachine, far_end
from gateway.fax.simulator.line import Line
from gateway.fax.t4 import classf
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t30.answerer import Answerer
from gateway.fax.t30.ecm_caller import Caller
from gateway.fax.t30.frames import FrameError
from gateway.fax.t30.options import PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.record import CallRecord
from gateway.fax.transport import CallOrder


def simulate_call(
    exchange: Exchange,
    order: CallOrder,
    *,
    seed: int = 0,
    received: Path | None = None,
    started: datetime | None = None,
) -> CallReport:
    """Place a call to what the exchange has for a first dial of the number, and run it at once.

    `received` is a class F TIFF that the far end writes its pages to, replacing what was there. The same order and seed
    give the same trace. A call that fails is a report.
    """
    del seed
    keep = _writing(received)
    try:
        pages = _pages(order)
    except PageFileError as fault:
        return _never_dialled(fault).report(order.call_uid, started or datetime.now(UTC))
    caller = Caller(pages, options_of(order), PageWatch())
    plan = exchange.plan(order.destination, 0)
    line = Line(caller, far_end(plan, keep), [make() for make in plan.disturbances])
    try:
        line.run()
    except (GatewayError, FrameError) as fault:
        caller.abandon(str(fault))
    return caller.record.report(order.call_uid, started or datetime.now(UTC))


def simulate_answer(
    pages: Path,
    out: Path,
    *,
    far_end: FarEndPlan | None = None,
    seed: int = 0,
    station_id: str = "",
    call_uid: str = "simulated",
    started: datetime | None = None,
) -> CallReport:
    """A far end calls us with the pages of a class F TIFF; our answerer writes `out`, replacing what was there.

    `station_id` is ours. The report is our end's. Raises PageFileError when `pages` cannot be sent.
    """
    del seed
    plan = far_end or FarEndPlan()
    answerer = Answerer(TerminalOptions(station_id=station_id), PageWatch(page_received=_writing(out)))
    caller = Caller(PageFile(pages), TerminalOptions(plan.capabilities, station_id=plan.station_id), PageWatch())
    line = Line(caller, FaxMachine(1, answerer), [make() for make in plan.disturbances])
    line.run()
    return answerer.record.report(call_uid, started or datetime.now(UTC))


def options_of(order: CallOrder) -> TerminalOptions:
    """What our caller is told."""
    return TerminalOptions(
        first_page=order.first_page,
        station_id=order.station_id,
        sub_address=order.sub_address,
        ecm=order.ecm,
        max_rate=order.max_rate,
    )


def _pages(order: CallOrder) -> PageFile:
    """The document to send. Raises PageFileError when the call would begin behind its last page."""
    pages = PageFile(order.pages)
    if not 0 <= order.first_page < len(pages):
        raise PageFileError(f"{order.pages.name} has {len(pages)} pages: there is no page {order.first_page + 1}")
    return pages


def _never_dialled(fault: GatewayError) -> CallRecord:
    """The record of a call whose pages cannot be sent."""
    record = CallRecord(cause=Cause.LOCAL_ERROR)
    record.note(0, "us", fault.text)
    return record


def _writing(path: Path | None) -> Callable[[ReceivedPage], None]:
    """What a far end does with its pages: add them to a new file, or forget them."""
    if path is not None:
        path.unlink(missing_ok=True)

    def keep(received: ReceivedPage) -> None:
        if path is not None:
            classf.append_page(path, received.page, received.number)

    return keep
