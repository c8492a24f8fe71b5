"""Calls that reach our own lines: from far ends that send us a fax, and from ourselves.

What lives here: joining the caller, a line and our answering end. What does not: that end (`our_line`), calls to far
ends (`calls`), clocks and threads (`transport`).
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gateway.domain.errors import RefusedError
from gateway.fax.simulator.calls import SimulatedCall, line_to, our_caller
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.our_line import OurLine
from gateway.fax.simulator.plans import FarEndPlan, Kind
from gateway.fax.t4.classf import PageFile
from gateway.fax.t30.options import PageWatch
from gateway.fax.t30.terminal import Caller
from gateway.fax.transport import CallOrder, CallWatch, IncomingCall, Switchboard

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class FarCall:
    """A far end's call to a number of ours.

    `caller` is what the network says of it, E.164, empty when withheld. `pages` is a class F TIFF; none for who only
    wants to poll. `far_end` names the machine, empty: a modern one; `station_id` is its TSI, and `sub_address` its SUB
    (T.30 5.3.6.1.4). The same `seed` gives the same line.
    """

    call_uid: str
    called: str
    caller: str = ""
    pages: Path | None = None
    far_end: str = ""
    station_id: str = ""
    sub_address: str = ""
    seed: int = 0


def call_in(exchange: Exchange, switchboard: Switchboard, call: FarCall, dialled: datetime) -> SimulatedCall:
    """Join a far end's call to our line; nothing has happened yet.

    Raises:
        NotFoundError: there is no far end of that name.
        RefusedError: it is no fax machine.
        PageFileError: the pages cannot be read.
    """
    plan = caller_plan(exchange, call.far_end)
    options = replace(plan.options, station_id=call.station_id, sub_address=call.sub_address)
    caller = Caller(PageFile(call.pages) if call.pages else None, options, PageWatch())
    ours = OurLine(switchboard, IncomingCall(call.call_uid, call.called, call.caller), plan.line, plan.rings, dialled)
    chance = Exchange(exchange.scenario, call.seed).chance(call.called, 0)
    return SimulatedCall(caller, line_to(plan, chance, caller, ours), ours=ours)


def caller_plan(exchange: Exchange, name: str) -> FarEndPlan:
    """The machine of that name, which is to call us; a modern one without.

    Raises:
        NotFoundError: there is no far end of that name.
        RefusedError: it is no fax machine.
    """
    plan = exchange.far_end(name) if name else FarEndPlan()
    if plan.kind is not Kind.FAX:
        raise RefusedError(f"{name}: that is no fax machine, so it cannot send us a fax")
    return plan


def loop(
    exchange: Exchange, switchboard: Switchboard, order: CallOrder, watch: CallWatch, dial: int, dialled: datetime
) -> SimulatedCall:
    """Join our own call to our own line; of the exchange's plan for the number only the line and its harm hold.

    Raises:
        PageFileError: the pages cannot be read.
    """
    plan = exchange.plan(order.destination, dial)
    caller = our_caller(order, PageWatch(watch.page_confirmed, watch.last_page_sent))
    call = IncomingCall(f"{order.call_uid}-in", order.destination, _shown(order.station_id))
    ours = OurLine(switchboard, call, plan.line, plan.rings, dialled)
    chance = exchange.chance(order.destination, dial)
    return SimulatedCall(caller, line_to(plan, chance, caller, ours), watch.cancelled, ours)


def _shown(station_id: str) -> str:
    """What the network shows of a caller of ours: the number that it calls itself, if that is one."""
    number = station_id.replace(" ", "")
    return number if _E164.fullmatch(number) else ""
