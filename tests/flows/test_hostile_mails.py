"""A mail with a bomb in it, rendered as the daemon does: it costs that mail only, and its sender reads why."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.flows.prepare import kept, within
from gateway.pages import CoverPages, MailOrder, MailPages
from gateway.part_troubles import in_work
from gateway.store import tree
from renderers import confine
from renderers.confine import ConfinedCrashError
from renderers.errors import Reason, RenderError
from tests.flows.letters import mail, pdf
from tests.flows.stage import LIMITS, Stage, words
from tests.hostile_pdfs import PDFS
from tests.hostile_pictures import PICTURES
from tests.processes import descendants

ONE, TWO = "+12025550101", "+12025550102"
HANG = (PDFS["pdf-pattern_of_tiny_tiles"](), "application/pdf", "plan.pdf")
CRASH = (PDFS["pdf-forms_that_multiply"](), "application/pdf", "form.pdf")
VAST = (PICTURES["png-more_memory_than_a_converter_has"](), "image/png", "photo.png")
pytestmark = pytest.mark.slow  # a bomb takes the time it is given


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    rooms = tmp_path_factory.mktemp("rooms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(rooms))
        yield
    parent = confine._PARENT._process
    assert parent is None or "fax-render" not in descendants(parent.pid).values()
    assert list(rooms.iterdir()) == []
    assert list(stage.work.iterdir()) == []


async def rendered(stage: Stage, *attachments: tuple[bytes, str, str], seconds: int = 4) -> str:
    """Render a mail with these; the words of the notice."""
    await stage.submit(mail("Dear all", attachments=attachments), ONE)
    assert await stage.prepare(replace(LIMITS, seconds=seconds)).next()
    return words(stage.notices[-1])


@pytest.mark.parametrize(
    ("bomb", "seconds", "why"),
    [
        (HANG, 3, "attachment 2 (PDF) took too long it took too long"),
        (CRASH, 30, "it is too large to be turned into fax pages"),
        (VAST, 10, "it is too large to be turned into fax pages"),
    ],
    ids=["hang", "crash", "memory"],
)
async def test_the_sender_reads_which_part_and_why(
    stage: Stage, bomb: tuple[bytes, str, str], seconds: int, why: str
) -> None:
    told = await rendered(stage, pdf(2), bomb, pdf(1, "last.pdf"), seconds=seconds)

    assert why in told
    assert "offer.pdf" not in told
    assert "last.pdf" not in told
    assert stage.jobs[0].outcome is Outcome.INVALID_ATTACHMENT


async def test_the_next_mail_is_rendered_as_if_nothing_had_been(stage: Stage) -> None:
    await rendered(stage, HANG)
    await stage.submit(mail("Dear all", attachments=[pdf(2)], Message_ID="<2@acme.example>"), TWO)
    assert await stage.prepare().next()

    assert [job.state for job in stage.jobs] == [JobState.FAILED, JobState.READY]


@pytest.mark.parametrize("bomb", [HANG, VAST], ids=["hang", "memory"])
async def test_the_rest_is_sent_where_the_level_says_so(stage: Stage, bomb: tuple[bytes, str, str]) -> None:
    tree.set_setting(stage.db, "Acme", "attachments.on_failure", "send-rest")

    told = await rendered(stage, pdf(2), bomb, pdf(1, "last.pdf"))

    assert stage.jobs[0].state is JobState.READY
    assert stage.detail.submission.pages == 3
    assert "NOT SENT" in told


@pytest.mark.parametrize(
    "path",
    ["/etc/hostname", "{work}/../../elsewhere.tif", "{work}", "{work}/..", "{work}/missing.tif", "{work}/link.tif"],
)
def test_pages_elsewhere_are_not_taken_for_those_of_the_mail(stage: Stage, path: str) -> None:
    """What a converter that was taken over may say it has made."""
    (stage.folder / "elsewhere.tif").write_bytes(b"somebody's fax")
    link = stage.work / "link.tif"
    link.symlink_to(stage.folder / "elsewhere.tif")
    order = MailOrder(stage.folder / "mail", stage.work, "fine", "letter", 9, ())
    said = Path(path.format(work=stage.work))

    for made in (MailPages(said, 1, ()), MailPages(None, 0, (), {1: CoverPages(said, 1)})):
        with pytest.raises(ConfinedCrashError, match="elsewhere"):
            within(order, made)
    link.unlink()


def test_pages_of_the_mail_alone_are_moved_and_leave_no_copy(stage: Stage) -> None:
    made = stage.folder / "pages.tif"
    made.write_bytes(b"pages")

    digest = kept(stage.spool, made)

    assert stage.spool.path(digest).read_bytes() == b"pages"
    assert not made.exists()
    assert kept(stage.spool, None) == ""


@pytest.mark.parametrize("bind", [os.link, os.symlink])
def test_pages_with_another_name_are_copied_and_no_document_can_change_them(
    stage: Stage, bind: Callable[[Path, Path], None]
) -> None:
    whole, made = stage.folder / "whole.tif", stage.folder / "pages.tif"
    whole.write_bytes(b"pages")
    bind(whole, made)

    digest = kept(stage.spool, made)
    whole.write_bytes(b"other")

    assert stage.spool.path(digest).read_bytes() == b"pages"
    assert stage.spool.check(digest)


def test_a_pipe_in_place_of_a_note_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in-work.json")
    assert in_work(tmp_path, RenderError(Reason.CRASHED, "x")) is None
