"""Looking up faxes, saving what was sent, cancelling."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.admin import activity
from gateway.domain.errors import NotFoundError, RefusedError, UnavailableError
from gateway.domain.job import JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.store import calls, submissions
from gateway.store.database import Database
from gateway.store.spool import Spool
from tests.filled_store import NOW, anna, calling, end, mail_on, mail_to, no_mail, owning, ready


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


def called(db: Database, owner: int, **digests: str) -> str:
    """A fax after a call that kept these contents; its id."""
    ending = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW, **digests)
    return calls.finish_call(db, calling(db, owner), ending, NOW, no_mail).public_id


def test_a_fax_is_found_by_its_id_however_it_is_typed(db: Database) -> None:
    [job] = submissions.add(db, mail_to(anna(db))).jobs

    assert activity.show(db, f" {job.public_id.lower()} ").job == job


def test_newest_first_and_no_more_than_asked(db: Database) -> None:
    user = anna(db)
    made = [submissions.add(db, mail_to(user)).jobs[0].public_id for _ in range(3)]

    listed = activity.outbound(db, activity.Filter(limit=2))

    assert [job.public_id for job in listed] == [made[2], made[1]]


def test_the_pages_of_the_last_call_that_kept_any_are_saved(db: Database, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    called(db, owner, tiff_digest=spool.put_bytes(b"first"), pdf_digest=spool.put_bytes(b"book"))
    detail = activity.show(db, activity.outbound(db, activity.Filter())[0].public_id)

    activity.save_sent(spool, detail, "tiff", str(tmp_path / "out.tif"))
    activity.save_sent(spool, detail, "pdf", str(tmp_path / "out.pdf"))

    assert ((tmp_path / "out.tif").read_bytes(), (tmp_path / "out.pdf").read_bytes()) == (b"first", b"book")


def test_pages_that_were_erased_are_not_found(db: Database, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    detail = activity.show(db, called(db, owner, tiff_digest="ab" * 32))

    with pytest.raises(NotFoundError, match="it was erased"):
        activity.save_sent(spool, detail, "tiff", str(tmp_path / "out.tif"))


def test_a_target_that_cannot_be_written_is_named(db: Database, owner: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    ready(db, owner, mail_to(anna(db)))
    detail = activity.show(db, called(db, owner, tiff_digest=spool.put_bytes(b"x")))

    with pytest.raises(UnavailableError, match=r"cannot be written \(Is a directory\)"):
        activity.save_sent(spool, detail, "tiff", str(tmp_path))


def test_cancelling_ends_what_waits_and_asks_what_calls(db: Database, owner: int) -> None:
    user = anna(db)
    ready(db, owner, mail_to(user, "+12025550101"))
    in_call = calling(db, owner).job.public_id
    [waits] = submissions.add(db, mail_to(user, "+12025550102")).jobs

    assert activity.cancel(db, waits.public_id.lower(), NOW, mail_on) is True
    assert activity.cancel(db, in_call, NOW, mail_on) is False

    assert activity.show(db, waits.public_id).job.state is JobState.CANCELLED
    assert len(activity.show(db, waits.public_id).notices) == 1
    assert activity.show(db, in_call).job.cancel_asked


def test_what_is_over_stays_as_it_is(db: Database) -> None:
    [job] = submissions.add(db, mail_to(anna(db))).jobs
    activity.cancel(db, job.public_id, NOW, no_mail)

    with pytest.raises(RefusedError, match="is cancelled already"):
        activity.cancel(db, job.public_id, NOW, no_mail)
    with pytest.raises(NotFoundError):
        activity.cancel(db, "nonsense", NOW, no_mail)
