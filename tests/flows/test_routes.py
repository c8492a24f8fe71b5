"""Several trunks through the flows: what the first has no line for, what it could not do, and one that is paused."""

import pytest

from gateway.domain.call import Cause, Phase
from gateway.domain.job import JobState
from gateway.domain.trunks import Mode, Route, TrunkState
from gateway.flows.transmit import Transmit, Trunk
from gateway.store import jobs, trunks
from tests.flows.faxes import ONE, two_pages
from tests.flows.stage import BUSY, DONE, Ending, ScriptedTransport, Stage

pytestmark = pytest.mark.slow  # seconds, together

FULL = Ending(Cause.REORDER, Phase.CALL_SETUP)
DEAF = Ending(Cause.CANNOT_TRAIN, Phase.PRE_MESSAGE)
ROUTES = (Route("main", 1, Mode.T38), Route("second", 1, Mode.T38), Route("sound", 1))


async def called(stage: Stage, *endings: Ending) -> list[str]:
    """One fax and a call for each ending; the trunks that they went by."""
    two_pages(stage, ONE)
    transport = ScriptedTransport(*endings, clock=stage.clock)
    flow = over_three(stage, transport)
    for _ in endings:
        stage.clock.skip_to(stage.jobs[0].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        assert await flow.next()
    return [attempt.trunk for attempt in stage.detail.attempts]


def over_three(stage: Stage, transport: ScriptedTransport) -> Transmit:
    flow = stage.transmit(transport)
    return Transmit(
        stage.db, stage.spool, stage.clock, [Trunk(route, transport) for route in ROUTES], flow.composer, flow.process,
        flow.journal, flow.chance,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("endings", "expected"),
    [
        ((DONE,), ["main"]),
        ((BUSY, DONE), ["main", "main"]),
        ((FULL, DONE), ["main", "second"]),
        ((FULL, FULL, FULL, DONE), ["main", "second", "sound", "main"]),
        ((DEAF, DONE), ["main", "sound"]),
        ((DEAF, BUSY, DEAF, DONE), ["main", "sound", "sound", "main"]),
    ],
)
async def test_the_next_call_goes_by_the_trunk_that_the_last_one_asks_for(
    stage: Stage, endings: tuple[Ending, ...], expected: list[str]
) -> None:
    assert await called(stage, *endings) == expected
    assert stage.jobs[0].state is JobState.SENT


async def test_a_paused_trunk_is_passed_over_and_with_all_paused_nobody_calls(stage: Stage) -> None:
    two_pages(stage, ONE)
    flow = over_three(stage, ScriptedTransport(BUSY, clock=stage.clock))
    trunks.register(stage.db, ROUTES)
    for route in ROUTES:
        trunks.set_state(stage.db, route.name, TrunkState.PAUSED)
    assert not await flow.next()

    trunks.set_state(stage.db, "second", TrunkState.OPEN)
    assert await flow.next()

    assert [attempt.trunk for attempt in stage.detail.attempts] == ["second"]
