"""The figures as Prometheus reads them: what was counted, and what the store and the disk show at the moment.

What lives here: the names and words that Prometheus sees, and the text. What does not: counting (`counts`), looking
(`gateway.store.gauges`), answering requests (`answerer`). Counters are of one daemon with all its processes; the
figures of the queue are of the whole store, so that all nodes tell the same: take their maximum, not their sum.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from gateway.domain.alarms import AlarmKind, QueueLook
from gateway.domain.tally import Metric
from gateway.watch.counts import BUCKETS, Key, Sum
from gateway.watch.sight import Sight

PREFIX = "faxgw_"


@dataclass(frozen=True, slots=True)
class Told:
    """How a counted figure is called by Prometheus, and what it says."""

    name: str
    words: str
    labels: tuple[str, ...] = ()


COUNTED: Mapping[Metric, Told] = {
    Metric.MAILS: Told("mails_taken", "Mails answered with 250", ("kind",)),
    Metric.JOBS: Told("jobs_accepted", "Jobs that mails became"),
    Metric.REFUSALS: Told("mails_refused", "Recipients and mails refused in the SMTP session", ("rule",)),
    Metric.RENDERS: Told("renders", "Mails that rendering ended for", ("ended",)),
    Metric.RENDER_SECONDS: Told("render_seconds", "Time to render one mail"),
    Metric.CALLS: Told("calls_ended", "Calls that ended", ("trunk", "outcome")),
    Metric.CALL_SECONDS: Told("call_seconds", "Length of calls, by the gateway's clock", ("trunk",)),
    Metric.PAGES: Told("pages_sent", "Pages that far ends confirmed", ("trunk",)),
    Metric.INBOUND_CALLS: Told("inbound_calls", "Calls that rang at our lines", ("ended",)),
    Metric.INBOUND_PAGES: Told("inbound_pages", "Pages of other machines that we confirmed"),
    Metric.FORWARDINGS: Told("faxes_forwarded", "Received faxes that became mails, or could not", ("ended",)),
    Metric.NOTICES: Told("notices", "Notices that the relay was offered", ("ended",)),
    Metric.ARCHIVED: Told("archive_copies", "Copies of faxes that were tried", ("kind", "ended")),
    Metric.COMMIT_SECONDS: Told("commit_seconds", "Time of a write to the store with its commit"),
    Metric.COMMIT_WORKS: Told("commit_works", "Pieces of work that shared a commit"),
    Metric.FAILED_STEPS: Told("steps_failed", "Steps of workers that an error ended", ("worker",)),
}


class _Seen(Collector):
    """Hands over what there is; nothing is kept between two questions."""

    def __init__(self, sums: Mapping[Key, Sum], sight: Sight) -> None:
        self._sums = sums
        self._sight = sight

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily | InfoMetricFamily]:
        """The families, in an order that stays."""
        sight = self._sight
        yield InfoMetricFamily(f"{PREFIX}build", "The version that runs", value={"version": sight.version})
        yield from _counted(self._sums)
        yield _gauge("store_readable", "1 while the store can be read", float(sight.look is not None))
        yield _gauge("disk_free_octets", "Room on the disk of spool and store", sight.room.free)
        yield _gauge("disk_size_octets", "Size of the disk of spool and store", sight.room.whole)
        raised = {alarm.kind for alarm in sight.alarms}
        yield _labelled("alarm", "1 while something is stuck", "kind", {kind: kind in raised for kind in AlarmKind})
        if sight.look is not None:
            yield from _looked(sight.look, sight.ours)


def exposition(sums: Mapping[Key, Sum], sight: Sight) -> bytes:
    """The text that Prometheus reads (exposition format 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Seen(sums, sight))
    return generate_latest(registry)


def _counted(sums: Mapping[Key, Sum]) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
    for metric, told in COUNTED.items():
        mine = [(labels, one) for (name, labels), one in sorted(sums.items()) if name is metric]
        if metric in BUCKETS:
            yield _histogram(told, BUCKETS[metric], mine)
        else:
            yield _counter(told, mine)


def _counter(told: Told, mine: Iterable[tuple[tuple[str, ...], Sum]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"{PREFIX}{told.name}", told.words, labels=told.labels)
    for labels, one in mine:
        family.add_metric(labels, one.total)
    return family


def _histogram(
    told: Told, bounds: tuple[float, ...], mine: Iterable[tuple[tuple[str, ...], Sum]]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"{PREFIX}{told.name}", told.words, labels=told.labels)
    names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    for labels, one in mine:
        running = [sum(one.buckets[: place + 1]) for place in range(len(names))]
        family.add_metric(labels, list(zip(names, running, strict=True)), one.total)
    return family


def _looked(look: QueueLook, ours: Sequence[int]) -> Iterator[GaugeMetricFamily]:
    open_ones = (
        ("jobs", "job", "Jobs", look.jobs),
        ("submissions", "mail", "Mails", look.submissions),
        ("outbox", "notice", "Notices", look.outbox),
        ("received", "call that comes in", "Calls that come in", look.received),
        ("forwardings", "received fax to be mailed", "Received faxes to be mailed", look.forwardings),
        ("archive", "copy for an archive", "Copies for archives", look.archive),
    )
    for name, one, many, depths in open_ones:
        counts = {state: depth.count for state, depth in depths.items()}
        ages = {state: depth.age(look.now).total_seconds() for state, depth in depths.items()}
        yield _labelled(name, f"{many} that have not ended", "state", counts)
        yield _labelled(f"{name}_oldest_seconds", f"How long the oldest {one} has been due", "state", ages)
    yield _gauge("outbox_dead", "Notices that were given up", look.dead)
    yield _gauge(
        "outbox_dead_lately", "The same, of the last day and without letters to the postmaster", look.dead_lately
    )
    yield _gauge("forwardings_failed_lately", "Received faxes of a day that could not be mailed", look.unmailed_lately)
    yield _gauge("archive_failed_lately", "Copies of a day that were given up or lost", look.unarchived_lately)
    yield _of_trunks("trunk_lines", "Lines", look, lambda place: look.trunks[place].lines)
    yield _of_trunks("trunk_lines_free", "Lines without a call", look, lambda place: look.trunks[place].free)
    yield _of_trunks("trunk_calls", "Calls that run", look, lambda place: look.trunks[place].calls.count)
    yield _of_trunks("trunk_paused", "1 while no call is begun", look, lambda place: look.trunks[place].paused)
    left = {lease.process: (lease.until - look.wall).total_seconds() for lease in look.leases}
    yield _gauge("processes", "Processes with a lease that is not over", sum(seconds > 0 for seconds in left.values()))
    yield _gauge(
        "processes_lost", "Processes whose lease is over, not taken over yet", sum(map(_is_over, left.values()))
    )
    least = min((left.get(process, 0.0) for process in ours), default=0.0)
    yield _gauge("lease_left_seconds", "What is left of this process's lease, or of several the least", least)


def _is_over(seconds: float) -> bool:
    return seconds <= 0


def _of_trunks(name: str, words: str, look: QueueLook, figure: Callable[[int], float]) -> GaugeMetricFamily:
    return _labelled(name, words, "trunk", {trunk.name: figure(place) for place, trunk in enumerate(look.trunks)})


def _gauge(name: str, words: str, figure: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}{name}", words, value=figure)


def _labelled(name: str, words: str, label: str, figures: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}{name}", words, labels=(label,))
    for value, figure in figures.items():
        family.add_metric((str(value),), figure)
    return family
