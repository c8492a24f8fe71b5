"""Far ends say what they are to say, when they are to say it."""

import pytest

from gateway.fax.simulator.far_ends import FarEndPlan, Kind, ScriptedEnd, far_end
from gateway.fax.simulator.line import End
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
        Kind.SIT_NO_CIRCUIT,
        Kind.SIT_REORDER,
        Kind.SIT_INTERCEPT,
        Kind.SIT_VACANT,
        Kind.ANNOUNCEMENT,
        Kind.UNALLOCATED,
    ],
)
def test_a_call_that_is_not_put_through_says_why_and_nothing_else(kind: Kind) -> None:
    assert progress(FarEndPlan(kind)) == [kind.value]


def test_a_telephone_nobody_answers_rings_on() -> None:
    rings = progress(FarEndPlan(Kind.NO_ANSWER), 60_000)

    assert rings == ["ringing"] * 10


@pytest.mark.parametrize("rings", [1, 2, 5])
def test_a_person_lifts_after_the_rings_speaks_and_loses_patience(rings: int) -> None:
    said = progress(FarEndPlan(Kind.VOICE, rings=rings))

    assert said == ["ringing"] * rings + ["answered", "speech", "hang-up"]


def test_a_data_modem_answers_with_its_tone() -> None:
    assert progress(FarEndPlan(Kind.DATA_MODEM)) == ["ringing", "ringing", "answered", "data-modem"]


def test_silence_answers_and_says_nothing() -> None:
    assert progress(FarEndPlan(Kind.SILENCE)) == ["ringing", "ringing", "answered"]


@pytest.mark.parametrize("rings", [1, 3])
def test_a_fax_machine_rings_answers_and_identifies_itself(rings: int) -> None:
    said = heard(far_end(FarEndPlan(rings=rings, station_id="1"), refuse), 30_000)
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
