"""What a scenario says of one dial: the line, and what answers at its far end.

What lives here: frozen plans. What does not: reading them from files (`scenarios`, `tables`), and the ends and
disturbances that are made from them for each call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from gateway.fax.simulator.disturbances import Harmed
from gateway.fax.simulator.line import Disturbance
from gateway.fax.simulator.noise import Noise, NoisyLine
from gateway.fax.simulator.outages import CarrierDrops, FrameLoss, HangUp
from gateway.fax.t30.options import TerminalOptions


class Kind(StrEnum):
    """Far ends that a scenario can name."""

    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    VOICE = "voice"
    VOICEMAIL = "voicemail"
    REORDER = "reorder"
    SIT_NO_CIRCUIT = "sit-no-circuit"
    SIT_REORDER = "sit-reorder"
    SIT_INTERCEPT = "sit-intercept"
    SIT_VACANT = "sit-vacant"
    ANNOUNCEMENT = "announcement"
    UNALLOCATED = "unallocated-number"
    DATA_MODEM = "data-modem"
    SILENCE = "silence"
    TRUNK_FAULT = "trunk-fault"  # no far end: our own side of the line fails as it dials


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line: how long it takes to set up, what it delays, and how it harms signals; milliseconds and shares.

    Echo is that of an end's own signals; zero means there is none, as with gaps between carrier drops and the moment
    of a hang-up.
    """

    dial_ms: int = 1_500  # digits sent
    post_dial_ms: int = 2_000  # before the network rings, or says why not
    ring_ms: int = 2_000
    ring_gap_ms: int = 4_000
    delay_ms: int = 0
    echo_ms: int = 0
    frame_loss: float = 0.0
    drop_gap_ms: int = 0
    hang_up_at_ms: int = 0
    noise: Noise = field(default_factory=Noise)

    @property
    def dialled_ms(self) -> int:
        """From the first digit to the first thing heard."""
        return self.dial_ms + self.post_dial_ms

    @property
    def ring_cycle_ms(self) -> int:
        """From one ring to the next."""
        return self.ring_ms + self.ring_gap_ms

    def disturbances(self, chance: Random) -> list[Disturbance]:
        """What this line does to the signals of one call."""
        made: list[Disturbance] = []
        if self.noise.bit_error_rate or self.noise.burst_gap_ms:
            made.append(NoisyLine(self.noise, chance))
        if self.frame_loss:
            made.append(FrameLoss(self.frame_loss, chance))
        if self.drop_gap_ms:
            made.append(CarrierDrops(self.drop_gap_ms, chance))
        if self.hang_up_at_ms:
            made.append(HangUp(self.hang_up_at_ms))
        return made


@dataclass(frozen=True, slots=True)
class FarEndPlan:
    """What answers one dial. Everything below `rings` is read only for a fax machine.

    `station_id` of the options is what it calls itself; empty: nothing. With `speech_ms` a person answers, and starts
    the machine after so long. `late_ms` holds up all that the machine says. `document` is a class F TIFF to be polled.
    """

    kind: Kind = Kind.FAX
    name: str = "modern"
    line: LinePlan = field(default_factory=LinePlan)
    disturbances: tuple[Callable[[], Harmed], ...] = ()
    rings: int = 2
    options: TerminalOptions = field(default_factory=TerminalOptions)
    speech_ms: int = 0
    late_ms: int = 0
    document: Path | None = None
