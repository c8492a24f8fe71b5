"""Who works, who waits, who is relieved: the desk's workers, and the desk itself on a bell in this process."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from renderers.libreoffice import bell, desk, messages
from renderers.libreoffice.messages import Answer, Ended, Order
from renderers.libreoffice.pool import Pool, Wear
from renderers.libreoffice.worker import AbsentError, Worker
from tests.office_listener import command


@dataclass
class Starts:
    """Starts workers whose listener stands in for LibreOffice, or fails to; counts."""

    folder: Path
    broken: bool = False
    made: list[Worker] = field(default_factory=list)
    tried: int = 0

    def __call__(self) -> Worker:
        self.tried += 1
        if self.broken:
            raise AbsentError("broken")
        self.made.append(Worker.start(self.folder, command))
        return self.made[-1]


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    (tmp_path / "rooms").mkdir()
    starts = Starts(tmp_path / "rooms")
    yield starts
    for worker in starts.made:
        worker.end()


def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        threading.Event().wait(0.02)
    pytest.fail("it did not come about")


def test_a_worker_serves_again_and_again(starts: Starts) -> None:
    pool = Pool(starts)
    first = pool.take()
    pool.give_back(first)
    assert pool.take() is first
    assert starts.tried == 1


def test_two_documents_at_once_have_two_workers(starts: Starts) -> None:
    pool = Pool(starts)
    assert pool.take() is not pool.take()


def test_no_more_than_the_most_are_at_work(starts: Starts) -> None:
    pool, taken = Pool(starts, most=1), []
    first = pool.take()
    waiter = threading.Thread(target=lambda: taken.append(pool.take()))
    waiter.start()
    assert not taken
    pool.give_back(first)
    waiter.join(10)
    assert taken == [first]


def test_a_fresh_one_has_converted_nothing(starts: Starts) -> None:
    pool = Pool(starts)
    used = pool.take()
    used.documents = 1
    pool.give_back(used)
    fresh = pool.take(fresh=True)
    pool.give_back(fresh)
    assert fresh is not used
    assert pool.take(fresh=True) is fresh


@pytest.mark.parametrize(
    ("wear", "failed"),
    [(Wear(documents=0), False), (Wear(memory=1), False), (Wear(age=-1.0), False), (Wear(), True)],
)
def test_a_worn_worker_serves_until_its_spare_is_there(starts: Starts, wear: Wear, failed: bool) -> None:
    pool = Pool(starts, wear=wear)
    worn = pool.take()
    worn.failed = failed
    pool.give_back(worn)
    until(lambda: not worn.alive)
    pool.wear = Wear()
    assert pool.take() is starts.made[1]
    assert starts.tried == 2


def test_one_relieved_at_its_work_ends_after_it(starts: Starts) -> None:
    pool = Pool(starts)
    worn = pool.take()
    pool._starting += 1
    pool._relieve(worn)
    assert worn.alive
    pool.give_back(worn)
    assert not worn.alive
    assert pool.take() is starts.made[1]


def test_where_no_spare_starts_the_worn_one_goes_on(starts: Starts) -> None:
    pool = Pool(starts, wear=Wear(documents=0))
    worn = pool.take()
    starts.broken = True
    pool.give_back(worn)
    until(lambda: starts.tried == 2)
    assert pool.take() is worn


def test_one_that_died_waiting_is_replaced(starts: Starts) -> None:
    pool = Pool(starts)
    dead = pool.take()
    pool.give_back(dead)
    os.killpg(dead._office, signal.SIGKILL)
    until(lambda: not dead.alive)
    assert pool.take() is not dead
    assert not dead.room.exists()


def test_after_a_failed_start_there_is_a_pause(starts: Starts) -> None:
    pool = Pool(starts)
    starts.broken = True
    for _ in range(5):
        with pytest.raises(AbsentError, match="broken"):
            pool.take()
    assert starts.tried == 1
    starts.broken, pool.pause = False, 0.0
    assert pool.take().alive


def test_idle_workers_end_when_there_is_nothing_to_do_for_long(starts: Starts) -> None:
    pool = Pool(starts)
    worker = pool.take()
    pool.give_back(worker)
    assert not pool.rest()
    pool.wear = Wear(idle=0.0)
    assert pool.rest()
    assert not worker.alive


def test_closing_ends_those_at_work_too(starts: Starts) -> None:
    pool = Pool(starts)
    busy, idle = pool.take(), pool.take()
    pool.give_back(idle)
    pool.close()
    assert not busy.alive
    assert not idle.alive


@pytest.fixture
def ring(starts: Starts) -> Iterator[Callable[[], socket.socket | None]]:
    hung = bell.Bell()
    heard = hung.hang()
    pool = Pool(starts)
    serving = threading.Thread(target=desk.serve, args=(heard, pool))
    serving.start()
    yield hung.ring
    assert hung.ringing is not None
    hung.ringing.close()
    serving.join(10)
    assert not serving.is_alive()
    until(lambda: not pool._starting)
    heard.close()


def told(line: socket.socket | None, order: Order) -> Answer:
    assert line is not None
    with line:
        messages.send_order(line, order)
        return messages.receive_answer(line)


def order(folder: Path, deed: str) -> Order:
    (folder / deed).write_text(deed)
    return Order(str(folder / deed), str(folder / f"{deed}.pdf"), "docx", seconds=20.0)


def test_the_desk_answers_who_rings(ring: Callable[[], socket.socket | None], tmp_path: Path) -> None:
    ends = [told(ring(), order(tmp_path, deed)).ended for deed in ("make", "die", "make", "refuse")]
    assert ends == [Ended.MADE, Ended.CRASHED, Ended.MADE, Ended.REFUSED]


def test_the_desk_says_when_no_worker_starts(
    ring: Callable[[], socket.socket | None], starts: Starts, tmp_path: Path
) -> None:
    starts.broken = True
    assert told(ring(), order(tmp_path, "make")) == Answer(Ended.ABSENT, "broken")


def test_who_hangs_up_takes_the_conversion_with_it(
    ring: Callable[[], socket.socket | None], starts: Starts, tmp_path: Path
) -> None:
    line = ring()
    assert line is not None
    messages.send_order(line, order(tmp_path, "hang"))
    until(lambda: bool(starts.made) and starts.made[0].documents == 1)
    line.close()
    until(lambda: not starts.made[0].alive)


def test_nonsense_at_the_desk_is_hung_up_on(ring: Callable[[], socket.socket | None]) -> None:
    line = ring()
    assert line is not None
    with line:
        messages.send(line, {"no": "order"})
        assert line.recv(1) == b""


def test_where_no_bell_hangs_nobody_is_reached() -> None:
    assert bell.Bell().ring() is None


def test_those_who_are_turned_away_do_not_wait() -> None:
    hung = bell.Bell()
    heard = hung.hang()
    with heard:
        line = hung.ring()
        assert line is not None
        bell.turn_away(heard)
        with line:
            assert line.recv(1) == b""
    assert hung.ringing is not None
    with hung.ringing:
        assert hung.ring() is None


def test_a_desk_without_work_for_long_closes(starts: Starts) -> None:
    hung = bell.Bell()
    heard = hung.hang()
    assert hung.ringing is not None
    with heard, hung.ringing, pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "_REST_SECONDS", 0.01)
        started = time.monotonic()
        desk.serve(heard, Pool(starts, wear=Wear(idle=0.0)))
    assert time.monotonic() - started < 5
