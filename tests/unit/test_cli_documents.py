"""faxgw render and send: files in, pages or a mail out, and one line for what is in the way."""

import json
from pathlib import Path

import pytest

from renderers.faxpage import Resolution, read_tiff
from samples.demo import free_port
from tests.fakes import SinkRelay, in_thread
from tests.flows.commands import Commands
from tests.flows.letters import SAMPLES, corrupt_pdf, locked_pdf, pdf

TO = ("--to", "out.tif")


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, in a folder with a few files."""
    monkeypatch.chdir(tmp_path)
    for content, _, name in (pdf(2), corrupt_pdf(), locked_pdf()):
        Path(name).write_bytes(content)
    Path("words.txt").write_text("plain words\n", encoding="utf-8")
    Path("folder").mkdir()
    return Commands(tmp_path, monkeypatch, capsys)


def test_files_are_rendered_in_the_order_given(faxgw: Commands) -> None:
    ran = faxgw("render", "words.txt", "offer.pdf", *TO, "--pdf", "out.pdf")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == ["words.txt: 1 page", "offer.pdf: 2 pages", "out.tif written, 3 pages; out.pdf too"]
    pages = read_tiff(Path("out.tif"))
    assert [page.resolution for page in pages] == [Resolution.FINE] * 3
    assert Path("out.pdf").read_bytes().startswith(b"%PDF")


def test_programs_are_told_pages_parts_warnings_and_what_they_took(faxgw: Commands) -> None:
    Path("small.html").write_text("<p style='font-size: 3pt'>" + "small print " * 90, encoding="utf-8")

    made = json.loads(faxgw("render", "words.txt", "small.html", *TO, "-o", "json").out)

    assert [(part["name"], part["pages"], part["note"]) for part in made["parts"]] == [
        ("words.txt", 1, None), ("small.html", 1, None)
    ]  # fmt: skip
    assert (made["pages"], made["cover_pages"]) == (2, 0)
    assert [warning.partition(" that ")[0] for warning in made["warnings"]] == ["Page 2 of the document is in print"]
    assert made["line_seconds"] == round(sum(len(page.mmr) for page in read_tiff(Path("out.tif"))) * 8 / 14400)
    assert 0 < made["cpu_seconds"] < 20


def test_people_are_told_what_to_know_of_the_pages(faxgw: Commands) -> None:
    Path("small.html").write_text("<p style='font-size: 3pt'>" + "small print " * 90, encoding="utf-8")

    ran = faxgw("render", "small.html", *TO)

    assert ran.err.splitlines()[1].startswith("Page 1 of the document is in print that may be too small to read")


def test_resolution_and_paper_are_as_asked(faxgw: Commands) -> None:
    faxgw("render", "words.txt", *TO, "--resolution", "superfine", "--paper", "legal")

    [page] = read_tiff(Path("out.tif"))
    assert page.resolution is Resolution.SUPERFINE
    assert page.rows > 14 * 391 - 150


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("gone.pdf", *TO), 3, "gone.pdf: there is no such file; nothing was written"),
        (("words.txt", "folder", *TO), 3, "folder: there is no such file"),
        (("broken.pdf", *TO), 6, "“broken.pdf” is damaged and cannot be opened"),
        (("words.txt", "locked.pdf", *TO), 6, "protected by a password; remove the password and resend"),
        (("words.txt", "--to", "no/such/folder/out.tif"), 7, "no/such/folder/out.tif: No such file or directory"),
        (("words.txt", *TO, "--pdf", "folder"), 7, "folder: Is a directory; check the path"),
        (("words.txt",), 2, "say what to write: --to FILE.tif, --pdf FILE.pdf or --png FOLDER"),
        (TO, 2, "Missing argument 'FILES...'"),
        (("words.txt", *TO, "--paper", "a5"), 2, "'a5' is not one of"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(
    faxgw: Commands, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = faxgw("render", *arguments)

    assert ran.code == code
    assert ran.complaint.startswith("faxgw: ")
    assert words in ran.complaint
    assert not Path("out.tif").exists() or "--pdf" in arguments


def test_the_limit_on_pages_is_that_of_the_settings(faxgw: Commands) -> None:
    faxgw.configure("[rendering]\nmax_pages = 1\n")

    ran = faxgw("render", "offer.pdf", *TO)

    assert ran.code == 6
    assert "more pages than may be faxed at once" in ran.complaint


@pytest.mark.slow
@pytest.mark.office
def test_an_office_document_is_rendered(faxgw: Commands) -> None:
    ran = faxgw("render", str(SAMPLES / "documents" / "invoice.docx"), *TO)

    assert ran.code == 0


def test_without_a_listener_send_says_how_to_start_it(faxgw: Commands) -> None:
    port = free_port()
    faxgw.configure(f"[smtp]\nport = {port}\n")

    ran = faxgw("send", "+12025550101", "offer.pdf", "--from", "anna@acme.example")

    assert ran.code == 7
    assert ran.complaint.startswith(f"faxgw: no listener answers at 127.0.0.1:{port}")
    assert ran.complaint.endswith("start it with: faxgw serve")


@pytest.mark.parametrize(("file", "why"), [("gone.pdf", "No such file or directory"), ("folder", "Is a directory")])
def test_a_file_that_cannot_be_read_is_not_sent(faxgw: Commands, file: str, why: str) -> None:
    ran = faxgw("send", "+12025550101", "words.txt", file, "--from", "anna@acme.example")

    assert ran.code == 3
    assert ran.complaint == f"faxgw: {file}: cannot be read ({why}); nothing was sent"


def test_a_subject_of_two_lines_is_one(faxgw: Commands) -> None:
    faxgw.configure(f"[smtp]\nport = {free_port()}\n")

    assert faxgw("send", "+12025550101", "--from", "a@b.example", "--subject", "one\ntwo").code == 7


async def test_a_sender_of_other_letters_goes_by_smtputf8(faxgw: Commands) -> None:
    async with SinkRelay(enable_SMTPUTF8=True) as sink:
        faxgw.configure(f"[smtp]\nport = {sink.port}\ndomains = ['fax.bücher.example']\n")
        ran = await in_thread(lambda: faxgw("send", "+12025550101", "--from", "müller@bücher.example"))

    assert ran.code == 0
    assert sink.mails[0].mail_from == "müller@xn--bcher-kva.example"
    assert sink.mails[0].recipients == ("+12025550101@fax.xn--bcher-kva.example",)
    assert "From: müller@xn--bcher-kva.example\r\n".encode() in sink.mails[0].content


def test_send_needs_a_sender(faxgw: Commands) -> None:
    assert faxgw("send", "1\n2", "--from", "a@b.example").complaint == "faxgw: '1\\n2' is no number"
    assert faxgw("send", "12", "--from", "a\nb").code == 2
    assert faxgw("send", "+12025550101").complaint == "faxgw: Missing option '--from'; see faxgw send --help"
