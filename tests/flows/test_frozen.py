"""What is changed in the tree after a mail was taken does not reach its fax."""

from datetime import timedelta

from gateway.domain.addresses import Destination
from gateway.domain.frozen import thaw
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.line_pages import header_line
from gateway.store import frozen, jobs, tree
from gateway.store.database import Database
from gateway.store.fax_tables import SubmissionRow
from gateway.store.tree_tables import NodeRow, UserRow
from tests.flows.faxes import scripted
from tests.flows.letters import ANNA
from tests.flows.stage import BUSY, Ending, Stage

ONE = "+12025550101"


def anna_of(stage: Stage) -> User:
    user = tree.user_by_address(stage.db, ANNA)
    assert user is not None
    return user


def held(db: Database, submission_id: int, user_id: int) -> dict[str, str]:
    return frozen.of_submission(db, submission_id, user_id).settings.every()


def forget(stage: Stage) -> None:
    """As a mail that was taken before anything was frozen."""
    number = stage.jobs[-1].submission_id
    stage.db.write(lambda session: setattr(session.get(SubmissionRow, number), "frozen", ""))


async def test_a_mail_keeps_the_sender_and_the_settings_of_when_it_was_taken(stage: Stage) -> None:
    user = anna_of(stage)
    tree.set_setting(stage.db, "Acme", "date.format", "dd.MM.yyyy")
    await stage.submit()

    tree.set_setting(stage.db, user.id, "date.format", "yyyy-MM-dd")
    stage.db.write(lambda session: setattr(session.get(UserRow, user.id), "last_name", "Jones"))

    found = stage.detail.frozen
    assert (found.settings.text("date.format"), found.sender) == ("dd.MM.yyyy", user)
    line = header_line(found.sender, found.settings, Destination(ONE), stage.clock.now())
    assert line.startswith(stage.clock.now().strftime("%d.%m.%Y"))


async def test_retries_notices_and_the_header_follow_what_was_frozen(stage: Stage) -> None:
    for name, value in (("retry.busy", "7"), ("retry.jitter_percent", "0"), ("fax.station_id", "+1 202 555 0190")):
        tree.set_setting(stage.db, "Acme", name, value)
    await stage.rendered(None, ONE)
    told = len(stage.notices)
    for name, value in (("retry.busy", "50"), ("fax.station_id", "999"), ("notify.delivery_failure", "off")):
        tree.set_setting(stage.db, "Acme", name, value)

    transport = scripted(stage, BUSY, Ending(BUSY.cause, BUSY.phase))
    assert await stage.transmit(transport).next()

    job = stage.jobs[-1]
    ended = stage.detail.attempts[-1].ended
    assert ended is not None
    assert (job.outcome, job.not_before - ended) == (Outcome.BUSY, timedelta(minutes=7))
    assert transport.orders[0].station_id == "+1 202 555 0190"
    jobs.promote_due(stage.db, job.not_before)
    stage.clock.skip_to(job.not_before)
    assert await stage.transmit(transport).next()
    assert len(stage.notices) == told + 1


async def test_a_lock_that_comes_later_does_not_stop_what_was_taken(stage: Stage) -> None:
    await stage.submit()

    stage.db.write(lambda session: setattr(session.get(NodeRow, anna_of(stage).id), "locked", True))

    assert not stage.detail.frozen.sender.locked
    assert await stage.prepare().next()


async def test_a_mail_from_before_anything_was_frozen_follows_the_tree(stage: Stage) -> None:
    await stage.submit()
    forget(stage)

    tree.set_setting(stage.db, "Acme", "fax.paper", "a4")

    number = stage.jobs[-1].submission_id
    assert held(stage.db, number, anna_of(stage).id)["fax.paper"] == "a4"


async def test_the_text_beside_a_submission_holds_the_sender(stage: Stage) -> None:
    await stage.submit()
    number = stage.jobs[-1].submission_id

    kept = stage.db.read(lambda session: getattr(session.get(SubmissionRow, number), "frozen", ""))

    assert thaw(kept).sender == anna_of(stage)
