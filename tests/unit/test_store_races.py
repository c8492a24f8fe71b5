"""Several threads, several open stores and a killed process: the promises that one thread alone cannot break."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.domain.errors import LostClaimError, RefusedError
from gateway.domain.job import JobEvent, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.store import calls, jobs, outbox, processes, submissions, tree
from gateway.store.calls import CallClaim
from gateway.store.database import Database, open_database
from tests.claims import claim_render
from tests.filled_store import (
    NOW,
    WALL,
    calling,
    end,
    killed,
    mail_on,
    mail_to,
    no_mail,
    owning,
    process,
    ready,
    rendered,
)

T = TypeVar("T")
NUMBERS = tuple(f"+120255501{number:02}" for number in range(8))


@pytest.fixture
def nodes(db: Database, tmp_path: Path) -> Iterator[list[tuple[Database, int]]]:
    """Four processes as the store sees them: each with its own connections and its own lease."""
    with ExitStack() as stack:
        found = []
        for _ in range(4):
            other = open_database(db.url.render_as_string(hide_password=False))
            stack.callback(other.close)
            found.append((other, stack.enter_context(owning(db, tmp_path))))
        yield found


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run all at the same moment; results in order, the first error raised."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [running.result() for running in [pool.submit(run, work) for work in works]]


def fill(db: Database, owner: int, user: User, of_each: int) -> None:
    for number in NUMBERS * of_each:
        ready(db, owner, mail_to(user, number))


def test_claims_that_race_share_no_destination_no_line_and_no_job(
    db: Database, user: User, nodes: list[tuple[Database, int]]
) -> None:
    fill(db, nodes[0][1], user, 2)

    def claim_all(db: Database, owner: int) -> list[CallClaim]:
        return [claim for claim in (calls.claim_call(db, owner, "trunk", 6, NOW) for _ in range(4)) if claim]

    found = at_once(*(lambda node=node: claim_all(*node) for node in nodes))

    claims = [claim for part in found for claim in part]
    assert sorted(claim.line for claim in claims) == [1, 2, 3, 4, 5, 6]
    assert len({claim.job.destination for claim in claims}) == 6
    assert len({claim.job.id for claim in claims}) == 6
    assert len({claim.attempt.call_uid for claim in claims}) == 6


def test_every_job_is_sent_once_whoever_calls(db: Database, user: User, nodes: list[tuple[Database, int]]) -> None:
    fill(db, nodes[0][1], user, 2)
    done = end(JobEvent.CONFIRMED, Outcome.SUCCESS, pages_confirmed=3)

    def work(db: Database, owner: int) -> list[int]:
        sent = []
        while JobState.READY in jobs.unfinished(db):
            claim = calls.claim_call(db, owner, "trunk", 3, NOW)
            if claim is not None:
                sent.append(calls.finish_call(db, claim, done, NOW, mail_on).id)
        return sent

    found = at_once(*(lambda node=node: work(*node) for node in nodes))

    assert sorted(Counter(number for part in found for number in part).values()) == [1] * 16
    assert jobs.unfinished(db) == {}
    assert len(outbox.listing(db)) == 16


def test_renders_and_mails_go_to_one_process_each(db: Database, user: User, nodes: list[tuple[Database, int]]) -> None:
    accepted = [submissions.add(db, mail_to(user)) for _ in range(4)]

    renders = at_once(*(lambda node=node: claim_render(*node, NOW) for node in nodes))

    assert {claim.submission.id for claim in renders if claim} == {one.submission_id for one in accepted}
    for one in accepted:
        jobs.cancel(db, one.jobs[0].public_id, NOW, mail_on)
    mails = at_once(*(lambda node=node: outbox.claim_mail(*node, NOW) for node in nodes))
    assert len({claim.id for claim in mails if claim}) == 4


def test_the_same_mail_taken_by_two_at_once_is_one_submission(user: User, nodes: list[tuple[Database, int]]) -> None:
    new = mail_to(user, key="same")

    found = at_once(*(lambda node=node: submissions.add(node[0], new) for node in nodes))

    assert len({accepted.submission_id for accepted in found}) == 1
    assert sorted(accepted.duplicate for accepted in found) == [False, True, True, True]


def test_one_of_two_who_add_the_same_company_is_refused(nodes: list[tuple[Database, int]]) -> None:
    def add(db: Database) -> str:
        try:
            return tree.add_company(db, "Bolt").name
        except RefusedError:
            return "refused"

    assert sorted(at_once(*(lambda node=node: add(node[0]) for node in nodes))) == ["Bolt", *["refused"] * 3]


def test_a_cancel_and_an_end_that_race_leave_one_winner(
    db: Database, user: User, nodes: list[tuple[Database, int]]
) -> None:
    for _ in range(5):
        ready(db, nodes[0][1], mail_to(user))
        claim = calling(db, nodes[0][1])
        busy = end(JobEvent.RETRY, Outcome.BUSY, not_before=NOW)

        at_once(
            lambda claim=claim: jobs.cancel(nodes[1][0], claim.job.public_id, NOW, mail_on),
            lambda claim=claim, busy=busy: calls.finish_call(nodes[0][0], claim, busy, NOW, mail_on).state,
        )

        detail = jobs.detail(db, claim.job.public_id)
        assert detail.job.state is JobState.CANCELLED
        assert detail.notices[-1].kind == "delivery"


def test_cancels_of_all_jobs_and_the_end_of_their_render_never_block_each_other(
    db: Database, user: User, nodes: list[tuple[Database, int]]
) -> None:
    for _ in range(5):
        accepted = submissions.add(db, mail_to(user, *NUMBERS[:2]))
        claim = claim_render(db, nodes[0][1], NOW)
        assert claim is not None

        def finish(claim: submissions.RenderClaim = claim) -> bool:
            try:
                submissions.finish_render(nodes[0][0], claim, rendered(claim), NOW, [])
            except LostClaimError:
                return False
            return True

        first, second = (job.public_id for job in accepted.jobs)
        at_once(
            finish,
            lambda job=first: jobs.cancel(nodes[1][0], job, NOW, mail_on),
            lambda job=second: jobs.cancel(nodes[2][0], job, NOW, mail_on),
        )

        assert {jobs.job(db, job.public_id).state for job in accepted.jobs} == {JobState.CANCELLED}
        assert claim_render(db, nodes[0][1], NOW) is None


def test_two_reapers_take_over_once(db: Database, user: User, tmp_path: Path) -> None:
    victim, *heirs = (process(db, tmp_path) for _ in range(3))
    ready(db, victim.id, mail_to(user))
    claim = calling(db, victim.id)
    killed(victim)

    taken = at_once(*(lambda heir=heir: processes.reap(db, heir, WALL, NOW, no_mail) for heir in heirs))

    assert sorted(taken) == [0, 1]
    assert jobs.job(db, claim.job.public_id).state is JobState.READY
    for heir in heirs:
        killed(heir)


def test_a_late_writer_and_a_reaper_that_race_leave_one_truth(
    db: Database, user: User, tmp_path: Path, nodes: list[tuple[Database, int]]
) -> None:
    heir, frozen = process(db, tmp_path), process(db, tmp_path)
    ready(db, frozen.id, mail_to(user))
    claim = calling(db, frozen.id)

    def late() -> str:
        try:
            done = end(JobEvent.CONFIRMED, Outcome.SUCCESS, pages_confirmed=3)
            return calls.finish_call(nodes[0][0], claim, done, NOW, mail_on).state.value
        except LostClaimError:
            return "lost"

    said, _ = at_once(late, lambda: str(processes.reap(nodes[1][0], heir, WALL + heir.ttl, NOW, mail_on)))

    state = jobs.job(db, claim.job.public_id).state
    assert (said, state) in {("sent", JobState.SENT), ("lost", JobState.READY)}
    assert len(outbox.listing(db)) == (state is JobState.SENT)
    killed(heir)
    killed(frozen)


pytestmark = pytest.mark.slow  # threads and processes race
VICTIM = """
import os, signal, sys
from pathlib import Path
from gateway.store.database import open_database
from tests.filled_store import calling, process
from gateway.store import calls
db = open_database(sys.argv[1])
me = process(db, Path(sys.argv[2]))
claim = calling(db, me.id)
calls.record_page(db, claim, 0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_is_noticed_at_once_and_its_call_goes_on(db: Database, user: User, tmp_path: Path) -> None:
    heir = process(db, tmp_path)
    [job] = ready(db, heir.id, mail_to(user)).jobs
    url = db.url.render_as_string(hide_password=False)

    ended = subprocess.run(
        [sys.executable, "-c", VICTIM, url, str(tmp_path)], cwd=Path(__file__).parents[2], check=False
    )

    assert ended.returncode == -9
    assert jobs.job(db, job.public_id).state is JobState.CALLING
    assert processes.reap(db, heir, WALL, NOW, no_mail) == 1
    assert calling(db, heir.id).attempt.first_page == 1
    killed(heir)
