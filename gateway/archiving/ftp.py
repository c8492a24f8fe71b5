"""A folder of an FTP server, in clear text or over TLS (RFC 959, RFC 4217).

What lives here: the only use of ftplib, and what its errors mean. What does not: the order of the steps (`keeping`).
The library waits for the network, so each step runs in a thread; who is cancelled closes its sockets and waits for it.
"""

import asyncio
import ftplib
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from gateway.archiving.logins import Login
from gateway.archiving.parcel import NotKeptError, NotReachedError, TakenError
from gateway.domain.archive import Place, Way

T = TypeVar("T")
CONNECT_SECONDS, STEP_SECONDS = 20, 60
LOOK_SECONDS = 0.1  # between two looks at what is to be cut
IMPLICIT = 990  # the port of servers that speak TLS from the first octet
BLOCK = 1 << 17
MOST_LETTERS = 200  # of a server's words
_NOT_THERE, _NOT_KNOWN, _NO_LOGIN = "550", ("500", "502", "504"), "530"


@asynccontextmanager
async def open_folder(place: Place, login: Login, trust: Path | None) -> AsyncIterator["FtpFolder"]:
    """Sign in and go to the folder.

    Args:
        place: the server and the folder.
        login: who we are there.
        trust: a file of certificates, PEM; none for those that the system trusts.

    Raises:
        NotReachedError: nobody answers, or the server's certificate is not to be believed.
        NotKeptError: the server does not let us in, or there is no such folder.
    """
    context = ssl.create_default_context(cafile=trust) if place.way is Way.FTPS else None
    folder = FtpFolder(_client(place, context))
    try:
        await folder.run(lambda ftp: _enter(ftp, place, login))
        yield folder
    finally:
        await folder.leave()


class FtpFolder:
    """The folder that we are in; see `parcel.Folder`."""

    def __init__(self, ftp: ftplib.FTP) -> None:
        self._ftp = ftp
        self._transfer: socket.socket | None = None

    async def run(self, step: Callable[[ftplib.FTP], T]) -> T:
        """Do one step in a thread."""

        def translated() -> T:
            with _translated():
                return step(self._ftp)

        work = asyncio.ensure_future(asyncio.to_thread(translated))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():  # it may be about to open another socket
                self._cut()
                await asyncio.wait([work], timeout=LOOK_SECONDS)
            work.exception()  # it was cut by us: whatever came of it is no news
            raise

    async def octets(self, name: str) -> int | None:
        """As `Folder.octets`."""

        def step(ftp: ftplib.FTP) -> int | None:
            try:
                return ftp.size(name)
            except ftplib.error_perm as error:
                if str(error)[:3] in _NOT_KNOWN:
                    return -1 if name in ftp.nlst() else None
                _check_nothing_there(error)
                return None

        return await self.run(step)

    async def digest(self, name: str) -> str:
        """As `Folder.digest`."""

        def step(ftp: ftplib.FTP) -> str:
            found = hashlib.sha256()
            try:
                with self._line(ftp, f"RETR {name}") as line:
                    while block := line.recv(BLOCK):
                        found.update(block)
            except ftplib.error_perm:
                return ""
            ftp.voidresp()
            return found.hexdigest()

        return await self.run(step)

    async def write(self, name: str, source: Path) -> None:
        """As `Folder.write`."""

        def step(ftp: ftplib.FTP) -> None:
            with source.open("rb") as file, self._line(ftp, f"STOR {name}") as line:
                while block := file.read(BLOCK):
                    line.sendall(block)
                if isinstance(line, ssl.SSLSocket):
                    line.unwrap()  # an end that is not told may be an attacker's (RFC 4217 12.4)
            ftp.voidresp()

        await self.run(step)

    async def rename(self, name: str, to: str) -> None:
        """As `Folder.rename`. The protocol has no rename that spares what is there: it is looked for right before."""
        if await self.octets(to) is not None:
            raise TakenError(f"{to} is there already")
        await self.run(lambda ftp: ftp.rename(name, to))

    async def remove(self, name: str) -> None:
        """As `Folder.remove`."""

        def step(ftp: ftplib.FTP) -> None:
            with suppress(ftplib.error_perm):
                ftp.delete(name)

        await self.run(step)

    async def leave(self) -> None:
        """Take leave, if anybody is there."""

        def step(ftp: ftplib.FTP) -> None:
            with suppress(*ftplib.all_errors, AttributeError):
                ftp.quit()
            ftp.close()

        await asyncio.to_thread(step, self._ftp)

    @contextmanager
    def _line(self, ftp: ftplib.FTP, command: str) -> Iterator[socket.socket]:
        """The connection of one transfer, closed in the end; it can be cut from another thread meanwhile."""
        line = self._transfer = ftp.transfercmd(command)
        try:
            yield line
        finally:
            self._transfer = None
            line.close()

    def _cut(self) -> None:
        """End what waits for the network."""
        for line in (self._transfer, self._ftp.sock):
            if line is not None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


