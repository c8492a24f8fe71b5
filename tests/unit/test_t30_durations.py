"""How long signals last, held against what was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.t30 import durations, ecm
from gateway.fax.t30.durations import Burst
from gateway.fax.t30.frames import Fcf, Frame, encode_identifier
from gateway.fax.t30.signals import CarrierEnd, HdlcFrame, ImageOctets, Modulation, Training

IDENTIFIER = Frame(Fcf.TSI, encode_identifier("1"), final=False).encode()
DCS = Frame(Fcf.DCS, bytes(4)).encode()
MCF = Frame(Fcf.MCF).encode()
fast = st.sampled_from([m for m in Modulation if m.code is not None])


def seconds(burst: Burst) -> float:
    return burst[-1][0] / 1000


@pytest.mark.parametrize(
    ("burst", "measured"),
    [
        (durations.answer_tone(), 3.3),
        (durations.v21([IDENTIFIER, DCS]), 2.1),
        (durations.v21([DCS]), 1.3),
        (durations.v21([MCF]), 1.25),
        (durations.tcf(Modulation.V17_14400), 0.075 + 1.39 + 1.5),
        (durations.tcf(Modulation.V29_9600), 0.075 + 0.23 + 1.5),
        (durations.tcf(Modulation.V27_4800), 0.075 + 0.71 + 1.5),
    ],
)
def test_bursts_last_as_long_as_measured(burst: Burst, measured: float) -> None:
    assert seconds(burst) == pytest.approx(measured, abs=0.16)


@given(fast, st.binary(min_size=1, max_size=5000), st.booleans())
def test_an_image_takes_its_bits_over_its_rate(modulation: Modulation, octets: bytes, short: bool) -> None:
    burst = durations.image(octets, modulation, short=short)
    training = modulation.short_ms if short else modulation.long_ms

    assert burst[-1] == (75 + training + len(octets) * 8000 // modulation.rate, CarrierEnd(modulation))
    assert b"".join(signal.octets for _, signal in burst if isinstance(signal, ImageOctets)) == octets


@given(fast, st.lists(st.binary(min_size=1, max_size=260), min_size=1, max_size=30))
def test_frames_come_whole_and_in_order(modulation: Modulation, sent: list[bytes]) -> None:
    burst = durations.hdlc(sent, modulation, short=True)
    moments = [moment for moment, _ in burst]

    assert [signal.octets for _, signal in burst if isinstance(signal, HdlcFrame)] == sent
    assert moments == sorted(moments)
    assert isinstance(burst[0][1], Training)


def test_joined_bursts_follow_one_another() -> None:
    first, second = durations.v21([MCF]), durations.tcf(Modulation.V29_7200)

    both = durations.joined(first, second)

    assert seconds(both) == pytest.approx(seconds(first) + seconds(second))
    assert [signal for _, signal in both] == [signal for _, signal in first + second]


@given(st.binary(max_size=70_000))
def test_blocks_hold_the_page_and_no_more_than_zeros_besides(octets: bytes) -> None:
    blocks = ecm.blocks(octets)
    data = b"".join(frame[4:] for block in blocks for frame in block)

    assert data.startswith(octets)
    assert data[len(octets) :].strip(b"\0") == b""
    assert all(len(block) == 256 for block in blocks[:-1])
    assert 1 <= len(blocks[-1]) <= 256
    assert {len(frame) for block in blocks for frame in block} == {260}


@given(st.binary(min_size=1, max_size=3000), st.randoms(use_true_random=False))
def test_a_block_is_put_together_from_frames_in_any_order(octets: bytes, chance) -> None:
    frames = ecm.blocks(octets)[0]
    block = ecm.Block()
    block.size = len(frames)
    mixed = frames * 2 + ecm.RCPS
    chance.shuffle(mixed)

    for frame in mixed:
        block.take(frame)

    assert block.missing() == frozenset()
    assert block.octets().startswith(octets)


def test_a_block_knows_what_it_misses() -> None:
    frames = ecm.blocks(bytes(1000))[0]
    block = ecm.Block()
    block.size = len(frames)
    block.take(frames[2])

    assert block.missing() == {0, 1, 3}
    assert block.wanted() == {0, 1, 3} | set(range(4, 256))


@pytest.mark.parametrize("octets", [b"", b"\xff", ecm.RCP, b"\xff\xc0\x60", b"\xff\xc8\x60\x00"])
def test_what_is_no_frame_of_data_is_left_out(octets: bytes) -> None:
    block = ecm.Block()
    block.size = 1

    block.take(octets)

    assert block.missing() == {0}


def test_a_frames_number_goes_first_bit_first() -> None:
    frames = ecm.blocks(bytes(256 * 3))[0]

    assert [frame[:4].hex() for frame in frames] == ["ffc06000", "ffc06080", "ffc06040"]
