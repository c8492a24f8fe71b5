"""Calls in which an end does more than send or receive: polling, turn-round, passwords, operators, waiting."""

from dataclasses import replace

import pytest

from gateway.domain.call import Cause, Phase
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.line import Side
from gateway.fax.t30.capabilities import Flag
from gateway.fax.t30.options import EVERYTHING, TerminalOptions
from gateway.fax.t30.states import Timers
from tests.fax_calls import OUR_ID, THEIR_ID, converse, document, noise_bitmap, text_bitmap

OURS = (text_bitmap(1, rows=80), noise_bitmap(2, rows=40))
THEIRS = (text_bitmap(3, rows=60), text_bitmap(4, rows=60))
POLLING = TerminalOptions(station_id=OUR_ID, poll=True)
SMALL = replace(EVERYTHING, flags=EVERYTHING.flags | {Flag.SMALL_FRAMES_PREFERRED})


def fcfs(record_notes: list[tuple[int, str, str]], sender: str) -> list[str]:
    return [text.split()[0] for _, who, text in record_notes if who == sender]


@pytest.mark.parametrize("ecm", [True, False])
def test_a_caller_without_pages_fetches_what_is_to_be_polled(ecm: bool) -> None:
    finished = converse(None, replace(POLLING, ecm=ecm), polled=document(*THEIRS))

    assert (finished.caller.cause, finished.answerer.cause) == (Cause.DONE, Cause.DONE)
    assert [page.bitmap for page in finished.fetched] == list(THEIRS)
    assert (finished.caller.pages_received, finished.answerer.pages_sent) == (2, 2)
    assert finished.caller.ecm is ecm
    assert finished.caller.remote_id == THEIR_ID.replace(" ", "") or finished.caller.remote_id == THEIR_ID


def test_after_our_document_theirs_is_fetched_in_the_same_call() -> None:
    finished = converse(document(*OURS), POLLING, polled=document(*THEIRS))

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(OURS)
    assert [page.bitmap for page in finished.fetched] == list(THEIRS)
    assert (finished.caller.pages_sent, finished.caller.pages_received) == (2, 2)
    assert finished.confirmed == [0, 1]
    assert not finished.caller.last_page_in_doubt


def test_our_document_is_sent_though_there_is_nothing_to_poll() -> None:
    finished = converse(document(*OURS), POLLING)

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(OURS)


def test_polling_who_has_nothing_ends_the_call() -> None:
    finished = converse(None, POLLING)

    assert (finished.caller.cause, finished.caller.phase) == (Cause.NOTHING_TO_POLL, Phase.PRE_MESSAGE)


@pytest.mark.parametrize(("given", "cause"), [("1234", Cause.DONE), ("4321", Cause.DISCONNECTED_AFTER_DTC)])
def test_a_polled_document_may_want_a_password(given: str, cause: Cause) -> None:
    calling = replace(POLLING, password=given)

    finished = converse(None, calling, TerminalOptions(required_password="1234"), polled=document(*THEIRS))

    assert finished.caller.cause is cause
    assert len(finished.fetched) == (2 if cause is Cause.DONE else 0)


@pytest.mark.parametrize(("given", "cause"), [("1234", Cause.DONE), ("", Cause.DISCONNECTED_AFTER_DCS)])
def test_a_far_end_may_want_a_password_of_who_sends(given: str, cause: Cause) -> None:
    finished = converse(document(*OURS), TerminalOptions(password=given), TerminalOptions(required_password="1234"))

    assert finished.caller.cause is cause
    assert finished.answerer.cause is (Cause.DONE if given else Cause.PASSWORD_REFUSED)
    assert len(finished.received) == (2 if given else 0)


@pytest.mark.parametrize(("named", "cause"), [("7", Cause.DONE), ("8", Cause.DISCONNECTED_AFTER_DTC)])
def test_a_poll_may_name_the_document(named: str, cause: Cause) -> None:
    calling = replace(POLLING, selective_polling=named)

    finished = converse(None, calling, TerminalOptions(selective_polling="7"), polled=document(*THEIRS))

    assert finished.caller.cause is cause


def test_a_dtc_that_is_lost_is_said_again() -> None:
    lost = Harmed(Harm.LOSE, Side.CALLER, "DTC", 1, 2)

    finished = converse(None, POLLING, polled=document(*THEIRS), disturbances=[lost])

    assert finished.caller.cause is Cause.DONE
    assert fcfs(finished.caller.notes, "us").count("again,") == 2


