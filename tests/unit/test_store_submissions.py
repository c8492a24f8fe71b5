import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.domain.addresses import Destination, FaxAddress
from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, SubmissionState
from gateway.store import jobs, outbox, submissions
from gateway.store.database import Database
from gateway.store.fax_tables import SubmissionRow
from gateway.store.outbox import NewMail
from gateway.store.submissions import FailedRender, RenderedJob, RenderedSubmission
from tests.claims import claim_render
from tests.filled_store import FAR, NOW, mail_to, no_mail, owning, rendered

OTHER = "+12025550102"


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def notice(accepted: submissions.Accepted, kind: str = "initial") -> NewMail:
    return NewMail(kind, accepted.submission_id, None, 0, "anna@acme.example", b"hello\r\n", "<n@fax>")


def states(db: Database, accepted: submissions.Accepted) -> list[JobState]:
    return [jobs.job(db, job.public_id).state for job in accepted.jobs]


def test_a_submission_becomes_one_job_for_each_destination(db: Database, user: User) -> None:
    accepted = submissions.add(db, mail_to(user, FAR, OTHER, priority=2))

    assert not accepted.duplicate
    assert [str(job.destination) for job in accepted.jobs] == [FAR, OTHER]
    assert {job.state for job in accepted.jobs} == {JobState.ACCEPTED}
    assert {(job.priority, job.accepted, job.not_before) for job in accepted.jobs} == {(2, NOW, NOW)}
    assert jobs.submission(db, accepted.submission_id).state is SubmissionState.ACCEPTED


def test_the_first_address_of_a_destination_wins(db: Database, user: User) -> None:
    first = FaxAddress(
        Destination(FAR), sub_address="42", name="Bob Jones", company="Bolt", cover="off", sender="Front Desk"
    )
    new = replace(mail_to(user), addresses=(first, FaxAddress(Destination(FAR), sub_address="42", name="Somebody")))

    [job] = submissions.add(db, new).jobs

    assert (job.sub_address, job.recipient_name, job.recipient_company) == ("42", "Bob Jones", "Bolt")
    assert job.recipient_cover == "off"
    assert job.sender_name == "Front Desk"


def test_the_evidence_is_kept(db: Database, user: User) -> None:
    accepted = submissions.add(db, replace(mail_to(user), evidence={"peer": "192.0.2.1", "rule": "smtp-auth"}))

    row = db.read(lambda session: session.get(SubmissionRow, accepted.submission_id))
    assert row is not None
    assert json.loads(row.evidence) == {"peer": "192.0.2.1", "rule": "smtp-auth"}


def test_the_same_mail_again_adds_nothing_and_names_the_first_jobs(db: Database, user: User) -> None:
    first = submissions.add(db, mail_to(user, FAR, OTHER, key="same"))

    again = submissions.add(db, mail_to(user, FAR, OTHER, key="same", at=NOW + timedelta(days=4, hours=23)))

    assert again.duplicate
    assert (again.submission_id, again.jobs) == (first.submission_id, first.jobs)
    assert len(db.read(lambda session: session.exec(select(SubmissionRow)).all())) == 1


def test_after_five_days_the_same_mail_is_a_new_one(db: Database, user: User) -> None:
    first = submissions.add(db, mail_to(user, key="same"))
    later = NOW + timedelta(days=5)

    second = submissions.add(db, mail_to(user, key="same", at=later))
    third = submissions.add(db, mail_to(user, key="same", at=later + timedelta(hours=1)))

    assert (second.duplicate, third.duplicate) == (False, True)
    assert first.submission_id != second.submission_id == third.submission_id


def test_submissions_are_rendered_oldest_first_and_once(db: Database, user: User, owner: int) -> None:
    accepted = [submissions.add(db, mail_to(user)) for _ in range(2)]

    claims = [claim_render(db, owner, NOW) for _ in range(3)]

    assert [claim and claim.submission.id for claim in claims] == [*(one.submission_id for one in accepted), None]
    assert claims[0] is not None
    assert claims[0].submission.state is SubmissionState.RENDERING
    assert claims[0].jobs == accepted[0].jobs


def test_several_are_claimed_at_once_oldest_first_each_with_its_own(db: Database, user: User, owner: int) -> None:
    new = [mail_to(user, FAR, OTHER), replace(mail_to(user), content=b"small"), mail_to(user)]
    accepted = [submissions.add(db, one) for one in new]

    claims = submissions.claim_renders(db, owner, NOW, 2)
    rest = submissions.claim_renders(db, owner, NOW, 2)

    assert [claim.submission.id for claim in [*claims, *rest]] == [one.submission_id for one in accepted]
    assert [claim.jobs for claim in claims] == [one.jobs for one in accepted[:2]]
    assert [claim.content for claim in claims] == [b"", b"small"]
    assert [claim.submission.fence for claim in claims] == [1, 1]
    for one in accepted:
        assert jobs.submission(db, one.submission_id).state is SubmissionState.RENDERING


