"""check_dkim on mails that were signed with real keys: what passes, what does not and why."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from gateway.domain.evidence import DkimFinding, DkimResult
from gateway.mail.proof.dkim import check_dkim
from tests.dkim_mails import HEADER, MAIL, NOW, SIGNED, Signer, Zone

ALICE = Signer()
WEAK = Signer(selector="weak", bits=1024)
ED = Signer(selector="ed", bits=0)
EVE = Signer(domain="evil.example", number=1)
ZONE = Zone(ALICE.zone, WEAK.zone, ED.zone, EVE.zone)
PASS, FAIL, POLICY = DkimResult.PASS, DkimResult.FAIL, DkimResult.POLICY
NEUTRAL, TEMPERROR, PERMERROR = DkimResult.NEUTRAL, DkimResult.TEMPERROR, DkimResult.PERMERROR


@pytest.fixture
def check(tmp_path: Path):
    def check(mail: bytes, zone: Zone = ZONE, **options: object) -> tuple[DkimFinding, ...]:
        path = tmp_path / "mail"
        path.write_bytes(mail)
        return check_dkim(path, zone.texts, options.pop("now", NOW), **options)

    return check


@pytest.fixture
def check_one(check):
    def check_one(mail: bytes, zone: Zone = ZONE, **options: object) -> DkimFinding:
        (finding,) = check(mail, zone, **options)
        return finding

    return check_one


def seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def test_a_mail_without_signatures_has_no_findings(check) -> None:
    assert check(MAIL) == ()
    assert check(b"") == ()


@pytest.mark.parametrize("form", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
@pytest.mark.parametrize("signer", [ALICE, ED], ids=["rsa", "ed25519"])
def test_a_signature_passes_in_every_form(check_one, signer: Signer, form: str) -> None:
    finding = check_one(signer.sign(form=form))

    assert (finding.result, finding.reason) == (PASS, "")
    assert (finding.domain, finding.selector) == (signer.domain, signer.selector)
    assert finding.aligned is False


def test_a_finding_tells_algorithm_length_fields_and_time(check_one) -> None:
    finding = check_one(ALICE.resign(t=seconds(NOW)))

    assert (finding.algorithm, finding.bits, finding.signed_at) == ("rsa-sha256", 2048, NOW)
    assert finding.signed == ("from", "to", "subject", "date", "message-id")
    assert check_one(ED.sign()).bits == 256


def test_an_old_mail_that_is_signed_anew_is_old(check_one) -> None:
    finding = check_one(ALICE.resign(t=seconds(NOW + timedelta(hours=1))))

    assert (finding.result, finding.signed_at) == (PASS, NOW)


def test_without_t_the_signed_date_is_when_it_was_signed(check_one) -> None:
    mail = MAIL.replace(format_datetime(NOW).encode(), b"Mon, 2 Mar 2026 15:04:05 +0200 (EET)")

    assert check_one(ALICE.resign(mail)).signed_at == datetime(2026, 3, 2, 13, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("date", [b"yesterday", b"", b"99 Xyz 99999999 99:99:99 +9999", b"\xff\xfe"])
def test_a_date_that_is_none_leaves_the_time_unknown(check_one, date: bytes) -> None:
    finding = check_one(ALICE.resign(MAIL.replace(format_datetime(NOW).encode(), date)))

    assert (finding.result, finding.signed_at) == (PASS, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alice@", b"bob@"),
        (b"the plan", b"The plan"),
        (b"+4930123", b"+4930124"),
        (b"one@", b"two@"),
    ],
)
def test_a_changed_signed_field_fails(check_one, old: bytes, new: bytes) -> None:
    finding = check_one(ALICE.sign().replace(old, new))

    assert (finding.result, finding.reason) == (FAIL, "the signature does not fit the header")


def test_a_changed_body_fails(check_one) -> None:
    assert check_one(ALICE.sign() + b"PS\r\n").result is FAIL
    finding = check_one(ALICE.sign().replace(b"world", b"World"))

    assert (finding.result, finding.reason) == (FAIL, "the body is not the one that was signed")


def test_relaxed_forms_pass_over_blanks_and_simple_ones_do_not(check_one) -> None:
    def respaced(mail: bytes) -> bytes:
        return mail.replace(b"Subject: the plan", b"SUBJECT:  the\r\n\tplan ").replace(b"Hello,  ", b"Hello,\t")

    assert check_one(respaced(ALICE.sign())).result is PASS
    assert check_one(respaced(ALICE.sign(form="simple/relaxed"))).result is FAIL
    assert check_one(respaced(ALICE.sign(form="relaxed/simple"))).result is FAIL


def test_blanks_before_the_colon_do_not_matter_to_the_relaxed_form(check_one) -> None:
    assert check_one(ALICE.sign().replace(b"Subject:", b"Subject \t:")).result is PASS


def test_a_key_of_another_domain_or_pair_fails(check_one) -> None:
    other = Zone({ALICE.name: (Signer(number=7).record,)})

    assert check_one(ALICE.sign(), other).result is FAIL


# Several signatures


def test_each_signature_is_checked_for_itself_from_the_top(check) -> None:
    broken = EVE.signature(MAIL.replace(b"plan", b"plot"))
    mail = ED.signature(MAIL) + broken + ALICE.sign()

    assert [(one.selector, one.domain, one.result) for one in check(mail)] == [
        ("ed", "customer.example", PASS),
        ("s1", "evil.example", FAIL),
        ("s1", "customer.example", PASS),
    ]


def test_what_cannot_be_read_hides_no_good_signature_below(check) -> None:
    mail = b"DKIM-Signature: nonsense\r\nDKIM-Signature:\r\nDKIM-Signature: v=1; v=1\r\n" + ALICE.sign()

    assert [one.result for one in check(mail)] == [NEUTRAL, NEUTRAL, NEUTRAL, PASS]


def test_only_the_first_five_are_looked_at(check) -> None:
    zone = Zone(ALICE.zone)
    mail = EVE.signature(MAIL) * 5 + ALICE.sign()

    findings = check(mail, zone)

    assert [one.domain for one in findings] == ["evil.example"] * 5
    assert zone.asked == [EVE.name] * 5
    assert len(check(mail, most=6)) == 6
    assert check(mail, most=0) == ()


def test_a_signature_between_other_fields_counts_too(check_one) -> None:
    signature = ALICE.signature(MAIL)
    mail = MAIL.replace(b"Subject:", signature + b"Subject:")

    assert check_one(mail).result is PASS


# Header injection


def on_top(*lines: bytes):
    return lambda mail: b"".join(line + b"\r\n" for line in lines) + mail


def below(*lines: bytes):
    return lambda mail: mail.replace(b"\r\n\r\n", b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n", 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (on_top(b"From: boss@customer.example"), "the mail has not exactly one From"),
        (below(b"From: boss@customer.example"), "the mail has not exactly one From"),
        (on_top(b"from : boss@customer.example"), "the mail has not exactly one From"),
        (on_top(b"Subject: another plan"), "subject stands there more often than it is signed"),
        (on_top(b"SUBJECT\t:\r\n another plan"), "subject stands there more often than it is signed"),
        (on_top(b"Date: Thu, 1 Jan 2099 00:00:00 +0000"), "date stands there more often than it is signed"),
        (on_top(b"X-Fax-Priority: high"), "x-fax-priority is not signed"),
        (below(b"X-FAX-Anything: high"), "x-fax-anything is not signed"),
        (on_top(b"To: <+1900@fax.example>"), "to stands there more often than it is signed"),
        (on_top(b"Message-ID: <two@customer.example>"), "message-id stands there more often than it is signed"),
    ],
)
def test_a_field_put_beside_the_signed_one_is_not_taken(check_one, change, reason: str) -> None:
    finding = check_one(change(ALICE.resign()))

    assert (finding.result, finding.reason) == (POLICY, reason)


def test_fields_that_decide_nothing_may_be_added(check_one) -> None:
    mail = on_top(b"Received: from a by b", b"X-Spam: no", b"Resent-From: x@y.example", b"Cc: x@y.example")(
        ALICE.sign()
    )

    assert check_one(mail).result is PASS


def test_a_second_content_type_is_not_taken_where_one_was_signed(check_one) -> None:
    typed = b"Content-Type: text/plain\r\n" + MAIL
    signed = ALICE.sign(typed, names=(*SIGNED, b"content-type"))

    assert check_one(signed).result is PASS
    assert check_one(on_top(b"Content-Type: text/html")(signed)).result is POLICY


def test_oversigning_keeps_out_what_it_names(check_one) -> None:
    oversigned = ALICE.sign(names=SIGNED + SIGNED + (b"x-fax-cover", b"cc"))

    assert check_one(oversigned).result is PASS
    assert check_one(on_top(b"X-Fax-Cover: none")(oversigned)).result is FAIL
    assert check_one(on_top(b"Cc: x@y.example")(oversigned)).result is FAIL
    assert check_one(on_top(b"Subject: another")(oversigned)).result is FAIL


@pytest.mark.parametrize("name", [b"subject", b"date"])
def test_what_must_be_signed_and_is_not_is_named(check_one, name: bytes) -> None:
    finding = check_one(ALICE.resign(names=[one for one in SIGNED if one != name]))

    assert (finding.result, finding.reason) == (POLICY, f"{name.decode()} is not signed")


def test_from_must_be_signed(check_one) -> None:
    assert check_one(ALICE.resign(names=(b"subject", b"date"))).reason == "from is not signed"


def test_what_is_not_there_need_not_be_signed(check_one) -> None:
    bare = b"From: alice@customer.example\r\n\r\nHello\r\n"

    assert check_one(ALICE.resign(bare, names=(b"from",))).result is PASS
    assert check_one(on_top(b"Subject: late")(ALICE.resign(bare, names=(b"from",)))).result is POLICY


def test_a_mail_without_from_is_not_taken(check_one) -> None:
    finding = check_one(ALICE.resign(b"Subject: x\r\n\r\n", names=(b"from", b"subject")))

    assert (finding.result, finding.reason) == (POLICY, "the mail has not exactly one From")


def test_signed_directives_pass_and_folded_ones_too(check_one) -> None:
    mail = b"X-Fax-Cover: plain;\r\n\tlogo=yes\r\nX-Fax-Cover: other\r\n" + MAIL
    names = (*SIGNED, b"X-Fax-Cover", b"x-fax-cover")

    assert check_one(ALICE.sign(mail, names=names)).result is PASS
    assert check_one(ALICE.sign(mail, names=names[:-1])).result is POLICY


def test_of_several_fields_the_lowest_is_the_signed_one(check_one) -> None:
    mail = b"X-Note: top\r\n" + MAIL.replace(b"Subject:", b"X-Note: low\r\nSubject:")
    signed = ALICE.sign(mail, names=(*SIGNED, b"x-note"))

    assert check_one(signed.replace(b"top", b"new")).result is PASS
    assert check_one(signed.replace(b"low", b"new")).result is FAIL


# Signatures that we do not take


@pytest.mark.parametrize("length", ["0", "5", "14", "99999"])
def test_a_limited_body_is_not_taken(check_one, length: str) -> None:
    zone = Zone(ALICE.zone)
    finding = check_one(ALICE.resign(l=length), zone)

    assert (finding.result, finding.reason) == (POLICY, "l= leaves a part of the body unsigned")
    assert zone.asked == []


def test_l_as_dkimpy_writes_it_is_not_taken(check_one) -> None:
    assert check_one(ALICE.sign(length=True) + b"appended\r\n").result is POLICY


def test_sha1_is_not_taken(check_one) -> None:
    finding = check_one(ALICE.resign(a="rsa-sha1"))

    assert (finding.result, finding.reason) == (POLICY, "sha1 proves nothing any more")


@pytest.mark.parametrize("bits", [2, 512, 1023])
def test_a_short_key_is_not_taken(check_one, bits: int) -> None:
    finding = check_one(ALICE.sign(), Zone({ALICE.name: (rsa_record(2 ** (bits - 1) + 1, 65537).encode(),)}))

    assert (finding.result, finding.reason) == (POLICY, f"a key of {bits} bits is too short")


def test_a_weak_key_is_noted(check_one) -> None:
    finding = check_one(WEAK.sign())

    assert (finding.result, finding.bits, finding.reason) == (PASS, 1024, "1024-bit key")


def test_an_expired_signature_is_not_taken(check_one) -> None:
    mail = ALICE.resign(t=seconds(NOW - timedelta(days=2)), x=seconds(NOW))

    assert check_one(mail, now=NOW + timedelta(minutes=4)).result is PASS
    late = check_one(mail, now=NOW + timedelta(minutes=6))
    assert (late.result, late.reason) == (POLICY, "the signature has expired")


def test_a_signature_of_the_far_future_is_not_taken(check_one) -> None:
    assert check_one(ALICE.resign(t=seconds(NOW + timedelta(hours=9)))).result is PASS
    finding = check_one(ALICE.resign(t=seconds(NOW + timedelta(hours=11))))

    assert (finding.result, finding.reason) == (POLICY, "the signature is of the future")


def test_a_signed_date_of_the_far_future_is_not_taken(check_one) -> None:
    late = format_datetime(NOW + timedelta(days=300)).encode()

    assert check_one(ALICE.resign(MAIL.replace(format_datetime(NOW).encode(), late))).result is POLICY


def test_an_old_signature_passes_and_tells_its_age(check_one) -> None:
    old = NOW - timedelta(days=30)
    finding = check_one(ALICE.resign(t=seconds(old)))

    assert (finding.result, finding.signed_at) == (PASS, old)


# Signatures that cannot be read


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        *[({name: None}, f"{name}= is missing") for name in ("v", "a", "bh", "d", "h", "s")],
        ({"d": ""}, "d= is missing"),
        ({"v": "2"}, "v= is not 1"),
        ({"a": "rsa-md5"}, "a= names an algorithm that nobody knows"),
        ({"a": "RSA-SHA256"}, "a= names an algorithm that nobody knows"),
        ({"c": "nowsp"}, "c= names no form that is known"),
        ({"c": "relaxed/relaxed/relaxed"}, "c= names no form that is known"),
        ({"q": "http"}, "q= is not dns/txt"),
        ({"d": "customer..example"}, "d= is no domain name"),
        ({"d": "customer.example\\000"}, "d= is no domain name"),
        ({"d": "*.example"}, "d= is no domain name"),
        ({"d": "(x)customer.example"}, "d= is no domain name"),
        ({"d": "a" * 64 + ".example"}, "d= is no domain name"),
        ({"d": ".".join(["a" * 60] * 5)}, "d= is no domain name"),
        ({"d": ".".join(["a" * 60] * 4)}, "s= and d= make no name"),
        ({"s": "s1 s2"}, "s= is no domain name"),
        ({"s": "."}, "s= is no domain name"),
        ({"i": "@evil.example"}, "i= does not belong to d="),
        ({"i": "alice@notcustomer.example"}, "i= does not belong to d="),
        ({"i": ""}, "i= is no domain name"),
        ({"t": "soon"}, "t= is no time"),
        ({"t": "-1"}, "t= is no time"),
        ({"x": "9" * 12}, "x= is no time"),
        ({"t": "1700000001", "x": "1700000000"}, "x= is before t="),
        ({"h": "from:"}, "h= names no field"),
        ({"h": "from:sub ject"}, "h= names no field"),
        ({"h": "from:" + "x:" * 500 + "x"}, "h= names more than 500 fields"),
        ({"bh": "!"}, "bh= is no base64"),
        ({"bh": "AAA"}, "bh= is no base64"),
    ],
)
def test_a_signature_that_cannot_be_read_is_neutral(check_one, tags: dict[str, str | None], reason: str) -> None:
    zone = Zone(ALICE.zone)
    finding = check_one(ALICE.resign(**tags), zone)

    assert (finding.result, finding.reason) == (NEUTRAL, reason)
    assert zone.asked == []


@pytest.mark.parametrize(
    "text", ["v=1; b=", "v=1;;", "=1", "v", "v=1; 1v=2", "v=1; v-x=2", ";", "\x00", "v=1; d=\udcff"]
)
def test_nonsense_is_neutral(check_one, text: str) -> None:
    assert check_one(b"DKIM-Signature:" + text.encode("utf-8", "surrogateescape") + b"\r\n" + MAIL).result is NEUTRAL


def test_unknown_tags_and_spaced_ones_are_no_obstacle(check_one) -> None:
    spaced = ALICE.resign(
        z="From:x|To:y", r="y", h="from : to:\r\n\tsubject:date :message-id", q="dns/txt:http", c="relaxed/relaxed "
    )

    assert check_one(spaced).result is PASS


def test_i_may_be_a_subdomain(check_one) -> None:
    assert check_one(ALICE.resign(i="alice@eu.customer.example")).result is PASS
    assert check_one(ALICE.resign(i="@CUSTOMER.example")).result is PASS


def test_an_international_domain_is_asked_for_in_a_labels(check_one) -> None:
    signer = Signer(domain="bücher.example")
    zone = Zone({"s1._domainkey.xn--bcher-kva.example": (signer.record,)})
    finding = check_one(signer.resign(), zone)

    assert (finding.result, finding.domain) == (PASS, "xn--bcher-kva.example")


@pytest.mark.parametrize(
    "header",
    [
        b"From: alice@customer.example\r\nno field\r\n",
        b" From: alice@customer.example\r\n",
        b"X: " + b"y" * 262_150 + b"\r\n",
        b"X: y\r\n" * 1001,
    ],
)
def test_a_header_that_cannot_be_read_is_neutral(check_one, header: bytes) -> None:
    finding = check_one(header + ALICE.sign())

    assert (finding.result, finding.reason) == (NEUTRAL, "the header cannot be read")


# Keys


def keyed(*records: bytes | str) -> Zone:
    return Zone({ALICE.name: tuple(one if isinstance(one, bytes) else one.encode() for one in records)})


P = f"p={ALICE.public}"
OTHER = Signer(number=8).record


@pytest.mark.parametrize(
    "records",
    [
        (P,),
        (f"v=DKIM1;{P}",),
        (f"v=DKIM1; k=RSA; h=sha1:sha256; s=email; t=y; n=a note; x=?; {P};",),
        (f"v=DKIM1; s=* ; h= sha256 ; t=s ; {P}",),
        (f" v = DKIM1 ; p = {ALICE.public[:40]} \t {ALICE.public[40:]} ",),
        (OTHER, P),
        ("v=spf1 -all", "site-verification=abc", P),
    ],
)
def test_keys_that_fit(check_one, records: tuple[str, ...]) -> None:
    assert check_one(ALICE.sign(), keyed(*records)).result is PASS


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ((), "there is no such key"),
        (("",), "the record holds no key"),
        (("v=DKIM1",), "the record holds no key"),
        ((f"v=DKIM2; {P}",), "the record holds no key"),
        (("v=spf1 include:_spf.example -all",), "the record holds no key"),
        (("hello",), "the list of tags is malformed"),
        ((f"{P}; {P}",), "the list of tags is malformed"),
        ((f"{P}; v=DKIM1",), "the record holds no key"),
        (("v=DKIM1; p=",), "the key is revoked"),
        (("v=DKIM1; p= ;",), "the key is revoked"),
        (("v=DKIM1; p=!!",), "p= is no base64"),
        ((f"v=DKIM1; {P[:-5]}",), "p= is no base64"),
        (("v=DKIM1; p=AAAA",), "the RSA key cannot be read"),
        ((f"v=DKIM1; {P[:62]}",), "the RSA key cannot be read"),
        ((f"k=ed25519; {P}",), "the key is not one of rsa-sha256"),
        ((f"k=dsa; {P}",), "the key is not one of rsa-sha256"),
        ((f"k=\udcff; {P}".encode("utf-8", "surrogateescape"),), "the key is not one of rsa-sha256"),
        ((f"h=sha1; {P}",), "the key does not allow sha256"),
        ((f"s=tlsrpt; {P}",), "the key is not meant for mail"),
        ((f"n={'x' * 5000}; {P}",), "the key record is too long"),
        ((ED.record,), "the key is not one of rsa-sha256"),
    ],
)
def test_keys_that_do_not(check_one, records: tuple[str, ...], reason: str) -> None:
    finding = check_one(ALICE.sign(), keyed(*records))

    assert (finding.result, finding.reason) == (PERMERROR, reason)


def test_a_key_may_forbid_subdomains_in_i(check_one) -> None:
    strict = keyed(f"t=y:s; {P}")

    assert check_one(ALICE.resign(i="@customer.example"), strict).result is PASS
    finding = check_one(ALICE.resign(i="@eu.customer.example"), strict)
    assert (finding.result, finding.reason) == (PERMERROR, "the key does not allow a subdomain in i=")


def test_a_key_that_fits_counts_beside_one_that_does_not(check_one) -> None:
    assert check_one(ALICE.sign(), keyed("v=DKIM1; p=", OTHER, P)).result is PASS
    assert check_one(ALICE.sign(), keyed("v=DKIM1; p=", OTHER)).result is FAIL
    assert check_one(ALICE.sign(), keyed("v=DKIM1; p=", "p=!")).reason == "the key is revoked"
    assert check_one(ALICE.sign(), keyed(*[OTHER] * 5, P)).result is FAIL


def test_no_answer_is_told_from_no_key(check) -> None:
    zone = Zone({ALICE.name: None}, EVE.zone)
    findings = check(ALICE.signature(MAIL) + ED.signature(MAIL) + EVE.sign(), zone)

    assert [one.result for one in findings] == [TEMPERROR, PERMERROR, PASS]
    assert findings[0].reason == "the DNS does not give the key now"


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def rsa_record(modulus: int, exponent: int) -> str:
    numbers = (number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent))
    return "p=" + base64.b64encode(der(0x30, b"".join(der(2, one) for one in numbers))).decode()


@pytest.mark.parametrize(
    ("modulus", "exponent", "reason"),
    [
        (0, 3, "an RSA key of 0 bits cannot be used"),
        (2**2047, 65537, "an RSA key of 2048 bits cannot be used"),
        (2**9000 + 1, 65537, "an RSA key of 9001 bits cannot be used"),
        (2**2047 + 1, 0, "the exponent of the RSA key cannot be used"),
        (2**2047 + 1, 1, "the exponent of the RSA key cannot be used"),
        (2**2047 + 1, 4, "the exponent of the RSA key cannot be used"),
        (2**2047 + 1, 2**2000 + 1, "the exponent of the RSA key cannot be used"),
    ],
)
def test_a_key_made_to_cost_time_or_to_prove_nothing_is_refused(
    check_one, modulus: int, exponent: int, reason: str
) -> None:
    finding = check_one(ALICE.sign(), keyed(rsa_record(modulus, exponent)))

    assert (finding.result, finding.reason) == (PERMERROR, reason)


def test_the_largest_key_that_is_taken_is_just_a_key(check_one) -> None:
    assert check_one(ALICE.sign(), keyed(rsa_record(2**8191 + 1, 2**63 + 1))).result is FAIL


@pytest.mark.parametrize("octets", [b"", b"\x00" * 31, b"\x00" * 33, b"\x00" * 44])
def test_an_ed25519_key_has_32_octets(check_one, octets: bytes) -> None:
    record = b"k=ed25519; p=" + (base64.b64encode(octets) or b"AA==")

    assert check_one(ED.sign(), Zone({ED.name: (record,)})).reason == "the Ed25519 key is not of 32 octets"


@pytest.mark.parametrize("octets", [b"\x00" * 32, b"\xff" * 32, b"\x01" + b"\x00" * 31])
def test_a_weak_ed25519_key_fails(check_one, octets: bytes) -> None:
    record = b"k=ed25519; p=" + base64.b64encode(octets)

    assert check_one(ED.sign(), Zone({ED.name: (record,)})).result is FAIL


# The name of the signed content


def with_b(mail: bytes, octets: bytes) -> bytes:
    """The mail with another value of b=, which stands last in the signature on top."""
    end = mail.index(b"\r\nFrom:")
    return mail[: mail.rindex(b"b=", 0, end) + 2] + base64.b64encode(octets) + mail[end:]


def b_of(mail: bytes) -> bytes:
    end = mail.index(b"\r\nFrom:")
    return base64.b64decode(mail[mail.rindex(b"b=", 0, end) + 2 : end])


def test_a_replay_has_the_same_digest_whatever_is_changed_around_it(check_one) -> None:
    mail = ALICE.sign()
    first = check_one(mail)
    replay = (
        on_top(b"Received: by x")(mail).replace(b"Message-ID: ", b"MESSAGE-ID:\r\n\t ").replace(b"; b=", b"; b= \r\n ")
    )
    again = check_one(replay)

    assert (first.result, again.result) == (PASS, PASS)
    assert (len(first.digest), again.digest) == (64, first.digest)


def test_other_mails_have_other_digests(check_one) -> None:
    mails = (MAIL, MAIL.replace(b"one@", b"two@"), MAIL.replace(b"Hello", b"Hullo"))
    digests = {check_one(signer.sign(mail)).digest for signer in (ALICE, EVE) for mail in mails}

    assert len(digests) == 6


def test_without_a_signed_message_id_the_signature_names_the_content(check_one) -> None:
    unsigned = [name for name in SIGNED if name != b"message-id"]
    mail = ALICE.resign(names=unsigned)
    refolded = with_b(mail, b_of(mail)).replace(b"; b=", b"; b= \r\n\t").replace(b"one@", b"two@")

    assert check_one(refolded).result is PASS
    assert check_one(refolded).digest == check_one(mail).digest
    other = check_one(ALICE.resign(mail.partition(b"\r\n")[2].replace(b"the plan", b"a plan"), names=unsigned))
    assert other.digest != check_one(mail).digest


def test_a_message_id_that_is_named_and_absent_names_nothing(check_one) -> None:
    bare = HEADER.partition(b"Message-ID")[0] + b"\r\nHello\r\n"
    one, two = (check_one(ALICE.resign(mail)) for mail in (bare, bare.replace(b"the plan", b"a plan")))

    assert (one.result, two.result) == (PASS, PASS)
    assert one.digest != two.digest


def test_one_signature_has_one_form(check_one) -> None:
    mail = ALICE.resign()
    modulus = Signer().modulus
    larger = int.from_bytes(b_of(mail), "big") + modulus

    assert check_one(with_b(mail, b_of(mail))).result is PASS
    assert check_one(with_b(mail, b"\x00" + b_of(mail))).result is FAIL
    assert check_one(with_b(mail, larger.to_bytes(257, "big"))).result is FAIL
    assert check_one(with_b(mail, b_of(mail)[:-1])).result is FAIL


def test_an_ed25519_signature_of_another_length_fails(check_one) -> None:
    mail = ED.resign()

    assert check_one(with_b(mail, b_of(mail)[:-1])).result is FAIL
    assert check_one(with_b(mail, b_of(mail) + b"\x00")).result is FAIL


def test_a_file_that_is_not_there_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_dkim(tmp_path / "none", ZONE.texts, NOW)
