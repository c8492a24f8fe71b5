"""Finding out a far end's version from what it sends (the version trap of T.38 Annex A)."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import durations
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.signals import HdlcFrame, Modulation
from gateway.fax.t38 import ifp
from gateway.fax.t38.ifp import IfpError
from gateway.fax.t38.incoming import Incoming
from gateway.fax.t38.outgoing import Outgoing, Pace
from gateway.fax.t38.packets import VERSIONS, Carrier, Field, FieldKind, Fields, Indicator, Packet
from gateway.fax.t38.versions import PacketReader

CSI, DIS = bytes.fromhex("ffc002") + b"\x04" * 20, bytes.fromhex("ffc8010020770000")
V29 = Modulation.V29_9600


def packets_of(burst: Burst, pace: Pace) -> list[Packet]:
    outgoing = Outgoing(pace)
    signals = [signal for _, signal in burst]
    for (now, signal), following in zip(burst, [*signals[1:], None], strict=True):
        outgoing.sent(now, signal, following)
    return outgoing.due(burst[-1][0] + 1000)


def read(octets: Sequence[bytes]) -> tuple[list[Packet], PacketReader]:
    reader = PacketReader(None)
    return [reader.decode(each) for each in octets], reader


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("pace", [Pace(), Pace(whole_frames=True, repeats=1), Pace(packet_ms=90)])
@pytest.mark.parametrize(
    "burst",
    [
        durations.v21([CSI, DIS]),
        durations.v21([DIS]),
        durations.tcf(V29),
        durations.hdlc([CSI, CSI], V29, short=False),
    ],
    ids=["CSI DIS", "DIS", "TCF", "ECM"],
)
def test_a_burst_of_any_kind_tells_the_version(version: int, pace: Pace, burst: Burst) -> None:
    octets = [ifp.encode(packet, version) for packet in packets_of(burst, pace)]

    _, reader = read(octets)

    assert reader.version == min(version, 1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("frames", [[DIS], [CSI, DIS]])
def test_frames_are_heard_before_the_version_is_known(version: int, frames: list[bytes]) -> None:
    packets, _ = read([ifp.encode(packet, version) for packet in packets_of(durations.v21(frames), Pace())])
    incoming = Incoming()

    signals = [signal for packet in packets for signal in incoming.take(packet)]

    assert [signal.octets for signal in signals if isinstance(signal, HdlcFrame) and signal.good] == frames


def test_a_version_that_was_told_is_not_questioned() -> None:
    reader = PacketReader(1)

    with pytest.raises(IfpError):
        reader.decode(bytes.fromhex("c00140"))
    assert reader.decode(bytes.fromhex("c00120")) == Fields(Carrier.V21, (Field(FieldKind.FCS_OK_SIG_END),))


def test_bursts_are_said_in_one_version_after_the_other_until_one_is_known() -> None:
    reader = PacketReader(None)
    tried = []
    for _ in range(4):
        reader.begin_burst()
        tried.append(reader.version)

    reader.decode(bytes.fromhex("d001b000000000"))
    reader.begin_burst()

    assert (tried, reader.version) == ([0, 1, 0, 1], 1)


def test_an_end_of_signal_of_its_own_after_the_last_frame_is_version_0() -> None:
    packets, reader = read([bytes.fromhex(octets) for octets in ("06", "c001800002ffc801", "c00120", "c00110", "00")])

    assert packets[-2] == Fields(Carrier.V21, (Field(FieldKind.HDLC_SIG_END),))
    assert reader.version == 0
    assert reader.decode(bytes.fromhex("c00120")) == Fields(Carrier.V21, (Field(FieldKind.FCS_OK),))


def test_a_gap_leaves_the_question_open() -> None:
    reader = PacketReader(None)
    for octets in ("06", "c001800002ffc801", "c00120"):
        reader.decode(bytes.fromhex(octets))

    reader.lose()
    reader.decode(b"\0")

    assert reader.decode(bytes.fromhex("c00140")) == Fields(Carrier.V21, (Field(FieldKind.FCS_OK_SIG_END),))
    assert reader.version == 0


@given(st.lists(st.binary(max_size=9), max_size=20))
def test_hostile_octets_raise_nothing_but_the_codecs_error(packets: list[bytes]) -> None:
    reader = PacketReader(None)

    for octets in packets:
        try:
            packet = reader.decode(octets)
        except IfpError:
            continue
        assert isinstance(packet, Indicator | Fields)
        assert reader.version in (0, 1)
