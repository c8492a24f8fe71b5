"""What is put into a folder of an archive, and the words for what may go wrong there.

What lives here: parcels, the interface of a folder, and the two kinds of trouble. What does not: any protocol (`ftp`,
`sftp`), the order of the steps (`keeping`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.domain.errors import GatewayError, RefusedError, UnreachableError


class NotReachedError(UnreachableError):
    """Nobody answers at the server, or not as who he should be: no copy can be made there now."""


class NotKeptError(RefusedError):
    """The server was reached, and did not keep the copy: what must be changed stands in the text."""


class TakenError(GatewayError):
    """The name was free a moment ago, and is not any more."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file of a parcel under the name that it is to have."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Parcel:
    """A document, and what is said of it in XML if `describe` is given: that is asked with the document's name.

    `turn` grows with each time that it is sent off: what earlier ones left half-done is cleared away.
    """

    stem: str
    document: Path
    ending: str
    describe: Callable[[str], bytes] | None = None
    turn: int = 1

    def files(self, stem: str) -> list[Named]:
        """The files under this name, the document last: who waits for it finds the others there."""
        document = Named(f"{stem}.{self.ending}", self.document)
        if self.describe is None:
            return [document]
        facts = self.document.with_name("facts.xml")
        facts.write_bytes(self.describe(document.name))
        return [Named(f"{stem}.xml", facts), document]

    def mark(self) -> str:
        """What its files are called while they are written: by what it holds, so only a try of the same meets them."""
        return hashlib.sha256(f"{self.stem}\0{digest_of(self.document)}".encode()).hexdigest()[:16]


class Folder(Protocol):
    """A folder of a server. Every method raises NotReachedError when the connection is over, else NotKeptError."""

    async def octets(self, name: str) -> int | None:
        """The size of a file; None when there is none, -1 when the server does not tell."""
        ...

    async def digest(self, name: str) -> str:
        """SHA-256 of what a file holds, hexadecimal; empty when we may not read it."""
        ...

    async def write(self, name: str, source: Path) -> None:
        """Write a file, in place of one that is there."""
        ...

    async def rename(self, name: str, to: str) -> None:
        """Give a file its name.

        Raises:
            TakenError: there is a file of that name.
        """
        ...

    async def remove(self, name: str) -> None:
        """Delete a file; one that is not there is no trouble."""
        ...


def digest_of(path: Path) -> str:
    """SHA-256 of a file here, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
