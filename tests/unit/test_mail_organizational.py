"""The walk up the tree, organizational domains and alignment, after RFC 9989 with its own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.proof.dns import DnsTroubleError
from gateway.mail.proof.organizational import Mechanism, aligned, domain_name, organizational_domain
from tests.dkim_mails import Zone

LONG = "a.b.c.d.e.f.g.h.i.j.mail.example.com"


def dmarc(**records: str | None) -> Zone:
    """DMARC records by domain, written with _ for each dot. What stands behind the version is given."""
    names = {f"_dmarc.{name.replace('_', '.')}": text for name, text in records.items()}
    return Zone({name: None if text is None else (f"v=DMARC1; {text}".encode(),) for name, text in names.items()})


def test_a_domain_without_records_is_an_organization_of_its_own() -> None:
    zone = dmarc()

    assert organizational_domain("a.mail.example.com", zone.texts) == "a.mail.example.com"
    assert zone.asked == ["_dmarc.a.mail.example.com", "_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com"]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"mail_example_com": "p=none", "example_com": "p=none"}, "example.com"),
        ({"mail_example_com": "p=none; psd=n", "example_com": "p=none"}, "mail.example.com"),
        ({"com": "p=none; psd=y"}, "example.com"),
        ({"example_com": "psd=y"}, "mail.example.com"),
        ({"a_mail_example_com": "p=none"}, "a.mail.example.com"),
        ({"a_mail_example_com": "p=none; psd=n", "example_com": "p=none"}, "a.mail.example.com"),
        ({"a_mail_example_com": "p=none; psd=y", "example_com": "p=none"}, "a.mail.example.com"),
        ({"mail_example_com": "psd=u", "com": "psd=y"}, "example.com"),
        ({"mail_example_com": "PSD = N ;p=none"}, "mail.example.com"),
        ({"example_com": "psd=maybe"}, "example.com"),
        ({"example_com": "p=reject; garbage; =; rua=mailto:x@example.com!10m"}, "example.com"),
        ({"com": "p=reject"}, "a.mail.example.com"),
        ({"com": "p=reject; psd=n"}, "com"),
    ],
)
def test_the_organizational_domain_of_a_mail_example_com(records: dict[str, str], expected: str) -> None:
    assert organizational_domain("a.mail.example.com", dmarc(**records).texts) == expected


def test_a_walk_takes_eight_questions_at_most() -> None:
    zone = dmarc()
    organizational_domain(LONG, zone.texts)

    assert zone.asked == [
        f"_dmarc.{LONG}",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]


@pytest.mark.parametrize("labels", [1, 2, 7, 8, 9, 40])
def test_each_name_is_asked_for_once(labels: int) -> None:
    zone = dmarc()
    organizational_domain(".".join("abcdefgh"[number % 8] for number in range(labels)), zone.texts)

    assert len(zone.asked) == len(set(zone.asked)) == min(labels, 8)


def test_a_record_that_marks_a_boundary_ends_the_walk() -> None:
    for boundary in ("y", "n"):
        zone = dmarc(mail_example_com=f"psd={boundary}")
        organizational_domain("a.mail.example.com", zone.texts)

        assert zone.asked[-1] == "_dmarc.mail.example.com"


@pytest.mark.parametrize(
    "records",
    [
        (b"v=DMARC1; p=none", b"v=DMARC1; p=reject"),
        (b"v=DMARC2; p=none",),
        (b"v=dmarc1; p=none",),
        (b"v=DMARC10; p=none",),
        (b"p=none; v=DMARC1",),
        (b"",),
        (b"\xff\xfe",),
        (b"v=spf1 -all",),
    ],
)
def test_what_is_no_record_or_several_counts_as_none(records: tuple[bytes, ...]) -> None:
    zone = Zone({"_dmarc.example.com": records})

    assert organizational_domain("mail.example.com", zone.texts) == "mail.example.com"


@pytest.mark.parametrize(
    "records", [(b"v=DMARC1",), (b"v = DMARC1 ;p=none",), (b"V=DMARC1;",), (b"v=spf1 -all", b"v=DMARC1; p=none", b"x")]
)
def test_a_record_among_others_counts(records: tuple[bytes, ...]) -> None:
    assert organizational_domain("mail.example.com", Zone({"_dmarc.example.com": records}).texts) == "example.com"


# Alignment


def test_equal_domains_are_aligned_without_a_question() -> None:
    zone = dmarc()

    assert aligned("Customer.Example.", "customer.example", zone.texts)
    assert aligned("bücher.example", "xn--bcher-kva.example", zone.texts, Mechanism.DKIM)
    assert zone.asked == []


@pytest.mark.parametrize(
    ("author", "proven"),
    [
        ("customer.example", "evil.example"),
        ("customer.example", "customer.example.evil.test"),
        ("victim-corp.com", "corp.com"),
        ("victim.com", "victim-evil.com"),
        ("victim.com", "evilvictim.com"),
        ("com", "victim.com"),
    ],
)
def test_domains_that_share_no_more_than_a_top_level_are_strangers_without_a_question(author: str, proven: str) -> None:
    zone = dmarc(com="p=none", example="p=none")

    assert not aligned(author, proven, zone.texts)
    assert not aligned(proven, author, zone.texts)
    assert zone.asked == []


def test_a_subdomain_is_aligned_where_a_record_ties_it_to_the_author() -> None:
    zone = dmarc(customer_example="p=none")

    assert aligned("customer.example", "mail.customer.example", zone.texts)
    assert aligned("mail.customer.example", "customer.example", zone.texts)
    assert aligned("a.customer.example", "b.c.customer.example", zone.texts, Mechanism.SPF)


def test_without_a_record_a_parent_is_a_stranger() -> None:
    assert not aligned("mail.customer.example", "customer.example", dmarc().texts)
    assert not aligned("alice.hosting.example", "eve.hosting.example", dmarc().texts)


def test_tenants_of_a_public_suffix_are_strangers() -> None:
    zone = dmarc(co_uk="psd=y; p=none", victim_co_uk="p=reject", evil_co_uk="p=none")

    assert not aligned("victim.co.uk", "evil.co.uk", zone.texts)
    assert not aligned("victim.co.uk", "co.uk", zone.texts)
    assert aligned("victim.co.uk", "mail.victim.co.uk", zone.texts)
    assert aligned("unrecorded.co.uk", "mail.unrecorded.co.uk", zone.texts)


def test_a_department_with_psd_n_is_an_organization_of_its_own() -> None:
    zone = dmarc(big_example="p=none", dept_big_example="p=none; psd=n")

    assert not aligned("big.example", "dept.big.example", zone.texts)
    assert aligned("a.dept.big.example", "dept.big.example", zone.texts)


@pytest.mark.parametrize("where", ["mail_customer_example", "customer_example"])
def test_a_record_may_ask_for_strict_alignment_of_one_mechanism(where: str) -> None:
    zone = dmarc(**{"customer_example": "p=none"} | {where: "p=none; adkim=S; aspf=r"})
    author, proven = "mail.customer.example", "customer.example"

    assert not aligned(author, proven, zone.texts, Mechanism.DKIM)
    assert aligned(author, proven, zone.texts, Mechanism.SPF)
    assert aligned(author, proven, zone.texts)
    assert aligned(author, author, zone.texts, Mechanism.DKIM)


def test_the_authors_own_record_is_the_one_that_says_how_strict() -> None:
    zone = dmarc(customer_example="aspf=s", mail_customer_example="aspf=r")

    assert aligned("mail.customer.example", "customer.example", zone.texts, Mechanism.SPF)
    assert not aligned("customer.example", "mail.customer.example", zone.texts, Mechanism.SPF)


def test_a_public_suffix_may_ask_for_strict_alignment_of_those_without_a_record() -> None:
    zone = dmarc(bank="psd=y; adkim=s")

    assert not aligned("good.bank", "mail.good.bank", zone.texts, Mechanism.DKIM)
    assert aligned("good.bank", "mail.good.bank", zone.texts, Mechanism.SPF)


def test_a_dns_that_does_not_answer_is_not_taken_for_no_record() -> None:
    with pytest.raises(DnsTroubleError):
        aligned("customer.example", "mail.customer.example", dmarc(customer_example=None).texts)
    with pytest.raises(DnsTroubleError):
        organizational_domain("mail.customer.example", dmarc(customer_example=None).texts)


# Hostile names

HOSTILE = [
    "",
    ".",
    "..",
    "a..b",
    ".example",
    "[192.0.2.1]",
    "a b.example",
    "a\x00.example",
    "a\\.example",
    "exa\r\nmple.com",
    "*.example",
    "\udcff.example",
    "a" * 64 + ".example",
    ".".join(["a" * 60] * 5),
    "a." * 200 + "example",
    "x" * 100_000,
    "ä" * 100_000,
    "xn--\xff.example",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_no_domain_and_aligned_with_nothing(name: str) -> None:
    zone = dmarc()

    assert domain_name(name) == ""
    assert organizational_domain(name, zone.texts) == ""
    assert not aligned(name, name, zone.texts)
    assert not aligned("customer.example", name, zone.texts)
    assert zone.asked == []


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_have_an_answer(one: str, other: str) -> None:
    assert aligned(one, other, dmarc().texts) == (domain_name(one) == domain_name(other) != "")


LABELS = st.lists(st.sampled_from("ab"), min_size=1, max_size=10).map(".".join)
RECORDS = st.dictionaries(LABELS, st.sampled_from(["psd=y", "psd=n", "psd=u", "p=none", "adkim=s"]), max_size=6)


@given(LABELS, RECORDS)
def test_an_organizational_domain_is_the_name_or_a_parent_of_it(name: str, records: dict[str, str]) -> None:
    zone = Zone({f"_dmarc.{domain}": (f"v=DMARC1; {text}".encode(),) for domain, text in records.items()})
    organization = organizational_domain(name, zone.texts)

    assert f".{name}".endswith(f".{organization}")
    assert len(zone.asked) <= 8


@given(LABELS, LABELS, RECORDS)
def test_relaxed_alignment_has_no_direction(one: str, other: str, records: dict[str, str]) -> None:
    zone = Zone({f"_dmarc.{domain}": (f"v=DMARC1; {text}".encode(),) for domain, text in records.items()})

    assert aligned(one, other, zone.texts) == aligned(other, one, zone.texts)
