"""What each of several equal processes goes by: its share of what the settings allow the whole daemon.

What lives here: dividing. What does not: the processes (`serving_processes`).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.settings import Settings


def shares_of(settings: Settings, port: int) -> tuple[Settings, ...]:
    """The settings of each process of `[queue] processes`; `port` is where all of them take mail.

    Renderers, connections to the relay and to archives, and lines for calls that come in are divided, at least one for
    each. Lines for calls that go out are counted in the store: each process may use all that are free.
    """
    return tuple(_share(settings, port, number) for number in range(settings.queue.processes))


def processors_of(count: int, ours: Sequence[int]) -> tuple[int, ...]:
    """The processor that each of so many processes keeps to, of those that are `ours`; -1 where they are too few."""
    return tuple(ours[:count]) if 1 < count <= len(ours) else (-1,) * count


def _share(settings: Settings, port: int, number: int) -> Settings:
    count = settings.queue.processes

    def part(whole: int) -> int:
        return max(1, whole // count + (number < whole % count))

    return replace(
        settings,
        smtp=replace(settings.smtp, port=port),
        rendering=replace(settings.rendering, workers=part(settings.rendering.workers)),
        relay=replace(settings.relay, connections=part(settings.relay.connections)),
        archive=replace(settings.archive, connections=part(settings.archive.connections)),
        inbound=replace(settings.inbound, lines=part(settings.inbound.lines)),
        http=replace(settings.http, port=0),
    )
