"""What crosses the boundary of the engine: the signals of one call, as the line carries them.

What lives here: the signals and the modulations. What does not: what the octets mean (`frames`), how long they last
(`durations`), and how a transport packs them. Apart from `CallProgress`, which belongs to the network, each maps onto
one T.38 IFP element: `Tone`, `Flags` and `Training` are indicators, `HdlcFrame` is hdlc-data with its fcs field,
`ImageOctets` is t4-non-ecm-data, `CarrierEnd` is sig-end and no-signal (T.38 clause 7).
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Modulation(Enum):
    """Modem, bit/s, the code of DCS bits 11-14 (T.30 table 2), long and short training in ms."""

    V21_300 = ("V.21", 300, None, 0, 0)
    V27_2400 = ("V.27ter", 2400, 0b0000, 943, 943)
    V27_4800 = ("V.27ter", 4800, 0b0100, 708, 708)
    V29_7200 = ("V.29", 7200, 0b1100, 234, 234)
    V29_9600 = ("V.29", 9600, 0b1000, 234, 234)
    V17_7200 = ("V.17", 7200, 0b1101, 1393, 142)
    V17_9600 = ("V.17", 9600, 0b1001, 1393, 142)
    V17_12000 = ("V.17", 12000, 0b0101, 1393, 142)
    V17_14400 = ("V.17", 14400, 0b0001, 1393, 142)

    def __init__(self, modem: str, rate: int, code: int | None, long_ms: int, short_ms: int) -> None:
        self.modem = modem
        self.rate = rate
        self.code = code
        self.long_ms = long_ms
        self.short_ms = short_ms

    def __str__(self) -> str:
        return f"{self.rate} {self.modem}"


class ToneKind(StrEnum):
    """Tones of phase A."""

    CNG = "CNG"
    CED = "CED"


class Progress(StrEnum):
    """What the network or a listening transport reports of a call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    BUSY = "busy"
    REORDER = "reorder"
    SIT_NO_CIRCUIT = "sit-no-circuit"
    SIT_REORDER = "sit-reorder"
    SIT_INTERCEPT = "sit-intercept"
    SIT_VACANT = "sit-vacant"
    ANNOUNCEMENT = "announcement"
    UNALLOCATED = "unallocated-number"
    SPEECH = "speech"
    DATA_MODEM = "data-modem"
    HANG_UP = "hang-up"


@dataclass(frozen=True, slots=True)
class CallProgress:
    """A change in the call itself."""

    kind: Progress


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone of phase A has begun."""

    kind: ToneKind


@dataclass(frozen=True, slots=True)
class Flags:
    """V.21 carrier and flags have begun: one or more frames follow (T.30 5.3.1, preamble)."""


@dataclass(frozen=True, slots=True)
class HdlcFrame:
    """One HDLC frame without FCS, in the order sent: first bit sent is the most significant.

    `good` is false when the frame check sequence did not match.
    """

    octets: bytes
    modulation: Modulation = Modulation.V21_300
    good: bool = True


@dataclass(frozen=True, slots=True)
class Training:
    """A fast carrier has begun; short training is V.17's alone."""

    modulation: Modulation
    short: bool = False


@dataclass(frozen=True, slots=True)
class ImageOctets:
    """Some octets outside HDLC on the fast carrier: TCF zeros or T.4 data, first bit sent most significant."""

    octets: bytes
    modulation: Modulation


@dataclass(frozen=True, slots=True)
class CarrierEnd:
    """The carrier has ended."""

    modulation: Modulation = Modulation.V21_300


LineSignal = CallProgress | Tone | Flags | HdlcFrame | Training | ImageOctets | CarrierEnd
