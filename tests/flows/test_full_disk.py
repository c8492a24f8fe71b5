"""A disk that fills up after 250: the mail waits, and is rendered when there is room again."""

import pytest

from gateway.domain.errors import UnavailableError
from gateway.domain.job import JobState
from gateway.store import submissions
from tests.claims import claim_render
from tests.flows.letters import mail, pdf
from tests.flows.stage import Stage

NUMBER = "+12025550101"


@pytest.mark.slow
@pytest.mark.parametrize("where", ["os.fsync", "tempfile.TemporaryDirectory"])
async def test_a_mail_that_met_a_full_disk_is_rendered_later_and_counts_no_crash(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    await stage.submit(mail("Dear all", attachments=[pdf(1)]), NUMBER)
    with monkeypatch.context() as full:
        full.setattr(where, _no_room)
        with pytest.raises(UnavailableError):
            await stage.prepare().next()

    claim = claim_render(stage.db, stage.process.id, stage.clock.now())

    assert claim is not None
    assert claim.crashes == 0
    submissions.give_back(stage.db, claim, stage.clock.now(), counted=False)
    assert await stage.prepare().next()
    assert [job.state for job in stage.jobs] == [JobState.READY]


def _no_room(*_file: object, **_how: object) -> None:
    raise OSError(28, "No space left on device")
