"""Trunks: known with their lines, paused, drained and resumed; and the routes that jobs take among them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.job import JobEvent
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.trunks import Route, Trunk, TrunkState
from gateway.store import calls, jobs, trunks
from gateway.store.database import Database
from tests.filled_store import NOW, end, mail_to, no_mail, owning, ready

MAIN, SECOND = Route("main", 2), Route("second", 1)
ROUTES = (MAIN, SECOND)


@pytest.fixture
def owner(db: Database, tmp_path: Path) -> Iterator[int]:
    with owning(db, tmp_path) as process_id:
        yield process_id


@pytest.fixture
def waiting(db: Database, user: User, owner: int) -> None:
    """Six jobs that could be called."""
    ready(db, owner, mail_to(user, *(f"+1202555{place:04}" for place in range(6))))


def used(db: Database, owner: int, most: int = 9) -> list[tuple[str, int]]:
    found = calls.claim_calls(db, owner, ROUTES, NOW, most)
    return [(claim.attempt.trunk, claim.line) for claim in found]


def test_a_trunk_is_known_with_its_lines_before_any_call(db: Database) -> None:
    trunks.register(db, ROUTES)
    trunks.register(db, (Route("main", 5),))

    assert trunks.listing(db) == [Trunk("main", 5, TrunkState.OPEN), Trunk("second", 1, TrunkState.OPEN)]


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("state", [TrunkState.PAUSED, TrunkState.DRAINING])
def test_no_new_call_goes_by_a_trunk_that_is_not_open(db: Database, owner: int, state: TrunkState) -> None:
    assert used(db, owner, 1) == [("main", 1)]
    assert trunks.set_state(db, "main", state).state is TrunkState.OPEN

    assert used(db, owner) == [("second", 1)]
    assert [(one.name, one.calls) for one in trunks.listing(db)] == [("main", 1), ("second", 1)]

    trunks.set_state(db, "main", TrunkState.OPEN)
    assert used(db, owner) == [("main", 2)]


@pytest.mark.usefixtures("waiting")
def test_with_all_trunks_paused_nothing_is_claimed(db: Database, owner: int) -> None:
    trunks.register(db, ROUTES)
    for route in ROUTES:
        trunks.set_state(db, route.name, TrunkState.PAUSED)

    assert used(db, owner) == []


def test_the_state_of_a_trunk_outlives_those_who_use_it(db: Database) -> None:
    trunks.register(db, ROUTES)
    trunks.set_state(db, "main", TrunkState.PAUSED)
    trunks.register(db, ROUTES)

    assert [one.state for one in trunks.listing(db)] == [TrunkState.PAUSED, TrunkState.OPEN]


def test_a_state_that_a_trunk_has_already_is_refused_and_so_is_a_name_that_none_has(db: Database) -> None:
    trunks.register(db, ROUTES)

    with pytest.raises(RefusedError, match="main is open already"):
        trunks.set_state(db, "main", TrunkState.OPEN)
    with pytest.raises(NotFoundError, match="faxgw trunk list"):
        trunks.set_state(db, "third", TrunkState.PAUSED)


def test_a_retry_begins_with_the_trunk_that_its_job_wants_and_takes_another_when_it_is_full(
    db: Database, user: User, owner: int
) -> None:
    ready(db, owner, mail_to(user, "+12025550101"))
    ready(db, owner, mail_to(user, "+12025550102"))
    first, second = calls.claim_calls(db, owner, (MAIN,), NOW, 2)
    for claim in (first, second):
        later = end(JobEvent.RETRY, Outcome.FAST_BUSY, not_before=NOW, route="second")
        calls.finish_call(db, claim, later, NOW, no_mail)
    jobs.promote_due(db, NOW)

    assert used(db, owner) == [("second", 1), ("main", 1)]
