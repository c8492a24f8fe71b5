"""Alarms that are known: raised once, by one node, ended once, and mailed at most once in the time between."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.alarms import Alarm, AlarmKind
from gateway.store import outbox
from gateway.store.alarms import Changes, Mailing, note, raised
from gateway.store.database import Database
from gateway.store.outbox import NewMail
from tests.filled_store import NOW, WALL, opened

LATE = Alarm(AlarmKind.JOB_LATE, "a job has been due for 61 min")
LOW = Alarm(AlarmKind.DISK_LOW, "0.1 GB are free")
HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("engine")]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        yield database


def make(alarm: Alarm) -> NewMail:
    return NewMail("alarm", None, None, 0, "admin@acme.example", alarm.detail.encode(), f"<{alarm.kind}@fax>")


MAILING = Mailing(HOUR, make)


def told(db: Database, *seen: Alarm, host: str = "one", at: datetime = WALL, mailing: Mailing | None = None) -> Changes:
    return note(db, host, seen, at, mailing, NOW)


def mails(db: Database) -> list[str]:
    return [mail.message_id for mail in outbox.listing(db)]


def test_an_alarm_is_raised_once_and_ended_once(db: Database) -> None:
    assert told(db, LATE) == Changes(raised=(LATE,))
    assert told(db, LATE, at=WALL + HOUR) == Changes()
    assert raised(db) == ((LATE, WALL),)

    assert told(db) == Changes(ended=(LATE,))
    assert told(db) == Changes()
    assert raised(db) == ()


def test_what_two_nodes_see_alike_is_raised_by_the_first_and_ended_by_the_first(db: Database) -> None:
    assert told(db, LATE, host="one") == Changes(raised=(LATE,))
    assert told(db, LATE, host="two") == Changes()
    assert told(db, host="two") == Changes(ended=(LATE,))
    assert told(db, host="one") == Changes()


def test_a_disk_belongs_to_its_machine(db: Database) -> None:
    told(db, LOW, host="one")

    assert told(db, host="two") == Changes()
    assert told(db, LOW, host="two") == Changes(raised=(LOW,))
    assert told(db, host="one") == Changes(ended=(LOW,))
    assert [alarm for alarm, _ in raised(db)] == [LOW]


def test_an_alarm_is_mailed_in_the_commit_that_raises_it(db: Database) -> None:
    told(db, LATE, LOW, mailing=MAILING)

    assert sorted(mails(db)) == ["<disk-low@fax>", "<job-late@fax>"]


def test_one_that_lasts_is_mailed_once(db: Database) -> None:
    for hours in range(6):
        told(db, LATE, at=WALL + hours * HOUR, mailing=MAILING)

    assert len(mails(db)) == 1


def test_one_that_comes_and_goes_is_mailed_once_in_the_time_between(db: Database) -> None:
    for minutes in range(0, 60, 10):
        told(db, LATE, at=WALL + timedelta(minutes=minutes), mailing=MAILING)
        told(db, at=WALL + timedelta(minutes=minutes + 5), mailing=MAILING)
    assert len(mails(db)) == 1

    told(db, LATE, at=WALL + timedelta(minutes=50), mailing=MAILING)
    assert len(mails(db)) == 1
    told(db, LATE, at=WALL + HOUR, mailing=MAILING)  # it lasts, and the hour is over
    assert len(mails(db)) == 2


def test_kinds_are_mailed_apart(db: Database) -> None:
    told(db, LATE, mailing=MAILING)
    told(db, LATE, LOW, at=WALL + timedelta(minutes=1), mailing=MAILING)

    assert len(mails(db)) == 2


def test_an_alarm_of_a_time_without_an_address_is_mailed_when_there_is_one(db: Database) -> None:
    told(db, LATE)
    assert mails(db) == []

    assert told(db, LATE, at=WALL + timedelta(minutes=5), mailing=MAILING) == Changes()
    assert len(mails(db)) == 1


def test_the_words_of_an_alarm_that_lasts_are_kept_from_its_beginning(db: Database) -> None:
    told(db, LATE)
    told(db, Alarm(AlarmKind.JOB_LATE, "a job has been due for 62 min"))

    assert raised(db) == ((LATE, WALL),)
