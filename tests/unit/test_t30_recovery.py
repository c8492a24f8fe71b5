"""Calls on lines that lose, spoil and cut: what is repeated, what is given up, and what is said of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.call import Cause, Phase
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.line import Side
from gateway.fax.t30.capabilities import Flag, Modems
from gateway.fax.t30.options import EVERYTHING, TerminalOptions
from gateway.fax.t30.signals import ImageOctets, LineSignal
from tests.fax_calls import call, document, noise_bitmap, text_bitmap

PAGES = (text_bitmap(1), text_bitmap(2), text_bitmap(3))
NO_ECM = TerminalOptions(ecm=False)
ALWAYS = 10**6


def lost(side: Side, name: str, first: int = 1, count: int = 1, after: str = "") -> Harmed:
    return Harmed(Harm.LOSE, side, name, first, count, after=after)


def spoiled(name: str, first: int = 1, count: int = 1, every: int = 1) -> Harmed:
    return Harmed(Harm.SPOIL, Side.CALLER, name, first, count, every)


def cut(side: Side, name: str, first: int = 1, after: str = "") -> Harmed:
    return Harmed(Harm.CUT, side, name, first, after=after)


@pytest.mark.parametrize("trainings", range(8))
def test_training_falls_back_one_rate_at_a_time(trainings: int) -> None:
    rates = [14400, 12000, 9600, 9600, 7200, 7200, 4800, 2400]
    pieces = 6  # of a quarter second each in a TCF

    finished = call(document(text_bitmap(rows=40)), disturbances=[spoiled("image", 1, pieces * trainings)])

    assert finished.caller.cause is Cause.DONE
    assert finished.caller.rate_steps == rates[: trainings + 1]
    assert finished.answerer.rate_steps == rates[: trainings + 1]


def test_a_call_that_no_rate_suits_ends_as_untrainable() -> None:
    finished = call(document(*PAGES), disturbances=[spoiled("image", count=ALWAYS)])

    assert (finished.caller.cause, finished.caller.phase) == (Cause.CANNOT_TRAIN, Phase.PRE_MESSAGE)
    assert finished.caller.rate_steps[-1] == 2400
    assert finished.said("us")[-2:] == ["DCN", "hangs"]
    assert finished.received == []


@pytest.mark.parametrize(
    ("side", "name"),
    [
        (Side.FAR_END, "DIS"),
        (Side.CALLER, "TSI"),
        (Side.CALLER, "DCS"),
        (Side.FAR_END, "CFR"),
        (Side.CALLER, "PPS-MPS"),
        (Side.CALLER, "PPS-EOP"),
        (Side.FAR_END, "MCF"),
        (Side.CALLER, "training"),
        (Side.CALLER, "RCP"),
        (Side.CALLER, "FCD"),
        (Side.CALLER, "DCN"),
    ],
)
@pytest.mark.parametrize("first", [1, 2])
def test_any_one_signal_may_be_lost_with_ecm(side: Side, name: str, first: int) -> None:
    finished = call(document(*PAGES), disturbances=[lost(side, name, first)])

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(PAGES)
    assert finished.confirmed == [0, 1, 2]
    assert not finished.caller.last_page_in_doubt


@pytest.mark.parametrize(
    ("side", "name"),
    [
        (Side.FAR_END, "DIS"),
        (Side.CALLER, "DCS"),
        (Side.FAR_END, "CFR"),
        (Side.CALLER, "MPS"),
        (Side.CALLER, "EOP"),
        (Side.FAR_END, "MCF"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_lost_frame_is_made_good_without_ecm(side: Side, name: str, count: int) -> None:
    finished = call(document(*PAGES), NO_ECM, disturbances=[lost(side, name, count=count)])

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == list(PAGES)
    assert finished.confirmed == [0, 1, 2]


@pytest.mark.parametrize("ecm", [True, False])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_page_whose_mcf_was_lost_is_received_once(ecm: bool, page: int) -> None:
    finished = call(document(*PAGES), TerminalOptions(ecm=ecm), disturbances=[lost(Side.FAR_END, "MCF", page + 1, 2)])

    assert [p.number for p in finished.received] == [0, 1, 2]
    assert finished.confirmed == [0, 1, 2]
    assert finished.said("us").count("again,") == 2


def test_spoiled_frames_are_asked_for_and_sent_again() -> None:
    page = noise_bitmap(rows=200)

    finished = call(document(page), disturbances=[spoiled("FCD", 1, 10, every=7)])

    assert finished.bitmaps == [page]
    assert finished.caller.frames_resent == 10
    assert finished.said("far end").count("PPR") == 1


def test_frames_spoiled_in_a_later_block_are_sent_again() -> None:
    page = noise_bitmap(rows=1000)

    finished = call(document(page), disturbances=[spoiled("FCD", 300, 5)])

    assert finished.bitmaps == [page]
    assert finished.caller.frames_resent == 5


def test_after_the_fourth_request_the_rate_goes_down() -> None:
    page = text_bitmap()
    frames = 30

    finished = call(document(page), disturbances=[spoiled("FCD", 1, 4 * frames)])

    assert finished.caller.cause is Cause.DONE
    assert finished.caller.rate_steps[:2] == [14400, 12000]
    assert "CTC" in finished.said("us")
    assert "CTR" in finished.said("far end")
    assert finished.bitmaps == [page]


@pytest.mark.parametrize("side_and_name", [(Side.CALLER, "CTC"), (Side.FAR_END, "CTR")])
def test_a_lost_offer_to_slow_down_is_repeated(side_and_name: tuple[Side, str]) -> None:
    harms = [spoiled("FCD", 1, 120), lost(*side_and_name)]

    finished = call(document(text_bitmap()), disturbances=harms)

    assert finished.caller.cause is Cause.DONE
    assert finished.bitmaps == [text_bitmap()]


def test_frames_that_never_arrive_end_the_call_with_eor() -> None:
    slow = replace(EVERYTHING, modems=Modems.V27)

    finished = call(document(*PAGES), capabilities=slow, disturbances=[spoiled("FCD", count=ALWAYS)])

    assert (finished.caller.cause, finished.caller.phase) == (Cause.ECM_EXHAUSTED, Phase.POST_MESSAGE)
    assert finished.caller.rate_steps == [4800, 2400]
    assert finished.said("far end").count("PPR") == 8
    assert finished.said("us")[-3:] == ["EOR", "DCN", "hangs"]
    assert finished.confirmed == []
    assert not finished.caller.last_page_in_doubt


@pytest.mark.parametrize("name", ["CTR", "ERR"])
def test_no_answer_to_ctc_or_eor_ends_the_call(name: str) -> None:
    slow = replace(EVERYTHING, modems=Modems.V27)
    harms = [spoiled("FCD", count=ALWAYS), lost(Side.FAR_END, name, count=ALWAYS)]

    finished = call(document(*PAGES), capabilities=slow, disturbances=harms)

    assert finished.caller.cause is Cause.ECM_EXHAUSTED


def test_a_refused_page_is_sent_again_more_slowly() -> None:
    page_pieces = [spoiled("image", 7, 30)]  # the TCF has six

    finished = call(document(*PAGES), NO_ECM, disturbances=page_pieces)

    assert finished.caller.cause is Cause.DONE
    assert "RTN" in finished.said("far end")
    assert finished.caller.rate_steps[:2] == [14400, 12000]
    assert finished.confirmed == [0, 1, 2]
    assert finished.bitmaps[1:] == list(PAGES[1:])


def test_a_page_refused_three_times_ends_the_call() -> None:
    finished = call(document(text_bitmap(rows=200)), NO_ECM, disturbances=[_WhitewashPages()])

    assert (finished.caller.cause, finished.caller.phase) == (Cause.PAGE_REFUSED, Phase.POST_MESSAGE)
    assert finished.said("far end").count("RTN") == 3
    assert finished.confirmed == finished.received == []
    assert not finished.caller.last_page_in_doubt


class _WhitewashPages:
    """Turns every piece of a page, and no piece of a training, into zeros."""

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        del at_ms
        if side is Side.CALLER and isinstance(signal, ImageOctets):
            return (replace(signal, octets=bytes(len(signal.octets))),)
        return (signal,)


def test_a_page_with_some_bad_rows_is_kept_and_trained_after() -> None:
    finished = call(document(text_bitmap(rows=1200), PAGES[1]), NO_ECM, disturbances=[_Scratch()])

    assert finished.said("far end").count("RTP") == 1
    assert finished.confirmed == [0, 1]
    assert finished.caller.rate_steps == [14400, 12000]
    assert 0 < finished.answerer.bad_rows < 180
    assert finished.bitmaps[1] == PAGES[1]


class _Scratch:
    """Spoils an octet here and there in the first octets of pages; a training is all zeros and stays."""

    def __init__(self) -> None:
        self._octets = 0

    def __call__(self, side: Side, signal: LineSignal, at_ms: int) -> Sequence[LineSignal]:
        del at_ms, side
        if not isinstance(signal, ImageOctets) or not any(signal.octets) or self._octets > 6_000:
            return (signal,)
        changed = bytearray(signal.octets)
        for place in range(100, len(changed), 260):
            changed[place] ^= 0xFF
        self._octets += len(changed)
        return (replace(signal, octets=bytes(changed)),)


def test_a_line_that_drops_in_a_page_leaves_the_pages_before_confirmed() -> None:
    finished = call(document(*PAGES), disturbances=[cut(Side.CALLER, "FCD", 20)])

    assert (finished.caller.cause, finished.caller.phase) == (Cause.LINE_DROPPED, Phase.MESSAGE)
    assert finished.confirmed == [0]
    assert finished.answerer.cause is Cause.LINE_DROPPED
    assert not finished.caller.last_page_in_doubt


def test_a_second_call_takes_up_where_the_first_was_cut() -> None:
    first = call(document(*PAGES), disturbances=[cut(Side.CALLER, "FCD", 20)])

    second = call(document(*PAGES), TerminalOptions(first_page=len(first.confirmed)))

    assert first.confirmed + second.confirmed == [0, 1, 2]
    assert first.bitmaps + second.bitmaps == list(PAGES)


@pytest.mark.parametrize("ecm", [True, False])
def test_the_last_page_is_in_doubt_when_the_line_drops_at_its_answer(ecm: bool) -> None:
    finished = call(document(*PAGES), TerminalOptions(ecm=ecm), disturbances=[cut(Side.FAR_END, "MCF", 1, "EOP")])

    assert finished.caller.last_page_in_doubt
    assert (finished.caller.cause, finished.caller.phase) == (Cause.LINE_DROPPED, Phase.POST_MESSAGE)
    assert finished.confirmed == [0, 1]
    assert len(finished.received) == 3


@pytest.mark.parametrize("ecm", [True, False])
def test_the_last_page_is_in_doubt_when_its_answers_are_lost(ecm: bool) -> None:
    harms = [lost(Side.FAR_END, "MCF", 1, ALWAYS, "EOP")]

    finished = call(document(*PAGES), TerminalOptions(ecm=ecm), disturbances=harms)

    assert finished.caller.last_page_in_doubt
    assert finished.caller.cause is Cause.NO_ANSWER_AFTER_PAGE
    assert finished.answerer.cause is Cause.DONE
    assert finished.said("us").count("again,") == 2


@pytest.mark.parametrize("ecm", [True, False])
def test_a_page_before_the_last_is_not_in_doubt(ecm: bool) -> None:
    harms = [lost(Side.FAR_END, "MCF", count=ALWAYS)]

    finished = call(document(*PAGES), TerminalOptions(ecm=ecm), disturbances=harms)

    assert finished.caller.cause is Cause.NO_ANSWER_AFTER_PAGE
    assert not finished.caller.last_page_in_doubt


def test_no_doubt_is_left_when_the_last_command_did_not_go_out() -> None:
    finished = call(document(*PAGES), disturbances=[cut(Side.CALLER, "PPS-EOP")])

    assert finished.caller.cause is Cause.LINE_DROPPED
    assert finished.confirmed == [0, 1]


def test_dcs_without_any_answer_is_given_up_after_three() -> None:
    finished = call(document(*PAGES), disturbances=[lost(Side.CALLER, "DCS", count=ALWAYS)])

    assert finished.caller.cause is Cause.NO_ANSWER_TO_DCS
    assert finished.said("us").count("again,") == 2


def test_a_far_end_that_leaves_before_its_dis_is_heard_has_disconnected_early() -> None:
    harms = [lost(Side.FAR_END, "DIS", count=ALWAYS)]

    finished = call(document(*PAGES), disturbances=harms)

    assert finished.caller.cause is Cause.DISCONNECTED_BEFORE_DCS
    assert finished.answerer.cause is Cause.NO_FAX_TONE
    assert finished.said("far end").count("CSI") >= 5


def test_a_far_end_never_understood_is_no_fax() -> None:
    harms = [lost(Side.FAR_END, name, count=ALWAYS) for name in ("DIS", "DCN")]

    finished = call(document(*PAGES), disturbances=harms)

    assert (finished.caller.cause, finished.caller.phase) == (Cause.LINE_DROPPED, Phase.PRE_MESSAGE)


def test_a_machine_that_cannot_receive_is_left() -> None:
    polled_only = replace(EVERYTHING, flags=EVERYTHING.flags - {Flag.RECEIVE})

    finished = call(document(*PAGES), capabilities=polled_only)

    assert finished.caller.cause is Cause.CANNOT_RECEIVE


def test_no_rate_in_common_is_incompatible() -> None:
    finished = call(document(*PAGES), TerminalOptions(max_rate=1200))

    assert finished.caller.cause is Cause.INCOMPATIBLE


@pytest.mark.parametrize("second", [1, 8, 14, 20, 22])
def test_a_cancelled_call_says_goodbye_and_ends(second: int) -> None:
    seconds = iter(range(1000))

    finished = call(document(*PAGES), cancel=lambda: next(seconds) >= second)

    assert finished.caller.cause is Cause.CANCELLED
    assert finished.caller.ended_ms < 1000 * second + 7000
    assert finished.said("us")[-2:] == ["DCN", "hangs"]
    assert len(finished.confirmed) == finished.answerer.pages_confirmed


names = st.sampled_from(["DIS", "TSI", "DCS", "CFR", "FTT", "training", "image", "FCD", "RCP", "PPS-MPS", "PPS-EOP",
                         "MPS", "EOP", "MCF", "PPR", "RTN", "CTC", "CTR", "EOR", "ERR", "DCN"])  # fmt: skip
harms = st.builds(
    Harmed, st.sampled_from(Harm), st.sampled_from(Side), names, st.integers(1, 30),
    st.sampled_from([1, 2, 3, 10, ALWAYS]), st.integers(1, 5),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(harms, max_size=4), st.booleans())
def test_whatever_the_line_does_a_call_ends_and_success_is_true(disturbances: list[Harmed], ecm: bool) -> None:
    finished = call(document(*PAGES), TerminalOptions(ecm=ecm), disturbances=disturbances)

    record = finished.caller
    assert record.cause is not None
    assert finished.confirmed == list(range(record.pages_confirmed))
    assert len(finished.received) >= record.pages_confirmed
    assert (record.cause is Cause.DONE) == (record.pages_confirmed == len(PAGES))
    if ecm:
        assert finished.bitmaps[: record.pages_confirmed] == list(PAGES[: record.pages_confirmed])
    if len(finished.received) == 3 and record.pages_confirmed == 2:
        assert record.last_page_in_doubt
