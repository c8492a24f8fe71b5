"""faxgw covers: what it lists, takes, refuses and draws."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coverpages.cover import shipped
from coverpages.fields import FIELDS
from renderers.faxpage import Resolution, read_tiff
from renderers.libtiff import decode_page
from tests.flows.commands import Commands

pytestmark = pytest.mark.slow  # seconds, together

OWN = "<style>h1 { font-size: 40pt }</style>\n<h1>Acme {{ subject }}</h1>\n<p>To {{ recipient_name }}</p>\n"
ADD = ("covers", "add", "Gala Blue", "own.html", "--company", "Acme")


@pytest.fixture
def faxgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The command, with Acme and its sales, Bolt, and a template."""
    monkeypatch.chdir(tmp_path)
    Path("own.html").write_text(OWN, encoding="utf-8")
    command = Commands(tmp_path, monkeypatch, capsys)
    command("company", "add", "Acme")
    command("company", "add", "Bolt")
    command("dept", "add", "Acme", "Sales")
    return command


@pytest.fixture
def added(faxgw: Commands) -> Commands:
    """The command, with a cover of Acme's."""
    ran = faxgw(*ADD, "--title", "Gala", "--description", "For feasts.", "--paper", "a4")
    assert ran.code == 0, ran.err
    return faxgw


def rows(faxgw: Commands, *arguments: str) -> list[dict[str, object]]:
    found = json.loads(faxgw("covers", "list", *arguments, "-o", "json").out)
    assert isinstance(found, list)
    return found


# Lists.


def test_what_ships_is_listed_with_the_default(faxgw: Commands) -> None:
    found = rows(faxgw)

    assert [(row["name"], row["owner"], row["default"]) for row in found] == [
        ("business", None, False), ("medical", None, False), ("plain", None, True),
    ]  # fmt: skip


def test_an_own_cover_is_listed_where_it_holds(added: Commands) -> None:
    at_sales, at_bolt = rows(added, "--company", "Acme/Sales"), rows(added, "--company", "Bolt")

    assert at_sales[0] == {
        "name": "Gala Blue", "owner": "Acme", "title": "Gala", "default": False, "paper": "a4",
        "description": "For feasts.",
    }  # fmt: skip
    assert [row["name"] for row in at_bolt] == ["business", "medical", "plain"]
    assert len(rows(added)) == 4


def test_a_table_and_csv_say_the_same(added: Commands) -> None:
    table, csv = added("covers", "list").out.splitlines(), added("covers", "list", "-o", "csv").out.splitlines()

    assert table[0].split() == ["name", "owner", "title", "default", "paper", "description"]
    assert csv[-1] == "Gala Blue,Acme,Gala,no,a4,For feasts."


def test_show_tells_whose_it_is_and_what_it_asks_for(added: Commands) -> None:
    added("covers", "default", "gala_blue", "--company", "Acme/Sales")

    shown = json.loads(added("covers", "show", "GALA blue", "-o", "json").out)

    assert (shown["owner"], shown["fields"], shown["size"]) == ("Acme", ["recipient_name", "subject"], len(OWN))
    assert shown["default_of"] == ["Acme/Sales"]
    assert added("covers", "show", "builtin").out.splitlines()[0].split() == ["name", "plain"]


def test_a_template_can_be_taken_out_changed_and_put_in_again(faxgw: Commands) -> None:
    html = faxgw("covers", "show", "plain", "--html").out
    assert html == shipped()["plain"].html
    Path("own.html").write_text(html.replace("FAX", "Telefax"), encoding="utf-8")

    assert faxgw(*ADD).code == 0
    assert "Telefax" in faxgw("covers", "show", "gala blue", "--html").out


def test_fields_are_listed_with_what_they_show(faxgw: Commands) -> None:
    found = json.loads(faxgw("covers", "fields", "-o", "json").out)

    assert [row["field"] for row in found] == list(FIELDS)
    assert all(row["shows"] for row in found)


# Adding and removing.