def test_a_poll_that_is_never_answered_is_given_up() -> None:
    lost = Harmed(Harm.LOSE, Side.CALLER, "DTC", 1, 1000)

    finished = converse(None, POLLING, polled=document(*THEIRS), disturbances=[lost])

    assert finished.caller.cause is Cause.NO_ANSWER_TO_DTC


@pytest.mark.parametrize("ecm", [True, False])
def test_an_operator_who_is_asked_for_and_never_comes_costs_time_alone(ecm: bool) -> None:
    finished = converse(document(*OURS), TerminalOptions(ecm=ecm), TerminalOptions(asks_operator=True))

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(OURS)
    assert "PIP" in fcfs(finished.caller.notes, "far end")


def test_a_refused_page_for_an_operator_is_sent_again() -> None:
    spoiled = Harmed(Harm.SPOIL, Side.CALLER, "image", 7, 12)

    finished = converse(
        document(text_bitmap(1)),
        TerminalOptions(ecm=False),
        TerminalOptions(asks_operator=True),
        disturbances=[spoiled],
    )

    assert finished.caller.cause is Cause.DONE
    assert fcfs(finished.caller.notes, "far end").count("PIN") >= 1


@pytest.mark.parametrize("busy_ms", [2_000, 20_000])
def test_a_far_end_that_is_not_ready_is_waited_for(busy_ms: int) -> None:
    finished = converse(document(*OURS), None, TerminalOptions(busy_ms=busy_ms))

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(OURS)
    assert finished.confirmed == [0, 1]
    assert fcfs(finished.caller.notes, "us").count("RR") >= 2 * (busy_ms // 6_000)


def test_a_far_end_that_never_becomes_ready_is_left() -> None:
    finished = converse(document(*OURS), None, TerminalOptions(busy_ms=3_600_000))

    assert finished.caller.cause is Cause.ECM_EXHAUSTED
    assert finished.confirmed == []
    assert 60 < finished.seconds < 180


def test_small_frames_are_used_where_they_are_preferred() -> None:
    large = converse(document(*OURS))
    small = converse(document(*OURS), None, TerminalOptions(SMALL))

    assert small.caller.cause is Cause.DONE
    assert small.bitmaps == large.bitmaps == list(OURS)
    assert 3 * large.caller.ecm_frames < small.caller.ecm_frames <= 4 * large.caller.ecm_frames


@pytest.mark.parametrize(("side", "name"), [(Side.FAR_END, "CFR"), (Side.CALLER, "PPS-MPS"), (Side.FAR_END, "MCF")])
def test_a_damaged_frame_may_be_asked_for_again(side: Side, name: str) -> None:
    asking = TerminalOptions(asks_repetition=True)
    spoiled = Harmed(Harm.SPOIL, side, name, 1, 1)

    finished = converse(document(*OURS), asking, asking, disturbances=[spoiled])
    patient = converse(document(*OURS), disturbances=[Harmed(Harm.SPOIL, side, name, 1, 1)])

    assert finished.caller.cause is patient.caller.cause is Cause.DONE
    assert "CRP" in fcfs(finished.caller.notes, "us") + fcfs(finished.caller.notes, "far end")
    assert finished.seconds < patient.seconds


def test_two_ends_do_not_ask_for_ever() -> None:
    asking = TerminalOptions(asks_repetition=True)
    harms = [Harmed(Harm.SPOIL, Side.FAR_END, name, 1, 1000) for name in ("CFR", "CRP")]

    finished = converse(document(*OURS), asking, asking, disturbances=harms)

    assert finished.caller.cause is Cause.NO_ANSWER_TO_DCS
    assert finished.seconds < 120


def test_the_timers_are_those_that_were_given() -> None:
    lost = [Harmed(Harm.LOSE, Side.FAR_END, "DIS", 1, 1000)]
    usual = converse(document(*OURS), disturbances=lost)
    hasty = converse(document(*OURS), TerminalOptions(timers=Timers(t1=5_000)), disturbances=lost)

    assert hasty.caller.cause is Cause.NO_FAX_TONE
    assert hasty.seconds < usual.seconds - 15
