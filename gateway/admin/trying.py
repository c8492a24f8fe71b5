"""What would become of a mail or a sender, found out by the same steps as in the listener; nothing is kept or sent.

What lives here: the order of the steps and what each came to. What does not: the steps (`gateway.judging`,
`gateway.pages`), the mail's file (`trying_files`), how it is shown (`gateway.cli`).
"""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coverpages.fields import FIELDS
from gateway import covers
from gateway.domain.addresses import FaxAddress, distinct
from gateway.domain.decision import Action, Decision
from gateway.domain.errors import BadDirectiveError, GatewayError, NotFoundError, RefusedError, SmtpReply
from gateway.domain.submission import Envelope, NewSubmission, PartPages
from gateway.judging import Case, Judge
from gateway.mail.smtp_data import HeaderRefusedError
from gateway.pages import CoverWish, MailFailure, MailOrder, MailPages, lay_out_mail
from gateway.store import acceptance
from renderers.confine import ConfinedCrashError, Limits, run_confined
from renderers.walls.landlock import Places


@dataclass(frozen=True, slots=True)
class Connection:
    """How the mail would come in; `authenticated_as` is a user name, `mail_from` empty for the null sender."""

    peer: str
    helo: str
    mail_from: str
    authenticated_as: str = ""


@dataclass(frozen=True, slots=True)
class RecipientTrial:
    """What RCPT would be answered; `address` is None where it is refused."""

    written: str
    address: FaxAddress | None
    reply: SmtpReply


@dataclass(frozen=True, slots=True)
class PagesTrial:
    """The pages that all recipients share, and the most that a cover takes; `failure` is why there can be none."""

    pages: int
    cover_pages: int
    parts: tuple[PartPages, ...]
    warnings: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class MailTrial:
    """All that would happen to a mail, as far as it would get: what was not reached is None or empty.

    `reply` is the last one that the client would hear.
    """

    recipients: tuple[RecipientTrial, ...]
    reply: SmtpReply
    case: Case | None = None
    decision: Decision | None = None
    plan: NewSubmission | None = None
    pages: PagesTrial | None = None


async def try_sender(
    judge: Judge, connection: Connection, message: Path | None, author: str
) -> tuple[Case | None, Decision]:
    """Whether a sender would be believed; without a message, that of a mail whose From is `author`, unsigned.

    DNS is asked even where the listener need not: who tries it wants to know. There is no case where the header is
    refused.

    Raises:
        NotFoundError: the file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="faxgw-test-") as folder:
        content = message or Path(folder) / "mail.eml"
        if message is None:
            content.write_text(f"From: <{author}>\r\n\r\n" if author else "\r\n", encoding="utf-8", newline="")
        try:
            case = await asyncio.to_thread(judge.open, _envelope(judge, connection, content, ()))
        except HeaderRefusedError as error:
            return None, Decision(Action.REFUSE, "header", error.reply)
        case = await judge.prove(case)
        return case, judge.decide(case)


async def try_mail(
    judge: Judge, connection: Connection, message: Path, recipients: tuple[str, ...], limits: Limits, max_pages: int
) -> MailTrial:
    """Go through all that would happen to a mail, until something would end it.

    Raises:
        NotFoundError: the file cannot be read.
    """
    found = tuple([await asyncio.to_thread(_recipient, judge, connection, text) for text in recipients])
    good = tuple(one.written for one in found if one.address is not None)
    if found and not good:
        return MailTrial(found, found[-1].reply)
    envelope = _envelope(judge, connection, message, good)
    try:
        case, decision = await _judged(judge, envelope)
    except GatewayError as error:
        return MailTrial(found, error.reply)
    if not good:
        return MailTrial(found, SmtpReply(503, "5.5.1", "no recipient was accepted"))
    if decision.action is not Action.ACCEPT:
        return MailTrial(found, decision.reply, case, decision)
    try:
        plan = await asyncio.to_thread(judge.plan, case, decision)
        await asyncio.to_thread(acceptance.check, judge.db, plan)
    except RefusedError as error:
        return MailTrial(found, error.reply, case, decision)
    pages = await asyncio.to_thread(_pages, judge, case, plan, limits, max_pages)
    return MailTrial(found, decision.reply, case, decision, plan, pages)


async def _judged(judge: Judge, envelope: Envelope) -> tuple[Case, Decision]:
    case = await asyncio.to_thread(judge.open, envelope)
    if not case.is_settled:
        case = await judge.prove(case)
    return case, judge.decide(case)


def _recipient(judge: Judge, connection: Connection, text: str) -> RecipientTrial:
    try:
        address = judge.recipient(text, connection.mail_from, connection.authenticated_as)
    except RefusedError as error:
        return RecipientTrial(text, None, error.reply)
    return RecipientTrial(text, address, SmtpReply(250, "2.1.5", "OK"))


def _pages(judge: Judge, case: Case, plan: NewSubmission, limits: Limits, max_pages: int) -> PagesTrial:
    """Render the mail as the daemon would; what the covers would say of people is left empty."""
    with tempfile.TemporaryDirectory(prefix="faxgw-test-") as folder:
        order = MailOrder(
            mail=case.envelope.content.absolute(),
            workdir=Path(folder).absolute(),
            resolution=plan.resolution,
            paper=case.settings.text("fax.paper"),
            max_pages=max_pages,
            covers=tuple(_wishes(judge, case, plan)),
            with_text=case.settings.on("fax.mail_text"),
            partial=case.settings.text("attachments.on_failure") == "send-rest",
        )
        places = Places(read=(order.mail,), written=(order.workdir,))
        try:
            made: MailPages | MailFailure = run_confined(lay_out_mail, order, limits=limits, places=places)
        except ConfinedCrashError as error:
            return PagesTrial(0, 0, (), failure=error.text)
    if isinstance(made, MailFailure):
        reasons = "; ".join(f"{part.name or part.label}: {part.reason}" for part in made.failed) or made.detail
        return PagesTrial(0, 0, made.left_out, failure=f"{made.outcome.value}: {reasons}".removesuffix(": "))
    own = max((cover.pages for cover in made.covers.values()), default=0)
    notes = tuple(sorted({cover.note for cover in made.covers.values()} - {""}))
    return PagesTrial(made.pages, own, made.parts, made.warnings + notes)


def _wishes(judge: Judge, case: Case, plan: NewSubmission) -> Iterator[CoverWish]:
    rule, empty = case.settings.cover_rule(), dict.fromkeys(FIELDS, "")
    for number, address in enumerate(distinct(plan.addresses)):
        wish = address.cover or plan.cover
        try:
            cover, missing = covers.shelf(judge.db, plan.user_id).take(rule.named(wish)), ""
        except BadDirectiveError as error:
            cover, missing = None, error.text
        yield CoverWish(number, rule, wish, cover, empty, missing)


def _envelope(judge: Judge, connection: Connection, content: Path, recipients: tuple[str, ...]) -> Envelope:
    now: datetime = judge.clock.now()
    try:
        size = content.stat().st_size
    except OSError as error:
        raise NotFoundError(f"{content}: cannot be read ({error.strerror}); nothing was tried") from None
    return Envelope(
        mail_from=connection.mail_from,
        recipients=recipients,
        peer=connection.peer,
        helo=connection.helo,
        content=content,
        size=size,
        received=now,
        authenticated_as=connection.authenticated_as,
        tls=bool(connection.authenticated_as),
    )
