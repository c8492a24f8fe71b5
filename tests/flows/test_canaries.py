"""Private words of a sender, followed to every place that others read: notices, the log, events, call reports, metrics.

Each word stands in one place of a mail only. What is kept of it is listed by column: whoever adds a column that holds
one finds it here.
"""

import contextlib
import io
import logging
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from gateway.domain.alarms import Room
from gateway.domain.call import Cause, Phase
from gateway.domain.errors import GatewayError, RefusedError
from gateway.domain.job import JobState
from gateway.logs import FORMATS
from gateway.mail.smtp_recipients import Transaction
from gateway.mail.smtp_syntax import MailArgument
from gateway.store import covers, jobs, outbox, tree
from gateway.store.covers import NewCover
from gateway.store.migrate import METADATA
from gateway.watch.counts import Counts
from gateway.watch.metrics import exposition
from gateway.watch.sight import Sight
from tests.filled_store import NOW
from tests.flows.letters import ANNA, corrupt_pdf, mail, pdf, unknown
from tests.flows.stage import BUSY, DONE, Ending, ScriptedTransport, Stage

ONE, TWO, THREE = "+12025550101", "+12025550102", "+12025550103"
# What each says, and the columns that may keep it: of what people ask for (activity), never of what became of it.
CANARIES = {
    "quillfeather": {"submission.subject"},
    "zanzibarrow": set(),  # the body
    "mirthwood": {"part.name"},  # a file's name: of one that failed
    "oxblossom": {"job.recipient_name"},
    "fernwhistle": {"job.recipient_company"},
    "larkspindle": {"job.sender_name"},
    "thistledown": {"refusal.reply"},  # a directive that is none, in the subject
    "brambleshade": {"refusal.reply", "submission.cover"},  # a cover page's name, in the subject
    "copperwren": {"submission.refused"},  # an address that is refused
    "moonparsley": set(),  # the text of a document
}
CONTENTS = {"small_content.octets", "outbox.message", "outbox.message_digest"}
pytestmark = pytest.mark.slow  # it renders, mail after mail


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """All that is logged, in both forms, down to the smallest event."""
    stream = io.StringIO()
    handlers = [logging.StreamHandler(stream) for _ in FORMATS]
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    for handler, form in zip(handlers, FORMATS.values(), strict=True):
        handler.setFormatter(form())
        root.addHandler(handler)
    yield stream
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def counts() -> Counts:
    return Counts()


def letter(number: int, *, subject: str = "quillfeather", **given: object) -> EmailMessage:
    return mail("Dear zanzibarrow", Subject=subject, Message_ID=f"<{number}@acme.example>", **given)  # type: ignore[arg-type]


NOTE = (b"moonparsley and thyme", "text/plain", "mirthwood.txt")
WHOM = "/ATTN=oxblossom/co=fernwhistle/fr=larkspindle"


async def submit(stage: Stage, counts: Counts, message: EmailMessage, *recipients: str) -> None:
    """Through the front door as the listener would: a recipient that is refused is told with the mail."""
    transaction = Transaction(MailArgument(ANNA))
    try:
        stage.judge.recipient("copperwren@fax.example", ANNA, "")
    except GatewayError as error:
        transaction.note_refusal("copperwren@fax.example", error)
    envelope = replace(stage.envelope(message, *recipients), refused=tuple(transaction.refused))
    with contextlib.suppress(RefusedError):  # for a directive; the client that hears of it wrote it
        await replace(stage.desk, tally=counts).submit(envelope)


