from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.submission import SubmissionState
from gateway.store import archive_lists, calls, jobs, outbox, processes, submissions, tree
from gateway.store.database import Database
from gateway.store.fax_rows import MAX_RENDER_CRASHES
from gateway.store.outbox import MailState, NewMail
from tests.claims import claim_render
from tests.filled_store import (
    NOW,
    WALL,
    calling,
    end,
    killed,
    mail_on,
    mail_to,
    no_mail,
    process,
    ready,
    rendered,
)  # fmt: skip

OTHER = "+12025550102"


@pytest.fixture
def old(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """The one that will die."""
    lease = process(db, tmp_path)
    yield lease
    killed(lease)


@pytest.fixture
def new(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """The one that takes over."""
    lease = process(db, tmp_path)
    yield lease
    killed(lease)


def die_and_reap(db: Database, old: processes.Process, new: processes.Process) -> int:
    killed(old)
    return processes.reap(db, new, WALL, NOW, mail_on)


def now_of(db: Database, job: Job) -> Job:
    return jobs.job(db, job.public_id)


def test_a_call_that_was_cut_goes_on_at_the_first_unconfirmed_page(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)
    calls.record_page(db, claim, 0)

    die_and_reap(db, old, new)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.job.pages_sent, detail.notices) == (JobState.READY, 1, ())
    [attempt] = detail.attempts
    assert (attempt.ended, attempt.outcome, attempt.detail) == (NOW, None, "owner-lost")
    again = calling(db, new.id)
    assert (again.attempt.number, again.attempt.first_page, again.line) == (2, 1, 1)


def test_a_fax_that_was_found_delivered_after_a_crash_is_copied_for_its_archive_once(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    tree.set_setting(db, "Acme", "archive.enabled", "on")
    tree.set_setting(db, "Acme", "archive.destination", "mailto:vault@acme.example")
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)
    for page in range(3):
        calls.record_page(db, claim, page)

    die_and_reap(db, old, new)

    [copy] = archive_lists.listing(db)
    assert (copy.fax, copy.order.place) == (claim.job.public_id, "mailto:vault@acme.example")


def test_our_own_crash_is_no_try_of_the_job(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)

    die_and_reap(db, old, new)

    assert jobs.history(db, claim.job) == []
    assert now_of(db, claim.job).tries == 0


def test_a_call_whose_pages_were_all_confirmed_is_sent_and_told(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)
    for page in range(3):
        calls.record_page(db, claim, page)

    die_and_reap(db, old, new)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.job.outcome, detail.job.ended) == (JobState.SENT, Outcome.SUCCESS, NOW)
    assert detail.attempts[0].outcome is Outcome.SUCCESS
    assert len(detail.notices) == 1


def last_page_out(db: Database, owner: int, confirmed: int) -> calls.CallClaim:
    """A call of three pages whose far end was told that the last is over."""
    claim = calling(db, owner)
    for page in range(confirmed):
        calls.record_page(db, claim, page)
    calls.record_last_page(db, claim)
    return claim


def test_a_last_page_that_was_sent_and_not_confirmed_is_in_doubt_and_told(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = last_page_out(db, old.id, confirmed=2)

    die_and_reap(db, old, new)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.job.outcome, detail.job.ended) == (JobState.UNCONFIRMED, Outcome.UNCONFIRMED, NOW)
    assert (detail.job.outcome_detail, detail.job.pages_sent) == ("owner-lost", 2)
    [attempt] = detail.attempts
    assert (attempt.outcome, attempt.detail, attempt.last_page_sent) == (Outcome.UNCONFIRMED, "owner-lost", True)
    assert len(detail.notices) == 1
    assert calls.claim_call(db, new.id, "trunk", 4, NOW) is None


def test_a_last_page_that_was_confirmed_after_all_is_sent(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = last_page_out(db, old.id, confirmed=2)
    calls.record_page(db, claim, 2)

    die_and_reap(db, old, new)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.attempts[0].outcome) == (JobState.SENT, Outcome.SUCCESS)


def test_a_doubt_outlives_a_cancel_and_the_third_crash(
    db: Database, user: User, tmp_path: Path, new: processes.Process
) -> None:
    [job] = ready(db, new.id, mail_to(user)).jobs
    for _ in range(2):
        victim = process(db, tmp_path)
        calling(db, victim.id)
        die_and_reap(db, victim, new)
    victim = process(db, tmp_path)
    last_page_out(db, victim.id, confirmed=2)
    jobs.cancel(db, job.public_id, NOW, no_mail)

    die_and_reap(db, victim, new)

    assert now_of(db, job).state is JobState.UNCONFIRMED


