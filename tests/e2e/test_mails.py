"""Mails through a running daemon: who is let in and how, what comes back, and what the log never says."""

import json
import smtplib
import ssl
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from samples.demo import DOMAIN, Demo, Sink
from tests.flows.daemons import AMELIA, BEN, CARLA, CARLAS_PASSWORD, demo_with_people
from tests.flows.letters import corrupt_pdf, mail, pdf

FAX, PERSON, NOBODY = "+12025550100", "+12025550104", "+12025550103"
CANARIES = ("Quillfeather", "Zanzibarrow", "Mirthwood", "Oxblossom")  # subject, body, file, recipient's name

pytestmark = pytest.mark.slow


@pytest.fixture
def gateway(tmp_path: Path) -> Demo:
    return demo_with_people(tmp_path / "gateway")


@pytest.fixture
def authority(gateway: Demo) -> trustme.CA:
    """STARTTLS with its certificate; no relay is trusted."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = gateway.folder / "chain.pem", gateway.folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    settings = 'trusted_relays = []\ntls_certificate = "chain.pem"\ntls_key = "key.pem"\n'
    text = gateway.config.read_text().replace("[relay]", settings + "[relay]")
    gateway.config.write_text(text.replace("chain.pem", str(chain)).replace("key.pem", str(key)))
    return authority


def connected(gateway: Demo, authority: trustme.CA | None = None) -> smtplib.SMTP:
    """A client that has greeted, and begun TLS when there is an authority."""
    client = smtplib.SMTP("127.0.0.1", gateway.port, timeout=30)
    client.ehlo("laptop.example")
    if authority is not None:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        client.starttls(context=context)
        client.ehlo("laptop.example")
    return client


def sent(client: smtplib.SMTP, message: EmailMessage, sender: str, *numbers: str) -> str:
    """The last reply to a mail."""
    client.mail(sender)
    for number in numbers:
        code, words = client.rcpt(f"{number}@{DOMAIN}")
        if code != 250:
            return f"{code} {words.decode()}"
    code, words = client.data(message.as_bytes(policy=policy.SMTP))
    return f"{code} {words.decode()}"


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def notices(sink: Sink) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sink.mails]  # type: ignore[misc]


def state(gateway: Demo, job: str) -> str:
    return str(json.loads(gateway.faxgw("outbound", "show", job, "-o", "json"))["state"])


def test_signing_in_is_the_way_in_for_who_is_no_trusted_relay(gateway: Demo, sink: Sink, authority: trustme.CA) -> None:
    letter = mail("Dear all", From=f"Carla Ruiz <{CARLA}>")
    with gateway.daemon():
        with connected(gateway) as plain:
            assert not plain.has_extn("auth")  # never in clear text
            unproven = sent(plain, letter, CARLA, FAX)
        with connected(gateway, authority) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
                client.login("carla", "wrong horse")
            client.login("carla", CARLAS_PASSWORD)
            accepted = sent(client, letter, CARLA, FAX)
            as_another = sent(client, mail("Dear all", From=AMELIA), AMELIA, FAX)
        wait_until(lambda: len(sink.mails) == 2)

    assert unproven.startswith(f"550 5.7.26 {CARLA} is not proven")
    assert wrong.value.smtp_code == 535
    assert accepted.startswith("250 2.0.0 accepted as fax job")
    assert as_another.startswith(f"550 5.7.1 {AMELIA} is not of the account that signed in")
    assert [one["To"] for one in notices(sink)] == [CARLA] * 2
    log = (gateway.folder / "daemon.log").read_text()
    assert "horse" not in log


def test_what_a_mail_says_is_never_logged(gateway: Demo, sink: Sink) -> None:
    subject, body, file, name = CANARIES
    good = mail(body, Subject=subject, From=AMELIA, attachments=[pdf(1, f"{file}.pdf")])
    bad = mail(body, Subject=subject, From=AMELIA, attachments=[pdf(), corrupt_pdf(f"{file}.pdf")], Message_ID="<2@a>")
    unknown = mail(body, Subject=f"%{{{subject}}}", From=AMELIA, Message_ID="<3@a>")
    with gateway.daemon():
        with connected(gateway) as client:
            assert sent(client, good, AMELIA, f"{FAX}/ATTN={name}", PERSON).startswith("250")
            assert sent(client, bad, AMELIA, FAX).startswith("250")
            assert sent(client, unknown, AMELIA, FAX).startswith("550 5.5.4")
        wait_until(lambda: len(sink.mails) == 5)

    log = (gateway.folder / "daemon.log").read_text()
    assert [word for word in CANARIES if word.lower() in log.lower()] == []
    assert "amelia" not in log
    assert "2025550100" not in log
    assert "call-ended" in log
    initial = next(one for one in notices(sink) if "Invalid Attachment" in str(one["Subject"]))
    told = initial.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "attachment 2 (PDF)" in told
    assert "damaged" in told
    ours = [one.as_string() for one in notices(sink) if "refusal" not in one["Subject"]]  # that names the directive
    assert len(ours) == 4
    assert [word for word in CANARIES for one in ours if word in one] == []


def test_a_waiting_fax_is_cancelled_while_the_daemon_runs(gateway: Demo, sink: Sink) -> None:
    frozen = gateway.config.read_text().replace("[queue]", "[rendering]\nworkers = 1\n[calling]\nlines = 1\n[queue]")
    gateway.config.write_text(frozen)
    with gateway.daemon():
        with connected(gateway) as client:
            for number in range(4):  # the one line is busy with the others
                letter = mail("Dear all", From=BEN, Message_ID=f"<{number}@b>", attachments=[pdf(4)])
                reply = sent(client, letter, BEN, NOBODY)
        job = reply.split()[-1]
        gateway.faxgw("outbound", "cancel", job)
        assert state(gateway, job) == "cancelled"
        wait_until(lambda: any(job in str(one["Subject"]) for one in notices(sink)))

    [told] = [one for one in notices(sink) if job in str(one["Subject"]) and "not delivered" in str(one["Subject"])]
    assert "Job Cancelled" in told["Subject"]
    assert list(Path(gateway.folder / "store" / "work").iterdir()) == []
