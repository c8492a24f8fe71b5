"""Real daemons that end at named points of a fax that comes in: what was confirmed is delivered, once."""

import signal
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.store import simulated_calls
from gateway.store.database import open_database
from gateway.store.simulated_calls import AskedCall
from gateway.store.spool import Spool
from renderers.faxpage import FaxPage, Resolution, write_tiff
from tests.crash.cuts import AFTER, BEFORE, Cut
from tests.crash.house import SENDER, House, wait_for
from tests.crash.verdict import ask, leave
from tests.flows.faxes import small_page

pytestmark = pytest.mark.slow
OURS = "+12025550177"
PATIENCE, TRIES = 10, 3  # seconds until a point is reached
BEGUN, KEPT = "gateway.store.received:begin", "gateway.store.received:add_page"
SETTLED = "gateway.flows.receive:Receive._settle"  # of calls that go on: what a crash left is ended in another way


@dataclass(frozen=True)
class Point:
    """Where a daemon ends in a call that brings three pages, and what is left of the fax; no state: nothing."""

    cut: Cut
    state: str
    pages: int


POINTS = (
    Point(Cut(BEGUN, BEFORE), "", 0),
    Point(Cut(BEGUN, AFTER), "failed", 0),
    Point(Cut(KEPT, BEFORE, 2), "partial", 1),
    Point(Cut(KEPT, AFTER, 2), "partial", 2),
    Point(Cut(KEPT, AFTER, 3), "received", 3),
    Point(Cut(SETTLED, BEFORE), "received", 3),
    Point(Cut(SETTLED, AFTER), "received", 3),
)
LEFT = """
SELECT (SELECT count(*) FROM received WHERE state = 'receiving')
     + (SELECT count(*) FROM forwarding WHERE state IN ('waiting', 'working'))
     + (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))
"""


def calls_in(house: House, uid: str, pages: str) -> None:
    """Have a far end call the running node."""
    database = open_database(house.url)
    try:
        simulated_calls.ask(database, AskedCall(uid, OURS, "+13125550142", pages_digest=pages), datetime.now(UTC))
    finally:
        database.close()


def cut_all(house: House, pages: str) -> list[str]:
    """A call for each point, the daemon ending at it; the points that were not reached."""
    [node] = house.nodes
    missed = []
    for index, point in enumerate(POINTS):
        child = node.start(cut=point.cut)
        node.wait_up()
        for again in range(TRIES):  # who has just taken over from a dead node may be too late for its lease
            calls_in(house, f"call-{index}-{again}", pages)
            if child.ended.wait(PATIENCE):
                break
        if child.status != -signal.SIGKILL:
            missed.append(f"{point.cut}: {child.status}")
        node.kill()
    return missed


def drain(house: House) -> None:
    """Until all that is left is ended, and mailed."""
    house.start()
    wait_for(lambda: not ask(house, LEFT)[0][0], "what came in does not come to an end")
    leave(house)


def three_pages(folder: Path) -> str:
    write_tiff(folder / "three.tif", [FaxPage(1728, 64, Resolution.FINE, small_page())] * 3)
    return Spool(folder / "house" / "store" / "spool").put_copy(folder / "three.tif")


def test_a_daemon_that_ends_in_a_call_that_comes_in_loses_no_confirmed_page(tmp_path: Path, url: str) -> None:
    with House(tmp_path / "house", url) as house:
        house.faxgw("user", "edit", SENDER, "--fax-number", OURS, "--receiving", SENDER)
        missed = cut_all(house, three_pages(tmp_path))
        drain(house)
        found = ask(house, "SELECT state, pages, tiff_digest <> '' FROM received ORDER BY id")
        kept = ask(house, "SELECT received_id, count(*) FROM received_page GROUP BY received_id ORDER BY received_id")
        owned = ask(house, "SELECT count(*) FROM received WHERE owner IS NOT NULL OR ended IS NULL")

    left = [(one.state, one.pages, one.pages > 0) for one in POINTS if one.state]
    assert missed == []
    assert [tuple(row) for row in found] == left
    assert [count for _, count in kept] == [one.pages for one in POINTS if one.pages]
    assert owned[0][0] == 0
    mails = Counter(one.message_id for one in house.sink.told)
    assert len(mails) == sum(one.pages > 0 for one in POINTS)
