"""Faxes that take much longer than expected: their senders are told, once, and never after the end."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.delays import MOST_AT_ONCE, Delays
from gateway.domain.errors import UsageError
from gateway.domain.job import Job, JobState
from gateway.domain.setting_catalog import checked_value
from gateway.mail.messages import NoticeKind
from gateway.store import jobs, outbox, overdue, tree
from gateway.store.mails import DELAYED, MailState
from tests.flows.faxes import call, two_pages
from tests.flows.letters import mail
from tests.flows.stage import BUSY, DONE, Stage, staged, words

OTHER = "+12025550199"
LATE = timedelta(minutes=63)  # an hour behind 45 s for the call and 35 s for each page


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def delays(stage: Stage) -> Delays:
    return Delays(stage.db, stage.composer)


def later(stage: Stage, delays: Delays, span: timedelta) -> int:
    """How many are told when so much time has passed."""
    stage.clock.pass_time(seconds=span.total_seconds())
    return delays.tell(stage.clock.now())


def told(stage: Stage) -> list[EmailMessage]:
    return [message for message in stage.notices if "is delayed" in message["Subject"]]


def setting(stage: Stage, value: str) -> None:
    tree.set_setting(stage.db, "Acme", "notify.delay_minutes", value)


def test_a_sender_is_told_an_hour_after_the_time_that_was_expected_and_once(stage: Stage, delays: Delays) -> None:
    two_pages(stage)

    assert [later(stage, delays, timedelta(minutes=minutes)) for minutes in (10, 51, 2, 60)] == [0, 0, 1, 0]
    [notice] = told(stage)
    assert "no line was free" in words(notice)
    assert "Expected by: 03-02-2026 3:06 PM" in words(notice)


def test_a_fax_that_was_called_in_vain_lists_its_calls_and_the_next(stage: Stage, delays: Delays) -> None:
    two_pages(stage)
    job = asyncio.run(call(stage, BUSY))
    later(stage, delays, LATE)

    [notice] = told(stage)
    assert job.state is JobState.WAITING
    assert "we go on trying" in words(notice)
    assert "Busy" in words(notice)
    assert "Next call: not before" in words(notice)


@pytest.mark.parametrize(("minutes", "after"), [("0", None), ("10", 12), ("180", 182)])
def test_the_setting_says_how_late_it_must_be(stage: Stage, delays: Delays, minutes: str, after: int | None) -> None:
    setting(stage, minutes)
    asyncio.run(stage.rendered(mail(Subject="Offer %{Expire:10h}")))  # the settings are frozen with the mail
    found = [later(stage, delays, timedelta(minutes=1)) for _ in range(200)]

    assert sum(found) == (1 if after else 0)
    assert after is None or found.index(1) + 1 == after


def test_a_fax_for_later_is_late_from_its_own_time_on(stage: Stage, delays: Delays) -> None:
    asyncio.run(stage.rendered(mail(Subject="Offer %{At:+5h}")))

    assert later(stage, delays, timedelta(hours=5)) == 0
    jobs.promote_due(stage.db, stage.clock.now())
    asyncio.run(call(stage, BUSY))
    assert later(stage, delays, timedelta(minutes=30)) == 0
    assert later(stage, delays, timedelta(minutes=40)) == 1


def test_what_ended_in_time_or_ends_in_the_meantime_is_not_told(stage: Stage, delays: Delays) -> None:
    two_pages(stage)
    asyncio.run(call(stage, DONE))
    assert later(stage, delays, LATE) == 0
    late = two_pages(stage, OTHER)
    later(stage, delays, timedelta(minutes=11))
    jobs.cancel(stage.db, late.public_id, stage.clock.now(), lambda _job: None)

    assert later(stage, delays, LATE) == 0
    assert told(stage) == []


def test_the_end_comes_before_a_notice_that_waits(stage: Stage, delays: Delays) -> None:
    job = two_pages(stage)
    later(stage, delays, LATE)
    jobs.cancel(stage.db, job.public_id, stage.clock.now(), stage.composer.after_end)

    claim = outbox.claim_mail(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    assert claim.kind == "delivery-failure"
    assert outbox.claim_mail(stage.db, stage.process.id, stage.clock.now()) is None
    delays.tell(stage.clock.now())
    assert {one.kind: one.state for one in outbox.listing(stage.db)}[DELAYED] is MailState.DROPPED


def test_a_process_that_starts_later_knows_what_was_told(stage: Stage, delays: Delays) -> None:
    two_pages(stage)
    later(stage, delays, LATE)
    other = two_pages(stage, OTHER)
    again = Delays(stage.db, stage.composer)

    assert [later(stage, again, LATE), again.tell(stage.clock.now())] == [1, 0]
    assert [message["X-Fax-Job"] for message in told(stage)][1:] == [other.public_id]


def test_two_processes_tell_once(stage: Stage, delays: Delays) -> None:
    job = two_pages(stage)
    stage.clock.pass_time(seconds=LATE.total_seconds())

    def mail_of(found: Job) -> outbox.NewMail:
        return stage.composer.delayed(found, stage.clock.now())

    assert [overdue.tell(stage.db, job.id, mail_of, stage.clock.now()) for _ in range(2)] == [True, False]
    assert delays.tell(stage.clock.now()) == 0


def test_very_many_are_told_in_rounds(stage: Stage, delays: Delays, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_AT_ONCE >= 100
    monkeypatch.setattr("gateway.delays.MOST_AT_ONCE", 2)
    for last in range(5):
        two_pages(stage, f"+1202555020{last}")

    assert [later(stage, delays, LATE), delays.tell(stage.clock.now()), delays.tell(stage.clock.now())] == [2, 2, 1]


async def test_the_flow_tells_before_time_leaps_to_the_next_call(stage: Stage) -> None:
    setting(stage, "10")
    tree.set_setting(stage.db, "Acme", "notify.initial_success", "off")  # time leaps when nothing else is to be done
    await stage.rendered(mail())
    await call(stage, BUSY, BUSY)  # 3 minutes between, and 5 to the next
    assert told(stage) == []

    await call(stage, BUSY)  # 10 to the next
    await stage.tend().next()
    assert [message["X-Fax-Job"] for message in told(stage)] == [stage.jobs[0].public_id]


def test_where_nobody_wants_to_be_told_no_job_is_looked_at(stage: Stage, delays: Delays) -> None:
    setting(stage, "0")
    asyncio.run(stage.rendered(mail()))

    assert later(stage, delays, LATE) == 0
    assert delays._later == []


def test_jobs_are_found_page_by_page_with_the_settings_that_were_frozen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.overdue.PAGE", 2)
    made = [two_pages(stage, f"+1202555020{last}") for last in range(3)]
    setting(stage, "180")
    asyncio.run(stage.rendered(mail()))
    now = stage.clock.now()
    aging = {one.number: one.held for one in overdue.accepted_between(stage.db, None, now)}

    [held] = [held for number, held in aging.items() if number not in {job.id for job in made}]
    assert held is not None
    assert (len(aging), held.settings.text("notify.delay_minutes")) == (4, "180")
    assert list(overdue.accepted_between(stage.db, now, now + LATE)) == []


def test_of_jobs_those_that_have_not_ended_are_still_open(stage: Stage) -> None:
    over, waiting = two_pages(stage), two_pages(stage, OTHER)
    jobs.cancel(stage.db, over.public_id, stage.clock.now(), lambda _job: None)

    assert overdue.still_open(stage.db, [over.id, waiting.id, 10_000]) == {waiting.id}


def test_kinds_and_minutes_agree_with_what_others_call_them() -> None:
    assert NoticeKind.DELIVERY_DELAYED.value == DELAYED
    for text in ("0", "10", "1440"):
        assert checked_value("notify.delay_minutes", text) == text
    for text in ("9", "-1", "soon", "43201"):
        with pytest.raises(UsageError):
            checked_value("notify.delay_minutes", text)
