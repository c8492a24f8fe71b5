"""Small mails go into the database with their rows: all at once, without a file, and with the same promises."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import select

from gateway.domain.errors import GatewayError, SmtpReply, UnavailableError
from gateway.domain.job import JobState
from gateway.domain.submission import Envelope
from gateway.flows.submit import AT_ONCE_OCTETS, SMALL_OCTETS, FrontDesk
from gateway.mail.content_file import ContentFile
from gateway.store import jobs, refusals
from gateway.store.database import Database
from gateway.store.fax_tables import ContentRow
from gateway.store.tree_tables import NodeRow
from tests.dkim_mails import NOW, SIGNED, Signer
from tests.flows.letters import ANNA, mail, pdf
from tests.flows.stage import DOMAIN, STRANGER, Stage

ONE, TWO = "+12025550101", "+12025550102"
THREADS = ThreadPoolExecutor(2)


class CountedThreads(ThreadPoolExecutor):
    """Threads that tell how often they were called."""

    trips = 0

    def submit(self, *words: Any, **named: Any) -> Any:
        self.trips += 1
        return super().submit(*words, **named)


def octets_of(message: EmailMessage) -> bytes:
    return message.as_bytes().replace(b"\n", b"\r\n")


async def arrived(stage: Stage, octets: bytes, *numbers: str, **given: str) -> tuple[Envelope, ContentFile]:
    """What the listener hands over: the envelope, and a content that is in no file yet unless it is large."""
    envelope = stage.envelope(b"", *(numbers or (ONE,)), **given)
    envelope.content.unlink()
    content = ContentFile(envelope.content, THREADS)
    await content.write(octets)
    return replace(envelope, size=len(octets)), content


async def submit(
    desk: FrontDesk, stage: Stage, message: EmailMessage | bytes, *numbers: str, **given: str
) -> SmtpReply:
    octets = message if isinstance(message, bytes) else octets_of(message)
    envelope, content = await arrived(stage, octets, *numbers, **given)
    try:
        return await desk.submit(envelope, content)
    finally:
        await content.remove()


def waiting(db: Database) -> list[bytes]:
    return db.read(lambda session: [row.octets for row in session.exec(select(ContentRow))])


def files(stage: Stage) -> list[str]:
    return [*stage.contents, *(path.name for path in stage.spool.incoming.iterdir())]


async def test_a_small_mail_makes_no_file_until_it_is_rendered(stage: Stage) -> None:
    message = mail("Dear all")

    reply = await submit(stage.desk, stage, message, ONE, TWO)

    assert reply.text == f"accepted as fax job {' '.join(job.public_id for job in stage.jobs)}"
    assert waiting(stage.db) == [octets_of(message)]
    assert files(stage) == []
    assert await stage.prepare().next()
    submission = jobs.submission(stage.db, stage.jobs[0].submission_id)
    assert submission.content_digest in stage.contents
    assert stage.spool.path(submission.content_digest).read_bytes() == octets_of(message)
    assert waiting(stage.db) == []


async def test_what_is_known_is_judged_in_the_event_loop(stage: Stage) -> None:
    threads = CountedThreads(2)
    desk = replace(stage.desk, pool=threads)

    async def one_mail(message_id: str) -> int:
        """How many trips to a thread it took."""
        before = threads.trips
        await desk.check_recipient(f"{ONE}@{DOMAIN}", ANNA, "")
        await submit(desk, stage, mail(Message_ID=message_id))
        return threads.trips - before

    first, second = await one_mail("<1@acme.example>"), await one_mail("<2@acme.example>")

    assert first > 0
    assert (second == 0) is stage.db.is_near  # a server is not asked from there
    threads.shutdown()


async def test_the_same_small_mail_again_is_no_second_fax(stage: Stage) -> None:
    desk = stage.desk

    first, again = [await submit(desk, stage, mail()) for _ in range(2)]

    [job] = stage.jobs
    assert first.text == f"accepted as fax job {job.public_id}"
    assert again.text == f"already accepted, not sent twice: fax job {job.public_id}"
    assert len(waiting(stage.db)) == 1


async def test_fifty_clients_at_once_with_one_mail_make_one_fax(stage: Stage) -> None:
    desk = stage.desk
    await submit(desk, stage, mail(Message_ID="<0@acme.example>"), TWO)

    replies = await asyncio.gather(*(submit(desk, stage, mail()) for _ in range(50)))

    assert sum(reply.text.startswith("accepted") for reply in replies) == 1
    assert len({reply.text.split()[-1] for reply in replies}) == 1
    assert len(stage.jobs) == 2


async def test_fifty_clients_at_once_share_commits(stage: Stage) -> None:
    desk = stage.desk
    await submit(desk, stage, mail())

    works = (submit(desk, stage, mail(Message_ID=f"<{number}@bulk.example>")) for number in range(50))
    replies = await asyncio.gather(*works)

    assert {reply.code for reply in replies} == {250}
    assert len({reply.text for reply in replies}) == 50
    assert len(waiting(stage.db)) == 51
    assert not stage.db.is_near or stage.acceptance.largest > 1


async def test_a_lock_holds_for_the_very_next_mail(stage: Stage) -> None:
    desk = stage.desk
    await submit(desk, stage, mail())

    stage.db.write(lambda session: setattr(session.get(NodeRow, stage.jobs[0].user_id), "locked", True))

    with pytest.raises(GatewayError) as caught:
        await submit(desk, stage, mail(Message_ID="<2@acme.example>"))
    assert caught.value.reply.code == 550
    assert len(stage.jobs) == 1


async def test_a_small_mail_that_is_refused_leaves_its_refusal_only(stage: Stage) -> None:
    desk = stage.desk
    await submit(desk, stage, mail())

    with pytest.raises(GatewayError):
        await submit(desk, stage, mail(Subject="%{Cover:nowhere}", Message_ID="<2@acme.example>"))

    assert [one.rule for one in refusals.refusals(stage.db)] == ["directives"]
    assert len(waiting(stage.db)) == 1
    assert files(stage) == []


@pytest.mark.parametrize("size", [AT_ONCE_OCTETS + 1, SMALL_OCTETS - 2000, SMALL_OCTETS + 1, 300_000])
async def test_larger_mails_are_kept_as_they_are(stage: Stage, size: int) -> None:
    octets = octets_of(mail("x" * 70 + "\r\n"))
    octets += (b"y" * 70 + b"\r\n") * ((size - len(octets)) // 72 + 1)

    reply = await submit(stage.desk, stage, octets)

    assert reply.code == 250
    assert len(stage.contents) == (len(octets) > SMALL_OCTETS)
    assert waiting(stage.db) == ([octets] if len(octets) <= SMALL_OCTETS else [])
    assert list(stage.spool.incoming.iterdir()) == []


@pytest.mark.parametrize("lines", [1, 8_000, 40_000])  # in memory; too large for a row; in a file before its end
async def test_a_mail_whose_signature_must_be_checked_is_put_in_a_file(stage: Stage, lines: int) -> None:
    stage.wall = NOW
    signer = Signer("acme.example")
    stage.dns.put("acme.example", ("TXT", f"v=spf1 ip4:{STRANGER} -all"))
    stage.dns.put(signer.name, ("TXT", signer.record.decode()))
    date = NOW.strftime("%a, %d %b %Y %H:%M:%S +0000")
    head = f"From: {ANNA}\r\nTo: {ONE}@{DOMAIN}\r\nSubject: x\r\nDate: {date}\r\nMessage-ID: <1@a.example>\r\n\r\n"

    signed = signer.sign(head.encode() + b"Dear all\r\n" * lines, names=SIGNED)

    reply = await submit(stage.desk, stage, signed, peer=STRANGER)

    assert reply.code == 250
    assert (len(stage.contents), waiting(stage.db)) == (1, [])
    stage.prover.close()


async def test_the_mail_of_a_job_that_is_cancelled_before_its_render_goes_to_the_spool(stage: Stage) -> None:
    await submit(stage.desk, stage, mail())
    [job] = stage.jobs
    jobs.cancel(stage.db, job.public_id, stage.clock.now(), stage.composer.after_end)

    assert await stage.prepare().next()

    assert waiting(stage.db) == []
    assert stage.contents == [jobs.submission(stage.db, job.submission_id).content_digest]
    assert not await stage.prepare().next()


async def test_a_render_that_cannot_keep_the_mail_leaves_it_where_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(stage.desk, stage, mail("", attachments=[pdf(1)]))

    def full(*_: object) -> str:
        raise UnavailableError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(stage.spool), "put_bytes", full)
        with pytest.raises(UnavailableError):
            await stage.prepare().next()

    assert len(waiting(stage.db)) == 1
    assert await stage.prepare().next()
    assert [job.state for job in stage.jobs] == [JobState.READY]


async def test_a_client_that_goes_away_leaves_no_trace_of_a_small_text(stage: Stage) -> None:
    _envelope, content = await arrived(stage, b"From: anna")

    await content.remove()

    assert files(stage) == []
    assert content.whole() == b""
