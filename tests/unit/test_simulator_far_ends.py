"""Far ends say what they are to say, when they are to say it."""

import pytest

from gateway.fax.simulator.far_ends import ScriptedEnd, TrunkFaultError, far_end
from gateway.fax.simulator.line import End
from gateway.fax.simulator.plans import FarEndPlan, Kind, LinePlan
from gateway.fax.t30.options import TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CallProgress, Flags, HdlcFrame, LineSignal, Progress, Tone, ToneKind

HANG_UP = CallProgress(Progress.HANG_UP)


def refuse(page: ReceivedPage) -> None:
    raise AssertionError(f"page {page.number} was not sent")


def heard(end: End, milliseconds: int) -> list[tuple[int, LineSignal]]:
    """What an end says of itself, second by second."""
    return [(second, signal) for second in range(milliseconds // 1000) for signal in end.advance(1000)]


def progress(plan: FarEndPlan, milliseconds: int = 70_000) -> list[str]:
    said = heard(far_end(plan, refuse), milliseconds)
    return [signal.kind.value for _, signal in said if isinstance(signal, CallProgress)]


@pytest.mark.parametrize(
    "kind",
    [
        Kind.BUSY,
        Kind.REORDER,
        Kind.ANNOUNCEMENT,
        Kind.UNALLOCATED,
    ],
)
def test_a_call_that_is_not_put_through_says_why_and_nothing_else(kind: Kind) -> None:
    assert progress(FarEndPlan(kind)) == [kind.value]


@pytest.mark.parametrize("kind", [Kind.SIT_NO_CIRCUIT, Kind.SIT_REORDER, Kind.SIT_INTERCEPT, Kind.SIT_VACANT])
def test_special_tones_are_followed_by_an_announcement_and_the_end(kind: Kind) -> None:
    assert progress(FarEndPlan(kind)) == [kind.value, "announcement", "hang-up"]


def test_a_trunk_that_is_out_of_order_says_so_when_the_number_is_dialled() -> None:
    end = far_end(FarEndPlan(Kind.TRUNK_FAULT), refuse)

    assert end.wake_in == LinePlan().dial_ms
    assert end.advance(end.wake_in - 1) == []
    with pytest.raises(TrunkFaultError, match="out of order"):
        end.advance(1)


def test_the_line_says_how_long_it_takes_to_ring_and_how() -> None:
    line = LinePlan(dial_ms=1_000, post_dial_ms=9_000, ring_ms=1_000, ring_gap_ms=2_000)

    said = heard(far_end(FarEndPlan(Kind.SILENCE, line=line, rings=3), refuse), 40_000)

    assert [second for second, _ in said] == [9, 12, 15, 17]


def test_a_telephone_nobody_answers_rings_on() -> None:
    rings = progress(FarEndPlan(Kind.NO_ANSWER), 60_000)

    assert rings == ["ringing"] * 10


@pytest.mark.parametrize("rings", [1, 2, 5])
def test_a_person_lifts_after_the_rings_speaks_and_loses_patience(rings: int) -> None:
    said = progress(FarEndPlan(Kind.VOICE, rings=rings))

    assert said == ["ringing"] * rings + ["answered", "speech", "hang-up"]


def test_a_voice_mailbox_greets_beeps_and_hangs_up() -> None:
    assert progress(FarEndPlan(Kind.VOICEMAIL, rings=1)) == ["ringing", "answered", "speech", "speech", "hang-up"]


def test_a_person_speaks_before_the_machine_is_started() -> None:
    said = heard(far_end(FarEndPlan(rings=1, speech_ms=5_000), refuse), 30_000)
    kinds = [(second, signal.kind.value) for second, signal in said if isinstance(signal, CallProgress | Tone)]

    assert [kind for _, kind in kinds] == ["ringing", "answered", "speech", "CED"]
    assert kinds[3][0] - kinds[1][0] in (5, 6)  # CED begins 0.2 s after


def test_a_data_modem_answers_with_its_tone() -> None:
    assert progress(FarEndPlan(Kind.DATA_MODEM)) == ["ringing", "ringing", "answered", "data-modem"]


def test_silence_answers_and_says_nothing() -> None:
    assert progress(FarEndPlan(Kind.SILENCE)) == ["ringing", "ringing", "answered"]


@pytest.mark.parametrize("rings", [1, 3])
def test_a_fax_machine_rings_answers_and_identifies_itself(rings: int) -> None:
    said = heard(far_end(FarEndPlan(rings=rings, options=TerminalOptions(station_id="1")), refuse), 30_000)
    signals = [signal for _, signal in said]

    assert [signal for signal in signals if isinstance(signal, CallProgress)] == [
        *[CallProgress(Progress.RINGING)] * rings,
        CallProgress(Progress.ANSWERED),
    ]
    assert Tone(ToneKind.CED) in signals
    assert signals.index(Flags()) > signals.index(Tone(ToneKind.CED))
    assert [signal.octets[2] for signal in signals if isinstance(signal, HdlcFrame)][:2] == [0x02, 0x01]


def test_a_fax_machine_leaves_when_the_caller_gives_up_before_it_answers() -> None:
    machine = far_end(FarEndPlan(rings=9), refuse)
    machine.advance(5_000)

    machine.deliver(HANG_UP)

    assert machine.done
    assert machine.advance(60_000) == []


@pytest.mark.parametrize("kind", [Kind.BUSY, Kind.VOICE, Kind.NO_ANSWER, Kind.SILENCE])
def test_every_far_end_leaves_with_the_caller(kind: Kind) -> None:
    end = far_end(FarEndPlan(kind), refuse)
    end.advance(1_000)

    end.deliver(Flags())
    assert not end.done
    end.deliver(HANG_UP)

    assert end.done
    assert end.wake_in is None


def test_a_script_tells_when_it_speaks_next() -> None:
    end = ScriptedEnd([(100, Progress.RINGING), (300, Progress.BUSY)])

    waits = [end.wake_in]
    end.advance(100)
    waits.append(end.wake_in)
    end.advance(200)
    waits.append(end.wake_in)

    assert waits == [100, 200, None]
