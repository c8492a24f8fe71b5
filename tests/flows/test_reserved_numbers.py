"""What a fax to each reserved number comes to in the end, after all its calls: what README promises of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.outcome import Outcome
from gateway.fax.simulator.reserved import RESERVED
from tests.flows.letters import mail, pdf
from tests.flows.stage import Stage, staged

README = Path(__file__).parents[2] / "README.md"
ENDINGS = {
    "+12025550101": Outcome.BUSY,
    "+12025550103": Outcome.NO_ANSWER,
    "+12025550104": Outcome.VOICE_ANSWER,
    "+12025550105": Outcome.FAST_BUSY,
    "+12025550106": Outcome.SIT_TONE,
    "+12025550107": Outcome.NOT_A_FAX,
    "+12025550110": Outcome.UNCONFIRMED,
    "+12025550111": Outcome.NEGOTIATION_FAILED,
    "+12025550112": Outcome.NOT_A_FAX,
    "+12025550113": Outcome.SIT_TONE,
    "+12025550114": Outcome.SIT_TONE,
    "+12025550115": Outcome.INVALID_NUMBER,
    "+12025550117": Outcome.NOT_A_FAX,
}

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("number", RESERVED)
def test_every_reserved_number_comes_to_its_end(stage: Stage, number: str) -> None:
    assert final(stage, number)[-1] is ENDINGS.get(number, Outcome.SUCCESS)


@pytest.mark.parametrize(
    ("number", "met"),
    [("+12025550118", Outcome.ECM_RETRANSMIT), ("+12025550109", Outcome.TRANSMISSION_FAILED)],
)
def test_some_have_failing_calls_before_the_fax_is_delivered(stage: Stage, number: str, met: Outcome) -> None:
    outcomes = final(stage, number)

    assert met in outcomes[:-1]
    assert outcomes[-1] is Outcome.SUCCESS


def test_the_first_ten_outcomes_of_the_readme_are_those_that_have_a_number() -> None:
    table = README.read_text(encoding="utf-8").split("| outcome | what it means |")[1].split("\n\n")[0]
    listed = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    numbered = set(ENDINGS.values()) | {Outcome.SUCCESS}

    assert {Outcome.SUCCESS.value, *listed[:10]} == {outcome.value for outcome in numbered}
