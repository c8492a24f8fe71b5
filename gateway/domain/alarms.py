"""When somebody must be told that something is stuck: a look at the queue, held against limits.

What lives here: what a look shows, the limits, and the judgement. What does not: looking (`gateway.store.gauges`), and
telling (`gateway.watch`). Nothing is remembered here: the same look gives the same alarms.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class AlarmKind(StrEnum):
    """What may be stuck."""

    JOB_LATE = "job-late"
    CALL_TOO_LONG = "call-too-long"
    NOT_RENDERED = "not-rendered"
    OUTBOX_OLD = "outbox-old"
    DEAD_LETTERS = "dead-letters"
    FAX_UNMAILED = "fax-unmailed"
    ARCHIVE_OLD = "archive-old"
    ARCHIVE_FAILED = "archive-failed"
    NO_FREE_LINE = "no-free-line"
    DISK_LOW = "disk-low"
    LEASE_TROUBLE = "lease-trouble"


# Of one machine; the others are of the store, which all nodes see alike.
OF_A_HOST = frozenset({AlarmKind.DISK_LOW})


@dataclass(frozen=True, slots=True)
class Depth:
    """How many there are of a kind, and since when the oldest has been waiting: None when none has reason to."""

    count: int = 0
    since: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        """How long the oldest has waited; zero for one whose time is still to come."""
        return max(timedelta(), now - self.since) if self.since is not None else timedelta()


NONE = Depth()


@dataclass(frozen=True, slots=True)
class TrunkLook:
    """A trunk: its lines, and the calls on it. `paused` trunks place none."""

    name: str
    lines: int
    calls: Depth
    paused: bool = False

    @property
    def free(self) -> int:
        """Lines without a call."""
        return max(0, self.lines - self.calls.count)


@dataclass(frozen=True, slots=True)
class RunningLook:
    """A call that runs. The destination is masked; `number` counts the job's calls, pages are those of the job."""

    trunk: str
    line: int
    job: str
    destination: str
    number: int
    started: datetime
    pages_sent: int
    pages: int


@dataclass(frozen=True, slots=True)
class Totals:
    """How many jobs, calls and notices there ever were, roughly: for how fast they come."""

    jobs: int
    calls: int
    notices: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A process that holds a lease, by number and machine."""

    process: int
    host: str
    until: datetime


@dataclass(frozen=True, slots=True)
class QueueLook:
    """The queue at one moment: `now` by the gateway's clock, `wall` by the machine's, which leases go by.

    `jobs`, `submissions` and `outbox` are by state; final states are left out, for they only grow. `dead` counts mails
    that were given up, `dead_lately` those of the last day without letters to the postmaster. `forwardings` are
    received faxes that are to become mails, `unmailed_lately` counts those of the last day that could not. `archive`
    are copies on their way, `unarchived_lately` counts those of the last day that were given up or lost. `received` are
    calls that come in, and those whose end nobody has settled.
    """

    now: datetime
    wall: datetime
    jobs: Mapping[str, Depth]
    submissions: Mapping[str, Depth]
    outbox: Mapping[str, Depth]
    dead: int
    dead_lately: int
    trunks: tuple[TrunkLook, ...]
    leases: tuple[Lease, ...]
    forwardings: Mapping[str, Depth] = field(default_factory=dict)
    unmailed_lately: int = 0
    archive: Mapping[str, Depth] = field(default_factory=dict)
    unarchived_lately: int = 0
    received: Mapping[str, Depth] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """The disk of spool and store on one machine, in octets."""

    free: int
    whole: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something counts as stuck; `lease` is how long after its end a lease may lie unclaimed."""

    job: timedelta
    call: timedelta
    render: timedelta
    outbox: timedelta
    line: timedelta
    lease: timedelta
    dead_letters: int
    free_octets: int
    archive: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is stuck: `detail` says how much, in figures and names of trunks and machines alone."""

    kind: AlarmKind
    detail: str


def alarms(look: QueueLook, room: Room, limits: Thresholds) -> tuple[Alarm, ...]:
    """What is stuck now, in the order of the kinds; one alarm of a kind at most."""
    found = (
        *_stuck_jobs(look, limits),
        *_stuck_mails(look, limits),
        *_stuck_copies(look, limits),
        *_stuck_machines(look, room, limits),
    )
    return tuple(sorted(found, key=lambda alarm: list(AlarmKind).index(alarm.kind)))


def _stuck_jobs(look: QueueLook, limits: Thresholds) -> Iterator[Alarm]:
    due = max(look.jobs.get(state, NONE).age(look.now) for state in ("ready", "waiting"))
    if due > limits.job and not all(trunk.paused for trunk in look.trunks):
        yield Alarm(AlarmKind.JOB_LATE, f"a job has been due for {_told(due)}")
    lasted = max(depth.age(look.now) for depth in (look.jobs.get("calling", NONE), *look.received.values()))
    if lasted > limits.call:
        yield Alarm(AlarmKind.CALL_TOO_LONG, f"a call has lasted {_told(lasted)}")
    full = [trunk.name for trunk in look.trunks if trunk.lines and not trunk.free and not trunk.paused]
    if full and look.jobs.get("ready", NONE).age(look.now) > limits.line:
        yield Alarm(AlarmKind.NO_FREE_LINE, f"every line of {', '.join(full)} is busy while jobs wait")


def _stuck_mails(look: QueueLook, limits: Thresholds) -> Iterator[Alarm]:
    unrendered = max((depth.age(look.now) for depth in look.submissions.values()), default=timedelta())
    if unrendered > limits.render:
        yield Alarm(AlarmKind.NOT_RENDERED, f"a mail was taken {_told(unrendered)} ago and has no pages yet")
    depths = (*look.outbox.values(), *look.forwardings.values())
    waiting = max((depth.age(look.now) for depth in depths), default=timedelta())
    if waiting > limits.outbox:
        yield Alarm(AlarmKind.OUTBOX_OLD, f"a mail to be sent has waited {_told(waiting)}")
    if look.dead_lately >= limits.dead_letters:
        yield Alarm(AlarmKind.DEAD_LETTERS, f"{look.dead_lately} mails of the last day could not be delivered")
    if look.unmailed_lately:
        yield Alarm(
            AlarmKind.FAX_UNMAILED, f"received faxes of the last day that no mail was made of: {look.unmailed_lately}"
        )


def _stuck_copies(look: QueueLook, limits: Thresholds) -> Iterator[Alarm]:
    waiting = max((depth.age(look.now) for depth in look.archive.values()), default=timedelta())
    if waiting > limits.archive:
        yield Alarm(AlarmKind.ARCHIVE_OLD, f"a copy for an archive has waited {_told(waiting)}")
    if look.unarchived_lately:
        words = f"copies of the last day that did not get to their archive: {look.unarchived_lately}"
        yield Alarm(AlarmKind.ARCHIVE_FAILED, words)


def _stuck_machines(look: QueueLook, room: Room, limits: Thresholds) -> Iterator[Alarm]:
    if room.free < limits.free_octets:
        yield Alarm(AlarmKind.DISK_LOW, f"{room.free / 1e9:.1f} GB are free where faxes are kept")
    lost = [lease for lease in look.leases if look.wall - lease.until > limits.lease]
    if lost:
        names = ", ".join(f"{lease.process} on {lease.host}" for lease in lost)
        yield Alarm(AlarmKind.LEASE_TROUBLE, f"nobody takes over what process {names} left")


def _told(span: timedelta) -> str:
    """A span as people say it."""
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
