"""Far ends on the simulated line call us, as commands ask: claim a call, carry it, answer who asked.

What lives here: the order of those steps. What does not: the call (`gateway.fax.simulator`), what our end does with it
(`receive`), rows (`gateway.store.simulated_calls`).
"""

import asyncio
import functools
import json
from dataclasses import dataclass, field

from gateway.domain.errors import GatewayError
from gateway.fax.simulator.calls_in import FarCall
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.gate import Gate, single
from gateway.store import simulated_calls
from gateway.store.database import Database
from gateway.store.simulated_calls import AskedCall
from gateway.store.spool import Spool

BROKEN_OFF = "the gateway was stopped in the middle of the call"


@dataclass(frozen=True, slots=True)
class CallIn:
    """The flow that lets far ends call; each worker carries one call at a time."""

    db: Database
    spool: Spool
    transport: SimulatorTransport
    process: int
    gate: Gate = field(default_factory=Gate)

    async def next(self) -> bool:
        """Carry one call, if one waits."""
        claimed = await self.gate.claim(single(functools.partial(simulated_calls.claim, self.db, self.process)))
        if claimed is None:
            return False
        number, call = claimed
        found = {"fault": BROKEN_OFF}
        try:
            report = await self.transport.call_in(self._far_call(call))
            found = {"report": json.dumps(report.facts())}
        except GatewayError as fault:
            found = {"fault": fault.text}
        finally:
            await asyncio.to_thread(simulated_calls.answer, self.db, number, **found)
        return True

    def _far_call(self, call: AskedCall) -> FarCall:
        return FarCall(
            call_uid=call.call_uid,
            called=call.called,
            caller=call.caller,
            pages=self.spool.path(call.pages_digest) if call.pages_digest else None,
            far_end=call.far_end,
            station_id=call.station_id,
            sub_address=call.sub_address,
            seed=call.seed,
        )
