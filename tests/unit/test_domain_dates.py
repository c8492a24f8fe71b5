"""Dates and times as users read them."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.clock import SystemClock
from gateway.domain.dates import DATE_FORMATS, TIME_FORMATS, DateStyle

MORNING = datetime(2026, 3, 2, 9, 5, 7, tzinfo=UTC)
NOON = datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("style", "moment", "written"),
    [
        (DateStyle(), MORNING, "03-02-2026 9:05 AM"),
        (DateStyle(), NOON, "07-04-2026 12:00 PM"),
        (DateStyle(), MIDNIGHT, "12-31-2026 12:30 AM"),
        (DateStyle(time_format="HH:mm"), MORNING, "03-02-2026 09:05"),
        (DateStyle(time_format="HH:mm:ss"), MORNING, "03-02-2026 09:05:07"),
        (DateStyle(date_format="dd.MM.yyyy", time_format="HH:mm"), MORNING, "02.03.2026 09:05"),
        (DateStyle(date_format="yyyy-MM-dd", time_format="HH:mm"), MORNING, "2026-03-02 09:05"),
        (DateStyle("Europe/Berlin", "dd/MM/yyyy", "HH:mm", True), NOON, "04/07/2026 14:00 CEST"),
        (DateStyle("America/New_York", show_zone=True), MIDNIGHT, "12-30-2026 7:30 PM EST"),
    ],
)
def test_a_moment_is_written_in_the_users_style(style: DateStyle, moment: datetime, written: str) -> None:
    assert style.write(moment) == written


@pytest.mark.parametrize(("date_format", "time_format"), list(product(DATE_FORMATS, TIME_FORMATS)))
def test_every_format_of_the_catalogue_writes_day_month_year_and_time(date_format: str, time_format: str) -> None:
    written = DateStyle("UTC", date_format, time_format).write(datetime(2026, 11, 22, 21, 45, tzinfo=UTC))

    assert {"22", "11", "2026"} <= set(written.split()[0].replace("/", "-").replace(".", "-").split("-"))
    assert ("9:45 PM" if time_format == "h:mm tt" else "21:45") in written


@given(st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_the_default_style_can_be_read_back_to_the_minute(moment: datetime) -> None:
    written = DateStyle().write(moment)

    read = datetime.strptime(written, "%m-%d-%Y %I:%M %p").replace(tzinfo=UTC)
    assert read == moment.replace(second=0, microsecond=0)


def test_the_system_clock_is_aware_utc_and_cannot_be_skipped() -> None:
    clock = SystemClock()

    before = clock.now()
    clock.skip_to(datetime(2999, 1, 1, tzinfo=UTC))

    assert before.tzinfo is UTC
    assert clock.now().year < 2999
