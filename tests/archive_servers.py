"""Servers that keep copies of faxes in a folder: real ones, of FTP, FTPS and SFTP, on loopback ports."""

import logging
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import trustme

from gateway.archiving.carrier import Carrier, Trust

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it stands on asyncore, which Python 3.11 still has
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

__all__ = ["AbstractedFS", "DTPHandler", "FTPHandler", "House", "Server", "archive_house"]
USER, PASSWORD = "faxes", "c0pies-only"
READ_ONLY, ALL = "elr", "elradfmwMT"
logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
logging.getLogger("asyncssh").setLevel(logging.ERROR)


@dataclass
class Server:
    """One server: `folder` is where a login lands; `place` is how settings name it."""

    way: str
    port: int
    folder: Path
    stop: Callable[[], None]
    seen: list[str] = field(default_factory=list)

    def place(self, folder: str = "", user: str = USER) -> str:
        return f"{self.way}://{user}@127.0.0.1:{self.port}/{folder}"

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


class House:
    """Files of trust, and servers that are closed in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logins, self.known_hosts = folder / "logins.toml", folder / "known_hosts"
        self.certificates = folder / "authority.pem"
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(self.certificates))
        self.known_hosts.touch()
        self.logins.touch(mode=0o600)
        self._running: list[Server] = []

    @property
    def carrier(self) -> Carrier:
        return Carrier(Trust(self.logins, self.known_hosts, self.certificates))

    def login(self, place: str, company: str = "*", password: str = PASSWORD, more: str = "") -> None:
        """Add a login for the server of a place."""
        server = place.rpartition("/")[0] if place.count("/") > 2 else place
        entry = f'[[login]]\nserver = "{server}"\ncompany = "{company}"\npassword = "{password}"\n{more}\n'
        with self.logins.open("a", encoding="utf-8") as file:
            file.write(entry)

    def ftp(self, way: str = "ftp", permissions: str = ALL, **more: Any) -> Server:
        """An FTP server in a thread of its own; every command is kept in `seen`."""
        root, seen = self._root(), []
        kind: Any = TLS_FTPHandler if way == "ftps" else FTPHandler

        def heard(handler: Any, line: str, *given: Any, **named: Any) -> Any:
            seen.append(line.partition(" ")[0])
            return kind.pre_process_command(handler, line, *given, **named)

        users = DummyAuthorizer()
        users.add_user(USER, PASSWORD, str(root), perm=permissions)
        settings = {"authorizer": users, "pre_process_command": heard, "use_sendfile": False, **more}
        if way == "ftps":
            pem = self.folder / "server.pem"
            self.authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
            settings |= {"certfile": str(pem), "tls_control_required": True, "tls_data_required": True}
            settings["ssl_context"] = None
        loop = IOLoop()
        server = FTPServer(("127.0.0.1", 0), type("Handler", (kind,), settings), ioloop=loop)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                loop.loop(timeout=0.02, blocking=False)
            server.close_all()

        thread = threading.Thread(target=serve)
        thread.start()

        def stop() -> None:
            over.set()
            thread.join()

        return self._kept(Server(way, server.address[1], root, stop, seen))

    async def sftp(self, **more: Any) -> Server:
        """An SFTP server on this loop; its key is known."""
        root, key = self._root(), asyncssh.generate_private_key("ssh-ed25519")
        users = more.pop("users", _Users)
        serve = more.pop("serve", asyncssh.SFTPServer)
        server = await asyncssh.create_server(
            users, "127.0.0.1", 0, server_host_keys=[key], sftp_factory=lambda one: serve(one, chroot=str(root)), **more
        )
        port = server.sockets[0].getsockname()[1]
        with self.known_hosts.open("a", encoding="utf-8") as file:
            file.write(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
        return self._kept(Server("sftp", port, root, server.close))

    def close(self) -> None:
        for server in self._running:
            server.stop()

    def _root(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder, prefix="served-"))

    def _kept(self, server: Server) -> Server:
        self._running.append(server)
        return server


class _Users(asyncssh.SSHServer):
    def begin_auth(self, _username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def archive_house() -> Iterator[House]:
    """A folder with files of trust, and servers that end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="faxgw-archive-"))
    house = House(folder)
    try:
        yield house
    finally:
        house.close()
        shutil.rmtree(folder)
