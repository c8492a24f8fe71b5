"""The queue as a person looks at it: rows of a table, or one object for programs.

What lives here: which figures, in which order, in which words. What does not: looking (`sight`), writing
(`gateway.cli.output`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.alarms import Alarm, Depth, Lease, QueueLook, RunningLook, Totals
from gateway.store import gauges
from gateway.store.alarms import raised
from gateway.watch.sight import Lookout, Sight

COLUMNS = ("what", "state", "count", "oldest", "detail")
CALL_COLUMNS = ("trunk", "line", "job", "destination", "attempt", "seconds", "pages")
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Status:
    """One look. `since` are the alarms that daemons have raised; `calls` run, `totals` were ever."""

    sight: Sight
    look: QueueLook
    since: tuple[tuple[Alarm, datetime], ...]
    calls: tuple[RunningLook, ...]
    totals: Totals


def status(lookout: Lookout) -> Status:
    """Look once.

    Raises:
        UnavailableError: the store cannot be read.
    """
    look, sight = lookout.look(), lookout.sight()
    db = lookout.db
    return Status(sight, sight.look or look, raised(db), gauges.running(db), gauges.totals(db))


def rows(seen: Status) -> list[Row]:
    """A row for each state, trunk, group of processes and alarm."""
    look = seen.look
    return [
        *_depths("jobs", look.jobs, look.now),
        *_depths("mails", look.submissions, look.now),
        *_depths("notices", look.outbox, look.now),
        _row("notices", "dead", look.dead, detail=f"{look.dead_lately} in the last day" if look.dead_lately else ""),
        *_depths("received", look.forwardings, look.now),
        _row("received", "unmailed", look.unmailed_lately, detail="in the last day" if look.unmailed_lately else ""),
        *_depths("archive", look.archive, look.now),
        _row("archive", "failed", look.unarchived_lately, detail="in the last day" if look.unarchived_lately else ""),
        *_trunks(look),
        *_processes(look),
        _row("disk", "free", f"{seen.sight.room.free / 1e9:.1f} GB", detail=f"of {seen.sight.room.whole / 1e9:.1f} GB"),
        *_alarms(seen),
    ]


def call_rows(seen: Status) -> list[Row]:
    """A row for each call that runs."""
    return [
        {
            "trunk": call.trunk,
            "line": call.line,
            "job": call.job,
            "destination": call.destination,
            "attempt": call.number,
            "seconds": max(0, round((seen.look.now - call.started).total_seconds())),
            "pages": f"{call.pages_sent} of {call.pages}",
        }
        for call in seen.calls
    ]


def pace(before: Totals, after: Totals, seconds: float) -> str:
    """How fast jobs, calls and notices came between two looks."""
    came = {
        "jobs": after.jobs - before.jobs,
        "calls": after.calls - before.calls,
        "notices": after.notices - before.notices,
    }
    told = (f"{60 * count / max(seconds, 0.001):.0f} {name}" for name, count in came.items())
    return f"{', '.join(told)} a minute"


def as_object(seen: Status) -> dict[str, object]:
    """All of it for programs: ages in seconds, times in UTC."""
    look = seen.look
    return {
        "now": look.now,
        "jobs": _counted(look.jobs, look.now),
        "submissions": _counted(look.submissions, look.now),
        "outbox": {**_counted(look.outbox, look.now), "dead": {"count": look.dead, "lately": look.dead_lately}},
        "received": {**_counted(look.forwardings, look.now), "unmailed": {"lately": look.unmailed_lately}},
        "archive": {**_counted(look.archive, look.now), "failed": {"lately": look.unarchived_lately}},
        "trunks": [
            {"trunk": one.name, "lines": one.lines, "calls": one.calls.count, "free": one.free, "paused": one.paused}
            for one in look.trunks
        ],
        "processes": {"alive": len(_alive(look)), "lost": len(look.leases) - len(_alive(look))},
        "disk": {"free": seen.sight.room.free, "size": seen.sight.room.whole},
        "alarms": [{"kind": row["state"], "since": row["since"], "detail": row["detail"]} for row in _alarms(seen)],
        "calls": call_rows(seen),
    }


def _depths(what: str, depths: Mapping[str, Depth], now: datetime) -> Iterator[Row]:
    for state, depth in depths.items():
        age = depth.age(now)
        yield _row(what, state, depth.count, oldest=_span(age) if depth.since is not None else "")


def _trunks(look: QueueLook) -> Iterator[Row]:
    for trunk in look.trunks:
        state = "paused" if trunk.paused else "open"
        oldest = _span(trunk.calls.age(look.now)) if trunk.calls.count else ""
        yield _row(f"trunk {trunk.name}", state, trunk.calls.count, oldest=oldest, detail=f"of {trunk.lines} lines")


def _processes(look: QueueLook) -> Iterator[Row]:
    alive = _alive(look)
    yield _row("processes", "alive", len(alive), detail=", ".join(sorted({lease.host for lease in alive})))
    if len(alive) < len(look.leases):
        yield _row("processes", "lost", len(look.leases) - len(alive))


def _alive(look: QueueLook) -> list[Lease]:
    return [lease for lease in look.leases if lease.until > look.wall]


def _alarms(seen: Status) -> Iterator[dict[str, object]]:
    """What is stuck now, and what daemons say of other machines."""
    since = {alarm.kind: (alarm, at) for alarm, at in seen.since}
    now = {alarm.kind: alarm for alarm in seen.sight.alarms}
    for kind in sorted({*since, *now}):
        at = since[kind][1] if kind in since else None
        alarm = now.get(kind) or since[kind][0]
        age = _span(seen.look.wall - at) if at is not None else ""
        yield {**_row("ALARM", kind.value, "", oldest=age, detail=alarm.detail), "since": at}


def _counted(depths: Mapping[str, Depth], now: datetime) -> dict[str, object]:
    return {
        state: {"count": depth.count, "oldest_seconds": round(depth.age(now).total_seconds(), 1)}
        for state, depth in depths.items()
    }


def _row(what: str, state: str, count: object, *, oldest: str = "", detail: str = "") -> dict[str, object]:
    return {"what": what, "state": state, "count": count, "oldest": oldest, "detail": detail}


def _span(age: timedelta) -> str:
    """A span of time in the two units that matter."""
    seconds = max(0, round(age.total_seconds()))
    for unit, size, smaller in (("d", 86400, ("h", 3600)), ("h", 3600, ("min", 60)), ("min", 60, ("s", 1))):
        if seconds >= size:
            name, part = smaller
            return f"{seconds // size} {unit} {seconds % size // part} {name}"
    return f"{seconds} s"
