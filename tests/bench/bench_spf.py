"""A check of SPF that asks six questions: python -m tests.bench.bench_spf [CHECKS].

The DNS server runs in another process on this machine. Figures are processor milliseconds of the checking thread, the
kernel's share of sending and receiving among them, and the time that passes: with every answer asked for, with answers
remembered, and with the finding remembered.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from gateway.domain.evidence import SpfFinding, SpfResult
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.spf import SpfChecker, check_spf
from tests.dns_server import DnsServer

ZONES = {
    "example.com": [("TXT", "v=spf1 include:one.example a:host.example.com mx -all"), ("MX", "10 mx.example.com")],
    "one.example": [("TXT", "v=spf1 include:two.example ~all")],
    "two.example": [("TXT", "v=spf1 ip4:203.0.113.0/24 -all")],
    "host.example.com": [("A", "192.0.2.1")],
    "mx.example.com": [("A", "192.0.2.2")],
}
QUESTIONS = 6


def main(checks: int) -> None:
    with server() as address:
        asking, remembering = Resolver([address], cache=0), Resolver([address])
        checker = SpfChecker(remembering)
        show("every answer asked for", checks, lambda: check_spf(asking, *SENDER))
        show("answers remembered", checks, lambda: check_spf(remembering, *SENDER))
        show("finding remembered", checks, lambda: checker.check(*SENDER))


SENDER = ("192.0.2.2", "mx.example.com", "ann@example.com")


def show(what: str, checks: int, check: Callable[[], SpfFinding]) -> None:
    assert check().result is SpfResult.PASS
    began, used = time.perf_counter(), time.thread_time()
    for _ in range(checks):
        check()
    cpu, passed = time.thread_time() - used, time.perf_counter() - began
    sys.stdout.write(f"{what:24} {cpu / checks * 1000:7.3f} ms processor {passed / checks * 1000:7.3f} ms\n")


@contextmanager
def server() -> Iterator[str]:
    """The address of a DNS server in a process of its own; checks that a check puts the number of questions we say."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,))
    process.start()
    address = ours.recv()
    check_spf(Resolver([address], cache=0), *SENDER)
    ours.send("how many")
    assert ours.recv() == QUESTIONS
    yield address
    ours.send("stop")
    process.join()


def serve(line: Connection) -> None:
    with DnsServer(ZONES) as running:
        line.send(running.address)
        while line.recv() != "stop":
            line.send(len(running.asked))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
