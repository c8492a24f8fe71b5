"""A bucket of an S3-style object store: putting, fetching, listing and deleting files by name.

What lives here: the only use of obstore, and what its errors mean. What does not: digests and the local folder
(`spool`, `bucket_spool`).

Credentials come from a file or the environment, and from nowhere into a log: what the library says of an error is cut
to its first line, and they are struck out of it.
"""

import configparser
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from gateway.domain.errors import NotFoundError, SmtpReply, UnavailableError, UsageError

BLOCK = 1 << 20  # octets
CONNECT_SECONDS, ANSWER_SECONDS, RETRY_SECONDS = 3, 30, 10
MOST_RETRIES = 2
MOST_LETTERS = 300  # of an error of the library
AWAY = SmtpReply(451, "4.3.1", "mail cannot be kept now; try again later")  # where we keep it is no client's matter
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the object store; empty parts are left out."""

    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def struck_out(self, text: str) -> str:
        """The text without them."""
        for part in (self.secret, self.token, self.key_id):
            text = text.replace(part, "***") if part else text
        return text


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the bucket."""

    name: str
    modified: datetime
    octets: int


def read_credentials(path: Path | None, environment: Mapping[str, str] = os.environ) -> Credentials:
    """From a file as the AWS tools have it, its section `default`; without a file from AWS_ACCESS_KEY_ID and so on.

    Raises:
        UsageError: the file cannot be read, or names no key.
    """
    if path is None:
        return Credentials(*(environment.get(key.upper(), "") for key in _KEYS))
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        section = parser["default"]
    except OSError as error:
        raise UsageError(f"{path}: the credentials cannot be read ({error.strerror})") from None
    except (configparser.Error, KeyError, UnicodeDecodeError):
        raise UsageError(f"{path}: write a section [default] with {_KEYS[0]} and {_KEYS[1]}") from None
    found = Credentials(*(section.get(key, "") for key in _KEYS))
    if not found.key_id or not found.secret:
        raise UsageError(f"{path}: write {_KEYS[0]} and {_KEYS[1]} into its section [default]")
    return found


def _written(source: Path | None) -> int:
    """When a file was written last, as a number that tells changes; 0 for none."""
    try:
        return source.stat().st_mtime_ns if source else 0
    except OSError:
        return 0


def split_url(url: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://BUCKET/PREFIX`.

    Raises:
        UsageError: it is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            "storage.spool must be empty or s3://BUCKET/PREFIX; credentials stand in a file or environment"
        )
    return parts.netloc, parts.path.strip("/")


class Bucket:
    """One bucket, below a prefix. Its methods wait for the network: they are for threads.

    `source` is the file that the credentials are from: those that run out are written anew there, and taken up.
    """

    def __init__(
        self, url: str, credentials: Credentials, endpoint: str = "", region: str = "", source: Path | None = None
    ) -> None:
        self._name, self._prefix = split_url(url)
        self._place = {"endpoint": endpoint, "region": region}
        self._credentials, self._source, self._written = credentials, source, _written(source)
        self._opened = self._open()

    def _open(self) -> S3Store:
        options: dict[str, Any] = {
            "allow_http": self._place["endpoint"].startswith("http://"),
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "timeout": f"{ANSWER_SECONDS}s",
        }
        keys = self._place | {
            "access_key_id": self._credentials.key_id,
            "secret_access_key": self._credentials.secret,
            "session_token": self._credentials.token,
        }
        with self._translated("opened"):
            return S3Store(
                self._name,
                prefix=self._prefix or None,
                client_options=options,  # type: ignore[arg-type] # a typed dictionary of many keys
                retry_config={"max_retries": MOST_RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
                **{key: value for key, value in keys.items() if value},  # type: ignore[arg-type] # the same
            )

    @property
    def _store(self) -> S3Store:
        """As the file of credentials now says; one that is just being written is looked at again the next time."""
        written = _written(self._source)
        if written != self._written and written:
            with suppress(UsageError):
                self._credentials, self._written = read_credentials(self._source), written
                self._opened = self._open()
        return self._opened

    def put(self, name: str, path: Path) -> None:
        """Keep a file; in the place of one of that name.

        Raises:
            UnavailableError: the bucket cannot be reached or will not have it.
        """
        with self._translated("written"):
            obstore.put(self._store, name, path)

    def fetch(self, name: str, target: Path) -> None:
        """Write a file of the bucket to `target`.

        Raises:
            NotFoundError: it is not there.
            UnavailableError: the bucket cannot be reached, or the file cannot be written.
        """
        with self._translated("read"), target.open("wb") as file:
            for block in obstore.get(self._store, name).stream(min_chunk_size=BLOCK):
                file.write(block)

    def age(self, name: str) -> datetime | None:
        """When a file was written last; None when it is not there.

        Raises:
            UnavailableError: the bucket cannot be reached.
        """
        try:
            with self._translated("asked"):
                return obstore.head(self._store, name)["last_modified"]
        except NotFoundError:
            return None

    def rename(self, name: str, to: str) -> None:
        """Give a file another name; nothing happens when it is gone.

        Raises:
            UnavailableError: the bucket cannot be reached.
        """
        try:
            with self._translated("renamed"):
                obstore.rename(self._store, name, to)
        except NotFoundError:
            return

    def delete(self, name: str) -> None:
        """Erase a file; nothing happens when it is gone.

        Raises:
            UnavailableError: the bucket cannot be reached.
        """
        with self._translated("erased in"):
            obstore.delete(self._store, name)

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The files whose names begin with a prefix that ends with a slash.

        Raises:
            UnavailableError: the bucket cannot be reached.
        """
        with self._translated("listed"):
            for page in obstore.list(self._store, prefix):
                yield from (Stored(one["path"], one["last_modified"], one["size"]) for one in page)

    @contextmanager
    def _translated(self, deed: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                text = f"there is no bucket {self._name}: make it, or see storage.spool"
                raise UnavailableError(text, reply=AWAY) from None
            raise NotFoundError(f"bucket {self._name} does not hold it") from None
        except (BaseError, OSError) as error:
            said = str(error).split("\n", 1)[0][:MOST_LETTERS]
            text = f"bucket {self._name} cannot be {deed}: {self._credentials.struck_out(said)}"
            raise UnavailableError(text, reply=AWAY) from None
