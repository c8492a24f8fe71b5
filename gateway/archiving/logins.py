"""Who we are to the servers of archives: a file that only its owner may read.

What lives here: reading it, and finding the login for a place. What does not: settings, which hold no secret; speaking
to servers (`ftp`, `sftp`).

No server is spoken to that the file does not name. So who may change settings can send copies only where whoever runs
the machine has agreed, and one company never uses the login of another.
"""

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.archiving.parcel import NotKeptError
from gateway.domain.archive import Place, parse_place
from gateway.domain.errors import UsageError

ANY = "*"  # for every company
_KEYS = {"server", "company", "password", "key", "passphrase"}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to one server, for the faxes of one company. `key` is a file with a private key, for SFTP."""

    server: Place
    company: str
    password: str = field(default="", repr=False)
    key: Path | None = None
    passphrase: str = field(default="", repr=False)

    def fits(self, place: Place, company: str) -> bool:
        """Whether it is for that place and company."""
        mine = (self.server.way, self.server.user, self.server.host, self.server.port)
        return mine == (place.way, place.user, place.host, place.port) and self.company in (company, ANY)


def read_logins(path: Path | None) -> tuple[Login, ...]:
    """Read the file: a table `[[login]]` for each, with server and company, and password or key; none without a file.

    Raises:
        UsageError: it cannot be read, others may read it, or something in it is wrong; never repeats a value.
    """
    if path is None:
        return ()
    try:
        if path.stat().st_mode & _OTHERS:
            raise UsageError(f"{path}: others may read it: chmod 600 {path}")
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: the logins cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageError(f"{path}: this is no TOML") from None
    entries = tree.get("login", [])
    if set(tree) - {"login"} or not isinstance(entries, list):
        raise UsageError(f"{path}: write tables [[login]] and nothing else")
    return tuple(_login(path, number, entry) for number, entry in enumerate(entries, 1))


def login_for(logins: tuple[Login, ...], place: Place, company: str) -> Login:
    """The login for a place; one that names the company goes before one for all.

    Raises:
        NotKeptError: there is none; says what to write.
    """
    fitting = sorted((one for one in logins if one.fits(place, company)), key=lambda one: one.company == ANY)
    if not fitting:
        text = (
            f"there is no login for {place.way}://{place.user}@... of {company}: add one to the file of archive.logins"
        )
        raise NotKeptError(text)
    return fitting[0]


def _login(path: Path, number: int, entry: Any) -> Login:
    where = f"{path}: login {number}"
    if not isinstance(entry, Mapping) or set(entry) - _KEYS or not all(isinstance(one, str) for one in entry.values()):
        raise UsageError(f"{where}: write {', '.join(sorted(_KEYS))}, each as text")
    try:
        server = parse_place(entry.get("server", ""))
    except ValueError as error:
        raise UsageError(f"{where}: server: {error}") from None
    if not server.user or server.folder:
        raise UsageError(f"{where}: server: write it as sftp://USER@HOST, without a folder")
    if not entry.get("company"):
        raise UsageError(f"{where}: say whose it is: company = a name, or {ANY!r} for all")
    key = path.parent / entry["key"] if entry.get("key") else None
    if key is not None and (not key.is_file() or key.stat().st_mode & _OTHERS):
        raise UsageError(f"{where}: key must name a file that is there and that nobody else may read")
    return Login(server, entry["company"], entry.get("password", ""), key, entry.get("passphrase", ""))
