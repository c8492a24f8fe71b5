"""Which cover page a mail gets: behaviours, tokens, parameters of addresses, defaults and levels, down to the pels."""

from dataclasses import replace

import numpy as np
import pytest

from gateway.covers import cover_fields
from gateway.domain.errors import RefusedError
from gateway.domain.job import Job
from gateway.store import covers, tree
from gateway.store.covers import NewCover
from renderers.faxpage import read_tiff
from renderers.libtiff import decode_page
from tests.filled_store import NOW
from tests.flows.letters import mail, pdf
from tests.flows.stage import Stage, words

pytestmark = pytest.mark.slow  # it renders, mail after mail

ANNA, SALES, ONE, TWO = "Acme/Sales/anna", "Acme/Sales", "+12025550101", "+12025550199"
SHIPPED, NONE = "a cover that ships", ""


def bars(count: int) -> str:
    """A template that is known by its bars on top."""
    bar = '<div style="border-top: 20pt solid; margin-bottom: 20pt"></div>\n'
    return bar * count + "<p>{{ recipient_number }} {{ subject }}</p><p>{{ body }}</p>"


def upload(stage: Stage, owner: str, name: str, count: int) -> None:
    covers.add(stage.db, NewCover(owner, name, name.casefold(), name, "", "letter", bars(count)), NOW)


def cover_of(stage: Stage, job: Job) -> str:
    """Which cover a job has: empty for none, bars counted on an uploaded one."""
    if not job.cover_digest:
        return NONE
    tiff = stage.spool.path(job.cover_digest)
    page = read_tiff(tiff)[0]
    ink = np.unpackbits(decode_page(tiff, 0, page.width, page.rows), axis=1)
    dark = (ink.mean(axis=1) > 0.6).astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dark, [0]])))
    found = int(((edges[1::2] - edges[::2]) > 40).sum())
    return f"{found} bars" if found else SHIPPED


async def sent(stage: Stage, subject: str = "Offer", *recipients: str, text: str = "Dear all") -> list[str]:
    """The cover of each job of a mail."""
    await stage.rendered(mail(text, Subject=subject, attachments=[pdf()]), *recipients)
    return [cover_of(stage, job) for job in stage.jobs]


@pytest.fixture
def acme(stage: Stage) -> Stage:
    """Acme has a cover with one bar, its sales one with two; the latter is their default."""
    upload(stage, "Acme", "Gala Blue", 1)
    upload(stage, SALES, "Sales", 2)
    tree.set_setting(stage.db, SALES, "cover.default", "Sales")
    return stage


async def test_a_cover_shows_the_senders_domain_in_its_own_letters(stage: Stage) -> None:
    await stage.submit(mail(), ONE)
    known = replace(stage.detail.submission, sender_address="anna@xn--bcher-kva.example")
    user = tree.user_by_address(stage.db, "anna@acme.example")

    assert user is not None
    assert cover_fields(known, stage.detail.job, user)["sender_email"] == "anna@bücher.example"


REFUSED = "refused"
RULES = [
    # behaviour, subject, text; what comes of it
    ("automatic", "Offer", "Dear all", "2 bars"),
    ("automatic", "%{Cover} Offer", "Dear all", "2 bars"),
    ("automatic", "%{Cover:gala blue} Offer", "Dear all", "1 bars"),
    ("automatic", "Offer %{cover:GALA BLUE}", "", "1 bars"),
    ("automatic", "%{Cover:plain}", "Dear all", SHIPPED),
    ("automatic", "%{NoCover}", "Dear all", REFUSED),
    ("on-demand", "Offer", "Dear all", NONE),
    ("on-demand", "%{Cover}", "Dear all", "2 bars"),
    ("on-demand", "%{Cover:gala blue}", "Dear all", "1 bars"),
    ("on-demand", "%{NoCover}", "Dear all", NONE),
    ("with-body-text", "Offer", "Dear all", "2 bars"),
    ("with-body-text", "Offer", "", NONE),
    ("with-body-text", "%{Cover:gala blue}", "Dear all", "1 bars"),
    ("with-body-text", "%{Cover:gala blue}", "", NONE),
    ("with-body-text", "%{NoCover}", "Dear all", NONE),
    ("none", "Offer", "Dear all", NONE),
    ("none", "%{Cover}", "Dear all", NONE),
    ("none", "%{Cover:gala blue}", "Dear all", NONE),
    ("none", "%{NoCover}", "Dear all", NONE),
]


