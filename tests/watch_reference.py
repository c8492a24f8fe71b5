"""Writes gateway/watch/README.md, what can be watched, from the lists themselves: part of `make docs`."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from gateway.domain.alarms import AlarmKind, Depth, Lease, QueueLook, Room, TrunkLook
from gateway.domain.tally import Metric
from gateway.log_events import EVENTS
from gateway.watch.counts import Counts
from gateway.watch.metrics import COUNTED, exposition
from gateway.watch.sight import Sight

TARGET = Path(__file__).parents[1] / "gateway" / "watch" / "README.md"
TOP = """# Watching the gateway

Made by `make docs` from the lists in the code; a test fails when it is not current.

## Pages

`faxgw serve` answers GET on the address of `[http]`, which is 127.0.0.1:8026 unless it is said otherwise. Who may
connect may read: no page tells of a person, a number, a subject or a file, but keep them inside all the same.

| page | tells | status |
|---|---|---|
| `/metrics` | the figures below, for Prometheus | 200 |
| `/healthz` | whether the process is alive: its workers move, none has ended by itself | 200, or 503 |
| `/readyz` | whether mail can be taken and worked on, by which facts; and what is stuck | 200, or 503 |

Facts of `/readyz`: `listener` (mail is taken), `store` (a commit was made just now), `disk` (room for mail), `lease`
(the others hold us for alive), and, told but not needed, `lines`, `relay`, and `bucket` where there is one: while it is
away large mails are put off. Let a balancer go by `/readyz`, and who
restarts processes by `/healthz`; systemd is told by itself (`config/faxgw.service`). Nothing is looked up more than
once a second, however many ask.

In the terminal: `faxgw queue status`, and `faxgw queue top` for a view that goes on.

## Alarms

Limits stand in `[alarms]` of the settings file. An alarm is logged once, as `alarm-raised`, and once when it is over;
it is a figure, and stands in `/readyz` and in `faxgw queue status`. With `[alarms] mail` a mail is sent, at most one
an hour of a kind.

| kind | when |
|---|---|
"""
_ALARMS = {
    AlarmKind.JOB_LATE: "a job has been due for longer than `job_minutes`, and not every trunk is paused",
    AlarmKind.CALL_TOO_LONG: "a call, out or in, has lasted longer than `call_minutes`",
    AlarmKind.NOT_RENDERED: "a mail was taken `render_minutes` ago, and has no pages yet",
    AlarmKind.OUTBOX_OLD: "a notice, or a received fax to be mailed, has waited for `outbox_minutes`",
    AlarmKind.DEAD_LETTERS: "so many notices as `dead_letters` were given up within a day",
    AlarmKind.FAX_UNMAILED: "a received fax of the last day could not be mailed, and nobody has had it mailed again",
    AlarmKind.ARCHIVE_OLD: "a copy of a fax has waited for its archive for `archive_minutes`",
    AlarmKind.ARCHIVE_FAILED: "a copy of the last day was given up, or its fax was erased before",
    AlarmKind.NO_FREE_LINE: "every line of a trunk is busy, and a job has been due for `line_minutes`",
    AlarmKind.DISK_LOW: "less than `free_octets` are free where `[storage] folder` lies; of each machine by itself",
    AlarmKind.LEASE_TROUBLE: "nobody takes over what a dead process left, two leases after its end",
}
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_LOOK = QueueLook(
    _AT, _AT, {"ready": Depth()}, {"accepted": Depth()}, {"waiting": Depth()}, 0, 0,
    (TrunkLook("one", 1, Depth()),), (Lease(1, "here", _AT),), {"waiting": Depth()}, 0, {"waiting": Depth()}, 0,
    {"receiving": Depth()},
)  # fmt: skip


def reference() -> str:
    """The whole page."""
    alarms = "".join(f"| `{kind.value}` | {_ALARMS[kind]} |\n" for kind in AlarmKind)
    return f"{TOP}{alarms}\n## Figures\n\n{_figures()}\n## Events in the log\n\n{_events()}"


FIGURES = """Counters (they end in `_total`) and histograms are of one daemon with all its processes, since its
start; add them up over nodes. The others are of the whole store and the same on each node: take the maximum.

| figure | labels | tells |
|---|---|---|
"""
EVENTS_HEAD = """One line an event on standard error, as JSON, or with `[logs] format = "text"` as words. Numbers are
masked, and of an error only kind and place are told. What is not in this table is never logged.

| event | means | fields |
|---|---|---|
"""


def _figures() -> str:
    rows = (f"| `{name}` | {', '.join(labels)} | {words} |\n" for name, labels, words in sorted(_families()))
    return FIGURES + "".join(rows)


def _families() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, labels and words of each figure, as Prometheus would read them."""
    counts = Counts()
    for metric in Metric:
        counts.tell(metric, 1, *("x" for _ in COUNTED[metric].labels))
    text = exposition(counts.sums(), replace(Sight(_LOOK, Room(1, 1), (), (1,), "1"), alarms=())).decode()
    counted = {f"faxgw_{told.name}": told.labels for told in COUNTED.values()}
    for family in text_string_to_metric_families(text):
        kinds = {"counter": "_total", "histogram": " (histogram)", "info": "_info"}
        first = family.samples[0]
        labels = counted.get(family.name, tuple(first.labels))
        yield family.name + kinds.get(family.type, ""), labels, family.documentation


def _events() -> str:
    rows = (f"| `{name}` | {event.about} | {', '.join(event.fields)} |\n" for name, event in EVENTS.items())
    return EVENTS_HEAD + "".join(rows)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{TARGET} written\n")