def test_adding_says_what_next_and_warns_of_private_words(faxgw: Commands) -> None:
    ran = faxgw(*ADD)

    assert (ran.code, ran.out) == (0, "")
    first, second = ran.err.splitlines()
    assert first == "cover page Gala Blue added to Acme; next: faxgw covers preview, faxgw covers default"
    assert "keep health and personal data out" in second


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "gala", "gone.html", "--company", "Acme"), 3, "gone.html: cannot be read (No such file or directory)"),
        (("add", "gala", "own.html", "--company", "Zenith"), 3, "there is no 'Zenith'"),
        (("add", "gala", "own.html"), 2, "Missing option '--company'"),
        (("add", "a/b", "own.html", "--company", "Acme"), 2, "a cover page's name has 1 to 40 letters"),
        (("add", "Plain", "own.html", "--company", "Acme"), 6, "'plain' is a cover page that ships with the gateway"),
        (("add", "builtin", "own.html", "--company", "Acme"), 6, "'plain' is a cover page that ships"),
        (("show", "gala"), 3, "there is no cover page 'gala' here; known are business, medical, plain"),
        (("show", "plain", "--company", "Zenith"), 3, "there is no 'Zenith'"),
        (("remove", "gala", "--company", "Acme"), 3, "Acme has no cover page 'gala'"),
        (("remove", "plain", "--company", "Acme"), 6, "'plain' ships with the gateway and stays"),
        (("default", "gala", "--company", "Acme"), 3, "there is no cover page 'gala' here"),
        (("preview", "gala", "--to", "x.tif"), 3, "there is no cover page 'gala'"),
        (("preview", "plain"), 2, "say what to write: --to FILE.tif, --pdf FILE.pdf or --png FOLDER"),
        (("preview", "plain", "--to", "x.tif", "--field", "colour=red"), 2, "not 'colour=red'; known are sender"),
        (("preview", "plain", "--to", "x.tif", "--field", "subject"), 2, "write a field as NAME=VALUE"),
    ],
)  # fmt: skip
def test_every_mistake_is_one_line_and_a_code(
    faxgw: Commands, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = faxgw("covers", *arguments)

    assert ran.code == code, ran.err
    assert ran.complaint.startswith("faxgw: ")
    assert words in ran.complaint


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>\n{{ sendr }}</p>", "line 2: unknown field 'sendr'; known are sender, "),
        ("{{ body }}<img src='http://x.example/logo.png'>", "line 1: src of <img> refers to 'http://x.example/logo.png'"),
        ("{{ body }}<script>alert(1)</script>", "line 1: <script> may not stand in a cover page"),
        ("{{ body }}<p onclick='x'>", "line 1: event handler onclick"),
        ("<style>\n@import url(//x.example/a.css);</style>{{ body }}", "line 2: @import: nothing is fetched"),
        ("<style>\n\n@font-face { src: url(a) }</style>{{ body }}", "line 3: @font-face"),
        ("{{ body }}" + "x" * (512 << 10), "bytes are too many: a cover page has at most 524288"),
        ("<p style='break-after: page'>x</p>" * 4 + "{{ body }}", "a short letter alone takes 5 pages"),
    ],
    ids=["field", "remote", "script", "event", "import", "font", "size", "pages"],
)  # fmt: skip
def test_a_template_that_may_not_be_used_is_not_kept(faxgw: Commands, template: str, words: str) -> None:
    Path("own.html").write_text(template, encoding="utf-8")

    ran = faxgw(*ADD)

    assert ran.code == 6
    assert ran.complaint.startswith("faxgw: cover page 'Gala Blue' was not added: ")
    assert words in ran.complaint
    assert len(rows(faxgw)) == 3


def test_a_cover_is_replaced_only_when_that_is_said(added: Commands) -> None:
    Path("own.html").write_text("<p>{{ pages }}</p>", encoding="utf-8")

    assert "--replace puts this in its place" in added(*ADD).complaint
    assert added("covers", "show", "gala blue", "--html").out == OWN
    assert added(*ADD, "--replace").code == 0
    assert added("covers", "show", "gala blue", "--html").out == "<p>{{ pages }}</p>"


def test_what_is_a_default_is_not_removed_before_another_is(added: Commands) -> None:
    assert added("covers", "default", "gala blue", "--company", "Acme/Sales").err == (
        "cover page Gala Blue is the default of Acme/Sales\n"
    )
    refused = added("covers", "remove", "gala blue", "--company", "Acme")
    added("covers", "default", "medical", "--company", "Acme/Sales")
    removed = added("covers", "remove", "gala blue", "--company", "Acme")

    assert (refused.code, removed.code) == (6, 0)
    assert "is the default of Acme/Sales; see faxgw covers default" in refused.complaint
    assert removed.err == "cover page Gala Blue removed from Acme\n"


def test_a_name_of_two_companies_wants_to_be_told_apart(added: Commands) -> None:
    added("covers", "add", "gala blue", "own.html", "--company", "Bolt")

    assert "of Acme, Bolt: say whose by --company" in added("covers", "show", "gala blue").complaint
    assert added("covers", "show", "gala blue", "--company", "Bolt").code == 0


