"""Jobs under any interleaving of claims, pages, crashes, frozen nodes, reapers, late writers and people.

A far end, kept outside of the store, takes pages as they come. Whatever happens, it takes the last page of a fax once,
a fax is sent only when it has it all, and nothing that it has is called cancelled or tried again.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from gateway.domain.broken_call import JournaledCall, no_journal
from gateway.domain.errors import LostClaimError, RefusedError
from gateway.domain.job import FINAL_STATES, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.store import calls, holds, jobs, outbox, processes
from gateway.store.calls import CallClaim
from gateway.store.database import Database
from gateway.store.due import promote_due
from gateway.store.fax_tables import AttemptRow, JobRow
from tests.filled_store import NOW, TTL, WALL, anna, end, killed, mail_on, mail_to, process, ready
from tests.flows.stage import emptied

pytestmark = pytest.mark.slow
PAGES, LINES = 2, 2
NUMBERS = ("+12025550101", "+12025550102")
NODES = range(2)
MINUTE = timedelta(minutes=1)


@dataclass
class Call:
    """One call of a node, as the node, its journal and the far end know it."""

    claim: CallClaim
    node: int
    journal: JournaledCall
    taken: bool = False  # the far end has the next page, and we do not know
    last_said: bool = False
    over: bool = False

    @property
    def heard(self) -> int:
        """Pages of the job that are confirmed to us."""
        return self.claim.attempt.first_page + self.journal.pages_confirmed

    @property
    def on_last_page(self) -> bool:
        return self.heard == PAGES - 1


@dataclass
class FarEnd:
    """Which pages of which jobs it has taken."""

    pages: dict[int, Counter[int]] = field(default_factory=dict)

    def take(self, job_id: int, page: int) -> None:
        self.pages.setdefault(job_id, Counter())[page] += 1

    def wholes(self, job_id: int) -> int:
        """How often it has taken the last page."""
        return self.pages.get(job_id, Counter())[PAGES - 1]


class Walks(RuleBasedStateMachine):
    """The rules are what nodes, reapers and people may do; `db` and `folder` are given by the test."""

    db: Database
    folder: Path

    @initialize()
    def begin(self) -> None:
        emptied(self.db)
        self.user = anna(self.db)
        self.now, self.wall = NOW, WALL
        self.nodes = [process(self.db, self.folder) for _ in NODES]
        self.calls: list[Call] = []
        self.far_end = FarEnd()
        self.ids: list[str] = []
        self.ended: dict[int, JobState] = {}
        self.a_mail_comes(numbers=NUMBERS, node=0)
        self.a_call_is_claimed(node=0)

    def teardown(self) -> None:
        if hasattr(self, "nodes"):
            self.come_to_an_end()
            for node in self.nodes:
                killed(node)

    def journal(self, call_uid: str) -> JournaledCall | None:
        return next((call.journal for call in self.calls if call.claim.attempt.call_uid == call_uid), None)

    def live(self) -> list[Call]:
        return [call for call in self.calls if not call.over]

    # What nodes do.

    @rule(numbers=st.sampled_from([NUMBERS[:1], NUMBERS[1:], NUMBERS]), node=st.sampled_from(NODES))
    def a_mail_comes(self, numbers: tuple[str, ...], node: int) -> None:
        self.renew(node)
        accepted = ready(self.db, self.nodes[node].id, mail_to(self.user, *numbers, at=self.now), PAGES)
        self.ids += [job.public_id for job in accepted.jobs]

    def renew(self, node: int) -> None:
        """Prolong its lease; one that was given up starts anew."""
        try:
            processes.renew(self.db, self.nodes[node], self.wall)
        except LostClaimError:
            self.start_anew(node)

    @rule(node=st.sampled_from(NODES))
    def a_call_is_claimed(self, node: int) -> None:
        try:
            claim = calls.claim_call(self.db, self.nodes[node].id, "trunk", LINES, self.now)
        except LostClaimError:
            self.start_anew(node)
            return
        if claim is not None:
            self.calls.append(Call(claim, node, JournaledCall(claim.attempt.call_uid)))

    @precondition(lambda self: any(call.on_last_page and not call.last_said for call in self.live()))
    @rule(choice=st.randoms(use_true_random=False))
    def the_last_page_is_to_end(self, choice: object) -> None:
        self.end_last_page(choice.choice([call for call in self.live() if call.on_last_page and not call.last_said]))  # type: ignore[attr-defined]

    def end_last_page(self, call: Call) -> None:
        call.journal = replace(call.journal, last_page_sent=True)
        try:
            said = calls.record_last_page(self.db, call.claim, call.journal.pages_confirmed)
        except LostClaimError:
            call.over = True
            return
        call.last_said = said
        if not said:
            call.journal = replace(call.journal, withheld=True)
            self.hang_up(call)

    @precondition(lambda self: any(self.may_take(call) for call in self.live()))
    @rule(choice=st.randoms(use_true_random=False))
    def the_far_end_takes_a_page(self, choice: object) -> None:
        self.take(choice.choice([call for call in self.live() if self.may_take(call)]))  # type: ignore[attr-defined]

    def take(self, call: Call) -> None:
        self.far_end.take(call.claim.job.id, call.heard)
        call.taken = True

    def may_take(self, call: Call) -> bool:
        return not call.taken and call.heard < PAGES and (call.last_said or not call.on_last_page)

    @precondition(lambda self: any(call.taken for call in self.live()))
    @rule(choice=st.randoms(use_true_random=False), told=st.booleans())
    def a_page_is_written_down(self, choice: object, told: bool) -> None:
        """In the journal at once; the store hears of it now or at the next commit."""
        self.write_down(choice.choice([call for call in self.live() if call.taken]), told=told)  # type: ignore[attr-defined]

    def write_down(self, call: Call, *, told: bool) -> None:
        call.taken = False
        call.journal = replace(call.journal, pages_confirmed=call.journal.pages_confirmed + 1)
        if told:
            try:
                calls.record_page(self.db, call.claim, call.journal.pages_confirmed - 1)
            except LostClaimError:
                call.over = True

    @precondition(lambda self: bool(self.live()))
    @rule(choice=st.randoms(use_true_random=False), steps=st.sampled_from([1, 2, 4, 4, 5]), told=st.booleans())
    def a_call_goes_on(self, choice: object, steps: int, told: bool) -> None:
        """Some of the steps above in their natural order, so that many walks come to the last page."""
        call = choice.choice(self.live())  # type: ignore[attr-defined]
        for _ in range(steps):
            if call.over or call.heard == PAGES:
                return
            if call.taken:
                self.write_down(call, told=told)
            elif call.on_last_page and not call.last_said:
                self.end_last_page(call)
            else:
                self.take(call)

    @precondition(lambda self: bool(self.live()))
    @rule(choice=st.randoms(use_true_random=False))
    def a_call_ends(self, choice: object) -> None:
        self.hang_up(choice.choice(self.live()))  # type: ignore[attr-defined]

    def hang_up(self, call: Call) -> None:
        call.over = True
        event, outcome = JobEvent.RETRY, Outcome.TRANSMISSION_FAILED
        if call.heard == PAGES:
            event, outcome = JobEvent.CONFIRMED, Outcome.SUCCESS
        elif call.last_said:
            event, outcome = JobEvent.DOUBT, Outcome.UNCONFIRMED
        done = end(event, outcome, pages_confirmed=call.journal.pages_confirmed, not_before=self.now + MINUTE)
        with suppress(LostClaimError):
            calls.finish_call(self.db, call.claim, done, self.now, mail_on)

    @precondition(lambda self: bool(self.live()))
    @rule(choice=st.randoms(use_true_random=False))
    def a_call_breaks_off_by_a_fault_of_ours(self, choice: object) -> None:
        call = choice.choice(self.live())  # type: ignore[attr-defined]
        call.over = True
        with suppress(LostClaimError):
            calls.give_back(self.db, call.claim, self.now, mail_on, self.journal)

    # What becomes of nodes.

    @rule(node=st.sampled_from(NODES))
    def a_node_is_killed(self, node: int) -> None:
        self.start_anew(node)

    def start_anew(self, node: int) -> None:
        killed(self.nodes[node])
        for call in self.calls:
            call.over = call.over or call.node == node
        self.nodes[node] = process(self.db, self.folder)
        processes.renew(self.db, self.nodes[node], self.wall)

    @rule(node=st.sampled_from(NODES), near=st.booleans())
    def a_node_is_frozen_beyond_its_lease(self, node: int, near: bool) -> None:
        """The other takes over, from the journal or from the rows alone; what was frozen goes on as if nothing were."""
        self.wall += TTL
        other = 1 - node
        self.renew(other)
        self.reap(other, near=near)

    @rule(node=st.sampled_from(NODES), near=st.booleans())
    def the_dead_are_reaped(self, node: int, near: bool) -> None:
        self.reap(node, near=near)

    def reap(self, node: int, *, near: bool) -> None:
        journal = self.journal if near else no_journal
        processes.reap(self.db, self.nodes[node], self.wall, self.now, mail_on, journal)

    # What people and time do.

    @precondition(lambda self: bool(self.ids))
    @rule(choice=st.randoms(use_true_random=False), deed=st.sampled_from(["cancel", "hold", "release"]))
    def somebody_steps_in(self, choice: object, deed: str) -> None:
        public_id = choice.choice(self.ids)  # type: ignore[attr-defined]
        with suppress(RefusedError):
            if deed == "cancel":
                jobs.cancel(self.db, public_id, self.now, mail_on)
            elif deed == "hold":
                holds.hold(self.db, public_id, self.now)
            else:
                holds.release(self.db, public_id, self.now)

    @rule()
    def time_passes(self) -> None:
        self.now += MINUTE
        promote_due(self.db, self.now)

    def come_to_an_end(self) -> None:
        """Whatever is left is called until it has ended; what is held is released."""
        for call in self.live():
            self.hang_up(call)
        for node in NODES:
            self.start_anew(node)
        self.reap(0, near=True)
        for _ in range(10 * len(self.ids)):
            left = [job for job in jobs.listing(self.db) if job.state not in FINAL_STATES]
            if not left:
                break
            self.time_passes()
            for job in left:
                if job.state is JobState.HELD:
                    holds.release(self.db, job.public_id, self.now)
            self.a_call_is_claimed(0)
            for call in self.live():
                self.walk(call)
        assert [job for job in jobs.listing(self.db) if job.state not in FINAL_STATES] == []
        self.the_far_end_and_the_store_agree()

    def walk(self, call: Call) -> None:
        """One call that goes well."""
        while call.heard < PAGES:
            if call.on_last_page:
                assert calls.record_last_page(self.db, call.claim, call.journal.pages_confirmed)
                call.last_said = True
            self.far_end.take(call.claim.job.id, call.heard)
            call.journal = replace(call.journal, pages_confirmed=call.journal.pages_confirmed + 1)
        self.hang_up(call)

    # What holds at any moment.

    @invariant()
    def the_far_end_and_the_store_agree(self) -> None:
        if not hasattr(self, "nodes"):
            return
        for row in self.rows():
            state, wholes = JobState(row.state), self.far_end.wholes(row.id or 0)
            told = f"job {row.id} is {state.value}, the far end has {self.far_end.pages.get(row.id or 0)}"
            assert wholes <= 1, told
            assert state is not JobState.SENT or (wholes == 1 and row.pages_sent == PAGES), told
            assert state is not JobState.CANCELLED or not wholes, told
            assert wholes == 0 or state in {JobState.CALLING, JobState.SENT, JobState.UNCONFIRMED}, told
            assert self.ended.get(row.id or 0, state) is state, told
            if state in FINAL_STATES:
                self.ended[row.id or 0] = state

    @invariant()
    def one_call_at_a_time_goes_to_a_number_and_on_a_line(self) -> None:
        if not hasattr(self, "nodes"):
            return
        calling = [row.number for row in self.rows() if row.state == JobState.CALLING.value]
        opened = self.db.read(lambda session: session.exec(select(AttemptRow).where(AttemptRow.ended == None)).all())  # noqa: E711
        lines = [row.line for row in opened]

        assert len(set(calling)) == len(calling)
        assert len(set(lines)) == len(lines) == len(calling)
        assert set(lines) <= set(range(1, LINES + 1))

    @invariant()
    def who_ended_is_told_once(self) -> None:
        if not hasattr(self, "nodes"):
            return
        told = Counter(mail.job_id for mail in outbox.listing(self.db, limit=1000) if mail.kind == "delivery")
        ended = {row.id for row in self.rows() if JobState(row.state) in FINAL_STATES}

        assert ended <= told.keys()

    def rows(self) -> list[JobRow]:
        return list(self.db.read(lambda session: session.exec(select(JobRow)).all()))


def test_no_interleaving_sends_twice_or_loses(engine: str, db: Database, tmp_path: Path) -> None:
    machine = type("Walked", (Walks,), {"db": db, "folder": tmp_path})
    examples = 25 if engine == "sqlite" else 8

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
