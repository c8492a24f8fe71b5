"""Real daemons that end at named points of a fax's walk: between every two commits, before and after each file."""

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.crash.cuts import ACCEPTING, CALLING, RENDERING, STARTING, TELLING, Cut
from tests.crash.feed import Feed, Letter
from tests.crash.house import House
from tests.crash.verdict import Verdict, drain, judge, leave, rendered

pytestmark = pytest.mark.slow
STOCK = 30  # faxes for the calls that are cut, and for their notices
PATIENCE = 10  # seconds until a point is reached


class Walk:
    """A house with one node, which is started to end at one point after the other."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.feed = Feed(house, rate=1, seed=1)
        self.missed: list[str] = []

    def cut_all(self) -> Verdict:
        """Every point, then the end of everything."""
        [node] = self.house.nodes
        self._cut("smtp", STARTING)
        self._cut("smtp", ACCEPTING, mails=True)
        self._cut("smtp,prepare", RENDERING, mails=True)
        node.start("--roles", "smtp,prepare")
        node.wait_up()
        letters = [self.feed.send(faxes=5) for _ in range(STOCK // 5)]
        assert letters == self.feed.accepted[-len(letters) :]
        rendered(self.house)
        node.kill()
        self._cut("lines", CALLING)
        self._cut("mail", TELLING)
        node.start()
        drain(self.house)
        leave(self.house)
        return judge(self.house, self.feed)

    def _cut(self, roles: str, cuts: Sequence[Cut], *, mails: bool = False) -> None:
        [node] = self.house.nodes
        for cut in cuts:
            child = node.start("--roles", roles, cut=cut)
            if mails:
                node.wait_up()
                self._send_once()
            if not child.ended.wait(PATIENCE) or child.status != -signal.SIGKILL:
                self.missed.append(f"{cut}: {child.status}")
            node.kill()

    def _send_once(self) -> Letter:
        """A mail whose sender gives up when it gets no answer."""
        return self.feed.send(faxes=1, once=True)


def test_a_daemon_that_ends_at_any_point_loses_nothing_and_sends_nothing_twice(tmp_path: Path, url: str) -> None:
    with House(tmp_path / "house", url) as house:
        walk = Walk(house)
        verdict = walk.cut_all()

    assert walk.missed == []
    assert verdict.wrong == []
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert verdict.accepted >= STOCK
