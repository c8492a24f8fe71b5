"""Packets as signals: frames from any pieces, holes, lost ends, repetitions (T.38 clauses 7 and 8)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30.signals import (
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Tone,
    ToneKind,
    Training,
)
from gateway.fax.t38.incoming import LONGEST_FRAME, Incoming
from gateway.fax.t38.packets import Carrier, Field, FieldKind, Fields, Indicator, Packet

CSI, DIS = bytes.fromhex("ffc002") + b"\x04" * 20, bytes.fromhex("ffc8010020770000")
FCD = bytes.fromhex("ffc006") + bytes(range(257 - 1))
_K, _I = FieldKind, Indicator
V17 = Modulation.V17_14400


def v21(*fields: tuple[FieldKind, bytes]) -> Fields:
    return Fields(Carrier.V21, tuple(Field(kind, octets) for kind, octets in fields))


def fast(*fields: tuple[FieldKind, bytes]) -> Fields:
    return Fields(Carrier.V17_14400, tuple(Field(kind, octets) for kind, octets in fields))


OK, OK_END, BAD = v21((_K.FCS_OK, b"")), v21((_K.FCS_OK_SIG_END, b"")), v21((_K.FCS_BAD, b""))


def heard(*packets: Packet | None) -> list[LineSignal]:
    """What a series of packets comes to; none is a gap."""
    incoming, signals = Incoming(), []
    for packet in packets:
        if packet is None:
            incoming.lose()
        else:
            signals += incoming.take(packet)
    return signals


def octet_by_octet(octets: bytes) -> list[Packet]:
    return [v21((_K.HDLC, octets[place : place + 1])) for place in range(len(octets))]


@pytest.mark.parametrize(
    "pieces",
    [
        [v21((_K.HDLC, DIS)), OK_END],
        [*octet_by_octet(DIS), OK_END],
        [v21((_K.HDLC, DIS[:3]), (_K.HDLC, DIS[3:]), (_K.FCS_OK_SIG_END, b""))],
        [v21((_K.HDLC, DIS)), OK, v21((_K.HDLC_SIG_END, b""))],
        [v21((_K.HDLC, DIS[:3])), v21((_K.FCS_OK_SIG_END, DIS[3:]))],
        [v21((_K.HDLC, DIS)), OK, _I.NO_SIGNAL],
        [v21((_K.HDLC, DIS)), OK_END, OK_END, OK_END, _I.NO_SIGNAL, _I.NO_SIGNAL],
        [v21((_K.HDLC, DIS), (_K.FCS_OK_SIG_END, b""))] * 3,
        [_I.V21_PREAMBLE, _I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK_END],
    ],
)
def test_a_frame_comes_together_from_any_pieces(pieces: list[Packet]) -> None:
    assert heard(_I.V21_PREAMBLE, *pieces) == [Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_several_frames_in_one_packet_are_heard_one_by_one() -> None:
    packet = v21((_K.HDLC, CSI), (_K.FCS_OK, b""), (_K.HDLC, DIS), (_K.FCS_OK_SIG_END, b""))

    assert heard(_I.V21_PREAMBLE, packet) == [Flags(), HdlcFrame(CSI), HdlcFrame(DIS), CarrierEnd()]


def test_a_preamble_said_again_between_frames_changes_nothing() -> None:
    packets = [_I.V21_PREAMBLE, v21((_K.HDLC, CSI)), OK, _I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK_END]

    assert heard(*packets) == [Flags(), HdlcFrame(CSI), HdlcFrame(DIS), CarrierEnd()]


def test_a_frame_with_a_bad_check_sequence_is_bad() -> None:
    bad_end = v21((_K.FCS_BAD_SIG_END, b""))

    assert heard(_I.V21_PREAMBLE, v21((_K.HDLC, CSI)), BAD, v21((_K.HDLC, DIS)), bad_end) == [
        Flags(), HdlcFrame(CSI, good=False), HdlcFrame(DIS, good=False), CarrierEnd(),
    ]  # fmt: skip


@pytest.mark.parametrize("place", range(1, len(DIS) + 2))
def test_a_frame_with_a_hole_is_never_a_good_one(place: int) -> None:
    packets: list[Packet | None] = [_I.V21_PREAMBLE, *octet_by_octet(DIS), OK_END]
    packets[place] = None

    frames = [signal for signal in heard(*packets, _I.NO_SIGNAL) if isinstance(signal, HdlcFrame)]

    assert [frame.good for frame in frames] in ([], [False])


def test_a_hole_spoils_one_frame_only() -> None:
    first, second = fast((_K.HDLC, FCD)), fast((_K.HDLC, FCD[::-1]))
    ok = fast((_K.FCS_OK, b""))

    signals = heard(_I.V17_14400_SHORT, first, None, ok, second, ok, second, ok)

    assert [signal.good for signal in signals if isinstance(signal, HdlcFrame)] == [False, True, True]


def test_a_hole_before_a_carrier_is_none_in_it() -> None:
    assert heard(None, _I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK_END) == [Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_a_frame_of_which_only_the_end_came_is_a_bad_one() -> None:
    assert heard(_I.V21_PREAMBLE, None, OK_END) == [Flags(), HdlcFrame(b"", good=False), CarrierEnd()]


@pytest.mark.parametrize("following", [_I.NO_SIGNAL, _I.CNG, _I.V17_14400_LONG])
def test_a_carrier_whose_end_is_lost_ends_with_what_follows(following: Indicator) -> None:
    signals = heard(_I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK, following)

    assert signals[:3] == [Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_a_frame_without_an_end_is_dropped_with_its_carrier() -> None:
    signals = heard(_I.V21_PREAMBLE, v21((_K.HDLC, CSI)), _I.NO_SIGNAL, _I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK_END)

    assert signals == [Flags(), CarrierEnd(), Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_frames_whose_indicator_is_lost_are_heard() -> None:
    assert heard(v21((_K.HDLC, DIS)), OK_END) == [Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_the_same_answer_to_another_command_is_heard_without_any_indicator() -> None:
    incoming, mcf = Incoming(), v21((_K.HDLC, b"\xff\xc8\x31"), (_K.FCS_OK_SIG_END, b""))

    first, again = incoming.take(mcf), incoming.take(mcf)
    incoming.take_turn()

    assert (first, again) == ([Flags(), HdlcFrame(b"\xff\xc8\x31"), CarrierEnd()], [])
    assert incoming.take(mcf) == first


def test_a_new_preamble_after_a_gap_begins_a_new_burst() -> None:
    packets = [_I.V21_PREAMBLE, v21((_K.HDLC, CSI)), OK, None, _I.V21_PREAMBLE, v21((_K.HDLC, DIS)), OK_END]

    assert heard(*packets) == [Flags(), HdlcFrame(CSI), CarrierEnd(), Flags(), HdlcFrame(DIS), CarrierEnd()]


def test_training_image_octets_and_their_end_are_heard() -> None:
    packets = [_I.V17_14400_LONG, _I.V17_14400_LONG, fast((_K.T4, b"\0" * 54)), fast((_K.T4_SIG_END, b"\1"))]

    assert heard(*packets, packets[-1], _I.NO_SIGNAL) == [
        Training(V17), ImageOctets(b"\0" * 54, V17), ImageOctets(b"\1", V17), CarrierEnd(V17),
    ]  # fmt: skip


def test_a_training_repeated_after_a_gap_is_still_the_same() -> None:
    assert heard(_I.V17_14400_LONG, None, _I.V17_14400_LONG, fast((_K.T4, b"\0"))) == [
        Training(V17), ImageOctets(b"\0", V17),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "signal"),
    [
        (_I.CNG, Tone(ToneKind.CNG)),
        (_I.CED, Tone(ToneKind.CED)),
        (_I.V17_7200_SHORT, Training(Modulation.V17_7200, short=True)),
        (_I.V17_12000_LONG, Training(Modulation.V17_12000)),
        (_I.V29_9600, Training(Modulation.V29_9600)),
        (_I.V27_2400, Training(Modulation.V27_2400)),
    ],
)
def test_indicators_are_signals(indicator: Indicator, signal: LineSignal) -> None:
    assert heard(indicator, indicator) == [signal]


def test_a_tone_that_begins_again_is_heard_again() -> None:
    assert heard(_I.CNG, _I.NO_SIGNAL, _I.CNG) == [Tone(ToneKind.CNG)] * 2


@pytest.mark.parametrize("packet", [_I.NO_SIGNAL, _I.V8_ANSAM, _I.V33_14400, OK, OK_END, Fields(Carrier.V21)])
def test_what_says_nothing_new_is_no_signal(packet: Packet) -> None:
    assert heard(packet) == []


def test_carriers_that_the_engine_lacks_are_not_heard() -> None:
    assert heard(Fields(Carrier.V34_PRIMARY, (Field(_K.HDLC, DIS), Field(_K.FCS_OK)))) == []


def test_the_engine_is_told_again_while_a_long_frame_is_coming() -> None:
    nsf = bytes.fromhex("ffc004") + bytes(97)

    signals = heard(_I.V21_PREAMBLE, *octet_by_octet(nsf), OK, *octet_by_octet(nsf), OK_END)

    assert signals == [Flags()] * 4 + [HdlcFrame(nsf), HdlcFrame(nsf), CarrierEnd()]


def test_a_frame_without_end_does_not_fill_the_memory() -> None:
    endless = [v21((_K.HDLC, bytes(1000)))] * (LONGEST_FRAME // 1000 + 2)

    frames = [signal for signal in heard(_I.V21_PREAMBLE, *endless, OK_END) if isinstance(signal, HdlcFrame)]

    assert all(len(frame.octets) <= LONGEST_FRAME and not frame.good for frame in frames)
    assert len(frames) == 1


PACKETS = st.sampled_from(Indicator) | st.builds(
    Fields,
    st.sampled_from(Carrier),
    st.lists(st.builds(Field, st.sampled_from(FieldKind), st.binary(max_size=9)), max_size=4).map(tuple),
)


@given(st.lists(PACKETS | st.none(), max_size=30))
def test_whatever_comes_carriers_begin_before_they_end(packets: list[Packet | None]) -> None:
    carrier: Modulation | None = None

    for signal in heard(*packets):
        if isinstance(signal, Flags | Training):
            began = Modulation.V21_300 if isinstance(signal, Flags) else signal.modulation
            assert carrier is None or (carrier is began is Modulation.V21_300)
            carrier = began
        elif isinstance(signal, CarrierEnd):
            assert signal.modulation is carrier
            carrier = None


@given(st.integers(0, 2**32))
def test_whatever_is_lost_a_good_frame_is_one_that_was_sent(seed: int) -> None:
    chance = random.Random(seed)
    frames = [bytes((255, 0xC0, number)) + chance.randbytes(chance.randrange(1, 12)) for number in range(6)]
    packets: list[Packet] = [_I.V21_PREAMBLE]
    for frame in frames:
        cut = chance.randrange(len(frame))
        packets += [v21((_K.HDLC, frame[:cut])), v21((_K.HDLC, frame[cut:])), OK]

    signals = heard(*(packet if chance.random() > 0.3 else None for packet in [*packets, OK_END]))

    good = [signal.octets for signal in signals if isinstance(signal, HdlcFrame) and signal.good]
    assert set(good) <= set(frames)
