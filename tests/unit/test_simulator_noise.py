"""Noise and outages on a line: as much as was asked for, and the same for the same seed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.line import Side
from gateway.fax.simulator.noise import FRAILTY, Noise, NoisyLine
from gateway.fax.simulator.outages import CarrierDrops, FrameLoss, HangUp
from gateway.fax.simulator.plans import LinePlan
from gateway.fax.t30.frames import Fcf, Frame
from gateway.fax.t30.signals import (
    CallProgress,
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Progress,
    Tone,
    ToneKind,
    Training,
)

FAST, SLOW = Modulation.V17_14400, Modulation.V27_2400
PIECE = ImageOctets(bytes(450), FAST)  # 250 ms
FRAME = HdlcFrame(bytes(259), FAST)  # 150 ms
MCF = HdlcFrame(Frame(Fcf.MCF).encode())
CALLER = Side.CALLER


def wrong_bits(signal: LineSignal) -> int:
    assert isinstance(signal, ImageOctets)
    return int.from_bytes(signal.octets, "big").bit_count()


def pieces(noise: Noise, seed: int = 1, count: int = 400) -> list[int]:
    """The wrong bits of pieces of zeros that follow one another."""
    line = NoisyLine(noise, Random(seed))
    return [wrong_bits(line(CALLER, PIECE, 250 * (place + 1))[0]) for place in range(count)]


@pytest.mark.parametrize("rate", [1e-5, 1e-3, 0.05, 0.5])
def test_as_many_bits_are_wrong_as_the_rate_says(rate: float) -> None:
    expected = rate * 400 * 3600

    assert sum(pieces(Noise(rate))) == pytest.approx(expected, abs=6 * expected**0.5)


def test_slower_modems_have_fewer_wrong_bits() -> None:
    def wrong(modulation: Modulation) -> int:
        line = NoisyLine(Noise(0.01), Random(1))
        return wrong_bits(line(CALLER, ImageOctets(bytes(100_000), modulation), 400_000)[0])

    by_frailty = sorted(FRAILTY, key=lambda modulation: FRAILTY[modulation], reverse=True)
    counted = [wrong(modulation) for modulation in by_frailty]

    assert set(FRAILTY) == set(Modulation)
    assert counted == sorted(counted, reverse=True)


def test_a_frame_is_spoiled_as_often_as_one_of_its_bits_is_hit() -> None:
    line = NoisyLine(Noise(2e-4), Random(1))

    arrived = [line(CALLER, FRAME, 150 * place)[0] for place in range(2_000)]

    good = sum(isinstance(signal, HdlcFrame) and signal.good for signal in arrived)
    assert good / 2_000 == pytest.approx((1 - 2e-4) ** 2_159, abs=0.04)
    assert {signal.octets for signal in arrived if isinstance(signal, HdlcFrame)} == {FRAME.octets}


def test_bursts_come_as_often_and_last_as_long_as_they_should() -> None:
    noise = Noise(burst_gap_ms=2_000, burst_ms=100, burst_error_rate=0.5)

    wrong = pieces(noise, count=4_000)  # 1000 s, of which a twenty-first is noise

    assert sum(wrong) == pytest.approx(1_000_000 / 21 * 14.4 * 0.5, rel=0.25)
    assert sum(count == 0 for count in wrong) > 3_000


def test_one_burst_hits_both_ways_at_once() -> None:
    line = NoisyLine(Noise(burst_gap_ms=2_000, burst_ms=100, burst_error_rate=0.5), Random(1))
    moments = range(250, 100_000, 250)

    hit = [[wrong_bits(line(side, PIECE, at)[0]) > 0 for side in Side] for at in moments]

    assert any(there for there, _ in hit)
    assert sum(there != back for there, back in hit) < len(hit) / 50


@pytest.mark.parametrize("signal", [Flags(), Training(FAST), CarrierEnd(FAST), Tone(ToneKind.CED)])
def test_what_has_no_bits_is_left_alone(signal: LineSignal) -> None:
    assert NoisyLine(Noise(0.5), Random(1))(CALLER, signal, 1_000) == (signal,)


@given(st.integers(0, 99), st.floats(0, 1), st.integers(0, 300), st.integers(0, 60_000))
def test_noise_changes_bits_never_lengths(seed: int, rate: float, octets: int, at_ms: int) -> None:
    line = NoisyLine(Noise(rate, 500, 50, rate), Random(seed))

    [arrived] = line(CALLER, ImageOctets(bytes(octets), FAST), at_ms)

    assert isinstance(arrived, ImageOctets)
    assert len(arrived.octets) == octets


def test_the_same_seed_makes_the_same_noise_and_another_seed_another() -> None:
    noise = Noise(1e-3, 1_000, 50, 0.2)

    assert pieces(noise, seed=1) == pieces(noise, seed=1)
    assert pieces(noise, seed=1) != pieces(noise, seed=2)


def test_as_many_frames_are_lost_as_the_share_says() -> None:
    line = FrameLoss(0.25, Random(1))

    arrived = sum(len(line(CALLER, MCF, 0)) for _ in range(2_000))

    assert arrived == pytest.approx(1_500, abs=100)
    assert line(CALLER, Flags(), 0) == (Flags(),)


def burst(line: CarrierDrops, side: Side = CALLER, start: int = 0) -> list[LineSignal]:
    """What arrives of a burst of 100 frames, 150 ms each."""
    sent: list[LineSignal] = [Training(FAST), *[FRAME] * 100, CarrierEnd(FAST)]
    return [each for place, signal in enumerate(sent) for each in line(side, signal, start + 150 * place)]


def test_a_dropped_carrier_ends_early_and_the_rest_of_its_burst_is_lost() -> None:
    line = CarrierDrops(3_000, Random(3))

    arrived = burst(line)

    assert 3 < len(arrived) < 102
    assert (arrived[0], arrived[-1]) == (Training(FAST), CarrierEnd(FAST))
    assert set(arrived[1:-1]) == {FRAME}


def test_the_next_carrier_is_another() -> None:
    line = CarrierDrops(3_000, Random(3))

    lengths = [len(burst(line, start=20_000 * place)) for place in range(50)]

    assert len(set(lengths)) > 10


def test_a_carrier_that_drops_between_frames_of_v21_takes_them_along() -> None:
    line = CarrierDrops(1, Random(1))

    arrived = [
        line(CALLER, signal, at) for at, signal in ((0, Flags()), (1_500, MCF), (1_900, MCF), (1_901, CarrierEnd()))
    ]

    assert arrived == [(Flags(),), (CarrierEnd(),), (), ()]


@pytest.mark.parametrize("signal", [CallProgress(Progress.RINGING), Tone(ToneKind.CNG)])
def test_calls_and_tones_do_not_drop(signal: LineSignal) -> None:
    assert CarrierDrops(1, Random(1))(CALLER, signal, 9_999) == (signal,)


def test_the_line_goes_dead_at_its_moment() -> None:
    line = HangUp(5_000)

    assert line(CALLER, MCF, 4_999) == (MCF,)
    assert line(Side.FAR_END, MCF, 5_000) is None


def test_a_plan_puts_on_the_line_what_it_names_and_nothing_else() -> None:
    plan = LinePlan(frame_loss=0.1, drop_gap_ms=1, hang_up_at_ms=1, noise=Noise(1e-3))

    assert LinePlan().disturbances(Random(1)) == []
    kinds = [type(made) for made in plan.disturbances(Random(1))]
    assert kinds == [NoisyLine, FrameLoss, CarrierDrops, HangUp]


def test_the_grades_grow_worse() -> None:
    lines = Exchange.load().scenario.lines
    rates = [lines[name].noise.bit_error_rate for name in ("clean", "fair", "poor", "bad", "hopeless")]

    assert rates == sorted(set(rates))
