from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, submissions
from gateway.store.database import Database
from gateway.store.jobs import Filter
from tests.filled_store import NOW, anna, calling, end, mail_on, mail_to, owning, ready

NUMBERS = ("+12025550101", "+12025550102", "+493012345678", "+442079460000")
HOUR = timedelta(hours=1)


@pytest.fixture
def faxes(db: Database, user: User, tmp_path: Path) -> list[Job]:
    """Sent, failed, ready and accepted, an hour apart, oldest first."""
    ends = (end(JobEvent.CONFIRMED, Outcome.SUCCESS, pages_confirmed=3), end(JobEvent.GAVE_UP, Outcome.BUSY))
    with owning(db, tmp_path) as owner:
        for number, how in zip(NUMBERS, ends, strict=False):
            ready(db, owner, mail_to(user, number, at=NOW + HOUR * NUMBERS.index(number)))
            calls.finish_call(db, calling(db, owner), how, NOW, mail_on)
        ready(db, owner, mail_to(user, NUMBERS[2], at=NOW + 2 * HOUR))
    submissions.add(db, mail_to(user, NUMBERS[3], at=NOW + 3 * HOUR))
    return list(reversed(jobs.listing(db)))


def numbers(db: Database, wanted: Filter) -> list[str]:
    return [job.destination.number for job in jobs.listing(db, wanted)]


def test_the_newest_come_first(db: Database, faxes: list[Job]) -> None:
    assert numbers(db, Filter()) == list(reversed(NUMBERS))
    assert [job.state.value for job in faxes] == ["sent", "failed", "ready", "accepted"]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (Filter(state=JobState.READY), [2]),
        (Filter(status="Success"), [0]),
        (Filter(status="Failed"), [1]),
        (Filter(status="In Progress"), [3, 2]),
        (Filter(outcome=Outcome.BUSY), [1]),
        (Filter(number="+493012345678"), [2]),
        (Filter(number="493012345678"), []),
        (Filter(number_contains="2025550"), [1, 0]),
        (Filter(number_contains="%"), []),
        (Filter(since=NOW + HOUR), [3, 2, 1]),
        (Filter(user_id=0), []),
        (Filter(limit=2), [3, 2]),
        (Filter(state=JobState.SENT, number_contains="102"), []),
    ],
)
@pytest.mark.usefixtures("faxes")
def test_filters_narrow_the_list(db: Database, wanted: Filter, places: list[int]) -> None:
    assert numbers(db, wanted) == [NUMBERS[place] for place in places]


@pytest.mark.usefixtures("faxes")
def test_the_next_page_follows_the_last_job_seen(db: Database) -> None:
    first = jobs.listing(db, Filter(limit=2))

    second = jobs.listing(db, Filter(limit=2, after=first[-1].public_id))
    third = jobs.listing(db, Filter(limit=2, after=second[-1].public_id))

    assert [job.destination.number for job in (*first, *second)] == list(reversed(NUMBERS))
    assert third == ()


def test_other_users_faxes_are_not_listed(db: Database, user: User, faxes: list[Job]) -> None:
    bob = anna(db, "bob@acme.example")
    submissions.add(db, mail_to(bob))

    assert len(numbers(db, Filter(user_id=user.id))) == len(faxes)


def test_a_job_is_shown_with_all_that_happened_to_it(db: Database, faxes: list[Job]) -> None:
    shown = jobs.detail(db, faxes[0].public_id.lower())

    assert shown.job == faxes[0]
    assert (shown.submission.subject, shown.submission.part_pages[0].name) == ("Offer", "offer.pdf")
    assert [attempt.outcome for attempt in shown.attempts] == [Outcome.SUCCESS]
    assert [event.name for event in shown.events] == [
        "accepted", "rendering", "rendered", "rendered", "claimed", "confirmed",
    ]  # fmt: skip
    assert [(mail.kind, mail.recipient, mail.state.value) for mail in shown.notices] == [
        ("delivery", "anna@acme.example", "waiting")
    ]


def test_what_happened_to_other_jobs_of_the_mail_is_not_shown(db: Database, user: User, tmp_path: Path) -> None:
    with owning(db, tmp_path) as owner:
        first, second = ready(db, owner, mail_to(user, *NUMBERS[:2])).jobs
        calls.finish_call(db, calling(db, owner), end(JobEvent.GAVE_UP, Outcome.BUSY), NOW, mail_on)

    assert jobs.detail(db, first.public_id).notices != ()
    assert jobs.detail(db, second.public_id).notices == ()
    assert [event.to_state for event in jobs.detail(db, second.public_id).events][-1] == "ready"
