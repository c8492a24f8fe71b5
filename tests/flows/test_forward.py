"""Received faxes go out as mail, once, in whatever way somebody wants them; and nothing that fails is forgotten."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from gateway.domain.alarms import QueueLook
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.domain.nodes import User
from gateway.domain.received import ReceivedEventName, ReceivedFax
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile
from gateway.flows.forward import MOST_TRIES
from gateway.store import forwardings, gauges, node_settings, outbox, processes, received
from gateway.store.engines import make_engine
from gateway.store.fax_mails import fax_sent
from gateway.store.fax_tables import OutboxRow
from gateway.store.mails import MailState
from gateway.store.spool import Spool
from gateway.store.tree_tables import ReceivingAddressRow
from samples.demo import free_port
from tests.fakes import SinkRelay
from tests.filled_store import NOW, WALL, no_mail, on_postgresql
from tests.flows.receptions import OURS, ben, bitmap, fax_of
from tests.flows.stage import Stage, words

pytestmark = pytest.mark.usefixtures("engine")
MINUTE = timedelta(minutes=1)
BEN, ANNA = "ben@acme.example", "anna@acme.example"


async def all_of(stage: Stage, port: int) -> None:
    """Forward and send whatever is due."""
    while await stage.forward(port).next():
        pass
    while await stage.notify(port).next():
        pass


def history(stage: Stage, fax: ReceivedFax) -> list[tuple[str, str, str]]:
    """What happened after it was received."""
    return [(event.name.value, event.address, event.result) for event in received.events(stage.db, fax.id)[1:]]


def forwarding(stage: Stage, what: str = "state") -> object:
    return stage.db.glance(f"SELECT {what} FROM forwarding ORDER BY id DESC LIMIT 1")


def again(stage: Stage, fax: ReceivedFax, number: int = 1) -> None:
    stage.db.write(lambda session: forwardings.add(session, fax.id, number, stage.clock.now()))


def files_of(message: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_payload(decode=True) for part in message.iter_attachments()}  # type: ignore[misc]


class FullSpool(Spool):
    """No content fits any more."""

    def put_bytes(self, content: bytes) -> str:  # noqa: ARG002
        raise UnavailableError("the disk is full")


def seen(stage: Stage) -> QueueLook:
    return gauges.look(stage.db, stage.clock.now(), WALL, {})


def receiving(stage: Stage, user: User, *addresses: str) -> None:
    """The user's addresses for received faxes are these from now on."""

    def work(session: Session) -> None:
        session.execute(delete(ReceivingAddressRow).where(col(ReceivingAddressRow.user_id) == user.id))
        for position, address in enumerate(addresses):
            session.add(ReceivingAddressRow(user_id=user.id, position=position, address=address))

    stage.db.write(work)


def not_known_to_be_made(session: Session) -> None:
    """The commit of the forwarding is lost, the mails are not."""
    session.execute(text("UPDATE forwarding SET state = 'waiting', ended = NULL"))


async def test_a_fax_is_mailed_pixel_for_pixel_to_all_who_receive_it(stage: Stage) -> None:
    ben(stage, OURS, BEN, ANNA)
    fax = fax_of(stage, pages=3)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)

    assert [mail.recipients for mail in sink.mails] == [(BEN,), (ANNA,)]
    assert {mail.mail_from for mail in sink.mails} == {""}
    for mail in sink.mails:
        [content] = files_of(mail.message).values()
        pictures = [page.images[0].image for page in PdfReader(io.BytesIO(content)).pages]
        assert [bytes(octet ^ 0xFF for octet in picture.tobytes()) for picture in pictures] == [
            bitmap(number).octets for number in range(3)
        ]
    assert history(stage, fax) == [("forwarded", BEN, "success"), ("forwarded", ANNA, "success")]
    assert forwarding(stage) == "done"


async def test_a_partial_fax_is_mailed_and_called_so(stage: Stage) -> None:
    ben(stage)
    fax_of(stage, pages=2, whole=False)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)

    [mail] = sink.mails
    assert "(incomplete)" in mail.message["Subject"]
    assert "perhaps not all of it" in words(mail.message)
    assert [name.endswith("-incomplete.pdf") for name in files_of(mail.message)] == [True]


async def test_the_settings_of_the_user_say_how_it_comes(stage: Stage) -> None:
    user = ben(stage)
    for name, value in {
        "fax.inbound_format": "tif-hires",
        "fax.page_separation": "on",
        "fax.metadata": "on",
        "notify.content": "full",
        "date.format": "dd.MM.yyyy",
    }.items():
        node_settings.set_setting(stage.db, user.path, name, value)
    fax = fax_of(stage, pages=2)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)

    message = sink.mails[0].message
    stem = f"fax-{fax.public_id}"
    assert [*files_of(message)] == [f"{stem}-p001.tif", f"{stem}-p002.tif", f"{stem}.xml"]
    (stage.folder / "p.tif").write_bytes(files_of(message)[f"{stem}-p002.tif"])
    assert codec.decode(PageFile(stage.folder / "p.tif").page(0))[0] == bitmap(1)
    assert "02.03.2026" in words(message)
    assert "Sender's machine" in words(message)


