"""Documents made to exhaust what renders them: each ends within its limits, as pages or with a reason."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from renderers import confine
from renderers.confine import Limits, run_confined
from renderers.errors import Reason, RenderError
from renderers.libreoffice import profile
from tests.hostile_markup import MARKUP, TEXTS
from tests.hostile_office import OFFICE
from tests.hostile_pdfs import PDFS
from tests.hostile_pictures import PICTURES
from tests.rendering import rendered

pytestmark = pytest.mark.slow  # seconds, together

SAMPLE = Path(__file__).parents[2] / "samples/documents/referral-form.pdf"
MEMORY = 2_000_000_000
ENOUGH, SHORT, SHORT_OFFICE = 10, 0.5, 3  # seconds: where the end is sure; where a bomb only ends with its time
GIVEN_UP = {"corrupt", "empty", "too_large", "too_long", "too_many_pages"}
PAGES = {"pages"}

# What each comes to, where that does not depend on how fast the machine is.
SURE = {
    "png-more_pixels_than_any_limit": {"too_large"},
    "png-more_memory_than_a_converter_has": {"too_large"},
    "png-words_that_grow": PAGES,
    "gif-gif_of_the_largest_size": {"too_large"},
    "gif-gif_of_many_frames": PAGES,
    "tif-tiff_of_vast_size": {"too_large"},
    "tif-tiff_that_unfolds": {"too_large"},
    "tif-tiff_whose_next_page_is_itself": PAGES,
    "bmp-bmp_of_vast_size": {"too_large"},
    "jpg-jpeg_of_the_largest_size": {"too_large"},
    "pdf-hundred_thousand_pages": {"too_many_pages"},
    "pdf-pages_that_multiply": {"corrupt", "too_many_pages"},
    "pdf-page_of_vast_size": PAGES,
    "pdf-pattern_of_tiny_tiles": {"too_long"},
    "pdf-tables_in_a_ring": PAGES,
    "html-boxes_nested_deep": PAGES,
    "html-drawing_with_laughs": PAGES,
    "html-drawing_of_vast_size": PAGES,
    "txt-lines_without_number": {"too_many_pages"},
    "txt-sheets_without_number": {"too_many_pages"},
    "docx-letter_with_laughs": {"corrupt"},
}
_QUICK = [*PICTURES, *PDFS, "html-boxes_nested_deep", "html-drawing_with_laughs", "txt-sheets_without_number"]
LAST = ("jpg-jpeg_of_many_scans", "pdf-pattern_of_tiny_tiles", "pdf-function_without_end", "pdf-content_that_unfolds")
QUICK = [name for name in _QUICK if name not in LAST]
EVERY = {**PICTURES, **PDFS, **MARKUP, **TEXTS}
SLOW = [name for name in EVERY if name not in QUICK]


def limits_for(name: str, short: float) -> Limits:
    timed = "too_long" in SURE.get(name, GIVEN_UP)
    return Limits(seconds=short if timed else ENOUGH, memory=MEMORY)


def ended(make: Callable[[], bytes], name: str, folder: Path, limits: Limits) -> str:
    """How rendering it ends: "pages", or the reason of a refusal."""
    document = folder / f"x.{name.partition('-')[0]}"
    document.write_bytes(make())
    (folder / "work").mkdir()
    try:
        pages, resident = run_confined(rendered, document, folder / "work", limits=limits)
    except RenderError as error:
        return error.reason.value
    assert pages <= 200
    assert resident << 20 <= limits.memory
    return "pages"


@pytest.fixture(autouse=True)
def _spares_the_others(tmp_path: Path) -> Iterator[None]:
    """Whatever a document did: its process is gone, and the next is rendered as if nothing had been."""
    yield
    (tmp_path / "next").mkdir()
    assert run_confined(rendered, SAMPLE, tmp_path / "next")[0] == 1
    parent = confine._PARENT._process
    assert parent is not None
    assert parent.poll() is None


@pytest.mark.parametrize("name", QUICK)
def test_a_bomb_ends_within_its_limits(name: str, tmp_path: Path) -> None:
    assert ended(EVERY[name], name, tmp_path, limits_for(name, SHORT)) in SURE.get(name, GIVEN_UP | PAGES)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_bomb_that_takes_all_its_time_ends_then(name: str, tmp_path: Path) -> None:
    assert ended(EVERY[name], name, tmp_path, limits_for(name, SHORT)) in SURE.get(name, GIVEN_UP | PAGES)


@pytest.mark.slow
@pytest.mark.office
@pytest.mark.skipif(profile.program() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("name", OFFICE)
def test_an_office_bomb_ends_within_its_limits(name: str, tmp_path: Path) -> None:
    assert ended(OFFICE[name], name, tmp_path, limits_for(name, SHORT_OFFICE)) in SURE.get(name, GIVEN_UP | PAGES)


@pytest.mark.slow
def test_what_ends_a_library_for_want_of_memory_is_called_too_large(tmp_path: Path) -> None:
    limits = Limits(seconds=60, memory=1_000_000_000)
    found = ended(PDFS["pdf-forms_that_multiply"], "pdf", tmp_path, limits)
    assert found == Reason.TOO_LARGE