def test_a_last_page_behind_unconfirmed_ones_leaves_no_doubt_that_the_fax_is_not_there(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = last_page_out(db, old.id, confirmed=1)

    die_and_reap(db, old, new)

    assert now_of(db, claim.job).state is JobState.READY
    assert not calling(db, new.id).attempt.last_page_sent


def test_a_resumed_call_that_sent_the_last_page_is_in_doubt(
    db: Database, user: User, tmp_path: Path, old: processes.Process, new: processes.Process
) -> None:
    ready(db, new.id, mail_to(user))
    first = process(db, tmp_path)
    claim = calling(db, first.id)
    for page in range(2):
        calls.record_page(db, claim, page)
    die_and_reap(db, first, new)

    last_page_out(db, old.id, confirmed=0)
    die_and_reap(db, old, new)

    assert now_of(db, claim.job).state is JobState.UNCONFIRMED


def test_a_call_that_was_being_cancelled_is_cancelled_and_told(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)
    jobs.cancel(db, claim.job.public_id, NOW, no_mail)

    die_and_reap(db, old, new)

    detail = jobs.detail(db, claim.job.public_id)
    assert (detail.job.state, detail.job.outcome) == (JobState.CANCELLED, Outcome.CANCELLED)
    assert len(detail.notices) == 1


def test_a_job_that_brings_down_three_processes_is_held(
    db: Database, user: User, tmp_path: Path, new: processes.Process
) -> None:
    [job] = ready(db, new.id, mail_to(user)).jobs
    seen = []
    for _ in range(3):
        victim = process(db, tmp_path)
        calling(db, victim.id)
        die_and_reap(db, victim, new)
        seen.append(now_of(db, job).state)

    assert seen == [JobState.READY, JobState.READY, JobState.HELD]


def test_the_late_end_of_a_reaped_call_is_not_written(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    late = calling(db, old.id)
    die_and_reap(db, old, new)
    second = calling(db, new.id)

    with pytest.raises(LostClaimError):
        calls.finish_call(db, late, end(JobEvent.GAVE_UP, Outcome.BUSY), NOW, mail_on)

    assert now_of(db, second.job).state is JobState.CALLING
    assert outbox.listing(db) == ()


def test_a_render_that_was_cut_starts_again_and_ten_are_poison(
    db: Database, user: User, tmp_path: Path, new: processes.Process
) -> None:
    accepted = submissions.add(db, mail_to(user))
    for _ in range(MAX_RENDER_CRASHES):
        victim = process(db, tmp_path)
        claim = claim_render(db, victim.id, NOW)
        assert claim is not None
        assert not claim.is_poisoned
        die_and_reap(db, victim, new)
        assert jobs.submission(db, accepted.submission_id).state is SubmissionState.ACCEPTED
        with pytest.raises(LostClaimError):
            submissions.finish_render(db, claim, rendered(claim), NOW, [])

    last = claim_render(db, new.id, NOW)
    assert last is not None
    assert (last.crashes, last.is_poisoned) == (10, True)


def test_a_mail_that_was_being_sent_is_sent_again_with_the_same_id(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    accepted = submissions.add(db, mail_to(user))
    mail = NewMail("initial", accepted.submission_id, None, 0, "anna@acme.example", b"x", "<1@fax>")
    db.write(lambda session: outbox.add_mails(session, [mail], NOW))
    lost = outbox.claim_mail(db, old.id, NOW)
    assert lost is not None

    die_and_reap(db, old, new)

    again = outbox.claim_mail(db, new.id, NOW)
    assert again is not None
    assert (again.message_id, again.tries) == (lost.message_id, 2)
    with pytest.raises(LostClaimError):
        outbox.mail_sent(db, lost, NOW, "250 late")


def test_all_that_a_process_owned_is_free_in_one_commit(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    ready(db, old.id, mail_to(user, OTHER))
    first, second = calling(db, old.id), calling(db, old.id)
    submissions.add(db, mail_to(user))
    claim_render(db, old.id, NOW)

    assert die_and_reap(db, old, new) == 1

    assert [now_of(db, claim.job).state for claim in (first, second)] == [JobState.READY] * 2
    assert claim_render(db, new.id, NOW) is not None
    assert [calling(db, new.id, lines=2).line for _ in range(2)] == [1, 2]


def test_a_mail_that_cannot_be_composed_leaves_the_dead_to_the_next_reaper(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user), pages=1)
    claim = calling(db, old.id)
    calls.record_page(db, claim, 0)
    killed(old)

    def broken(_job: Job) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        processes.reap(db, new, WALL, NOW, broken)
    assert now_of(db, claim.job).state is JobState.CALLING

    assert processes.reap(db, new, WALL, NOW, mail_on) == 1


def test_a_reaped_mail_waits_again(db: Database, user: User, old: processes.Process, new: processes.Process) -> None:
    [job] = submissions.add(db, mail_to(user)).jobs
    jobs.cancel(db, job.public_id, NOW, mail_on)
    outbox.claim_mail(db, old.id, NOW)

    die_and_reap(db, old, new)

    assert outbox.listing(db)[0].state is MailState.WAITING
