"""Authentication-Results: ours, read back by authres and by its shape; foreign ones that bear our name."""

import re
from datetime import UTC, datetime
from pathlib import Path

import authres
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult
from gateway.domain.submission import Envelope
from gateway.mail.proof.results import authentication_results, without_foreign_results

OURS = "fax.example.com"
AUTHOR = "alice@customer.example"
SPF = SpfFinding(SpfResult.PASS, "customer.example", aligned=True)
DKIM = DkimFinding(DkimResult.PASS, "customer.example", "s1", algorithm="rsa-sha256", bits=2048)


def envelope(mail_from: str = AUTHOR) -> Envelope:
    return Envelope(
        mail_from, ("1@fax.example.com",), "192.0.2.1", "mx", Path("x"), 1, datetime(2026, 3, 2, tzinfo=UTC)
    )


def written(*dkim: DkimFinding, spf: SpfFinding | None = None, account: str = "", mail_from: str = AUTHOR) -> str:
    return authentication_results(OURS, Evidence(AUTHOR, account, spf=spf, dkim=dkim), envelope(mail_from))


def read(field: str) -> list[tuple[str, str, str, dict[str, str]]]:
    """Method, result, reason and properties of each result, as another program reads them."""
    parsed = authres.AuthenticationResultsHeader.parse(field.replace("\r\n", ""))
    assert parsed.authserv_id == OURS
    return [
        (one.method, one.result, one.reason or "", {f"{p.type}.{p.name}": p.value for p in one.properties})
        for one in parsed.results
    ]


def test_each_finding_is_told() -> None:
    assert written(DKIM, spf=SPF, account="alice") == (
        "Authentication-Results: fax.example.com;\r\n"
        " auth=pass smtp.auth=alice;\r\n"
        " spf=pass smtp.mailfrom=alice@customer.example;\r\n"
        " dkim=pass header.d=customer.example header.s=s1 header.a=rsa-sha256\r\n"
    )


def test_nothing_looked_for_is_told_as_none() -> None:
    assert written() == "Authentication-Results: fax.example.com;\r\n none\r\n"


def test_each_signature_has_its_result_and_reason() -> None:
    broken = DkimFinding(DkimResult.FAIL, "evil.example", "x", reason="the body is not the one that was signed")
    unread = DkimFinding(DkimResult.NEUTRAL, reason="b= is missing")

    assert read(written(broken, DKIM, unread)) == [
        ("dkim", "fail", "the body is not the one that was signed", {"header.d": "evil.example", "header.s": "x"}),
        ("dkim", "pass", "", {"header.d": "customer.example", "header.s": "s1", "header.a": "rsa-sha256"}),
        ("dkim", "neutral", "b= is missing", {}),
    ]


@pytest.mark.parametrize("result", list(SpfResult))
def test_spf_of_helo_and_of_mail_from(result: SpfResult) -> None:
    helo = written(spf=SpfFinding(result, "mx.example", "helo", reason="why not"), mail_from="")

    assert read(helo) == [("spf", result.value, "why not", {"smtp.helo": "mx.example"})]
    assert read(written(spf=SpfFinding(result, "x")))[0][3] == {"smtp.mailfrom": AUTHOR}


def test_long_results_are_folded() -> None:
    lines = written(DkimFinding(DkimResult.PASS, "d" * 60, "s" * 60, reason="r" * 60), spf=SPF).split("\r\n")

    assert [line for line in lines if len(line) > 78] == []
    assert lines[2:6] == [" dkim=pass", f' reason="{"r" * 60}"', f" header.d={'d' * 60}", f" header.s={'s' * 60}"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a@b.example\r\nBcc: x@y.example", '"a@b.example??Bcc: x@y.example"'),
        ('a"b\\c@d.example', '"a\\"b\\\\c@d.example"'),
        ("a; dkim=pass header.d=customer.example", '"a; dkim=pass header.d=customer.example"'),
        ("a(b)c@d.example", '"a(b)c@d.example"'),
        ("ä\x00\x7f\udcff@d.example", '"????@d.example"'),
        ("", '""'),
        ("a@b@c", '"a@b@c"'),
    ],
)
def test_hostile_values_stay_values(value: str, shown: str) -> None:
    assert written(spf=SPF, mail_from=value).split("\r\n")[1] == f" spf=pass smtp.mailfrom={shown}"


HOSTILE = st.text(max_size=300)
FINDINGS = st.builds(DkimFinding, st.sampled_from(DkimResult), HOSTILE, HOSTILE, reason=HOSTILE, algorithm=HOSTILE)


@given(st.lists(FINDINGS, max_size=5), HOSTILE, HOSTILE)
def test_whatever_strangers_say_it_is_one_field_of_short_lines(
    dkim: list[DkimFinding], account: str, sender: str
) -> None:
    field = written(*dkim, spf=SPF, account=account, mail_from=sender)
    lines = field.removesuffix("\r\n").split("\r\n")

    assert re.fullmatch(r"[ -~\r\n]*", field)
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])
    assert max(len(line) for line in lines) <= 998
    assert all(len(line) <= 78 or len(re.findall(r'[a-z]="|[a-z]=', line)) == 1 or '"' in line for line in lines)


