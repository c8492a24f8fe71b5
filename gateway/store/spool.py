"""Contents by digest: raw mails, rendered pages, pages as sent.

What lives here: putting, finding, deleting and retiring files named by the SHA-256 of what they hold, in two levels of
folders. What does not: which digests are still needed (`references`, `sweep`), and object stores (`bucket_spool`).

A file is in place only when it is whole and would survive a power cut: written beside, synced, renamed, and the
folders synced. It must lie on a local file system.
"""

import functools
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.domain.errors import NotFoundError, UnavailableError

BLOCK = 1 << 20  # octets
ARRIVING = "arriving"  # where the front door streams mails to, beside the contents
KEPT_SECONDS = 86_400  # that an idle copy of what lies in a bucket stays
RESERVE = 64 << 20  # octets that stay free, so that the database can still write


class Spool:
    """One folder of contents. `incoming` is where large contents are streamed to before they have a digest."""

    def __init__(self, directory: Path) -> None:
        self._contents = directory / "contents"
        self._trash = directory / "trash"
        self._folders: dict[str, Path] = {}  # by the letters, those that are there, and durably so
        self.incoming = directory / "incoming"
        with _translated():
            for folder in (self._contents, self._trash, self.incoming):
                folder.mkdir(parents=True, exist_ok=True)

    def put_bytes(self, content: bytes) -> str:
        """Keep a content; returns its digest once it is durable.

        Raises:
            UnavailableError: the disk is full or fails; nothing half-written stays.
        """
        with _translated():
            return self._put((content,))

    def put_file(self, path: Path) -> str:
        """Move a file into place without copying it; returns its digest once it is durable.

        It lies in `incoming`, or elsewhere on the spool's file system, and nobody has it open to write.

        Raises:
            UnavailableError: the disk is full or fails; the file stays where it was.
        """
        with _translated():
            return self._adopt(path)

    def put_synced(self, path: Path, digest: str) -> None:
        """Move a file of `incoming` into place whose content is on disk already and has this digest.

        On return its name is durable, too.

        Raises:
            UnavailableError: the disk is full or fails.
        """
        with _translated():
            self._name(path, digest)

    def put_copy(self, path: Path) -> str:
        """Keep a copy of a file from anywhere; returns its digest once it is durable.

        Raises:
            UnavailableError: the disk is full or fails; nothing half-written stays.
        """
        with _translated(), path.open("rb") as file:
            return Spool.put_stream(self, file)

    def put_stream(self, stream: BinaryIO) -> str:
        """Keep what a file for reading gives; returns its digest once it is durable.

        Raises:
            UnavailableError: the disk is full or fails; nothing half-written stays.
        """
        with _translated():
            return self._put(iter(functools.partial(stream.read, BLOCK), b""))

    def path(self, digest: str) -> Path:
        """Where a content lies.

        Raises:
            NotFoundError: it is not in the spool.
        """
        path = self._place(digest)
        if not path.is_file():
            self.bring_back(digest)  # a row that was late for the sweep
        if not path.is_file():
            raise NotFoundError(f"the spool does not hold {digest[:12]}: it was erased, or the folder is another one")
        return path

    def open(self, digest: str) -> BinaryIO:
        """Open a content for reading.

        Raises:
            NotFoundError: it is not in the spool.
        """
        return self.path(digest).open("rb")

    def exists(self, digest: str) -> bool:
        """Whether the spool holds a content."""
        return self._place(digest).is_file()

    def delete(self, digest: str) -> None:
        """Erase a content; nothing happens when it is gone already. Never call it inside a transaction."""
        with _translated():
            self._place(digest).unlink(missing_ok=True)

    def has_room(self, octets: int) -> bool:
        """Whether so many octets would fit and leave the reserve free."""
        with _translated():
            stat = os.statvfs(self.incoming)
        return stat.f_bavail * stat.f_frsize >= octets + RESERVE

    def digests(self, prefix: str = "") -> Iterator[str]:
        """All contents, in no order; or those whose digests begin with these two letters."""
        return (path.name for path in self._contents.glob(f"{prefix or '??'}/*"))

    def check(self, digest: str) -> bool:
        """Whether a content is what its digest says; reads it whole.

        Raises:
            NotFoundError: it is not in the spool.
            UnavailableError: it cannot be read.
        """
        with _translated():
            return file_digest(self.path(digest)) == digest

    def old(self, prefix: str, limit: float) -> Iterator[str]:
        """The digests of a prefix that were put before `limit`, in seconds since 1970."""
        return (path.name for path in _found(self._contents, f"{prefix}/*") if _older(path, limit))

    def retire(self, digest: str, limit: float) -> bool:
        """Put a content aside that was put before `limit`, for a while; whether it was. `path` brings it back."""
        place = self._place(digest)
        with _translated():
            # The age is looked at again: a content that was put meanwhile became young.
            if not _older(place, limit):
                return False
            os.utime(place)
            place.rename(self._trash / digest)
        return True

    def retired(self, prefix: str, limit: float) -> Iterator[str]:
        """The digests of a prefix that were put aside before `limit`."""
        return (path.name for path in _found(self._trash, f"{prefix}*") if _older(path, limit))

    def bring_back(self, digest: str) -> None:
        """Put a content in its place again that was put aside; nothing happens when it is not there."""
        aside = self._trash / digest
        if aside.is_file():
            with _translated():
                self._name(aside, digest)

    def forget(self, digest: str) -> None:
        """Erase a content that was put aside."""
        with _translated():
            (self._trash / digest).unlink(missing_ok=True)

    def half_streamed(self, limit: float) -> list[Path]:
        """The files that were left before `limit` by who died while he wrote them."""
        folders = [folder for folder in (self.incoming, self.incoming.with_name(ARRIVING)) if folder.is_dir()]
        return [path for folder in folders for path in _found(folder, "*") if _older(path, limit)]

    def _drop_copy(self, digest: str, limit: float) -> bool:
        """Erase a file of ours that was neither put nor read since `limit`; whether it was."""
        is_old = _older(self._place(digest), limit)
        if is_old:
            self._place(digest).unlink(missing_ok=True)
        return is_old

    def _place(self, digest: str) -> Path:
        return self._contents / digest[:2] / digest

    def _fresh(self) -> Path:
        descriptor, name = tempfile.mkstemp(dir=self.incoming, prefix="put-")
        os.close(descriptor)
        return Path(name)

    def _put(self, blocks: Iterable[bytes]) -> str:
        """Write a new content; it is young, and its file is opened once."""
        path, well = self.incoming / f"put-{os.urandom(16).hex()}", False
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            digest = _written(file, blocks)
            os.fsync(file)
            self._name(path, digest)
            well = True
        finally:
            os.close(file)
            if not well:
                path.unlink(missing_ok=True)
        return digest

    def _adopt(self, path: Path) -> str:
        """The order is the promise: content, then name, then the folder that holds the name."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            os.utime(file.fileno())  # the sweeper looks at the age, and the row is still to come
        self._name(path, digest)
        return digest

    def _name(self, path: Path, digest: str) -> None:
        folder = self._folders.get(digest[:2])
        if folder is None:
            folder = self._contents / digest[:2]
            folder.mkdir(exist_ok=True)
            _sync(self._contents)
            self._folders[digest[:2]] = folder
        path.rename(folder / digest)
        _sync(folder)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _written(file: int, blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
        left = memoryview(block)
        while left:
            left = left[os.write(file, left) :]
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(path: Path, limit: float) -> bool:
    with _translated():
        try:
            return path.lstat().st_mtime < limit
        except FileNotFoundError:
            return False


def _found(folder: Path, pattern: str) -> list[Path]:
    """What a pattern names at the moment: files come and go while one looks."""
    with _translated():
        return list(folder.glob(pattern))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(f"the spool cannot be used: {error}") from error
