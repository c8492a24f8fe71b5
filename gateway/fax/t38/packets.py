"""What an internet facsimile packet (IFP) says: an indicator, or fields of one carrier (T.38 clause 7).

What lives here: the types and numbers of T.38. What does not: octets (`ifp`), and which signals of the T.30 engine they
carry (`outgoing`, `incoming`). The numbers are those of the ASN.1 enumerations; from 16, 9 and 8 on they stand behind
the extension marker and need version 1 or later.
"""

from dataclasses import dataclass
from enum import IntEnum

VERSIONS = range(4)  # T38FaxVersion


class Indicator(IntEnum):
    """A change of the signal on the line (T.38 7.2.1)."""

    NO_SIGNAL = 0
    CNG = 1
    CED = 2
    V21_PREAMBLE = 3
    V27_2400 = 4
    V27_4800 = 5
    V29_7200 = 6
    V29_9600 = 7
    V17_7200_SHORT = 8
    V17_7200_LONG = 9
    V17_9600_SHORT = 10
    V17_9600_LONG = 11
    V17_12000_SHORT = 12
    V17_12000_LONG = 13
    V17_14400_SHORT = 14
    V17_14400_LONG = 15
    V8_ANSAM = 16
    V8_SIGNAL = 17
    V34_CONTROL_1200 = 18
    V34_PRIMARY = 19
    V34_RETRAIN = 20
    V33_12000 = 21
    V33_14400 = 22


class Carrier(IntEnum):
    """The modulation that fields belong to (T.38 7.2.2, data type)."""

    V21 = 0
    V27_2400 = 1
    V27_4800 = 2
    V29_7200 = 3
    V29_9600 = 4
    V17_7200 = 5
    V17_9600 = 6
    V17_12000 = 7
    V17_14400 = 8
    V8 = 9
    V34_PRIMARY_RATE = 10
    V34_CONTROL_1200 = 11
    V34_PRIMARY = 12
    V33_12000 = 13
    V33_14400 = 14


class FieldKind(IntEnum):
    """What a field holds or tells (T.38 7.3.1, field type)."""

    HDLC = 0
    HDLC_SIG_END = 1
    FCS_OK = 2
    FCS_BAD = 3
    FCS_OK_SIG_END = 4
    FCS_BAD_SIG_END = 5
    T4 = 6
    T4_SIG_END = 7
    CM = 8
    JM = 9
    CI = 10
    V34_RATE = 11

    @property
    def ends_frame(self) -> bool:
        """Whether an HDLC frame is over, its check sequence judged."""
        return FieldKind.FCS_OK <= self <= FieldKind.FCS_BAD_SIG_END

    @property
    def is_good(self) -> bool:
        """Whether the check sequence was right."""
        return self in (FieldKind.FCS_OK, FieldKind.FCS_OK_SIG_END)

    @property
    def ends_signal(self) -> bool:
        """Whether the carrier is over."""
        return self in _ENDS


_ENDS = frozenset(
    {FieldKind.HDLC_SIG_END, FieldKind.FCS_OK_SIG_END, FieldKind.FCS_BAD_SIG_END, FieldKind.T4_SIG_END},
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; octets in the order sent, at most 65535, none where the kind says all."""

    kind: FieldKind
    octets: bytes = b""


@dataclass(frozen=True, slots=True)
class Fields:
    """A packet of fields, in order."""

    carrier: Carrier
    fields: tuple[Field, ...] = ()

    @property
    def ends_signal(self) -> bool:
        """Whether the carrier is over with this packet."""
        return bool(self.fields) and not _ENDS.isdisjoint([field.kind for field in self.fields])


Packet = Indicator | Fields
