"""check_dkim beside others: the signed mail of RFC 8463, and dkimpy on whatever chance makes."""

from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from gateway.domain.evidence import DkimFinding, DkimResult
from gateway.mail.proof.dkim import check_dkim
from tests.dkim_mails import NOW, Signer, Zone

pytestmark = pytest.mark.slow  # seconds, together

# RFC 8463, A.2 and A.3
KEYS = Zone(
    {
        "brisbane._domainkey.football.example.com": (
            b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        ),
        "test._domainkey.football.example.com": (
            b"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
            b"jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2"
            b"kryOTIKT+l/K4w3QIDAQAB",
        ),
    }
)
FOOTBALL = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()

SIGNERS = {"ed": Signer(selector="ed", bits=0), "s1": Signer()}
ZONE = Zone(*(signer.zone for signer in SIGNERS.values()))
FORMS = ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed")
PIECES = st.sampled_from(
    [b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b"Word", b":", b";", b"=?utf-8?q?x?=", b"\xc3\xa4", b"-"]
)
TEXTS = st.lists(PIECES, max_size=12).map(b"".join)
LINES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r\n\r\n", b"text", b"\xff", b"  "]), max_size=20).map(
    b"".join
)
PATIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def check(tmp_path: Path):
    def check(mail: bytes, zone: Zone = ZONE, now: datetime = NOW) -> tuple[DkimFinding, ...]:
        path = tmp_path / "mail"
        path.write_bytes(mail)
        return check_dkim(path, zone.texts, now)

    return check


def test_both_signatures_of_rfc_8463_pass(check) -> None:
    findings = check(FOOTBALL, KEYS)

    assert [(one.algorithm, one.bits, one.result) for one in findings] == [
        ("ed25519-sha256", 256, DkimResult.PASS),
        ("rsa-sha256", 1024, DkimResult.PASS),
    ]
    assert {one.digest for one in findings} == {findings[0].digest}
    assert findings[0].signed_at == datetime(2003, 7, 12, 4, 0, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new"), [(b"dinner", b"Dinner"), (b"game.  Are", b"game. Were"), (b"Joe Six", b"Jo Six")]
)
def test_a_letter_changed_in_the_mail_of_rfc_8463_fails_both(check, old: bytes, new: bytes) -> None:
    assert {one.result for one in check(FOOTBALL.replace(old, new), KEYS)} == {DkimResult.FAIL}


def header_of(subject: bytes, other: bytes) -> bytes:
    return (
        b"From:alice@customer.example\r\nSubject:" + subject + b"x\r\nX-Other: " + other + b"y\r\n"
        b"Date: Mon, 2 Mar 2026 15:04:05 +0000\r\n\r\n"
    )


@PATIENT
@given(subject=TEXTS, other=TEXTS, body=LINES, form=st.sampled_from(FORMS), selector=st.sampled_from(sorted(SIGNERS)))
def test_what_dkimpy_signs_passes(check, subject: bytes, other: bytes, body: bytes, form: str, selector: str) -> None:
    mail = header_of(subject, other) + body
    names = (b"from", b"subject", b"date", b"x-other", b"from", b"absent")

    (finding,) = check(SIGNERS[selector].sign(mail, form=form, names=names))

    assert (finding.result, finding.reason) == (DkimResult.PASS, "")


def dkimpy_says(mail: bytes, number: int) -> bool:
    def record(name: bytes, **_options: object) -> bytes:
        return b"".join(ZONE.texts(name.decode().removesuffix(".")))

    try:
        return bool(dkim.DKIM(mail).verify(idx=number, dnsfunc=record))
    except dkim.MessageFormatError:  # it knows no blank before a colon, which RFC 5322 4.5 allows
        reject()
    except dkim.DKIMException:
        return False


@PATIENT
@given(
    place=st.integers(0, 2000),
    octets=st.sampled_from([b"", b" ", b"\r\n ", b"\r\n", b"x", b"\t\t"]),
    cut=st.integers(0, 2),
)
@pytest.mark.parametrize("form", FORMS)
def test_what_passes_here_passes_with_dkimpy_too(check, form: str, place: int, octets: bytes, cut: int) -> None:
    mail = SIGNED[form]
    assume(place < len(mail))
    damaged = mail[:place] + octets + mail[place + cut :]

    for number, finding in enumerate(check(damaged)):
        assert finding.result is not DkimResult.PASS or dkimpy_says(damaged, number)


def signed_by_both(form: str) -> bytes:
    mail = header_of(b" the\t plan", b" a\r\n b") + b"Hello  \r\n\tworld\r\n\r\n"
    names = (b"from", b"subject", b"date")
    return b"".join(signer.signature(mail, form=form, names=names) for signer in SIGNERS.values()) + mail


SIGNED = {form: signed_by_both(form) for form in FORMS}
