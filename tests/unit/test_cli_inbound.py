"""faxgw inbound: lists, one fax in every detail, its pages in a file, and delivering it again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.call import Cause
from gateway.domain.received import ReceivedEventName, ReceivedFax
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile
from gateway.fax.t4.page import Resolution
from gateway.fax.transport import Reached
from gateway.store import forwardings, received, received_erasure, tree, tree_changes
from tests.fakes import SinkRelay
from tests.flows.commands import Commands
from tests.flows.receptions import CALLER, FAR_TSI, OURS, Caller, ben, bitmap, fax_of, page, receiver
from tests.flows.stage import Stage, staged

OTHER = "+12025550188"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        ben(found)
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(stage.folder, monkeypatch, capsys)


def listed(faxgw: Commands, *options: str) -> list[str]:
    return [row["fax"] for row in json.loads(faxgw("inbound", "list", *options, "-o", "json").out)]


def three(stage: Stage) -> list[str]:
    """A whole fax, a partial one an hour later, and a call without pages, to Cleo, an hour after that."""
    ben(stage, OTHER, name="Cleo")
    ids = [fax_of(stage, 1).public_id]
    stage.clock.pass_time(seconds=3600)
    ids.append(fax_of(stage, 3, whole=False, uid="call-2").public_id)
    stage.clock.pass_time(seconds=3600)
    call = Caller(stage, receiver(stage), "call-3", called=OTHER, caller="", reached=Reached()).ring()
    return [*ids, call.end(Cause.CANNOT_TRAIN).fax.public_id]


def forwarded(stage: Stage) -> None:
    claim = forwardings.claim(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    forwardings.made(stage.db, claim, [], stage.clock.now())


def test_a_fax_is_listed_with_whom_it_is_for_and_how_its_call_was(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage, 2)
    [row] = json.loads(faxgw("inbound", "list", "-o", "json").out)
    assert row | {"started": "", "ended": ""} == {
        "fax": fax.public_id, "state": "received", "number": OURS, "caller": CALLER, "remote": FAR_TSI, "pages": 2,
        "started": "", "ended": "", "user": "ben@acme.example", "department": "Sales", "sub_address": "",
        "seconds": 60, "cause": "done", "rate": 14400, "ecm": True, "bad_rows": 0,
    }  # fmt: skip


LISTS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    ((), (2, 1, 0)),
    (("--state", "partial"), (1,)),
    (("--pages", "1-"), (1, 0)),
    (("--number-is", OTHER), (2,)),
    (("--number-ends", "77"), (1, 0)),
    (("--number-begins", "+1202555018"), (2,)),
    (("--caller-is", CALLER), (1, 0)),
    (("--caller-ends", "0142"), (1, 0)),
    (("--caller", "9999"), ()),
    (("--caller-begins", "+1312"), (1, 0)),
    (("--remote", "312 555"), (1, 0)),
    (("--cause", "line-dropped"), (1,)),
    (("--since", "2026-03-02T16:30"), (2,)),
    (("--until", "2026-03-02T16:30"), (1, 0)),
    (("--where", "Acme/Sales"), (2, 1, 0)),
    (("--where", "cleo@acme.example"), (2,)),
    (("--sort", "pages"), (2, 0, 1)),
    (("--sort", "-number"), (2, 1, 0)),
    (("--sort", "started", "--limit", "1"), (0,)),
    (("--sub-address", "12"), ()),
)


def test_options_narrow_and_order_the_list(stage: Stage, faxgw: Commands) -> None:
    ids = three(stage)
    found = [(options, tuple(ids.index(fax) for fax in listed(faxgw, *options))) for options, _ in LISTS]
    assert found == list(LISTS)


def test_the_next_page_follows_the_last_fax(stage: Stage, faxgw: Commands) -> None:
    three(stage)
    for sort in ("-started", "started", "-pages", "number", "caller", "state", "ended"):
        whole = listed(faxgw, "--sort", sort)
        first = listed(faxgw, "--sort", sort, "--limit", "2")
        assert [*first, *listed(faxgw, "--sort", sort, "--after", first[-1])] == whole


def test_columns_are_those_that_were_asked_for(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    assert (
        faxgw("inbound", "list", "--columns", "fax,caller", "-o", "csv").out
        == f"fax,caller\n{fax.public_id},{CALLER}\n"
    )
    assert "there is no column 'speed'" in faxgw("inbound", "list", "--columns", "speed").complaint


def test_one_fax_is_shown_with_its_pages_and_its_history(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage, 2)
    shown = json.loads(faxgw("inbound", "show", fax.public_id.lower(), "-o", "json").out)
    assert [(one["page"], one["width"], one["rows"]) for one in shown["each_page"]] == [(1, 1728, 64), (2, 1728, 64)]
    assert [(one["event"], one["result"]) for one in shown["history"]] == [("received", "success")]
    told = faxgw("inbound", "show", fax.public_id, "--trace").out
    assert "received" in told
    assert "signals" in told


@pytest.mark.parametrize("fax_id", ["IN-7K3M9Q2P", "7K3M9Q2P", "nonsense"])
def test_a_fax_that_is_not_there_is_not_found(faxgw: Commands, fax_id: str) -> None:
    ran = faxgw("inbound", "show", fax_id)
    assert (ran.code, ran.complaint) == (
        3, f"faxgw: there is no received fax {fax_id}; `faxgw inbound list` shows the ids",
    )  # fmt: skip


def pages_in(file: Path) -> list[bytes]:
    found = PageFile(file)
    return [codec.decode(found.page(number))[0].octets for number in range(len(found))]


def test_the_pages_are_saved_as_they_came_and_that_is_kept(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage, 2)
    ran = faxgw("inbound", "save", fax.public_id, str(stage.folder / "out.tif"))
    assert (ran.code, ran.err) == (0, f"{stage.folder / 'out.tif'} written, 2 pages\n")
    assert pages_in(stage.folder / "out.tif") == [bitmap(0).octets, bitmap(1).octets]
    assert received.events(stage.db, fax.id)[-1].name is ReceivedEventName.RETRIEVED


def test_one_page_and_another_format_can_be_asked_for(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage, 2)
    one, coarse, book = (stage.folder / name for name in ("one.tif", "coarse.fax", "book.pdf"))
    faxgw("inbound", "save", fax.public_id, str(one), "--page", "2")
    faxgw("inbound", "save", fax.public_id, str(coarse))
    faxgw("inbound", "save", fax.public_id, str(book))
    assert pages_in(one) == [bitmap(1).octets]
    assert PageFile(coarse).shape(0).resolution is Resolution.STANDARD
    assert book.read_bytes().startswith(b"%PDF-")
    assert faxgw("inbound", "save", fax.public_id, str(one), "--page", "3").code == 2
    assert faxgw("inbound", "save", fax.public_id, str(stage.folder / "out")).code == 2


def test_who_may_not_see_documents_saves_none(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    faxgw("admin", "add", "Acme", "Olga", "Orr", "--email", "olga@acme.example", "--right", "activity")
    ran = faxgw("inbound", "save", fax.public_id, str(stage.folder / "out.pdf"), "--as", "olga@acme.example")
    assert ran.code == 4
    assert not (stage.folder / "out.pdf").exists()
    assert listed(faxgw, "--as", "olga@acme.example") == [fax.public_id]


def test_an_administrator_of_another_company_sees_nothing_of_it(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    tree.add_company(stage.db, "Brass")
    faxgw("admin", "add", "Brass", "Paul", "Poe", "--email", "paul@brass.example")
    assert listed(faxgw, "--as", "paul@brass.example") == []
    for command in ("show", "resubmit"):
        assert faxgw("inbound", command, fax.public_id, "--as", "paul@brass.example").code == 4


def test_a_fax_is_resubmitted_and_its_history_and_the_journal_say_so(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    forwarded(stage)
    ran = faxgw("inbound", "resubmit", fax.public_id, "--reason", "lost")
    assert (ran.code, ran.err) == (0, f"fax {fax.public_id} will be delivered again (resubmission 1)\n")
    assert stage.db.glance("SELECT resubmission FROM forwarding WHERE state = 'waiting'") == 1
    event = received.events(stage.db, fax.id)[-1]
    assert (event.name, event.address) == (ReceivedEventName.RESUBMITTED, "ben@acme.example")
    [entry] = json.loads(faxgw("journal", "list", "-o", "json").out)
    assert (entry["what"], entry["reason"]) == ("fax.resubmit", "lost")


def test_a_trial_resubmits_nothing(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    assert faxgw("inbound", "resubmit", fax.public_id, "--dry-run").code == 0
    assert stage.db.glance("SELECT count(*) FROM forwarding") == 1


def no_pages(stage: Stage) -> ReceivedFax:
    return Caller(stage, receiver(stage)).ring().end().fax


def erased(stage: Stage) -> ReceivedFax:
    fax = fax_of(stage)
    forwarded(stage)
    assert received_erasure.erase_rows(stage.db, fax.id, stage.clock.now()) == 3
    return fax


def coming_in(stage: Stage) -> ReceivedFax:
    return Caller(stage, receiver(stage)).ring().send(page(0)).fax


def locked(stage: Stage) -> ReceivedFax:
    fax = fax_of(stage)
    tree_changes.set_locked(stage.db, fax.user_id, locked=True)
    return fax


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [(no_pages, 3, "has no pages"), (erased, 3, "were erased on 2026-03-02"), (coming_in, 6, "still comes in"),
     (locked, 6, "is locked")],
)  # fmt: skip
def test_what_cannot_be_resubmitted_says_why(
    stage: Stage, faxgw: Commands, made: object, code: int, words: str
) -> None:
    assert callable(made)
    ran = faxgw("inbound", "resubmit", made(stage).public_id)
    assert ran.code == code
    assert words in ran.complaint


def test_many_are_resubmitted_by_a_filter_those_without_pages_left_out(stage: Stage, faxgw: Commands) -> None:
    three(stage)
    assert faxgw("inbound", "resubmit", "--where", "Acme", "--no-input").code == 2
    ran = faxgw("inbound", "resubmit", "--where", "Acme", "--yes")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "2 of 2 faxes will be delivered again")
    assert stage.db.glance("SELECT count(*) FROM forwarding WHERE resubmission = 1") == 2


def test_one_that_fails_keeps_no_other_from_it(stage: Stage, faxgw: Commands) -> None:
    ids = three(stage)
    ran = faxgw("inbound", "resubmit", ids[2], ids[0])
    assert (ran.code, ran.err.splitlines()[-1]) == (8, "1 of 2 faxes will be delivered again")


def test_ids_or_options_but_not_both_and_not_neither(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    assert faxgw("inbound", "resubmit").code == 2
    assert faxgw("inbound", "resubmit", fax.public_id, "--where", "Acme").code == 2


async def test_a_fax_is_shown_with_its_mails_and_those_that_could_not_be_made(stage: Stage, faxgw: Commands) -> None:
    fax = fax_of(stage)
    async with SinkRelay(refuse=lambda _whom: "550 5.1.1 nobody") as sink:
        await stage.forward(sink.port).next()
        await stage.notify(sink.port).next()
    stage.spool.delete(fax.tiff_digest)
    stage.db.write(lambda session: forwardings.add(session, fax.id, 1, stage.clock.now()))
    async with SinkRelay() as sink:
        await stage.forward(sink.port).next()

    shown = json.loads(faxgw("inbound", "show", fax.public_id, "-o", "json").out)

    assert [(one["resubmission"], one["state"]) for one in shown["mailed"]] == [(0, "done"), (1, "failed")]
    assert "the spool does not hold" in shown["mailed"][1]["detail"]
    assert [(mail["state"], mail["recipient"], mail["reply"]) for mail in shown["mails"]] == [
        ("dead", "ben@acme.example", "5.1.1 nobody")
    ]
    assert "\nmailed\n" in faxgw("inbound", "show", fax.public_id).out
