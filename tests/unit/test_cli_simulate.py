"""faxgw simulate: calls at once on the simulated line, from documents and fax files, told in every form."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.domain.call import Coding
from gateway.fax.t4.classf import PageFile, append_page
from gateway.fax.t4.codec import decode, encode
from gateway.fax.t4.page import Bitmap, PageShape, Resolution
from tests.flows.commands import Commands

NUMBER = "+12025550100"
SHAPE = PageShape(1728, 400, Resolution.FINE)


def write_fax(path: Path, pages: int) -> None:
    """A class F TIFF whose pages differ."""
    for number in range(pages):
        row = bytes([0x18 << number % 3, 0]) * 108
        append_page(path, encode(Bitmap(SHAPE, row * SHAPE.rows), Coding.MMR), number)


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, in a folder with a fax of two pages and a text."""
    monkeypatch.chdir(tmp_path)
    write_fax(Path("fax.tif"), 2)
    Path("words.txt").write_text("plain words\n", encoding="utf-8")
    Path("folder").mkdir()
    return Commands(tmp_path, monkeypatch, capsys)


def pages_of(path: str) -> list[Bitmap]:
    """The pages of a fax file, pel by pel."""
    pages = PageFile(Path(path))
    return [decode(pages.page(index))[0] for index in range(len(pages))]


