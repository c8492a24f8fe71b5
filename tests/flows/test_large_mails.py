"""Mails of many parts, of mails in mails in mails, and to many recipients: each ends soon, and is rendered once."""

import time
from email.message import EmailMessage

import pytest

from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.store import tree
from gateway.store.jobs import listing
from tests.claims import claim_render
from tests.flows.letters import mail, pdf
from tests.flows.stage import Stage, words

pytestmark = pytest.mark.slow  # seconds, together

ONE = "+12025550101"
SOON = 15  # seconds, on a machine that has other work, too


def nested(depth: int) -> bytes:
    """A mail in a mail, and so on; written by hand, as a library would recurse."""
    heads = [
        f'MIME-Version: 1.0\r\nSubject: {number}\r\nContent-Type: multipart/mixed; boundary="b{number}"\r\n\r\n'
        f"--b{number}\r\nContent-Type: message/rfc822\r\n\r\n"
        for number in range(depth)
    ]
    top = "From: Anna Smith <anna@acme.example>\r\nMessage-ID: <1@acme.example>\r\n"
    ends = [f"\r\n--b{number}--\r\n" for number in reversed(range(depth))]
    return "".join([top, *heads, "Subject: bottom\r\n\r\nthe innermost words\r\n", *ends]).encode()


async def told_of(stage: Stage, message: EmailMessage | bytes) -> str:
    """Submit and render it; what its sender reads."""
    begun = time.monotonic()
    await stage.submit(message, ONE)
    assert await stage.prepare().next()
    assert time.monotonic() - begun < SOON
    assert [job.outcome for job in stage.jobs] == [Outcome.INVALID_ATTACHMENT]
    return words(stage.notices[-1])


@pytest.mark.parametrize("depth", [7, 12, 100, 2000])
async def test_mails_nested_deep_end_soon_with_a_reason(stage: Stage, depth: int) -> None:
    told = await told_of(stage, nested(depth))
    assert "too large to be turned into fax pages" in told or "nested deeper than" in told


async def test_mails_nested_as_deep_as_is_allowed_are_pages(stage: Stage) -> None:
    await stage.submit(nested(5), ONE)
    assert await stage.prepare().next()
    assert stage.jobs[0].state is JobState.READY
    assert stage.detail.submission.pages == 5


@pytest.mark.parametrize("count", [501, 3000])
async def test_more_parts_than_are_allowed_end_soon_with_their_number(stage: Stage, count: int) -> None:
    many = mail(None)
    many["MIME-Version"] = "1.0"
    many.make_mixed()
    for number in range(count):
        many.add_attachment(f"note {number}", filename=f"{number}.txt")
    assert "more than 500 parts" in await told_of(stage, many)


async def test_a_mail_to_many_is_rendered_once(stage: Stage) -> None:
    tree.set_setting(stage.db, "Acme", "cover.behavior", "none")
    numbers = [f"+1202555{number:04d}" for number in range(100, 160)]
    await stage.submit(mail("Dear all", attachments=[pdf(2)]), *numbers)
    before = set(stage.contents)
    rendered = 0
    while await stage.prepare().next():
        rendered += 1

    assert rendered == 1
    assert claim_render(stage.db, stage.process.id, stage.clock.now()) is None
    jobs = listing(stage.db)
    assert {(job.state, job.pages) for job in jobs} == {(JobState.READY, 3)}
    assert len(jobs) == len(numbers)
    made = [stage.spool.path(digest) for digest in set(stage.contents) - before]
    assert [path.read_bytes()[:4] for path in made].count(b"II*\0") == 1  # one class F file for all of them
    assert len(stage.notices) == 1
