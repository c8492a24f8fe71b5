"""How a trace becomes rungs: strokes, phases, what stands for what, and what is folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Phase, Signal
from gateway.fax.ladder.steps import Fold, Rung, Stroke, ladder, read
from gateway.fax.t30.frames import Fcf, PartialPage, encode_map

US, FAR = "us", "far end"
CALL = [
    (US, "CNG"), (FAR, "CED"), (FAR, "CSI 5550100"), (FAR, "DIS 00 77 5f"), (US, "DCS 00 46 1f"),
    (US, "TCF 14400 V.17"), (FAR, "CFR"), (US, "page 1, 900 octets at 14400 V.17"), (US, "EOP"), (FAR, "MCF"),
    (US, "DCN"), (US, "hangs up"),
]  # fmt: skip


def trace(*said: tuple[str, str]) -> list[Signal]:
    """Signals a second apart."""
    return [Signal(1000 * number, sender, text) for number, (sender, text) in enumerate(said)]


def pps(count: int, page: int = 0, block: int = 0) -> str:
    return f"PPS {PartialPage(Fcf.MPS, page, block, count).encode().hex(' ')}"


def ppr(*numbers: int) -> str:
    return f"PPR {encode_map(frozenset(numbers)).hex(' ')}"


def test_every_rung_stands_in_its_phase() -> None:
    rungs = read(trace(*CALL))

    assert [(rung.name, rung.phase.value) for rung in rungs] == [
        ("CNG", "A"), ("CED", "A"), ("CSI", "B"), ("DIS", "B"), ("DCS", "B"), ("TCF", "B"), ("CFR", "B"),
        ("page 1", "C"), ("EOP", "D"), ("MCF", "D"), ("DCN", "E"), ("hangs up", "E"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sender", "text", "stroke", "name"),
    [
        (FAR, "sit-vacant", Stroke.NETWORK, "sit vacant"),
        (FAR, "hang-up", Stroke.NETWORK, "hangs up"),
        (US, "page 3 block 1, 38 frames at 9600 V.29", Stroke.IMAGE, "page 3"),
        (FAR, "MCF", Stroke.FRAME, "MCF"),
        (FAR, "frame with errors", Stroke.DAMAGED, "?"),
        (FAR, "unknown facsimile control field 99", Stroke.DAMAGED, "?"),
        (US, "a.tif cannot be read as a TIFF", Stroke.NOTE, ""),
    ],
)
def test_each_kind_of_line_has_its_stroke(sender: str, text: str, stroke: Stroke, name: str) -> None:
    [rung] = read(trace((sender, text)))

    assert (rung.stroke, rung.name, rung.ours) == (stroke, name, sender == US)


def test_words_of_an_unknown_text_are_its_own() -> None:
    [rung] = read(trace((FAR, "something that no engine says yet")))

    assert rung.words == "something that no engine says yet"


def test_blocks_of_a_page_are_counted_from_one() -> None:
    [rung] = read(trace((US, "page 2 block 0, 38 frames at 9600 V.29")))

    assert rung.words == "block 1, 38 frames at 9600 V.29"


def test_a_repetition_bears_the_names_of_the_burst_that_is_repeated() -> None:
    burst = [Signal(0, US, "TSI 5550190"), Signal(0, US, "DCS 00 46 1f"), Signal(0, US, "TCF 14400 V.17")]
    again = [Signal(4000, US, "again, 2 of 3"), Signal(8000, US, "again, 3 of 3")]

    rungs = read(burst + again)[3:]

    assert [(rung.name, rung.words) for rung in rungs] == [
        ("TSI DCS TCF", "again, 2 of 3"),
        ("TSI DCS TCF", "again, 3 of 3"),
    ]
    assert {rung.phase for rung in rungs} == {Phase.PRE_MESSAGE}


def test_an_answer_said_again_is_one_rung() -> None:
    rungs = read(trace((US, "MCF"), (FAR, "EOP"), (US, "again"), (US, "MCF")))

    assert [(rung.name, rung.words) for rung in rungs][2:] == [("MCF", "again; received well")]


def test_a_repetition_of_nothing_is_still_drawn() -> None:
    [rung] = read(trace((US, "again, 2 of 3")))

    assert rung.name == "again"


def test_crp_and_damaged_frames_stay_in_the_phase_they_come_in() -> None:
    rungs = read(trace((FAR, "DIS 00 77 5f"), (FAR, "frame with errors"), (US, "CRP"), (FAR, "CFR")))

    assert {rung.phase for rung in rungs} == {Phase.PRE_MESSAGE}


def test_our_own_frames_are_known_when_they_come_back() -> None:
    said = [Signal(0, US, "TSI 5550190"), Signal(0, US, "DCS 00 46 1f"), Signal(0, US, "TCF 14400 V.17")]
    heard = [Signal(2000, FAR, "DCS 00 46 1f"), Signal(3000, FAR, "DCS 00 46 1e"), Signal(4000, FAR, "CFR")]

    rungs = read(said + heard)[3:]

    assert [rung.words == "our own, come back as an echo" for rung in rungs] == [True, False, False]


def test_an_echo_changes_no_phase_and_crp_is_none() -> None:
    rungs = read(trace((FAR, "CFR"), (US, "CRP"), (FAR, "CRP"), (US, "MPS"), (FAR, "MPS"), (FAR, "MCF")))

    assert ["echo" in rung.words for rung in rungs] == [False, False, False, False, True, False]
    assert [rung.phase.value for rung in rungs] == list("BBBDDD")


@pytest.mark.parametrize(("count", "shown"), [(1, "1 frame at"), (21, "21 frames at")])
def test_one_frame_is_one(count: int, shown: str) -> None:
    [rung] = read(trace((US, f"page 1 block 0, {count} frames at 9600 V.29")))

    assert rung.words.startswith(f"block 1, {shown}")


def test_a_map_is_read_by_the_first_count_of_its_block() -> None:
    wanted = ppr(3, *range(40, 256))
    said = [(US, pps(40)), (FAR, wanted), (US, pps(1)), (FAR, wanted), (US, pps(9, block=1)), (FAR, wanted)]

    maps = [rung.words for rung in read(trace(*said)) if rung.name == "PPR"]

    assert maps == ["send 1 of 40 again: 3"] * 2 + ["send 1 of 9 again: 3"]


def test_nothing_is_drawn_after_we_left() -> None:
    assert [rung.name for rung in read(trace((US, "hangs up"), (FAR, "hang-up")))] == ["hangs up"]


def test_equal_rounds_are_folded() -> None:
    poll = [(FAR, "RNR"), (US, "RR")]

    rungs = ladder(trace(*poll * 9, (FAR, "MCF")))

    assert [rung.name for rung in rungs if isinstance(rung, Rung)] == ["RNR", "RR", "MCF"]
    assert rungs[2] == Fold("RNR", "RR", 8, until_ms=17_000, same=True)
    assert rungs[2].words == "RNR to RR, 8 times more"


def test_few_repetitions_are_drawn_out() -> None:
    said = trace((FAR, "DIS 00 77 5f"), (FAR, "DIS 00 77 5f"), (US, "DCN"))

    assert ladder(said) == read(said)


def test_a_line_that_comes_four_times_is_folded() -> None:
    [rung, fold] = ladder(trace(*[(US, "RR")] * 4))

    assert isinstance(rung, Rung)
    assert fold == Fold("RR", "RR", 3, 3000, same=True)


def test_many_pages_are_folded_and_the_odd_one_is_not() -> None:
    pages = [
        [(US, f"page {page} block 0, {20 + page} frames at 14400 V.17"), (US, pps(20 + page, page)), (FAR, "MCF")]
        for page in range(1, 21)
    ]
    pages[15] = [(US, "page 16 block 0, 9 frames at 12000 V.17"), (US, pps(9, 16)), (FAR, "RTP")]

    rungs = ladder(trace(*(said for page in pages for said in page)))

    assert [rung.name if isinstance(rung, Rung) else rung.words for rung in rungs[:7]] == [
        "page 1", "PPS-MPS", "MCF", "page 1 to MCF and so on, 14 times more", "page 16", "PPS-MPS", "RTP",
    ]  # fmt: skip


def test_a_short_document_is_drawn_page_by_page() -> None:
    pages = [said for page in range(1, 5) for said in ((US, f"page {page}, 9 octets at 9600 V.29"), (FAR, "MCF"))]

    assert len(ladder(trace(*pages))) == 8


@given(st.lists(st.sampled_from(["RR", "RNR", "MCF", "page 1, 3 octets at 9600 V.29", "again, 2 of 3"]), max_size=40))
def test_folding_loses_and_invents_no_rung(texts: list[str]) -> None:
    said = trace(*((US, text) for text in texts))

    rungs = ladder(said)

    folded = [rung for rung in rungs if isinstance(rung, Fold)]
    assert [rung for rung in rungs if isinstance(rung, Rung)] == [rung for rung in read(said) if rung in rungs]
    assert len(rungs) - len(folded) <= len(said)
    assert all(rung.times >= 1 and 0 <= rung.until_ms <= 1000 * len(said) for rung in folded)
    assert folded or len(rungs) == len(said)