async def test_what_is_too_large_for_the_relay_comes_in_parts(stage: Stage) -> None:
    ben(stage)
    fax = fax_of(stage, pages=9)

    async with SinkRelay(data_size_limit=25_000) as sink:
        await all_of(stage, sink.port)

    parts = [mail.message for mail in sink.mails]
    assert len(parts) > 1
    assert all(len(mail.content) <= 25_000 for mail in sink.mails)
    pages = [len(PdfReader(io.BytesIO(content)).pages) for part in parts for content in files_of(part).values()]
    assert sum(pages) == 9
    assert all(part["References"] == parts[0]["Message-ID"] for part in parts[1:])
    assert history(stage, fax) == [("forwarded", BEN, "success")] * len(parts)


async def test_pages_lie_in_the_spool_until_the_relay_has_them_and_never_in_a_row(stage: Stage) -> None:
    ben(stage, OURS, BEN, ANNA)
    fax = fax_of(stage)
    before = len(stage.contents)

    async with SinkRelay() as sink:
        await stage.forward(sink.port).next()
        first, second = (outbox.content(stage.db, mail.id) or b"" for mail in outbox.listing(stage.db))
        assert max(len(first), len(second)) < 1000
        assert len(stage.contents) == before + 1  # one body for both
        await all_of(stage, sink.port)

    assert stage.db.glance("SELECT count(*) FROM outbox WHERE message_digest <> ''") == 0
    assert stage.db.glance("SELECT count(*) FROM erased_content") == 1
    assert received.one(stage.db, fax.public_id).tiff_digest in stage.contents


async def test_one_address_that_is_refused_does_not_keep_the_fax_from_another(stage: Stage) -> None:
    ben(stage, OURS, BEN, ANNA)
    fax = fax_of(stage)

    async with SinkRelay(refuse=lambda whom: "550 5.1.1 nobody" if whom == BEN else None) as sink:
        await all_of(stage, sink.port)

    assert [mail.recipients for mail in sink.mails] == [(ANNA,)]
    assert history(stage, fax) == [("forwarded", BEN, "failure"), ("forwarded", ANNA, "success")]
    dead = next(mail for mail in outbox.listing(stage.db) if mail.state is MailState.DEAD)
    assert stage.db.glance(f"SELECT message_digest FROM outbox WHERE id = {dead.id}") != ""  # it can be tried again


async def test_a_fax_for_nobody_says_so_and_comes_when_somebody_is_named(stage: Stage) -> None:
    user = ben(stage, OURS, BEN)
    receiving(stage, user)
    fax = fax_of(stage)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)
        assert (sink.mails, forwarding(stage)) == ([], "failed")
        [_, event] = received.events(stage.db, fax.id)
        assert (event.name, event.result) == (ReceivedEventName.FORWARDED, "failure")
        assert "no address to receive faxes is configured for Acme/Sales/ben@acme.example" in event.detail
        assert seen(stage).unmailed_lately == 1
        receiving(stage, user, ANNA)
        again(stage, fax)
        assert (seen(stage).unmailed_lately, seen(stage).forwardings["waiting"].count) == (0, 1)
        await all_of(stage, sink.port)

    [mail] = sink.mails
    assert mail.recipients == (ANNA,)
    assert "sent again" in mail.message["Subject"]


async def test_a_resubmission_has_another_identity(stage: Stage) -> None:
    ben(stage)
    fax = fax_of(stage)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)
        again(stage, fax)
        await all_of(stage, sink.port)

    first, second = (mail.message["Message-ID"] for mail in sink.mails)
    assert first != second


async def test_a_relay_that_is_away_is_waited_for_and_no_try_is_lost(stage: Stage) -> None:
    ben(stage)
    fax_of(stage)
    away = stage.forward(free_port())

    for _ in range(MOST_TRIES + 1):
        assert await away.next() is False
        assert (forwarding(stage), forwarding(stage, "tries")) == ("waiting", 0)
        stage.clock.pass_time(minutes=1)
    async with SinkRelay() as sink:
        await all_of(stage, sink.port)

    assert len(sink.mails) == 1


async def test_what_breaks_off_after_the_claim_is_made_again_and_sent_once(stage: Stage) -> None:
    ben(stage)
    fax_of(stage)

    async with SinkRelay() as sink:
        with pytest.raises(UnavailableError):
            await replace(stage.forward(sink.port), spool=FullSpool(stage.folder / "spool")).next()
        assert (forwarding(stage), forwarding(stage, "tries")) == ("waiting", 1)
        stage.clock.pass_time(minutes=1)
        await all_of(stage, sink.port)

    assert len(sink.mails) == 1


