"""The story of a fax as an administrator reads it, and where there is none to tell."""

from dataclasses import replace

import pytest

from gateway.domain.addresses import Destination
from gateway.domain.job import Attempt, Event, Job, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.story import story
from tests.filled_store import NOW

CUT = "owner-lost"
JOB = Job(1, "A1", 1, 1, Destination("+12025550101"), JobState.SENT, NOW, NOW, NOW, pages=3, pages_sent=3)


def attempt(number: int, outcome: Outcome | None, first: int = 0, pages: int = 0, detail: str = "") -> Attempt:
    return Attempt(
        number, 1, number, f"c{number}", "trunk", 1, first, pages, NOW, ended=NOW, outcome=outcome, detail=detail
    )


@pytest.mark.parametrize(
    "attempts",
    [
        [],
        [attempt(1, Outcome.SUCCESS, pages=3)],
        [attempt(1, Outcome.BUSY), attempt(2, Outcome.SUCCESS, pages=3)],
    ],
)
def test_what_went_as_calls_go_has_no_story(attempts: list[Attempt]) -> None:
    assert story(JOB, attempts, []) == ()


def test_a_fax_that_was_resumed() -> None:
    attempts = [attempt(1, Outcome.TRANSMISSION_FAILED, pages=2), attempt(2, Outcome.SUCCESS, first=2, pages=1)]

    assert story(JOB, attempts, []) == (
        "Call 1 began at page 1; pages 1 to 2 were confirmed, then it ended: Transmission Failed.",
        "Call 2 went on with page 3; page 3 was confirmed, and with that the whole fax.",
    )


def test_a_call_that_our_end_cut() -> None:
    job = replace(JOB, state=JobState.READY, pages_sent=1)

    assert story(job, [attempt(1, None, pages=1, detail=CUT)], []) == (
        "Call 1 began at page 1; page 1 was confirmed, then our process ended and the call was cut.",
        "The next call goes on with page 2 of 3.",
    )


def test_a_fax_that_the_journal_knew_to_be_delivered() -> None:
    assert story(JOB, [attempt(1, Outcome.SUCCESS, pages=3, detail=CUT)], []) == (
        "Call 1 began at page 1; pages 1 to 3 were confirmed, and with that the whole fax, which we learned from its "
        "journal after our process had ended.",
    )


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ("no-answer-after-page", "the answer to it was lost"),
        (CUT, "our process ended before its answer came"),
    ],
)
def test_a_fax_in_doubt(detail: str, why: str) -> None:
    job = replace(JOB, state=JobState.UNCONFIRMED, pages_sent=2)

    assert story(job, [attempt(1, Outcome.UNCONFIRMED, pages=2, detail=detail)], []) == (
        f"Call 1 began at page 1; pages 1 to 2 were confirmed; page 3, the last, was sent too, but {why}.",
        "The recipient probably has the whole fax. It is not sent again by itself; ask before you do.",
    )


def test_a_fax_that_is_sent_again_for_a_lost_answer() -> None:
    job = replace(JOB, state=JobState.WAITING, pages_sent=2)
    attempts = [attempt(1, Outcome.UNCONFIRMED, pages=2), attempt(2, Outcome.BUSY, first=2)]

    assert story(job, attempts, [])[1:] == (
        "Call 2 sent it again from page 3 on, for an earlier call's last answer was lost; no page was confirmed, "
        "then it ended: Busy.",
        "The next call sends it again from page 3 of 3.",
    )


def test_a_call_that_still_runs() -> None:
    job = replace(JOB, state=JobState.CALLING, pages_sent=1)
    running = replace(attempt(2, None, first=1), ended=None)

    told = story(job, [attempt(1, Outcome.TRANSMISSION_FAILED, pages=1), running], [])

    assert told[-1] == "Call 2 went on with page 2; it has not ended."


def test_a_fax_that_is_held_for_bringing_us_down() -> None:
    job = replace(JOB, state=JobState.HELD, pages_sent=0)
    attempts = [attempt(number, None, detail=CUT) for number in (1, 2, 3)]

    told = story(job, attempts, [Event(NOW, "held", "calling", "held", CUT)])

    assert told[-1].startswith("Calls of this fax were cut by the end of our process again and again: it is held")
