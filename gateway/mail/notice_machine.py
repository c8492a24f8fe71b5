"""The part of a notice that programs read: the same facts as JSON.

What lives here: the form of that part, version 1. What does not: the report of RFC 3464, which failures have beside it
(`notice_mail`).

Fields are only ever added. Times are ISO 8601 in UTC, durations seconds, numbers E.164.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.job import Job
from gateway.domain.outcome import Outcome
from gateway.mail.notice_facts import AttemptFacts, FailedPart, NoticeFacts, NoticeKind, number_alone
from gateway.mail.statuses import status_of_mail
from gateway.mail.wording import WISH

VERSION = 1
_QUOTED = json.JSONEncoder().encode  # of a text


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice tells beside the facts of its submission. `outcome` is that of a mail that cannot be faxed."""

    kind: NoticeKind
    attempts: Sequence[AttemptFacts] = ()
    failed: Sequence[FailedPart] = ()
    outcome: Outcome | None = None
    detail: str = ""


def as_json(facts: NoticeFacts, told: Told) -> str:
    """The facts of one notice; nothing private is among them, however full the notice is."""
    whole = {
        "version": VERSION,
        "notice": told.kind.value,
        "received": _time(facts.received),
        "written": _time(facts.written),
        "first_call": _time(facts.start),
        "expected": _time(facts.expected),
        "jobs": [_job(job, told) for job in facts.jobs],
        "attempts": [_attempt(attempt) for attempt in told.attempts],
        "parts": [{"part": one.name, "pages": one.pages, "left_out": one.left_out} for one in facts.parts],
        "failed_parts": [{"part": one.label, "problem": one.problem.value} for one in told.failed],
        "not_taken": [{"number": number_alone(one.address), "reply": one.reply} for one in facts.refused],
        "once_only": [{"number": str(one.destination), "job": one.public_id} for one in facts.duplicates],
        "warnings": list(facts.warnings),
    }
    return _written(whole, "\n") + "\n"


def _written(value: object, line: str) -> str:
    """As `json.dumps` writes with an indent of one, which takes ten times as long; `line` begins a line where we are.

    Names are our own: there is nothing to escape in them.
    """
    inner = f"{line} "
    if isinstance(value, str):
        return _QUOTED(value)
    if isinstance(value, dict) and value:
        told = [f'"{name}": {_written(one, inner)}' for name, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(told)}{line}}}"
    if isinstance(value, list) and value:
        return f"[{inner}{f',{inner}'.join([_written(one, inner) for one in value])}{line}]"
    return "null" if value is None else json.dumps(value)


def _job(job: Job, told: Told) -> dict[str, object]:
    outcome = told.outcome or job.outcome
    detail = told.detail if told.outcome else job.outcome_detail
    return {
        "job": job.public_id,
        "number": str(job.destination),
        "sub_address": job.sub_address or None,
        "pages": job.pages,
        "pages_confirmed": job.pages_sent,
        "outcome": outcome.value if outcome else None,
        "detail": detail if " " not in detail else "",
        "status": status_of_mail(outcome, WISH if " " in detail else detail, told.failed) if outcome else None,
        "ended": _time(job.ended),
    }


def _attempt(attempt: AttemptFacts) -> dict[str, object]:
    return {
        "number": attempt.number,
        "started": _time(attempt.started),
        "seconds": round(attempt.duration.total_seconds()),
        "outcome": attempt.outcome.value,
        "pages_confirmed": attempt.pages,
        "rate": attempt.rate,
        "ecm": attempt.ecm,
        "remote_id": attempt.remote_id,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
