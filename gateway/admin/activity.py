"""What an administrator looks up and stops: outbound faxes.

What lives here: questions; cancel, hold and release of one fax, within the actor's place. What does not: rows
(`gateway.store.jobs`), many faxes at a time, writing answers (`gateway.cli`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.errors import NotFoundError, RefusedError, UnavailableError
from gateway.domain.job import FINAL_STATES, Job, JobState
from gateway.domain.nodes import User
from gateway.store import jobs, tree
from gateway.store.activity import Line, Sort, lines
from gateway.store.jobs import Filter, JobDetail
from gateway.store.outbox import NewMail
from gateway.store.spool import Spool

__all__ = [
    "Filter", "JobDetail", "Line", "Sort", "cancel", "decided", "hold", "outbound", "refuse_lost", "release",
    "save_sent", "show",
]  # fmt: skip
T = TypeVar("T")
VIEW, STOP = "activity.view", "activity.cancel"
LOOK_SECONDS = 0.02  # between two looks at a call that should hang up
MakeMail = Callable[[Job], NewMail | None]


def outbound(door: Door, wanted: Filter, where: str = "") -> Sequence[Line]:
    """Jobs of the actor's place, or of a company, department or user below; the newest first, if nothing else is said.

    Raises:
        NotAllowedError: the actor may not see them.
        NotFoundError: there is no such place.
    """
    node = door.look(VIEW, where or (door.actor.place[-1] if door.actor.place else None))
    if node is None:
        return lines(door.db, wanted)
    if isinstance(node, User):
        return lines(door.db, replace(wanted, user_id=node.id))
    return lines(door.db, replace(wanted, user_ids=tuple(user.id for user in tree.users(door.db, node.path))))


def show(door: Door, public_id: str) -> JobDetail:
    """One job with all that belongs to it.

    Raises:
        NotFoundError: no job has that id.
        NotAllowedError: the actor may not see it.
    """
    detail = jobs.detail(door.db, _plain(public_id))
    door.look(VIEW, detail.job.user_id)
    return detail


def cancel(door: Door, public_id: str, now: datetime, make_mail: MakeMail) -> Changed[bool]:
    """Cancel a job; answers true when it is over at once, false when its call was asked to hang up: see `decided`.

    Raises:
        NotFoundError: no job has that id.
        RefusedError: the job has already ended; says how.
        NotAllowedError: the actor may not.
    """
    return _changed(door, public_id, "fax.cancel", lambda act, job: jobs.cancel(act.db, job, now, make_mail))


def hold(door: Door, public_id: str, now: datetime) -> Changed[bool]:
    """Hold a job; answers true when it is held at once, false when it will be: when it is rendered, or has hung up.

    Raises:
        NotFoundError: no job has that id.
        RefusedError: the job has already ended, or is held; says how.
        NotAllowedError: the actor may not.
    """
    return _changed(door, public_id, "fax.hold", lambda act, job: jobs.hold(act.db, job, now))


def release(door: Door, public_id: str, now: datetime) -> Changed[JobState]:
    """Let a held job go on; answers its state.

    Raises:
        NotFoundError: no job has that id.
        RefusedError: the job has already ended, or is not held; says so.
        NotAllowedError: the actor may not.
    """
    return _changed(door, public_id, "fax.release", lambda act, job: jobs.release(act.db, job, now))


def decided(door: Door, public_id: str, until: float) -> Job | None:
    """The job when its call is over, and with it who was first; None at `until`, in seconds of the monotonic clock."""
    while True:
        job = jobs.job(door.db, _plain(public_id))
        if job.state is not JobState.CALLING:
            return job
        if time.monotonic() >= until:
            return None
        time.sleep(LOOK_SECONDS)


def refuse_lost(job: Job, wanted: JobState) -> None:
    """Return when a call that was to hang up did so for that.

    Raises:
        RefusedError: the call decided first; says how.
    """
    if job.state is not wanted and job.state in FINAL_STATES:
        how = f": {job.outcome.value}" if job.outcome and job.state is not JobState.SENT else ""
        raise RefusedError(f"fax {job.public_id} was faster: it is {job.state.value}{how}")


def _changed(door: Door, public_id: str, what: str, step: Callable[[Act, str], T]) -> Changed[T]:
    """Change one job, with the entry in the journal, in one commit."""
    job = _plain(public_id)

    def work(act: Act) -> T:
        before = jobs.job(act.db, job)
        answer = step(act, job)
        after = jobs.job(act.db, job)
        act.note(what, act.node, {"state": before.state.value}, {"fax": job, **_facts(after)})
        return answer

    return door.change(STOP, jobs.job(door.db, job).user_id, work)


def _facts(job: Job) -> dict[str, object]:
    return {"state": job.state.value, "cancel_asked": job.cancel_asked, "hold_asked": job.hold_asked}


def _plain(public_id: str) -> str:
    return public_id.strip().upper()


def save_sent(spool: Spool, detail: JobDetail, kind: str, target: str) -> None:
    """Write the pages of the last attempt, as sent, to `target`; `kind` is tiff or pdf.

    Raises:
        NotFoundError: nothing was sent yet.
        UnavailableError: the target cannot be written, or what is kept cannot be read.
    """
    digest = next((attempt.tiff_digest for attempt in reversed(detail.attempts) if attempt.tiff_digest), "")
    if not digest:
        raise NotFoundError(f"fax {detail.job.public_id} has no pages as sent: no call was placed yet")
    content = spool.path(digest).read_bytes() if kind == "tiff" else _pdf(spool.path(digest))
    try:
        Path(target).write_bytes(content)
    except OSError as error:
        raise UnavailableError(f"{target}: cannot be written ({error.strerror})") from None


def _pdf(tiff: Path) -> bytes:
    from gateway.sent_pages import as_pdf  # loads much that other questions can do without

    return as_pdf(tiff)
