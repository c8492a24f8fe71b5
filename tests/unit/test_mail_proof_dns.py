"""Questions to the DNS, put to a real server on this machine that misbehaves in every way we know."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.proof.dns import Deadline, DnsTroubleError, Resolver, ascii_name
from tests.dns_server import DnsServer, Manner

ZONES = {
    "example.com": [
        ("TXT", "v=spf1 -all"),
        ("TXT", ["two ", "strings"]),
        ("MX", "10 mail.example.com"),
        ("MX", "20 spare.example.com"),
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
    ],
    "alias.example.com": [("CNAME", "other.example.com")],
    "other.example.com": [("CNAME", "example.com")],
    "dangling.example.com": [("CNAME", "nowhere.example.com")],
    "ring.example.com": [("CNAME", "ring2.example.com")],
    "ring2.example.com": [("CNAME", "ring.example.com")],
    "1.2.0.192.in-addr.arpa": [("PTR", "mail.example.com")],
    "long.example.com": [("TXT", f"{number} " + "x" * 200) for number in range(10)],
    "huge.example.com": [("TXT", f"{number:03} " + "x" * 250) for number in range(200)],
    "too-huge.example.com": [("TXT", f"{number:03} " + "x" * 250) for number in range(300)],
    "xn--bcher-kva.example": [("TXT", "b")],
    "a\\.example.com": [("TXT", "backslash")],
    "below.empty.example.com": [("TXT", "below")],
    **{f"chain{number}.example.com": [("CNAME", f"chain{number + 1}.example.com")] for number in range(20)},
}
TROUBLES = [Manner.SILENT, Manner.SLOW, Manner.SERVFAIL, Manner.REFUSED, Manner.TRUNCATED_FOR_GOOD, Manner.WRONG_ID,
            Manner.WRONG_QUESTION, Manner.GARBAGE]  # fmt: skip


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer(ZONES, delay=5) as running:
        yield running


def asking(*servers: DnsServer, seconds: float = 5.0, cache: int = 2000) -> Resolver:
    return Resolver([server.address for server in servers], timeout=seconds, lifetime=2 * seconds, cache=cache)


def closed_port() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{line.getsockname()[1]}"


def test_texts_are_joined_from_their_strings(server: DnsServer) -> None:
    assert set(asking(server).texts("example.com")) == {b"v=spf1 -all", b"two strings"}


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("example.com", "A", {"192.0.2.1"}),
        ("example.com", "AAAA", {"2001:db8::1"}),
        ("example.com", "MX", {(10, "mail.example.com"), (20, "spare.example.com")}),
        ("1.2.0.192.in-addr.arpa", "PTR", {"mail.example.com"}),
        ("example.com", "TXT", {(b"v=spf1 -all",), (b"two ", b"strings")}),
    ],
)
def test_records_of_each_kind_are_plain_values(server: DnsServer, name: str, kind: str, records: object) -> None:
    assert set(asking(server).records(name, kind)) == records


@pytest.mark.parametrize("name", ["EXAMPLE.com", "example.com.", "alias.example.com"])
def test_case_final_dot_and_aliases_lead_to_the_same_records(server: DnsServer, name: str) -> None:
    assert asking(server).records(name, "A") == ("192.0.2.1",)


@pytest.mark.parametrize("name", ["nowhere.example.com", "empty.example.com", "dangling.example.com", "alias0.example"])
def test_no_such_name_and_no_such_record_are_the_same_nothing(server: DnsServer, name: str) -> None:
    assert asking(server).texts(name) == ()


@pytest.mark.parametrize("manner", [Manner.HONEST, Manner.LONE_CNAMES])
@pytest.mark.parametrize("name", ["ring.example.com", "chain0.example.com"])
def test_aliases_without_an_end_lead_nowhere(server: DnsServer, name: str, manner: Manner) -> None:
    server.behave(manner)

    assert asking(server).texts(name) == ()
    assert len(server.asked) <= 10


def test_aliases_are_followed_when_the_server_does_not(server: DnsServer) -> None:
    server.behave(Manner.LONE_CNAMES)

    assert asking(server).records("alias.example.com", "A") == ("192.0.2.1",)
    assert server.asked == ["A alias.example.com", "A other.example.com", "A example.com"]


@pytest.mark.parametrize("manner", TROUBLES)
def test_trouble_is_told_from_absence(server: DnsServer, manner: Manner) -> None:
    server.behave(manner)

    with pytest.raises(DnsTroubleError, match=r"TXT of example\.com") as raised:
        asking(server, seconds=0.2).texts("example.com")

    assert str(raised.value.reply).startswith("451 4.4.3 ")


def test_a_server_that_is_not_there_is_trouble_at_once() -> None:
    began = time.monotonic()

    with pytest.raises(DnsTroubleError):
        Resolver([closed_port()], timeout=20, lifetime=20).texts("example.com")

    assert time.monotonic() - began < 10


def test_old_servers_are_asked_without_edns(server: DnsServer) -> None:
    server.behave(Manner.NO_EDNS)

    assert len(asking(server).texts("example.com")) == 2


def test_forged_packets_are_passed_over(server: DnsServer) -> None:
    server.behave(Manner.LIAR_FIRST)

    assert len(asking(server).texts("example.com")) == 2


def test_answers_that_were_cut_are_fetched_over_tcp(server: DnsServer) -> None:
    server.behave(Manner.TRUNCATED)

    assert len(asking(server).texts("example.com")) == 2
    assert server.asked == ["TXT example.com", "TXT example.com/tcp"]


@pytest.mark.parametrize(("name", "count"), [("long.example.com", 10), ("huge.example.com", 200)])
def test_long_answers_arrive_whole(server: DnsServer, name: str, count: int) -> None:
    assert len(asking(server).texts(name)) == count


def test_answers_that_fit_no_packet_are_trouble(server: DnsServer) -> None:
    with pytest.raises(DnsTroubleError):
        asking(server).texts("too-huge.example.com")


def test_huge_answers_are_not_remembered(server: DnsServer) -> None:
    resolver = asking(server)

    resolver.texts("huge.example.com")
    resolver.texts("huge.example.com")

    assert server.asked.count("TXT huge.example.com/tcp") == 2


@pytest.mark.parametrize("name", ["example.com", "nowhere.example.com", "alias.example.com"])
def test_answers_and_absences_are_remembered(server: DnsServer, name: str) -> None:
    resolver = asking(server)

    first, second = resolver.texts(name), resolver.texts(name.upper() + ".")

    assert first == second
    assert len(server.asked) == 1


def test_what_may_not_be_remembered_is_asked_again() -> None:
    with DnsServer(ZONES, ttl=0) as server:
        resolver = asking(server)
        resolver.texts("example.com")
        resolver.texts("example.com")

        assert len(server.asked) == 2


@pytest.mark.parametrize(("seconds", "questions"), [(299, 1), (301, 2)])
@pytest.mark.parametrize("name", ["example.com", "nowhere.example.com"])
def test_an_answer_is_forgotten_when_its_time_is_up(server: DnsServer, name: str, seconds: int, questions: int) -> None:
    now = [0.0]
    resolver = Resolver([server.address], clock=lambda: now[0])
    resolver.texts(name)
    now[0] += seconds

    resolver.texts(name)

    assert len(server.asked) == questions


def test_the_oldest_answers_make_room(server: DnsServer) -> None:
    resolver = asking(server, cache=2)

    for name in (
        "example.com",
        "alias.example.com",
        "example.com",
        "nowhere.example.com",
        "example.com",
        "alias.example.com",
    ):
        resolver.texts(name)

    assert [name for name in server.asked if name == "TXT example.com"] == ["TXT example.com"]
    assert server.asked.count("TXT alias.example.com") == 2


def test_trouble_is_not_remembered(server: DnsServer) -> None:
    resolver = asking(server)
    server.behave(Manner.SERVFAIL)
    with pytest.raises(DnsTroubleError):
        resolver.texts("example.com")
    server.behave(Manner.HONEST)

    assert len(resolver.texts("example.com")) == 2


@pytest.mark.parametrize("manner", [Manner.SERVFAIL, Manner.REFUSED, Manner.SILENT])
def test_the_next_server_is_asked_when_one_fails(server: DnsServer, manner: Manner) -> None:
    with DnsServer(ZONES) as second:
        server.behave(manner)

        assert len(asking(server, second, seconds=0.5).texts("example.com")) == 2
        assert second.asked == ["TXT example.com"]


def test_a_server_that_kept_us_waiting_is_asked_last(server: DnsServer) -> None:
    with DnsServer(ZONES) as second:
        server.behave(Manner.SILENT)
        resolver = asking(server, second, seconds=0.5)

        resolver.texts("example.com")
        resolver.texts("long.example.com")

        assert server.asked == ["TXT example.com"]


def test_nothing_is_asked_after_the_deadline(server: DnsServer) -> None:
    with pytest.raises(DnsTroubleError, match="no answer in time"):
        asking(server).texts("example.com", Deadline.after(0))

    assert server.asked == []


def test_a_deadline_cuts_the_wait_for_a_silent_server(server: DnsServer) -> None:
    server.behave(Manner.SILENT)
    began = time.monotonic()

    with pytest.raises(DnsTroubleError):
        asking(server, seconds=30).texts("example.com", Deadline.after(0.2))

    assert time.monotonic() - began < 10


def test_names_are_asked_letter_for_letter(server: DnsServer) -> None:
    assert asking(server).texts("a\\.example.com") == (b"backslash",)
    assert asking(server).texts("\\101.example.com") == ()
    assert server.asked == ["TXT a\\.example.com", "TXT \\101.example.com"]


def test_no_search_list_is_applied(server: DnsServer) -> None:
    asking(server).texts("host")

    assert server.asked == ["TXT host"]


@pytest.mark.parametrize("name", ["bücher.example", "BÜCHER.example", "bücher\u3002example", "xn--bcher-kva.example"])
def test_names_in_other_scripts_are_asked_as_a_labels(server: DnsServer, name: str) -> None:
    assert asking(server).texts(name) == (b"b",)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a..b", ".a", "a" * 64 + ".example", "a." * 130, "x" * 10_000, "é" * 10_000, "\ud800.example",
     "\udcff", "\u00ad.example", "ex\u2024ample.com", "…", "\U0010ffff.example", "ä" * 63 + ".example"],
)  # fmt: skip
def test_what_is_no_name_is_not_asked_for(server: DnsServer, name: str) -> None:
    assert asking(server).texts(name) == ()
    assert ascii_name(name) == ""
    assert server.asked == []


@given(st.text(alphabet=st.characters(), max_size=300))
def test_every_text_has_an_ascii_name_or_none(text: str) -> None:
    name = ascii_name(text)

    assert name.isascii()
    assert len(name) <= 253
    assert ascii_name(name) == name
    assert all(0 < len(label) < 64 for label in name.split(".")) or name == ""


def test_a_resolver_is_shared_by_many_threads(server: DnsServer) -> None:
    resolver = asking(server, cache=3)
    names = ["example.com", "long.example.com", "alias.example.com", "nowhere.example.com", "other.example.com"]
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.extend(len(resolver.texts(name)) for name in names)) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == sorted([2, 10, 2, 0, 2] * 8)


def test_the_system_is_asked_when_no_server_is_named() -> None:
    resolver = Resolver()

    assert all(0 < port < 65536 for _, port in resolver._servers)
    assert resolver._servers


def test_a_server_by_name_is_refused() -> None:
    with pytest.raises(ValueError, match="dns"):
        Resolver(["dns.example"])
