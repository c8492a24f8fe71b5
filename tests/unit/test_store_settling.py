"""The end of a call, made beforehand of what was claimed, and made anew where the job changed meanwhile."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule
from gateway.store import calls, jobs, outbox, quarantine
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.outbox import MailClaim, NewMail
from gateway.store.settling import as_claimed, settled
from tests.filled_store import FAR, NOW, calling, end, mail_on, mail_to, no_mail, owning, ready

LATER = NOW + timedelta(minutes=5)
SENT = end(JobEvent.CONFIRMED, Outcome.SUCCESS, pages_confirmed=3, tiff_digest="aa" * 32)
BUSY = end(JobEvent.RETRY, Outcome.BUSY, session=False, not_before=LATER, slower=1, ecm=False, route="second")
GONE = end(JobEvent.GAVE_UP, Outcome.NOT_A_FAX, detail="voice", alarm="no-fax")


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def claim(db: Database, user: User, owner: int) -> CallClaim:
    ready(db, owner, mail_to(user))
    return calling(db, owner)


class Made:
    """Composes mails, and remembers of which states."""

    def __init__(self) -> None:
        self.of: list[JobState] = []

    def __call__(self, job: Job) -> NewMail:
        self.of.append(job.state)
        return mail_on(job)


@pytest.mark.parametrize("how", [SENT, BUSY, GONE], ids=["sent", "busy", "gone"])
def test_what_is_made_of_a_claim_is_what_the_store_has_afterwards(db: Database, claim: CallClaim, how: CallEnd) -> None:
    expected = settled(*as_claimed(claim.job, claim.attempt), how, LATER)

    ended = calls.finish_call(db, claim, how, LATER, no_mail)

    detail = jobs.detail(db, ended.public_id)
    assert ended == expected.fax == detail.job
    assert (detail.attempts[0].outcome, detail.attempts[0].tiff_digest) == (how.outcome, how.tiff_digest)
    assert [event.name for event in detail.events][-len(expected.events) :] == [one["name"] for one in expected.events]


def test_the_mail_of_a_job_that_did_not_change_is_composed_once(db: Database, claim: CallClaim) -> None:
    made = Made()

    calls.finish_call(db, claim, SENT, LATER, made)

    assert made.of == [JobState.SENT]
    assert len(outbox.listing(db)) == 1


def test_pages_that_the_store_has_heard_of_change_nothing(db: Database, claim: CallClaim) -> None:
    made = Made()
    calls.record_page(db, claim, 1)
    calls.record_last_page(db, claim, 2)

    ended = calls.finish_call(db, claim, SENT, LATER, made)

    assert (made.of, ended.pages_sent) == ([JobState.SENT], 3)


def test_pages_beyond_the_report_are_not_forgotten(db: Database, claim: CallClaim) -> None:
    calls.record_page(db, claim, 1)

    ended = calls.finish_call(db, claim, BUSY, LATER, no_mail)

    assert ended.pages_sent == 2
    assert jobs.detail(db, ended.public_id).attempts[0].pages_confirmed == 2


def test_of_a_job_that_was_cancelled_meanwhile_another_mail_goes(db: Database, claim: CallClaim) -> None:
    made = Made()
    jobs.cancel(db, claim.job.public_id, NOW, no_mail)

    ended = calls.finish_call(db, claim, BUSY, LATER, made)

    [mail] = outbox.listing(db)
    assert (made.of, ended.state) == ([JobState.WAITING, JobState.CANCELLED], JobState.CANCELLED)
    assert b" cancelled " in outbox.content(db, mail.id)


def test_nothing_that_was_made_beforehand_is_written_of_a_lost_claim(db: Database, claim: CallClaim) -> None:
    calls.give_back(db, claim, NOW, no_mail)
    made = Made()

    with pytest.raises(LostClaimError):
        calls.finish_call(db, claim, SENT, LATER, made)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.attempts[0].outcome) == (JobState.READY, None)
    assert not outbox.listing(db)


class Postman:
    """Takes what it is given, if it has room."""

    def __init__(self, process: int, *, room: bool = True) -> None:
        self.process = process
        self.room = room
        self.taken: list[MailClaim] = []

    def has_room(self) -> bool:
        return self.room

    def take(self, claims: list[MailClaim]) -> None:
        self.taken += claims


@pytest.mark.parametrize(("room", "state"), [(True, "sending"), (False, "waiting")])
def test_the_mail_is_taken_by_who_has_room_for_it(
    db: Database, claim: CallClaim, owner: int, room: bool, state: str
) -> None:
    post = Postman(owner, room=room)

    calls.finish_call(db, claim, SENT, LATER, mail_on, post)

    assert ([one.state.value for one in outbox.listing(db)], len(post.taken)) == ([state], int(room))


def test_who_was_given_up_for_dead_takes_no_mail_and_ends_no_call(db: Database, claim: CallClaim) -> None:
    post = Postman(process=10_000)

    with pytest.raises(LostClaimError):
        calls.finish_call(db, claim, SENT, LATER, mail_on, post)

    assert jobs.job(db, claim.job.public_id).state is JobState.CALLING


def test_a_success_lifts_what_was_counted_against_the_number(db: Database, user: User, owner: int) -> None:
    rule = QuarantineRule(after=1)
    unknown = end(JobEvent.GAVE_UP, Outcome.INVALID_NUMBER, quarantine=rule)
    ready(db, owner, mail_to(user))
    ready(db, owner, mail_to(user))
    calls.finish_call(db, calling(db, owner), unknown, NOW, no_mail)
    before = set(quarantine.quarantined(db))

    calls.finish_call(db, calling(db, owner), SENT, LATER, no_mail)

    assert (before, set(quarantine.quarantined(db))) == ({FAR}, set())