async def test_a_fax_that_breaks_off_again_and_again_is_given_up_for_all_to_see(stage: Stage) -> None:
    ben(stage)
    fax = fax_of(stage)

    async with SinkRelay() as sink:
        for _ in range(MOST_TRIES):
            with pytest.raises(UnavailableError):
                await replace(stage.forward(sink.port), spool=FullSpool(stage.folder / "spool")).next()
            stage.clock.pass_time(minutes=1)
        await all_of(stage, sink.port)

    assert forwarding(stage) == "failed"
    assert history(stage, fax) == [("forwarded", "", "failure")]


async def test_a_fax_whose_file_is_gone_is_no_fault_of_others(stage: Stage) -> None:
    ben(stage)
    gone, there = fax_of(stage, pages=1), fax_of(stage, pages=2, uid="call-2")
    stage.spool.delete(gone.tiff_digest)

    async with SinkRelay() as sink:
        await all_of(stage, sink.port)

    assert len(sink.mails) == 1
    assert [history(stage, fax)[0][2] for fax in (gone, there)] == ["failure", "success"]


async def test_who_was_taken_for_dead_adds_no_mail(stage: Stage) -> None:
    ben(stage)
    fax_of(stage)
    other = processes.register(stage.db, "elsewhere", MINUTE, WALL, stage.folder / "other")
    claim = forwardings.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None

    processes.reap(stage.db, other, WALL + MINUTE, stage.clock.now(), no_mail)
    with pytest.raises(LostClaimError):
        forwardings.made(stage.db, claim, [], stage.clock.now())

    assert (forwarding(stage), forwarding(stage, "tries")) == ("waiting", 1)
    other.lock.close()


async def test_a_crash_between_two_commits_makes_the_same_mails_and_no_second_ones(stage: Stage) -> None:
    """The mails were added, and who added them died before anybody knew; so all is made once more."""
    ben(stage, OURS, BEN, ANNA)
    fax_of(stage)

    async with SinkRelay() as sink:
        await stage.forward(sink.port).next()
        before = [mail.message_id for mail in outbox.listing(stage.db)]
        stage.db.write(not_known_to_be_made)
        await stage.forward(sink.port).next()
        assert [mail.message_id for mail in outbox.listing(stage.db)] == before
        await all_of(stage, sink.port)

    assert len(sink.mails) == 2


async def test_a_relay_without_a_limit_gets_the_whole_fax(stage: Stage) -> None:
    ben(stage)
    fax_of(stage, pages=9)

    async with SinkRelay(data_size_limit=None) as sink:
        await all_of(stage, sink.port)

    [mail] = sink.mails
    assert [len(PdfReader(io.BytesIO(content)).pages) for content in files_of(mail.message).values()] == [9]


async def test_nothing_to_forward_asks_nothing_of_the_relay(stage: Stage) -> None:
    async with SinkRelay() as sink:
        assert await stage.forward(sink.port).next() is False

    assert sink.connections == 0


async def test_a_mail_whose_pages_are_gone_from_the_spool_is_given_up_and_the_next_one_sent(stage: Stage) -> None:
    ben(stage)
    first, second = fax_of(stage, pages=1), fax_of(stage, pages=2, uid="call-2")

    async with SinkRelay() as sink:
        while await stage.forward(sink.port).next():
            pass
        stage.spool.delete(str(stage.db.glance("SELECT message_digest FROM outbox ORDER BY id LIMIT 1")))
        await all_of(stage, sink.port)

    assert len(sink.mails) == 1
    assert history(stage, first) == [("forwarded", BEN, "failure")]
    assert history(stage, second) == [("forwarded", BEN, "success")]


async def test_two_mails_with_one_text_may_be_settled_at_once_by_two_processes(stage: Stage) -> None:
    if not on_postgresql():
        pytest.skip("SQLite has one writer at a time")
    ben(stage, OURS, BEN, ANNA)
    fax_of(stage)
    async with SinkRelay() as sink:
        await stage.forward(sink.port).next()
    engine = make_engine(stage.db.url)

    with Session(engine) as one, Session(engine) as other, ThreadPoolExecutor(1) as beside:
        first, second = (
            session.exec(select(OutboxRow).order_by("id")).all()[at] for at, session in ((0, one), (1, other))
        )
        fax_sent(one, first, NOW)
        one.flush()
        waiting = beside.submit(lambda: (fax_sent(other, second, NOW), other.commit()))
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)  # it waits for the first one's commit
        one.commit()
        waiting.result(timeout=10)

    engine.dispose()
    assert stage.db.glance("SELECT count(*) FROM erased_content") == 1
    assert stage.db.glance("SELECT count(*) FROM outbox WHERE message_digest <> ''") == 0