def test_only_covers_that_hold_for_somebody_can_be_their_default(added: Commands) -> None:
    user = ("user", "add", "Bolt", "Ben", "Ortiz", "--sending", "ben@bolt.example", "--set")
    anna = ("user", "add", "Acme/Sales", "Anna", "Smith", "--sending", "anna@acme.example", "--set")

    assert "no cover page 'Gala Blue' here" in added(*user, "cover.default=Gala Blue").complaint
    assert added(*anna, "cover.default=Gala Blue").code == 0
    assert rows(added, "--company", "Acme/Sales/anna@acme.example")[0]["default"] is True


# Pictures.


def test_a_preview_is_drawn_with_samples_and_what_is_said(added: Commands) -> None:
    first = added("covers", "preview", "gala blue", "--to", "a.tif", "--png", "a", "-o", "json")
    second = added("covers", "preview", "gala blue", "--to", "b.tif", "--field", "subject=x\\ny", "--pdf", "b.pdf")

    told = json.loads(first.out)
    assert told == {"name": "Gala Blue", "owner": "Acme", "pages": 1, "tiff": "a.tif", "pdf": None, "png": "a"}
    assert second.err == "b.tif written, 1 page; b.pdf too\n"
    assert Path("a.tif").read_bytes() != Path("b.tif").read_bytes()
    assert Path("b.pdf").read_bytes().startswith(b"%PDF")
    assert read_tiff(Path("a.tif"))[0].rows > 2200  # A4, which it was drawn for


@pytest.mark.parametrize(
    ("resolution", "size"), [("standard", (1728, 2118)), ("fine", (1728, 2118)), ("superfine", (3456, 4226))]
)
def test_pictures_have_true_proportions(faxgw: Commands, resolution: str, size: tuple[int, int]) -> None:
    faxgw("covers", "preview", "plain", "--png", "seen", "--resolution", resolution)

    [page] = Path("seen").iterdir()
    picture = Image.open(page)
    assert (page.name, picture.mode) == ("page-001.png", "1")
    assert picture.size == pytest.approx(size, abs=4)
    assert 0.01 < 1 - np.asarray(picture).mean() < 0.08


def test_a_long_text_has_a_picture_for_each_page(faxgw: Commands) -> None:
    faxgw("covers", "preview", "plain", "--png", "seen", "--field", "body=" + "A line.\\n" * 80)

    assert sorted(path.name for path in Path("seen").iterdir()) == ["page-001.png", "page-002.png", "page-003.png"]


def test_a_picture_in_a_template_is_drawn(faxgw: Commands) -> None:
    content = io.BytesIO()
    Image.new("1", (100, 100), 0).save(content, "png")
    picture = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    Path("own.html").write_text(f'{{{{ subject }}}}<img src="{picture}" style="width: 3in; height: 3in">')
    faxgw(*ADD)

    faxgw("covers", "preview", "gala blue", "--to", "out.tif")

    ink = np.unpackbits(decode_page(Path("out.tif"), 0, 1728, read_tiff(Path("out.tif"))[0].rows), axis=1)
    assert int(ink.sum()) == pytest.approx(3 * 204 * 3 * 196, rel=0.05)


# faxgw render with a cover.


def test_render_puts_a_cover_before_the_files(added: Commands) -> None:
    Path("words.txt").write_text("plain words\n", encoding="utf-8")
    to = ("--to", "out.tif", "--resolution", "standard")

    ran = added("render", "words.txt", "words.txt", "--cover", "gala_blue", "--company", "Acme/Sales", *to)

    assert ran.err.splitlines() == [
        "cover page: 1 page", "words.txt: 1 page", "words.txt: 1 page", "out.tif written, 3 pages",
    ]  # fmt: skip
    pages = read_tiff(Path("out.tif"))
    assert [page.resolution for page in pages] == [Resolution.STANDARD] * 3
    assert pages[0] != pages[1]


def test_render_tells_programs_what_it_made(faxgw: Commands) -> None:
    Path("words.txt").write_text("plain words\n", encoding="utf-8")

    ran = faxgw("render", "words.txt", "--cover", "medical", "--png", "seen", "-o", "json")

    told = json.loads(ran.out)
    assert told.pop("cpu_seconds") > 0
    assert told.pop("line_seconds") > 0
    assert told == {
        "pages": 2, "cover_pages": 1, "parts": [{"name": "words.txt", "pages": 1, "note": None}], "warnings": [],
        "tiff": None, "pdf": None, "png": "seen",
    }  # fmt: skip
    assert len(list(Path("seen").iterdir())) == 2


def test_render_without_a_company_knows_what_ships_alone(added: Commands) -> None:
    ran = added("render", "own.html", "--cover", "gala blue", "--to", "out.tif")

    assert ran.code == 6
    assert "no cover page 'gala blue' here; known are business, medical, plain" in ran.complaint
