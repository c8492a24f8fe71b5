from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError
from gateway.store import outbox, submissions
from gateway.store.database import Database
from gateway.store.outbox import MailClaim, MailState, NewMail
from tests.filled_store import NOW, anna, mail_to, owning

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def mail(db: Database) -> NewMail:
    accepted = submissions.add(db, mail_to(anna(db)))
    return NewMail("initial", accepted.submission_id, None, 0, "anna@acme.example", b"a\r\n\xff", "<1@fax>")


def add(db: Database, *mails: NewMail | None) -> None:
    db.write(lambda session: outbox.add_mails(session, mails, NOW))


def claimed(db: Database, owner: int) -> MailClaim:
    claim = outbox.claim_mail(db, owner, LATER)
    assert claim is not None
    return claim


def test_a_mail_is_handed_out_whole_and_once(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)

    claim = claimed(db, owner)

    assert (claim.recipient, claim.message, claim.message_id) == (mail.recipient, mail.message, mail.message_id)
    assert (claim.kind, claim.created, claim.tries) == ("initial", NOW, 1)
    assert outbox.claim_mail(db, owner, LATER) is None


def test_the_same_mail_is_added_once(db: Database, mail: NewMail) -> None:
    [job] = submissions.add(db, mail_to(anna(db, "bob@acme.example"))).jobs
    other = replace(mail, submission_id=job.submission_id, job_id=job.id, attempt_no=1)

    add(db, mail, None, other)
    add(db, replace(mail, message=b"again"), replace(other, message=b"again"))
    add(db, replace(other, attempt_no=2))

    assert [(kept.job_id, kept.attempt_no) for kept in outbox.listing(db)] == [(job.id, 2), (job.id, 1), (None, 0)]


def test_the_mail_that_is_due_longest_goes_first(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail, replace(mail, kind="second"))
    outbox.mail_retry(db, claimed(db, owner), LATER, "451 later")

    assert claimed(db, owner).kind == "second"


def test_a_mail_that_was_put_off_is_not_due_before_its_time(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    outbox.mail_retry(db, claimed(db, owner), LATER, "451 later")

    assert outbox.claim_mail(db, owner, LATER - timedelta(microseconds=1)) is None
    again = claimed(db, owner)
    assert (again.tries, again.message_id) == (2, mail.message_id)


def test_a_relay_that_was_not_reached_uses_up_no_try(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    outbox.mail_retry(db, claimed(db, owner), LATER, "not reached", counted=False)

    assert claimed(db, owner).tries == 1


def test_results_are_kept(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail, replace(mail, kind="second"))

    outbox.mail_sent(db, claimed(db, owner), LATER, "250 ok")
    outbox.mail_dead(db, claimed(db, owner), "550 unknown", NOW)

    second, first = outbox.listing(db)
    assert (first.state, first.reply, first.sent) == (MailState.SENT, "250 ok", LATER)
    assert (second.state, second.reply, second.sent) == (MailState.DEAD, "550 unknown", None)
    assert outbox.listing(db, state=MailState.DEAD) == (second,)
    assert outbox.listing(db, limit=1) == (second,)
    assert outbox.claim_mail(db, owner, LATER) is None


def test_a_settled_mail_cannot_be_settled_again(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    claim = claimed(db, owner)
    outbox.mail_sent(db, claim, LATER, "250 ok")

    with pytest.raises(LostClaimError):
        outbox.mail_retry(db, claim, LATER, "late")
    with pytest.raises(LostClaimError):
        outbox.mail_dead(db, claim, "late", NOW)


def test_a_claim_that_is_older_than_the_fence_is_lost(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    claim = claimed(db, owner)

    with pytest.raises(LostClaimError):
        outbox.mail_sent(db, replace(claim, fence=claim.fence - 1), LATER, "250 ok")

    assert outbox.listing(db)[0].state is MailState.SENDING


def test_a_process_without_a_lease_sends_nothing(db: Database, mail: NewMail) -> None:
    add(db, mail)

    with pytest.raises(LostClaimError, match="start anew"):
        outbox.claim_mail(db, 4711, LATER)


def test_the_message_of_one_mail_can_be_looked_at(db: Database, mail: NewMail) -> None:
    add(db, mail)

    assert outbox.content(db, outbox.listing(db)[0].id) == mail.message
    assert outbox.content(db, 999) is None
    assert "xff" not in repr(mail)


def test_a_mail_whose_sending_broke_off_is_tried_again_after_a_pause(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    claim = claimed(db, owner)

    outbox.give_back(db, claim, LATER)

    assert outbox.claim_mail(db, owner, LATER) is None
    again = outbox.claim_mail(db, owner, LATER + outbox.PAUSE_AFTER_FAULT)
    assert again is not None
    assert again.tries == 2


def test_a_settled_mail_cannot_be_given_back(db: Database, owner: int, mail: NewMail) -> None:
    add(db, mail)
    claim = claimed(db, owner)
    outbox.mail_sent(db, claim, LATER, "250 ok")

    with pytest.raises(LostClaimError):
        outbox.give_back(db, claim, LATER)

    assert [one.state for one in outbox.listing(db)] == [MailState.SENT]