@pytest.mark.parametrize(("behavior", "subject", "text", "expected"), RULES)
async def test_behaviour_and_token_decide(acme: Stage, behavior: str, subject: str, text: str, expected: str) -> None:
    tree.set_setting(acme.db, "Acme", "cover.behavior", behavior)

    if expected == REFUSED:
        with pytest.raises(RefusedError, match="always sent for you"):
            await sent(acme, subject, text=text)
    else:
        assert await sent(acme, subject, text=text) == [expected]


async def test_what_is_not_honoured_is_in_the_notice(acme: Stage) -> None:
    tree.set_setting(acme.db, "Acme", "cover.behavior", "none")

    await sent(acme, "%{Cover}")

    assert "the cover page that was asked for was left out: covers are switched off" in words(acme.notices[0])


async def test_a_level_may_honour_it_all_the_same(acme: Stage) -> None:
    tree.set_setting(acme.db, "Acme", "cover.behavior", "none")
    tree.set_setting(acme.db, SALES, "cover.token_overrides_none", "on")

    assert await sent(acme, "%{Cover:gala blue}") == ["1 bars"]


async def test_a_level_may_let_the_cover_be_left_out(acme: Stage) -> None:
    tree.set_setting(acme.db, SALES, "cover.may_leave_out", "on")

    assert await sent(acme, "%{NoCover}") == [NONE]


async def test_each_recipient_may_have_a_cover_of_its_own(acme: Stage) -> None:
    tree.set_setting(acme.db, "Acme", "cover.behavior", "on-demand")
    recipients = (f"{ONE}/cp=gala_blue", f"{TWO}/cp=on", "+12025550144/cp=off", "+12025550145")

    assert await sent(acme, "%{Cover:plain}", *recipients) == ["1 bars", "2 bars", NONE, SHIPPED]


async def test_the_nearest_default_holds(acme: Stage) -> None:
    tree.set_setting(acme.db, ANNA, "cover.default", "gala blue")

    assert await sent(acme) == ["1 bars"]


async def test_a_name_given_twice_is_the_nearer_cover(acme: Stage) -> None:
    upload(acme, SALES, "Gala Blue", 3)

    assert await sent(acme, "%{Cover:Gala Blue}") == ["3 bars"]


async def test_a_setting_that_says_builtin_still_has_its_cover(acme: Stage) -> None:
    tree.set_setting(acme.db, ANNA, "cover.default", "builtin")

    assert await sent(acme) == [SHIPPED]


async def test_only_own_covers_are_taken_and_named(acme: Stage) -> None:
    tree.set_setting(acme.db, SALES, "cover.only_own", "on")

    for name in ("plain", "gala blue"):
        with pytest.raises(RefusedError, match=f"no cover page '{name}' here; known are Sales"):
            await sent(acme, f"%{{Cover:{name}}}")
    assert await sent(acme, "%{Cover:sales}") == ["2 bars"]


async def test_a_cover_of_another_department_is_unknown(acme: Stage) -> None:
    tree.add_department(acme.db, "Acme", "Legal")
    upload(acme, "Acme/Legal", "Secret", 3)

    with pytest.raises(RefusedError, match="no cover page 'Secret' here; known are Sales, Gala Blue, business"):
        await sent(acme, "%{Cover:Secret}")


async def test_a_cover_removed_while_the_mail_waits_fails_it_and_the_sender_reads_why(acme: Stage) -> None:
    await acme.submit(mail("Dear all", Subject="%{Cover:gala blue}"))
    covers.remove(acme.db, "Acme", "gala blue")

    assert await acme.prepare().next()

    [job] = acme.jobs
    assert job.state.value == "failed"
    assert "there is no such cover page here; known are Sales, business" in words(acme.notices[0])


async def test_a_cover_replaced_while_the_mail_waits_is_the_new_one(acme: Stage) -> None:
    await acme.submit(mail("Dear all", Subject="%{Cover:gala blue}"))
    covers.add(acme.db, NewCover("Acme", "Gala Blue", "gala blue", "", "", "letter", bars(3)), NOW, replace=True)

    assert await acme.prepare().next()

    assert cover_of(acme, acme.jobs[0]) == "3 bars"
