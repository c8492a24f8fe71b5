"""What a fax to each reserved number comes to in the end, after all its calls: what the scenario files promise."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.outcome import Outcome
from gateway.fax.simulator.exchange import Exchange, Listed
from tests.flows.letters import mail, pdf
from tests.flows.stage import Stage, staged

README = Path(__file__).parents[2] / "README.md"
RESERVED = [listed for listed in Exchange.load().listing() if listed.number.startswith("+120255501")]
# Those that no call can produce: the mail, its sender or a command brings them about.
WITHOUT_A_NUMBER = {
    Outcome.CANCELLED,
    Outcome.INVALID_ATTACHMENT,
    Outcome.NO_ATTACHMENT,
    Outcome.UNAUTHORIZED,
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


def final(stage: Stage, number: str) -> list[Outcome]:
    """The outcomes of all calls for a fax of two pages, the final one last."""
    asyncio.run(stage.rendered(mail("", attachments=[pdf(2)]), number))
    transmit = stage.transmit(stage.simulator())
    while stage.jobs[0].ended is None:
        stage.clock.skip_to(stage.jobs[0].not_before)
        asyncio.run(stage.tend().next())
        assert asyncio.run(transmit.next())
    calls = [attempt.outcome for attempt in stage.detail.attempts]
    assert stage.jobs[0].outcome is calls[-1]
    return [outcome for outcome in calls if outcome]


def test_only_the_number_of_the_bad_line_promises_nothing() -> None:
    assert [listed.far_end for listed in RESERVED if not listed.outcome] == ["bad_line"]


@pytest.mark.slow
@pytest.mark.parametrize("listed", RESERVED, ids=lambda listed: listed.number)
def test_every_reserved_number_comes_to_its_end(stage: Stage, listed: Listed) -> None:
    outcomes = final(stage, listed.number)

    assert outcomes[-1].value == (listed.outcome or outcomes[-1].value), outcomes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "met"),
    [("+12025550118", Outcome.ECM_RETRANSMIT), ("+12025550109", Outcome.TRANSMISSION_FAILED)],
)
def test_some_have_failing_calls_before_the_fax_is_delivered(stage: Stage, number: str, met: Outcome) -> None:
    outcomes = final(stage, number)

    assert met in outcomes[:-1]
    assert outcomes[-1] is Outcome.SUCCESS


def test_every_outcome_that_a_call_can_have_has_a_number() -> None:
    numbered = {Outcome(listed.outcome) for listed in RESERVED if listed.outcome}

    assert set(Outcome) - numbered == WITHOUT_A_NUMBER
