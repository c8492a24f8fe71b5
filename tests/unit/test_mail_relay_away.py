"""A relay that is away: left alone for longer and longer, told of seldom."""

import logging

import pytest

from gateway.mail.relay import Mail, Relay, RelaySettings
from gateway.mail.relay_away import LONGEST_REST, TELL_EACH, Away

TROUBLE = ConnectionRefusedError("nobody is there")


class Clock:
    """Seconds that a test moves on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def away(clock: Clock) -> Away:
    return Away(clock)


def tries_of(away: Away, clock: Clock, seconds: int) -> int:
    """Look each second whether it is to be tried, and fail then."""
    tries = 0
    for _ in range(seconds):
        if away.resting() is None:
            away.missed(TROUBLE)
            tries += 1
        clock.now += 1
    return tries


def test_it_is_tried_at_once_after_a_first_failure_and_then_after_longer_rests(away: Away, clock: Clock) -> None:
    away.missed(TROUBLE)
    assert away.resting() is None

    for rest in (1, 2, 4, 8, 16, LONGEST_REST, LONGEST_REST):
        away.missed(TROUBLE)
        clock.now += rest - 0.1
        assert away.resting() is TROUBLE
        clock.now += 0.1
        assert away.resting() is None


def test_an_hour_of_trouble_is_told_of_once_in_ten_minutes(
    away: Away, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        tries = tries_of(away, clock, 3600)
        away.reached()
        away.reached()

    assert 3600 / LONGEST_REST <= tries < 150
    told = [(record.message, record.__dict__["seconds"]) for record in caplog.records]
    assert len(told) <= 2 + 3600 / TELL_EACH
    assert (told[0], told[-1]) == (("relay.unreachable", 0), ("relay.reached", 3600))


def test_several_that_fail_at_once_count_as_one(away: Away) -> None:
    for _ in range(5):
        away.missed(TROUBLE)

    assert away.resting() is TROUBLE
    away.reached()
    assert away.resting() is None


async def test_while_it_rests_mails_wait_with_the_reason_and_nobody_connects() -> None:
    relay = Relay(RelaySettings("127.0.0.1", 1))
    relay.away.missed(TROUBLE)
    relay.away.broke_off(TROUBLE, 2)

    [sent] = await relay.send_all([Mail("ann@acme.example", b"text")])

    assert (sent.reached, sent.reply) == (False, "the relay was not reached: nobody is there")
