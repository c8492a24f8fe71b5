"""The one writer of a process: it puts all works that wait into one transaction, each in a savepoint of its own.

What lives here: who is committed with whom, and what becomes of the others when one fails. What does not: what the
works do, connections for reading (`database`), turns among processes (`turns`).

A commit costs a sync of the disk, so it is shared: while one is under way, works gather for the next. Nobody hears of
success before the commit that holds his work. A work may be called again after it was rolled back, for it met another
process's; so it must not keep anything but its answer.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from gateway.store.engines import BEGUN, translated
from gateway.store.strands import outcome
from gateway.store.transaction import Transaction
from gateway.store.turns import Turns

T = TypeVar("T")
Work = Callable[[Any], T]  # called with a session, or by hand with the driver's cursor
MOST_SECONDS = 0.02  # a batch takes no more works after so long: others wait for the lock
MOST_SECONDS_OF_SERVER = 0.05  # there they wait for the same rows only, and each work takes some trips to it
MOST_WORKS = 200  # in one batch
MOST_TRIES = 3
# Serialization failure, deadlock, lock not had in time: https://www.postgresql.org/docs/current/errcodes-appendix.html
_MET_ANOTHER = frozenset({"40001", "40P01", "55P03"})


@dataclass(frozen=True, slots=True)
class Tally:
    """What a writer did so far: works that were written, the commits they took, and the seconds of those."""

    works: int = 0
    commits: int = 0
    seconds: float = 0.0
    largest: int = 0

    def and_one(self, works: int, seconds: float) -> "Tally":
        """After one commit more."""
        return Tally(self.works + works, self.commits + 1, self.seconds + seconds, max(self.largest, works))


class _Caught:
    """Keeps what is raised inside, which is another thread's matter: it is raised there again."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> "_Caught":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> bool:
        self.error = error
        return True


@dataclass(slots=True)
class _Order(Generic[T]):
    """A work, and the answer that somebody waits for. One that is `alone` shares no transaction."""

    work: Work[T]
    by_hand: bool
    done: Future[T] = field(default_factory=Future)
    answer: list[T] = field(default_factory=list)  # one, when it was given
    tries: int = 0
    alone: bool = False

    def fail(self, error: BaseException, url: URL) -> None:
        """Tell why it was not written, unless an answer was given."""
        with _Caught() as caught, translated(url):
            raise error
        if caught.error is not None and not self.done.done():
            self.done.set_exception(caught.error)

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(self.answer[-1])

    def met_another(self, error: BaseException) -> bool:
        """Whether it failed for another process's work only, and not too often."""
        code = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
        return code in _MET_ANOTHER and self.tries < MOST_TRIES


