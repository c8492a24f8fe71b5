"""A PostgreSQL server for tests: started once per test process, on loopback, in a folder of its own, ended with it.

The server of Debian's package is used, never a cluster that runs already. It does not run as root: who is root runs it
as the package's user `postgres`. With CI set a missing server is a failure, elsewhere a reason to skip.
"""

import atexit
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from samples.demo import free_port

USER = "postgres"
START_SECONDS = 60
# Durable as in production; the rest keeps it small.
OPTIONS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


@dataclass
class Server:
    """One cluster: made by `make`, started and stopped as often as a test likes."""

    binaries: Path
    folder: Path
    port: int
    options: dict[str, str] = field(default_factory=dict)
    _running: subprocess.Popen[bytes] | None = None

    @classmethod
    def make(cls, folder: Path, **options: str) -> "Server":
        """A new cluster in a folder that is made; skips, or fails with CI set, where there is no server."""
        server = cls(binaries(), folder, free_port(), OPTIONS | options)
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        made = ("--auth=trust", "--username=faxgw", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        server._run("initdb", "--pgdata", str(folder / "cluster"), *made)
        return server

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgresql+psycopg://faxgw@127.0.0.1:{self.port}/postgres"

    def start(self) -> "Server":
        """Start, and wait until it answers; after a crash that is when it has recovered."""
        words = [f"-c{name}={value}" for name, value in self.options.items()]
        log = (self.folder / "log").open("ab")
        with log:
            # The server ends with us, also when we are killed.
            command = [
                "setpriv",
                "--pdeathsig=QUIT",
                str(self.binaries / "postgres"),
                "-D",
                str(self.folder / "cluster"),
            ]
            self._running = subprocess.Popen(
                [*command, f"-p{self.port}", *words], stdout=log, stderr=log, cwd=self.folder, **_identity()
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._running.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.02)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is the fast stop, SIGQUIT the immediate one, which is a crash."""
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(START_SECONDS)
            self._running = None

    def remove(self) -> None:
        """End it at once and take its folder away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def new_database(self, template: str = "template1") -> str:
        """The URL of a new database, empty or a copy of one that nobody is connected to."""
        name = f"t_{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return make_url(self.url).set(database=name).render_as_string()

    def drop(self, url: str) -> None:
        """Take a database away, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """One statement outside of any transaction."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self.binaries / "pg_isready", "-q", "-h127.0.0.1", f"-p{self.port}"], check=False, cwd=self.folder
        )
        return asked.returncode == 0

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self.binaries / name), *arguments]
        ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.folder, **_identity())
        assert ran.returncode == 0, ran.stderr


def binaries() -> Path:
    """The folder of the newest server installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found or shutil.which("setpriv") is None:
        _cannot("PostgreSQL is not installed: apt-get install postgresql")
    if os.geteuid() == 0 and not _has_user():
        _cannot(f"PostgreSQL does not run as root, and there is no user {USER}")
    return found[-1].parent


@functools.cache
def server() -> Server:
    """The server of this test process."""
    folder = new_folder()
    made = Server.make(folder / "server").start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(made.remove)
    return made


def new_folder() -> Path:
    """A folder for a cluster; its user must pass through, so it lies in no test's own."""
    folder = Path(tempfile.mkdtemp(prefix="faxgw-postgresql-"))
    folder.chmod(0o755)
    return folder


def postgresql_url() -> str:
    """The URL of a new and empty database on the server of this test process."""
    return server().new_database()


def _identity() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": USER, "group": USER, "extra_groups": []}


def _has_user() -> bool:
    return any(entry.pw_name == USER for entry in pwd.getpwall())


def _cannot(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
