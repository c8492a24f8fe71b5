"""A session with PostgreSQL of a process's own: it holds the process's guard, and hears news.

What lives here: keeping that session, and taking it up again when it was lost. What does not: what is news (`news`),
what a guard is for (`guard`).

It must lead to the server itself: a pooler of transactions gives neither locks of a session nor news.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from sqlalchemy import URL, make_url

from gateway.store import guard
from gateway.store.database import Database
from gateway.store.engines import application_name
from gateway.store.news import CHANNEL

EVERYTHING = ""  # the topic when something may have been missed
LOOK_SECONDS = 0.5
AGAIN_SECONDS = 0.5
# A network that swallows everything shows after ten seconds (libpq 34.1.2, of TCP).
_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "connect_timeout": 5}


class DirectLine:
    """The session of one process, in a thread. `heard` is called there with a topic, after each loss with EVERYTHING.

    Other processes' news is handed on, our own is not.
    """

    def __init__(self, db: Database, url: str, process_id: int, heard: Callable[[str], None]) -> None:
        self._dialect = db.dialect
        self._url: URL = make_url(url) if url else db.url
        self._process_id = process_id
        self._heard = heard
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="direct", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the session, and the guard with it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2 * LOOK_SECONDS + _ALIVE["connect_timeout"])

    def _run(self) -> None:
        driver: Any = self._dialect.loaded_dbapi
        while not self._stopping.is_set():
            try:
                with closing(self._connected(driver)) as session:
                    self._attend(session)
            except driver.Error:
                self._stopping.wait(AGAIN_SECONDS)

    def _connected(self, driver: Any) -> Any:
        _, arguments = self._dialect.create_connect_args(self._url)
        return driver.connect(**arguments, **_ALIVE, application_name=application_name(), autocommit=True)

    def _attend(self, session: Any) -> None:
        """Hold the guard and listen, until told to stop; the driver's error when the session is lost."""
        guard.take(session.cursor(), self._process_id)
        session.execute(f"LISTEN {CHANNEL}")
        self._heard(EVERYTHING)
        while not self._stopping.is_set():
            for note in session.notifies(timeout=LOOK_SECONDS):
                topic, _, sender = note.payload.partition(" ")
                if sender != application_name():
                    self._heard(topic)
                if self._stopping.is_set():
                    return
