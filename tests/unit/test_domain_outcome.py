"""From a call report to an outcome: one row per cause, and the rules that stand above the table."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.outcome import NO_SESSION, OUTCOME_OF, Outcome, Verdict, classify

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GUIDE = {
    "Busy",
    "Exceeded ECM Retransmit",
    "Fast Busy",
    "General Error",
    "Invalid Attachment",
    "Invalid Fax Number",
    "Job Cancelled",
    "Negotiation Failed",
    "No Answer",
    "No Attachment",
    "Not a Fax Machine",
    "Sit-Tone / Operator Msg",
    "Transmission Failed",
    "Unauthorized Sending Address",
    "Voice Answer",
}


def report(cause: Cause, phase: Phase = Phase.MESSAGE, pages: int = 0, doubt: bool = False) -> CallReport:
    ended = START + timedelta(seconds=70)
    return CallReport("c-1", START, ended, cause, phase, pages_confirmed=pages, last_page_in_doubt=doubt)


def test_names_are_the_guides_with_success_and_unconfirmed_added() -> None:
    assert {outcome.value for outcome in Outcome} == GUIDE | {"Success", "Unconfirmed"}


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_row(cause: Cause) -> None:
    assert cause in OUTCOME_OF


@pytest.mark.parametrize(
    ("cause", "phase", "outcome"),
    [
        (Cause.BUSY, Phase.CALL_SETUP, Outcome.BUSY),
        (Cause.REORDER, Phase.CALL_SETUP, Outcome.FAST_BUSY),
        (Cause.NO_ANSWER, Phase.CALL_SETUP, Outcome.NO_ANSWER),
        (Cause.SIT_INTERCEPT, Phase.CALL_SETUP, Outcome.SIT_TONE),
        (Cause.SIT_VACANT, Phase.CALL_SETUP, Outcome.SIT_TONE),
        (Cause.SIT_NO_CIRCUIT, Phase.CALL_SETUP, Outcome.SIT_TONE),
        (Cause.SIT_REORDER, Phase.CALL_SETUP, Outcome.SIT_TONE),
        (Cause.ANNOUNCEMENT, Phase.CALL_SETUP, Outcome.SIT_TONE),
        (Cause.UNALLOCATED, Phase.CALL_SETUP, Outcome.INVALID_NUMBER),
        (Cause.VOICE, Phase.PRE_MESSAGE, Outcome.VOICE_ANSWER),
        (Cause.DATA_MODEM, Phase.PRE_MESSAGE, Outcome.NOT_A_FAX),
        (Cause.NO_FAX_TONE, Phase.PRE_MESSAGE, Outcome.NOT_A_FAX),
        (Cause.CANNOT_RECEIVE, Phase.PRE_MESSAGE, Outcome.NOT_A_FAX),
        (Cause.INCOMPATIBLE, Phase.PRE_MESSAGE, Outcome.NEGOTIATION_FAILED),
        (Cause.NO_ANSWER_TO_DCS, Phase.PRE_MESSAGE, Outcome.NEGOTIATION_FAILED),
        (Cause.DISCONNECTED_AFTER_DCS, Phase.PRE_MESSAGE, Outcome.NEGOTIATION_FAILED),
        (Cause.CANNOT_TRAIN, Phase.PRE_MESSAGE, Outcome.NEGOTIATION_FAILED),
        (Cause.ECM_EXHAUSTED, Phase.POST_MESSAGE, Outcome.ECM_RETRANSMIT),
        (Cause.LINE_DROPPED, Phase.MESSAGE, Outcome.TRANSMISSION_FAILED),
        (Cause.NO_ANSWER_AFTER_PAGE, Phase.POST_MESSAGE, Outcome.TRANSMISSION_FAILED),
        (Cause.DISCONNECTED_AFTER_PAGE, Phase.POST_MESSAGE, Outcome.TRANSMISSION_FAILED),
        (Cause.PAGE_REFUSED, Phase.POST_MESSAGE, Outcome.TRANSMISSION_FAILED),
        (Cause.PROTOCOL, Phase.PRE_MESSAGE, Outcome.GENERAL_ERROR),
        (Cause.CANCELLED, Phase.MESSAGE, Outcome.CANCELLED),
        (Cause.LOCAL_ERROR, Phase.CALL_SETUP, Outcome.GENERAL_ERROR),
    ],
)
def test_a_call_without_pages_is_named_by_its_cause(cause: Cause, phase: Phase, outcome: Outcome) -> None:
    verdict = classify(report(cause, phase), pages_asked=3)

    assert verdict.outcome is outcome
    assert verdict.detail == cause.value


def test_success_needs_every_page_confirmed() -> None:
    assert classify(report(Cause.DONE, Phase.RELEASE, pages=3), 3) == Verdict(Outcome.SUCCESS, "done", True)
    assert classify(report(Cause.DONE, Phase.RELEASE, pages=2), 3).outcome is Outcome.GENERAL_ERROR
    assert classify(report(Cause.DONE, Phase.RELEASE, pages=2), 3).detail == "pages-missing"


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.DONE])
def test_a_call_that_breaks_after_the_last_confirmation_is_a_success(cause: Cause) -> None:
    assert classify(report(cause, Phase.RELEASE, pages=3), 3).outcome is Outcome.SUCCESS


@pytest.mark.parametrize("cause", [Cause.NO_ANSWER_AFTER_PAGE, Cause.LINE_DROPPED, Cause.DISCONNECTED_AFTER_PAGE])
def test_a_lost_last_answer_is_unconfirmed(cause: Cause) -> None:
    assert classify(report(cause, Phase.POST_MESSAGE, pages=2, doubt=True), 3).outcome is Outcome.UNCONFIRMED


def test_doubt_about_an_earlier_page_is_a_failed_transmission() -> None:
    doubtful = report(Cause.NO_ANSWER_AFTER_PAGE, Phase.POST_MESSAGE, pages=1, doubt=True)

    assert classify(doubtful, 3).outcome is Outcome.TRANSMISSION_FAILED


@pytest.mark.parametrize("cause", [Cause.CANNOT_TRAIN, Cause.NO_ANSWER_TO_DCS, Cause.DISCONNECTED_AFTER_DCS])
def test_retraining_that_fails_between_pages_is_a_failed_transmission(cause: Cause) -> None:
    assert classify(report(cause, pages=1), 3).outcome is Outcome.TRANSMISSION_FAILED
    assert classify(report(cause, pages=0), 3).outcome is Outcome.NEGOTIATION_FAILED


@pytest.mark.parametrize("cause", Cause)
def test_nothing_before_the_answer_counts_as_a_try(cause: Cause) -> None:
    assert not classify(report(cause, Phase.CALL_SETUP), 3).session


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in NO_SESSION])
def test_a_fax_session_begun_counts_as_a_try(cause: Cause) -> None:
    assert classify(report(cause, Phase.PRE_MESSAGE), 3).session


@pytest.mark.parametrize("cause", [Cause.VOICE, Cause.DATA_MODEM, Cause.NO_FAX_TONE])
def test_an_answer_by_anything_but_a_fax_is_no_try(cause: Cause) -> None:
    assert not classify(report(cause, Phase.PRE_MESSAGE), 3).session


def test_duration_is_from_dialling_to_hanging_up() -> None:
    assert report(Cause.DONE).duration == timedelta(seconds=70)
