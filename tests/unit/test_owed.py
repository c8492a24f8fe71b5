"""Claims that could not be given back are given back later."""

import contextlib
from collections.abc import Callable

import pytest

from gateway.domain.errors import GatewayError, LostClaimError, UnavailableError
from gateway.owed import Owed
from gateway.store.handback import Owned


def returning(log: list[str], *errors: GatewayError | None) -> Callable[[], None]:
    """Gives back, with one error after the other."""
    left = list(errors)

    def give_back() -> None:
        error = left.pop(0)
        log.append(type(error).__name__ if error else "returned")
        if error:
            raise error

    return give_back


def test_what_the_store_takes_is_returned_at_once() -> None:
    log: list[str] = []
    owed = Owed()

    owed.give_back(returning(log, None))
    owed.settle()

    assert log == ["returned"]


def test_what_a_full_store_refuses_is_returned_when_it_has_room(caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    owed = Owed()

    owed.give_back(returning(log, UnavailableError("full"), UnavailableError("full"), None))
    for _ in range(3):
        owed.settle()

    assert log == ["UnavailableError", "UnavailableError", "returned"]
    assert caplog.messages == ["claim-owed"]  # once: a full disk lasts, and is asked every second


def test_what_was_settled_or_lost_owes_nothing() -> None:
    log: list[str] = []
    owed = Owed()

    owed.give_back(returning(log, LostClaimError("settled")))
    owed.settle()

    assert log == ["LostClaimError"]


def test_what_is_owed_is_told() -> None:
    owed = Owed()

    owed.give_back(returning([], UnavailableError("full"), None))
    before = owed.is_empty
    owed.settle()

    assert (before, owed.is_empty) == (False, True)


def test_what_is_in_hand_is_so_until_its_work_ends_well_or_not() -> None:
    owed, mail, call = Owed(), Owned("outbox", 1, 1), Owned("job", 1, 1)

    with owed.having(mail):
        with contextlib.suppress(ValueError), owed.having(call):
            both = owed.in_hand
            raise ValueError
        one = owed.in_hand

    assert (both, one, owed.in_hand) == ({mail, call}, {mail}, frozenset())
