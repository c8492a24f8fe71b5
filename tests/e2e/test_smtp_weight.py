"""What clients may cost the front door: memory, and each other's time (figures: tests/bench/bench_smtp_memory.py)."""

from collections.abc import Iterator

import pytest

from tests.smtp_weight import Door, empty_lines, idle_connections, mails_in_flight, no_line_end, open_door

MEGABYTE = 1_000_000
LONGEST_WAIT = 1.0  # seconds; 0.1 on a machine that does nothing else

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("weight") / "gateway") as opened:
        yield opened


def test_500_idle_connections_weigh_less_than_10_megabytes(door: Door) -> None:
    assert idle_connections(door, 500) < 10 * MEGABYTE


def test_an_idle_connection_in_tls_has_no_read_buffer_of_its_own(door: Door) -> None:
    assert idle_connections(door, 200, tls=True) / 200 < 40_000


def test_a_mail_of_25_megabytes_in_flight_weighs_less_than_2(door: Door) -> None:
    assert mails_in_flight(door, 10) < 2 * MEGABYTE


def test_a_mail_of_empty_lines_costs_neither_memory_nor_the_time_of_others(door: Door) -> None:
    reply, watch = empty_lines(door)

    assert reply.startswith("250")
    assert watch.peak < 10 * MEGABYTE
    assert watch.longest < LONGEST_WAIT


def test_a_text_without_a_line_end_is_cut_off_before_it_fills_anything(door: Door) -> None:
    reply, watch = no_line_end(door)

    assert reply.startswith("552") or not reply  # it may have been cut off while it still talked
    assert watch.peak < 10 * MEGABYTE
    assert watch.longest < LONGEST_WAIT
