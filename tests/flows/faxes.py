"""Small faxes that are ready to be called, and calls that end as told."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np

from gateway.domain.job import Job
from gateway.store import jobs, submissions, tree
from renderers.faxpage import FaxPage, Resolution, write_tiff
from renderers.libtiff import encode
from tests.claims import claim_render
from tests.filled_store import mail_to, rendered
from tests.flows.letters import ANNA
from tests.flows.stage import Ending, ScriptedTransport, Stage

ONE = "+12025550101"


def scripted(stage: Stage, *endings: Ending | Exception) -> ScriptedTransport:
    return ScriptedTransport(*endings, clock=stage.clock)


def two_pages(stage: Stage, *numbers: str, priority: int = 5, life: timedelta = timedelta(hours=3)) -> Job:
    """Ready jobs of two small pages without a cover; the newest."""
    user = tree.user_by_address(stage.db, ANNA)
    assert user is not None
    write_tiff(stage.folder / "small.tif", [FaxPage(1728, 64, Resolution.FINE, small_page())] * 2)
    digest = stage.spool.put_copy(stage.folder / "small.tif")
    now = stage.clock.now()
    wanted = mail_to(user, *numbers or (ONE,), at=now, priority=priority)
    submissions.add(stage.db, replace(wanted, expires=now + life))
    claim = claim_render(stage.db, stage.process.id, stage.clock.now())
    assert claim is not None
    submissions.finish_render(stage.db, claim, replace(rendered(claim, 2), pages_digest=digest), stage.clock.now(), [])
    return stage.jobs[-1]


@cache
def small_page() -> bytes:
    """64 rows, the middle black, as one T.6 strip."""
    rows = np.zeros((64, 216), np.uint8)
    rows[24:40] = 255
    return encode(rows)


async def call(stage: Stage, *endings: Ending | Exception) -> Job:
    """Place one call for each ending, time passing to each retry; the newest job as it then is."""
    transport = scripted(stage, *endings)
    for _ in endings:
        stage.clock.skip_to(stage.jobs[-1].not_before)
        jobs.promote_due(stage.db, stage.clock.now())
        assert await stage.transmit(transport).next()
    return stage.jobs[-1]
