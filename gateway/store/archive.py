"""A backup as files with names: in a folder, or in one tar file.

What lives here: writing and reading either, whole or not at all. What does not: what is in it (`backup`, `restore`).
"""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.domain.errors import NotFoundError, RefusedError, UnavailableError

PARTIAL = ".partial"
TAR = ".tar"


class Writing(Protocol):
    """An archive that is being made."""

    def add(self, name: str, path: Path) -> None:
        """Put a file in."""
        ...

    def add_text(self, name: str, text: str) -> None:
        """Put a small text in."""
        ...


class Reading(Protocol):
    """An archive that is there."""

    def names(self) -> Iterator[str]:
        """All names in it."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open one file; NotFoundError when it is missing."""
        ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, path: Path) -> None:
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        sync(place)

    def add_text(self, name: str, text: str) -> None:
        place = self._folder / name
        place.write_text(text, encoding="utf-8")
        sync(place)

    def names(self) -> Iterator[str]:
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return (path.relative_to(self._folder).as_posix() for path in files)

    def open(self, name: str) -> BinaryIO:
        try:
            return (self._folder / name).open("rb")
        except FileNotFoundError:
            raise NotFoundError(f"{self._folder} holds no {name}") from None


class _Tar:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members: dict[str, tarfile.TarInfo] = {}

    def add(self, name: str, path: Path) -> None:
        self._tar.add(path, name, recursive=False)

    def add_text(self, name: str, text: str) -> None:
        octets = text.encode()
        entry = tarfile.TarInfo(name)
        entry.size = len(octets)
        self._tar.addfile(entry, io.BytesIO(octets))

    def names(self) -> Iterator[str]:
        self._members = self._members or {entry.name: entry for entry in self._tar if entry.isfile()}
        return iter(self._members)

    def open(self, name: str) -> BinaryIO:
        entry = self._members.get(name) or {one: self._members[one] for one in self.names()}.get(name)
        file = None if entry is None else self._tar.extractfile(entry)
        if file is None:
            raise NotFoundError(f"the tar file holds no {name}")
        return file  # type: ignore[return-value] # tarfile's own type of a file for reading


@contextmanager
def writing(target: Path) -> Iterator[Writing]:
    """Make an archive; a name that ends with .tar is a tar file, any other a folder. It is there when it is whole.

    Raises:
        RefusedError: something of that name is there.
        UnavailableError: it cannot be written; nothing of it stays.
    """
    partial = target.with_name(target.name + PARTIAL)
    if target.exists():
        raise RefusedError(f"{target} is there already: name another place for the backup")
    try:
        _remove(partial)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == TAR:
            with _private(partial) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield _Tar(tar)
            sync(partial)
        else:
            partial.mkdir(mode=0o700)
            yield _Folder(partial)
        partial.rename(target)
        sync(target.parent)
    except OSError as error:
        raise UnavailableError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        _remove(partial)


@contextmanager
def reading(source: Path) -> Iterator[Reading]:
    """Open an archive.

    Raises:
        NotFoundError: nothing of that name is there.
        RefusedError: it is no archive.
        UnavailableError: it cannot be read.
    """
    try:
        if source.is_dir():
            yield _Folder(source)
            return
        with tarfile.open(source, mode="r:") as tar:
            yield _Tar(tar)
    except FileNotFoundError:
        raise NotFoundError(f"{source}: there is no such backup") from None
    except tarfile.TarError as error:
        raise RefusedError(f"{source} is neither a folder nor a tar file of a backup ({error})") from None
    except OSError as error:
        raise UnavailableError(f"{source} cannot be read: {error.strerror}") from error


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that only we can read: it will hold faxes."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        yield file


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have what was written to a file, or which names a folder holds, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
