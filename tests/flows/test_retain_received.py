"""Received faxes whose time is over: out of the rows, off the disk; not before somebody was mailed them."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.received import ReceivedEventName
from gateway.flows.retain import Retain
from gateway.store import forwardings, node_settings, received, received_erasure
from tests.fakes import SinkRelay
from tests.flows.commands import Commands
from tests.flows.receptions import ben, fax_of, page
from tests.flows.stage import Stage, staged

DAY = timedelta(days=1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        ben(found)
        yield found


def retain(stage: Stage) -> Retain:
    """It is long ago, for files, that anything was put."""
    return Retain(stage.db, stage.spool, stage.clock, lambda: stage.clock.now() + timedelta(days=9000))


def forwarded(stage: Stage) -> None:
    """Its mails are made, and none is on its way."""
    claim = forwardings.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    forwardings.made(stage.db, claim, [], stage.clock.now())


def test_a_received_fax_is_kept_until_its_day(stage: Stage) -> None:
    fax = fax_of(stage)
    forwarded(stage)
    stage.clock.skip_to(stage.clock.now() + 29 * DAY)
    assert retain(stage).round().jobs == 0
    assert fax.tiff_digest in stage.contents


def test_on_its_day_pages_and_file_are_gone_and_rows_hashes_and_history_stay(stage: Stage) -> None:
    fax = fax_of(stage, pages=2)
    forwarded(stage)
    before = set(stage.contents)
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    erased = retain(stage).round()
    assert (erased.jobs, erased.contents, stage.contents) == (1, 3, [])
    after = received.one(stage.db, fax.public_id)
    assert (after.tiff_digest, after.pages, after.state) == ("", 2, fax.state)
    assert set(received_erasure.hashes_of(stage.db, fax.id).values()) == before
    assert received.events(stage.db, fax.id)[-1].name is ReceivedEventName.DELETED


def traces(folder: Path) -> list[str]:
    """The files below a folder with a piece of the first page in them, plain or in base 64."""
    piece = page(0).page.strip[60:150]
    words = [piece[shift : shift + 24] for shift in range(0, 60, 12)]
    encoded = [base64.b64encode(piece[shift : shift + 24]) for shift in range(60)]
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [path.name for path, octets in files.items() if any(one in octets for one in (*words, *encoded))]


async def test_with_no_days_nothing_of_a_fax_is_found_on_the_disk_once_it_was_mailed(stage: Stage) -> None:
    node_settings.set_setting(stage.db, "Acme", "retention.received_days", "0")
    fax_of(stage)
    async with SinkRelay() as sink:
        await stage.forward(sink.port).next()
        assert len(traces(stage.folder)) == 3  # the page, the fax, and the mail
        while await stage.notify(sink.port).next():
            continue
    assert len(sink.mails) == 1
    stage.clock.pass_time(seconds=120)  # the call is over

    retain(stage).round()

    assert traces(stage.folder) == []


def test_a_fax_that_nobody_was_mailed_yet_waits(stage: Stage) -> None:
    node_settings.set_setting(stage.db, "Acme", "retention.received_days", "0")
    fax = fax_of(stage)
    assert retain(stage).round().jobs == 0
    assert fax.tiff_digest in stage.contents
    forwarded(stage)
    stage.clock.pass_time(seconds=120)
    assert retain(stage).round().jobs == 1
    assert stage.contents == []


def test_one_that_waits_hides_no_other(stage: Stage) -> None:
    node_settings.set_setting(stage.db, "Acme", "retention.received_days", "0")
    fax_of(stage, uid="call-1")
    fax_of(stage, uid="call-2")
    forwarded(stage)
    stage.clock.pass_time(seconds=120)
    assert retain(stage).round().jobs == 1


def test_a_call_without_pages_is_never_due(stage: Stage) -> None:
    fax_of(stage, pages=0, whole=False)
    stage.clock.skip_to(stage.clock.now() + 9000 * DAY)
    assert retain(stage).round().jobs == 0


def test_what_is_due_can_be_listed_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fax = fax_of(stage)
    forwarded(stage)
    faxgw = Commands(stage.folder, monkeypatch, capsys)
    [row] = json.loads(faxgw("retention", "run", "--dry-run", "-o", "json").out)
    assert (row["job"], row["kind"]) == (fax.public_id, "received")


async def test_a_mail_that_was_given_up_is_not_sent_without_its_pages(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fax_of(stage)
    async with SinkRelay(refuse=lambda _whom: "550 5.1.1 nobody") as sink:
        await stage.forward(sink.port).next()
        await stage.notify(sink.port).next()
    stage.clock.skip_to(stage.clock.now() + 31 * DAY)
    retain(stage).round()

    ran = Commands(stage.folder, monkeypatch, capsys)("outbox", "retry", "1")

    assert (ran.code, ran.complaint) == (5, "faxgw: mail 1 was erased with its fax: nothing is left to send")
    assert stage.contents == []
