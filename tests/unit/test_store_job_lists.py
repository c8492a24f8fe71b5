"""Pages out of many faxes: every filter, sort and place finds what a plain look at all of them finds, by an index."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from gateway.domain.errors import NotFoundError
from gateway.domain.job import Job, JobState, status_word
from gateway.domain.outcome import Outcome
from gateway.store import paging
from gateway.store.activity import Filter, Sort, lines, listing
from gateway.store.database import Database
from tests.bench.many_faxes import BEGAN, SPACING, Faxes

USERS, COUNT, READY = 7, 600, 20
BIG = timedelta(days=1)


@pytest.fixture
def many(db: Database) -> list[Job]:
    """Finished faxes and some that are ready; all of them, the newest first, as one plain look has them."""
    faxes = Faxes(db, USERS)
    faxes.finished(COUNT, numbers=50)
    faxes.ready(READY, numbers=50)
    return sorted(listing(db, Filter(limit=1000)), key=lambda job: (job.accepted, job.id), reverse=True)


WANTED: dict[str, tuple[Filter, Callable[[Job], bool]]] = {
    "all": (Filter(), lambda _job: True),
    "user": (Filter(user_id=2), lambda job: job.user_id == 2),
    "users": (Filter(user_ids=(2, 3)), lambda job: job.user_id in (2, 3)),
    "nobody": (Filter(user_ids=()), lambda _job: False),
    "a user of these": (Filter(user_id=2, user_ids=(3,)), lambda _job: False),
    "number": (Filter(number="+12000000007"), lambda job: job.destination.number == "+12000000007"),
    "begins": (Filter(number_begins="+1200000001"), lambda job: job.destination.number.startswith("+1200000001")),
    "ends": (Filter(number_ends="3"), lambda job: job.destination.number.endswith("3")),
    "contains": (Filter(number_contains="002"), lambda job: "002" in job.destination.number),
    "state": (Filter(state=JobState.READY), lambda job: job.state is JobState.READY),
    "over": (Filter(state=JobState.FAILED), lambda job: job.state is JobState.FAILED),
    "status": (Filter(status="Failed"), lambda job: status_word(job.state) == "Failed"),
    "state against status": (Filter(status="Failed", state=JobState.SENT), lambda _job: False),
    "outcome": (Filter(outcome=Outcome.FAST_BUSY), lambda job: job.outcome is Outcome.FAST_BUSY),
    "since": (Filter(since=BEGAN + 300 * SPACING), lambda job: job.accepted >= BEGAN + 300 * SPACING),
    "until": (Filter(until=BEGAN + 300 * SPACING), lambda job: job.accepted < BEGAN + 300 * SPACING),
    "pages": (Filter(least_pages=4), lambda job: job.pages >= 4),
    "fewer pages": (Filter(most_pages=3), lambda job: job.pages <= 3),
    "sender": (Filter(sender="ACME"), lambda _job: True),
    "reference": (Filter(reference="x"), lambda _job: False),
    "recipient": (Filter(recipient="_"), lambda _job: False),
    "user and outcome": (
        Filter(user_id=2, outcome=Outcome.BUSY),
        lambda job: job.user_id == 2 and job.outcome is Outcome.BUSY,
    ),
}


@pytest.mark.parametrize("few", [0, 20_000])
def test_a_filter_finds_what_fits_and_nothing_else(
    db: Database, many: list[Job], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "FEW", few)  # both ways to numbers by their beginning

    wrong = [
        name
        for name, (wanted, fits) in WANTED.items()
        if list(listing(db, wanted)) != [job for job in many if fits(job)][:100]
    ]

    assert wrong == []


KEYS: dict[Sort, Callable[[Job], object]] = {
    Sort.ACCEPTED: lambda _job: 0,
    Sort.NUMBER: lambda job: job.destination.number,
    Sort.ENDED: lambda job: job.ended or BEGAN + BIG,
    Sort.OUTCOME: lambda job: job.outcome.value if job.outcome else "",
    Sort.STATE: lambda job: job.state.value,
    Sort.PAGES: lambda job: job.pages,
    Sort.DIALS: lambda job: job.dials,
    Sort.PRIORITY: lambda job: job.priority,
}


@pytest.mark.parametrize("ascending", [True, False])
def test_pages_follow_one_another_without_gap_or_double_whatever_the_list_goes_by(
    db: Database, many: list[Job], ascending: bool
) -> None:
    for sort, key in KEYS.items():
        expected = sorted(many, key=lambda job, key=key: (key(job), job.accepted, job.id), reverse=not ascending)

        assert all_pages(db, sort, ascending) == expected, sort


def all_pages(db: Database, sort: Sort, ascending: bool) -> list[Job]:
    found: list[Job] = []
    while page := listing(
        db, Filter(sort=sort, ascending=ascending, limit=170, after=found[-1].public_id if found else "")
    ):
        found += page
    return found


def test_pages_of_several_states_and_users_are_merged_in_order(db: Database, many: list[Job]) -> None:
    wanted = Filter(status="Failed", user_ids=tuple(range(2, 9)), limit=30)
    expected = [job for job in many if status_word(job.state) == "Failed"]

    first = listing(db, wanted)
    second = listing(db, Filter(**{**_fields(wanted), "after": first[-1].public_id}))

    assert [*first, *second] == expected[:60]


def test_a_line_has_its_user_and_what_the_submission_tells(db: Database, many: list[Job]) -> None:
    [line] = lines(db, Filter(limit=1))

    assert line.job == many[0]
    assert (line.user, line.department, line.sender) == (
        f"user{line.job.user_id - 1}",
        "company 1",
        "user@acme.example",
    )


def test_a_list_cannot_follow_a_fax_that_is_not_there(db: Database) -> None:
    for nothing in ("23456789", "nonsense"):
        with pytest.raises(NotFoundError, match="to follow"):
            listing(db, Filter(after=nothing))


@pytest.fixture
def statements(db: Database) -> Iterator[list[tuple[str, object]]]:
    """What is asked of the database from now on."""
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        if statement.startswith(("SELECT", "WITH")) and "FROM job" in statement:
            asked.append((statement, values))

    event.listen(db._engine, "before_cursor_execute", note)
    yield asked
    event.remove(db._engine, "before_cursor_execute", note)


UNINDEXED = ("pages", "fewer pages", "contains", "sender", "reference", "recipient")


def test_no_page_is_found_by_reading_all_faxes(db: Database, statements: list[tuple[str, object]]) -> None:
    faxes = Faxes(db, USERS)
    faxes.finished(20_000, numbers=5_000)
    for name in set(WANTED) - set(UNINDEXED):
        listing(db, WANTED[name][0])

    plans = {statement: _plan(db, statement, values) for statement, values in list(statements)}

    assert len(plans) >= len(WANTED) - len(UNINDEXED)
    assert [statement for statement, plan in plans.items() if _reads_all(plan)] == []


def test_what_failed_of_one_user_is_found_without_what_went_through(
    db: Database, statements: list[tuple[str, object]]
) -> None:
    Faxes(db, USERS).finished(20_000, numbers=5_000)
    statements.clear()
    listing(db, Filter(user_id=2, outcome=Outcome.BUSY, limit=50))

    assert "ix_job_user_outcome" in _plan(db, *statements[0])


def _plan(db: Database, statement: str, values: object) -> str:
    """How it is answered; PostgreSQL, whose tables are small here, is asked for an index wherever there is one."""
    near = db.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if near else "EXPLAIN "

    def work(session: Session) -> str:
        if not near:
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = session.connection().exec_driver_sql(explain + statement, values)  # type: ignore[call-overload]
        return "\n".join(str(row) for row in rows)

    return db.read(work)


def _reads_all(plan: str) -> bool:
    """Whether rows are read in no order of an index."""
    return any(("SCAN job" in line and "USING" not in line) or "Seq Scan on job" in line for line in plan.splitlines())


def _fields(wanted: Filter) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in Filter.__slots__}