def test_rendered_pages_and_jobs_and_the_mail_are_one_commit(db: Database, user: User, owner: int) -> None:
    accepted = submissions.add(db, mail_to(user, FAR, OTHER))
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    parts = (PartPages("offer.pdf", 3), PartPages("logo.png", 0, "a logo of the signature"))
    own = {accepted.jobs[0].id: RenderedJob("c0" * 32, 4), accepted.jobs[1].id: RenderedJob("", 3)}

    submissions.finish_render(db, claim, RenderedSubmission("ef" * 32, 3, parts, own), NOW, [notice(accepted)])

    found = jobs.submission(db, accepted.submission_id)
    assert (found.state, found.pages_digest, found.pages) == (SubmissionState.RENDERED, "ef" * 32, 3)
    assert found.part_pages == parts
    after = [jobs.job(db, job.public_id) for job in accepted.jobs]
    assert [(job.state, job.cover_digest, job.pages) for job in after] == [
        (JobState.READY, "c0" * 32, 4),
        (JobState.READY, "", 3),
    ]
    assert [mail.kind for mail in outbox.listing(db)] == ["initial"]


def test_a_job_that_is_not_due_waits_after_rendering(db: Database, user: User, owner: int) -> None:
    accepted = submissions.add(db, mail_to(user, at=NOW + timedelta(hours=1)))
    claim = claim_render(db, owner, NOW)
    assert claim is not None

    submissions.finish_render(db, claim, rendered(claim), NOW, [])

    assert states(db, accepted) == [JobState.WAITING]


def test_a_failed_render_ends_every_job_with_its_outcome(db: Database, user: User, owner: int) -> None:
    accepted = submissions.add(db, mail_to(user, FAR, OTHER))
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    parts = (PartPages("locked.pdf", 0, "encrypted"),)
    failed = FailedRender(Outcome.INVALID_ATTACHMENT, "locked.pdf: encrypted", parts)

    submissions.fail_render(db, claim, failed, NOW, [notice(accepted)])

    after = [jobs.job(db, job.public_id) for job in accepted.jobs]
    assert {(job.state, job.outcome, job.ended) for job in after} == {
        (JobState.FAILED, Outcome.INVALID_ATTACHMENT, NOW)
    }
    assert jobs.submission(db, accepted.submission_id).state is SubmissionState.FAILED
    assert len(outbox.listing(db)) == 1


def test_a_job_cancelled_while_it_is_rendered_stays_cancelled(db: Database, user: User, owner: int) -> None:
    accepted = submissions.add(db, mail_to(user, FAR, OTHER))
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    jobs.cancel(db, accepted.jobs[0].public_id, NOW, no_mail)

    submissions.finish_render(db, claim, rendered(claim), NOW, [])

    assert states(db, accepted) == [JobState.CANCELLED, JobState.READY]


def test_with_its_last_job_cancelled_nothing_is_rendered_any_more(db: Database, user: User, owner: int) -> None:
    accepted = submissions.add(db, mail_to(user))
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    jobs.cancel(db, accepted.jobs[0].public_id, NOW, no_mail)

    with pytest.raises(LostClaimError):
        submissions.finish_render(db, claim, rendered(claim), NOW, [notice(accepted)])

    assert jobs.submission(db, accepted.submission_id).state is SubmissionState.CANCELLED
    assert outbox.listing(db) == ()


def test_a_render_can_be_finished_only_once(db: Database, user: User, owner: int) -> None:
    submissions.add(db, mail_to(user))
    claim = claim_render(db, owner, NOW)
    assert claim is not None
    submissions.finish_render(db, claim, rendered(claim), NOW, [])

    with pytest.raises(LostClaimError):
        submissions.fail_render(db, claim, FailedRender(Outcome.GENERAL_ERROR, "late"), NOW, [])


def test_a_render_that_broke_off_starts_again(db: Database, user: User, owner: int) -> None:
    submissions.add(db, mail_to(user))
    broken = claim_render(db, owner, NOW)
    assert broken is not None

    submissions.give_back(db, broken, NOW)

    again = claim_render(db, owner, NOW)
    assert again is not None
    assert (again.submission.id, again.crashes) == (broken.submission.id, 1)
    with pytest.raises(LostClaimError):
        submissions.give_back(db, broken, NOW)


def test_a_process_without_a_lease_claims_nothing(db: Database, user: User) -> None:
    submissions.add(db, mail_to(user))

    with pytest.raises(LostClaimError, match="start anew"):
        claim_render(db, 4711, NOW)
