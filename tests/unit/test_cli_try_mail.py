"""faxgw test sender and test mail: the listener's own words, and nothing kept."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dkim_mails import SIGNED, Signer
from tests.dns_server import DnsServer, Manner
from tests.flows.commands import Commands
from tests.flows.letters import corrupt_pdf, mail, pdf
from tests.flows.test_proof import letter

pytestmark = pytest.mark.slow  # seconds, together

AMELIA = "amelia@acme.example"
CLIENT, STRANGER = "198.51.100.7", "198.51.100.99"
OTHER = "x@elsewhere.example"
FAX = "+12025550101@fax.localhost"
SIGNER = Signer("acme.example")


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    zone = {
        "acme.example": [("TXT", f"v=spf1 ip4:{CLIENT} -all")],
        SIGNER.name: [("TXT", SIGNER.record.decode())],
        "elsewhere.example": [("TXT", "v=spf1 +all")],
    }
    with DnsServer(zone) as server:
        yield server


@pytest.fixture
def faxgw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dns: DnsServer
) -> Commands:
    """A gateway with Amelia, which asks our name server; two mails lie in its folder."""
    monkeypatch.chdir(tmp_path)
    commands = Commands(tmp_path, monkeypatch, capsys)
    commands.configure(f'[dns]\nnameservers = ["{dns.address}"]\n')
    commands("company", "add", "Acme")
    commands("user", "add", "Acme", "Amelia", "Ross", "--sending", AMELIA)
    Path("signed.eml").write_bytes(SIGNER.sign(letter(AMELIA, to=FAX), names=SIGNED))
    Path("plain.eml").write_bytes(letter(AMELIA, to=FAX))
    Path("saved.eml").write_bytes(SIGNER.sign(letter(AMELIA, to=FAX), names=SIGNED).replace(b"\r\n", b"\n"))
    Path("hidden.eml").write_bytes(b"Subject: x\nFrom: eve@acme.example\r\n" + letter(AMELIA, to=FAX))
    return commands


def facts(faxgw: Commands, *arguments: str) -> dict[str, object]:
    found = json.loads(faxgw("test", *arguments, "-o", "json").out)
    assert isinstance(found, dict)
    return found


# Senders.


def test_a_sender_whom_spf_and_dkim_prove(faxgw: Commands) -> None:
    found = facts(faxgw, "sender", "--ip", CLIENT, "--message", "signed.eml")

    assert (found["spf"], found["dkim"], found["aligned"]) == ("pass", "pass", True)
    assert (found["decision"], found["rule"], found["sender"]) == ("accept", "spf-and-dkim", "Acme/amelia@acme.example")
    assert str(found["reply"]).startswith("250 2.0.0")
    assert "spf=pass" in found["evidence"]["authentication_results"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "spf", "dkim", "reply"),
    [
        (("--ip", CLIENT, "--mail-from", AMELIA), "pass", "none", "550 5.7.20"),
        (("--ip", STRANGER, "--mail-from", AMELIA), "fail", "none", "550 5.7.26"),
        (("--ip", STRANGER, "--message", "signed.eml"), "fail", "pass", "550 5.7.23"),
        (("--ip", CLIENT, "--message", "saved.eml"), "pass", "pass", "250 2.0.0"),
        (("--ip", CLIENT, "--message", "hidden.eml"), None, None, "554 5.6.0"),
        (("--ip", CLIENT, "--mail-from", "<>", "--helo", "acme.example"), "pass", "none", "550 5.7.1"),
        (("--ip", CLIENT, "--mail-from", "eve@acme.example"), "pass", "none", "550 5.7.1"),
        (
            ("--ip", CLIENT, "--mail-from", OTHER, "--message", "plain.eml"),
            "pass",
            "none",
            "550 5.7.26",
        ),
        (("--ip", "127.0.0.1", "--message", "plain.eml"), "fail", "none", "250 2.0.0"),
        (("--ip", STRANGER, "--user", AMELIA, "--message", "plain.eml"), "fail", "none", "250 2.0.0"),
        (("--ip", CLIENT, "--mail-from", "<>", "--message", "plain.eml"), "none", "none", "550 5.7.1"),
    ],
)
def test_each_finding_and_what_is_answered(
    faxgw: Commands, arguments: tuple[str, ...], spf: str | None, dkim: str | None, reply: str
) -> None:
    found = facts(faxgw, "sender", *arguments)

    assert (found["spf"], found["dkim"]) == (spf, dkim)
    assert str(found["reply"]).startswith(reply)
    assert (found["decision"] == "accept") is reply.startswith("250")


def test_trouble_of_the_dns_puts_it_off(faxgw: Commands, dns: DnsServer) -> None:
    dns.behave(Manner.SERVFAIL)

    ran = faxgw("test", "sender", "--ip", CLIENT, "--message", "signed.eml", "-o", "json")

    found = json.loads(ran.out)
    assert (ran.code, found["decision"], found["spf"]) == (7, "defer", "temperror")


def test_people_read_it_in_words(faxgw: Commands) -> None:
    ran = faxgw("test", "sender", "--ip", STRANGER, "--message", "signed.eml")

    assert ran.code == 6
    assert "spf         fail for acme.example (mfrom)" in ran.out
    assert "dkim        pass for acme.example, selector s1, the author's own domain" in ran.out
    assert "decision    refuse, by the rule proof" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("sender", "--ip", "mx.acme.example", "--mail-from", AMELIA), 2, "--ip takes an IPv4 or IPv6 address"),
        (("sender", "--ip", CLIENT), 2, "say who sends"),
        (("sender", "--ip", CLIENT, "--message", "gone.eml"), 3, "gone.eml: cannot be read"),
        (("mail", "gone.eml", "--ip", CLIENT), 3, "gone.eml: cannot be read"),
    ],
)
def test_mistakes_are_named(faxgw: Commands, arguments: tuple[str, ...], code: int, complaint: str) -> None:
    ran = faxgw("test", *arguments)

    assert ran.code == code
    assert complaint in ran.complaint


# Mails.


def test_a_good_mail_is_followed_to_its_pages(faxgw: Commands) -> None:
    found = facts(faxgw, "mail", "signed.eml", "--ip", CLIENT)

    assert (found["decision"], found["subject"], found["resolution"]) == ("accept", "Offer", "fine")
    assert [one["destination"] for one in found["recipients"]] == ["+12025550101"]  # type: ignore[attr-defined]
    assert (found["cover_pages"], found["failure"]) == (1, None)
    assert json.loads(faxgw("outbound", "list", "-o", "json").out) == []


def test_the_parts_of_a_mail_and_its_directives(faxgw: Commands) -> None:
    content = mail("", attachments=[pdf(3)], From=AMELIA, To=FAX, Subject="Plan %{NoCover} %{Normal} %{Ref:A7}")
    Path("parts.eml").write_bytes(content.as_bytes().replace(b"\n", b"\r\n"))
    faxgw("settings", "set", AMELIA, "cover.may_leave_out=on")

    found = facts(faxgw, "mail", "parts.eml", "--ip", "127.0.0.1", "--to", FAX, "--to", f"911@{FAX.partition('@')[2]}")

    assert (found["decision"], found["resolution"], found["reference"]) == ("accept", "standard", "A7")
    assert [str(one["reply"])[:9] for one in found["recipients"]] == ["250 2.1.5", "550 5.7.1"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "reply"),
    [
        (("--ip", STRANGER), "550 5.7.26"),
        (("--ip", CLIENT, "--to", f"12@{FAX.partition('@')[2]}"), "550 5.1.3"),
        (("--ip", CLIENT, "--to", "+12025550101@elsewhere.example"), "550 5.7.1"),
    ],
)
def test_a_mail_goes_as_far_as_it_is_let(faxgw: Commands, arguments: tuple[str, ...], reply: str) -> None:
    ran = faxgw("test", "mail", "plain.eml", *arguments, "-o", "json")

    found = json.loads(ran.out)
    assert (ran.code, found["pages"]) == (6, None)
    assert found["reply"].startswith(reply)


@pytest.mark.parametrize(("name", "code"), [("saved.eml", "250 2.0.0"), ("hidden.eml", "554 5.6.0")])
def test_lines_that_end_in_lf_alone_are_a_saved_mail_or_a_trick(faxgw: Commands, name: str, code: str) -> None:
    found = facts(faxgw, "mail", name, "--ip", CLIENT)

    assert str(found["reply"]).startswith(code)
    assert found["decision"] == ("accept" if code.startswith("250") else "refuse")


def test_a_directive_that_is_refused_is_the_one_reply(faxgw: Commands) -> None:
    content = mail("", attachments=[pdf(1)], From=AMELIA, To=FAX, Subject="Plan %{Kover}")
    Path("wrong.eml").write_bytes(content.as_bytes().replace(b"\n", b"\r\n"))

    ran = faxgw("test", "mail", "wrong.eml", "--ip", "127.0.0.1")

    replies = [line.split(maxsplit=1)[1] for line in ran.out.splitlines() if line.startswith("reply")]
    assert ran.code == 6
    assert "decision    accept, by the rule trusted-relay" in ran.out
    assert [reply[:35] for reply in replies] == ["550 5.5.4 unknown directive %{Kover"]


def test_a_part_that_cannot_be_faxed_is_named(faxgw: Commands) -> None:
    content = mail("", attachments=[corrupt_pdf()], From=AMELIA, To=FAX)
    Path("broken.eml").write_bytes(content.as_bytes().replace(b"\n", b"\r\n"))

    ran = faxgw("test", "mail", "broken.eml", "--ip", "127.0.0.1")

    assert ran.code == 6
    assert "broken.pdf: it is damaged" in ran.out
