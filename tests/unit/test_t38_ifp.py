"""IFP packets as octets: golden octets, both packings, every version, hostile octets (T.38 Annex A)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t38 import ifp
from gateway.fax.t38.ifp import IfpError
from gateway.fax.t38.packets import VERSIONS, Carrier, Field, FieldKind, Fields, Indicator, Packet

_K = FieldKind

# Taken from the line between a version 0 and a version 1 pair of another implementation.
GOLDEN = [
    (0, "00", Indicator.NO_SIGNAL),
    (0, "02", Indicator.CNG),
    (0, "04", Indicator.CED),
    (0, "06", Indicator.V21_PREAMBLE),
    (0, "1c", Indicator.V17_14400_SHORT),
    (1, "1e", Indicator.V17_14400_LONG),
    (0, "c0 01 80 00 00 ff", Fields(Carrier.V21, (Field(_K.HDLC, b"\xff"),))),
    (1, "c0 01 80 00 00 ff", Fields(Carrier.V21, (Field(_K.HDLC, b"\xff"),))),
    (0, "c0 01 20", Fields(Carrier.V21, (Field(_K.FCS_OK),))),
    (0, "c0 01 40", Fields(Carrier.V21, (Field(_K.FCS_OK_SIG_END),))),
    (1, "c0 01 10", Fields(Carrier.V21, (Field(_K.FCS_OK),))),
    (1, "c0 01 20", Fields(Carrier.V21, (Field(_K.FCS_OK_SIG_END),))),
    (0, "d0 01 e0 00 01 00 01", Fields(Carrier.V17_14400, (Field(_K.T4, b"\0\1"),))),
    (1, "d0 01 b0 00 01 00 01", Fields(Carrier.V17_14400, (Field(_K.T4, b"\0\1"),))),
    (0, "d0 01 f0 00 00 00", Fields(Carrier.V17_14400, (Field(_K.T4_SIG_END, b"\0"),))),
    (1, "d0 01 b8 00 00 00", Fields(Carrier.V17_14400, (Field(_K.T4_SIG_END, b"\0"),))),
    (0, "d0 01 70", Fields(Carrier.V17_14400, (Field(_K.T4_SIG_END),))),
    (1, "d0 01 38", Fields(Carrier.V17_14400, (Field(_K.T4_SIG_END),))),
]
# Worked out by hand from X.691: what no line that was watched has carried.
WORKED_OUT = [
    (0, "c0 02 12", Fields(Carrier.V21, (Field(_K.HDLC_SIG_END), Field(_K.FCS_OK)))),
    (0, "c0 03 80 00 00 ff 28 00 00 fe", Fields(Carrier.V21, (
        Field(_K.HDLC, b"\xff"), Field(_K.FCS_OK), Field(_K.HDLC, b"\xfe")))),
    (1, "c0 02 10 40", Fields(Carrier.V21, (Field(_K.FCS_OK), Field(_K.HDLC_SIG_END)))),
    (1, "20 00", Indicator.V8_ANSAM),
    (2, "21 80", Indicator.V33_14400),
    (3, "e1 40 01 80 00 00 01", Fields(Carrier.V33_14400, (Field(_K.HDLC, b"\1"),))),
    (3, "e0 00 01 c0 00 00 00 31", Fields(Carrier.V8, (Field(_K.CM, b"1"),))),
    (1, "40", Fields(Carrier.V21)),
]  # fmt: skip


def packets(version: int) -> st.SearchStrategy[Packet]:
    root = version == 0
    kinds = st.sampled_from([kind for kind in FieldKind if kind < 8 or not root])
    carriers = st.sampled_from([carrier for carrier in Carrier if carrier < 9 or not root])
    indicators = st.sampled_from([indicator for indicator in Indicator if indicator < 16 or not root])
    field = st.builds(Field, kinds, st.binary(max_size=80))
    return indicators | st.builds(Fields, carriers, st.lists(field, max_size=140).map(tuple))


VERSIONED_PACKETS = st.sampled_from(VERSIONS).flatmap(lambda version: st.tuples(st.just(version), packets(version)))


@pytest.mark.parametrize(("version", "octets", "packet"), GOLDEN + WORKED_OUT)
def test_a_packet_is_these_octets_and_back(version: int, octets: str, packet: Packet) -> None:
    assert ifp.encode(packet, version).hex(" ") == octets
    assert ifp.decode(bytes.fromhex(octets), version) == packet


@pytest.mark.parametrize("indicator", [indicator for indicator in Indicator if indicator < 16])
def test_the_sixteen_indicators_of_1998_are_one_octet_in_every_version(indicator: Indicator) -> None:
    assert [ifp.encode(indicator, version) for version in VERSIONS] == [bytes((2 * indicator,))] * 4


@given(VERSIONED_PACKETS)
def test_what_was_encoded_is_decoded(versioned: tuple[int, Packet]) -> None:
    version, packet = versioned

    assert ifp.decode(ifp.encode(packet, version), version) == packet


@given(st.binary(max_size=40), st.sampled_from(VERSIONS))
def test_hostile_octets_raise_nothing_but_the_codecs_error(octets: bytes, version: int) -> None:
    try:
        packet = ifp.decode(octets, version)
    except IfpError:
        return
    assert ifp.decode(ifp.encode(packet, version), version) == packet


@given(st.binary(min_size=1, max_size=12), st.sampled_from(VERSIONS), st.sampled_from(["c0", "d0", "d001", "c002"]))
def test_hostile_fields_raise_nothing_but_the_codecs_error(octets: bytes, version: int, head: str) -> None:
    with suppress(IfpError):
        assert isinstance(ifp.decode(bytes.fromhex(head) + octets, version), Fields)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("", "end too early"),
        ("c0", "end too early"),
        ("c0 02 80 00 00 ff", "end too early"),
        ("c0 01 80 00 05 ff", "6 octets announced"),
        ("80", "indicator with fields"),
        ("01", "padding"),
        ("c0 01 21", "padding"),
        ("c0 c1", "fragments"),
        ("c0 01 40 09", "left over"),
        ("20 00", "extension in version 0"),
        ("52", "Carrier 9 is unknown"),
    ],
)
def test_a_refusal_says_why(octets: str, why: str) -> None:
    with pytest.raises(IfpError, match=why):
        ifp.decode(bytes.fromhex(octets), 0)


def test_a_version_that_does_not_exist_is_refused() -> None:
    with pytest.raises(IfpError, match="version 4"):
        ifp.decode(b"\0", 4)


@pytest.mark.parametrize(
    "packet", [Indicator.V8_ANSAM, Fields(Carrier.V8), Fields(Carrier.V21, (Field(FieldKind.CM, b"1"),))]
)
def test_version_0_cannot_say_what_came_later(packet: Packet) -> None:
    with pytest.raises(IfpError, match="version 0"):
        ifp.encode(packet, 0)


def test_a_field_holds_at_most_65535_octets() -> None:
    longest = Fields(Carrier.V21, (Field(FieldKind.T4, bytes(65535)),))
    assert ifp.decode(ifp.encode(longest, 1), 1) == longest

    with pytest.raises(IfpError, match="65536"):
        ifp.encode(Fields(Carrier.V21, (Field(FieldKind.T4, bytes(65536)),)), 1)


def test_more_fields_than_a_length_can_say_are_refused() -> None:
    with pytest.raises(IfpError, match="16384"):
        ifp.encode(Fields(Carrier.V21, (Field(FieldKind.FCS_OK),) * 16384), 0)


@given(VERSIONED_PACKETS, st.integers(1, 9))
def test_zeros_left_over_are_what_parity_leaves_behind_a_packet(versioned: tuple[int, Packet], zeros: int) -> None:
    version, packet = versioned
    fitting = isinstance(packet, Fields) and len(packet.fields) == 1 and packet.fields[0].octets != b""

    if fitting or isinstance(packet, Indicator):
        assert ifp.decode(ifp.encode(packet, version) + bytes(zeros), version) == packet


def on_octets(fields: list[Field]) -> bytes:
    """Fields of version 1 packed as some implementations do: each on an octet of its own."""
    packed = b"".join(
        bytes((bool(field.octets) << 7 | field.kind << 3,))
        + ((len(field.octets) - 1).to_bytes(2, "big") + field.octets if field.octets else b"")
        for field in fields
    )
    return bytes((0xC0, len(fields))) + packed


FRAME_FIELDS = st.binary(min_size=1, max_size=30).flatmap(
    lambda octets: st.sampled_from(
        [
            [Field(_K.HDLC, octets), Field(_K.FCS_OK)],
            [Field(_K.HDLC, octets), Field(_K.FCS_BAD)],
            [Field(_K.HDLC, octets)],
            [Field(_K.FCS_OK), Field(_K.HDLC, octets)],
            [Field(_K.FCS_BAD), Field(_K.HDLC, octets)],
        ]
    )
)
ENDINGS = st.sampled_from(
    [[], [Field(_K.FCS_OK_SIG_END)], [Field(_K.FCS_OK), Field(_K.HDLC_SIG_END)], [Field(_K.FCS_BAD_SIG_END)]]
)


@given(st.lists(FRAME_FIELDS, min_size=1, max_size=5), ENDINGS)
def test_fields_of_version_1_are_read_in_either_packing(frames: list[list[Field]], ending: list[Field]) -> None:
    fields = [field for frame in frames for field in frame] + ending
    packet = Fields(Carrier.V21, tuple(fields))

    assert ifp.decode(on_octets(fields), 1) == packet
    assert ifp.decode(ifp.encode(packet, 1), 1) == packet
