"""A look at the queue: what is counted in each state, since when it waits, and that finished faxes cost nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.alarms import Depth, Lease, QueueLook
from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, outbox, submissions
from gateway.store.database import Database
from gateway.store.gauges import look
from gateway.store.outbox import NewMail
from gateway.store.spool import Spool
from tests.claims import claim_render
from tests.filled_store import (
    NOW,
    TTL,
    WALL,
    anna,
    calling,
    end,
    killed,
    mail_to,
    no_mail,
    opened,
    process,
    ready,
    rendered,
)
from tests.store_states import came_in

MINUTE = timedelta(minutes=1)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("engine")]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        yield database


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    alive = process(db, tmp_path)
    yield alive.id
    killed(alive)


def seen(db: Database, later: timedelta = timedelta()) -> QueueLook:
    return look(db, NOW + later, WALL + later, {"trunk": 4})


def letter(kind: str = "delivery", name: str = "1") -> NewMail:
    return NewMail(kind, None, None, 0, "anna@acme.example", b"hello", f"<{name}@fax>")


def test_an_empty_store_has_its_trunk_and_nothing_else(db: Database) -> None:
    found = seen(db)

    assert set(found.jobs.values()) | set(found.submissions.values()) | set(found.outbox.values()) == {Depth()}
    assert [(trunk.name, trunk.lines, trunk.free, trunk.paused) for trunk in found.trunks] == [("trunk", 4, 4, False)]
    assert (found.dead, found.dead_lately, found.leases) == (0, 0, ())


def test_jobs_are_counted_by_state_since_they_were_due(db: Database, owner: int) -> None:
    user = anna(db)
    ready(db, owner, mail_to(user, "+12025550101", "+12025550102"))
    calling(db, owner, at=NOW + MINUTE)
    ready(db, owner, mail_to(user, "+12025550103", at=NOW + 2 * MINUTE))
    submissions.add(db, mail_to(user, "+12025550104", at=NOW + 3 * MINUTE))

    found = seen(db)

    assert {state: depth.count for state, depth in found.jobs.items()} == {
        "accepted": 1, "ready": 2, "calling": 1, "waiting": 0, "held": 0,
    }  # fmt: skip
    assert found.jobs["ready"].since == NOW
    assert found.jobs["calling"].since == NOW + MINUTE
    assert found.jobs["accepted"] == Depth(1, NOW + 3 * MINUTE)
    assert found.submissions["accepted"] == Depth(1, NOW + 3 * MINUTE)


def test_a_job_that_waits_is_due_at_its_time(db: Database, owner: int) -> None:
    ready(db, owner, mail_to(anna(db)))
    later = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW + 9 * MINUTE)
    calls.finish_call(db, calling(db, owner), later, NOW, no_mail)

    found = seen(db)

    assert found.jobs["waiting"] == Depth(1, NOW + 9 * MINUTE)
    assert found.jobs["waiting"].age(NOW + 10 * MINUTE) == MINUTE


def test_a_submission_that_is_rendered_is_told_from_one_that_waits(db: Database, owner: int) -> None:
    submissions.add(db, mail_to(anna(db)))
    claim = claim_render(db, owner, NOW)
    assert claim is not None

    assert seen(db).submissions == {"accepted": Depth(), "rendering": Depth(1, NOW)}
    submissions.finish_render(db, claim, rendered(claim), NOW, [])
    assert seen(db).submissions == {"accepted": Depth(), "rendering": Depth()}


def test_calls_take_lines_of_their_trunk(db: Database, owner: int) -> None:
    ready(db, owner, mail_to(anna(db), "+12025550101", "+12025550102"))
    calling(db, owner)
    calling(db, owner, at=NOW + MINUTE)

    [trunk] = seen(db).trunks

    assert (trunk.calls, trunk.free) == (Depth(2, NOW), trunk.lines - 2)


def test_mails_are_counted_until_they_are_sent_or_dead(db: Database, owner: int) -> None:
    for number in range(3):
        outbox.add(db, letter(name=str(number)), NOW + number * MINUTE)
    claim = outbox.claim_mail(db, owner, NOW)
    assert claim is not None

    assert seen(db).outbox == {"waiting": Depth(2, NOW + MINUTE), "sending": Depth(1, NOW)}
    outbox.mail_sent(db, claim, NOW, "250 ok")
    assert seen(db).outbox["sending"] == Depth()


def test_dead_letters_of_the_last_day_are_told_from_all_and_foreign_ones_are_left_out(db: Database) -> None:
    for number, (kind, age) in enumerate((("delivery", 1), ("delivery", 25), ("postmaster", 1), ("alarm", 1))):
        outbox.add(db, letter(kind, str(number)), NOW - timedelta(hours=age), dead="550 no")

    found = seen(db)

    assert (found.dead, found.dead_lately) == (4, 1)


def test_leases_are_told_with_their_ends(db: Database, owner: int) -> None:
    assert seen(db).leases == (Lease(owner, "here", WALL + TTL),)


def test_finished_faxes_are_neither_counted_nor_read(db: Database, owner: int) -> None:
    ready(db, owner, mail_to(anna(db)))
    calls.finish_call(db, calling(db, owner), end(JobEvent.CONFIRMED, Outcome.SUCCESS), NOW, no_mail)

    found = seen(db)

    assert {depth.count for depth in found.jobs.values()} == {0}
    assert jobs.unfinished(db) == {}
    assert replace(found, leases=(), trunks=()) == replace(seen(db), leases=(), trunks=())


@pytest.mark.parametrize("where", ["FROM job WHERE ended IS NULL GROUP BY state", "FROM outbox WHERE state = 'dead'"])
def test_counting_reads_an_index_of_what_has_not_ended(tmp_path: Path, where: str) -> None:
    with opened(tmp_path) as db:
        if db.dialect.name != "sqlite":
            pytest.skip("an empty PostgreSQL table is read as a whole, whatever its indexes")
        question = text(f"EXPLAIN QUERY PLAN SELECT count(*) {where}")
        plan = db.read(lambda session: [row[3] for row in session.execute(question)])

    assert " INDEX ix_" in plan[0]


def test_calls_that_come_in_are_counted_until_they_are_settled(db: Database, tmp_path: Path) -> None:
    user = anna(db)
    here = process(db, tmp_path)
    spool = Spool(tmp_path / "spool")
    for whole in (True, False):
        came_in(db, here.id, user, spool, whole=whole)

    assert look(db, NOW, WALL, {}).received == {"receiving": Depth(1, NOW)}
    killed(here)
