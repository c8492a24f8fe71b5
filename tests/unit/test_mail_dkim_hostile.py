"""check_dkim on what chance and malice make of mails and keys: always findings, never an error, never long."""

import base64
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.evidence import DkimFinding, DkimResult
from gateway.mail.proof.dkim import check_dkim
from tests.dkim_mails import MAIL, NOW, Signer, Zone

pytestmark = pytest.mark.slow  # seconds, together

ALICE = Signer()
ED = Signer(selector="ed", bits=0)
ZONE = Zone(ALICE.zone, ED.zone)
GOOD = ED.signature(MAIL) + ALICE.sign()
TAGS = ("v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "z")
VALUES = st.one_of(
    st.sampled_from(
        ["", "1", "rsa-sha256", "from", "customer.example", "s1", "@", "@customer.example", "9" * 40, "=", "/"]
    ),
    st.text(max_size=40),
)
PATIENT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def check(tmp_path: Path):
    def check(mail: bytes, zone: Zone = ZONE) -> tuple[DkimFinding, ...]:
        path = tmp_path / "mail"
        path.write_bytes(mail)
        return check_dkim(path, zone.texts, NOW)

    return check


@PATIENT
@given(st.binary(max_size=400))
def test_any_octets_have_an_answer(check, mail: bytes) -> None:
    assert len(check(mail)) <= 5
    assert len(check(b"DKIM-Signature: " + mail)) <= 5


@PATIENT
@given(st.dictionaries(st.sampled_from(TAGS), VALUES, max_size=14))
def test_any_tags_have_an_answer_and_none_of_them_passes(check, tags: dict[str, str]) -> None:
    text = "; ".join(f"{name}={value}" for name, value in tags.items()).encode("utf-8", "replace")

    findings = check(b"DKIM-Signature: " + text.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n" + MAIL)

    assert [one.result for one in findings if one.result is DkimResult.PASS] == []
    assert len(findings) == 1


@PATIENT
@given(tags=st.dictionaries(st.sampled_from(["c", "d", "i", "l", "q", "s", "t", "x", "z"]), VALUES, max_size=4))
def test_any_tags_rightly_signed_have_an_answer(check, tags: dict[str, str]) -> None:
    printable = {
        name: "".join(one for one in value if " " <= one <= "~" and one != ";") for name, value in tags.items()
    }

    (finding,) = check(ALICE.resign(**printable))

    assert finding.result in DkimResult
    assert "l" not in tags or finding.result is not DkimResult.PASS


@PATIENT
@given(place=st.integers(0, len(GOOD) - 1), octets=st.binary(max_size=3), cut=st.integers(0, 3))
def test_a_damaged_mail_has_an_answer(check, place: int, octets: bytes, cut: int) -> None:
    findings = check(GOOD[:place] + octets + GOOD[place + cut :])

    assert all(one.result in DkimResult for one in findings)
    passing = [one for one in findings if one.result is DkimResult.PASS]
    assert len(passing) <= 2


@PATIENT
@given(place=st.integers(0, len(MAIL) - 1), letter=st.sampled_from(b"abcXYZ019<>@:."))
def test_no_changed_letter_of_a_signed_mail_passes(check, place: int, letter: int) -> None:
    signature = ALICE.signature(MAIL, form="simple/simple")
    changed = MAIL[:place] + bytes([letter]) + MAIL[place + 1 :]

    passes = [one for one in check(signature + changed) if one.result is DkimResult.PASS]

    assert bool(passes) == (changed == MAIL)


@PATIENT
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_any_key_record_has_an_answer(check, records: list[bytes]) -> None:
    (finding,) = check(ALICE.sign(), Zone({ALICE.name: tuple(records)}))

    assert finding.result is DkimResult.PERMERROR


@PATIENT
@given(octets=st.binary(max_size=400), kind=st.sampled_from([ALICE, ED]))
def test_any_octets_as_a_key_have_an_answer(check, octets: bytes, kind: Signer) -> None:
    record = f"k={'rsa' if kind.bits else 'ed25519'}; p=".encode() + base64.b64encode(octets)

    (finding,) = check(kind.sign(), Zone({kind.name: (record,)}))

    assert finding.result in (DkimResult.PERMERROR, DkimResult.FAIL, DkimResult.POLICY)


@PATIENT
@given(place=st.integers(0, 293), octet=st.integers(0, 255))
def test_a_damaged_key_has_an_answer(check, place: int, octet: int) -> None:
    key = bytearray(base64.b64decode(ALICE.public))
    key[place] = octet
    record = b"p=" + base64.b64encode(key)

    (finding,) = check(ALICE.sign(), Zone({ALICE.name: (record,)}))

    assert finding.result in DkimResult
    assert finding.result is not DkimResult.TEMPERROR


SIGNATURE = ALICE.resign().partition(b"\r\n")[0]
FIELDS = {
    "folds in b=": b"DKIM-Signature: v=1; b=" + b"\r\n " * 80_000,
    "blanks": b"DKIM-Signature: v=1;" + b" \t" * 120_000,
    "semicolons": b"DKIM-Signature: v=1" + b";" * 250_000,
    "tags": b"DKIM-Signature: " + b"".join(b"a%d=1;" % number for number in range(25_000)),
    "names in h=": SIGNATURE.replace(b"h=", b"h=" + b"x:" * 120_000),
    "equal signs": b"DKIM-Signature: v" + b"=" * 250_000,
    "base64": SIGNATURE.replace(b" b=", b" b=" + b"AAAA" * 60_000),
    "labels": SIGNATURE.replace(b" d=", b" d=" + b"a." * 120_000),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_made_to_take_time_takes_none(check, name: str) -> None:
    began = time.process_time()
    findings = check(FIELDS[name] + b"\r\n" + MAIL)

    assert [one.result for one in findings if one.result is DkimResult.PASS] == []
    assert time.process_time() - began < 1


def test_a_thousand_signatures_cost_as_much_as_five(check) -> None:
    signature = ALICE.signature(MAIL.replace(b"plan", b"plot"))
    zone = Zone(ALICE.zone)

    findings = check(signature * 400 + MAIL, zone)

    assert [one.result for one in findings] == [DkimResult.FAIL] * 5
    assert len(zone.asked) == 5


@pytest.mark.parametrize("form", ["relaxed/relaxed", "simple/simple"])
@pytest.mark.parametrize(
    "line",
    [b"JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoK" * 2 + b"\r\n", b"\r\n", b" \t" * 400 + b"\r\n", b"words and words\n"],
)
def test_a_large_mail_is_never_in_memory(tmp_path: Path, form: str, line: bytes) -> None:
    mail = MAIL + line * (2**22 // len(line)) + b"end\r\n"
    path = tmp_path / "mail"
    path.write_bytes(ALICE.signature(mail, form=form) + ED.signature(mail, form=form) + mail)
    tracemalloc.start()

    findings = check_dkim(path, ZONE.texts, NOW)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [one.result for one in findings] == [DkimResult.PASS] * 2
    assert peak < 3_000_000
