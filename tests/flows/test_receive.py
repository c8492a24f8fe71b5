"""Calls that come in become received faxes: each page durable before it is confirmed, one settling at the end."""

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.call import Cause, Coding
from gateway.domain.errors import LostClaimError, RefusedError, UnavailableError
from gateway.domain.received import ReceivedEventName, ReceivedState
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile
from gateway.fax.transport import Answered, NotAnswered, Reached, Refused
from gateway.owed import Owed
from gateway.store import node_settings, processes, received, routes, tree_changes
from gateway.store.places import child_at
from gateway.store.spool import Spool
from tests.filled_store import WALL, killed, process
from tests.flows.receptions import CALLER, FAR_TSI, OURS, Caller, ben, bitmap, fax_of, page, receiver
from tests.flows.stage import Stage, emptied, on_stage

pytestmark = pytest.mark.usefixtures("engine")


def pages_of(stage: Stage, digest: str) -> list[bytes]:
    """What is on the pages of a file in the spool."""
    file = PageFile(stage.spool.path(digest))
    return [codec.decode(file.page(number))[0].octets for number in range(len(file))]


def waiting(stage: Stage) -> object:
    """How many faxes wait to be mailed."""
    return stage.db.glance("SELECT count(*) FROM forwarding WHERE state = 'waiting'")


def test_a_fax_is_kept_pixel_for_pixel_and_handed_on_to_be_mailed(stage: Stage) -> None:
    user = ben(stage)
    call = Caller(stage, receiver(stage)).ring()
    call.send(page(0, coding=Coding.MH), page(1, coding=Coding.MR), page(2, last=True, bad_rows=3)).end()
    fax = call.fax
    assert (fax.state, fax.pages, fax.bad_rows, fax.user_id) == (ReceivedState.RECEIVED, 3, 3, user.id)
    assert (fax.number, fax.caller, fax.remote_id, fax.rate, fax.ecm) == (OURS, CALLER, FAR_TSI, 14400, True)
    assert pages_of(stage, fax.tiff_digest) == [bitmap(number).octets for number in range(3)]
    assert waiting(stage) == 1


def test_a_page_and_its_row_are_there_before_it_is_confirmed(stage: Stage) -> None:
    ben(stage)
    call = Caller(stage, receiver(stage)).ring()
    call.send(page(0))
    [kept] = received.pages(stage.db, call.fax.id)
    assert pages_of(stage, kept.digest) == [bitmap(0).octets]
    assert (kept.number, kept.width, kept.rows, kept.across, kept.down) == (1, 1728, 64, 204, 196)
    assert call.fax.state is ReceivedState.RECEIVING


def test_a_call_that_breaks_off_leaves_the_confirmed_pages_as_a_partial_fax(stage: Stage) -> None:
    ben(stage)
    fax = fax_of(stage, 2, whole=False)
    assert (fax.state, fax.pages, fax.cause) == (ReceivedState.PARTIAL, 2, Cause.LINE_DROPPED.value)
    assert len(pages_of(stage, fax.tiff_digest)) == 2
    [event] = received.events(stage.db, fax.id)
    assert (event.name, event.result) == (ReceivedEventName.RECEIVED, "failure")
    assert waiting(stage) == 1


def test_what_breaks_off_after_the_last_page_was_confirmed_is_whole(stage: Stage) -> None:
    ben(stage)
    fax = Caller(stage, receiver(stage)).ring().send(page(0, last=True)).end(Cause.LINE_DROPPED).fax
    assert fax.state is ReceivedState.RECEIVED
    assert received.events(stage.db, fax.id)[0].result == "success"


def test_a_call_without_a_page_is_a_failure_and_nobody_is_mailed(stage: Stage) -> None:
    ben(stage)
    fax = Caller(stage, receiver(stage)).ring().end(Cause.CANNOT_TRAIN).fax
    assert (fax.state, fax.pages, fax.tiff_digest) == (ReceivedState.FAILED, 0, "")
    assert waiting(stage) == 0


def test_a_number_that_nobody_has_is_let_ring(stage: Stage) -> None:
    decision = Caller(stage, receiver(stage)).ring().decision
    assert decision == NotAnswered("not-assigned")
    assert stage.db.glance("SELECT count(*) FROM received") == 0


@pytest.mark.parametrize("place", ["Acme/Sales/ben@acme.example", "Acme/Sales", "Acme"])
def test_who_calls_a_locked_user_hears_busy(stage: Stage, place: str) -> None:
    ben(stage)
    tree_changes.set_locked(stage.db, stage.db.read(lambda session: child_at(session, place)), locked=True)
    assert Caller(stage, receiver(stage)).ring().decision == Refused("locked")


