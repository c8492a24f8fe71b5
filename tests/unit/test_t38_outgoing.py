"""Signals as packets: what is sent for each, in which order, at which pace (T.38 clauses 7 and 8)."""

from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import durations
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.signals import CallProgress, CarrierEnd, Flags, HdlcFrame, LineSignal, Modulation, Progress, Tone
from gateway.fax.t30.signals import ToneKind as Kind
from gateway.fax.t38.outgoing import Outgoing, Pace
from gateway.fax.t38.packets import Carrier, Field, FieldKind, Fields, Indicator, Packet

ONCE = Pace(repeats=1)
DIS, CSI = bytes.fromhex("ffc8010020770000"), bytes.fromhex("ffc002") + b"\x04" * 20
FAST = [modulation for modulation in Modulation if modulation is not Modulation.V21_300]


def packets_of(burst: Burst, pace: Pace = ONCE, step: int = 10, until: int | None = None) -> list[tuple[int, Packet]]:
    """What leaves while the signals of a burst go out, and a second after them, with the time of each."""
    outgoing, left, sent = Outgoing(pace), list(burst), []
    for now in range(0, (burst[-1][0] + 1000) if until is None else until, step):
        while left and left[0][0] <= now:
            outgoing.sent(now, left.pop(0)[1], left[0][1] if left else None)
        outgoing.look_ahead(left[0] if left else None)
        sent += [(now, packet) for packet in outgoing.due(now)]
    return sent[pace.repeats :]  # the silence that everything begins with


def said(timed: Sequence[tuple[int, Packet]]) -> list[str]:
    """The kinds of packets in order, runs of one kind once."""
    words = (packet.name if isinstance(packet, Indicator) else packet.fields[-1].kind.name for _, packet in timed)
    return [word for word, _ in groupby(words)]


def octets_of(timed: Sequence[tuple[int, Packet]], kind: FieldKind) -> bytes:
    fields = (field for _, packet in timed if isinstance(packet, Fields) for field in packet.fields)
    return b"".join(field.octets for field in fields if field.kind is kind)


def test_everything_begins_with_no_signal() -> None:
    assert Outgoing(Pace(repeats=2)).due(0) == [Indicator.NO_SIGNAL] * 2


def test_a_burst_of_frames_is_preamble_octets_and_ends() -> None:
    timed = packets_of(durations.v21([CSI, DIS]))

    assert said(timed) == ["V21_PREAMBLE", "HDLC", "FCS_OK", "HDLC", "FCS_OK_SIG_END", "NO_SIGNAL"]
    assert octets_of(timed, FieldKind.HDLC) == CSI + DIS


def test_octets_at_300_bits_leave_one_by_one_while_the_frame_is_on_its_way() -> None:
    timed = packets_of(durations.v21([CSI]))
    moments = [now for now, packet in timed if isinstance(packet, Fields) and packet.fields[0].kind is FieldKind.HDLC]

    assert len(moments) == len(CSI)
    assert 1100 < moments[0] <= 1150
    assert max(later - earlier for earlier, later in pairwise(moments)) <= 40


def test_nothing_of_a_frame_comes_later_than_its_end() -> None:
    burst = durations.v21([CSI, DIS])

    assert packets_of(burst)[-1][0] <= burst[-1][0] + 10


def test_a_page_without_frames_is_training_octets_zeros_and_ends() -> None:
    page = bytes(range(1, 251)) * 20
    timed = packets_of(durations.image(page, Modulation.V17_9600, short=True))
    octets = octets_of(timed, FieldKind.T4)

    assert said(timed) == ["V17_9600_SHORT", "T4", "T4_SIG_END", "NO_SIGNAL"]
    assert octets == page + bytes(48)  # 40 ms at 9600 bit/s


