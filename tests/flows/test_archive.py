"""Copies of faxes in archives: which are made, of what, where; tried again, given up, told; erased faxes are lost."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from gateway.archiving.carrier import Carrier
from gateway.archiving.parcel import NotReachedError
from gateway.domain.archive import TransferState
from gateway.domain.errors import LostClaimError
from gateway.domain.received import ReceivedEventName
from gateway.fax.t4.classf import PageFile
from gateway.flows.archive import Archive
from gateway.flows.retain import Retain
from gateway.log_events import EVENTS
from gateway.mail.metadata_xml import SCHEMA
from gateway.mail.relay import Relay, RelaySettings
from gateway.store import archive_lists, archive_transfers, gauges, jobs, processes, received, retention, tree
from gateway.store.archive_lists import Transfer
from tests.archive_servers import House, Server, archive_house
from tests.fakes import SinkRelay
from tests.filled_store import WALL, killed, no_mail, process
from tests.flows.letters import mail, pdf
from tests.flows.receptions import Caller, ben, page, receiver
from tests.flows.stage import DONE, VOICE, Ending, ScriptedTransport, Stage, parsed, words

ON_BOTH = pytest.mark.usefixtures("engine")
NUMBER = "+12025550100"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
IN_DOUBT = Ending(DONE.cause, pages=1, doubt=True)


@pytest.fixture
def house() -> Iterator[House]:
    with archive_house() as found:
        yield found


@pytest.fixture
async def server(house: House) -> Server:
    found = await house.sftp()
    house.login(found.place())
    return found


def wants(stage: Stage, place: str, **settings: str) -> None:
    """Acme wants copies there."""
    for name, value in {"enabled": "on", "destination": place, "name": "generated", **settings}.items():
        tree.set_setting(stage.db, "Acme", f"archive.{name}", value)


async def sent(stage: Stage, ending: Ending = DONE, **given: object) -> None:
    """A fax of a cover page and another one, called once."""
    await stage.rendered(mail(**given), NUMBER)  # type: ignore[arg-type]
    assert await stage.transmit(ScriptedTransport(ending, clock=stage.clock)).next()


def archive(stage: Stage, house: House, port: int = 9, **more: object) -> Archive:
    relay = Relay(RelaySettings("127.0.0.1", port, timeout=10))
    given = {"chance": lambda: 0.5, **more}
    return Archive(
        stage.db, stage.spool, stage.clock, house.carrier, relay, VOICE, stage.process.id, stage.work, **given
    )  # type: ignore[arg-type]


def only(stage: Stage) -> Transfer:
    [found] = archive_lists.listing(stage.db)
    return found


def history(stage: Stage) -> list[tuple[str, str]]:
    """What the history of the newest job says of archives."""
    return [(event.name, event.detail) for event in stage.detail.events if "archive" in event.name]


def retain(stage: Stage) -> Retain:
    return Retain(stage.db, stage.spool, stage.clock, lambda: stage.clock.now() + 9000 * DAY)


@ON_BOTH
async def test_a_fax_that_was_sent_is_copied_pel_for_pel(stage: Stage, house: House, server: Server) -> None:
    wants(stage, server.place(), format="tif")
    await sent(stage)

    assert await archive(stage, house).next()

    [name] = server.names
    whole, copy = PageFile(stage.spool.path(stage.detail.attempts[0].tiff_digest)), PageFile(server.folder / name)
    assert [copy.page(place) for place in range(len(copy))] == [whole.page(place) for place in range(len(whole))]
    found = only(stage)
    assert (found.state, found.file_name, found.fax) == (TransferState.DONE, name, stage.jobs[0].public_id)
    assert history(stage) == [("archived", f"sftp://127.0.0.1:{server.port}")]
    assert not await archive(stage, house).next()


async def test_a_copy_is_called_like_the_first_attachment_and_its_facts_lie_beside(
    stage: Stage, house: House, server: Server
) -> None:
    wants(stage, server.place(), name="original", metadata="on")
    content, media_type, _ = pdf(1)
    await sent(stage, attachments=[(content, media_type, "../Ängebot.v2.pdf")])

    await archive(stage, house).next()

    stem = f"Ängebot.v2 {stage.jobs[0].public_id}"
    assert server.names == [f"{stem}.pdf", f"{stem}.xml"]
    facts = etree.parse(server.folder / f"{stem}.xml")
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(facts)
    [file] = facts.findall(".//{*}file")
    octets = (server.folder / f"{stem}.pdf").read_bytes()
    assert (file.get("name"), file.get("sha256")) == (f"{stem}.pdf", hashlib.sha256(octets).hexdigest())
    assert facts.find(".//{*}to/{*}number").text == NUMBER


@pytest.mark.parametrize(
    ("ending", "settings", "copies"),
    [
        (DONE, {}, 1),
        (IN_DOUBT, {}, 1),
        (Ending(DONE.cause, pages=2), {"direction": "received"}, 0),
        (Ending(DONE.cause, pages=2), {"enabled": "off"}, 0),
    ],
)
async def test_settings_and_the_end_of_a_fax_say_whether_it_is_copied(
    stage: Stage, ending: Ending, settings: dict[str, str], copies: int
) -> None:
    wants(stage, "mailto:vault@acme.example", **settings)
    await sent(stage, ending)

    assert len(archive_lists.listing(stage.db)) == copies


async def test_a_fax_that_did_not_get_through_is_not_copied(stage: Stage) -> None:
    wants(stage, "mailto:vault@acme.example")
    await stage.rendered(mail(), NUMBER)
    jobs.cancel(stage.db, stage.jobs[0].public_id, stage.clock.now(), no_mail)

    assert archive_lists.listing(stage.db) == ()


@ON_BOTH
async def test_a_fax_that_came_in_is_copied_whole_or_partial(stage: Stage, house: House, server: Server) -> None:
    ben(stage)
    wants(stage, server.place(), format="tif", metadata="on")
    call = Caller(stage, receiver(stage)).ring().send(page(0), page(1)).end()

    assert await archive(stage, house).next()

    [tif, xml] = server.names
    assert tif.endswith(f"-received-{call.fax.public_id}.tif")
    assert len(PageFile(server.folder / tif)) == 2
    assert b"<state>partial</state>" in (server.folder / xml).read_bytes()
    last = received.events(stage.db, call.fax.id)[-1]
    assert (last.name, last.result) == (ReceivedEventName.ARCHIVED, "success")


async def test_a_copy_goes_by_mail_with_the_pages_and_the_facts(stage: Stage, house: House) -> None:
    wants(stage, "mailto:vault@acme.example", metadata="on", name="original")
    await sent(stage, attachments=[pdf(1)])

    async with SinkRelay() as sink:
        assert await archive(stage, house, sink.port).next()

    [one] = sink.mails
    message = parsed(one.content)
    names = [part.get_filename() for part in message.iter_attachments()]
    assert one.recipients == ("vault@acme.example",)
    assert [name.rpartition(".")[2] for name in names if name] == ["pdf", "xml"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Offer" not in words(message)  # the subject is nobody's business
    assert only(stage).state is TransferState.DONE


async def test_a_mail_whose_answer_was_lost_goes_again_under_the_same_name(stage: Stage, house: House) -> None:
    wants(stage, "mailto:vault@acme.example")
    await sent(stage)
    async with SinkRelay() as sink:
        flow = archive(stage, house, sink.port)
        claim = archive_transfers.claim(stage.db, stage.process.id, stage.clock.now())
        assert claim is not None
        archive_transfers.give_back(stage.db, claim, stage.clock.now())
        stage.clock.skip_to(stage.clock.now() + MINUTE)
        await flow.next()
        stage.db.write(
            lambda session: session.connection().exec_driver_sql("UPDATE archive_transfer SET state='waiting'")
        )
        await flow.next()

    assert len({parsed(one.content)["Message-ID"] for one in sink.mails}) == 1
    assert len({one.content for one in sink.mails}) == 1


async def test_a_copy_too_large_for_one_mail_comes_in_parts(stage: Stage, house: House) -> None:
    wants(stage, "mailto:vault@acme.example", metadata="on")
    await sent(stage, Ending(DONE.cause, pages=7), attachments=[pdf(6)])
    async with SinkRelay(data_size_limit=20_000) as sink:
        await archive(stage, house, sink.port).next()

    parts = [parsed(one.content) for one in sink.mails]
    assert len(parts) > 1
    assert len({part["Message-ID"] for part in parts}) == len(parts)
    assert all(len(one.content) <= 20_000 for one in sink.mails)
    assert f"part {len(parts)} of {len(parts)}" in parts[-1]["Subject"]


async def test_a_place_that_is_away_is_left_alone_and_others_are_not(
    stage: Stage, house: House, server: Server
) -> None:
    wants(stage, "mailto:vault@acme.example")  # nobody answers at the relay's port
    await sent(stage)
    await sent(stage, Message_ID="<2@acme.example>")
    tree.set_setting(stage.db, "Acme", "archive.destination", server.place())
    await sent(stage, Message_ID="<3@acme.example>")
    flow = archive(stage, house)

    while await flow.next():
        pass

    here, second, first = archive_lists.listing(stage.db)
    assert (here.state, second.state, first.state) == (TransferState.DONE, TransferState.WAITING, TransferState.WAITING)
    assert (first.tries, second.tries, second.reply) == (0, 0, "")
    assert "relay" in first.reply
    stage.clock.skip_to(stage.clock.now() + 2 * MINUTE)
    async with SinkRelay() as sink:
        while await archive(stage, house, sink.port).next():
            pass
    assert len(sink.mails) == 2


async def test_what_a_server_refuses_is_tried_again_and_given_up_in_the_end(
    stage: Stage, house: House, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    wants(stage, server.place("nowhere"))
    await sent(stage)
    flow = archive(stage, house, patience=10 * HOUR)
    begun = stage.clock.now()

    waits = []
    while only(stage).state is TransferState.WAITING:
        assert await flow.next()
        waits.append(only(stage).not_before - stage.clock.now())
        stage.clock.skip_to(only(stage).not_before)

    assert waits[:4] == [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]
    assert 4 * HOUR < stage.clock.now() - begun <= 10 * HOUR
    assert "no such folder" in only(stage).reply
    assert history(stage) == [("not-archived", f"sftp://127.0.0.1:{server.port}")]
    assert gauges.look(stage.db, stage.clock.now(), WALL, {}).unarchived_lately == 1
    told = [record for record in caplog.records if record.message.startswith("archive")]
    assert {record.message for record in told} == {"archive-delayed", "archive-given-up"} <= EVENTS.keys()
    assert not any("nowhere" in str(vars(record)) or server.place() in str(vars(record)) for record in told)


async def test_without_a_place_a_copy_is_given_up_at_once_for_all_to_see(stage: Stage, house: House) -> None:
    wants(stage, "")
    await sent(stage)

    await archive(stage, house).next()

    assert (only(stage).state, only(stage).tries) == (TransferState.DEAD, 1)
    assert "give archive.destination a value" in only(stage).reply


async def test_a_copy_that_is_asked_for_again_goes_where_the_settings_want_it_now(
    stage: Stage, house: House, server: Server
) -> None:
    wants(stage, "")
    await sent(stage)
    await archive(stage, house).next()
    wants(stage, server.place(), format="tif")

    archive_lists.retry(stage.db, only(stage).id, stage.clock.now())
    await archive(stage, house).next()

    assert [name.endswith(".tif") for name in server.names] == [True]


async def test_a_process_that_dies_before_it_tells_leaves_one_file(
    stage: Stage, house: House, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants(stage, server.place(), metadata="on")
    await sent(stage)
    with monkeypatch.context() as patch:
        patch.setattr(archive_transfers, "copied", _dies)
        with pytest.raises(SystemError):
            await archive(stage, house).next()
    first = {path: path.stat().st_mtime_ns for path in server.folder.iterdir()}
    stage.clock.skip_to(stage.clock.now() + 2 * MINUTE)

    assert await archive(stage, house).next()

    assert {path: path.stat().st_mtime_ns for path in server.folder.iterdir()} == first
    assert (len(first), only(stage).state) == (2, TransferState.DONE)


def _dies(*_given: object) -> None:
    raise SystemError("the power went")


@ON_BOTH
async def test_what_a_dead_process_was_copying_is_copied_by_the_next(
    stage: Stage, house: House, server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    wants(stage, server.place())
    await sent(stage)
    claim = archive_transfers.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    killed(stage.process)
    request.addfinalizer(lambda: killed(stage.process))
    stage.process = process(stage.db, tmp_path)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), no_mail)

    with pytest.raises(LostClaimError):
        archive_transfers.copied(stage.db, claim, stage.clock.now(), "late")
    assert await archive(stage, house).next()
    assert len(server.names) == 1


class _Torn(Carrier):
    """The connection breaks."""

    async def bring(self, *_given: object) -> str:
        raise NotReachedError("the connection is over")


async def test_a_server_that_never_answers_is_given_up_on_after_the_same_time(stage: Stage, house: House) -> None:
    wants(stage, "sftp://faxes@files.acme.example/in")
    await sent(stage)
    flow = archive(stage, house)
    flow = type(flow)(
        stage.db, stage.spool, stage.clock, _Torn(house.carrier.trust), flow.relay, VOICE, stage.process.id, stage.work
    )
    await flow.next()
    assert (only(stage).state, only(stage).tries) == (TransferState.WAITING, 0)
    stage.clock.skip_to(stage.clock.now() + 8 * DAY)

    await flow.next()

    assert only(stage).state is TransferState.DEAD


@ON_BOTH
async def test_a_fax_that_is_erased_first_is_lost_and_that_is_told(stage: Stage, house: House, server: Server) -> None:
    wants(stage, server.place("nowhere"))
    await sent(stage)
    await archive(stage, house).next()
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)

    retain(stage).round()

    assert only(stage).state is TransferState.LOST
    assert history(stage) == [("archive-lost", f"sftp://127.0.0.1:{server.port}")]
    assert gauges.look(stage.db, stage.clock.now(), WALL, {}).unarchived_lately == 1
    assert not await archive(stage, house).next()


async def test_with_no_days_a_fax_is_copied_before_it_is_erased(stage: Stage, house: House, server: Server) -> None:
    tree.set_setting(stage.db, "Acme", "retention.sent_days", "0")
    wants(stage, server.place())
    await sent(stage)

    assert retain(stage).look().jobs == 0
    await archive(stage, house).next()
    stage.clock.skip_to(stage.clock.now() + 2 * MINUTE)
    assert retain(stage).look().jobs == 1

    assert len(server.names) == 1
    assert retention.erased_at(stage.db, stage.jobs[0].id) is not None
    assert (only(stage).state, only(stage).file_name) == (TransferState.DONE, "")


async def test_retention_does_not_wait_for_an_archive_that_nobody_works_for(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "retention.sent_days", "0")
    wants(stage, "mailto:vault@acme.example")
    await sent(stage)
    retain(stage).look()
    stage.clock.skip_to(stage.clock.now() + 11 * MINUTE)

    assert retain(stage).look().jobs == 1
    assert only(stage).state is TransferState.LOST


async def test_a_fax_whose_pages_went_while_it_was_copied_is_lost(
    stage: Stage, house: House, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    wants(stage, server.place())
    await sent(stage)
    retention.plan(stage.db)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    claim = archive_transfers.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    retention.erase_rows(stage.db, stage.jobs[0].id, stage.clock.now())
    archive_transfers.give_back(stage.db, claim, stage.clock.now())
    stage.clock.skip_to(stage.clock.now() + 2 * MINUTE)

    with caplog.at_level(logging.ERROR):
        await archive(stage, house).next()

    assert only(stage).state is TransferState.LOST
    assert "archive-lost" in caplog.messages