def test_beyond_the_lines_callers_hear_busy_until_a_call_ends(stage: Stage) -> None:
    ben(stage)
    flow = receiver(stage, lines=1)
    first, second = (Caller(stage, flow, f"call-{number}") for number in (1, 2))
    first.ring()
    assert second.ring().decision == Refused("no-line")
    first.end()
    assert isinstance(second.ring().decision, Answered)


def test_a_call_that_cannot_be_begun_takes_no_line(stage: Stage) -> None:
    ben(stage)
    flow = replace(receiver(stage, lines=1), process=4711)
    with pytest.raises(LostClaimError):
        Caller(stage, flow).ring()
    assert flow.lines.take()


def test_without_room_or_when_all_calls_must_end_none_is_answered(stage: Stage) -> None:
    ben(stage)
    leaving = replace(receiver(stage), hang_up=lambda: True)
    assert Caller(stage, leaving).ring().decision == Refused("leaving")
    full = replace(receiver(stage), spool=FickleSpool(stage.folder / "spool", full=True))
    assert Caller(stage, full).ring().decision == Refused("no-room")


class FickleSpool(Spool):
    """A disk that may be full."""

    def __init__(self, folder: Path, *, full: bool = False) -> None:
        super().__init__(folder)
        self.full = full

    def has_room(self, octets: int) -> bool:
        return not self.full and super().has_room(octets)

    def put_file(self, path: Path) -> str:
        if self.full:
            raise UnavailableError("no space left")
        return super().put_file(path)


def test_a_page_that_the_disk_does_not_take_is_not_confirmed(stage: Stage) -> None:
    ben(stage)
    spool = FickleSpool(stage.folder / "spool")
    call = Caller(stage, replace(receiver(stage), spool=spool)).ring()
    spool.full = True
    with pytest.raises(UnavailableError):
        call.send(page(0))
    assert received.pages(stage.db, call.fax.id) == []
    assert not list(spool.incoming.iterdir())


def test_a_sub_address_leads_to_somebody_else(stage: Stage) -> None:
    ben(stage)
    cleo = ben(stage, "+12025550178", name="Cleo")
    routes.set_rule(stage.db, OURS, "77", cleo.id, ())
    call = Caller(stage, receiver(stage), reached=Reached(FAR_TSI, "77")).ring()
    call.send(page(0, last=True)).end()
    assert (call.fax.user_id, call.fax.sub_address) == (cleo.id, "77")


def test_no_page_is_confirmed_for_a_sub_address_whose_user_is_locked(stage: Stage) -> None:
    ben(stage)
    cleo = ben(stage, "+12025550178", name="Cleo")
    routes.set_rule(stage.db, OURS, "77", cleo.id, ())
    tree_changes.set_locked(stage.db, cleo.id, locked=True)
    call = Caller(stage, receiver(stage), reached=Reached(FAR_TSI, "77")).ring()
    with pytest.raises(RefusedError):
        call.send(page(0))
    assert call.end(Cause.LOCAL_ERROR).fax.state is ReceivedState.FAILED


def test_an_unknown_sub_address_is_the_number_s_user_s(stage: Stage) -> None:
    user = ben(stage)
    call = Caller(stage, receiver(stage), reached=Reached("", "99")).ring().send(page(0, last=True)).end()
    assert (call.fax.user_id, call.fax.sub_address) == (user.id, "99")


def test_our_station_identifier_is_the_setting_s_or_the_number(stage: Stage) -> None:
    user = ben(stage)
    assert Caller(stage, receiver(stage)).ring().answered.station_id == OURS
    node_settings.set_setting(stage.db, user.id, "fax.station_id", "+1 202 555 0100")
    assert Caller(stage, receiver(stage), "call-2").ring().answered.station_id == "+1 202 555 0100"


async def test_what_a_dead_process_was_receiving_is_ended_with_its_pages(stage: Stage) -> None:
    ben(stage)
    dead = process(stage.db, stage.folder)
    call = Caller(stage, replace(receiver(stage), process=dead.id)).ring().send(page(0), page(1))
    killed(dead)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), stage.composer.after_end)
    assert await receiver(stage).next()
    assert (call.fax.state, call.fax.cause) == (ReceivedState.PARTIAL, "broken-off")
    assert pages_of(stage, call.fax.tiff_digest) == [bitmap(0).octets, bitmap(1).octets]
    assert waiting(stage) == 1
    assert not await receiver(stage).next()


