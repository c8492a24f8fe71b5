"""A spool that several machines share: every content in a local folder and in a bucket.

What lives here: the order of the two. What does not: either of them (`spool`, `bucket`).

A content is durable on this machine first, then in the bucket, and only then told of; so a row never names what another
machine cannot find. What lies in the bucket alone is fetched when it is asked for, and believed by its digest.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.store.bucket import Bucket
from gateway.store.spool import KEPT_SECONDS, Spool, file_digest

CONTENTS, TRASH = "contents", "trash"


class BucketSpool(Spool):
    """One folder as the local copy of a bucket. Errors as `Spool`, and UnavailableError when the bucket is away."""

    def __init__(self, directory: Path, bucket: Bucket) -> None:
        super().__init__(directory)
        self._bucket = bucket

    def put_bytes(self, content: bytes) -> str:
        """As `Spool.put_bytes`."""
        return self._uploaded(super().put_bytes(content))

    def put_file(self, path: Path) -> str:
        """As `Spool.put_file`; when only the bucket is away, the file is in place already."""
        return self._uploaded(super().put_file(path))

    def put_synced(self, path: Path, digest: str) -> None:
        """As `Spool.put_synced`."""
        super().put_synced(path, digest)
        self._uploaded(digest)

    def put_copy(self, path: Path) -> str:
        """As `Spool.put_copy`."""
        return self._uploaded(super().put_copy(path))

    def put_stream(self, stream: BinaryIO) -> str:
        """As `Spool.put_stream`."""
        return self._uploaded(super().put_stream(stream))

    def path(self, digest: str) -> Path:
        """As `Spool.path`; what is missing here is fetched.

        Raises:
            NotFoundError: it is neither here nor in the bucket.
            UnavailableError: it is not here, and the bucket is away or holds another content under its name.
        """
        if not super().exists(digest):
            return self._fetched(digest)
        found = super().path(digest)
        os.utime(found)  # the copy of who reads it must not be dropped as idle
        return found

    def exists(self, digest: str) -> bool:
        """As `Spool.exists`; one copy suffices."""
        return super().exists(digest) or self._bucket.age(_name(CONTENTS, digest)) is not None

    def delete(self, digest: str) -> None:
        """As `Spool.delete`, here and in the bucket."""
        self._bucket.delete(_name(CONTENTS, digest))
        self._bucket.delete(_name(TRASH, digest))
        super().delete(digest)

    def digests(self, prefix: str = "") -> Iterator[str]:
        """As `Spool.digests`, of the bucket: that is where all are."""
        return (stored.name.rpartition("/")[2] for stored in self._bucket.listing(_folder(CONTENTS, prefix)))

    def check(self, digest: str) -> bool:
        """As `Spool.check`, of the bucket's copy."""
        fresh = self._fresh()
        try:
            self._bucket.fetch(_name(CONTENTS, digest), fresh)
            return file_digest(fresh) == digest
        finally:
            fresh.unlink(missing_ok=True)

    def old(self, prefix: str, limit: float) -> Iterator[str]:
        """As `Spool.old`, of the bucket, and of what is here alone; copies idle for a day are dropped."""
        before, in_bucket = datetime.fromtimestamp(limit, UTC), set()
        for stored in self._bucket.listing(_folder(CONTENTS, prefix)):
            digest = stored.name.rpartition("/")[2]
            in_bucket.add(digest)
            self._drop_copy(digest, limit - KEPT_SECONDS)
            if stored.modified < before:
                yield digest
        # Another machine has erased it, or the bucket was away when it came: no listing will ever name it.
        yield from (digest for digest in super().old(prefix, limit) if digest not in in_bucket)

    def retire(self, digest: str, limit: float) -> bool:
        """As `Spool.retire`, in the bucket; the local copy goes, also where it is the only one."""
        written = self._bucket.age(_name(CONTENTS, digest))
        if written is None:
            return self._drop_copy(digest, limit)
        if written.timestamp() >= limit:
            return False
        super().delete(digest)
        self._bucket.rename(_name(CONTENTS, digest), _name(TRASH, digest))
        return True

    def retired(self, prefix: str, limit: float) -> Iterator[str]:
        """As `Spool.retired`, in the bucket."""
        before = datetime.fromtimestamp(limit, UTC)
        old = (stored for stored in self._bucket.listing(_folder(TRASH, prefix)) if stored.modified < before)
        return (stored.name.rpartition("/")[2] for stored in old)

    def bring_back(self, digest: str) -> None:
        """As `Spool.bring_back`, in the bucket."""
        self._bucket.rename(_name(TRASH, digest), _name(CONTENTS, digest))

    def forget(self, digest: str) -> None:
        """As `Spool.forget`, in the bucket."""
        self._bucket.delete(_name(TRASH, digest))

    def _uploaded(self, digest: str) -> str:
        self._bucket.put(_name(CONTENTS, digest), super().path(digest))
        return digest

    def _fetched(self, digest: str) -> Path:
        fresh = self._fresh()
        try:
            self._download(digest, fresh)
            if file_digest(fresh) != digest:
                raise UnavailableError(f"the bucket's copy of {digest[:12]} is damaged: see faxgw db check")
            super().put_file(fresh)
        finally:
            fresh.unlink(missing_ok=True)
        return super().path(digest)

    def _download(self, digest: str, fresh: Path) -> None:
        try:
            self._bucket.fetch(_name(CONTENTS, digest), fresh)
        except NotFoundError:
            self._bucket.fetch(_name(TRASH, digest), fresh)
            self.bring_back(digest)


def _folder(kind: str, prefix: str) -> str:
    """The bucket's folder of the contents whose digests begin with a prefix of two letters, or of all."""
    return f"{kind}/{prefix}/" if prefix else f"{kind}/"


def _name(kind: str, digest: str) -> str:
    return f"{kind}/{digest[:2]}/{digest}"
