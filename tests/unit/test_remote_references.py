"""Nothing that a document names is fetched: a listener on this machine hears nothing, with the walls and without."""

import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest

from renderers.confine import run_confined
from renderers.document import Document
from renderers.faxpage import FaxShape
from renderers.libreoffice import profile
from renderers.pdf import make_paged
from renderers.rasterize import rasterize
from tests.office_files import saved_as
from tests.remote_office import MORE_OFFICE_REFERENCES, OLD_FORMS
from tests.remote_references import OFFICE_REFERENCES, REFERENCES
from tests.rendering import rendered

OFFICE = {**OFFICE_REFERENCES, **MORE_OFFICE_REFERENCES}


class Ear:
    """Listens on this machine."""

    def __init__(self) -> None:
        self._calls = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._calls.getsockname()[1]}"
        self._calls.setblocking(False)

    def heard(self) -> bool:
        try:
            self._calls.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._calls.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    found = Ear()
    yield found
    found.close()


def written(folder: Path, name: str, make: Callable[[str], bytes], ear: Ear) -> Path:
    (folder / name).write_bytes(make(ear.url))
    (folder / "work").mkdir()
    return folder / name


def names_the(ear: Ear, document: Path) -> bool:
    """Whether it names the place where the ear listens: else nothing would be proven."""
    content = document.read_bytes()
    if zipfile.is_zipfile(document):
        with zipfile.ZipFile(document) as package:
            content = b"".join(package.read(name) for name in package.namelist())
    place = ear.url.partition("//")[2]
    return place.encode() in content or place.encode("utf-16-le") in content


def test_the_ear_hears(ear: Ear) -> None:
    socket.create_connection(("127.0.0.1", int(ear.url.rpartition(":")[2]))).close()
    assert ear.heard()
    assert not ear.heard()


@pytest.mark.parametrize("name", REFERENCES)
def test_nothing_is_fetched_where_no_wall_stands(name: str, tmp_path: Path, ear: Ear) -> None:
    path = written(tmp_path, name, REFERENCES[name], ear)
    paged = make_paged(Document(path, "", name), tmp_path / "work", FaxShape())  # here, in our own process
    assert rasterize([paged], FaxShape(), tmp_path / "fax.tif", 9)[0] >= 1
    assert not ear.heard()


@pytest.mark.parametrize("name", REFERENCES)
def test_nothing_is_fetched_by_a_confined_process(name: str, tmp_path: Path, ear: Ear) -> None:
    pages, _ = run_confined(rendered, written(tmp_path, name, REFERENCES[name], ear), tmp_path / "work")
    assert pages >= 1
    assert not ear.heard()


@pytest.mark.office
@pytest.mark.skipif(profile.program() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("name", OFFICE)
def test_nothing_is_fetched_for_an_office_document(name: str, tmp_path: Path, ear: Ear) -> None:
    pages, _ = run_confined(rendered, written(tmp_path, name, OFFICE[name], ear), tmp_path / "work")
    assert pages >= 1
    assert not ear.heard()


@pytest.mark.slow
@pytest.mark.office
@pytest.mark.skipif(profile.program() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("name", "form"), [(name, form) for name, forms in OLD_FORMS.items() for form in forms])
def test_nothing_is_fetched_for_older_forms_of_it(name: str, form: str, tmp_path: Path, ear: Ear) -> None:
    old = saved_as(written(tmp_path, name, OFFICE[name], ear), form, OLD_FORMS[name][form])
    assert names_the(ear, old)
    pages, _ = run_confined(rendered, old, tmp_path / "work")
    assert pages >= 1
    assert not ear.heard()


@pytest.mark.parametrize("name", ["mail.html", "profile.html"])
def test_words_around_what_is_missing_are_kept(name: str, tmp_path: Path, ear: Ear) -> None:
    path = written(tmp_path, name, REFERENCES[name], ear)
    paged = make_paged(Document(path, "", name), tmp_path / "work", FaxShape())
    with pypdfium2.PdfDocument(paged.path) as book:
        assert "words around" in book[0].get_textpage().get_text_bounded()
