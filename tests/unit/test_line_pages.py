"""A job's pages as they go on the line when a call goes on where another broke off, or sends something again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gateway.line_pages import FROM_THE_START, Resumption, line_pages
from renderers.faxpage import FaxPage, FaxShape, Resolution, write_tiff
from renderers.header import draw_line
from renderers.libtiff import decode_page, encode
from renderers.slip import draw_slip

HEADER = "03-02-2026 3:04 PM   Acme\t+12025550101"
SHAPE = FaxShape(1728, Resolution.FINE)


@pytest.fixture
def fax(tmp_path: Path) -> Path:
    """Three pages, told apart by how many rows they have."""
    path = tmp_path / "fax.tif"
    write_tiff(
        path, [FaxPage(1728, rows, Resolution.FINE, encode(np.zeros((rows, 216), np.uint8))) for rows in (50, 60, 70)]
    )
    return path


def own_rows(pages: Sequence[FaxPage]) -> list[int]:
    """Rows without those of the header."""
    return [page.rows - SHAPE.header_rows for page in pages]


def top(page: FaxPage, folder: Path, line: str) -> bool:
    """Whether a page begins with this header line."""
    write_tiff(folder / "look.tif", [page])
    rows = decode_page(folder / "look.tif", 0, page.width, page.rows)[: SHAPE.header_rows]
    return bool(np.array_equal(rows, draw_line(line, SHAPE)))


@pytest.mark.parametrize(
    ("resumption", "mark"),
    [
        (Resumption(first_page=1), ", continued"),
        (Resumption(first_page=1, again=True), ", sent again: its confirmation was lost"),
        (FROM_THE_START, ""),
    ],
)
def test_the_first_page_of_a_call_says_how_it_comes_there(
    fax: Path, tmp_path: Path, resumption: Resumption, mark: str
) -> None:
    pages = line_pages([fax], HEADER, resumption)

    assert own_rows(pages) == [50, 60, 70]
    assert top(pages[1], tmp_path, f"{HEADER}\tPage 2 of 3{mark}")
    assert top(pages[2], tmp_path, f"{HEADER}\tPage 3 of 3")


def test_a_whole_fax_that_is_sent_again_says_so_on_its_first_page(fax: Path, tmp_path: Path) -> None:
    pages = line_pages([fax], HEADER, Resumption(again=True))

    assert top(pages[0], tmp_path, f"{HEADER}\tPage 1 of 3, sent again: its confirmation was lost")


def test_without_header_lines_only_the_page_that_goes_on_has_one(fax: Path, tmp_path: Path) -> None:
    pages = line_pages([fax], "", Resumption(first_page=2))

    assert [page.rows for page in pages] == [50, 60, 70 + SHAPE.header_rows]
    assert top(pages[2], tmp_path, "\tPage 3 of 3, continued")


def test_a_page_goes_before_the_first_page_of_the_call(fax: Path, tmp_path: Path) -> None:
    resumption = Resumption(first_page=1, cover=True)

    pages = line_pages([fax], HEADER, resumption)

    assert (resumption.leading, len(pages)) == (1, 4)
    assert [own_rows(pages)[place] for place in (0, 2, 3)] == [50, 60, 70]
    assert top(pages[1], tmp_path, f"{HEADER}\tBefore page 2 of 3")
    assert top(pages[2], tmp_path, f"{HEADER}\tPage 2 of 3, continued")


def test_a_call_that_begins_at_the_beginning_has_no_page_before() -> None:
    assert Resumption(cover=True).leading == 0


def test_the_page_before_says_other_things_of_other_calls(fax: Path) -> None:
    told = {
        line_pages([fax], "", Resumption(first_page=first, again=again, cover=True))[first].mmr
        for first, again in ((1, False), (2, False), (1, True), (2, True))
    }

    assert len(told) == 4


def test_a_slip_is_as_high_as_its_lines_and_has_print_on_it() -> None:
    one, two = draw_slip("CONTINUED", ["a line"], SHAPE), draw_slip("CONTINUED", ["a line", "another"], SHAPE)

    assert one.rows < two.rows < SHAPE.rows / 4
    assert len(one.mmr) < len(two.mmr)
    assert (one.width, one.resolution) == (1728, Resolution.FINE)
