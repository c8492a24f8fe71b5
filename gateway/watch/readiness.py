"""Whether mail can be taken and worked on now: facts, each looked up anew when somebody asks.

What lives here: the facts and which of them are needed. What does not: whether the process is alive (`health`), pages
(`watch`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.domain.alarms import QueueLook, Room
from gateway.domain.errors import GatewayError

GREETING_SECONDS = 5.0
GREETING = b"220"  # RFC 5321 4.2


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was looked up. What is `needed` and not `ok` makes us not ready."""

    name: str
    ok: bool
    detail: str
    needed: bool = True


def is_ready(facts: Sequence[Fact]) -> bool:
    """Whether all is well that is needed."""
    return all(fact.ok for fact in facts if fact.needed)


def store_fact(written: bool | None, trouble: str = "") -> Fact:
    """`written` is None when a commit failed, of which `trouble` tells, and False when this process was given up."""
    if written is None:
        return Fact("store", False, trouble)
    return Fact("store", written, "can be written" if written else "this process was given up for dead")


def disk_fact(room: Room, reserve: int) -> Fact:
    """Below `reserve` octets no mail is taken."""
    return Fact("disk", room.free > reserve, f"{room.free / 1e9:.1f} GB free of {room.whole / 1e9:.1f}")


def lease_fact(look: QueueLook | None, ours: Sequence[int]) -> Fact:
    """Without a lease a process must not claim; of several one is enough."""
    leases = [lease for lease in look.leases if lease.process in ours] if look else []
    if look is None or not leases:
        return Fact("lease", False, "unknown")
    left = [(lease.until - look.wall).total_seconds() for lease in leases]
    several = f", the least of {len(left)}" if len(left) > 1 else ""
    return Fact("lease", max(left) > 0, f"{min(left):.0f} s left{several}")


def lines_fact(look: QueueLook | None) -> Fact:
    """Busy or paused lines keep no mail away: it waits."""
    trunks = look.trunks if look else ()
    told = ", ".join(
        f"{trunk.name} paused" if trunk.paused else f"{trunk.name} {trunk.free} of {trunk.lines} free"
        for trunk in trunks
    )
    return Fact("lines", any(trunk.free and not trunk.paused for trunk in trunks), told or "unknown", needed=False)


async def bucket_fact(ask: Callable[[], Awaitable[object]]) -> Fact:
    """Whether the bucket answers `ask`. While it does not, what must be kept there waits or is put off."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            await ask()
    except TimeoutError:
        return Fact("bucket", False, f"no answer in {GREETING_SECONDS:.0f} s", needed=False)
    except GatewayError:
        return Fact("bucket", False, "cannot be read", needed=False)
    return Fact("bucket", True, "answers", needed=False)


async def relay_fact(host: str, port: int) -> Fact:
    """Whether the relay greets us. While it does not, notices wait, and faxes go on."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            greeting = await _greeting(host, port)
    except (OSError, TimeoutError, ValueError) as error:
        return Fact("relay", False, f"not reached: {type(error).__name__}", needed=False)
    greets = greeting.startswith(GREETING)
    return Fact("relay", greets, "reachable" if greets else "does not greet as a mail server", needed=False)


async def _greeting(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, limit=4096)
    try:
        greeting = await reader.readline()
        writer.write(b"QUIT\r\n")
        with suppress(OSError):
            await writer.drain()
        return greeting
    finally:
        writer.close()
