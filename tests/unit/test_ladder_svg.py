"""A ladder as a picture, read as the XML that it is."""

from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.call import Signal
from gateway.fax.ladder import svg
from tests.unit.test_ladder_text import CALL

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(trace: list[Signal], title: str = "a.tif to +12025550100", ending: str = "Success") -> ElementTree.Element:
    return ElementTree.fromstring(svg.draw(trace, title, ending))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{NAMESPACE}text")]


def of_class(picture: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [shape for shape in picture.iter() if name in shape.get("class", "").split()]


def test_the_picture_says_what_the_characters_say() -> None:
    shown = texts(drawn(CALL))

    assert shown[:2] == ["a.tif to +12025550100", "Success"]
    for words in (
        "us",
        "far end",
        "-0:02.5",
        "DIS",
        "page 1",
        "PPS-EOP",
        "14400 V.17, ECM, MMR, fine, A4 wide, any length",
    ):
        assert words in shown
    assert "RNR, 4 times more, to 0:29.0" in shown
    assert [text[:1] for text in shown if text[1:] in (" set-up", " terms", " pages", " answers", " release")] == list(
        "ABCDE"
    )


def test_a_page_is_a_broad_arrow_and_what_is_damaged_is_marked() -> None:
    picture = drawn(CALL)

    assert [text.text for text in of_class(picture, "on")] == ["page 1"]
    assert len(of_class(picture, "damaged")) == 2  # shaft and head


def test_the_file_stands_alone() -> None:
    picture = svg.draw(CALL, "t", "e")

    assert {element.tag.removeprefix(NAMESPACE) for element in drawn(CALL).iter()} == {
        "svg", "style", "g", "rect", "text", "tspan", "path",
    }  # fmt: skip
    assert "href" not in picture
    assert "url(" not in picture
    assert "prefers-color-scheme: dark" in picture


def test_texts_of_the_far_end_are_escaped() -> None:
    shown = texts(drawn([Signal(0, "far end", "<script>&\x00\x1b[31m\ud800")], "<b> & co", "]]>"))

    assert shown[:2] == ["<b> & co", "]]>"]
    assert "<script>&\ufffd\ufffd[31m\ufffd" in shown


def test_rows_do_not_overlap_where_words_are_long() -> None:
    picture = drawn([Signal(0, "far end", "some words " * 30), Signal(900, "us", "DCN")])

    rows = [int(text.get("y", "0")) for text in picture.iter(f"{NAMESPACE}text") if text.get("x") == "492"]

    assert len(rows) > 5
    assert min(later - earlier for earlier, later in pairwise(rows)) >= 18
    assert int(picture.get("height", "0")) > rows[-1]


def test_a_call_without_a_signal_is_a_picture_too() -> None:
    assert texts(drawn([]))[:2] == ["a.tif to +12025550100", "Success"]


@given(
    st.lists(st.builds(Signal, st.integers(-60_000, 10**7), st.sampled_from(["us", "far end"]), st.text()), max_size=9)
)
def test_every_trace_makes_well_formed_xml(trace: list[Signal]) -> None:
    assert drawn(trace).tag == f"{NAMESPACE}svg"
