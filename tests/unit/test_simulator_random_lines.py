"""Whatever the line does: a call ends, success is no lie, no page is confirmed twice or out of its order.

Lines, far ends and faults are drawn by chance; a page counts as held when it is there pel for pel.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gateway.domain.call import Cause, Coding
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.fax.simulator.calls import SimulatedCall, line_to
from gateway.fax.simulator.disturbances import Harm, Harmed
from gateway.fax.simulator.far_ends import FaxMachine
from gateway.fax.simulator.line import Side
from gateway.fax.simulator.noise import Noise
from gateway.fax.simulator.our_line import OurLine
from gateway.fax.simulator.plans import FarEndPlan, LinePlan
from gateway.fax.t4 import codec
from gateway.fax.t4.page import Bitmap, CodedPage
from gateway.fax.t30.capabilities import Capabilities, Flag, Modems, ScanTime
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.record import CallRecord
from gateway.fax.t30.terminal import Answerer, Caller
from gateway.fax.transport import IncomingCall
from tests.fakes import FakeSwitchboard
from tests.fax_calls import OUR_ID, Pages, noise_bitmap, text_bitmap

HOUR_MS = 3_600_000
ENOUGH = settings(
    max_examples=125, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)
A_FEW = settings(ENOUGH, max_examples=25)
# Text, text of more rows, and what no coding can compress: two blocks with ECM.
DRAWN: tuple[Bitmap, ...] = (text_bitmap(1, rows=60), text_bitmap(2, rows=200), noise_bitmap(3, rows=320))


@cache
def coded(kind: int) -> CodedPage:
    return codec.encode(DRAWN[kind], Coding.MMR)


shares = st.one_of(st.just(0.0), st.floats(0, 0.3))
lines = st.builds(
    LinePlan,
    delay_ms=st.sampled_from([0, 0, 40, 300, 900]),
    echo_ms=st.sampled_from([0, 0, 0, 90, 600, 1900]),
    frame_loss=shares,
    drop_gap_ms=st.sampled_from([0, 0, 0, 2_000, 20_000]),
    hang_up_at_ms=st.one_of(st.just(0), st.just(0), st.integers(8_000, 120_000)),
    noise=st.builds(
        Noise,
        bit_error_rate=st.sampled_from([0, 0, 1e-5, 1e-4, 1e-3, 1e-2, 0.3]),
        burst_gap_ms=st.sampled_from([0, 0, 1_000, 10_000]),
        burst_ms=st.sampled_from([20, 200, 2_000]),
        burst_error_rate=st.sampled_from([0.01, 0.3]),
    ),
)
SAID = {
    Side.CALLER: [
        "training",
        "image",
        "DCS",
        "FCD",
        "RCP",
        "PPS-NULL",
        "PPS-MPS",
        "PPS-EOP",
        "MPS",
        "EOP",
        "CTC",
        "DCN",
    ],
    Side.FAR_END: ["DIS", "CFR", "FTT", "MCF", "PPR", "RTN", "RTP", "RNR", "CTR", "ERR", "PIP", "PIN"],
}
harms = st.sampled_from(Side).flatmap(
    lambda side: st.builds(
        Harmed,
        st.sampled_from([Harm.LOSE, Harm.LOSE, Harm.SPOIL, Harm.SPOIL, Harm.LEAVE, Harm.CUT]),
        st.just(side),
        st.sampled_from(SAID[side]),
        first=st.integers(1, 4),
        count=st.sampled_from([1, 2, 3, 4, 1_000]),
        every=st.integers(1, 3),
    )
)
offers = st.builds(
    Capabilities,
    st.sets(st.sampled_from([Flag.ECM, Flag.MR, Flag.MMR, Flag.SMALL_FRAMES_PREFERRED])).map(
        lambda chosen: frozenset(chosen | {Flag.RECEIVE, Flag.FINE})
    ),
    st.sampled_from(Modems),
    st.just(EVERYTHING.widths),
    st.just(EVERYTHING.lengths),
    st.sampled_from(ScanTime),
)
options = st.builds(
    TerminalOptions,
    offers,
    station_id=st.just("+1 202 555 0100"),
    busy_ms=st.sampled_from([0, 0, 0, 4_000, 90_000]),
    asks_operator=st.sampled_from([False, False, True]),
    asks_repetition=st.booleans(),
    nonstandard=st.sampled_from([b"", b"\x00\x00\x0e"]),
)
far_ends = st.builds(
    FarEndPlan,
    line=lines,
    disturbances=st.lists(harms, max_size=2).map(
        lambda drawn: tuple((lambda each=each: replace(each)) for each in drawn)
    ),
    rings=st.integers(1, 2),
    options=options,
    speech_ms=st.sampled_from([0, 0, 0, 5_000]),
    late_ms=st.sampled_from([0, 0, 0, 800, 2_500]),
)
ours = st.builds(
    TerminalOptions,
    station_id=st.just(OUR_ID),
    ecm=st.sampled_from([True, True, False]),
    max_rate=st.sampled_from([14400, 14400, 9600, 2400]),
    asks_repetition=st.booleans(),
)
documents = st.lists(st.integers(0, 2), min_size=1, max_size=3)
seeds = st.integers(0, 2**16)


@dataclass
class Call:
    """A call that is over."""

    document: list[Bitmap]
    caller: CallRecord
    answerer: CallRecord
    confirmed: list[int]
    held_when_confirmed: list[Bitmap | None]  # what the far end had received last
    received: list[ReceivedPage]

    @property
    def exact(self) -> bool:
        """True when a page that arrived must have arrived whole: all were sent with ECM."""
        return self.caller.ecm is True

    @property
    def bitmaps(self) -> list[Bitmap]:
        return [page.bitmap for page in self.received]


def placed(kinds: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int) -> Call:
    """Run a call to its end, which must come within the hour."""
    received: list[ReceivedPage] = []
    confirmed: list[int] = []
    held: list[Bitmap | None] = []

    def confirm(index: int) -> None:
        confirmed.append(index)
        held.append(received[-1].bitmap if received else None)

    caller = Caller(Pages([coded(kind) for kind in kinds]), caller_options, PageWatch(confirm))
    answerer = Answerer(plan.options, PageWatch(page_received=received.append))
    line = line_to(plan, Random(seed), caller, FaxMachine(answerer, plan.line, plan.rings, plan.speech_ms))
    line.run(limit_ms=HOUR_MS)
    return Call([DRAWN[kind] for kind in kinds], caller.record, answerer.record, confirmed, held, received)


def check_ending(call: Call) -> None:
    assert call.caller.cause is not None
    assert call.answerer.cause is not None or call.answerer.answered_ms is None  # it never answered
    assert call.caller.cause is not Cause.LOCAL_ERROR
    assert call.caller.ended_ms <= HOUR_MS


def check_order(call: Call) -> None:
    """Each page confirmed once, in order; counted as often as told."""
    assert call.confirmed == list(range(len(call.confirmed)))
    assert call.caller.pages_confirmed == len(call.confirmed)


def check_success(call: Call) -> None:
    """Done means that every page is held; a doubt is never a success."""
    done = call.caller.cause is Cause.DONE
    assert done == (len(call.confirmed) == len(call.document))
    assert not (done and call.caller.last_page_in_doubt)
    if call.exact:
        assert call.held_when_confirmed == call.document[: len(call.confirmed)]


def check_held(call: Call) -> None:
    """The far end holds what was confirmed, and with ECM nothing else, but for a page whose answer was lost."""
    assert len(call.received) >= len(call.confirmed)
    if call.exact:
        assert call.bitmaps == call.document[: len(call.received)]
    if call.exact and call.answerer.cause is Cause.DONE:
        assert call.bitmaps == call.document


CHECKS = [check_ending, check_order, check_success, check_held]


def check(call: Call) -> None:
    event(f"{call.caller.cause}{', in doubt' if call.caller.last_page_in_doubt else ''}")
    for one in CHECKS:
        one(call)


@A_FEW
@given(documents, far_ends, ours, seeds)
def test_a_few_random_lines_end_well_or_badly_but_truly(
    kinds: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int
) -> None:
    check(placed(kinds, plan, caller_options, seed))


@pytest.mark.slow
@ENOUGH
@given(documents, far_ends, ours, seeds)
def test_random_lines_end_well_or_badly_but_truly(
    kinds: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int
) -> None:
    check(placed(kinds, plan, caller_options, seed))


def polled(kinds: list[int], theirs: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int) -> Call:
    """Send a document and ask for another; the call as the far end sees it, which sends the second."""
    got: list[ReceivedPage] = []
    confirmed: list[int] = []
    held: list[Bitmap | None] = []

    def confirm(index: int) -> None:
        confirmed.append(index)
        held.append(got[-1].bitmap if got else None)

    wanted = replace(caller_options, poll=True)
    pages = Pages([coded(kind) for kind in kinds]) if kinds else None
    caller = Caller(pages, wanted, PageWatch(page_received=got.append))
    answerer = Answerer(plan.options, PageWatch(confirm), Pages([coded(kind) for kind in theirs]))
    line = line_to(plan, Random(seed), caller, FaxMachine(answerer, plan.line, plan.rings, plan.speech_ms))
    line.run(limit_ms=HOUR_MS)
    return Call([DRAWN[kind] for kind in theirs], answerer.record, caller.record, confirmed, held, got)


@pytest.mark.slow
@ENOUGH
@given(st.lists(st.integers(0, 2), max_size=2), documents, far_ends, ours, seeds)
def test_what_is_polled_over_random_lines_is_confirmed_truly(
    kinds: list[int], theirs: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int
) -> None:
    call = polled(kinds, theirs, plan, caller_options, seed)

    event(f"{call.caller.cause}, {call.answerer.cause}")
    assert call.confirmed == list(range(len(call.confirmed)))
    assert len(call.received) >= len(call.confirmed)
    if call.exact and call.answerer.ecm:
        assert call.held_when_confirmed == call.document[: len(call.confirmed)]
        assert call.bitmaps == call.document[: len(call.received)]


def test_what_comes_back_as_an_echo_after_a_turn_round_confirms_no_page() -> None:
    echo = LinePlan(echo_ms=90)
    lost = Harmed(Harm.LOSE, Side.FAR_END, "FCD", count=1_000)

    call = polled([0], [0], FarEndPlan(line=echo, disturbances=(lambda: lost,)), TerminalOptions(), seed=0)

    assert (call.confirmed, call.received) == ([], [])


@A_FEW
@given(documents, options, ours, seeds)
def test_on_a_clean_line_every_page_arrives_pel_for_pel(
    kinds: list[int], theirs: TerminalOptions, caller_options: TerminalOptions, seed: int
) -> None:
    plan = FarEndPlan(options=replace(theirs, busy_ms=0))

    call = placed(kinds, plan, replace(caller_options, max_rate=14400), seed)

    assert call.caller.cause is Cause.DONE
    assert call.bitmaps == call.document


@A_FEW
@given(documents, far_ends, ours, seeds)
def test_the_same_seed_makes_the_same_call(
    kinds: list[int], plan: FarEndPlan, caller_options: TerminalOptions, seed: int
) -> None:
    first, again = (placed(kinds, plan, caller_options, seed) for _ in range(2))

    assert first.caller.notes == again.caller.notes
    assert first.bitmaps == again.bitmaps


@A_FEW
@given(lines, st.lists(harms, max_size=3), st.lists(st.sampled_from(range(3)), min_size=1, max_size=3), st.data())
def test_our_own_line_keeps_what_it_confirms_and_tells_its_end_once(
    line: LinePlan, faults: list[Harmed], kinds: list[int], data: st.DataObject
) -> None:
    board = FakeSwitchboard(hang_up=data.draw(st.sampled_from([False, False, False, True])))
    board.full = data.draw(st.sampled_from([None, None, None, UnavailableError("full"), LostClaimError("lost")]))
    ours = OurLine(board, IncomingCall("c1", board.ours), line, rings=2, dialled=datetime(2026, 3, 2, tzinfo=UTC))
    caller = Caller(Pages([coded(kind) for kind in kinds]), TerminalOptions(station_id=OUR_ID), PageWatch())
    plan = FarEndPlan(line=line, disturbances=tuple(lambda fault=fault: fault for fault in faults))
    call = SimulatedCall(caller, line_to(plan, Random(data.draw(st.integers(0, 99))), caller, ours), ours=ours)

    assert call.run_for(HOUR_MS)
    call.close()
    call.close()

    event(str(caller.record.cause))
    assert len(board.ends) == len(board.rung)
    assert [page.number for page in board.pages] == list(range(len(board.pages)))
    assert caller.record.pages_sent <= len(board.pages)
    for report, _ in board.ends:
        assert report.pages_received == len(board.pages)
        assert report.cause is not Cause.DONE or board.pages[-1].last
    if caller.record.cause is Cause.DONE:
        assert board.pages[-1].last
