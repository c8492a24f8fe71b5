"""The shorter way through the commonest packets comes out where the longer one does, or is not taken."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t38 import ifp, shortcuts
from gateway.fax.t38.ifp import IfpError
from gateway.fax.t38.packets import VERSIONS, Carrier, Field, FieldKind, Fields, Indicator, Packet

versions = st.sampled_from(VERSIONS)
# Heads that are nearly those of common packets, and lengths that are nearly right.
heads = st.tuples(st.integers(0xC0, 0xE1), st.integers(0, 3), st.integers(0, 255)).map(bytes)
nearly = st.builds(
    lambda head, length, octets: head + length.to_bytes(2, "big") + octets,
    heads, st.integers(0, 6), st.binary(max_size=7),
)  # fmt: skip


def whole_way(octets: bytes, version: int) -> Packet | None:
    with suppress(IfpError):
        return ifp.read(octets, version)
    return None


@given(st.binary(max_size=8) | heads | nearly, versions)
def test_octets_mean_the_same_either_way(octets: bytes, version: int) -> None:
    short = shortcuts.decode(octets, version)
    assert short is None or short == whole_way(octets, version)


@given(st.sampled_from(list(Indicator)[:16]), versions)
def test_an_indicator_is_written_the_same_either_way(indicator: Indicator, version: int) -> None:
    octets = shortcuts.encode(indicator, version)
    assert octets == ifp.written(indicator, version)
    assert shortcuts.decode(octets, version) is indicator


@given(st.sampled_from(list(Carrier)[:9]), st.sampled_from(list(FieldKind)[:8]), st.binary(max_size=300), versions)
def test_one_field_is_written_the_same_either_way(
    carrier: Carrier, kind: FieldKind, octets: bytes, version: int
) -> None:
    packet = Fields(carrier, (Field(kind, octets),))
    short = shortcuts.encode(packet, version)
    assert short == ifp.written(packet, version)
    assert shortcuts.decode(short, version) == packet


@given(st.sampled_from(list(Carrier)[:9]), st.sampled_from(list(FieldKind)[:8]), st.binary(min_size=1), versions)
def test_a_whole_frame_is_written_the_same_either_way(
    carrier: Carrier, end: FieldKind, octets: bytes, version: int
) -> None:
    packet = Fields(carrier, (Field(FieldKind.HDLC, octets), Field(end)))
    short = shortcuts.encode(packet, version)
    assert short == ifp.written(packet, version)
    assert shortcuts.decode(short, version) == packet


@pytest.mark.parametrize(
    "packet",
    [
        Indicator.V8_ANSAM,
        Fields(Carrier.V21),
        Fields(Carrier.V21, (Field(FieldKind.HDLC, b"\xff"), Field(FieldKind.HDLC, b"\xff"))),
        Fields(Carrier.V21, (Field(FieldKind.HDLC), Field(FieldKind.FCS_OK))),
        Fields(Carrier.V33_14400, (Field(FieldKind.T4, b"\0"),)),
        Fields(Carrier.V8, (Field(FieldKind.CM, b"1"),)),
        Fields(Carrier.V17_14400, (Field(FieldKind.T4, bytes(0x10000 + 1)),)),
    ],
)
def test_other_packets_go_the_whole_way(packet: Packet) -> None:
    assert [shortcuts.encode(packet, version) for version in VERSIONS] == [None] * len(VERSIONS)