class Writer:
    """Takes works from any thread and writes them in the order in which they came."""

    def __init__(self, engine: Engine, turns: Turns | None) -> None:
        self._engine = engine.execution_options(**{BEGUN: turns is not None})
        self._turns = turns
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer", initializer=self._remember)
        self._ident = 0
        self._lock = threading.Lock()
        self._waiting: deque[_Order[Any]] = deque()
        self._called = False
        self._kept: Connection | None = None
        self.tally = Tally()
        self.committed: Callable[[int, float], None] = lambda _works, _seconds: None

    def write(self, work: Work[T], *, by_hand: bool = False) -> T:
        """Have a work written, and wait for it.

        Raises:
            RuntimeError: a work asks for another, which would wait for itself.
        """
        if threading.get_ident() == self._ident:
            raise RuntimeError("a work of the store asks for another write: it would wait for itself")
        return outcome(self.submit(work, by_hand=by_hand))

    def submit(self, work: Work[T], *, by_hand: bool = False) -> Future[T]:
        """Have a work written; its answer is there when it is committed."""
        order = _Order(work, by_hand)
        with self._lock:
            self._waiting.append(order)
            self._call()
        return order.done

    def close(self) -> None:
        """Write what waits, and end."""
        self._thread.shutdown(wait=True)
        self._drop()
        if self._turns is not None:
            self._turns.close()

    def _remember(self) -> None:
        self._ident = threading.get_ident()

    def _call(self) -> None:
        """Have the thread look at what waits, unless it is about to."""
        if not self._called:
            self._called = True
            self._thread.submit(self._work_off)

    def _work_off(self) -> None:
        """One batch. What waits after it, or came too late to be seen, is the next one's."""
        with self._lock:
            self._called = False
            waiting = len(self._waiting)
        taken: list[_Order[Any]] = []
        with _Caught() as caught:
            self._batch(taken)
        if caught.error is not None:
            # Without a transaction nobody was taken; who waited for it hears why there is none.
            taken = taken or [self._waiting.popleft() for _ in range(waiting)]
            for order in taken:
                order.fail(caught.error, self._engine.url)
        with self._lock:
            if self._waiting:
                self._call()

    def _batch(self, taken: list[_Order[Any]]) -> None:
        """Take works and write them; those that are `taken` and have no answer yet are in it."""
        done: list[_Order[Any]] = []
        with self._transaction() as transaction:
            began = time.monotonic()
            until = began + (MOST_SECONDS_OF_SERVER if self._turns is None else MOST_SECONDS)
            while len(done) < MOST_WORKS and time.monotonic() < until:
                order = self._next(first=not done)
                if order is None:
                    break
                taken.append(order)
                if not self._try(transaction, order, done):
                    break
            self._settle(transaction, done, began)

    def _next(self, *, first: bool) -> _Order[Any] | None:
        with self._lock:
            if not self._waiting or (self._waiting[0].alone and not first):
                return None
            return self._waiting.popleft()

    def _try(self, transaction: Transaction, order: _Order[Any], done: list[_Order[Any]]) -> bool:
        """Call one work, in a savepoint unless it is the first; whether the batch may go on."""
        order.tries += 1
        with _Caught() as caught:
            order.answer.append(transaction.run(order.work, by_hand=order.by_hand, first=not done))
        if caught.error is None:
            done.append(order)
            return not order.alone
        if done and not transaction.is_open:
            # A full disk or a lost server took the others' works along: each shows alone what it is to blame for.
            self._again([*done, order])
            done.clear()
        elif order.met_another(caught.error):
            self._again([order])
        else:
            order.fail(caught.error, self._engine.url)
        return bool(done)

    def _again(self, orders: list[_Order[Any]]) -> None:
        for order in reversed(orders):
            order.alone = True
            self._waiting.appendleft(order)

    def _settle(self, transaction: Transaction, done: list[_Order[Any]], began: float) -> None:
        if not done:
            return
        with _Caught() as caught:
            transaction.commit()
        if caught.error is None:
            seconds = time.monotonic() - began
            self.tally = self.tally.and_one(len(done), seconds)
            self.committed(len(done), seconds)
        for order in done:
            order.succeed() if caught.error is None else order.fail(caught.error, self._engine.url)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """A transaction that has begun; what was not committed is rolled back at the end.

        Raises:
            DBAPIError: it cannot be begun; nothing else is raised here.
        """
        connection, self._kept = self._kept or self._connected(), None
        transaction, well = Transaction(connection), False
        try:
            transaction.begin(self._turns)
            yield transaction
            with _Caught():
                well = transaction.end()
        finally:
            self._let_go(connection, well=well)

    def _connected(self) -> Connection:
        connection = self._engine.connect()
        if self._turns is not None:
            connection.connection.cursor().execute("PRAGMA busy_timeout = 0")  # the wait is ours, in turns
        return connection

    def _let_go(self, connection: Connection, *, well: bool) -> None:
        """One to a file is kept for the next batch: giving it back costs as much as a commit."""
        if self._turns is not None:
            self._turns.ended()
        if well and self._turns is not None:
            self._kept = connection
            return
        if not well:
            connection.invalidate()
        connection.close()

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.invalidate()  # it does not wait for locks, as those of the pool do
            self._kept.close()
            self._kept = None