class _Tls(ftplib.FTP_TLS):
    """TLS whose transfers go on with the session of the commands, as servers demand that let nobody else push in."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> tuple[socket.socket, int | None]:
        line, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.context.wrap_socket(line, server_hostname=self.host, session=self.sock.session), size


class _ImplicitTls(_Tls):
    """TLS from the first octet."""

    def connect(self, host: str = "", port: int = 0, timeout: float = -999, source_address: Any = None) -> str:
        self.host, self.port, self.timeout = host, port, timeout
        plain = socket.create_connection((host, port), timeout, source_address=source_address)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome


def _client(place: Place, context: ssl.SSLContext | None) -> ftplib.FTP:
    if context is None:
        return ftplib.FTP(timeout=STEP_SECONDS)
    kind = _ImplicitTls if place.port == IMPLICIT else _Tls
    return kind(context=context, timeout=STEP_SECONDS)


def _enter(ftp: ftplib.FTP, place: Place, login: Login) -> None:
    try:
        ftp.connect(place.host, place.port, timeout=CONNECT_SECONDS)
        assert ftp.sock is not None
        if isinstance(ftp, ftplib.FTP_TLS) and not isinstance(ftp, _ImplicitTls):
            ftp.auth()
    except ftplib.Error as error:
        raise NotReachedError(f"the server does not speak with us: {_words(error)}") from None
    ftp.sock.settimeout(STEP_SECONDS)
    _sign_in(ftp, place.user, login.password)
    if isinstance(ftp, ftplib.FTP_TLS):
        ftp.prot_p()
    ftp.voidcmd("TYPE I")
    if place.folder:
        _go_to(ftp, place.folder)


def _sign_in(ftp: ftplib.FTP, user: str, password: str) -> None:
    try:
        if isinstance(ftp, ftplib.FTP_TLS):
            ftp.login(user, password, secure=False)  # it is secure already
        else:
            ftp.login(user, password)
    except ftplib.error_perm as error:
        raise NotKeptError(f"the server does not let us in: {_words(error)}") from None


def _go_to(ftp: ftplib.FTP, folder: str) -> None:
    try:
        ftp.cwd(folder)
    except ftplib.error_perm as error:
        raise NotKeptError(f"there is no such folder, or not for us: {_words(error)}") from None


def _check_nothing_there(error: ftplib.error_perm) -> None:
    """The one refusal that says so.

    Raises:
        NotKeptError: it is another one.
    """
    if not str(error).startswith(_NOT_THERE):
        raise NotKeptError(_words(error))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise NotReachedError(f"the server's certificate is not to be believed: {error.verify_message}") from None
    except ftplib.error_perm as error:
        raise NotKeptError(f"the server refuses: {_words(error)}") from None
    except ftplib.error_temp as error:
        raise _passing(error) from None
    except (ftplib.Error, OSError, EOFError) as error:
        raise NotReachedError(f"the connection is over: {_words(error)}") from None


def _passing(error: ftplib.error_temp) -> NotKeptError | NotReachedError:
    """421 is the server going away (RFC 959 4.2.1); the others concern this file."""
    if str(error).startswith("421"):
        return NotReachedError(f"the server goes away: {_words(error)}")
    return NotKeptError(f"the server refuses for now: {_words(error)}")


def _words(error: Exception) -> str:
    """One line of what was said."""
    return " ".join(str(error).split())[:MOST_LETTERS] or type(error).__name__
