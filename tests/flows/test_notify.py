"""From the outbox to the relay: what each answer of the relay leads to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.errors import LostClaimError
from gateway.mail.relay import EXPIRY, Sent
from gateway.store import outbox, processes
from gateway.store.outbox import Mail, MailState
from samples.demo import free_port
from tests.fakes import SinkRelay
from tests.filled_store import NOW, WALL, no_mail
from tests.flows.letters import ANNA, mail
from tests.flows.stage import Stage

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def waiting(stage: Stage) -> None:
    """One notice waits: nothing to fax was in Anna's mail."""
    await stage.rendered(mail(" "))


def only(stage: Stage) -> Mail:
    [one] = outbox.listing(stage.db)
    return one


@pytest.mark.usefixtures("waiting")
async def test_a_notice_is_sent_from_the_null_sender_and_settled(stage: Stage) -> None:
    async with SinkRelay() as sink:
        assert await stage.notify(sink.port).next() is True
        assert await stage.notify(sink.port).next() is False

    [sunk] = sink.mails
    assert (sunk.mail_from, sunk.recipients) == ("", (ANNA,))
    assert sunk.message["Auto-Submitted"] == "auto-replied"
    assert (only(stage).state, only(stage).sent, only(stage).reply) == (MailState.SENT, NOW, "2.0.0 taken")


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("minutes", [[1, 5, 15]])
async def test_a_temporary_refusal_is_tried_again_later_and_later(stage: Stage, minutes: list[int]) -> None:
    async with SinkRelay(refuse=lambda _recipient: "451 4.7.1 greylisted") as sink:
        for tries, wait in enumerate(minutes, 1):
            assert await stage.notify(sink.port).next() is True
            assert await stage.notify(sink.port).next() is False  # not yet due
            assert (only(stage).state, only(stage).tries) == (MailState.WAITING, tries)
            assert only(stage).not_before == stage.clock.now() + wait * MINUTE
            stage.clock.skip_to(only(stage).not_before)
        sink.refuse = lambda _recipient: None
        await stage.notify(sink.port).next()

    assert only(stage).state is MailState.SENT
    assert len(sink.mails) == 1


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("answer", ["rcpt", "data"])
async def test_a_final_refusal_is_kept_for_administrators(stage: Stage, answer: str) -> None:
    async with SinkRelay() as sink:
        if answer == "rcpt":
            sink.refuse = lambda _recipient: "550 5.1.1 no such user"
        else:
            sink.data_reply = "554 5.7.1 not wanted"
        assert await stage.notify(sink.port).next() is True
        assert await stage.notify(sink.port).next() is False

    assert only(stage).state is MailState.DEAD
    assert only(stage).reply in ("5.1.1 no such user", "5.7.1 not wanted")


@pytest.mark.usefixtures("waiting")
async def test_a_relay_that_is_away_uses_up_no_try(stage: Stage) -> None:
    notify = stage.notify(free_port())

    for _ in range(3):
        assert await notify.next() is False  # rest: the other mails would not get through either
        assert (only(stage).state, only(stage).tries) == (MailState.WAITING, 0)
        assert only(stage).not_before == stage.clock.now() + MINUTE
        stage.clock.skip_to(only(stage).not_before)
    async with SinkRelay() as sink:
        await stage.notify(sink.port).next()

    assert (only(stage).state, only(stage).tries) == (MailState.SENT, 1)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("reached", [True, False])
async def test_after_two_days_a_mail_is_given_up(stage: Stage, reached: bool) -> None:
    stage.clock.skip_to(NOW + EXPIRY - timedelta(seconds=30))

    async with SinkRelay(refuse=lambda _recipient: "450 4.2.0 later") as sink:
        await stage.notify(sink.port if reached else free_port()).next()

    assert only(stage).state is MailState.DEAD
    assert only(stage).reply


async def test_mails_are_sent_oldest_first_one_commit_each(stage: Stage) -> None:
    for number in range(3):
        await stage.rendered(mail(" ", Message_ID=f"<{number}@a.example>"))

    async with SinkRelay() as sink:
        while await stage.notify(sink.port).next():
            pass

    assert [sunk.message["In-Reply-To"] for sunk in sink.mails] == [f"<{number}@a.example>" for number in range(3)]


async def test_one_refused_mail_does_not_stop_the_others(stage: Stage) -> None:
    for number in range(2):
        await stage.rendered(mail(" ", Message_ID=f"<{number}@a.example>"))
    refusals = ["550 5.1.1 no"]

    async with SinkRelay(refuse=lambda _recipient: refusals.pop() if refusals else None) as sink:
        while await stage.notify(sink.port).next():
            pass

    assert len(sink.mails) == 1
    assert [one.state for one in outbox.listing(stage.db)] == [MailState.SENT, MailState.DEAD]


async def test_the_commit_that_settles_a_mail_takes_the_next_one(stage: Stage) -> None:
    for number in range(3):
        await stage.rendered(mail(" ", Message_ID=f"<{number}@a.example>"))
    before = stage.db.tally.works

    async with SinkRelay() as sink:
        await stage.notify(sink.port).next()

    assert len(sink.mails) == 3
    assert stage.db.tally.works - before == 1 + 3  # the first claim, then one for each mail


async def test_a_step_ends_after_some_mails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.flows.notify.IN_A_ROW", 2)
    for number in range(3):
        await stage.rendered(mail(" ", Message_ID=f"<{number}@a.example>"))

    async with SinkRelay() as sink:
        await stage.notify(sink.port).next()

        assert [one.state for one in outbox.listing(stage.db)] == [MailState.WAITING, MailState.SENT, MailState.SENT]


@pytest.mark.usefixtures("waiting")
async def test_a_mail_that_was_taken_over_is_not_settled_by_us(stage: Stage) -> None:
    other = processes.register(stage.db, "elsewhere", MINUTE, WALL, stage.folder / "other")

    def reaped(_recipient: str) -> None:
        processes.reap(stage.db, other, WALL + MINUTE, stage.clock.now(), no_mail)

    async with SinkRelay(refuse=reaped) as sink:
        with pytest.raises(LostClaimError):
            await stage.notify(sink.port).next()

    assert only(stage).state is MailState.WAITING
    other.lock.close()


class BrokenRelay:
    """Fails in a way that no relay should."""

    @asynccontextmanager
    async def burst(self, _keep: float) -> AsyncIterator["BrokenRelay"]:
        yield self

    async def send(self, _mail: object) -> Sent:
        raise RuntimeError("a bug")


@pytest.mark.usefixtures("waiting")
async def test_a_fault_of_ours_gives_the_mail_back(stage: Stage) -> None:
    with pytest.raises(RuntimeError):
        await replace(stage.notify(0), relay=BrokenRelay()).next()  # type: ignore[arg-type]

    assert only(stage).state is MailState.WAITING


async def test_an_empty_outbox_asks_nothing_of_the_relay(stage: Stage) -> None:
    async with SinkRelay() as sink:
        assert await stage.notify(sink.port).next() is False

    assert sink.connections == 0


async def test_mails_that_follow_soon_go_over_the_connection_of_the_last_one(stage: Stage) -> None:
    async with SinkRelay() as sink:
        notify = replace(stage.notify(sink.port), keep=60)
        for number in range(2):
            await stage.rendered(mail(" ", Message_ID=f"<{number}@a.example>"))
            assert await notify.next() is True
        notify.relay.kept.close()
        await asyncio.sleep(0)

    assert (len(sink.mails), sink.connections) == (2, 1)
    assert [one.state for one in outbox.listing(stage.db)] == [MailState.SENT] * 2
