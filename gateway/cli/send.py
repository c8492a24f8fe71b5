"""faxgw send: a mail through the listener, as a mail program would send it."""

import mimetypes
import smtplib
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import say
from gateway.cli.waiting import told_when_late
from gateway.domain.errors import NotFoundError, RefusedError, SmtpReply, UnreachableError, UsageError
from gateway.domain.nodes import checked_address
from gateway.settings import Smtp


@click.command()
@click.argument("number")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "sender", required=True, help="A registered sending address.")
@click.option("--subject", default="", help="Subject; may hold directives such as %{NoCover}.")
@click.option("--text", default="", help="Body of the mail.")
@pass_console
def send(console: Console, number: str, files: tuple[Path, ...], sender: str, subject: str, text: str) -> None:
    """Fax FILES to NUMBER by a mail through the running listener.

    This machine must be one of the listener's trusted relays, which it is by default.

    \b
    Examples:
      faxgw send +12025550100 offer.pdf --from anna@acme.example
      faxgw send 2025550100 --from anna@acme.example --text "Hello"
    """
    smtp = console.settings.smtp
    sender = checked_address(sender)
    if not number.isprintable():
        raise UsageError(f"{number!r} is no number")
    mail = _mail(sender, f"{number}@{smtp.domains[0]}", subject, text)
    for file in files:
        _attach(mail, file)
    with told_when_late(lambda: say("the listener does not answer yet; waiting for two minutes at most")):
        reply = _submit(smtp, mail, sender, f"{number}@{smtp.domains[0]}")
    say(f"accepted: {reply}; see faxgw outbound list")


def _mail(sender: str, recipient: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    mail.set_content(text)
    return mail


def _attach(mail: EmailMessage, file: Path) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{file}: cannot be read ({error.strerror}); nothing was sent") from None
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    mail.add_attachment(content, maintype=main, subtype=sub, filename=file.name)


def _submit(smtp: Smtp, mail: EmailMessage, sender: str, recipient: str) -> str:
    """Send the mail; the text of the reply to its last line.

    Raises:
        UnreachableError: nobody listens there, or it asks to try again later.
        RefusedError: sender, number or content was refused; with the listener's own words.
    """
    utf8 = not (sender + recipient).isascii()  # it goes by SMTPUTF8 then, which the listener offers
    octets = mail.as_bytes(policy=policy.SMTPUTF8 if utf8 else policy.SMTP)  # smtplib leaves LF in octets as it is
    try:
        with smtplib.SMTP(smtp.place, smtp.port, timeout=120) as client:
            client.ehlo()
            _step(client.mail(sender, ["BODY=8BITMIME", "SMTPUTF8"] if utf8 else []))
            _step(client.rcpt(recipient))
            return _step(client.data(octets))
    except OSError as error:
        text = f"no listener answers at {smtp.place}:{smtp.port} ({error}); start it with: faxgw serve"
        raise UnreachableError(text) from None


def _step(answer: tuple[int, bytes]) -> str:
    code, words = answer
    text = " ".join(words.decode("utf-8", "replace").split())
    if code >= 500:
        raise RefusedError(f"refused: {code} {text}", reply=SmtpReply(code, "", text))
    if code >= 400:
        raise UnreachableError(f"not now: {code} {text}")
    return text
