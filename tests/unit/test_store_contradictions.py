"""Rows that contradict one another are found, each kind; the queries are run on both engines by test_store_check."""

from pathlib import Path

import pytest

from gateway.domain.nodes import User
from gateway.store import submissions
from gateway.store.contradictions import CONTRADICTIONS
from gateway.store.database import Database
from gateway.store.spool import Spool
from tests.filled_store import mail_to
from tests.store_states import change, every_state, faults

pytestmark = pytest.mark.slow  # a store with everything in it is made for each


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def filled(db: Database, user: User, spool: Spool, tmp_path: Path) -> Database:
    """A store with a fax in every state."""
    return every_state(db, user, spool, tmp_path)


SPOILT = {
    "is in a call that nobody makes": "update job set owner = null where state = 'calling'",
    "is in no call, and a process owns it":
        "update job set owner = (select max(id) from process) where state = 'ready'",
    "is in a call without an attempt": "update attempt set ended = 1 where ended is null",
    "is in no call, and an attempt goes on": "update attempt set ended = null where line = 1 and outcome = 'Busy'",
    "has ended, and no time says when": "update job set ended = null where state = 'sent'",
    "has not ended, and a time says when it did": "update job set ended = 1 where state = 'ready'",
    "has ended without an outcome": "update job set outcome = null where state = 'failed'",
    "counts as sent, and not all of its pages": "update job set pages_sent = 1 where state = 'sent'",
    "has more pages confirmed than it has": "update job set pages_sent = 9 where state = 'ready'",
    "waits for pages of a mail that is not rendered any more":
        "update submission set state = 'failed' where state = 'accepted'",
    "waits for a call, and its mail is not rendered":
        "update submission set state = 'failed' where id in (select submission_id from job where state = 'ready')",
    "is in another state than its history says": "update event set to_state = 'held' where to_state = 'sent'",
    "has no history": "delete from event where to_state in ('sent', 'calling', 'ready') and job_id is not null",
    "is being rendered by nobody": "update submission set state = 'rendering' where state = 'accepted'",
    "is not being rendered, and a process owns it":
        "update submission set owner = (select max(id) from process) where state = 'accepted'",
    "waits to be rendered for no job": "update submission set state = 'accepted' where state = 'rendered'",
    "has no job": "update job set submission_id = (select min(id) from submission), copy_no = id",
    "is being sent by nobody": "update outbox set owner = null where state = 'sending'",
    "is not being sent, and a process owns it": "update outbox set state = 'waiting' where state = 'sending'",
    "comes in no more, and a process owns it":
        "update received set owner = (select max(id) from process) where state = 'received'",
    "is over, and no time says since when": "update received set ended = null",
    "is over without a history": "delete from received_event",
    "has more or fewer pages than are kept": "update received set pages = 2",
    "has pages, and no file of them": "update received set tiff_digest = ''",
    "has a number that is not in the inventory":
        "update user_profile set fax_number = '+12025550177' "
        "where node_id = (select max(node_id) from user_profile)",
    "is worked on by nobody": "update forwarding set state = 'working'",
    "is not worked on, and a process owns it": "update forwarding set owner = (select max(id) from process)",
    "has pages that nobody was to be mailed": "delete from forwarding",
    "is being made by nobody": "update archive_transfer set state = 'copying'",
    "is not being made, and a process owns it":
        "update archive_transfer set owner = (select max(id) from process)",
    "is of no fax, or of two": "update archive_transfer set job_id = null",
    "was sent, and no time says when": "update outbox set state = 'sent', owner = null where state = 'sending'",
}  # fmt: skip


def test_every_contradiction_is_tried() -> None:
    assert all(any(spoilt in one.words for spoilt in SPOILT) for one in CONTRADICTIONS)
    assert len(SPOILT) == len(CONTRADICTIONS)


@pytest.mark.parametrize("words", SPOILT)
def test_rows_that_contradict_one_another_are_named(filled: Database, spool: Spool, words: str) -> None:
    if words.startswith("is in no call, and an attempt"):
        change(filled, "update attempt set line = 9 where ended is null")  # its line would be taken
    change(filled, SPOILT[words])

    found = [fault for fault in faults(filled, spool) if words in fault]

    assert len(found) == 1
    assert found[0].split()[0] in {"job", "submission", "mail", "received", "forwarding", "user", "copy"}


def test_many_rows_of_a_kind_are_not_all_named(db: Database, user: User, spool: Spool) -> None:
    for _ in range(12):
        submissions.add(db, mail_to(user))
    change(db, "update job set pages_sent = 1")

    [fault] = [fault for fault in faults(db, spool) if "more pages" in fault]

    assert fault.count(",") == 9
    assert "and more has more pages" in fault
