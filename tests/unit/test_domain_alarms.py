"""When something counts as stuck: each kind just below its limit, and just beyond."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.alarms import (
    Alarm,
    AlarmKind,
    Depth,
    Lease,
    QueueLook,
    Room,
    Thresholds,
    TrunkLook,
    alarms,
)
from tests.filled_store import NOW, WALL

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = Thresholds(
    job=HOUR,
    call=4 * HOUR,
    render=15 * MINUTE,
    outbox=HOUR,
    line=30 * MINUTE,
    lease=MINUTE,
    dead_letters=2,
    free_octets=1_000,
)
ROOM = Room(1_000, 10_000)
IDLE = QueueLook(NOW, WALL, {}, {}, {}, 7, 0, (TrunkLook("one", 2, Depth()),), (Lease(1, "here", WALL),))


def since(span: timedelta) -> Depth:
    return Depth(1, NOW - span)


def kinds(look: QueueLook, room: Room = ROOM) -> list[AlarmKind]:
    return [alarm.kind for alarm in alarms(look, room, LIMITS)]


def test_an_idle_queue_raises_no_alarm() -> None:
    assert alarms(IDLE, ROOM, LIMITS) == ()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"jobs": {"ready": since(HOUR)}}, AlarmKind.JOB_LATE),
        ({"jobs": {"waiting": since(HOUR)}}, AlarmKind.JOB_LATE),
        ({"jobs": {"calling": since(4 * HOUR)}}, AlarmKind.CALL_TOO_LONG),
        ({"received": {"receiving": since(4 * HOUR)}}, AlarmKind.CALL_TOO_LONG),
        ({"submissions": {"accepted": since(15 * MINUTE)}}, AlarmKind.NOT_RENDERED),
        ({"submissions": {"rendering": since(15 * MINUTE)}}, AlarmKind.NOT_RENDERED),
        ({"outbox": {"waiting": since(HOUR)}}, AlarmKind.OUTBOX_OLD),
        ({"outbox": {"sending": since(HOUR)}}, AlarmKind.OUTBOX_OLD),
        ({"archive": {"waiting": since(4 * HOUR)}}, AlarmKind.ARCHIVE_OLD),
        ({"archive": {"copying": since(4 * HOUR)}}, AlarmKind.ARCHIVE_OLD),
        ({"leases": (Lease(1, "here", WALL), Lease(2, "there", WALL - MINUTE))}, AlarmKind.LEASE_TROUBLE),
    ],
)
def test_what_lasts_beyond_its_limit_is_stuck(changes: dict[str, object], kind: AlarmKind) -> None:
    at_the_limit = replace(IDLE, **changes)  # type: ignore[arg-type]
    beyond = replace(at_the_limit, now=NOW + timedelta(seconds=1), wall=WALL + timedelta(seconds=1))

    assert kinds(at_the_limit) == []
    assert kinds(beyond) == [kind]


def test_a_copy_that_was_given_up_or_lost_in_the_last_day_is_an_alarm_by_itself() -> None:
    assert kinds(replace(IDLE, unarchived_lately=1)) == [AlarmKind.ARCHIVE_FAILED]


def test_a_job_whose_time_is_still_to_come_is_not_late() -> None:
    assert kinds(replace(IDLE, jobs={"waiting": Depth(1, NOW + 5 * HOUR)})) == []


def test_jobs_behind_a_paused_trunk_are_not_late() -> None:
    trunk = TrunkLook("one", 2, Depth(), paused=True)

    assert kinds(replace(IDLE, jobs={"ready": since(2 * HOUR)}, trunks=(trunk,))) == []


def test_lines_that_are_busy_while_nobody_waits_for_long_are_no_trouble() -> None:
    full = replace(IDLE, trunks=(TrunkLook("one", 2, Depth(2, NOW)),), jobs={"ready": since(30 * MINUTE)})

    assert kinds(full) == []
    assert kinds(replace(full, jobs={"ready": since(31 * MINUTE)})) == [AlarmKind.NO_FREE_LINE]
    assert kinds(replace(full, jobs={"ready": since(31 * MINUTE)}, trunks=IDLE.trunks)) == []


def test_dead_letters_count_from_the_threshold_on_and_those_of_old_days_do_not() -> None:
    assert kinds(replace(IDLE, dead=900, dead_lately=1)) == []
    assert kinds(replace(IDLE, dead=2, dead_lately=2)) == [AlarmKind.DEAD_LETTERS]


def test_one_received_fax_that_no_mail_was_made_of_is_an_alarm() -> None:
    assert kinds(replace(IDLE, unmailed_lately=1)) == [AlarmKind.FAX_UNMAILED]


def test_a_received_fax_that_waits_to_be_mailed_is_as_late_as_a_notice() -> None:
    limit = LIMITS.outbox

    assert kinds(replace(IDLE, forwardings={"waiting": since(limit)})) == []
    assert kinds(replace(IDLE, forwardings={"waiting": since(limit + MINUTE)})) == [AlarmKind.OUTBOX_OLD]


def test_a_disk_is_low_below_the_room_that_is_wanted() -> None:
    assert kinds(IDLE, Room(999, 10_000)) == [AlarmKind.DISK_LOW]


def test_alarms_come_in_the_order_of_their_kinds_and_say_how_much() -> None:
    stuck = replace(
        IDLE,
        jobs={"ready": since(90 * MINUTE), "calling": since(5 * HOUR)},
        trunks=(TrunkLook("one", 1, Depth(1)), TrunkLook("two", 3, Depth(3))),
        leases=(Lease(4, "fax-2", WALL - HOUR), Lease(5, "fax-3", WALL - HOUR)),
    )

    assert alarms(stuck, ROOM, LIMITS) == (
        Alarm(AlarmKind.JOB_LATE, "a job has been due for 90 min"),
        Alarm(AlarmKind.CALL_TOO_LONG, "a call has lasted 5 h"),
        Alarm(AlarmKind.NO_FREE_LINE, "every line of one, two is busy while jobs wait"),
        Alarm(AlarmKind.LEASE_TROUBLE, "nobody takes over what process 4 on fax-2, 5 on fax-3 left"),
    )


def test_a_line_is_free_unless_a_call_is_on_it() -> None:
    assert [TrunkLook("one", lines, Depth(3)).free for lines in (4, 3, 2)] == [1, 0, 0]
