"""Adding up what flows tell: totals, buckets, bounded labels, and lines from one process to another."""

import threading

import pytest

from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.watch.counts import BUCKETS, LINE_OCTETS, MOST_LABELS, OTHER, Counts, Sum


def test_a_counter_grows_by_what_is_told_for_each_set_of_labels() -> None:
    counts = Counts()

    for trunk, pages in (("one", 2), ("two", 5), ("one", 1)):
        counts.tell(Metric.PAGES, pages, trunk)
    counts.tell(Metric.JOBS)

    assert counts.sums() == {
        (Metric.PAGES, ("one",)): Sum(3),
        (Metric.PAGES, ("two",)): Sum(5),
        (Metric.JOBS, ()): Sum(1),
    }


def test_an_observation_falls_into_the_first_bucket_that_holds_it() -> None:
    counts = Counts()

    for seconds in (0.0005, 0.001, 0.0011, 4.9, 99.0):
        counts.tell(Metric.COMMIT_SECONDS, seconds)

    [kept] = counts.sums().values()
    assert (kept.observed, round(kept.total, 4)) == (5, 103.9026)
    assert kept.buckets == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]


def test_sums_that_were_handed_out_do_not_grow_any_more() -> None:
    counts = Counts()
    counts.tell(Metric.COMMIT_WORKS, 3)
    before = counts.sums()

    counts.tell(Metric.COMMIT_WORKS, 3)

    assert before[Metric.COMMIT_WORKS, ()].buckets == [0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_labels_are_bounded_whatever_is_told() -> None:
    counts = Counts()

    for number in range(MOST_LABELS + 40):
        counts.tell(Metric.REFUSALS, 1, f"rule {number}")

    sums = counts.sums()
    assert len(sums) == MOST_LABELS + 1
    assert sums[Metric.REFUSALS, (OTHER,)] == Sum(40)


def test_what_one_process_drained_another_takes_to_its_own() -> None:
    child, parent = Counts(), Counts()
    for counts in (child, parent):
        counts.tell(Metric.MAILS, 1, "accepted")
        counts.tell(Metric.COMMIT_SECONDS, 0.004)

    for line in child.drained():
        parent.take(line)

    sums = parent.sums()
    assert sums[Metric.MAILS, ("accepted",)] == Sum(2)
    assert sums[Metric.COMMIT_SECONDS, ()].buckets[2] == 2
    assert child.sums() == {}
    assert list(child.drained()) == []


def test_lines_between_processes_stay_short_and_lose_nothing() -> None:
    child, parent = Counts(), Counts()
    for metric in Metric:
        for number in range(50):
            child.tell(metric, number, f"label {number}")
    expected = child.sums()

    lines = list(child.drained())
    for line in lines:
        parent.take(line)

    assert len(lines) > 1
    assert all(len(line) < LINE_OCTETS + 200 < 4096 and b"\n" not in line for line in lines)
    assert parent.sums() == expected


def test_threads_that_tell_at_once_lose_nothing() -> None:
    counts = Counts()

    def tell() -> None:
        for _ in range(2000):
            counts.tell(Metric.RENDER_SECONDS, 0.3)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts.sums()[Metric.RENDER_SECONDS, ()].observed == 8000


@pytest.mark.parametrize("metric", list(BUCKETS))
def test_bounds_of_buckets_rise(metric: Metric) -> None:
    assert list(BUCKETS[metric]) == sorted(set(BUCKETS[metric]))


def test_nobody_takes_no_notice() -> None:
    tally: Tally = NOBODY

    tally.tell(Metric.CALLS, 1, "one", "Success")

    assert not hasattr(tally, "__dict__") or vars(tally) == {}
