"""What was claimed for workers that never came: it is given back, and nothing counts against it."""

from dataclasses import replace

from gateway.domain.job import JobState
from gateway.flows.transmit import Transmit
from gateway.gate import Gate
from gateway.owed import Owed
from gateway.store.handback import Owned
from tests.flows.faxes import scripted, two_pages
from tests.flows.letters import mail
from tests.flows.stage import DONE, Stage

NUMBERS = ("+12025550101", "+12025550102", "+12025550103")


def for_two(stage: Stage, owed: Owed) -> Transmit:
    """The flow of a process in which another worker rests."""
    gate = Gate(lambda: 1, stale=60, resting=lambda: 1)
    return replace(stage.transmit(scripted(stage, DONE, DONE)), gate=gate, owed=owed)


async def test_calls_that_nobody_begins_go_back_with_their_lines(stage: Stage) -> None:
    two_pages(stage, *NUMBERS)
    owed = Owed()
    transmit = for_two(stage, owed)

    assert await transmit.next()
    claimed = sorted(job.state for job in stage.jobs)
    [left] = [job for job in stage.jobs if job.state is JobState.CALLING]
    assert owed.in_hand == {Owned("job", left.id, left.fence)}
    transmit.return_left()

    assert claimed == [JobState.CALLING, JobState.READY, JobState.SENT]
    states = sorted((job.state, job.dials, job.tries) for job in stage.jobs)
    assert states == [(JobState.READY, 0, 0), (JobState.READY, 1, 0), (JobState.SENT, 1, 1)]


async def test_what_went_back_is_called_later(stage: Stage) -> None:
    two_pages(stage, *NUMBERS)
    transmit = for_two(stage, Owed())
    await transmit.next()
    transmit.return_left()
    later = stage.transmit(scripted(stage, DONE, DONE))

    while await later.next():
        pass

    assert [job.state for job in stage.jobs] == [JobState.SENT] * 3


async def test_renders_that_nobody_begins_go_back(stage: Stage) -> None:
    for number in range(2):
        await stage.submit(mail(f"letter {number}"))
    prepare = replace(stage.prepare(), gate=Gate(lambda: 1, stale=60, resting=lambda: 1))

    await prepare.next()
    prepare.return_left()

    assert sorted(job.state for job in stage.jobs) == [JobState.ACCEPTED, JobState.READY]
    assert await stage.prepare().next()
    assert [job.state for job in stage.jobs] == [JobState.READY] * 2


async def test_who_must_let_go_gives_back_what_nobody_has_begun(stage: Stage) -> None:
    given: list[str] = []
    keep = stage.keep()
    keep.return_left = lambda: given.append("back")

    await keep.heed()
    stage.seconds += 60
    await keep.heed()
    await keep.heed()

    assert given == ["back"]
