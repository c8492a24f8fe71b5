"""Brings parcels to their places: finds the login, opens the folder, keeps.

What lives here: which protocol a place wants. What does not: mail, which goes through the relay.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.archiving import ftp
from gateway.archiving.keeping import keep
from gateway.archiving.logins import Login, login_for, read_logins
from gateway.archiving.parcel import Folder, NotReachedError, Parcel
from gateway.domain.archive import Place, Way


@dataclass(frozen=True, slots=True)
class Trust:
    """Files of this machine: our logins, the keys of SFTP servers, and certificates for FTPS; each may be missing."""

    logins: Path | None = None
    known_hosts: Path | None = None
    certificates: Path | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """Speaks to servers, for `longest` seconds at a time; a file of logins that is changed holds at once."""

    trust: Trust
    longest: float = 1800.0

    async def bring(self, place: Place, company: str, parcel: Parcel) -> str:
        """Bring a parcel there; the name of its document.

        Raises:
            NotReachedError: nobody answers, or not as who he should be.
            NotKeptError: the server did not keep it, or we have no login for it.
            UsageError: the file of logins is not as it should be.
        """
        login = login_for(read_logins(self.trust.logins), place, company)
        try:
            async with asyncio.timeout(self.longest), self._open(place, login) as folder:
                return await keep(folder, parcel)
        except TimeoutError:
            raise NotReachedError(f"it was not over after {self.longest:.0f} seconds") from None

    async def try_out(self, place: Place, company: str, stem: str) -> None:
        """Write a small file there, give it its name, and take it away again.

        Raises:
            NotReachedError, NotKeptError, UsageError: as `bring`.
        """
        login = login_for(read_logins(self.trust.logins), place, company)
        with TemporaryDirectory(prefix="faxgw-") as here:
            note = Path(here) / "note.txt"
            note.write_text("The fax gateway tried whether copies of faxes can be kept here.\n", encoding="utf-8")
            async with self._open(place, login) as folder:
                name = await keep(folder, Parcel(stem, note, "txt"))
                await folder.remove(name)

    def _open(self, place: Place, login: Login) -> AbstractAsyncContextManager[Folder]:
        if place.way is Way.SFTP:
            from gateway.archiving import sftp  # asyncssh takes a tenth of a second to load, and few need it

            return sftp.open_folder(place, login, self.trust.known_hosts)
        return ftp.open_folder(place, login, self.trust.certificates)
