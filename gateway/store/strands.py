"""How plain functions wait: in a thread by blocking it, on the event loop by letting the loop go on meanwhile.

What lives here: running a plain function on the loop, and the two things it may wait for: another thread's answer, and
what only a thread may do. What does not: who waits for what (`database`, the flows).

A step that decides, reads a little and writes once is over in less time than two threads take to pass it on and to
fight about the interpreter's lock. So such a step runs `at_once` on the loop, as a greenlet: where it must wait, it
gives the loop back, and goes on when the answer is there. What takes more than a millisecond or two, or waits for the
disk, is done `apart`. A function that knows nothing of all this works in a thread as it does here.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

T = TypeVar("T")
P = ParamSpec("P")
_going_on: set[asyncio.Task[Any]] = set()  # strands whose caller waits no longer


class _Strand(greenlet):
    """A function on the loop; it gives its parent what it waits for, and in the end its answer."""


async def at_once(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """As `asyncio.to_thread`, on the loop's own thread.

    As there, the function goes on to its end when who called it waits no longer (`asyncio.CancelledError`).
    """
    strand = _Strand(functools.partial(function, *args, **kwargs))
    awaited = strand.switch()
    if strand.dead:
        return cast(T, awaited)  # it had nothing to wait for
    return cast(T, await _follow(strand, awaited))


async def _follow(strand: _Strand, awaited: Awaitable[Any]) -> Any:
    """Await what a strand waits for, again and again; its answer."""
    while not strand.dead:
        waited = asyncio.ensure_future(awaited)
        try:
            await asyncio.wait([waited])
        except asyncio.CancelledError:
            rest = asyncio.ensure_future(_follow(strand, waited))
            _going_on.add(rest)
            rest.add_done_callback(_forgotten)
            raise
        error = asyncio.CancelledError() if waited.cancelled() else waited.exception()
        awaited = strand.throw(error) if error else strand.switch(waited.result())
    return awaited


def _forgotten(task: asyncio.Task[Any]) -> None:
    """Nobody waits for it: what it raised has no hearer, as in a thread."""
    _going_on.discard(task)
    if not task.cancelled():
        task.exception()


def outcome(future: Future[T]) -> T:
    """The answer of another thread, or what it raised."""
    here = getcurrent()
    if isinstance(here, _Strand) and not future.done():
        return _await(here, asyncio.wrap_future(future))  # type: ignore[no-any-return]
    return future.result()


def apart(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What must not hold up the loop: in a thread of its own from there, and right here from a thread."""
    here = getcurrent()
    if isinstance(here, _Strand):
        return _await(here, asyncio.to_thread(function, *args, **kwargs))  # type: ignore[no-any-return]
    return function(*args, **kwargs)


def _await(strand: _Strand, awaited: Awaitable[Any]) -> Any:
    assert strand.parent is not None  # who called `at_once`
    return strand.parent.switch(awaited)
