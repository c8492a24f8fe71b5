"""Leases: ours is renewed, heeded and lost; strays are let go; the dead are relieved of what they owned."""

from datetime import timedelta

import pytest

from gateway.domain.job import JobState
from gateway.domain.nodes import User
from gateway.flows.keep import Keep
from gateway.owed import Owed
from gateway.store import calls, outbox, processes, submissions, tree
from gateway.store.database import open_database
from gateway.store.handback import Owned
from gateway.store.outbox import MailState, NewMail
from tests.claims import claim_render
from tests.filled_store import NOW, TTL, WALL, calling, killed, mail_to, no_mail, process, ready
from tests.flows.letters import ANNA
from tests.flows.stage import Stage

LEASE = TTL.total_seconds()


@pytest.fixture
def user(stage: Stage) -> User:
    found = tree.user_by_address(stage.db, ANNA)
    assert found is not None
    return found


def states(stage: Stage) -> list[JobState]:
    return [job.state for job in stage.jobs]


# The dead.


async def test_the_work_of_a_process_that_died_is_taken_back_at_once(stage: Stage, user: User) -> None:
    other = process(stage.db, stage.folder)
    ready(stage.db, other.id, mail_to(user))
    calling(stage.db, other.id)
    killed(other)

    assert await stage.keep().relieve() is True

    assert states(stage) == [JobState.READY]
    assert not other.lock_path.exists()
    assert processes.alive(stage.db, WALL) == 1


async def test_what_the_dead_had_delivered_is_told(stage: Stage, user: User) -> None:
    other = process(stage.db, stage.folder)
    ready(stage.db, other.id, mail_to(user), pages=2)
    claim = calling(stage.db, other.id)
    calls.record_page(stage.db, claim, 1)
    killed(other)

    await stage.keep().relieve()

    assert states(stage) == [JobState.SENT]
    assert "was delivered" in stage.notices[0]["Subject"]


async def test_a_process_elsewhere_is_dead_when_its_lease_is_over(stage: Stage, user: User) -> None:
    other = process(stage.db, stage.folder / "elsewhere", host="elsewhere")
    ready(stage.db, other.id, mail_to(user))
    calling(stage.db, other.id)

    assert await stage.keep().relieve() is False
    before = states(stage)
    stage.wall = WALL + TTL
    assert await stage.keep().relieve() is True

    assert (before, states(stage)) == ([JobState.CALLING], [JobState.READY])
    killed(other)


async def test_after_the_time_was_set_leases_of_before_prove_nothing_for_a_while(stage: Stage, user: User) -> None:
    other = process(stage.db, stage.folder / "elsewhere", host="elsewhere")
    ready(stage.db, other.id, mail_to(user))
    calling(stage.db, other.id)
    keep = stage.keep()
    await keep.relieve()

    found = []
    for wall, elapsed in ((TTL * 100, 1), (timedelta(seconds=9), 9), (timedelta(seconds=2), 2)):
        stage.wall += wall
        stage.seconds += elapsed
        found.append(await keep.relieve())

    assert found == [False, False, True]
    killed(other)


# Our own lease.


async def test_a_lease_is_renewed(stage: Stage) -> None:
    keep = stage.keep()
    stage.wall, stage.seconds = WALL + TTL / 2, stage.seconds + LEASE / 2
    late = keep.lease.is_firm()

    assert await keep.beat() is False

    assert processes.alive(stage.db, WALL + TTL) == 1
    assert (late, keep.lease.is_firm()) == (False, True)
    assert stage.lost == []


async def test_a_process_that_was_given_up_hangs_up_and_ends_itself(stage: Stage) -> None:
    other = process(stage.db, stage.folder / "elsewhere", host="elsewhere")
    processes.reap(stage.db, other, WALL + TTL, NOW, no_mail)
    keep = stage.keep()

    await keep.beat()

    assert stage.lost == ["cut", "lost"]
    assert keep.lease.is_gone()
    killed(other)


@pytest.mark.parametrize(
    ("share", "firm", "lost"), [(0.49, True, []), (0.5, False, []), (0.69, False, []), (0.7, False, ["cut"])]
)
async def test_without_renewals_it_claims_nothing_more_then_hangs_up(
    stage: Stage, share: float, firm: bool, lost: list[str]
) -> None:
    keep = stage.keep()
    stage.seconds += share * LEASE

    await keep.heed()
    await keep.heed()  # once is enough

    assert (keep.lease.is_firm(), stage.lost) == (firm, lost)


async def test_a_lease_that_is_renewed_again_may_be_cut_again(stage: Stage) -> None:
    keep = stage.keep()
    for _ in range(2):
        stage.seconds += LEASE
        await keep.heed()
        await keep.beat()
        await keep.heed()

    assert stage.lost == ["cut", "cut"]


async def test_a_store_that_does_not_answer_is_asked_again_at_the_next_beat(stage: Stage) -> None:
    keep = stage.keep()
    away = open_database(f"sqlite:///{stage.folder / 'empty.sqlite'}?timeout=0")
    (stage.folder / "empty.sqlite").unlink()
    (stage.folder / "empty.sqlite").mkdir()
    keep.lease.db = away

    assert await keep.beat() is False

    assert stage.lost == []
    away.close()


# Strays.


async def beats(keep: Keep, count: int) -> list[bool]:
    return [await keep.beat() for _ in range(count)]


async def test_a_call_that_nobody_has_in_hand_is_let_go_at_the_second_beat(stage: Stage, user: User) -> None:
    ready(stage.db, stage.process.id, mail_to(user))
    calling(stage.db, stage.process.id)

    assert await beats(stage.keep(), 3) == [False, True, False]

    assert states(stage) == [JobState.READY]


async def test_a_call_in_hand_is_ours(stage: Stage, user: User) -> None:
    ready(stage.db, stage.process.id, mail_to(user))
    job = calling(stage.db, stage.process.id).job
    owed = Owed()

    with owed.having(Owned("job", job.id, job.fence)):
        assert await beats(stage.keep(owed), 3) == [False, False, False]

    assert states(stage) == [JobState.CALLING]


async def test_a_call_of_the_same_job_that_is_not_in_hand_yet_is_not_the_former_one(stage: Stage, user: User) -> None:
    ready(stage.db, stage.process.id, mail_to(user))
    first = calling(stage.db, stage.process.id)
    keep = stage.keep()
    await keep.beat()
    calls.give_back(stage.db, first, NOW, no_mail)
    calling(stage.db, stage.process.id)

    assert await keep.beat() is False

    assert states(stage) == [JobState.CALLING]


async def test_renders_and_mails_are_let_go_too(stage: Stage, user: User) -> None:
    submissions.add(stage.db, mail_to(user))
    claim_render(stage.db, stage.process.id, NOW)
    outbox.add(stage.db, NewMail("x", None, None, 0, ANNA, b"x", "<1@fax>"), NOW)
    outbox.claim_mail(stage.db, stage.process.id, NOW)

    await beats(stage.keep(), 2)

    assert claim_render(stage.db, stage.process.id, NOW) is not None
    assert [mail.state for mail in outbox.listing(stage.db)] == [MailState.WAITING]


async def test_what_is_another_process_s_is_no_stray_of_ours(stage: Stage, user: User) -> None:
    other = process(stage.db, stage.folder / "elsewhere", host="elsewhere")
    ready(stage.db, other.id, mail_to(user))
    calling(stage.db, other.id)

    assert await beats(stage.keep(), 3) == [False, False, False]

    assert states(stage) == [JobState.CALLING]
    killed(other)
