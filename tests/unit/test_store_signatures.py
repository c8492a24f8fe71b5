"""What acceptance remembers: signatures, so that no signed mail is faxed elsewhere, and the mails of programs."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.nodes import User
from gateway.domain.replay import SignatureUse, TakenBeforeError
from gateway.domain.submission import AutomaticCap, NewSubmission
from gateway.store import acceptance, jobs, signatures, submissions
from gateway.store.acceptance import Acceptance, Accepted
from gateway.store.database import Database, open_database
from tests.filled_store import FAR, NOW, WALL, anna, mail_to

TWO, THREE = "+12025550102", "+12025550103"


def signed(
    user: User, *numbers: str, digest: str = "ab", alone: bool = True, named: str = "", at: datetime = NOW
) -> NewSubmission:
    """A mail by its signature; `named` are the numbers in its signed To."""
    use = SignatureUse(digest, alone, WALL + timedelta(days=5), frozenset(named.split()))
    return replace(mail_to(user, *numbers, at=at), signature=use)


def dialled(db: Database) -> list[str]:
    return [str(job.destination) for job in reversed(jobs.listing(db))]


def refused(db: Database, new: NewSubmission) -> TakenBeforeError:
    before = dialled(db)
    with pytest.raises(TakenBeforeError) as caught:
        submissions.add(db, new)
    with pytest.raises(TakenBeforeError):
        acceptance.check(db, new)
    assert dialled(db) == before
    return caught.value


# Replay.


def test_the_first_use_of_a_signature_is_taken(db: Database, user: User) -> None:
    accepted = submissions.add(db, signed(user, FAR, TWO))

    assert not accepted.duplicate
    assert signatures.used_for(db, "ab") == {FAR, TWO}


def test_a_mail_cannot_be_replayed_by_its_second_signature(db: Database, user: User) -> None:
    both = signed(user, FAR)
    assert both.signature is not None
    submissions.add(db, replace(both, signature=replace(both.signature, beside=frozenset({"cd"}))))

    error = refused(db, signed(user, TWO, digest="cd"))

    assert error.rule == "replay"
    assert signatures.used_for(db, "cd") == {FAR}


def test_the_same_mail_for_another_number_is_a_replay(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR))

    error = refused(db, signed(user, TWO))

    assert (error.rule, str(error.reply)[:18]) == ("replay", "550 5.7.1 replay: ")
    assert signatures.used_for(db, "ab") == {FAR}


def test_one_number_that_is_not_named_spoils_the_rest(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR))

    refused(db, signed(user, TWO, THREE, named=TWO))


def test_a_number_that_the_signed_mail_names_is_taken_later(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR, named=f"{FAR} {TWO}"))
    accepted = submissions.add(db, signed(user, TWO, named=f"{FAR} {TWO}"))

    assert not accepted.duplicate
    assert dialled(db) == [FAR, TWO]
    assert signatures.used_for(db, "ab") == {FAR, TWO}


def test_the_same_mail_for_the_same_number_is_a_duplicate_whatever_its_envelope(db: Database, user: User) -> None:
    first = submissions.add(db, signed(user, FAR))
    again = submissions.add(db, signed(user, FAR))  # under another duplicate key

    assert again == Accepted(first.submission_id, first.jobs, duplicate=True)
    assert dialled(db) == [FAR]


def test_of_numbers_new_and_old_only_the_new_are_called(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR))
    second = submissions.add(db, signed(user, FAR, TWO, named=TWO))
    both = submissions.add(db, signed(user, TWO, FAR))

    assert [str(job.destination) for job in second.jobs] == [TWO]
    assert both.duplicate
    assert {str(job.destination) for job in both.jobs} == {FAR, TWO}
    assert dialled(db) == [FAR, TWO]


def test_beside_other_proof_a_signature_may_be_used_again(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR, alone=False))
    submissions.add(db, signed(user, TWO, alone=False))

    assert dialled(db) == [FAR, TWO]


def test_a_signature_that_was_used_beside_other_proof_is_no_first_use_any_more(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR, alone=False))

    refused(db, signed(user, TWO))


def test_another_signature_is_another_mail(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR))
    submissions.add(db, signed(user, TWO, digest="cd"))

    assert dialled(db) == [FAR, TWO]


def test_signatures_are_forgotten_after_five_days(db: Database, user: User) -> None:
    submissions.add(db, signed(user, FAR))

    assert signatures.sweep(db, WALL + timedelta(days=4, hours=23)) == 0
    refused(db, signed(user, TWO))
    assert signatures.sweep(db, WALL + timedelta(days=5)) == 1
    assert signatures.used_for(db, "ab") == frozenset()


def test_a_replay_in_the_same_commit_is_refused_and_harms_nobody(db: Database, user: User) -> None:
    mails = [signed(user, FAR), mail_to(user, THREE), signed(user, TWO), signed(user, FAR)]

    answers = db.write(lambda session: acceptance.add_all(session, mails))

    first, other, replayed, again = answers
    assert isinstance(replayed, TakenBeforeError)
    assert isinstance(other, Accepted)
    assert isinstance(first, Accepted)
    assert again == Accepted(first.submission_id, first.jobs, duplicate=True)
    assert sorted(dialled(db)) == [FAR, THREE]


def test_who_adds_in_a_group_is_told_of_his_own_replay(db: Database, user: User) -> None:
    group = Acceptance(db)
    group.add(signed(user, FAR))

    with pytest.raises(TakenBeforeError, match="replay"):
        group.add(signed(user, TWO))


def test_two_processes_that_use_a_signature_at_once_are_not_both_first(db: Database, user: User) -> None:
    others = [open_database(db.url.render_as_string(hide_password=False)) for _ in range(3)]
    refusals: list[TakenBeforeError] = []

    def use(other: Database, number: str) -> None:
        try:
            submissions.add(other, signed(user, number))
        except TakenBeforeError as error:
            refusals.append(error)

    threads = [threading.Thread(target=use, args=pair) for pair in zip(others, (FAR, TWO, THREE), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()

    assert len(dialled(db)) == 1
    assert len(refusals) == 2


# Mails of programs.


def automatic(user: User, minutes: float = 0, cap: int = 2) -> NewSubmission:
    return replace(mail_to(user), automatic_cap=AutomaticCap(cap, WALL + timedelta(minutes=minutes)))


def test_a_program_may_send_so_many_in_an_hour(db: Database, user: User) -> None:
    submissions.add(db, automatic(user, 0))
    submissions.add(db, automatic(user, 30))

    error = refused(db, automatic(user, 59))

    assert (error.rule, error.reply.code, error.reply.enhanced) == ("automatic-cap", 451, "4.7.1")
    assert "anna@acme.example" in error.reply.text
    assert not submissions.add(db, automatic(user, 61)).duplicate
    refused(db, automatic(user, 62))


def test_a_cap_of_nothing_takes_nothing(db: Database, user: User) -> None:
    refused(db, automatic(user, cap=0))


def test_persons_and_others_do_not_count(db: Database, user: User) -> None:
    other = anna(db, "ben@acme.example")
    for _ in range(3):
        submissions.add(db, mail_to(user))
    for _ in range(2):
        submissions.add(db, automatic(other))

    assert not submissions.add(db, automatic(user)).duplicate


def test_the_same_automatic_mail_again_is_a_duplicate_and_not_counted(db: Database, user: User) -> None:
    mail = automatic(user, cap=1)
    first = submissions.add(db, mail)

    acceptance.check(db, mail)
    assert submissions.add(db, mail) == Accepted(first.submission_id, first.jobs, duplicate=True)


def test_the_cap_holds_within_one_commit(db: Database, user: User) -> None:
    answers = db.write(lambda session: acceptance.add_all(session, [automatic(user) for _ in range(4)]))

    assert [isinstance(answer, Accepted) for answer in answers] == [True, True, False, False]


def test_the_count_uses_its_index(db: Database) -> None:
    if not db.url.drivername.startswith("sqlite"):
        pytest.skip("asks SQLite's planner")
    question = "select count(*) from submission where automatic_at is not null and user_id = 1 and automatic_at > 0"

    plan = db.read(lambda session: session.connection().exec_driver_sql(f"explain query plan {question}").all())

    assert "ix_submission_automatic" in str(plan)
