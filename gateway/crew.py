"""The workers of one process, by its roles.

What lives here: which workers each role has, and what wakes them. What does not: their steps (`flows`), what they share
(`shared`), opening and closing that (`app`).
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.archivists import archivists
from gateway.bearings import wall_clock
from gateway.domain.lease import BEATS
from gateway.domain.roles import Role
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.flows.call_in import CallIn
from gateway.flows.forward import Forward
from gateway.flows.keep import Keep
from gateway.flows.notify import KEEP_SECONDS, Notify
from gateway.flows.prepare import Prepare, RenderLimits
from gateway.flows.receive import Lines, Receive
from gateway.flows.retain import Retain
from gateway.flows.tend import Tend
from gateway.flows.tidy import Tidy
from gateway.flows.transmit import Transmit, Trunk
from gateway.postbag import Postbag
from gateway.relaying import relay_of
from gateway.running_call import NOTE_EACH
from gateway.settings import CallingTrunk
from gateway.shared import Shared
from gateway.store import trunks
from gateway.store.known_tree import KnownTree
from gateway.worker import ANYTHING, Interest, Topic, Worker

LOOKS_IN_LEASE = 60  # at how we stand
TIDY_EACH = 1.0  # seconds between two moments of a sweep
RETAIN_EACH = 10.0  # seconds between two looks for documents whose time is over
RENDERS = Interest((Topic.PREPARE,), (Topic.LINES, Topic.MAIL))
CALLS = Interest((Topic.LINES, Topic.FREE), (Topic.LINES, Topic.FREE, Topic.MAIL, Topic.ARCHIVE))
MAILS = Interest((Topic.MAIL,), (Topic.MAIL,))
FORWARDS = Interest((Topic.FORWARD,), (Topic.FORWARD, Topic.MAIL))
FAR_CALLS = Interest((Topic.INBOUND,), (Topic.INBOUND,))
UNWOKEN = Interest(hears=())  # it goes by its own time
SILENT = Interest((), ())


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers: those that claim, and those that every process has.

    `cut` breaks off what is in work. `return_left` gives back what was claimed and not begun, when those that
    claim have ended.
    """

    claiming: tuple[Worker, ...]
    keeping: tuple[Worker, ...]
    cut: Callable[[], None]
    return_left: Callable[[], None]

    @property
    def all(self) -> tuple[Worker, ...]:
        """All of them."""
        return self.claiming + self.keeping

    def joined_by(self, others: Iterable[Worker]) -> "Crew":
        """The same with some more that every process has."""
        return replace(self, keeping=(*self.keeping, *others))


def gather(shared: Shared, roles: Iterable[Role], lost: Callable[[], None]) -> Crew:
    """The workers of these roles; `lost` is called when the process has lost its lease and must start anew."""
    bag = Postbag(shared.process.id, shared.owed) if Role.MAIL in roles else None
    shared = replace(shared, bag=bag, receive=_receiver(shared))
    makers = {
        Role.PREPARE: _renderers,
        Role.LINES: _callers,
        Role.MAIL: lambda shared: [*_posters(shared), *archivists(shared)],
        Role.INBOUND: _far_callers,
    }
    claiming = tuple(worker for role in roles if role in makers for worker in makers[role](shared))

    def cut() -> None:
        for worker in claiming:
            worker.cut()

    def return_left() -> None:
        for give_back in shared.left:
            give_back()

    keeping = (*_keepers(shared, cut, lost, return_left), _tender(shared), *_tidiers(shared, roles))
    return Crew(claiming, keeping, cut, return_left)


def _renderers(shared: Shared) -> list[Worker]:
    rendering = shared.settings.rendering
    prepare = Prepare(
        db=shared.db,
        spool=shared.spool,
        clock=shared.clock,
        composer=shared.composer,
        process=shared.process.id,
        work=shared.work,
        limits=RenderLimits(rendering.max_pages, rendering.max_seconds, rendering.max_memory),
        owed=shared.owed,
        gate=shared.gate(RENDERS, "submission"),
        leftover_gate=shared.gate(RENDERS, "content"),
        tally=shared.tally,
        post=shared.bag,
        known=KnownTree(shared.db),
    )
    shared.left.append(prepare.return_left)
    return shared.workers("prepare", rendering.workers, prepare.next, RENDERS)


def _callers(shared: Shared) -> list[Worker]:
    routes = shared.settings.calling.routes()
    trunks.register(shared.db, routes)
    transmit = Transmit(
        db=shared.db,
        spool=shared.spool,
        clock=shared.clock,
        trunks=_trunks(shared),
        composer=shared.composer,
        process=shared.process.id,
        journal=shared.journal,
        owed=shared.owed,
        gate=shared.gate(CALLS, "job"),
        hang_up=shared.must_hang_up,
        cancels=functools.partial(shared.bell.rung, Topic.CANCEL),
        tally=shared.tally,
        post=shared.bag,
    )
    shared.left.append(transmit.return_left)
    lines = shared.workers("transmit", sum(route.lines for route in routes), transmit.next, CALLS)
    return [*lines, Worker("note", transmit.note, shared.bell, NOTE_EACH, SILENT)]


