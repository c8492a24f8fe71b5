"""Trunks: whether they place calls, and by which of several a call goes first.

What lives here: states, routes, and what an ending teaches about the next route. What does not: lines that are free
(`gateway.store.claims`), what carries the calls (`gateway.fax`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.outcome import Outcome
from gateway.domain.retry_policy import Walk, walk_of


class TrunkState(StrEnum):
    """What a trunk does with jobs that are ready; calls that run go on in every state."""

    OPEN = "open"
    PAUSED = "paused"  # takes no new call, until it is resumed
    DRAINING = "draining"  # takes none either, for it will be taken out of service


class Mode(StrEnum):
    """How a trunk carries a fax."""

    AUDIO = "audio"  # modem signals in sound
    T38 = "t38"  # their contents in packets (T.38)


@dataclass(frozen=True, slots=True)
class Route:
    """A trunk as one of several ways; where all else is equal, calls go by the first that has a free line."""

    name: str
    lines: int
    mode: Mode = Mode.AUDIO


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk as the store knows it: `lines` as the daemon last said, calls as they run now over all processes."""

    name: str
    lines: int
    state: TrunkState
    calls: int = 0


def in_order(routes: Sequence[Route], first: str) -> tuple[Route, ...]:
    """The routes, beginning with one and going on in their order, then from the start; as they are if it is unknown."""
    names = [route.name for route in routes]
    at = names.index(first) if first in names else 0
    return (*routes[at:], *routes[:at])


def next_route(routes: Sequence[Route], used: str, kept: str, outcome: Outcome, detail: str = "") -> str:
    """The name of the trunk that the next call should go by first; empty for any.

    A full network asks for the next route; ends that could not agree for the next that carries faxes the other way,
    sound in place of packets or back. Other endings teach nothing, so what earlier ones taught holds.

    Args:
        routes: all of them, in their order.
        used: the name of the one that the call went by.
        kept: what earlier calls of the job taught.
        outcome: how the call ended.
        detail: the sub-type.
    """
    used_first = in_order(routes, used)
    if not used_first or used_first[0].name != used:
        return kept
    walk, others = walk_of(outcome, detail), used_first[1:]
    if walk is Walk.NEGOTIATION:
        others = tuple(route for route in others if route.mode is not used_first[0].mode)
    elif walk is not Walk.FAST_BUSY:
        return kept
    return others[0].name if others else kept
