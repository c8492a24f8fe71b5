"""Notices that are taken by the commit that writes them, and what a whole fax costs the store."""

from dataclasses import replace

import pytest

from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobState
from gateway.flows.notify import Notify
from gateway.postbag import MOST, Postbag, named
from gateway.store import outbox, processes
from gateway.store.outbox import MailState
from tests.fakes import SinkRelay
from tests.filled_store import WALL, no_mail, process
from tests.flows.faxes import scripted, two_pages
from tests.flows.letters import mail, pdf
from tests.flows.stage import BUSY, DONE, Stage


def bag_of(stage: Stage) -> Postbag:
    return Postbag(stage.process.id, stage.notify(1).owed)


def posting(stage: Stage, port: int, bag: Postbag) -> Notify:
    return replace(stage.notify(port), bag=bag, owed=bag._owed)


async def called(stage: Stage, bag: Postbag, *numbers: str) -> None:
    """A fax for each number is delivered, its notice in the bag."""
    for number in numbers or ("+12025550101",):
        two_pages(stage, number)
        await replace(stage.transmit(scripted(stage, DONE)), post=bag).next()


async def test_a_notice_is_taken_by_the_commit_that_writes_it(stage: Stage) -> None:
    bag = bag_of(stage)

    await called(stage, bag)

    [waiting] = outbox.listing(stage.db)
    claim = bag.next()
    assert waiting.state is MailState.SENDING
    assert claim is not None
    assert (claim.id, claim.tries, claim.kind) == (waiting.id, 1, "delivery-success")
    assert bag.next() is None


async def test_what_is_in_the_bag_is_sent_without_another_claim(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag, "+12025550101", "+12025550102")
    before = stage.db.tally.works

    async with SinkRelay() as sink:
        await posting(stage, sink.port, bag).next()

    assert len(sink.mails) == 2
    assert {one.state for one in outbox.listing(stage.db)} == {MailState.SENT}
    assert stage.db.tally.works - before == 2


async def test_a_bag_without_room_leaves_notices_to_whoever_sends_mails(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag)
    [first] = [bag.next()]
    assert first is not None
    bag.take([first] * MOST)

    await called(stage, bag, "+12025550102")

    assert outbox.listing(stage.db)[0].state is MailState.WAITING


async def test_what_is_in_the_bag_is_in_hand_until_it_is_settled(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag)
    [claim] = [bag.next()]
    assert claim is not None
    assert named(claim) in bag._owed.in_hand
    bag.take([claim])

    async with SinkRelay() as sink:
        await posting(stage, sink.port, bag).next()

    assert bag._owed.in_hand == frozenset()


async def test_a_relay_that_is_away_puts_off_one_notice_and_keeps_the_others(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag, "+12025550101", "+12025550102")

    assert await posting(stage, 1, bag).next() is False

    assert [one.state for one in outbox.listing(stage.db)] == [MailState.SENDING, MailState.WAITING]
    assert not bag.is_empty


async def test_who_dies_with_a_bag_leaves_its_mails_to_the_next(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag)
    heir = process(stage.db, stage.folder)

    processes.reap(stage.db, heir, WALL + heir.ttl, stage.clock.now(), no_mail)
    async with SinkRelay() as sink:
        with pytest.raises(LostClaimError):
            await posting(stage, sink.port, bag).next()

    [again] = outbox.listing(stage.db)
    assert again.state is MailState.WAITING
    heir.lock.close()


async def test_a_call_that_goes_on_posts_nothing(stage: Stage) -> None:
    bag = bag_of(stage)
    two_pages(stage)

    await replace(stage.transmit(scripted(stage, BUSY)), post=bag).next()

    assert bag.is_empty
    assert stage.jobs[0].state is JobState.WAITING


async def test_a_fax_from_mail_to_last_notice_is_eight_works_of_the_store(stage: Stage) -> None:
    """Each is a commit at most; those that wait at one moment share one (`tests.bench` counts that)."""
    bag = bag_of(stage)
    before = stage.db.tally.works

    await stage.submit(mail("Dear all", attachments=[pdf(1)]), "+12025550100")
    await replace(stage.prepare(), post=bag).next()
    await replace(stage.transmit(stage.simulator()), post=bag).next()
    async with SinkRelay() as sink:
        await posting(stage, sink.port, bag).next()

    assert len(sink.mails) == 2
    assert stage.jobs[0].state is JobState.SENT
    assert stage.db.tally.works - before == 8  # taken, render begun and ended; call begun, last page, ended; two sent


async def test_what_nobody_is_there_to_send_is_left_to_others(stage: Stage) -> None:
    bag = bag_of(stage)
    await called(stage, bag, "+12025550101", "+12025550102")
    ending = posting(stage, 1, bag)

    ending.return_left()

    assert ending.owed.in_hand == set()
    assert [(one.state, one.tries) for one in outbox.listing(stage.db)] == [(MailState.WAITING, 0)] * 2
    async with SinkRelay() as sink:
        while await stage.notify(sink.port).next():
            pass
    assert len(sink.mails) == 2
