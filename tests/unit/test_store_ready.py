"""Which job is called next: priorities, turns of users, numbers that are busy, and trunks that have lines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.domain.job import JobEvent
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.trunks import Route
from gateway.store import calls, ready
from gateway.store.by_hand import Cursor
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from tests.bench.many_faxes import BEGAN, Faxes
from tests.filled_store import NOW, anna, end, mail_to, no_mail, owning
from tests.filled_store import ready as make_ready

ROUTES = (Route("trunk", 1000),)
BUSY = "+12025550100"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def ben(db: Database, user: User) -> User:
    assert user.id
    return anna(db, "ben@acme.example")


def numbers(first: int, count: int) -> list[str]:
    return [f"+1202555{first + place:04}" for place in range(count)]


def claimed(db: Database, owner: int, most: int) -> list[CallClaim]:
    return calls.claim_calls(db, owner, ROUTES, NOW, most)


def users_of(claims: list[CallClaim]) -> list[int]:
    return [claim.job.user_id for claim in claims]


def test_users_take_turns_however_much_one_of_them_sent(db: Database, user: User, ben: User, owner: int) -> None:
    make_ready(db, owner, mail_to(user, *numbers(100, 20)))
    make_ready(db, owner, mail_to(ben, *numbers(200, 2), at=NOW + MINUTE))

    claims = claimed(db, owner, 6)

    assert users_of(claims) == [user.id, ben.id, user.id, ben.id, user.id, user.id]


def test_turns_go_on_where_the_last_claim_left_them(db: Database, user: User, ben: User, owner: int) -> None:
    make_ready(db, owner, mail_to(user, *numbers(100, 3)))
    make_ready(db, owner, mail_to(ben, *numbers(200, 3)))

    claims = [claim for _ in range(4) for claim in claimed(db, owner, 1)]

    assert users_of(claims) == [user.id, ben.id, user.id, ben.id]


def test_a_turn_in_one_priority_is_none_in_another(db: Database, user: User, ben: User, owner: int) -> None:
    make_ready(db, owner, mail_to(user, *numbers(100, 2), priority=5))
    make_ready(db, owner, mail_to(ben, *numbers(200, 2), priority=5))
    first = claimed(db, owner, 1)
    make_ready(db, owner, mail_to(ben, *numbers(300, 1), priority=1))

    claims = claimed(db, owner, 3)

    assert users_of(first) == [user.id]
    assert users_of(claims) == [ben.id, ben.id, user.id]


def test_what_one_user_sent_goes_by_time(db: Database, user: User, owner: int) -> None:
    for number, minutes in zip(numbers(100, 3), (2, 0, 1), strict=True):
        make_ready(db, owner, mail_to(user, number, at=NOW + minutes * MINUTE))

    claims = claimed(db, owner, 3)

    assert [claim.job.destination.number[-1] for claim in claims] == ["1", "2", "0"]


def test_a_user_whose_numbers_are_all_busy_loses_no_turn_of_others(
    db: Database, user: User, ben: User, owner: int
) -> None:
    make_ready(db, owner, mail_to(user, BUSY))
    claimed(db, owner, 1)
    for _ in range(3):
        make_ready(db, owner, mail_to(user, BUSY))
    make_ready(db, owner, mail_to(ben, *numbers(200, 2)))

    assert users_of(claimed(db, owner, 5)) == [ben.id, ben.id]


@pytest.mark.parametrize("behind", [ready.PAGE - 1, ready.PAGE, ready.PAGE * ready.MOST_USERS * 2])
def test_a_free_number_is_found_behind_any_backlog_of_a_busy_one(db: Database, owner: int, behind: int) -> None:
    faxes = Faxes(db, 12)
    faxes.ready(behind + 1, number=BUSY)
    faxes.ready(2)
    first = claimed(db, owner, 1)

    then = claimed(db, owner, 5)

    assert [claim.job.destination.number for claim in first] == [BUSY]
    assert len(then) == 2
    assert BUSY not in {claim.job.destination.number for claim in then}


def test_numbers_behind_a_backlog_take_turns_too(db: Database, owner: int) -> None:
    """Or the last of them would wait for all that comes in for the others."""
    faxes = Faxes(db, 1)
    faxes.ready(1 + ready.PAGE, user=1, number=BUSY)
    for number in numbers(200, 3) * 2:
        faxes.ready(1, user=1, number=number)
    claimed(db, owner, 1)

    found = []
    for _ in range(4):
        [claim] = claimed(db, owner, 1)
        found.append(claim.job.destination.number)
        calls.finish_call(db, claim, end(JobEvent.CONFIRMED, Outcome.SUCCESS), NOW, no_mail)

    assert found == [*numbers(200, 3), numbers(200, 1)[0]]


def test_others_for_a_number_that_was_busy_wait_until_it_is_called_again(db: Database, user: User, owner: int) -> None:
    for _ in range(2):
        make_ready(db, owner, mail_to(user, BUSY))
    [claim] = claimed(db, owner, 5)
    busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW + 3 * MINUTE)
    calls.finish_call(db, claim, busy, NOW + MINUTE, no_mail)

    assert claimed(db, owner, 5) == []


def test_a_claim_takes_as_many_as_are_asked_for_and_no_more_than_there_are_lines(db: Database, owner: int) -> None:
    Faxes(db, 3).ready(20)

    two = calls.claim_calls(db, owner, (Route("trunk", 5),), BEGAN, 2)
    three = calls.claim_calls(db, owner, (Route("trunk", 5),), BEGAN, 20)

    assert [claim.line for claim in (*two, *three)] == [1, 2, 3, 4, 5]
    assert calls.claim_calls(db, owner, (Route("trunk", 5),), BEGAN) == []


def test_the_second_trunk_takes_what_the_first_has_no_line_for(db: Database, owner: int) -> None:
    Faxes(db, 3).ready(5)

    claims = calls.claim_calls(db, owner, (Route("first", 2), Route("second", 2)), BEGAN, 9)

    assert [(claim.attempt.trunk, claim.line) for claim in claims] == [
        ("first", 1), ("first", 2), ("second", 1), ("second", 2),
    ]  # fmt: skip


def plan_of(db: Database, statement: str, values: tuple[object, ...]) -> str:
    """How the database would go about it, with the plan it keeps for any values."""

    def work(cursor: Cursor) -> str:
        near = db.dialect.name == "sqlite"
        cursor.execute(("EXPLAIN QUERY PLAN " if near else "EXPLAIN ") + statement, values)
        return "\n".join(str(row) for row in cursor.fetchall())

    return db.write_by_hand(work)


def test_no_step_of_the_walk_reads_the_queue_from_end_to_end(db: Database) -> None:
    faxes = Faxes(db, 100)
    faxes.ready(2000)
    faxes.analyzed()
    said = ready.statements(db.dialect.name, db.dialect.paramstyle)
    values = {
        ready.PRIORITY: (-1,), ready.USER: (5, 3), ready.OF_USER: (5, 3), ready.FREE_NUMBER: (5, "+0", 5),
        ready.OF_NUMBER: (5, BUSY), ready.FIRST: ('{"5": 7}',),
    }  # fmt: skip

    plans = {statement: plan_of(db, said[statement], asked) for statement, asked in values.items()}

    assert set(plans) == set(said)
    assert [plan for plan in plans.values() if "Seq Scan" in plan or "SCAN job" in plan] == []
    assert all("ix_job_ready" in plan for plan in plans.values())


@pytest.mark.parametrize("double", ["job", "line"])
def test_the_database_itself_refuses_a_second_call(db: Database, owner: int, double: str) -> None:
    Faxes(db, 1).ready(2, number=BUSY)
    [claim] = claimed(db, owner, 1)
    statements = {
        "job": "UPDATE job SET state = 'calling' WHERE state = 'ready'",
        "line": "INSERT INTO attempt (job_id, number, call_uid, trunk, line, first_page, pages_confirmed,"
        " last_page_sent, started, detail, session, tiff_digest, pdf_digest, report)"
        f" SELECT job_id, 2, 'x', trunk, line, 0, 0, last_page_sent, 0, '', session, '', '', '' FROM attempt"
        f" WHERE id = {claim.attempt.id}",
    }

    def work(session: Session) -> None:
        session.connection().exec_driver_sql(statements[double])

    with pytest.raises(IntegrityError):
        db.write(work)