def _far_callers(shared: Shared) -> list[Worker]:
    """One more than lines: so that it may happen that a far end hears busy."""
    far_calls = CallIn(
        db=shared.db,
        spool=shared.spool,
        transport=_carrier(shared, shared.settings.calling.all_trunks[0]),
        process=shared.process.id,
        gate=shared.gate(FAR_CALLS, "simulated_call"),
    )
    return shared.workers("call-in", shared.settings.inbound.lines + 1, far_calls.next, FAR_CALLS)


def _receiver(shared: Shared) -> Receive:
    return Receive(
        db=shared.db,
        spool=shared.spool,
        clock=shared.clock,
        process=shared.process.id,
        lines=Lines(shared.settings.inbound.lines),
        owed=shared.owed,
        hang_up=shared.must_hang_up,
        tally=shared.tally,
    )


def _posters(shared: Shared) -> list[Worker]:
    relay = relay_of(shared.settings)
    notify = Notify(
        db=shared.db,
        clock=shared.clock,
        relay=relay,
        process=shared.process.id,
        owed=shared.owed,
        gate=shared.gate(MAILS, "outbox"),
        tally=shared.tally,
        bag=shared.bag,
        spool=shared.spool,
        keep=KEEP_SECONDS,
    )
    shared.left.extend((notify.return_left, relay.kept.close))
    forward = Forward(
        db=shared.db,
        spool=shared.spool,
        clock=shared.clock,
        relay=relay,
        voice=shared.composer.voice,
        process=shared.process.id,
        owed=shared.owed,
        gate=shared.gate(FORWARDS, "forwarding"),
        tally=shared.tally,
    )
    posters = shared.workers("notify", shared.settings.relay.connections, notify.next, MAILS)
    return [*posters, *shared.workers("forward", 1, forward.next, FORWARDS)]


def _keepers(
    shared: Shared, cut: Callable[[], None], lost: Callable[[], None], return_left: Callable[[], None]
) -> list[Worker]:
    """None of them is woken by the bell, and none is kept from its work by a late lease."""
    receive = shared.receive or _receiver(shared)
    keep = Keep(shared.lease, shared.clock, shared.composer, shared.owed, shared.journal, cut, lost, return_left)
    ttl, poll = shared.settings.queue.lease_seconds, shared.settings.queue.poll_seconds
    return [
        Worker("lease", keep.beat, shared.bell, ttl / BEATS, UNWOKEN),
        Worker("heed", keep.heed, shared.bell, ttl / LOOKS_IN_LEASE, SILENT),
        Worker("relieve", keep.relieve, shared.bell, poll, UNWOKEN),
        Worker("receive", receive.next, shared.bell, poll, UNWOKEN),
    ]


def _tidiers(shared: Shared, roles: Iterable[Role]) -> list[Worker]:
    """Who renders makes most of the contents, and looks after them; copies of a bucket's everybody has to himself."""
    tidy = Tidy(shared.db, shared.spool)
    retain = Retain(shared.db, shared.spool, shared.clock, wall_clock)
    renders = Role.PREPARE in roles
    tidiers = [Worker("tidy", tidy.next, shared.bell, TIDY_EACH, SILENT)]
    keepers = [Worker("retain", retain.next, shared.bell, RETAIN_EACH, SILENT)]
    return [*(tidiers if renders or shared.settings.storage.spool else []), *(keepers if renders else [])]


def _tender(shared: Shared) -> Worker:
    """A clock that leaps does so as soon as all is quiet; what goes by time can wait for the next look."""
    tend = Tend(
        db=shared.db,
        clock=shared.clock,
        wall=wall_clock,
        composer=shared.composer,
        process=shared.process,
        work=shared.work,
        journal=shared.journal,
    )
    leaps = not shared.settings.simulator.speed
    interest = ANYTHING if leaps else UNWOKEN
    return Worker("tend", tend.next, shared.bell, shared.settings.queue.poll_seconds, interest)


def _trunks(shared: Shared) -> list[Trunk]:
    """Each with an exchange of its own, as with a provider of its own; what they hear goes to one folder."""
    return [Trunk(trunk.route, _carrier(shared, trunk)) for trunk in shared.settings.calling.all_trunks]


def _carrier(shared: Shared, trunk: CallingTrunk) -> SimulatorTransport:
    settings = shared.settings
    exchange = Exchange.load([Path(trunk.scenario)] if trunk.scenario else [], settings.simulator.seed)
    return SimulatorTransport(exchange, shared.clock, settings.storage.folder / "simulator", shared.receive)
