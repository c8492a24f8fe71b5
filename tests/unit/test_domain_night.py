"""Night at the destination: its hours, the strictest of several zones, the morning after, clocks that change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from gateway.domain.night import Night
from gateway.domain.numbers import Destination
from gateway.domain.time_zones import zones_of

BERLIN, TOKYO, NEW_YORK = "Europe/Berlin", "Asia/Tokyo", "America/New_York"
SETS = sorted(set(TIMEZONE_DATA.values()))


def at(text: str, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("clock", "night"),
    [("20:59:59", False), ("21:00", True), ("23:30", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_night_is_from_nine_to_eight(clock: str, night: bool) -> None:
    assert Night().holds(at(f"2026-03-02 {clock}"), [BERLIN]) is night


@pytest.mark.parametrize(("clock", "night"), [("12:59", False), ("13:00", True), ("14:59", True), ("15:00", False)])
def test_a_night_may_lie_within_one_day(clock: str, night: bool) -> None:
    assert Night(time(13), time(15)).holds(at(f"2026-03-02 {clock}"), [BERLIN]) is night


def test_a_night_without_length_never_comes() -> None:
    never = Night(time(8), time(8))

    assert not any(never.holds(at(f"2026-03-02 {hour:02}:00"), [BERLIN]) for hour in range(24))


def test_it_is_night_where_it_is_night_in_any_zone() -> None:
    noon = at("2026-03-02 13:00")  # nine in the evening in Tokyo, seven in the morning in New York

    assert not Night().holds(noon, [BERLIN])
    assert Night().holds(noon, [BERLIN, TOKYO])
    assert Night().holds(noon, [BERLIN, NEW_YORK])


def test_the_day_begins_when_night_is_over_everywhere() -> None:
    found = Night().day_from(at("2026-03-02 22:00"), [BERLIN, NEW_YORK])

    assert found == at("2026-03-03 08:00", NEW_YORK)


def test_by_day_there_is_nothing_to_wait_for() -> None:
    assert Night().day_from(at("2026-03-02 12:00"), [BERLIN]) == at("2026-03-02 12:00")


@pytest.mark.parametrize("evening", ["2026-03-28 23:00", "2026-10-24 23:00"])
def test_a_night_in_which_clocks_change_ends_at_eight(evening: str) -> None:
    day = Night().day_from(at(evening), [BERLIN])

    assert day is not None
    assert day.astimezone(ZoneInfo(BERLIN)).time() == time(8)


def test_a_night_may_be_so_long_that_it_is_always_night_somewhere() -> None:
    assert Night(time(12), time(11)).day_from(at("2026-03-02 12:00"), [BERLIN, TOKYO, NEW_YORK]) is None


@given(
    st.sampled_from(SETS),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone
)
def test_every_number_has_hours_of_the_day_that_are_night_in_none_of_its_zones(
    zones: tuple[str, ...], moment: datetime
) -> None:
    day = Night().day_from(moment, zones)

    assert day is not None
    assert moment <= day <= moment + timedelta(days=2)
    assert not Night().holds(day, zones)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12025550100", ("America/New_York",)),
        ("+442071234567", ("Europe/London",)),
        ("+493012345678", ("Europe/Berlin",)),
        ("+813312345678", ("Asia/Tokyo",)),
        ("+88312345678", ("UTC",)),
    ],
)
def test_a_number_lies_in_the_zones_of_its_area(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of(Destination(number)) == zones


def test_a_free_number_may_ring_anywhere_in_its_country() -> None:
    zones = zones_of(Destination("+18005551234"))

    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(zones)


def test_all_zones_of_numbers_are_known_to_the_clock() -> None:
    assert {zone for zones in SETS for zone in zones} <= available_timezones()
