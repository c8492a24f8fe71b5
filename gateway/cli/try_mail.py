"""faxgw test sender | mail: what the listener would say to a sender or a mail, and why; nothing is kept or sent.

What lives here: the commands and what they show. What does not: the steps (`gateway.admin.trying`), addresses
(`try_out`).
"""

import asyncio
import sys
from contextlib import nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import TypedDict, Unpack

import click

from gateway.admin.trying import (
    Connection,
    MailTrial,
    PagesTrial,
    RecipientTrial,
    try_mail,
    try_sender,
)
from gateway.admin.trying_files import as_sent, author_of, named_in
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Form, Row, form_option, write_one
from gateway.domain.decision import Action, Decision
from gateway.domain.errors import ExitCode, SmtpReply, UsageError
from gateway.domain.evidence import DkimFinding, DkimResult, Evidence
from gateway.judging import Case, Judge
from renderers.confine import Limits


class ConnectionOptions(TypedDict):
    """What `connection_options` gives."""

    ip: str
    helo: str
    mail_from: str | None
    user_name: str


def connection_options(command: click.decorators.FC) -> click.decorators.FC:
    """How the mail would come in."""
    options = (
        click.option("--ip", required=True, help="Address of the client that would bring it."),
        click.option("--helo", default="", help="What it would say in EHLO."),
        click.option("--mail-from", default=None, help="Envelope sender; <> for the null sender. Default: the author."),
        click.option("--user", "user_name", default="", help="User name that signed in by SMTP AUTH."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("sender")
@connection_options
@click.option("--message", type=click.Path(path_type=Path, dir_okay=False), help="A mail, for its From and signatures.")
@form_option
@pass_console
def sender(console: Console, message: Path | None, form: str, **given: Unpack[ConnectionOptions]) -> None:
    """Tell whether a sender would be believed: SPF, DKIM, alignment, decision and reply.

    Without --message the From is taken to be --mail-from, and there is no signature. A file whose lines
    end in LF is read as a client would send it, with CR LF.

    faxgw test sender --ip 203.0.113.7 --helo mx.acme.example --mail-from amelia@acme.example

    faxgw test sender --ip 203.0.113.7 --message letter.eml -o json

    Exit status: 0 accepted, 2 wrong usage, 6 refused, 7 put off.
    """
    if message is None and given["mail_from"] is None:
        raise UsageError("say who sends: --mail-from ADDRESS, or --message FILE")
    with as_sent(message) if message else nullcontext() as sent:
        author = author_of(sent) if sent else (given["mail_from"] or "").strip("<>")
        case, decision = asyncio.run(try_sender(_judge(console), _connection(given, author), sent, author))
    if form == Form.TABLE:
        _tell_sender(case, decision)
    else:
        write_one(_sender_facts(case, decision), form)
    _leave_by(decision.reply)


@click.command("mail")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@connection_options
@click.option("--to", "recipients", multiple=True, help="Recipient; repeatable. Default: To and Cc at our domains.")
@form_option
@pass_console
def mail(
    console: Console, file: Path, recipients: tuple[str, ...], form: str, **given: Unpack[ConnectionOptions]
) -> None:
    """Tell all that would happen to the mail in FILE, rule by rule; nothing is sent.

    faxgw test mail letter.eml --ip 203.0.113.7 --to +12025550123@fax.example

    faxgw test mail letter.eml --ip 127.0.0.1 -o json

    Exit status: 0 accepted, 2 wrong usage, 3 no such file, 6 refused, 7 put off.
    """
    judge = _judge(console)
    rendering = console.settings.rendering
    limits = Limits(seconds=rendering.max_seconds, memory=rendering.max_memory)
    with as_sent(file) as sent:
        connection = _connection(given, author_of(sent))
        named = recipients or named_in(sent, judge.domains)
        trial = asyncio.run(try_mail(judge, connection, sent, named, limits, rendering.max_pages))
    if form == Form.TABLE:
        _tell_mail(trial)
    else:
        write_one(_mail_facts(trial), form)
    _leave_by(trial.reply)
    if trial.pages is not None and trial.pages.failure:
        sys.exit(ExitCode.REFUSED)


def _judge(console: Console) -> Judge:
    from gateway.domain.clock import SystemClock
    from gateway.parts import build_judge  # loads much that other commands can do without

    return build_judge(console.settings, console.database, SystemClock())


def _leave_by(reply: SmtpReply) -> None:
    if reply.code >= 400:
        sys.exit(ExitCode.REFUSED if reply.code >= 500 else ExitCode.UNREACHABLE)


def _connection(given: ConnectionOptions, author: str) -> Connection:
    try:
        peer = str(ip_address(given["ip"]))
    except ValueError:
        raise UsageError(f"--ip takes an IPv4 or IPv6 address, not {given['ip']!r}") from None
    said = given["mail_from"]
    envelope_sender = author if said is None else said.removeprefix("<").removesuffix(">")
    return Connection(peer, given["helo"] or f"[{peer}]", envelope_sender, given["user_name"])


# For programs.


def _sender_facts(case: Case | None, decision: Decision | None) -> dict[str, object]:
    """What is known of the sender; empty values where the mail was refused before anybody asked."""
    if case is None or decision is None:
        told = {"rule": decision.rule, "reply": str(decision.reply)} if decision else {"rule": None}
        return {"spf": None, "dkim": None, "aligned": False, "decision": "refuse", **told, "evidence": {}}
    evidence = case.evidence
    return {
        "sender": case.sender.path if case.sender else None,
        "header_from": evidence.header_from or None,
        "spf": evidence.spf.result.value if evidence.spf else None,
        "dkim": _dkim_result(evidence),
        "aligned": evidence.spf_passes or evidence.signature is not None,
        "setting": case.settings.sender_proof().value,
        "decision": decision.action.value,
        "rule": decision.rule,
        "reply": str(decision.reply),
        "evidence": decision.evidence,
    }


def _mail_facts(trial: MailTrial) -> Row:
    plan, pages = trial.plan, trial.pages
    return {
        **_sender_facts(trial.case, trial.decision),
        "decision": _final(trial.reply),
        "reply": str(trial.reply),
        "recipients": [_recipient_facts(one) for one in trial.recipients],
        "subject": plan.subject if plan else None,
        "reference": plan.reference if plan else None,
        "resolution": plan.resolution if plan else None,
        "cover": plan.cover if plan else None,
        "priority": plan.priority if plan else None,
        "start": plan.start if plan else None,
        "expires": plan.expires if plan else None,
        "preview": plan.preview if plan else None,
        "pages": pages.pages if pages else None,
        "cover_pages": pages.cover_pages if pages else None,
        "parts": [_part_facts(part.name, part.pages, part.left_out) for part in pages.parts] if pages else [],
        "warnings": list(pages.warnings) if pages else [],
        "failure": pages.failure or None if pages else None,
    }


def _final(reply: SmtpReply) -> str:
    """What becomes of the mail: a good sender may ask for what cannot be."""
    if reply.code < 400:
        return Action.ACCEPT.value
    return (Action.DEFER if reply.code < 500 else Action.REFUSE).value


def _recipient_facts(one: RecipientTrial) -> dict[str, object]:
    address = one.address
    return {
        "address": one.written,
        "destination": str(address.destination) if address else None,
        "sub_address": address.sub_address if address else None,
        "cover": address.cover if address else None,
        "reply": str(one.reply),
    }


def _part_facts(name: str, pages: int, note: str) -> dict[str, object]:
    return {"name": name, "pages": pages, "note": note or None}


def _dkim_result(evidence: Evidence) -> str | None:
    """One word for all signatures: that of the author's own first, then any that passes, then the first."""
    if evidence.spf is None:
        return None
    best = evidence.signature or next((one for one in evidence.dkim if one.result is DkimResult.PASS), None)
    return best.result.value if best else evidence.dkim[0].result.value if evidence.dkim else "none"


# For people.


def _tell_sender(case: Case | None, decision: Decision) -> None:
    lines = _sender_lines(case, decision) if case else [_decision_line(decision)]
    _write_lines([*lines, ("reply", str(decision.reply))])


def _sender_lines(case: Case, decision: Decision) -> list[tuple[str, str]]:
    evidence = case.evidence
    lines = [("author", evidence.header_from or "not exactly one")]
    lines.append(("sender", case.sender.path if case.sender else "nobody here sends from that address"))
    if evidence.authenticated_as:
        lines.append(("signed in", evidence.authenticated_as))
    if evidence.trusted_relay:
        lines.append(("client", "one of the trusted relays"))
    if evidence.spf is not None:
        lines.append(("spf", _spf_words(evidence)))
        lines += [("dkim", _dkim_words(one)) for one in evidence.dkim] or [("dkim", "no signature")]
    lines.append(("asked for", case.settings.sender_proof().value))
    return [*lines, _decision_line(decision)]


def _decision_line(decision: Decision) -> tuple[str, str]:
    return "decision", f"{decision.action.value}, by the rule {decision.rule}"


def _spf_words(evidence: Evidence) -> str:
    found = evidence.spf
    assert found is not None
    words = [f"{found.result.value} for {found.domain or 'no domain'} ({found.scope})"]
    words += [_aligned_words(found.aligned)] if found.result.value == "pass" else []
    words += [f"by {found.shared}, whose addresses strangers share"] if found.shared else []
    return ", ".join([*words, *([found.reason] if found.reason else [])])


def _dkim_words(found: DkimFinding) -> str:
    words = [f"{found.result.value} for {found.domain or 'no domain'}"]
    words += [f"selector {found.selector}"] if found.selector else []
    words += [_aligned_words(found.aligned)] if found.result is DkimResult.PASS else []
    return ", ".join([*words, *([found.reason] if found.reason else [])])


def _aligned_words(aligned: bool) -> str:
    return "the author's own domain" if aligned else "not the author's domain"


def _tell_mail(trial: MailTrial) -> None:
    _write_lines([("recipient", f"{one.written}: {_recipient_words(one)}") for one in trial.recipients])
    if trial.case is not None and trial.decision is not None:
        _write_lines(_sender_lines(trial.case, trial.decision))
    plan = trial.plan
    # What the sender may do is one thing, what this mail asks for another: its client hears one reply.
    _write_lines([("reply", str(trial.reply))])
    if plan is None:
        return
    _write_lines(
        [
            ("subject", plan.subject or "none"),
            ("resolution", plan.resolution),
            ("priority", str(plan.priority)),
            ("starts", plan.start.isoformat(" ", "seconds") if plan.start else "at once"),
            ("expires", plan.expires.isoformat(" ", "seconds")),
        ]
    )
    if trial.pages is not None:
        _write_lines(_page_lines(trial.pages))


def _recipient_words(one: RecipientTrial) -> str:
    return str(one.address.destination) if one.address else str(one.reply)


def _page_lines(pages: PagesTrial) -> list[tuple[str, str]]:
    lines = [("part", f"{part.name}: {part.left_out or f'{part.pages} pages'}") for part in pages.parts]
    lines += [("warning", words) for words in pages.warnings]
    if pages.failure:
        return [*lines, ("in the end", f"no fax: {pages.failure}")]
    return [*lines, ("pages", f"{pages.pages} and {pages.cover_pages} of cover")]


def _write_lines(lines: list[tuple[str, str]]) -> None:
    for name, words in lines:
        click.echo(f"{name:10}  {words}")
