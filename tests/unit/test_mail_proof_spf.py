"""One check of SPF: what it finds, whom it asks, what it remembers, and that nothing makes it raise."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.evidence import SpfFinding, SpfResult
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.shared import SHARED, shared_among
from gateway.mail.proof.spf import SpfChecker, check_spf
from tests.dns_server import DnsServer, Manner

OUTLOOK = "spf.protection.outlook.com"
ZONES = {
    "example.com": [("TXT", "v=spf1 ip4:192.0.2.1 a:mail.example.com include:spf.protection.outlook.com -all")],
    "mail.example.com": [("A", "192.0.2.2")],
    OUTLOOK: [("TXT", "v=spf1 ip4:40.92.0.0/15 include:spfd.protection.outlook.com -all")],
    "spfd.protection.outlook.com": [("TXT", "v=spf1 ip4:51.4.72.0/24 -all")],
    "through.example": [("TXT", "v=spf1 include:_spf.through.example -all")],
    "_spf.through.example": [("TXT", "v=spf1 include:eu.mailgun.org ip4:192.0.2.8 -all")],
    "eu.mailgun.org": [("TXT", "v=spf1 ip4:141.193.32.0/23 ~all")],
    "personal.example": [("TXT", "v=spf1 exists:%{l}.users.personal.example -all")],
    "ann.users.personal.example": [("A", "127.0.0.2")],
    "mail.host.example": [("TXT", "v=spf1 a -all"), ("A", "192.0.2.5")],
    "gmail.test": [("TXT", "v=spf1 redirect=_spf.google.com")],
    "_spf.google.com": [("TXT", "v=spf1 include:_netblocks.google.com ~all")],
    "_netblocks.google.com": [("TXT", "v=spf1 ip4:35.190.247.0/24 ~all")],
    "detour.example": [("TXT", "v=spf1 include:not.detour.example ip4:40.92.0.1 -all")],
    "not.detour.example": [("TXT", "v=spf1 -include:spf.protection.outlook.com ~all")],
    "sendgrid.net": [("TXT", "v=spf1 ip4:192.0.2.1 -all")],
    "explained.example": [("TXT", "v=spf1 -all exp=why.explained.example")],
    "xn--bcher-kva.example": [("TXT", "v=spf1 ip4:192.0.2.1 -all")],
    "busy.example": [("TXT", "v=spf1 mx:a.busy.example mx:b.busy.example mx:c.busy.example -all")],
    **{f"{one}.busy.example": [("MX", f"{n} h{n}.{one}.busy.example") for n in range(10)] for one in "abc"},
    **{f"h{n}.{one}.busy.example": [("A", f"198.51.100.{n}")] for n in range(10) for one in "abc"},
    "crowd.example": [("TXT", "v=spf1 a -all"), *(("A", f"10.1.{n // 250}.{n % 250}") for n in range(600))],
}  # fmt: skip
HOSTILE = (
    "", ".", "..", "@", "@@", "<>", "<a@b.example>", "a@b", "a..b", "localhost", "a\\", "\\300", "\\300.example.com",
    "\0", "x\0y.example.com", "\ud800.example.com", "\udcff@x.example", "a" * 64 + ".example.com", "x" * 10_000,
    "x." * 5_000, "é" * 10_000, "fe80::1%eth0", "[192.0.2.1]", "[IPv6:fe80::1%eth0]", "a b.com", "%{d}.com",
    "\r\nRCPT TO:<x>", "\u2024.com", "\u00ad.example", "xn--\x80", "xn--a.com", "b." * 130 + "com", "\U0010ffff.com",
    "\u200d.com", "ä" * 63 + ".com",
)  # fmt: skip
TERMS = (
    "v=spf1", " ", " ", "+", "-", "~", "?", "a", "mx", "ptr", "exists", "include", "ip4", "ip6", "all", "redirect=",
    "exp=", ":", "/", "//", "0", "32", "128", "9" * 20, "example.com", "%{d}", "%{l0}", "%{s5r.-}", "%{p}", "%{", "}",
    "%", "%%", "%_", "%{h9999}", "%{z}", "192.0.2.1", "::1", "fe80::/10", "\\", '"', "=", ",", "\x00", "é", "x" * 70,
    "0" * 490, "." * 50, "%{d" + "1" * 400 + "}", "/" + "9" * 4400, "%{" + "9" * 4500 + "}",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    with DnsServer(ZONES) as running:
        yield running


@pytest.fixture(autouse=True)
def honest(server: DnsServer) -> None:
    server.manners.clear()
    server.asked.clear()


def check(
    server: DnsServer, peer: str, mail_from: str = "ann@example.com", helo: str = "mail.host.example"
) -> SpfFinding:
    return check_spf(Resolver([server.address]), peer, helo, mail_from)


def test_a_pass_names_domain_scope_and_mechanism(server: DnsServer) -> None:
    assert check(server, "192.0.2.1") == SpfFinding(SpfResult.PASS, "example.com", "mfrom", reason="ip4:192.0.2.1")


def test_a_failure_names_the_mechanism_that_matched(server: DnsServer) -> None:
    assert check(server, "203.0.113.9") == SpfFinding(SpfResult.FAIL, "example.com", "mfrom", reason="-all")


@pytest.mark.parametrize("null", ["", "<>"])
def test_the_null_sender_is_checked_by_helo(server: DnsServer, null: str) -> None:
    assert check(server, "192.0.2.5", null) == SpfFinding(SpfResult.PASS, "mail.host.example", "helo", reason="a")


def test_a_domain_without_record_is_said_to_have_none(server: DnsServer) -> None:
    found = check(server, "192.0.2.1", "ann@nowhere.example")

    assert found == SpfFinding(SpfResult.NONE, "nowhere.example", reason="nowhere.example has no SPF record")


@pytest.mark.parametrize("mail_from", ["ann@bücher.example", "ann@xn--bcher-kva.example", "ann@BÜCHER.Example."])
def test_domains_are_found_and_named_as_a_labels(server: DnsServer, mail_from: str) -> None:
    found = check(server, "192.0.2.1", mail_from)

    assert (found.result, found.domain) == (SpfResult.PASS, "xn--bcher-kva.example")


@pytest.mark.parametrize("peer", ["::ffff:192.0.2.1", "::FFFF:C000:201", "192.0.2.1%lo"])
def test_mapped_addresses_are_ipv4(server: DnsServer, peer: str) -> None:
    assert check(server, peer).result is SpfResult.PASS


@pytest.mark.parametrize(
    ("peer", "mail_from", "shared"),
    [
        ("192.0.2.1", "ann@example.com", ""),
        ("192.0.2.2", "ann@example.com", ""),
        ("40.92.1.1", "ann@example.com", OUTLOOK),
        ("51.4.72.1", "ann@example.com", OUTLOOK),
        ("141.193.32.1", "ann@through.example", "eu.mailgun.org"),
        ("192.0.2.8", "ann@through.example", ""),
        ("35.190.247.1", "ann@gmail.test", "_spf.google.com"),
        ("40.92.0.1", "ann@detour.example", ""),
        ("192.0.2.1", "ann@sendgrid.net", ""),
    ],
)
def test_a_pass_by_a_provider_of_many_names_its_include(
    server: DnsServer, peer: str, mail_from: str, shared: str
) -> None:
    found = check(server, peer, mail_from)

    assert (found.result, found.shared) == (SpfResult.PASS, shared)


def test_no_provider_is_named_for_a_failure(server: DnsServer) -> None:
    assert check(server, "203.0.113.9").shared == ""


def test_the_shared_providers_can_be_given(server: DnsServer) -> None:
    resolver = Resolver([server.address])

    found = check_spf(
        resolver, "192.0.2.8", "h.example", "ann@through.example", shared=frozenset({"_spf.through.example"})
    )

    assert found.shared == "_spf.through.example"


@pytest.mark.parametrize(
    ("domains", "found"),
    [
        ((OUTLOOK,), OUTLOOK),
        (("SPF.Protection.Outlook.COM.",), "SPF.Protection.Outlook.COM."),
        (("u1.wl.sendgrid.net",), "u1.wl.sendgrid.net"),
        (("servers.mcsv.net", "amazonses.com"), "servers.mcsv.net"),
        (("spf.mandrillapp.com",), "spf.mandrillapp.com"),
        (("notsendgrid.net", "sendgrid.net.example"), ""),
        (("google.com", "_spf.example.com"), ""),
        ((), ""),
    ],
)
def test_providers_are_known_by_their_domain_and_all_below(domains: tuple[str, ...], found: str) -> None:
    assert shared_among(domains) == found


def test_the_list_of_providers_holds_domains_in_lower_case() -> None:
    assert all(name == name.lower().strip(".") and "." in name for name in SHARED)


@pytest.mark.parametrize("manner", [Manner.SERVFAIL, Manner.REFUSED, Manner.SILENT, Manner.GARBAGE, Manner.WRONG_ID])
@pytest.mark.parametrize("name", ["", "mail.example.com", OUTLOOK])
def test_trouble_with_the_dns_is_a_temporary_error(server: DnsServer, manner: Manner, name: str) -> None:
    server.behave(manner, name)
    resolver = Resolver([server.address], timeout=0.2, lifetime=0.4)

    found = check_spf(resolver, "203.0.113.9", "h.example", "ann@example.com", seconds=2)

    assert found.result is SpfResult.TEMPERROR
    assert found.reason.startswith("DNS: ")


def test_a_match_before_the_trouble_counts(server: DnsServer) -> None:
    server.behave(Manner.SERVFAIL, OUTLOOK)

    assert check(server, "192.0.2.2").result is SpfResult.PASS


def test_a_check_ends_at_its_deadline(server: DnsServer) -> None:
    server.behave(Manner.SILENT, "mail.example.com")
    began = time.monotonic()

    found = check_spf(
        Resolver([server.address], timeout=30, lifetime=30), "1.2.3.4", "h.example", "a@example.com", seconds=0.3
    )

    assert found.result is SpfResult.TEMPERROR
    assert time.monotonic() - began < 10


def test_explanations_are_not_asked_for(server: DnsServer) -> None:
    assert check(server, "192.0.2.1", "ann@explained.example").result is SpfResult.FAIL
    assert server.asked == ["TXT explained.example"]


def test_the_search_for_a_match_stays_within_bounds(server: DnsServer) -> None:
    assert check(server, "192.0.2.1", "ann@busy.example").result is SpfResult.FAIL
    assert len(server.asked) == 34


def test_a_name_with_hundreds_of_addresses_is_refused(server: DnsServer) -> None:
    found = check(server, "192.0.2.1", "ann@crowd.example")

    assert (found.result, found.reason) == (SpfResult.PERMERROR, "more than 500 records of crowd.example")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_sender_helo_or_peer_makes_a_check_raise(server: DnsServer, text: str) -> None:
    for mail_from in (text, f"ann@{text}", f"{text}@personal.example", ""):
        for peer in ("192.0.2.1", text):
            found = check(server, peer, mail_from, helo=text)

            assert found.result in (SpfResult.NONE, SpfResult.FAIL)
            assert f"{found.domain}{found.reason}".isascii()
            assert f"{found.domain}{found.reason}".isprintable()
            assert len(found.domain) <= 255


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 a:x." + "a" * 8_000 + "! -all",
        "v=spf1 " + " ".join("a:x." + "a" * 500 + "!" for _ in range(15)),
        "v=spf1 " + "%{l}" * 2_000,
        "v=spf1 " + "a:x." * 10_000,
        "v=spf1 " + " " * 60_000,
        "v=spf1 " + "a " * 4_000,
        "v=spf1 ip4:192.0.2.1/" + "9" * 5_000,
        "v=spf1 a:%{d" + "9" * 450 + "}.example",
    ],
    ids=lambda record: f"{record[:20]}... of {len(record)}",
)
def test_records_made_to_take_long_do_not(server: DnsServer, record: str) -> None:
    server.put("long.example", ("TXT", record))
    began = time.process_time()

    found = check(server, "192.0.2.1", "l" * 400 + "@long.example")

    assert found.result in (SpfResult.PERMERROR, SpfResult.NEUTRAL)
    assert time.process_time() - began < 2


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TERMS), max_size=12), st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_no_record_makes_a_check_raise(server: DnsServer, terms: list[str], peer: str) -> None:
    server.put("fuzz.example", ("TXT", ("v=spf1 " + "".join(terms)).encode("latin-1")))

    found = check(server, peer, "ann@fuzz.example")

    assert found.domain == "fuzz.example"
    assert found.result is not SpfResult.TEMPERROR


def test_a_finding_is_remembered_for_a_minute(server: DnsServer) -> None:
    now = [0.0]
    checker = SpfChecker(Resolver([server.address], cache=0), clock=lambda: now[0])
    first = checker.check("192.0.2.1", "h.example", "ann@example.com")
    now[0] = 59

    assert checker.check("192.0.2.1", "other.example", "bob@EXAMPLE.com") == first
    assert len(server.asked) == 1
    now[0] = 61
    assert checker.check("192.0.2.1", "h.example", "ann@example.com") == first
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("peer", "helo", "mail_from"),
    [
        ("203.0.113.9", "mail.host.example", "ann@example.com"),
        ("192.0.2.1", "mail.host.example", "ann@through.example"),
    ],
)
def test_another_address_or_domain_is_checked_anew(server: DnsServer, peer: str, helo: str, mail_from: str) -> None:
    checker = SpfChecker(Resolver([server.address]))
    checker.check("192.0.2.1", "mail.host.example", "ann@example.com")

    assert checker.check(peer, helo, mail_from).result is SpfResult.FAIL


def test_the_null_sender_of_a_domain_is_remembered_apart(server: DnsServer) -> None:
    checker = SpfChecker(Resolver([server.address]))
    checker.check("192.0.2.1", "example.com", "ann@example.com")

    assert checker.check("192.0.2.1", "example.com", "").scope == "helo"


def test_a_record_that_tells_senders_apart_is_not_remembered(server: DnsServer) -> None:
    checker = SpfChecker(Resolver([server.address]))

    assert checker.check("192.0.2.1", "h.example", "ann@personal.example").result is SpfResult.PASS
    assert checker.check("192.0.2.1", "h.example", "bob@personal.example").result is SpfResult.FAIL


def test_trouble_is_not_remembered(server: DnsServer) -> None:
    checker = SpfChecker(Resolver([server.address]))
    server.behave(Manner.SERVFAIL)
    first = checker.check("192.0.2.1", "h.example", "ann@example.com")
    server.behave(Manner.HONEST)

    assert first.result is SpfResult.TEMPERROR
    assert checker.check("192.0.2.1", "h.example", "ann@example.com").result is SpfResult.PASS


def test_memory_is_bounded(server: DnsServer) -> None:
    checker = SpfChecker(Resolver([server.address]))

    for number in range(2100):
        checker.check(f"10.0.{number // 250}.{number % 250}", "h.example", "ann@through.example")

    assert len(checker._findings) == 2000
