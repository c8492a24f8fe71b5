"""Many mails in one commit: none told of success too early, none harmed by another, none in twice."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from gateway.domain.addresses import FaxAddress
from gateway.domain.errors import UnavailableError
from gateway.domain.nodes import User
from gateway.domain.numbers import Destination
from gateway.domain.replay import SignatureUse, TakenBeforeError
from gateway.domain.submission import AutomaticCap, NewSubmission
from gateway.store import contents, jobs, submissions
from gateway.store.acceptance import MOST_AT_ONCE, Acceptance, Accepted, Answer, add_all, check
from gateway.store.database import Database, open_database
from gateway.store.fax_tables import ContentRow, EventRow, JobRow, SubmissionRow
from tests.claims import claim_render
from tests.filled_store import FAR, NOW, mail_to, owning, rendered

OTHER = "+12025550102"
NOBODY = 999_999
T = TypeVar("T")


@pytest.fixture
def acceptance(db: Database) -> Acceptance:
    return Acceptance(db)


def counted(db: Database, *tables: type[SubmissionRow] | type[JobRow] | type[EventRow]) -> list[int]:
    return [len(db.read(lambda session, table=table: session.exec(select(table)).all())) for table in tables]


def at_once(works: list[Callable[[], T]]) -> list[T]:
    start = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [running.result() for running in [pool.submit(run, work) for work in works]]


def together(db: Database, acceptance: Acceptance, mails: list[NewSubmission]) -> list[Accepted]:
    """Have mails committed in one batch: they gather while somebody else writes."""
    entered = []

    def busy(_session: Session) -> None:
        entered.append(acceptance.enter(mails[0]))
        entered.extend(acceptance.enter(new) for new in mails[1:])

    db.write(busy)
    return [acceptance.answer(one) for one in entered]


def test_different_mails_of_many_threads_are_all_in(db: Database, user: User, acceptance: Acceptance) -> None:
    mails = [mail_to(user, FAR, OTHER) for _ in range(50)]

    found = at_once([lambda new=new: acceptance.add(new) for new in mails])

    assert len({accepted.submission_id for accepted in found}) == 50
    assert not any(accepted.duplicate for accepted in found)
    assert counted(db, SubmissionRow, JobRow, EventRow) == [50, 100, 50]
    for accepted in found:
        assert [job.submission_id for job in accepted.jobs] == [accepted.submission_id] * 2
        assert [str(job.destination) for job in accepted.jobs] == [FAR, OTHER]
        assert tuple(jobs.job(db, job.public_id) for job in accepted.jobs) == accepted.jobs


def test_the_same_mail_of_many_threads_is_one_submission(db: Database, user: User, acceptance: Acceptance) -> None:
    new = mail_to(user, FAR, OTHER, key="same")

    found = at_once([lambda: acceptance.add(new)] * 50)

    assert counted(db, SubmissionRow, JobRow) == [1, 2]
    assert sum(not accepted.duplicate for accepted in found) == 1
    assert len({(accepted.submission_id, accepted.jobs) for accepted in found}) == 1


def test_what_comes_while_somebody_writes_shares_a_commit(db: Database, user: User, acceptance: Acceptance) -> None:
    together(db, acceptance, [mail_to(user) for _ in range(12)])

    assert acceptance.largest == 12
    assert counted(db, SubmissionRow) == [12]


def test_a_commit_holds_so_many_mails_at_most(db: Database, user: User, acceptance: Acceptance) -> None:
    together(db, acceptance, [mail_to(user) for _ in range(MOST_AT_ONCE + 5)])

    assert acceptance.largest <= MOST_AT_ONCE
    assert counted(db, SubmissionRow) == [MOST_AT_ONCE + 5]


def test_the_same_mail_twice_in_a_commit_is_one_submission(db: Database, user: User, acceptance: Acceptance) -> None:
    new = mail_to(user, key="same")

    found = together(db, acceptance, [mail_to(user), new, new, new])

    assert [accepted.duplicate for accepted in found[1:]] == [False, True, True]
    assert len({accepted.jobs for accepted in found[1:]}) == 1
    assert counted(db, SubmissionRow) == [2]


def test_a_key_that_is_older_than_the_window_is_free_in_a_commit_too(
    db: Database, user: User, acceptance: Acceptance
) -> None:
    old = acceptance.add(mail_to(user, key="same"))

    [new, _] = together(db, acceptance, [mail_to(user, key="same", at=NOW + timedelta(days=5)), mail_to(user)])

    assert not new.duplicate
    assert new.submission_id != old.submission_id


def numbers_of(accepted: Accepted) -> list[str]:
    return [str(job.destination) for job in accepted.jobs]


def same_mail(user: User, *numbers: str, at: datetime = NOW) -> NewSubmission:
    return replace(mail_to(user, *numbers, at=at), mail_key=2**63 - 1)


def test_the_same_mail_to_more_numbers_goes_to_the_new_ones_alone(
    db: Database, user: User, acceptance: Acceptance
) -> None:
    first = acceptance.add(same_mail(user, FAR))

    more, again = acceptance.add(same_mail(user, FAR, OTHER)), acceptance.add(same_mail(user, OTHER, FAR))

    assert (numbers_of(first), numbers_of(more), more.duplicate) == ([FAR], [OTHER], False)
    assert (again.submission_id, again.duplicate) == (first.submission_id, True)
    assert counted(db, SubmissionRow, JobRow) == [2, 2]


def test_the_same_mail_to_some_of_its_numbers_goes_to_none(db: Database, user: User, acceptance: Acceptance) -> None:
    first = acceptance.add(same_mail(user, FAR, OTHER))

    [part, stranger] = together(db, acceptance, [same_mail(user, OTHER), mail_to(user, OTHER)])

    assert (part.submission_id, part.jobs, part.duplicate) == (first.submission_id, first.jobs, True)
    assert not stranger.duplicate
    assert counted(db, SubmissionRow, JobRow) == [2, 3]


def test_the_same_mail_to_others_in_one_commit_is_one_job_for_each_number(
    db: Database, user: User, acceptance: Acceptance
) -> None:
    mails = [same_mail(user, FAR), mail_to(user, FAR), same_mail(user, FAR, OTHER), same_mail(user, OTHER)]

    found = together(db, acceptance, mails)

    assert [numbers_of(one) for one in found] == [[FAR], [FAR], [OTHER], [OTHER]]
    assert [one.duplicate for one in found] == [False, False, False, True]
    assert counted(db, SubmissionRow, JobRow) == [3, 3]


def test_the_mail_of_a_program_to_more_numbers_goes_to_the_new_ones_alone(user: User, acceptance: Acceptance) -> None:
    mails = [
        replace(same_mail(user, *numbers), automatic_cap=AutomaticCap(9, NOW)) for numbers in ([FAR], [OTHER, FAR])
    ]

    found = [acceptance.add(new) for new in [*mails, replace(mails[1], duplicate_key="another way")]]

    assert [numbers_of(one) for one in found] == [[FAR], [OTHER], [FAR]]
    assert [one.duplicate for one in found] == [False, False, True]


def test_the_same_mail_to_more_numbers_at_two_processes_is_one_job_for_each_number(db: Database, user: User) -> None:
    other = open_database(db.url.render_as_string(hide_password=False))

    def meanwhile(session: Session) -> Future[Answer]:
        add_all(session, [same_mail(user, FAR)])
        entered = other.submit(lambda session: add_all(session, [same_mail(user, FAR, OTHER)])[0])
        with pytest.raises(TimeoutError):
            entered.result(timeout=0.1)
        return entered

    more = db.write(meanwhile).result()
    other.close()

    assert isinstance(more, Accepted)
    assert numbers_of(more) == [OTHER]


def test_another_sub_address_is_somebody_else_and_five_days_are_the_window(user: User, acceptance: Acceptance) -> None:
    acceptance.add(same_mail(user, FAR))
    lodger = replace(same_mail(user), addresses=(FaxAddress(Destination(FAR), sub_address="42"),))

    found = [acceptance.add(new) for new in (lodger, same_mail(user, FAR, at=NOW + timedelta(days=5, seconds=1)))]

    assert [one.duplicate for one in found] == [False, False]


@pytest.mark.parametrize(
    "poison", [{"user_id": NOBODY}, {"subject": "a lone surrogate \ud800"}, {"priority": 2**70}], ids=str
)
def test_a_mail_that_cannot_be_written_harms_no_other(
    db: Database, user: User, acceptance: Acceptance, poison: dict[str, object]
) -> None:
    bad = replace(mail_to(user), **poison)  # type: ignore[arg-type]

    def taken(new: NewSubmission) -> str:
        try:
            return "in" if acceptance.add(new).jobs else "empty"
        except (DBAPIError, ValueError, OverflowError):  # drivers differ in what they say of such values
            return "out"

    found = at_once([lambda new=new: taken(new) for new in [mail_to(user), bad, mail_to(user), mail_to(user)]])

    assert found == ["in", "out", "in", "in"]
    assert counted(db, SubmissionRow, JobRow, EventRow) == [3, 3, 3]


def test_a_mail_that_is_refused_in_a_commit_takes_none_with_it(
    db: Database, user: User, acceptance: Acceptance
) -> None:
    signed = replace(mail_to(user, FAR), signature=SignatureUse("ab", alone=True, until=NOW + timedelta(days=3)))
    replayed = replace(mail_to(user, OTHER), signature=SignatureUse("ab", alone=True, until=NOW + timedelta(days=3)))
    entered = []

    db.write(lambda _session: entered.extend(acceptance.enter(new) for new in [mail_to(user), signed, replayed]))

    assert [acceptance.answer(one).duplicate for one in entered[:2]] == [False, False]
    with pytest.raises(TakenBeforeError):
        acceptance.answer(entered[2])
    with pytest.raises(TakenBeforeError):
        check(db, replayed)
    assert counted(db, SubmissionRow) == [2]


def test_an_answer_that_needs_the_database_is_not_plain(user: User, acceptance: Acceptance) -> None:
    new = mail_to(user, key="same")
    first = acceptance.enter(new)
    plain = acceptance.answer(first)

    again = acceptance.enter(new)
    accepted = acceptance.answer(again)

    assert acceptance.plain_answer(first) == plain
    assert acceptance.plain_answer(again) is None
    assert accepted == replace(plain, duplicate=True)


def test_a_store_that_stays_locked_is_unavailable_for_the_whole_commit(db: Database, user: User) -> None:
    if not db.is_near:
        pytest.skip("a server locks rows, not the store")
    impatient = open_database(f"{db.url.render_as_string(hide_password=False)}?timeout=0.05")
    acceptance = Acceptance(impatient)

    def locked(session: Session) -> None:
        session.connection()
        entered = [acceptance.enter(mail_to(user)) for _ in range(3)]
        for one in entered:
            with pytest.raises(UnavailableError, match="locked"):
                acceptance.answer(one)

    db.write(locked)

    assert acceptance.add(mail_to(user)).jobs  # and afterwards it goes on
    assert counted(db, SubmissionRow) == [1]
    impatient.close()


def test_nobody_is_told_of_success_before_the_commit(db: Database, user: User, acceptance: Acceptance) -> None:
    def meanwhile(_session: Session) -> bool:
        entered.append(acceptance.enter(mail_to(user)))
        return entered[0].done.done()

    entered: list[submissions.Accepted] | list = []  # type: ignore[type-arg]

    assert not db.write(meanwhile)
    accepted = acceptance.answer(entered[0])
    assert db.read(lambda session: session.get(SubmissionRow, accepted.submission_id)) is not None


def test_a_mail_may_go_to_thousands(db: Database, user: User, acceptance: Acceptance) -> None:
    numbers = [f"+1202{number:07}" for number in range(3000)]

    [accepted] = together(db, acceptance, [mail_to(user, *numbers)])

    assert [str(job.destination) for job in accepted.jobs] == numbers
    assert counted(db, JobRow) == [3000]


def test_numbers_go_on_where_rows_were_added_one_by_one(db: Database, user: User, acceptance: Acceptance) -> None:
    one = submissions.add(db, mail_to(user))
    more = together(db, acceptance, [mail_to(user), mail_to(user)])
    last = submissions.add(db, mail_to(user))

    numbers = [one.submission_id, *(accepted.submission_id for accepted in more), last.submission_id]
    assert numbers == sorted(set(numbers))


def test_a_small_mail_waits_with_its_rows_until_it_was_rendered(
    db: Database, user: User, acceptance: Acceptance, tmp_path: Path
) -> None:
    small = acceptance.add(replace(mail_to(user), content=b"From: anna\r\n\r\nhello\r\n"))

    with owning(db, tmp_path) as owner:
        claim = claim_render(db, owner, NOW)
        assert claim is not None
        assert (claim.submission.id, claim.content) == (small.submission_id, b"From: anna\r\n\r\nhello\r\n")
        submissions.finish_render(db, claim, rendered(claim), NOW, [])

    assert db.read(lambda session: session.get(ContentRow, small.submission_id)) is None
    assert contents.left(db) is None


def test_the_mail_of_a_submission_that_ended_unrendered_is_left(
    db: Database, user: User, acceptance: Acceptance
) -> None:
    waiting = acceptance.add(replace(mail_to(user), content=b"waits"))
    ended = acceptance.add(replace(mail_to(user), content=b"ended"))
    assert contents.left(db) is None
    jobs.cancel(db, ended.jobs[0].public_id, NOW, lambda _job: None)

    left = contents.left(db)

    assert left == contents.LeftContent(ended.submission_id, b"ended")
    contents.forget(db, ended.submission_id)
    assert contents.left(db) is None
    assert db.read(lambda session: contents.waiting(session, waiting.submission_id)) == b"waits"


VICTIM = """
import os, signal, sys
from dataclasses import replace
from gateway.store import tree
from gateway.store.acceptance import Acceptance
from gateway.store.database import open_database
from gateway.store.entry import Entry
from tests.filled_store import mail_to
db = open_database(sys.argv[1])
user = tree.user_by_address(db, "anna@acme.example")
acceptance = Acceptance(db)
acceptance.add(replace(mail_to(user, key="told"), content=b"told"))
print("250", flush=True)
if sys.argv[2] == "before":
    write = Entry.write
    def killed(self, cursor, mails):
        write(self, cursor, mails)
        os.kill(os.getpid(), signal.SIGKILL)
    Entry.write = killed
acceptance.add(replace(mail_to(user, key="untold"), content=b"untold"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "found"), [("before", ["told"]), ("after", ["told", "untold"])])
def test_a_kill_leaves_whole_mails_or_nothing_of_them(db: Database, user: User, moment: str, found: list[str]) -> None:
    url = db.url.render_as_string(hide_password=False)
    assert user.id

    ended = subprocess.run(
        [sys.executable, "-c", VICTIM, url, moment],
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (ended.returncode, ended.stdout) == (-9, "250\n")
    keys = db.read(lambda session: [row.duplicate_key for row in session.exec(select(SubmissionRow))])
    octets = db.read(lambda session: [row.octets.decode() for row in session.exec(select(ContentRow))])
    assert sorted(keys) == sorted(octets) == found
    assert counted(db, JobRow, EventRow) == [len(found)] * 2
    if db.is_near:
        assert db.read(lambda session: session.connection().execute(text("pragma integrity_check")).scalar()) == "ok"