async def work_through(stage: Stage, counts: Counts) -> None:
    """Deliveries, failures, refusals, a cancel, an expiry: all that a sender is told of."""
    unsure = Ending(Cause.LINE_DROPPED, Phase.RELEASE, pages=1, doubt=True)
    transport = ScriptedTransport(DONE, Ending(Cause.VOICE), unsure, BUSY, BUSY, clock=stage.clock)
    transmit = replace(stage.transmit(transport), tally=counts)
    mails = (
        (letter(1, attachments=[NOTE]), ONE + WHOM, TWO + WHOM),
        (letter(2, attachments=[pdf(1, "mirthwood.pdf")]), THREE),
        (letter(3, attachments=[corrupt_pdf("mirthwood.pdf"), unknown("mirthwood.xyz")]), ONE),
        (letter(4, subject="%{thistledown} quillfeather"), ONE),
        (letter(5, subject="%{Cover: brambleshade} quillfeather"), ONE),
        (letter(6, html="<p>zanzibarrow<img src='cid:mirthwood'></p>"), ONE, TWO),
    )
    for message, *recipients in mails:
        await submit(stage, counts, message, *recipients)
    while await replace(stage.prepare(), tally=counts).next():
        pass
    for _ in range(3):
        assert await transmit.next()
    ready = [job for job in stage.jobs if job.state is JobState.READY]
    jobs.cancel(stage.db, ready[0].public_id, stage.clock.now(), stage.composer.after_end)
    assert await transmit.next()
    stage.clock.pass_time(hours=24)
    while await stage.tend().next():
        pass


async def lost_cover(stage: Stage, counts: Counts) -> None:
    """A cover page that was there when its mail was taken, and is not when its pages are made."""
    own = covers.add(stage.db, NewCover("Acme", "brambleshade", "brambleshade", "", "", "letter", "{{ pages }}"), NOW)
    await submit(stage, counts, letter(7, subject="%{Cover: brambleshade} quillfeather"), ONE)
    covers.remove(stage.db, own.owner, own.key)
    assert await replace(stage.prepare(), tally=counts).next()


async def test_private_words_reach_no_minimal_notice_log_event_report_or_metric(
    stage: Stage, heard: io.StringIO, counts: Counts
) -> None:
    await work_through(stage, counts)
    await lost_cover(stage, counts)

    kinds = [one.kind for one in outbox.listing(stage.db)]
    assert {kinds.count(kind) for kind in ("initial-success", "initial-failure", "delivery-failure")} == {3, 4}
    assert "delivery-success" in kinds
    assert heard.getvalue().count("call-ended") == 8  # in two forms
    for word in CANARIES:
        assert [notice["Subject"] for notice in stage.notices if word in readable(notice)] == []
        assert word not in heard.getvalue().lower()
        assert word not in exposition(counts.sums(), SIGHT).decode().lower()
    kept = {word: places(stage, word) for word in CANARIES}
    assert kept == CANARIES


async def test_full_notices_name_the_subject_and_the_files_that_fail_and_no_more(stage: Stage, counts: Counts) -> None:
    tree.set_setting(stage.db, "Acme", "notify.content", "full")

    await submit(stage, counts, letter(1, attachments=[NOTE]), ONE + WHOM)
    await submit(stage, counts, letter(2, attachments=[corrupt_pdf("mirthwood.pdf")]), TWO + WHOM)
    await submit(stage, counts, letter(3, subject="%{thistledown} quillfeather"), ONE)
    while await stage.prepare().next():
        pass

    told = " ".join(map(readable, stage.notices))
    assert {word for word in CANARIES if word in told} == {"quillfeather", "mirthwood", "thistledown", "copperwren"}


SIGHT = Sight(None, Room(5_000, 9_000), (), (7,), "1.2.3")


def readable(notice: EmailMessage) -> str:
    """Everything in it, headers and parts, as people and programs read it."""
    parts = [bytes(part.get_payload(decode=True) or b"") for part in notice.walk() if not part.is_multipart()]
    headers = [f"{name}: {value}" for part in notice.walk() for name, value in part.items()]
    return "\n".join((*headers, *(part.decode("utf-8", "replace") for part in parts), notice.as_string())).lower()


def places(stage: Stage, word: str) -> set[str]:
    """The columns in which a word is kept, in any spelling, but for contents, which retention erases."""
    found = set()
    spelled = {word.encode(), b64encode(word.encode())}
    for table in METADATA.sorted_tables:
        with stage.db._engine.connect() as connection:
            rows = connection.execute(sa.select(table)).mappings().all()
        for row in rows:
            found |= {f"{table.name}.{name}" for name, value in row.items() if _holds(value, spelled)}
    return found - CONTENTS


def _holds(value: object, words: set[bytes]) -> bool:
    text = value if isinstance(value, bytes) else str(value).encode()
    return any(word in text.lower() or word in text for word in words)