@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=100))
def test_a_reason_of_printable_characters_is_read_back(reason: str) -> None:
    finding = DkimFinding(DkimResult.FAIL, "customer.example", "s1", reason=reason)
    quoted = re.search(r'reason="((?:[^"\\]|\\.)*)"', written(finding).replace("\r\n", ""))

    assert quoted is not None
    assert re.sub(r"\\(.)", r"\1", quoted[1]) == reason


# Foreign ones

FORGED = [
    b"Authentication-Results: fax.example.com; spf=pass smtp.mailfrom=boss@customer.example",
    b"AUTHENTICATION-RESULTS:FAX.Example.COM;dkim=pass",
    b"Authentication-results \t: fax.example.com; none",
    b"Authentication-Results: fax.example.com 1; dkim=pass",
    b"Authentication-Results: fax.example.com 2 ; dkim=pass",
    b"Authentication-Results: fax.example.com. ; dkim=pass",
    b"Authentication-Results: fax.example.com",
    b"Authentication-Results: (hello) fax.example.com; dkim=pass",
    b"Authentication-Results: (a (b) \\) c)\r\n\t(d)fax.example.com (e) 1 (f); dkim=pass",
    b"Authentication-Results: fax.example.com(comment); dkim=pass",
    b"Authentication-Results:\r\n fax.example.com;\r\n dkim=pass",
    b'Authentication-Results: "fax.example.com"; dkim=pass',
    b'Authentication-Results: "fax\\.example\\.com" 1; dkim=pass',
    b'Authentication-Results: "fax".example.com; dkim=pass',
    b'Authentication-Results: (;) "FAX.example.com"; dkim=pass',
    # Whose these are nobody can tell.
    b"Authentication-Results:",
    b"Authentication-Results: ; dkim=pass",
    b"Authentication-Results: (fax.example.com; dkim=pass",
    b"Authentication-Results: (fax.example.com\\",
    b'Authentication-Results: "fax.example.com; dkim=pass',
    b"Authentication-Results: ) fax.example.com; dkim=pass",
    b"Authentication-Results: \\fax.example.com; dkim=pass",
]
OTHERS = [
    b"Authentication-Results: mx.google.com; dkim=pass header.d=customer.example",
    b"Authentication-Results: notfax.example.com; dkim=pass",
    b"Authentication-Results: fax.example.com.evil.example; dkim=pass",
    b"Authentication-Results: (fax.example.com) mx.example; dkim=pass",
    b'Authentication-Results: mx.example; spf=pass (fax.example.com) reason="fax.example.com"',
    b"X-Authentication-Results: fax.example.com; dkim=pass",
    b"ARC-Authentication-Results: i=1; fax.example.com; dkim=pass",
    b"Received: from fax.example.com by mx",
    b"Subject: Authentication-Results: fax.example.com; dkim=pass\r\n Authentication-Results: fax.example.com",
]
FIRST, LAST = b"From: alice@customer.example\r\n", b"Subject: a\r\n b\r\n"


@pytest.mark.parametrize("forged", FORGED)
def test_a_field_that_bears_our_name_goes(forged: bytes) -> None:
    assert without_foreign_results(FIRST + forged + b"\r\n" + LAST, OURS) == FIRST + LAST
    assert without_foreign_results(forged + b"\r\n", OURS) == b""


@pytest.mark.parametrize("other", OTHERS)
def test_others_stay_as_they_are(other: bytes) -> None:
    block = FIRST + other + b"\r\n" + LAST

    assert without_foreign_results(block, OURS) == block
    assert without_foreign_results(block + b"\r\n", OURS) == block + b"\r\n"


def test_every_one_goes_wherever_it_stands() -> None:
    block = b"".join(forged + b"\r\n" + LAST for forged in FORGED)

    assert without_foreign_results(block, "Fax.Example.com") == LAST * len(FORGED)


def test_a_name_in_another_script_is_compared_in_a_labels() -> None:
    block = "Authentication-Results: fax.BÜCHER.example; dkim=pass\r\n".encode()

    assert without_foreign_results(block, "fax.xn--bcher-kva.example") == b""
    assert without_foreign_results(block, "fax.bücher.example") == b""


@given(st.binary(max_size=200))
def test_any_value_is_kept_or_dropped_whole(value: bytes) -> None:
    block = b"Authentication-Results:" + value.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"

    assert without_foreign_results(FIRST + block + LAST, OURS) in (FIRST + block + LAST, FIRST + LAST)


def test_our_own_field_is_one_that_would_go() -> None:
    assert without_foreign_results(written(DKIM, spf=SPF).encode() + FIRST, OURS) == FIRST


@pytest.mark.parametrize(
    "value", [b"(" * 100_000, b'"' * 99_999, b"\\" * 100_000, b"a" * 100_000, b"( " * 100_000, b'"\\' * 90_000]
)
def test_long_nonsense_takes_no_time(value: bytes) -> None:
    block = b"Authentication-Results: " + value + b"\r\n"

    assert without_foreign_results(block * 2, OURS) in (b"", block * 2)
