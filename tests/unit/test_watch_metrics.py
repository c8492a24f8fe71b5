"""The text that Prometheus reads: its parser understands it, names and figures are right, and no label is private."""

from dataclasses import replace
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from gateway.domain.alarms import Alarm, AlarmKind, Depth, Lease, QueueLook, Room, TrunkLook
from gateway.domain.tally import Metric
from gateway.watch.counts import Counts
from gateway.watch.metrics import COUNTED, exposition
from gateway.watch.sight import Sight
from tests.filled_store import NOW, WALL

LOOK = QueueLook(
    now=NOW,
    wall=WALL,
    jobs={"ready": Depth(3, NOW - timedelta(seconds=90)), "waiting": Depth(2, NOW + timedelta(hours=1))},
    submissions={"accepted": Depth(1, NOW - timedelta(seconds=4))},
    outbox={"waiting": Depth(5, NOW - timedelta(seconds=7))},
    dead=6,
    dead_lately=2,
    trunks=(TrunkLook("one", 4, Depth(3, NOW)), TrunkLook("two", 2, Depth(), paused=True)),
    leases=(Lease(7, "here", WALL + timedelta(seconds=20)), Lease(8, "there", WALL - timedelta(seconds=1))),
)
SIGHT = Sight(LOOK, Room(5_000, 9_000), (Alarm(AlarmKind.JOB_LATE, "a job"),), (7,), "1.2.3")
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(counts: Counts, sight: Sight = SIGHT) -> Figures:
    text = exposition(counts.sums(), sight).decode()
    families = list(text_string_to_metric_families(text))
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_the_queue_is_told_by_state_with_depth_and_age() -> None:
    figures = read(Counts())

    assert figures["faxgw_jobs", (("state", "ready"),)] == 3
    assert figures["faxgw_jobs_oldest_seconds", (("state", "ready"),)] == 90
    assert figures["faxgw_jobs_oldest_seconds", (("state", "waiting"),)] == 0
    assert figures["faxgw_submissions_oldest_seconds", (("state", "accepted"),)] == 4
    assert figures["faxgw_outbox", (("state", "waiting"),)] == 5
    assert figures["faxgw_outbox_oldest_seconds", (("state", "waiting"),)] == 7
    assert (figures["faxgw_outbox_dead", ()], figures["faxgw_outbox_dead_lately", ()]) == (6, 2)


def test_trunks_leases_room_and_version_are_told() -> None:
    figures = read(Counts())

    assert [figures["faxgw_trunk_lines_free", (("trunk", name),)] for name in ("one", "two")] == [1, 2]
    assert [figures["faxgw_trunk_paused", (("trunk", name),)] for name in ("one", "two")] == [0, 1]
    assert figures["faxgw_trunk_calls", (("trunk", "one"),)] == 3
    assert (figures["faxgw_processes", ()], figures["faxgw_processes_lost", ()]) == (1, 1)
    assert figures["faxgw_lease_left_seconds", ()] == 20
    assert (figures["faxgw_disk_free_octets", ()], figures["faxgw_disk_size_octets", ()]) == (5_000, 9_000)
    assert figures["faxgw_build_info", (("version", "1.2.3"),)] == 1


def test_every_kind_of_alarm_is_told_raised_or_not() -> None:
    figures = read(Counts())

    raised = {kind: figures["faxgw_alarm", (("kind", kind.value),)] for kind in AlarmKind}
    assert raised == {kind: kind is AlarmKind.JOB_LATE for kind in AlarmKind}


def test_what_was_counted_is_told_as_counters_and_histograms() -> None:
    counts = Counts()
    counts.tell(Metric.CALLS, 1, "one", "Success")
    counts.tell(Metric.CALL_SECONDS, 61, "one")
    counts.tell(Metric.CALL_SECONDS, 20, "one")

    figures = read(counts)

    assert figures["faxgw_calls_ended_total", (("outcome", "Success"), ("trunk", "one"))] == 1
    assert figures["faxgw_call_seconds_sum", (("trunk", "one"),)] == 81
    assert figures["faxgw_call_seconds_count", (("trunk", "one"),)] == 2
    buckets = {key[1][0][1]: value for key, value in figures.items() if key[0] == "faxgw_call_seconds_bucket"}
    assert (buckets["15"], buckets["30"], buckets["60"], buckets["120"], buckets["+Inf"]) == (0, 1, 1, 2, 2)


def test_a_store_that_cannot_be_read_leaves_the_counters_and_says_so() -> None:
    counts = Counts()
    counts.tell(Metric.JOBS, 3)

    figures = read(counts, replace(SIGHT, look=None))

    assert figures["faxgw_store_readable", ()] == 0
    assert figures["faxgw_jobs_accepted_total", ()] == 3
    assert not [name for name, _ in figures if name in ("faxgw_jobs", "faxgw_outbox", "faxgw_processes")]


def test_every_counted_metric_has_a_name_and_words_of_its_own() -> None:
    assert set(COUNTED) == set(Metric)
    assert len({told.name for told in COUNTED.values()}) == len(COUNTED)


def test_no_label_can_name_a_person_a_number_or_a_file() -> None:
    assert {label for told in COUNTED.values() for label in told.labels} == {
        "kind", "rule", "ended", "trunk", "outcome", "worker",
    }  # fmt: skip
