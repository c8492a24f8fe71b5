"""The caller tells, before the far end is told that the last page is over: once in a call, whatever is repeated."""

import pytest

from gateway.domain.call import Cause
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.line import Side
from gateway.fax.t30.options import TerminalOptions
from tests.fax_calls import Finished, call, document, noise_bitmap, text_bitmap

PAGES = document(text_bitmap(1, rows=60), text_bitmap(2, rows=60))
PPS_NULL, PPS_EOP = "PPS 00", "PPS f4"  # as the trace begins, T.30 A.4.3
LAST = {True: PPS_EOP, False: "EOP"}
ALWAYS = 10**6


def parted(finished: Finished) -> tuple[list[str], list[str]]:
    """The caller's trace before and after it told, which it did once."""
    [when] = finished.before_last
    texts = [text for _, _, text in finished.caller.notes]
    return texts[:when], texts[when:]


def count(texts: list[str], start: str) -> int:
    return sum(text.startswith(start) for text in texts)


@pytest.mark.parametrize("ecm", [True, False])
def test_the_last_page_is_told_right_before_the_command_that_ends_it(ecm: bool) -> None:
    finished = call(PAGES, TerminalOptions(ecm=ecm))

    before, after = parted(finished)
    assert count(before, LAST[ecm]) == 0
    assert after[0].startswith(LAST[ecm])


def test_of_a_last_page_in_blocks_only_the_last_block_counts() -> None:
    finished = call(document(noise_bitmap(rows=1000)))

    before, after = parted(finished)
    assert (count(before, PPS_NULL), count(after, PPS_NULL)) == (6, 0)
    assert after[0].startswith(PPS_EOP)


@pytest.mark.parametrize("ecm", [True, False])
@pytest.mark.parametrize("harm_of", ["EOP", "MCF"])
def test_a_command_said_again_is_not_told_again(ecm: bool, harm_of: str) -> None:
    name, side, first = (
        (("PPS-EOP" if ecm else "EOP"), Side.CALLER, 1) if harm_of == "EOP" else ("MCF", Side.FAR_END, 2)
    )

    finished = call(PAGES, TerminalOptions(ecm=ecm), disturbances=[Harmed(Harm.LOSE, side, name, first, 2)])

    before, after = parted(finished)
    assert count(before, LAST[ecm]) == 0
    assert count(after, "again,") == 2


def test_a_last_block_of_which_frames_were_asked_for_again_is_told_once() -> None:
    page = noise_bitmap(rows=100)

    finished = call(document(page), disturbances=[Harmed(Harm.SPOIL, Side.CALLER, "FCD", 1, 10, 7)])

    before, after = parted(finished)
    assert (count(before, PPS_EOP), count(after, PPS_EOP)) == (0, 2)


def test_a_last_page_that_was_refused_and_sent_again_is_told_once() -> None:
    pieces = [Harmed(Harm.SPOIL, Side.CALLER, "image", 7, 40)]  # the first six are the TCF's

    finished = call(document(noise_bitmap(rows=60)), TerminalOptions(ecm=False), disturbances=pieces)

    before, after = parted(finished)
    assert count(before, "EOP") == 0
    assert count(after, "EOP") == 1 + count(after, "RTN") > 1


@pytest.mark.parametrize("ecm", [True, False])
def test_a_call_that_ends_before_the_last_page_is_over_tells_nothing(ecm: bool) -> None:
    finished = call(PAGES, TerminalOptions(ecm=ecm), disturbances=[Harmed(Harm.CUT, Side.FAR_END, "MCF", 1)])

    assert finished.caller.cause is Cause.LINE_DROPPED
    assert finished.before_last == []


def test_a_call_that_begins_at_its_last_page_tells_too() -> None:
    finished = call(PAGES, TerminalOptions(first_page=1))

    before, _ = parted(finished)
    assert count(before, PPS_EOP) == 0
    assert finished.confirmed == [1]


def test_a_call_in_doubt_was_told_before() -> None:
    finished = call(PAGES, disturbances=[Harmed(Harm.LOSE, Side.FAR_END, "MCF", 2, ALWAYS)])

    assert finished.caller.last_page_in_doubt
    assert len(finished.received) == 2
    before, after = parted(finished)
    assert (count(before, PPS_EOP), count(after, PPS_EOP)) == (0, 1)