@pytest.mark.parametrize("modulation", FAST)
def test_image_octets_flow_in_packets_of_30_ms_from_the_end_of_training(modulation: Modulation) -> None:
    page = bytes(modulation.rate // 4)  # two seconds
    timed = packets_of(durations.image(page, modulation, short=False), step=1)
    flow = [
        (now, packet) for now, packet in timed if isinstance(packet, Fields) and packet.fields[0].kind is FieldKind.T4
    ]

    trained = 75 + modulation.long_ms
    assert max(len(packet.fields[0].octets) for _, packet in flow[:-1]) == modulation.rate * 30 // 8000
    assert trained <= flow[0][0] <= trained + 40
    assert max(later[0] - earlier[0] for earlier, later in pairwise(flow[:-1])) <= 40


@pytest.mark.parametrize("modulation", FAST)
def test_each_modulation_has_its_indicators_and_its_carrier(modulation: Modulation) -> None:
    long = packets_of(durations.hdlc([b"\xff\xc0\x06"], modulation, short=False))
    short = packets_of(durations.hdlc([b"\xff\xc0\x06"], modulation, short=True))

    named = modulation.name.split("_")[0] == "V17"
    assert said(long)[0] == modulation.name + ("_LONG" if named else "")
    assert said(short)[0] == modulation.name + ("_SHORT" if named else "")
    assert {packet.carrier.name for _, packet in long if isinstance(packet, Fields)} == {modulation.name}


def test_frames_on_the_fast_carrier_follow_one_another_and_the_last_ends_it() -> None:
    frames = [b"\xff\xc0\x06" + bytes((number,)) * 257 for number in range(3)]
    timed = packets_of(durations.hdlc(frames, Modulation.V17_14400, short=True))

    assert said(timed) == ["V17_14400_SHORT", *["HDLC", "FCS_OK"] * 2, "HDLC", "FCS_OK_SIG_END", "NO_SIGNAL"]
    assert octets_of(timed, FieldKind.HDLC) == b"".join(frames)


def test_whole_frames_are_a_packet_each_and_the_end_stays_its_own_so_that_it_can_be_said_again() -> None:
    timed = packets_of(durations.v21([CSI, DIS]), Pace(whole_frames=True, repeats=2))
    bursts = [packet for _, packet in timed if isinstance(packet, Fields)]

    ok, end = Field(FieldKind.FCS_OK), Fields(Carrier.V21, (Field(FieldKind.FCS_OK_SIG_END),))
    assert bursts == [
        Fields(Carrier.V21, (Field(FieldKind.HDLC, CSI), ok)),
        Fields(Carrier.V21, (Field(FieldKind.HDLC, DIS),)),
        end,
        end,
    ]


@pytest.mark.parametrize("repeats", [1, 3])
def test_indicators_and_ends_are_repeated_and_nothing_else_is(repeats: int) -> None:
    timed = packets_of(durations.v21([CSI]), Pace(repeats=repeats))
    packets = [packet for _, packet in timed]

    assert packets.count(Indicator.V21_PREAMBLE) == packets.count(Indicator.NO_SIGNAL) == repeats
    assert packets.count(Fields(Carrier.V21, (Field(FieldKind.FCS_OK_SIG_END),))) == repeats
    assert len(packets) == 3 * repeats + len(CSI)


def test_tones_have_an_end() -> None:
    answer = packets_of(durations.answer_tone())
    calling = packets_of([(0, Tone(Kind.CNG)), (3500, Tone(Kind.CNG))])

    assert said(answer) == ["CED", "NO_SIGNAL"]
    assert [now for now, _ in answer] == [200, 3280]
    assert [(now, packet.name) for now, packet in calling if isinstance(packet, Indicator)] == [
        (0, "CNG"), (500, "NO_SIGNAL"), (3500, "CNG"), (4000, "NO_SIGNAL"),
    ]  # fmt: skip


def test_what_is_due_later_leaves_before_what_follows_it() -> None:
    timed = packets_of([(0, Tone(Kind.CNG)), (200, Flags()), (1500, HdlcFrame(DIS)), (1500, CarrierEnd())])

    assert said(timed)[:3] == ["CNG", "NO_SIGNAL", "V21_PREAMBLE"]


def test_a_burst_given_up_in_a_frame_is_ended_without_a_check_sequence() -> None:
    outgoing = Outgoing(ONCE)
    outgoing.sent(0, Flags(), HdlcFrame(CSI))
    outgoing.look_ahead((1700, HdlcFrame(CSI)))
    outgoing.due(1300)

    outgoing.look_ahead(None)
    outgoing.sent(1310, CarrierEnd(), None)

    sig_end = Fields(Carrier.V21, (Field(FieldKind.HDLC_SIG_END),))
    assert outgoing.due(5000) == [sig_end, Indicator.NO_SIGNAL]


def test_a_bad_frame_is_said_to_be_one() -> None:
    frame = HdlcFrame(DIS, good=False)
    bad = packets_of([(0, Flags()), (1300, frame), (1400, frame), (1400, CarrierEnd())])

    assert said(bad) == ["V21_PREAMBLE", "HDLC", "FCS_BAD", "HDLC", "FCS_BAD_SIG_END", "NO_SIGNAL"]


@pytest.mark.parametrize("signal", [CallProgress(Progress.HANG_UP), CarrierEnd()])
def test_what_is_nothing_to_the_line_sends_nothing(signal: LineSignal) -> None:
    assert packets_of([(0, signal)]) == []


def test_what_is_dropped_is_not_sent() -> None:
    outgoing = Outgoing(ONCE)
    outgoing.look_ahead((1700, HdlcFrame(CSI)))

    outgoing.drop()

    assert outgoing.next_due is None
    assert outgoing.due(10_000) == []


@given(
    st.lists(st.binary(min_size=3, max_size=60), min_size=1, max_size=4),
    st.sampled_from([1, 7, 30, 400]),
    st.sampled_from([Pace(), Pace(packet_ms=80, repeats=1), Pace(whole_frames=True), Pace(packet_ms=1)]),
)
def test_however_time_is_told_the_packets_and_their_order_are_the_same(
    frames: list[bytes], step: int, pace: Pace
) -> None:
    burst = durations.joined(durations.v21(frames), durations.tcf(Modulation.V27_2400))

    coarse, fine = packets_of(burst, pace, step), packets_of(burst, pace, 1)

    assert [packet for _, packet in coarse] == [packet for _, packet in fine]


def test_fast_frames_may_go_whole_while_those_of_v21_keep_pace() -> None:
    frame = b"\xff\xc0\x60\x00" + bytes(256)
    timed = packets_of(
        durations.hdlc([frame], Modulation.V17_14400, short=True), Pace(whole_fast_frames=True, repeats=1)
    )
    slow = packets_of(durations.v21([DIS]), Pace(whole_fast_frames=True, repeats=1))

    assert next(len(packet.fields[0].octets) for _, packet in timed if isinstance(packet, Fields)) == len(frame)
    assert max(len(packet.fields[0].octets) for _, packet in slow if isinstance(packet, Fields)) == 1
