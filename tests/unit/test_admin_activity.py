"""Looking up faxes, saving what was sent, cancelling."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.admin import activity
from gateway.admin.acts import Door
from gateway.domain.actors import Actor
from gateway.domain.errors import NotAllowedError, NotFoundError, RefusedError, UnavailableError
from gateway.domain.job import JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.rights import ALL, Granted
from gateway.store import calls, journal, submissions, tree, tree_changes
from gateway.store.database import Database
from gateway.store.named import line, named
from gateway.store.spool import Spool
from renderers.faxpage import FaxPage, Resolution, pdf_of, read_tiff, tiff_of
from renderers.libtiff import encode
from tests.filled_store import NOW, anna, calling, end, mail_on, mail_to, no_mail, owning, ready


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def door(db: Database) -> Door:
    return Door(db, Actor("root", ""), lambda: NOW)


def called(db: Database, owner: int, **digests: str) -> str:
    """A fax after a call that kept these contents; its id."""
    ending = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW, **digests)
    return calls.finish_call(db, calling(db, owner), ending, NOW, no_mail).public_id


def test_a_fax_is_found_by_its_id_however_it_is_typed(db: Database, door: Door) -> None:
    [job] = submissions.add(db, mail_to(anna(db))).jobs

    assert activity.show(door, f" {job.public_id.lower()} ").job == job


def test_newest_first_and_no_more_than_asked(db: Database, door: Door) -> None:
    user = anna(db)
    made = [submissions.add(db, mail_to(user)).jobs[0].public_id for _ in range(3)]

    listed = activity.outbound(door, activity.Filter(limit=2))

    assert [line.job.public_id for line in listed] == [made[2], made[1]]


def test_the_pages_of_the_last_call_that_kept_any_are_saved(
    db: Database, door: Door, owner: int, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    page = FaxPage(1728, 3, Resolution.FINE, encode(np.zeros((3, 216), np.uint8)))
    called(db, owner, tiff_digest=spool.put_bytes(tiff_of([page])))
    detail = activity.show(door, activity.outbound(door, activity.Filter())[0].job.public_id)

    activity.save_sent(spool, detail, "tiff", str(tmp_path / "out.tif"))
    activity.save_sent(spool, detail, "pdf", str(tmp_path / "out.pdf"))

    assert read_tiff(tmp_path / "out.tif") == [page]
    assert (tmp_path / "out.pdf").read_bytes() == pdf_of([page])  # octet for octet, whenever it is made


def test_pages_that_are_damaged_are_told(db: Database, door: Door, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    detail = activity.show(door, called(db, owner, tiff_digest=spool.put_bytes(b"no TIFF")))

    with pytest.raises(UnavailableError, match="faxgw db check"):
        activity.save_sent(spool, detail, "pdf", str(tmp_path / "out.pdf"))

    assert not (tmp_path / "out.pdf").exists()


def test_pages_that_were_erased_are_not_found(db: Database, door: Door, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    detail = activity.show(door, called(db, owner, tiff_digest="ab" * 32))

    with pytest.raises(NotFoundError, match="it was erased"):
        activity.save_sent(spool, detail, "tiff", str(tmp_path / "out.tif"))


def test_a_target_that_cannot_be_written_is_named(db: Database, door: Door, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    detail = activity.show(door, called(db, owner, tiff_digest=spool.put_bytes(b"x")))

    with pytest.raises(UnavailableError, match=r"cannot be written \(Is a directory\)"):
        activity.save_sent(spool, detail, "tiff", str(tmp_path))


def test_cancelling_ends_what_waits_and_asks_what_calls(db: Database, door: Door, owner: int) -> None:
    user = anna(db)
    ready(db, owner, mail_to(user, "+12025550101"))
    in_call = calling(db, owner).job.public_id
    [waits] = submissions.add(db, mail_to(user, "+12025550102")).jobs

    assert activity.cancel(door, waits.public_id.lower(), NOW, mail_on).answer is True
    assert activity.cancel(door, in_call, NOW, mail_on).answer is False

    assert activity.show(door, waits.public_id).job.state is JobState.CANCELLED
    assert len(activity.show(door, waits.public_id).notices) == 1
    assert activity.show(door, in_call).job.cancel_asked


def test_what_is_over_stays_as_it_is(db: Database, door: Door) -> None:
    [job] = submissions.add(db, mail_to(anna(db))).jobs
    activity.cancel(door, job.public_id, NOW, no_mail)

    with pytest.raises(RefusedError, match="is cancelled already"):
        activity.cancel(door, job.public_id, NOW, no_mail)
    with pytest.raises(NotFoundError):
        activity.cancel(door, "nonsense", NOW, no_mail)


def test_who_was_first_a_cancel_or_the_last_page_is_told(db: Database, door: Door, owner: int) -> None:
    user = anna(db)
    ready(db, owner, mail_to(user, "+12025550101"))
    ready(db, owner, mail_to(user, "+12025550102"))
    first, second = calling(db, owner), calling(db, owner)
    for claim in (first, second):
        activity.cancel(door, claim.job.public_id, NOW, no_mail)
    assert activity.decided(door, first.job.public_id, 0) is None

    calls.finish_call(db, first, end(JobEvent.CANCELLED, Outcome.CANCELLED), NOW, no_mail)
    calls.finish_call(db, second, end(JobEvent.CONFIRMED, Outcome.SUCCESS), NOW, no_mail)

    won, lost = (activity.decided(door, claim.job.public_id, 0) for claim in (first, second))
    assert won is not None
    assert lost is not None
    activity.refuse_lost(won, JobState.CANCELLED)
    with pytest.raises(RefusedError, match="was faster: it is sent"):
        activity.refuse_lost(lost, JobState.CANCELLED)


def test_a_fax_is_held_and_goes_on_and_both_stand_in_the_journal(db: Database, door: Door, owner: int) -> None:
    user = anna(db)
    [job] = ready(db, owner, mail_to(user)).jobs

    assert activity.hold(door, job.public_id, NOW).answer is True
    assert activity.release(door, job.public_id.lower(), NOW).answer is JobState.READY

    found = journal.listing(db, journal.Wanted())
    assert [(entry.what, entry.node_id) for entry in found] == [("fax.release", user.id), ("fax.hold", user.id)]
    assert all(job.public_id in entry.after for entry in found)


def test_an_administrator_sees_and_stops_only_the_faxes_of_his_place(db: Database, owner: int) -> None:
    user = anna(db)
    [job] = ready(db, owner, mail_to(user)).jobs
    tree.add_company(db, "Other")
    here = Door(db, Actor("ann", "", line(db, user.parent_id), ALL), lambda: NOW)
    elsewhere = Door(db, Actor("oda", "", line(db, named(db, "Other").id), ALL), lambda: NOW)

    assert [one.job.id for one in activity.outbound(here, activity.Filter())] == [job.id]
    assert activity.outbound(elsewhere, activity.Filter()) == ()
    for deed in (
        lambda: activity.show(elsewhere, job.public_id),
        lambda: activity.hold(elsewhere, job.public_id, NOW),
        lambda: activity.outbound(elsewhere, activity.Filter(), "Acme"),
    ):
        with pytest.raises(NotAllowedError):
            deed()


def test_faxes_are_listed_for_a_company_a_department_or_a_user(db: Database, door: Door) -> None:
    user, other = anna(db), anna(db, "ben@acme.example")
    submissions.add(db, mail_to(user))
    submissions.add(db, mail_to(other))

    def users(where: str) -> list[str]:
        return [one.user for one in activity.outbound(door, activity.Filter(), where)]

    assert users("Acme") == users("Acme/Sales") == ["ben", "anna"]
    assert users("anna@acme.example") == ["anna"]
    with pytest.raises(NotFoundError):
        users("Acme/Nowhere")


def test_faxes_of_who_was_deleted_are_shown_held_and_cancelled(db: Database, door: Door, owner: int) -> None:
    user = anna(db)
    [job] = ready(db, owner, mail_to(user)).jobs
    tree_changes.remove(db, user.id, NOW)

    assert activity.show(door, job.public_id).frozen.sender.path == "Acme/Sales/anna"
    assert activity.hold(door, job.public_id, NOW).answer is True
    changed = activity.cancel(door, job.public_id, NOW, no_mail)
    assert (changed.answer, changed.entries[0].target) == (True, "Acme/Sales/anna")
    with pytest.raises(NotFoundError):
        named(db, f"#{user.id}")


@pytest.mark.parametrize(
    ("place", "rights", "read_only"),
    [("Acme/Legal", ALL.names, False), ("Acme", ALL.names - {"activity"}, False), ("Acme", ALL.names, True)],
)
def test_a_cancel_takes_the_right_at_the_senders_place(
    db: Database, place: str, rights: frozenset[str], read_only: bool
) -> None:
    [job] = submissions.add(db, mail_to(anna(db))).jobs
    tree.add_department(db, "Acme", "Legal")
    ada = Actor("ada", "", line(db, named(db, place).id), Granted(rights, read_only))

    for deed in (activity.hold, activity.release, lambda *given: activity.cancel(*given, no_mail)):
        with pytest.raises(NotAllowedError):
            deed(Door(db, ada, lambda: NOW), job.public_id, NOW)
    assert activity.show(Door(db, Actor("root"), lambda: NOW), job.public_id).job.state is JobState.ACCEPTED
