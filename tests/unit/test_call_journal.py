"""The journal of a call: what is in it when, what is read back after each kind of end, and full disks."""

import gc
import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.broken_call import Fate, JournaledCall, fate_of
from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.fax.call_journal import CallJournal, JournaledTransport, OpenJournal
from gateway.fax.transport import CallOrder, CallWatch

UID = "5f0c"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> CallJournal:
    return CallJournal(tmp_path / "calls")


def order(first: int = 0, leading: int = 0) -> CallOrder:
    return CallOrder(UID, "+12025550101", Path("fax.tif"), first_page=first, leading=leading)


def report(cause: Cause = Cause.DONE, pages: int = 0, *, doubt: bool = False) -> CallReport:
    return CallReport(UID, NOW, NOW + timedelta(minutes=1), cause, Phase.RELEASE, pages, last_page_in_doubt=doubt)


def watching(opened: OpenJournal, heard: Callable[[str], None] = lambda _fact: None) -> CallWatch:
    return opened.watch(CallWatch(lambda index: heard(f"page {index}"), lambda: False, lambda: heard("last page")))


def lines(journal: CallJournal) -> list[dict[str, object]]:
    return [json.loads(line) for line in (journal.folder / f"{UID}.jsonl").read_text().splitlines()]


@contextmanager
def full_disk(journal: CallJournal, room: int = 10) -> Iterator[None]:
    """The journal's file may grow by so many octets only."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (journal.folder / f"{UID}.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# What is written, and when.


def test_a_call_is_known_before_it_is_dialled(journal: CallJournal) -> None:
    assert journal.read(UID) is None

    journal.begin(order())

    assert journal.read(UID) == JournaledCall(UID)
    assert [line["event"] for line in lines(journal)] == ["dial"]


def test_a_fact_is_in_the_journal_before_anybody_else_hears_of_it(journal: CallJournal) -> None:
    opened = journal.begin(order())
    seen: list[tuple[str, object]] = []
    watch = watching(opened, lambda fact: seen.append((fact, lines(journal)[-1]["event"])))

    watch.page_confirmed(0)
    watch.last_page_sent()
    watch.page_confirmed(1)

    assert seen == [("page 0", "page"), ("last page", "last-page"), ("page 1", "page")]
    assert [line.get("final") for line in lines(journal)] == [None, False, None, True]


def test_each_fact_is_synced_and_the_folder_too(journal: CallJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr("os.fdatasync", lambda _file: synced.append("line"))
    monkeypatch.setattr("os.fsync", lambda _file: synced.append("folder"))

    watch = watching(journal.begin(order()))
    watch.page_confirmed(0)
    watch.last_page_sent()

    assert synced == ["line", "folder", "line", "line"]


# What is read back.


def test_pages_are_counted_from_the_first_page_of_the_call(journal: CallJournal) -> None:
    watch = watching(journal.begin(order(first=2)))

    watch.page_confirmed(2)
    watch.page_confirmed(3)

    assert journal.read(UID) == JournaledCall(UID, pages_confirmed=2)


def test_a_page_that_leads_the_call_is_none_of_the_jobs(journal: CallJournal) -> None:
    watch = watching(journal.begin(order(first=2, leading=1)))
    counts = []

    for index in (2, 3):
        watch.page_confirmed(index)
        found = journal.read(UID)
        counts.append(found.pages_confirmed if found else None)

    assert counts == [0, 1]


@pytest.mark.parametrize(("doubt", "may_hold"), [(True, True), (False, False)])
def test_the_end_tells_whether_the_last_page_is_in_doubt(journal: CallJournal, doubt: bool, may_hold: bool) -> None:
    opened = journal.begin(order())
    watching(opened).last_page_sent()

    opened.end(report(Cause.DISCONNECTED_AFTER_PAGE, doubt=doubt))

    found = journal.read(UID)
    assert found == JournaledCall(UID, last_page_sent=True, ended=True, in_doubt=doubt)
    assert found.may_hold_last_page is may_hold


def test_a_call_that_broke_off_behind_its_last_page_may_have_delivered_it(journal: CallJournal) -> None:
    watching(journal.begin(order())).last_page_sent()

    found = journal.read(UID)

    assert found is not None
    assert found.may_hold_last_page


@given(cut=st.integers(0, 400))
def test_a_journal_cut_anywhere_says_no_more_than_the_whole_one_and_no_line_by_half(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    journal = CallJournal(tmp_path_factory.mktemp("journal"))
    watch = watching(journal.begin(order()))
    watch.page_confirmed(0)
    watch.last_page_sent()
    watch.page_confirmed(1)
    path = journal.folder / f"{UID}.jsonl"
    octets = path.read_bytes()[:cut]
    path.write_bytes(octets)

    found = journal.read(UID)

    facts = {0: None, 1: (0, False), 2: (1, False), 3: (1, True), 4: (2, True)}
    told = found and (found.pages_confirmed, found.last_page_sent)
    assert told == facts[octets.count(b"\n")]


def test_nothing_behind_a_damaged_line_is_believed(journal: CallJournal) -> None:
    watch = watching(journal.begin(order()))
    for index in range(3):
        watch.page_confirmed(index)
    path = journal.folder / f"{UID}.jsonl"
    first, second, third, fourth = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second + b"\0" * (len(third) - 1) + b"\n" + fourth)

    assert journal.read(UID) == JournaledCall(UID, pages_confirmed=1)


@pytest.mark.parametrize("octets", [b"", b"[]\n", b"17\n", b'{"event": "page", "index": 3}\n', b"\xff\xfe\n", b"{}\n"])
def test_a_file_that_is_no_journal_tells_nothing(journal: CallJournal, octets: bytes) -> None:
    journal.begin(order()).close()
    (journal.folder / f"{UID}.jsonl").write_bytes(octets)

    assert journal.read(UID) is None


def test_the_journal_of_another_call_under_this_name_tells_nothing(journal: CallJournal) -> None:
    watching(journal.begin(order())).page_confirmed(0)
    (journal.folder / f"{UID}.jsonl").rename(journal.folder / "other.jsonl")

    assert journal.read("other") is None


@given(octets=st.binary(max_size=200))
def test_no_octets_make_the_reading_fail(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    journal = CallJournal(tmp_path_factory.mktemp("journal"))
    journal.begin(order()).close()
    path = journal.folder / f"{UID}.jsonl"
    path.write_bytes(path.read_bytes() + octets)

    found = journal.read(UID)

    assert found is not None
    assert not found.last_page_sent


def test_a_uid_is_no_path(journal: CallJournal) -> None:
    with pytest.raises(ValueError, match="no call's uid"):
        journal.read("../../etc/passwd")


def test_journals_are_listed_and_forgotten(journal: CallJournal) -> None:
    journal.begin(order()).close()

    assert journal.kept() == [UID]
    journal.forget(UID)
    journal.forget(UID)
    assert (journal.kept(), journal.read(UID)) == ([], None)


# Disks that do not take it.


def test_a_call_that_cannot_be_written_down_is_not_dialled(tmp_path: Path) -> None:
    (tmp_path / "calls").write_text("a file where the folder should be")

    with pytest.raises(UnavailableError, match="cannot be written"):
        CallJournal(tmp_path / "calls").begin(order())


def test_a_full_disk_leaves_no_half_line(journal: CallJournal) -> None:
    opened = journal.begin(order())
    heard: list[str] = []
    watch = watching(opened, heard.append)

    with full_disk(journal), pytest.raises(UnavailableError):
        watch.page_confirmed(0)
    watch.last_page_sent()

    assert heard == ["last page"]
    assert [line["event"] for line in lines(journal)] == ["dial", "last-page"]


def test_a_last_answer_that_could_not_be_kept_leaves_the_last_page_in_doubt(journal: CallJournal) -> None:
    opened = journal.begin(order())
    watch = watching(opened)
    watch.last_page_sent()

    with full_disk(journal):
        with pytest.raises(UnavailableError):
            watch.page_confirmed(0)
        ended = opened.end(report(Cause.LOCAL_ERROR))

    assert (ended.pages_confirmed, ended.last_page_in_doubt) == (0, True)


def test_an_end_that_cannot_be_kept_is_no_matter(journal: CallJournal) -> None:
    opened = journal.begin(order())

    with full_disk(journal):
        ended = opened.end(report(Cause.BUSY))

    assert ended == report(Cause.BUSY)
    assert journal.read(UID) == JournaledCall(UID)


def test_a_closed_journal_takes_nothing_and_writes_into_no_other_file(journal: CallJournal) -> None:
    opened = journal.begin(order())
    watch = watching(opened)
    opened.close()

    with (journal.folder / "next").open("wb") as next_file, pytest.raises(UnavailableError, match="closed"):
        watch.page_confirmed(0)

    assert Path(next_file.name).read_bytes() == b""


# Around a way of calling.


class Calling:
    """A way of calling that confirms two pages."""

    async def place(self, _order: CallOrder, watch: CallWatch) -> CallReport:
        watch.page_confirmed(0)
        watch.last_page_sent()
        watch.page_confirmed(1)
        return report(pages=2)


async def test_any_way_of_calling_has_its_calls_kept(journal: CallJournal) -> None:
    watch = CallWatch(lambda _index: None, lambda: False, lambda: None)

    ended = await JournaledTransport(Calling(), journal.begin(order())).place(order(), watch)

    assert ended == report(pages=2)
    assert [line["event"] for line in lines(journal)] == ["dial", "page", "last-page", "page", "end"]


async def test_what_was_written_before_a_lost_claim_stays(journal: CallJournal) -> None:
    def lost() -> None:
        raise LostClaimError("another process's by now")

    watch = CallWatch(lambda _index: None, lambda: False, lost)
    with pytest.raises(LostClaimError):
        await JournaledTransport(Calling(), journal.begin(order())).place(order(), watch)

    found = journal.read(UID)
    assert found == JournaledCall(UID, pages_confirmed=1, last_page_sent=True, withheld=True)
    assert not found.may_hold_last_page


def test_a_journal_that_nobody_waits_for_any_more_is_closed(journal: CallJournal) -> None:
    gc.collect()  # what other tests left
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - pathlib's way opens one more

    for _ in range(5):
        journal.begin(order())
    gc.collect()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_the_folder_of_journals_is_made_for_the_first_call_and_again_when_it_is_gone(journal: CallJournal) -> None:
    journal.begin(order()).close()
    journal.forget(UID)
    journal.folder.rmdir()

    journal.begin(order()).close()

    assert journal.kept() == [UID]


# What it comes to.


@pytest.mark.parametrize(
    ("pages", "confirmed", "out", "fate"),
    [
        (3, 3, True, Fate.CONFIRMED),
        (3, 3, False, Fate.CONFIRMED),
        (3, 2, True, Fate.UNCONFIRMED),
        (3, 2, False, Fate.NOT_CONFIRMED),
        (3, 1, True, Fate.NOT_CONFIRMED),
        (3, 0, False, Fate.NOT_CONFIRMED),
        (1, 0, True, Fate.UNCONFIRMED),
        (0, 0, False, Fate.NOT_CONFIRMED),
    ],
)
def test_the_verdict_on_a_call_that_broke_off(pages: int, confirmed: int, out: bool, fate: Fate) -> None:
    assert fate_of(pages, confirmed, last_page_out=out) is fate
