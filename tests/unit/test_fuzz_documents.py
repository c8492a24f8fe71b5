"""Damaged documents: every one becomes pages or a refusal with a reason, within its limits."""

from pathlib import Path

import pytest

from renderers import confine
from renderers.confine import Limits, run_confined
from renderers.errors import RenderError
from renderers.libreoffice import profile
from tests.fuzz import KINDS, OFFICE_KINDS, cases
from tests.rendering import rendered

LIMITS = Limits(seconds=60, memory=1_500_000_000)
SEED = 20261123
EACH = 4
EACH_OFFICE = 3


def outcome(name: str, content: bytes, folder: Path) -> str:
    """How it ended; an error of any other kind is a fault of ours and fails the test."""
    place = folder / name
    place.mkdir()
    (place / name).write_bytes(content)
    try:
        pages, resident = run_confined(rendered, place / name, place, limits=LIMITS)
    except RenderError as error:
        return error.reason.value
    assert resident << 20 < LIMITS.memory, name
    return "pages" if pages else "none"


def outcomes(kinds: set[str], folder: Path, each: int) -> dict[str, str]:
    return {name: outcome(name, content, folder) for name, content in cases(kinds, SEED, each)}


@pytest.mark.slow
def test_damaged_documents_are_pages_or_refused(tmp_path: Path) -> None:
    run_confined(len, "")
    parent = confine._PARENT._process
    found = outcomes(KINDS, tmp_path, EACH)
    assert set(found.values()) <= {
        "pages",
        "corrupt",
        "encrypted",
        "empty",
        "too_large",
        "too_many_pages",
        "unknown_type",
    }
    assert list(found.values()).count("pages") > len(found) // 4
    assert confine._PARENT._process is parent  # it was not started anew


@pytest.mark.slow
@pytest.mark.office
@pytest.mark.skipif(profile.program() is None, reason="LibreOffice is not installed")
def test_damaged_office_documents_are_pages_or_refused(tmp_path: Path) -> None:
    found = outcomes(OFFICE_KINDS, tmp_path, EACH_OFFICE)
    refused = {"corrupt", "encrypted", "empty", "too_large", "too_many_pages", "too_long", "unknown_type"}
    assert set(found.values()) <= {"pages"} | refused
    assert "pages" in found.values()
