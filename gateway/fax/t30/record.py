"""The facts of a call as the engine gathers them.

What lives here: the record, and the call report made of it. What does not: the wall clock: times are milliseconds since
the record began, and the transport says when that was.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.call import CallReport, Cause, Coding, Phase, Signal


@dataclass(slots=True)
class CallRecord:
    """What is known of one call so far; changed by its station only."""

    answered_ms: int | None = None
    ended_ms: int = 0
    cause: Cause | None = None
    phase: Phase = Phase.CALL_SETUP
    pages_sent: int = 0  # and confirmed
    pages_received: int = 0
    last_page_in_doubt: bool = False
    remote_id: str = ""
    remote_sub_address: str = ""
    remote_capabilities: str = ""
    rate: int | None = None
    rate_steps: list[int] = field(default_factory=list)
    ecm: bool | None = None
    coding: Coding | None = None
    frames_resent: int = 0
    ecm_blocks: int = 0
    ecm_frames: int = 0
    ecm_requests: int = 0
    bad_rows: int = 0
    phase_ms: defaultdict[Phase, int] = field(default_factory=lambda: defaultdict(int))
    notes: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def pages_confirmed(self) -> int:
        """Our pages that the far end confirmed; of an end that sent none, those that it confirmed itself."""
        return self.pages_sent or self.pages_received

    def note(self, at_ms: int, sender: str, text: str) -> None:
        """Add a line to the trace."""
        self.notes.append((at_ms, sender, text))

    def trace(self) -> tuple[Signal, ...]:
        """The trace, its times counted from the answer; what came before it has negative times."""
        answered = self.answered_ms or 0
        return tuple(Signal(at - answered, sender, text) for at, sender, text in self.notes)

    def report(self, call_uid: str, started: datetime) -> CallReport:
        """The call report of a call that began at `started`."""
        return CallReport(
            call_uid=call_uid,
            started=started,
            ended=started + timedelta(milliseconds=self.ended_ms),
            cause=self.cause or Cause.LOCAL_ERROR,
            phase=self.phase,
            pages_confirmed=self.pages_confirmed,
            pages_received=self.pages_received,
            connected=self._connected(started),
            last_page_in_doubt=self.last_page_in_doubt,
            remote_id=self.remote_id,
            remote_sub_address=self.remote_sub_address,
            remote_capabilities=self.remote_capabilities,
            rate=self.rate,
            rate_steps=tuple(self.rate_steps),
            ecm=self.ecm,
            coding=self.coding,
            frames_resent=self.frames_resent,
            ecm_blocks=self.ecm_blocks,
            ecm_frames=self.ecm_frames,
            ecm_requests=self.ecm_requests,
            bad_rows=self.bad_rows,
            phase_durations={phase: timedelta(milliseconds=ms) for phase, ms in self.phase_ms.items()},
            trace=self.trace(),
        )

    def _connected(self, started: datetime) -> datetime | None:
        if self.answered_ms is None:
            return None
        return started + timedelta(milliseconds=self.answered_ms)