def test_a_call_prints_its_report_and_its_ladder(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", NUMBER, "fax.tif", "--station-id", "+1 202 555 0190")

    report, _, ladder = ran.out.partition("\n\n")
    assert (ran.code, ran.err) == (0, "")
    assert report.splitlines()[:4] == [
        "call       fax.tif to +12025550100",
        "outcome    Success",
        "cause      done, in phase E",
        "pages      2 of 2 pages confirmed",
    ]
    assert "|----------- TSI ----------->|  +1 202 555 0190" in ladder
    assert "|========== page 2 =========>|" in ladder
    assert "Success: 2 of 2 pages confirmed; done in phase E, after" in ladder.splitlines()[-1]
    assert max(map(len, ladder.splitlines())) <= 100


def test_a_fax_file_is_sent_as_it_is_and_arrives_so(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", NUMBER, "fax.tif", "--to", "arrived.tif")

    assert ran.err == "arrived.tif written, 2 pages\n"
    assert pages_of("arrived.tif") == pages_of("fax.tif")


def test_any_other_document_is_rendered_first(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", "2025550100", "words.txt", "--resolution", "standard", "--to", "arrived.tif")

    assert ran.code == 0
    assert PageFile(Path("arrived.tif")).shape(0).resolution is Resolution.STANDARD


def test_a_fax_may_be_written_over_by_what_arrived(faxgw: Commands) -> None:
    before = pages_of("fax.tif")

    assert faxgw("simulate", "call", NUMBER, "fax.tif", "--to", "fax.tif").code == 0
    assert pages_of("fax.tif") == before


def test_a_call_begins_at_the_page_asked(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", NUMBER, "fax.tif", "--first-page", "2", "--to", "arrived.tif")

    assert "1 of 1 page confirmed" in ran.out
    assert pages_of("arrived.tif") == pages_of("fax.tif")[1:]


def test_rate_and_error_correction_are_as_asked(faxgw: Commands) -> None:
    ran = faxgw(
        "simulate", "call", NUMBER, "fax.tif", "--no-ecm", "--max-rate", "7200", "--sub-address", "42", "-o", "json"
    )

    facts = json.loads(ran.out)
    assert (facts["rate"], facts["ecm"], facts["outcome"], facts["pages_asked"]) == (7200, False, "Success", 2)
    assert "trace" not in facts


def test_frames_sent_again_are_counted(faxgw: Commands) -> None:
    good = faxgw("simulate", "call", NUMBER, "fax.tif").out
    spoiled = faxgw("simulate", "call", "+12025550118", "fax.tif").out

    assert re.search(r"^frames +\d+ in 2 blocks$", good, re.M)
    assert re.search(r"^frames +\d+ in 1 block, \d+ of them sent again after \d+ PPR$", spoiled, re.M)
    assert "14400, then 12000, then 9600, then 7200, then 4800, then 2400 bit/s" in spoiled


def test_the_trace_is_given_when_asked(faxgw: Commands) -> None:
    table = faxgw("simulate", "call", NUMBER, "fax.tif", "--sub-address", "42", "--trace").out
    facts = json.loads(faxgw("simulate", "call", NUMBER, "fax.tif", "--trace", "-o", "json").out)

    assert "us        SUB 42" in table.partition("\nsignals\n")[2]
    assert any(text == "MCF" for _, _, text in facts["trace"])


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("+12025550101", "Busy"),
        ("+12025550104", "Voice Answer"),
        ("+12025550106", "Sit-Tone / Operator Msg"),
        ("+12025550110", "Unconfirmed"),
        ("+12025550111", "Negotiation Failed"),
        ("+12025550115", "Invalid Fax Number"),
    ],
)
def test_a_call_that_fails_is_told_and_exits_with_one(faxgw: Commands, number: str, outcome: str) -> None:
    ran = faxgw("simulate", "call", number, "fax.tif", "--to", "arrived.tif")

    assert ran.code == 1
    assert ran.out.splitlines()[1].endswith(outcome)


def test_where_nothing_arrived_nothing_is_written(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", "+12025550101", "fax.tif", "--to", "arrived.tif")

    assert ran.err == "no page was received; arrived.tif not written\n"
    assert not Path("arrived.tif").exists()


def test_a_later_call_may_be_answered_by_another(faxgw: Commands) -> None:
    first = faxgw("simulate", "call", "+12025550102", "fax.tif")
    second = faxgw("simulate", "call", "+12025550102", "fax.tif", "--dial", "2")

    assert (first.code, second.code) == (1, 0)


def test_the_same_seed_makes_the_same_call(faxgw: Commands) -> None:
    noisy = ("simulate", "call", "+12025550152", "fax.tif", "--trace")

    once, again, other = (faxgw(*noisy, "--seed", seed).out for seed in ("7", "7", "8"))

    assert once == again
    assert once != other


def test_the_ladder_is_drawn_as_a_picture(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", NUMBER, "fax.tif", "--svg", "call.svg")

    picture = ElementTree.parse("call.svg").getroot()
    assert ran.err == "call.svg written\n"
    assert "fax.tif to +12025550100" in "".join(picture.itertext())


def test_a_far_end_calls_us(faxgw: Commands) -> None:
    ran = faxgw(
        "simulate", "answer", "fax.tif", "--to", "in.tif", "--from", "+1 202 555 0177", "--station-id", "5550190"
    )

    assert (ran.code, ran.err) == (0, "in.tif written, 2 pages\n")
    assert pages_of("in.tif") == pages_of("fax.tif")
    for words in ("2 of 2 pages received", "remote id  +1 202 555 0177", "|----------- CSI ----------->|  5550190"):
        assert words in ran.out
    assert "|<========== page 2 =========|" in ran.out


def test_several_files_are_one_call(faxgw: Commands) -> None:
    ran = faxgw("simulate", "answer", "words.txt", "fax.tif", "--to", "in.tif", "--far-end", "old", "-o", "json")

    facts = json.loads(ran.out)
    assert (facts["pages_received"], facts["ecm"], facts["call"]) == (3, False, "words.txt, fax.tif from old")


def test_an_inbound_call_that_fails_exits_with_one(faxgw: Commands) -> None:
    ran = faxgw("simulate", "answer", "fax.tif", "--to", "in.tif", "--far-end", "drops_in_page_1")

    assert ran.code == 1
    assert "Transmission Failed" in ran.out
    assert not Path("in.tif").exists()


def test_the_numbers_are_listed_with_what_they_come_to(faxgw: Commands) -> None:
    rows = json.loads(faxgw("simulate", "numbers", "-o", "json").out)
    table = faxgw("simulate", "numbers").out.splitlines()

    assert table[0].split() == ["number", "meaning", "outcome", "far", "end"]
    assert len(table) == len(rows) + 2
    assert {row["number"]: row["outcome"] for row in rows}["+12025550101"] == "Busy"
    assert faxgw("simulate", "numbers", "-o", "csv").out.startswith("number,meaning,outcome,far_end\n")


def test_scenario_files_add_numbers_for_lists_and_calls(faxgw: Commands) -> None:
    Path("more.toml").write_text(
        '[[number]]\nnumber = "+13125550199"\n[[number.dial]]\nkind = "busy"\n', encoding="utf-8"
    )

    listed = faxgw("simulate", "numbers", "--scenario", "more.toml", "-o", "csv").out
    ran = faxgw("simulate", "call", "+13125550199", "fax.tif", "--scenario", "more.toml")
    faxgw.configure('[calling]\nscenario = "more.toml"\n')
    configured = faxgw("simulate", "call", "+13125550199", "fax.tif")

    assert "+13125550199" in listed
    assert ran.out == configured.out
    assert ran.out.splitlines()[1].endswith("Busy")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("call", NUMBER, "gone.pdf"), 3, "gone.pdf: there is no such file; nothing was called"),
        (("call", NUMBER, "folder"), 3, "folder: there is no such file"),
        (("call", "+1202", "fax.tif"), 6, "'+1202' has 4 digits: write + and 7 to 15 digits"),
        (("call", "911", "fax.tif"), 6, "emergency and service numbers take no faxes"),
        (
            ("call", NUMBER, "fax.tif", "--first-page", "3"),
            2,
            "--first-page 3: fax.tif has 2 pages; nothing was called",
        ),
        (("call", NUMBER, "fax.tif", "--first-page", "0"), 2, "Invalid value for '--first-page'"),
        (("call", NUMBER, "fax.tif", "--max-rate", "300"), 2, "'300' is not one of"),
        (("call", NUMBER, "fax.tif", "--sub-address", "4x"), 2, "'4x': SUB"),
        (("call", NUMBER, "fax.tif", "--station-id", "Acme"), 2, "'Acme'"),
        (("call", NUMBER, "fax.tif", "--scenario", "gone.toml"), 2, "gone.toml: cannot be read"),
        (("call", NUMBER, "fax.tif", "--svg", "no/such.svg"), 7, "no/such.svg: No such file or directory"),
        (("answer", "fax.tif"), 2, "Missing option '--to'"),
        (("answer", "fax.tif", "--to", "in.tif", "--far-end", "busy"), 6, "busy: that is no fax machine"),
        (("answer", "fax.tif", "--to", "in.tif", "--far-end", "nobody"), 3, "there is no far end 'nobody'"),
        (("answer", "fax.tif", "gone.pdf", "--to", "in.tif"), 3, "gone.pdf: there is no such file"),
    ],
)
def test_what_cannot_be_called_is_one_line(faxgw: Commands, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = faxgw("simulate", *arguments)

    assert ran.code == code
    assert ran.complaint.startswith("faxgw: ")
    assert words in ran.complaint


def test_a_tiff_that_is_no_fax_is_rendered_or_refused(faxgw: Commands) -> None:
    Path("cut.tif").write_bytes(Path("fax.tif").read_bytes()[:40])

    ran = faxgw("simulate", "call", NUMBER, "cut.tif")

    assert ran.code == 6
    assert "cut.tif" in ran.complaint


def test_pages_that_cannot_be_kept_are_named_after_the_report(faxgw: Commands) -> None:
    ran = faxgw("simulate", "call", NUMBER, "fax.tif", "--to", "no/such.tif")

    assert ran.code == 7
    assert ran.out.startswith("call ")
    assert ran.err == "faxgw: no/such.tif: No such file or directory; check the path and who may use it\n"
