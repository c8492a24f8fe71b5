"""Answers about the tree that are remembered until the tree changes.

What lives here: the memory that the front door asks with every recipient and every mail. What does not: the questions
(`tree`, `covers`), and how a change is noticed (`tree_version`).
"""

import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from gateway.store.database import Database
from gateway.store.tree_version import TreeVersion

MOST_ANSWERS = 10_000  # some hundred octets each
P = ParamSpec("P")
T = TypeVar("T")


class NotKnownError(Exception):
    """The answer is not at hand: ask where one may wait for the database."""


class Answers:
    """What is known of the tree at one version of it; any number of threads may ask. Without `db` it reads nothing."""

    def __init__(self, known: dict[object, object], db: Database | None) -> None:
        self._known = known
        self._db = db

    def ask(self, question: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        """What a store function answers that reads nothing but the tree; it is called once for the same arguments.

        Raises:
            NotKnownError: it was not asked before, and this is only what is at hand.
            GatewayError: as the question does; errors are not remembered.
        """
        key = (question, arguments, *named.items())
        if key in self._known:
            return cast(T, self._known[key])
        if self._db is None:
            raise NotKnownError
        answer = question(self._db, *arguments, **named)
        if len(self._known) < MOST_ANSWERS:
            self._known[key] = answer
        return answer


class KnownTree:
    """The tree as it is now, remembered as far as it was asked about."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._version = TreeVersion(db)
        self._lock = threading.Lock()
        self._known_at = 0
        self._known: dict[object, object] = {}

    def now(self) -> Answers:
        """What holds at this moment; what is not known is read. For threads that may wait.

        Raises:
            UnavailableError: the database is out of reach.
        """
        return Answers(self._current(), self._db)

    def at_hand(self) -> Answers:
        """What holds at this moment, without waiting for a server or a query; for the event loop.

        Raises:
            NotKnownError: not even whether the tree has changed can be known without waiting.
            UnavailableError: as `now`.
        """
        if not self._db.is_near:
            raise NotKnownError
        return Answers(self._current(), None)

    def _current(self) -> dict[object, object]:
        """The memory of the present version. Who reads while the tree changes leaves his answer in the old memory."""
        version = self._version.read()
        with self._lock:
            if version != self._known_at or len(self._known) >= MOST_ANSWERS:
                self._known_at, self._known = version, {}
            return self._known
