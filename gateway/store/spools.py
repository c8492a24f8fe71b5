"""The spool that the settings ask for: a folder, or a folder before a bucket.

What lives here: choosing. What does not: either of them (`spool`, `bucket_spool`).
"""

import importlib.util
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import UnavailableError, UsageError
from gateway.store.spool import Spool


@dataclass(frozen=True, slots=True)
class SpoolPlace:
    """Where contents lie: `url` empty, then in the folder alone, or `s3://BUCKET/PREFIX`.

    `credentials` is a file as the AWS tools have it; none: they stand in the environment.
    """

    folder: Path
    url: str = ""
    endpoint: str = ""
    region: str = ""
    credentials: Path | None = None


def mark_of(place: SpoolPlace) -> str:
    """What tells places for contents apart: a bucket's URL, or the mark of a folder, which is made when there is none.

    Raises:
        UnavailableError: the folder cannot be written.
    """
    if place.url:
        return place.url.rstrip("/")
    mark = place.folder / "spool" / "place"
    try:
        if not mark.exists():
            _make(mark)
        return mark.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UnavailableError(f"{mark}: the folder's mark cannot be kept ({error.strerror})") from error


def _make(mark: Path) -> None:
    """Whole or not at all, and once: others may be making it, too."""
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=mark.parent) as fresh, suppress(FileExistsError):
        fresh.write(secrets.token_hex(8).encode())
        fresh.flush()
        os.link(fresh.name, mark)


def open_spool(place: SpoolPlace) -> Spool:
    """Open the spool; a bucket is not asked for anything yet.

    Raises:
        UsageError: the URL or the credentials are none, or the library for buckets is missing.
        UnavailableError: the folder cannot be made.
    """
    folder = place.folder / "spool"
    if not place.url:
        return Spool(folder)
    if importlib.util.find_spec("obstore") is None:
        raise UsageError(f"{place.url} needs the library obstore: pip install 'faxgw[s3]'")
    # Who has no bucket need not wait for the library.
    from gateway.store.bucket import Bucket, read_credentials
    from gateway.store.bucket_spool import BucketSpool

    who, place_of = read_credentials(place.credentials), (place.endpoint, place.region)
    return BucketSpool(folder, Bucket(place.url, who, *place_of, source=place.credentials))
