"""faxgw simulate call-in: what it asks the running gateway, what it tells of the call, and what stops it before."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.call import CallReport, Cause, Phase, Signal
from gateway.store import processes, simulated_calls
from gateway.store.migrate import open_store
from gateway.store.processes import About
from gateway.store.simulated_calls import AskedCall
from tests.flows.commands import Commands
from tests.unit.test_cli_simulate import write_fax

OURS, CALLER = "+12065550142", "+13125550147"
BEGAN = datetime(2026, 3, 2, 12, tzinfo=UTC)
TRACE = (Signal(-2500, "far end", "ringing"), Signal(0, "us", "DCN"))


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, in a folder with a fax of two pages."""
    monkeypatch.chdir(tmp_path)
    write_fax(Path("fax.tif"), 2)
    return Commands(tmp_path, monkeypatch, capsys)


def report(pages: int = 2, cause: Cause = Cause.DONE) -> CallReport:
    ended = BEGAN + timedelta(seconds=40)
    return CallReport("c1", BEGAN, ended, cause, Phase.RELEASE, pages, connected=BEGAN, rate=14400, trace=TRACE)


@contextmanager
def gateway(folder: Path, **answer: str) -> Iterator[list[AskedCall]]:
    """A process that takes the first call that waits, and answers so; what it was asked."""
    db = open_store(f"sqlite:///{folder / 'store.sqlite'}", folder)
    about = About(roles="inbound")
    here = processes.register(db, "here", timedelta(hours=1), datetime.now(UTC), folder / "locks", about)
    asked, over = [], threading.Event()

    def work() -> None:
        while not over.wait(0.01):
            if found := simulated_calls.claim(db, here.id):
                asked.append(found[1])
                simulated_calls.answer(db, found[0], **answer)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()
        processes.leave(db, here)
        db.close()


def test_the_gateway_is_asked_for_the_call_and_the_call_is_shown(faxgw: Commands) -> None:
    options = ("--from", CALLER, "--sub-address", "42", "--far-end", "old", "--seed", "7", "--trace")
    with gateway(faxgw.folder, report=json.dumps(report().facts())) as asked:
        ran = faxgw("simulate", "call-in", OURS, "fax.tif", *options)

    [call] = asked
    assert (call.called, call.caller, call.station_id, call.sub_address) == (OURS, CALLER, CALLER, "42")
    assert (call.far_end, call.seed, len(call.pages_digest)) == ("old", 7, 64)
    assert (ran.code, ran.err) == (0, "")
    assert f"call      fax.tif from {CALLER} to {OURS}" in ran.out
    assert "pages     2 of 2 pages confirmed" in ran.out
    assert ran.out.splitlines()[-2:] == ["   -2.500  us        ringing", "    0.000  far end   DCN"]


def test_a_call_that_was_not_confirmed_whole_is_status_1(faxgw: Commands) -> None:
    with gateway(faxgw.folder, report=json.dumps(report(1, Cause.LINE_DROPPED).facts())):
        ran = faxgw("simulate", "call-in", OURS, "fax.tif", "-o", "json")

    facts = json.loads(ran.out)
    assert (ran.code, facts["cause"], facts["pages_confirmed"], facts["pages_asked"]) == (1, "line-dropped", 1, 2)


def test_a_call_that_came_to_nothing_is_told_with_why(faxgw: Commands) -> None:
    with gateway(faxgw.folder, fault="the spool does not hold it"):
        ran = faxgw("simulate", "call-in", OURS, "fax.tif")

    assert (ran.code, ran.complaint) == (7, "faxgw: the spool does not hold it")


@pytest.mark.parametrize(
    ("code", "words", "arguments"),
    [
        (7, "role inbound", (OURS, "fax.tif")),
        (2, "only a machine that polls needs none", (OURS,)),
        (3, "there is no far end 'nobody'", (OURS, "fax.tif", "--far-end", "nobody")),
        (6, "busy: that is no fax machine", (OURS, "fax.tif", "--far-end", "busy")),
        (3, "gone.tif: there is no such file", (OURS, "gone.tif")),
        (2, "'x'", (OURS, "fax.tif", "--sub-address", "x")),
        (6, "12", ("12", "fax.tif")),
    ],
)
def test_what_cannot_be_called_is_one_line(faxgw: Commands, code: int, words: str, arguments: tuple[str, ...]) -> None:
    ran = faxgw("simulate", "call-in", *arguments)

    assert ran.code == code
    assert words in ran.complaint


def test_who_only_polls_needs_no_files(faxgw: Commands) -> None:
    with gateway(faxgw.folder, report=json.dumps(report(0, Cause.NOTHING_TO_POLL).facts())) as asked:
        ran = faxgw("simulate", "call-in", OURS, "--far-end", "caller_who_polls")

    assert (ran.code, asked[0].pages_digest) == (1, "")
    assert f"nothing from caller_who_polls to {OURS}" in ran.out
