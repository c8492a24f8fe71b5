"""Calls that come in, as a transport tells them: without a line, each page as if it had just been confirmed."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from gateway.domain.call import CallReport, Cause, Coding, Phase
from gateway.domain.nodes import User
from gateway.domain.received import ReceivedFax
from gateway.fax.t4 import codec
from gateway.fax.t4.page import Bitmap, PageShape, Resolution
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.transport import Answered, IncomingCall, NotAnswered, Reached, Refused
from gateway.flows.receive import Lines, Receive
from gateway.owed import Owed
from gateway.store import received, tree
from tests.flows.stage import Stage

OURS, CALLER = "+12025550177", "+13125550142"
FAR_TSI = "+1 312 555 0142"


def receiver(stage: Stage, lines: int = 4, owed: Owed | None = None) -> Receive:
    """The flow on a stage."""
    return Receive(stage.db, stage.spool, stage.clock, stage.process.id, Lines(lines), owed or Owed())


def ben(stage: Stage, number: str = OURS, *receiving: str, name: str = "Ben") -> User:
    """A user with a fax number of ours."""
    sending = (f"{name.lower()}@acme.example",)
    return tree.add_user(
        stage.db,
        tree.NewUser("Acme/Sales", name, "Jones", sending, receiving or sending, fax_number=number),
    )


def bitmap(seed: int, rows: int = 64, resolution: Resolution = Resolution.FINE) -> Bitmap:
    """A page of black and white stretches that no other seed gives."""
    chance = np.random.default_rng(seed)
    runs = np.repeat(chance.integers(0, 256, (rows // 8, 27), np.uint8), 8, axis=0)
    return Bitmap(PageShape(1728, rows, resolution), np.repeat(runs, 8, axis=1).tobytes())


def page(number: int, *, last: bool = False, bad_rows: int = 0, coding: Coding = Coding.MMR) -> ReceivedPage:
    """A page as the answerer hands it over; `number` counts from 0 and is the seed of what is on it."""
    found = bitmap(number)
    return ReceivedPage(number, codec.encode(found, coding), found, bad_rows, last)


@dataclass
class Caller:
    """One call to a number of ours."""

    stage: Stage
    flow: Receive
    uid: str = "call-1"
    called: str = OURS
    caller: str = CALLER
    reached: Reached = field(default_factory=lambda: Reached(FAR_TSI))
    decision: Answered | NotAnswered | Refused | None = None

    def ring(self) -> "Caller":
        self.decision = self.flow.ring(IncomingCall(self.uid, self.called, self.caller))
        return self

    @property
    def answered(self) -> Answered:
        assert isinstance(self.decision, Answered)
        return self.decision

    def send(self, *pages: ReceivedPage) -> "Caller":
        for one in pages:
            self.answered.page_received(one, self.reached)
        return self

    def end(self, cause: Cause = Cause.DONE, seconds: int = 60) -> "Caller":
        started = self.stage.clock.now()
        report = CallReport(
            self.uid, started, started + timedelta(seconds=seconds), cause, Phase.RELEASE, rate=14400, ecm=True
        )
        self.answered.ended(report, self.reached)
        return self

    @property
    def fax(self) -> ReceivedFax:
        """The only fax there is so far, or the newest."""
        return received.by_number(self.stage.db, newest(self.stage))


def newest(stage: Stage) -> int:
    """The number of the newest received fax."""
    found = stage.db.glance("SELECT max(id) FROM received")
    assert isinstance(found, int)
    return found


def fax_of(stage: Stage, pages: int = 2, *, whole: bool = True, uid: str = "call-1") -> ReceivedFax:
    """A fax that has come in, for Ben; without an end of the document when it is not `whole`."""
    call = Caller(stage, receiver(stage), uid).ring()
    call.send(*(page(number, last=whole and number == pages - 1) for number in range(pages)))
    return call.end(Cause.DONE if whole else Cause.LINE_DROPPED).fax