async def test_a_fax_whose_last_page_was_confirmed_before_the_crash_is_whole(stage: Stage) -> None:
    ben(stage)
    dead = process(stage.db, stage.folder)
    call = Caller(stage, replace(receiver(stage), process=dead.id)).ring().send(page(0, last=True))
    killed(dead)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), stage.composer.after_end)
    await receiver(stage).next()
    assert call.fax.state is ReceivedState.RECEIVED


async def test_who_was_given_up_for_dead_confirms_no_page_and_settles_nothing(stage: Stage) -> None:
    ben(stage)
    frozen = process(stage.db, stage.folder)
    call = Caller(stage, replace(receiver(stage), process=frozen.id)).ring().send(page(0))
    killed(frozen)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), stage.composer.after_end)
    with pytest.raises(LostClaimError):
        call.send(page(1, last=True))
    await receiver(stage).next()
    call.end()
    assert (call.fax.state, call.fax.pages, waiting(stage)) == (ReceivedState.PARTIAL, 1, 1)


async def test_pages_that_are_lost_are_told_once_and_hold_up_no_other_fax(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    ben(stage)
    dead = process(stage.db, stage.folder)
    flow = replace(receiver(stage), process=dead.id)
    first = Caller(stage, flow, "call-1").ring().send(page(0))
    lost = first.fax
    second = Caller(stage, flow, "call-2").ring().send(page(1))
    stage.spool.delete(received.pages(stage.db, lost.id)[0].digest)
    killed(dead)
    processes.reap(stage.db, stage.process, WALL, stage.clock.now(), stage.composer.after_end)
    after = receiver(stage)
    assert await after.next()
    assert not await after.next()
    assert second.fax.state is ReceivedState.PARTIAL
    assert received.by_number(stage.db, lost.id).state is ReceivedState.RECEIVING
    assert [record.message for record in caplog.records].count("reception-damaged") == 1


def test_a_call_in_hand_is_no_stray(stage: Stage) -> None:
    ben(stage)
    owed = Owed()
    call = Caller(stage, receiver(stage, owed=owed)).ring()
    assert processes.owned(stage.db, stage.process) == owed.in_hand
    call.end()
    assert not owed.in_hand


async def test_an_end_that_the_disk_does_not_take_is_settled_later(stage: Stage) -> None:
    ben(stage)
    spool = FickleSpool(stage.folder / "spool")
    flow = replace(receiver(stage), spool=spool)
    call = Caller(stage, flow).ring().send(page(0, last=True))
    spool.full = True
    assert call.end().fax.state is ReceivedState.RECEIVING
    spool.full = False
    await flow.next()
    assert (call.fax.state, waiting(stage)) == (ReceivedState.RECEIVED, 1)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(("page", "again", "last", "crash")), max_size=6))
def test_whatever_happens_in_a_call_what_was_confirmed_is_handed_on_once(stage: Stage, steps: list[str]) -> None:
    emptied(stage.db)
    with on_stage(stage.db, stage.folder / uuid.uuid4().hex, stage.dns) as fresh:
        ben(fresh)
        owner = process(fresh.db, fresh.folder)
        call = Caller(fresh, replace(receiver(fresh), process=owner.id)).ring()
        confirmed = _walk(call, steps)
        killed(owner)
        if "crash" in steps:
            processes.reap(fresh.db, fresh.process, WALL, fresh.clock.now(), fresh.composer.after_end)
            asyncio.run(receiver(fresh).next())
        else:
            call.end()
        fax = call.fax
        kept = pages_of(fresh, fax.tiff_digest) if fax.tiff_digest else []
        assert kept == [bitmap(number).octets for number, _ in confirmed]
        assert waiting(fresh) == bool(confirmed)
        whole = bool(confirmed) and confirmed[-1][1]
        expected = ReceivedState.RECEIVED if whole else ReceivedState.PARTIAL if confirmed else ReceivedState.FAILED
        assert fax.state is expected


def _walk(call: Caller, steps: list[str]) -> list[tuple[int, bool]]:
    """The pages that were confirmed until the process died, each with whether it was the last."""
    confirmed: list[tuple[int, bool]] = []
    for step in steps:
        if step == "crash":
            break
        number = max(0, len(confirmed) - 1) if step == "again" else len(confirmed)
        call.send(page(number, last=step == "last"))
        confirmed[number:] = [(number, step == "last")]
    return confirmed
