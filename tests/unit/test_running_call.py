"""A call that runs, as its owner follows it: what is told to the store when, and when the engine must hang up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.errors import LostClaimError
from gateway.domain.nodes import User
from gateway.fax.transport import CallOrder
from gateway.running_call import RunningCall, RunningCalls, ticks
from gateway.store import calls, jobs, processes
from gateway.store.calls import CallClaim
from gateway.store.database import Database, open_database
from tests.filled_store import NOW, WALL, calling, killed, mail_to, no_mail, process, ready


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    alive = process(db, tmp_path)
    yield alive
    killed(alive)


@pytest.fixture
def claim(db: Database, user: User, owner: processes.Process) -> CallClaim:
    """A fax of three pages in its call."""
    ready(db, owner.id, mail_to(user))
    return calling(db, owner.id)


def running(
    db: Database,
    claim: CallClaim,
    leading: int = 0,
    hang_up: Callable[[], bool] = lambda: False,
    news: Callable[[], int] = ticks,
) -> RunningCall:
    order = CallOrder(claim.attempt.call_uid, "+12025550101", Path("fax.tif"), leading=leading)
    return RunningCall(db, claim, order, hang_up, news)


def report(cause: Cause, pages: int) -> CallReport:
    return CallReport("c1", NOW, NOW + timedelta(minutes=1), cause, Phase.RELEASE, pages)


def pages_sent(db: Database, claim: CallClaim) -> int:
    return jobs.job(db, claim.job.public_id).pages_sent


def test_pages_cost_no_commit_until_they_are_noted(db: Database, claim: CallClaim) -> None:
    call = running(db, claim)
    before = db.tally.commits

    for index in (0, 1):
        call.watch().page_confirmed(index)
    assert (db.tally.commits - before, pages_sent(db, claim)) == (0, 0)

    call.note()
    call.note()
    assert (db.tally.commits - before, pages_sent(db, claim)) == (1, 2)


def test_the_last_page_takes_one_commit_that_tells_of_the_pages_before(db: Database, claim: CallClaim) -> None:
    call = running(db, claim)
    for index in (0, 1):
        call.watch().page_confirmed(index)
    before = db.tally.commits

    call.watch().last_page_sent()

    assert (db.tally.commits - before, pages_sent(db, claim)) == (1, 2)
    assert jobs.detail(db, claim.job.public_id).attempts[0].last_page_sent


def test_a_page_that_goes_before_is_not_counted(db: Database, claim: CallClaim) -> None:
    call = running(db, claim, leading=1)

    call.watch().page_confirmed(0)
    call.note()
    assert pages_sent(db, claim) == 0

    call.watch().page_confirmed(1)
    call.note()
    assert pages_sent(db, claim) == 1
    assert call.ended(report(Cause.LINE_DROPPED, 2)).pages_confirmed == 1
    assert call.ended(report(Cause.LINE_DROPPED, 0)).pages_confirmed == 0


def test_a_cancel_keeps_the_last_page_back_and_is_why_the_call_ended(db: Database, claim: CallClaim) -> None:
    call = running(db, claim)
    jobs.cancel(db, claim.job.public_id, NOW, no_mail)

    with pytest.raises(LostClaimError, match="cancelled"):
        call.watch().last_page_sent()

    assert call.ended(report(Cause.LOCAL_ERROR, 2)).cause is Cause.CANCELLED
    assert not jobs.detail(db, claim.job.public_id).attempts[0].last_page_sent


def test_a_cancel_that_was_seen_on_the_way_hangs_up(db: Database, claim: CallClaim) -> None:
    jobs.cancel(db, claim.job.public_id, NOW, no_mail)

    assert running(db, claim).watch().cancelled()


def test_a_fault_that_is_no_cancel_stays_a_fault(db: Database, claim: CallClaim) -> None:
    assert running(db, claim).ended(report(Cause.LOCAL_ERROR, 2)).cause is Cause.LOCAL_ERROR


def test_who_must_hang_up_does_and_never_ends_the_last_page(db: Database, claim: CallClaim) -> None:
    call = running(db, claim, hang_up=lambda: True)

    assert call.watch().cancelled()
    with pytest.raises(LostClaimError):
        call.watch().last_page_sent()


def test_a_claim_that_was_taken_away_is_noticed_at_the_last_page_and_notes_nothing(
    db: Database, claim: CallClaim, owner: processes.Process, tmp_path: Path
) -> None:
    call = running(db, claim)
    call.watch().page_confirmed(0)
    heir = process(db, tmp_path)
    processes.reap(db, heir, WALL + replace(owner).ttl, NOW, no_mail)

    call.note()
    with pytest.raises(LostClaimError):
        call.watch().last_page_sent()

    assert pages_sent(db, claim) == 0
    killed(heir)


def test_all_calls_are_noted_but_not_at_every_look(db: Database, claim: CallClaim) -> None:
    every = RunningCalls()
    call = every.add("c1", running(db, claim))
    call.watch().page_confirmed(0)
    every.note()
    call.watch().page_confirmed(1)
    every.note()

    assert pages_sent(db, claim) == 1


def test_calls_that_are_over_are_noted_no_more(db: Database, claim: CallClaim) -> None:
    every = RunningCalls()
    every.add("c1", running(db, claim)).watch().page_confirmed(0)
    every.remove("c1")

    every.note()

    assert pages_sent(db, claim) == 0
    assert calls.settled_calls(db, [claim.attempt.call_uid]) == []


def test_the_store_is_looked_at_for_a_cancel_when_there_is_news(db: Database, claim: CallClaim) -> None:
    news = [1]
    watch = running(db, claim, news=lambda: news[0]).watch()
    asked = [watch.cancelled()]
    jobs.cancel(db, claim.job.public_id, NOW, no_mail)

    asked.append(watch.cancelled())
    news[0] = 2
    asked.append(watch.cancelled())

    assert asked == [False, False, True]


def test_a_store_that_does_not_answer_hangs_up_no_call(claim: CallClaim, tmp_path: Path) -> None:
    away = open_database(f"sqlite:///{tmp_path / 'away.sqlite'}?timeout=0")
    (tmp_path / "away.sqlite").unlink()
    (tmp_path / "away.sqlite").mkdir()

    assert not running(away, claim).watch().cancelled()

    away.close()
