"""What an administrator does about documents whose time is over: looks, and has them erased at once.

What lives here: those steps, for accounts of the machine. What does not: the flow that erases (`gateway.flows.retain`).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.admin.acts import Door
from gateway.domain.actors import SYSTEM
from gateway.domain.errors import NotFoundError
from gateway.domain.job import Job
from gateway.store import retention
from gateway.store.retention import Due


def due(door: Door, now: datetime, most: int) -> Sequence[Due]:
    """Faxes whose documents are to be erased now, the oldest first; ends of jobs are looked for before.

    Raises:
        NotAllowedError: the actor is an administrator of some part only.
    """
    door.look(SYSTEM)
    while retention.plan(door.db):
        continue
    return retention.due(door.db, now, most)


def check_documents(door: Door, job: Job) -> None:
    """Return when the actor may save the documents of a job, and they are still kept.

    Raises:
        NotAllowedError: says which right is missing.
        NotFoundError: they were erased; says when.
    """
    door.look("documents.save", job.user_id)
    at = retention.erased_at(door.db, job.id)
    if at is not None:
        raise NotFoundError(f"the documents of fax {job.public_id} were erased on {at:%Y-%m-%d}, as the settings say")
