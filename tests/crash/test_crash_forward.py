"""Real daemons that end at named points as they forward: each fax reaches each address, twice by its name alone."""

import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.store import simulated_calls
from gateway.store.database import open_database
from gateway.store.simulated_calls import AskedCall
from gateway.store.spool import Spool
from renderers.faxpage import FaxPage, Resolution, write_tiff
from tests.crash.cuts import AFTER, BEFORE, Cut, around
from tests.crash.house import SENDER, House, wait_for
from tests.crash.verdict import ask, leave
from tests.flows.faxes import small_page

pytestmark = pytest.mark.slow
OURS, OTHER = "+12025550177", "team@acme.example"
PATIENCE = 10  # seconds until a point is reached
FAXES = 3
POINTS = (
    Cut("gateway.store.forwardings:claim", AFTER),
    *around("store.spool:Spool.put_bytes", "store.forwardings:made"),
    Cut("gateway.store.outbox:mail_sent", BEFORE),  # the relay has it, and nobody knows
)
LEFT = """
SELECT (SELECT count(*) FROM forwarding WHERE state IN ('waiting', 'working'))
     + (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))
"""


def come_in(house: House, folder: Path) -> None:
    """Faxes that nobody mails yet."""
    write_tiff(folder / "two.tif", [FaxPage(1728, 64, Resolution.FINE, small_page())] * 2)
    pages = Spool(house.folder / "store" / "spool").put_copy(folder / "two.tif")
    [node] = house.nodes
    node.start("--roles", "lines,inbound")
    wait_for(lambda: ask(house, "SELECT count(*) FROM process")[0][0], "no node is there to take calls")
    for number in range(1, FAXES + 1):
        one_more(house, number, pages)
    node.kill()


def one_more(house: House, number: int, pages: str) -> None:
    """A far end calls, and is over."""
    database = open_database(house.url)
    call = AskedCall(f"call-{number}", OURS, "+13125550142", pages_digest=pages)
    simulated_calls.ask(database, call, datetime.now(UTC))
    database.close()
    wait_for(lambda: ask(house, "SELECT count(*) FROM forwarding")[0][0] == number, f"fax {number} does not come in")


def cut_all(house: House) -> list[str]:
    """The daemon ends at each point; those that were not reached."""
    [node] = house.nodes
    missed = []
    for cut in POINTS:
        child = node.start("--roles", "mail", cut=cut)
        if not child.ended.wait(PATIENCE) or child.status != -signal.SIGKILL:
            missed.append(f"{cut}: {child.status}")
        node.kill()
    return missed


def test_a_daemon_that_ends_while_it_forwards_loses_no_fax_and_repeats_none_unknown(tmp_path: Path, url: str) -> None:
    with House(tmp_path / "house", url) as house:
        house.faxgw("user", "edit", SENDER, "--fax-number", OURS, "--receiving", SENDER, "--receiving", OTHER)
        come_in(house, tmp_path)
        missed = cut_all(house)
        house.start()
        wait_for(lambda: not ask(house, LEFT)[0][0], "not all faxes are mailed")
        leave(house)
        states = ask(house, "SELECT state, count(*) FROM forwarding GROUP BY state")
        wanted = {row[0] for row in ask(house, "SELECT message_id FROM outbox WHERE kind = 'received-fax'")}
        events = ask(house, "SELECT count(*) FROM received_event WHERE name = 'forwarded' AND result = 'success'")

    mails = Counter(mail.message_id for mail in house.sink.told)
    assert missed == []
    assert [tuple(row) for row in states] == [("done", FAXES)]
    assert {*mails} == wanted
    assert len(mails) == FAXES * 2
    assert max(mails.values()) <= 2  # the one whose answer was lost came again, by the same name
    assert events[0][0] == FAXES * 2
