"""A folder of an SFTP server (SSH File Transfer Protocol, version 3).

What lives here: the only use of asyncssh, and what its errors mean. What does not: the order of the steps (`keeping`).
A server is believed only when its key stands in our file of known hosts. Nothing of the account that runs us is used:
no agent, no keys and no settings of its own.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import cast

import asyncssh

from gateway.archiving.logins import Login
from gateway.archiving.parcel import NotKeptError, NotReachedError, TakenError
from gateway.domain.archive import Place

CONNECT_SECONDS, SIGN_IN_SECONDS = 20, 30
ALIVE_SECONDS, ALIVE_MOST = 15, 4  # a server that says nothing for a minute is gone
BLOCK = 1 << 17
MOST_LETTERS = 200  # of a server's words
_NOT_THERE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_GONE = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


@asynccontextmanager
async def open_folder(place: Place, login: Login, known_hosts: Path | None) -> AsyncIterator["SftpFolder"]:
    """Sign in and go to the folder.

    Args:
        place: the server and the folder.
        login: who we are there.
        known_hosts: the servers' keys, as OpenSSH has them; none: no server is believed.

    Raises:
        NotReachedError: nobody answers, or the server is not the one we know.
        NotKeptError: the server does not let us in, or there is no such folder.
    """
    keys = [await asyncio.to_thread(_key, login)] if login.key else None  # a passphrase takes its time by design
    with _translated(), _signing_in(place):
        connection = await asyncssh.connect(
            place.host,
            place.port,
            username=place.user,
            password=login.password or None,
            client_keys=keys,
            known_hosts=str(known_hosts) if known_hosts else b"",
            config=None,
            agent_path=None,
            gss_auth=False,
            gss_kex=False,
            host_based_auth=False,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            connect_timeout=CONNECT_SECONDS,
            login_timeout=SIGN_IN_SECONDS,
            keepalive_interval=ALIVE_SECONDS,
            keepalive_count_max=ALIVE_MOST,
        )
    async with connection:
        with _translated():
            client = await connection.start_sftp_client()
            if not await client.isdir(place.folder or "."):
                raise NotKeptError("there is no such folder, or not for us")
        async with client:
            yield SftpFolder(client, PurePosixPath(place.folder))


class SftpFolder:
    """The folder that we are in; see `parcel.Folder`."""

    def __init__(self, client: asyncssh.SFTPClient, folder: PurePosixPath) -> None:
        self._client = client
        self._folder = folder

    async def octets(self, name: str) -> int | None:
        """As `Folder.octets`."""
        with _translated():
            try:
                found = await self._client.lstat(self._at(name))
            except _NOT_THERE:
                return None
        return -1 if found.size is None else found.size

    async def digest(self, name: str) -> str:
        """As `Folder.digest`."""
        with _translated():
            try:
                async with self._client.open(self._at(name), "rb") as file:
                    return await _digest(file)
            except (asyncssh.SFTPPermissionDenied, *_NOT_THERE):
                return ""

    async def write(self, name: str, source: Path) -> None:
        """As `Folder.write`; synced, where the server can."""
        with _translated():
            async with self._client.open(self._at(name), "wb") as file:
                await _copy(source, file)
                with suppress(asyncssh.SFTPOpUnsupported):
                    await file.fsync()

    async def rename(self, name: str, to: str) -> None:
        """As `Folder.rename`; that of this version spares what is there."""
        if await self.octets(to) is not None:
            raise TakenError(f"{to} is there already")
        with _translated():
            try:
                await self._client.rename(self._at(name), self._at(to))
            except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                if await self._client.lexists(self._at(to)):
                    raise TakenError(f"{to} is there already") from None
                raise

    async def remove(self, name: str) -> None:
        """As `Folder.remove`."""
        with _translated(), suppress(asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure, *_NOT_THERE):
            await self._client.remove(self._at(name))

    def _at(self, name: str) -> str:
        return str(self._folder / name)


async def key_lines(place: Place) -> list[str]:
    """The keys that a server shows now, each as a line for the file of known hosts: to be compared, not believed.

    Raises:
        NotReachedError: nobody answers.
    """
    with _translated(), _signing_in(place):
        async with asyncio.timeout(CONNECT_SECONDS):
            key = await asyncssh.get_server_host_key(place.host, place.port, config=None)
    if key is None:
        return []
    host = place.host if place.port == asyncssh.DEFAULT_PORT else f"[{place.host}]:{place.port}"
    return [f"{host} {key.export_public_key('openssh').decode().strip()}"]


async def _digest(file: asyncssh.SFTPClientFile) -> str:
    found = hashlib.sha256()
    while block := cast(bytes, await file.read(BLOCK)):  # it was opened so
        found.update(block)
    return found.hexdigest()


async def _copy(source: Path, file: asyncssh.SFTPClientFile) -> None:
    with source.open("rb") as octets:  # of our own, just written: it is in memory
        while block := octets.read(BLOCK):
            await file.write(block)


def _key(login: Login) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(login.key), login.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError):
        raise NotKeptError("our private key for the server cannot be read, or its passphrase is wrong") from None


@contextmanager
def _signing_in(place: Place) -> Iterator[None]:
    try:
        yield
    except asyncssh.HostKeyNotVerifiable:
        text = f"the key of {place.host} is not among those we know: see faxgw archive test, then archive.known_hosts"
        raise NotReachedError(text) from None
    except asyncssh.PermissionDenied:
        raise NotKeptError("the server does not let us in: check the user, and the password or the key") from None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _GONE as error:
        raise NotReachedError(f"the connection is over: {_words(error)}") from None
    except asyncssh.SFTPError as error:
        raise NotKeptError(f"the server refuses: {_words(error)}") from None
    except (asyncssh.Error, OSError, TimeoutError, ValueError) as error:
        raise NotReachedError(f"the connection is over: {_words(error)}") from None


def _words(error: Exception) -> str:
    """One line of what was said."""
    return " ".join(str(error).split())[:MOST_LETTERS] or type(error).__name__
