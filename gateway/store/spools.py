"""The spool that the settings ask for: a folder, or a folder before a bucket.

What lives here: choosing. What does not: either of them (`spool`, `bucket_spool`).
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import UsageError
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

    return BucketSpool(folder, Bucket(place.url, read_credentials(place.credentials), place.endpoint, place.region))
