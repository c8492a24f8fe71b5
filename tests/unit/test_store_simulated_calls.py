"""Calls that commands ask for: taken once, in order, answered, taken away; and what is told when nobody can."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.store import processes, simulated_calls
from gateway.store.database import Database
from gateway.store.processes import About
from gateway.store.references import references
from gateway.store.simulated_calls import Answer, AskedCall, CallState, answer, ask, claim, forget, look
from tests.filled_store import NOW, WALL, killed

CALL = AskedCall("c1", "+12065550142", "+13125550147", "old", "+1 312", "42", 7, "ab" * 32)


Begin = Callable[[str], processes.Process]


@pytest.fixture
def begin(db: Database, tmp_path: Path) -> Iterator[Begin]:
    """Begins a process with the roles named."""
    begun = []

    def register(roles: str) -> processes.Process:
        wait, locks = timedelta(seconds=30), tmp_path / "locks"
        begun.append(processes.register(db, "here", wait, WALL, locks, About(roles=roles)))
        return begun[-1]

    yield register
    for process in begun:
        killed(process)


@pytest.fixture
def here(begin: Begin) -> processes.Process:
    """A process that takes calls."""
    return begin("lines inbound")


def asked(db: Database, uid: str = "c1", minutes: int = 0) -> int:
    return ask(db, AskedCall(uid, "+12065550142"), NOW + timedelta(minutes=minutes))


@pytest.mark.usefixtures("engine")
def test_a_call_is_taken_as_it_was_asked_and_by_one_alone(db: Database, here: processes.Process) -> None:
    number = ask(db, CALL, NOW)

    assert look(db, number) == Answer(CallState.WAITING)
    assert claim(db, here.id) == (number, CALL)
    assert claim(db, here.id) is None
    assert look(db, number) == Answer(CallState.RUNNING)


def test_the_oldest_is_taken_first(db: Database, here: processes.Process) -> None:
    first, second = asked(db, "c1"), asked(db, "c2")

    assert [found[0] for _ in range(2) if (found := claim(db, here.id))] == [first, second]


def test_the_answer_is_there_until_it_is_taken_away(db: Database, here: processes.Process) -> None:
    number, fault = asked(db), asked(db, "c2")
    claim(db, here.id)

    answer(db, number, report='{"a": 1}')
    answer(db, fault, fault="no such far end")

    assert look(db, number) == Answer(CallState.OVER, '{"a": 1}')
    assert look(db, fault) == Answer(CallState.OVER, fault="no such far end")
    forget(db, number)
    assert look(db, number).fault == "the call is forgotten"


def test_a_call_that_is_taken_back_is_not_placed_and_its_answer_is_nobodys(
    db: Database, here: processes.Process
) -> None:
    number = asked(db)

    forget(db, number)
    answer(db, number, report="{}")

    assert claim(db, here.id) is None


@pytest.mark.parametrize("roles", ["smtp mail", ""])
def test_nothing_is_asked_where_no_process_takes_calls(db: Database, begin: Begin, roles: str) -> None:
    begin(roles)

    with pytest.raises(UnavailableError, match="role inbound"):
        asked(db)


@pytest.mark.usefixtures("engine")
def test_a_call_whose_process_is_gone_is_over(db: Database, here: processes.Process, begin: Begin) -> None:
    number = asked(db)
    claim(db, here.id)
    killed(here)

    processes.reap(db, begin("inbound"), WALL, NOW, lambda _job: None)

    assert look(db, number) == Answer(CallState.OVER, fault="the gateway was stopped in the middle of the call")


def test_who_was_given_up_for_dead_takes_none(db: Database, here: processes.Process) -> None:
    asked(db)

    with pytest.raises(LostClaimError):
        claim(db, here.id + 1)


def test_answers_that_nobody_took_away_are_dropped_after_a_day(db: Database, here: processes.Process) -> None:
    old, young = asked(db, "c1"), asked(db, "c2", minutes=30)

    asked(db, "c3", minutes=24 * 60 + 1)

    assert look(db, old).fault == "the call is forgotten"
    assert claim(db, here.id) == (young, AskedCall("c2", "+12065550142"))


def test_the_pages_of_a_call_that_waits_are_needed(db: Database, here: processes.Process) -> None:
    del here
    simulated_calls.ask(db, CALL, NOW)

    assert CALL.pages_digest in {named.digest for page in references(db) for named in page}
