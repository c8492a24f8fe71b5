"""What the words beside a ladder say of frames: the fields are made by the engine's own codec."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Signal
from gateway.fax.ladder import meaning
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, Profile, ScanTime, Widths
from gateway.fax.t30.frames import Fcf, PartialPage, encode_map
from gateway.fax.t30.signals import Modulation, Progress

MODERN = Capabilities(
    frozenset({Flag.RECEIVE, Flag.ECM, Flag.MMR, Flag.MR, Flag.FINE, Flag.SUPERFINE, Flag.SUB}),
    Modems.V27_V29_V17,
    Widths.A3,
    Lengths.UNLIMITED,
    ScanTime.MS0,
)
OLD = Capabilities(frozenset({Flag.RECEIVE}), Modems.V27, Widths.A4, Lengths.A4, ScanTime.MS20)
SERVER = Capabilities(frozenset({Flag.HAS_DOCUMENT, Flag.SMALL_FRAMES_PREFERRED, Flag.ECM, Flag.DPI_300, Flag.PWD}))


def words(name: str, octets: bytes) -> tuple[str, str]:
    described = meaning.describe(f"{name} {octets.hex(' ')}")
    assert described is not None
    return described


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (MODERN, "up to 14400 V.17, ECM, MMR, superfine, A3 wide, any length, sub-address"),
        (OLD, "up to 4800 V.27ter, MH, standard, A4 wide, A4 long, 20 ms a row"),
        (
            SERVER,
            "cannot receive, has a document to poll, up to 2400 V.27ter, ECM of 64 octets, MH, 300 per inch, "
            "A4 wide, A4 long, 20 ms a row, password",
        ),
    ],
)
def test_a_dis_says_what_it_offers(offered: Capabilities, expected: str) -> None:
    assert words("DIS", offered.encode()) == ("DIS", expected)
    assert words("DTC", offered.encode()) == ("DTC", expected)


def test_modems_that_no_standard_names_are_said_to_be_unknown() -> None:
    assert words("DIS", bytes.fromhex("000c00"))[1].startswith("cannot receive, unknown modems, MH")


def test_a_dcs_says_what_it_settles_and_a_ctc_the_rate() -> None:
    flags = frozenset({Flag.RECEIVE, Flag.ECM, Flag.MMR, Flag.FINE})
    profile = Profile(Modulation.V17_9600, flags, Widths.B4, Lengths.UNLIMITED, ScanTime.MS0)

    assert words("DCS", profile.encode()) == ("DCS", "9600 V.17, ECM, MMR, fine, B4 wide, any length")
    assert words("CTC", profile.encode()[:2]) == ("CTC", "go on at 9600 V.17")


def test_a_dcs_without_error_correction_names_the_time_of_a_row() -> None:
    profile = Profile(Modulation.V29_7200, frozenset({Flag.MR}), scan=ScanTime.MS10)

    assert words("DCS", profile.encode())[1] == "7200 V.29, MR, standard, A4 wide, A4 long, 10 ms a row"


@pytest.mark.parametrize(
    ("after", "name", "follows"),
    [
        (Fcf.NULL, "PPS-NULL", "the page goes on"),
        (Fcf.MPS, "PPS-MPS", "another page follows"),
        (Fcf.EOM, "PPS-EOM", "another page follows, after a new DIS"),
        (Fcf.EOP, "PPS-EOP", "that was the last page"),
        (Fcf.PRI_EOP, "PPS-PRI-EOP", "that was the last page; operator wanted"),
    ],
)
def test_a_pps_names_its_command_and_counts_blocks_from_one(after: Fcf, name: str, follows: str) -> None:
    assert words("PPS", PartialPage(after, 3, 0, 38).encode()) == (name, f"block 1, 38 frames; {follows}")
    assert words("PPS", PartialPage(after, 3, 4, 1).encode()) == (name, f"block 5, 1 frame; {follows}")


def test_an_eor_names_its_command() -> None:
    assert meaning.describe("EOR f2") == ("EOR-MPS", "leaves this block; another page follows")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (range(40), "send every frame again"),
        ({3, 4, 5, 9, *range(40, 256)}, "send 4 of 40 again: 3-5, 9"),
        (range(40, 256), "asks for no frame of the block"),
    ],
)
def test_a_map_is_read_within_its_block(asked: Sequence[int], expected: str) -> None:
    assert meaning.missing(encode_map(frozenset(asked)), 40) == expected


@pytest.mark.parametrize("text", ["PPS f2 00", "PPS 99 00 00 00", "EOR 99", "PPR ff"])
def test_a_field_that_cannot_be_read_keeps_the_name_and_says_so(text: str) -> None:
    described = meaning.describe(text)

    assert described is not None
    assert described[0] == text[:3]
    assert described[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TSI +1 202 555 0190", ("TSI", "+1 202 555 0190")),
        ("TSI 12 34", ("TSI", "12 34")),  # digits, though they could be octets
        ("CSI", ("CSI", "")),
        ("TCF 9600 V.29, bad", ("TCF", "training check at 9600 V.29, bad")),
        ("CNG", ("CNG", "calling tone")),
        ("MCF", ("MCF", "received well")),
        ("PRI-MPS", ("PRI-MPS", "another page follows; operator wanted")),
        ("NSF ad 00 51", ("NSF", "non-standard, 3 octets")),
        ("PPS-EOP: of another engine", ("PPS-EOP", "of another engine")),
        ("frame with errors", None),
    ],
)
def test_other_texts_of_a_trace(text: str, expected: tuple[str, str] | None) -> None:
    assert meaning.describe(text) == expected


@pytest.mark.parametrize("text", ["PWD 4711", "SID 4711"])
def test_a_password_is_not_drawn(text: str) -> None:
    assert meaning.describe(text) == (text[:3], "a password")


@given(st.text(max_size=60) | st.sampled_from(["DIS", "DCS", "PPS", "PPR", "EOR"]).map(lambda name: f"{name} "))
def test_no_text_of_a_trace_is_too_much(text: str) -> None:
    described = meaning.describe(text)

    assert described is None or described[0]


@given(st.sampled_from(["DIS", "DTC", "DCS", "CTC", "PPS", "EOR", "PPR", "NSF"]), st.binary(min_size=1, max_size=40))
def test_no_field_of_a_frame_is_too_much(name: str, octets: bytes) -> None:
    assert words(name, octets)[0].startswith(name)


@given(st.frozensets(st.integers(0, 255)))
def test_spans_name_every_number_once(numbers: frozenset[int]) -> None:
    named: list[int] = []
    for span in meaning.spans(numbers).split(", ") if numbers else ():
        first, _, last = span.partition("-")
        named += range(int(first), int(last or first) + 1)

    assert named == sorted(numbers)


def test_the_last_offer_of_a_trace_is_the_far_ends() -> None:
    trace = [
        Signal(0, "far end", f"DIS {OLD.encode().hex(' ')}"),
        Signal(5, "far end", f"DIS {MODERN.encode().hex(' ')}"),
        Signal(9, "us", f"DIS {OLD.encode().hex(' ')}"),
    ]

    assert meaning.last_offer(trace, "far end").startswith("up to 14400 V.17")
    assert meaning.last_offer(trace[2:], "far end") == ""


@pytest.mark.parametrize("kind", list(Progress))
def test_what_the_network_says_has_words_unless_it_is_plain(kind: Progress) -> None:
    plain = {Progress.RINGING, Progress.ANSWERED, Progress.HANG_UP}

    assert bool(meaning.progress(kind.value)) is (kind not in plain)
