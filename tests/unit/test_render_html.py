"""HTML to pages: laid out, nothing fetched, readable in black and white."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from renderers.document import Document
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.html import TooDeepError, html_pdf
from renderers.pdf import make_paged
from renderers.weasy import ClosedFetcher

SAMPLES = Path(__file__).parents[2] / "samples/documents"


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A listener on loopback that must hear nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def lay(html: str | bytes, folder: Path, charset: str = "", **inline: Path) -> Path:
    content = html.encode() if isinstance(html, str) else html
    html_pdf(content, folder / "h.pdf", FaxShape(), "x", charset, inline)
    return folder / "h.pdf"


def words_of(pdf: Path) -> str:
    with pypdfium2.PdfDocument(pdf) as book:
        return "\n".join(page.get_textpage().get_text_bounded() for page in book)


def grey_of(pdf: Path) -> np.ndarray:
    with pypdfium2.PdfDocument(pdf) as book:
        return np.asarray(book[0].render(scale=1, grayscale=True).to_pil())


def test_nothing_is_fetched(tmp_path: Path, ear: socket.socket) -> None:
    url = f"http://127.0.0.1:{ear.getsockname()[1]}"
    page = f"""<link rel=stylesheet href="{url}/s.css"><style>@import "{url}/i.css";
    @font-face {{ font-family: f; src: url({url}/f.woff) }} p {{ font-family: f; background: url({url}/b.png) }}</style>
    <img src="{url}/p.png"><object data="{url}/o"></object><iframe src="{url}/f"></iframe>
    <svg><image href="{url}/s.png"/><use href="{url}/u.svg#a"/></svg><p>words <a href="{url}">link</a>"""
    pdf = lay(page, tmp_path)
    assert "words" in words_of(pdf)
    with pytest.raises(BlockingIOError):
        ear.accept()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere libraries have other names")
def test_libraries_are_found_without_running_a_linker() -> None:
    code = (
        "import ctypes.util\nasked = []\nctypes.util.find_library = asked.append\n"
        "import renderers.weasy\nprint(asked)\nctypes.util.find_library('x')\nprint(asked)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (told.stdout, told.stderr) == ("[]\n['x']\n", "")


@pytest.mark.parametrize(
    "url", ["http://x.example/", "https://x.example/", "ftp://x.example/", "file:///etc/passwd", "cid:no"]
)
def test_the_fetcher_knows_only_what_it_was_handed(url: str) -> None:
    with pytest.raises(ValueError, match="nothing is fetched"):
        ClosedFetcher({}).fetch(url)


def test_files_of_this_machine_are_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("L", (100, 100), 0).save(secret)
    page = grey_of(lay(f'<img src="{secret.as_uri()}"><img src="secret.png"><svg width=1></svg>', tmp_path))
    assert page.min() > 200


def test_a_part_of_the_mail_is_shown(tmp_path: Path) -> None:
    logo = tmp_path / "part"
    Image.new("L", (100, 100), 0).save(logo, "PNG")
    page = grey_of(
        lay('<body style="margin:0"><img src="cid:logo@x.example" width=100>', tmp_path, **{"logo@x.example": logo})
    )
    assert page.min() < 20


def test_a_data_url_is_shown(tmp_path: Path) -> None:
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    assert grey_of(lay(f'<img src="data:image/png;base64,{dot}" width=50 height=50>', tmp_path)).min() < 20


def test_dark_mode_becomes_black_on_white(tmp_path: Path) -> None:
    page = '<body style="background:#111;color:#eee"><div style="background:#246!important">light on dark</div>'
    grey = grey_of(lay(page, tmp_path))
    assert np.median(grey) > 250
    assert grey.min() < 40


def test_the_sample_notice_is_readable_without_its_remote_parts(tmp_path: Path) -> None:
    words = words_of(lay((SAMPLES / "shipping-notice.html").read_bytes(), tmp_path))
    assert "Your order has been shipped" in words
    assert "8.4 kg" in words


@pytest.mark.parametrize(
    ("html", "charset"),
    [
        ("<p>Grüße".encode("cp1252"), "windows-1252"),
        ('<meta charset="iso-8859-1"><p>Grüße'.encode("latin-1"), ""),
        ("<p>Grüße".encode(), "utf-8"),
        ('<meta charset="utf-8"><p>Grüße'.encode(), "no-such-charset"),
    ],
)
def test_the_charset_is_as_the_mail_or_the_page_says(tmp_path: Path, html: bytes, charset: str) -> None:
    assert "Grüße" in words_of(lay(html, tmp_path, charset))


def test_nothing_is_wider_than_the_paper(tmp_path: Path) -> None:
    picture = tmp_path / "wide"
    Image.new("L", (4000, 40), 0).save(picture, "PNG")
    page = grey_of(lay('<img src="cid:wide" width="4000">', tmp_path, wide=picture))
    assert page[:, -20:].min() > 250
    assert page.min() < 20


def test_scripts_do_not_show(tmp_path: Path) -> None:
    words = words_of(lay("<script>document.write('written')</script><p>read", tmp_path))
    assert words.strip() == "read"


def test_elements_nested_too_deep_give_their_words(tmp_path: Path) -> None:
    with pytest.raises(TooDeepError) as caught:
        lay("<div>" * 3000 + "the core" + "</div>" * 3000, tmp_path)
    assert caught.value.words == "the core"


def test_a_page_that_defies_layout_is_faxed_as_text(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    path.write_text("<html><style>p {}</style><p>first</p>" + "<span>" * 5000 + "the core")
    paged = make_paged(Document(path, "text/html", "deep.html"), tmp_path, FaxShape())
    assert words_of(paged.path).split() == ["first", "the", "core"]


@pytest.mark.parametrize("size", ["1e9pt", "1e30in"])
def test_type_of_a_size_beyond_all_measure_gives_its_words(tmp_path: Path, size: str) -> None:
    html = f'<p style="font-size: {size}">some words</p>'.encode()

    with pytest.raises(TooDeepError) as caught:
        html_pdf(html, tmp_path / "a.pdf", FaxShape(), "page.html", "", {})

    assert caught.value.words == "some words"


def test_unclosed_paragraphs_are_not_depth(tmp_path: Path) -> None:
    assert "number 900" in words_of(lay("".join(f"<p>number {n}" for n in range(901)), tmp_path))


def test_a_huge_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        lay(b"<p>" + b"x" * (17 << 20), tmp_path)
    assert caught.value.reason is Reason.TOO_LARGE
