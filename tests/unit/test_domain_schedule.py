"""Times as people write them, settled in the sender's zone: starts, ends, and what cannot be."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import BadDirectiveError
from gateway.domain.schedule import LONGEST_LIFE, MOST_AHEAD, Times, When, read_when, settle_times

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # 13:00 in Berlin, 07:00 in New York
HOUR = timedelta(hours=1)
LIFE = 3 * HOUR
CET = timezone(HOUR)


def start(when: When, zone: str = "UTC", now: datetime = NOW) -> datetime:
    return settle_times(when, None, now, zone, LIFE).start


def refusal(at: When | None, expire: When | None = None, zone: str = "UTC", now: datetime = NOW) -> str:
    with pytest.raises(BadDirectiveError) as caught:
        settle_times(at, expire, now, zone, LIFE)
    assert caught.value.reply.enhanced == "5.5.4"
    assert str(caught.value.reply).isascii()
    return caught.value.text


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("14:30", time(14, 30)),
        ("4:05", time(4, 5)),
        ("14:30:15", time(14, 30, 15)),
        ("2026-11-23 14:30", datetime(2026, 11, 23, 14, 30)),  # noqa: DTZ001 - in the sender's zone
        ("2026-11-23T14:30:15", datetime(2026, 11, 23, 14, 30, 15)),  # noqa: DTZ001 - likewise
        ("2026-11-23T14:30Z", datetime(2026, 11, 23, 14, 30, tzinfo=UTC)),
        ("2026-11-23T14:30z", datetime(2026, 11, 23, 14, 30, tzinfo=UTC)),
        ("2026-11-23 14:30+01:00", datetime(2026, 11, 23, 14, 30, tzinfo=CET)),
        ("2026-11-23 14:30 +0100", datetime(2026, 11, 23, 14, 30, tzinfo=CET)),
        ("+2h", 2 * HOUR),
        ("2h", 2 * HOUR),
        ("+90m", 1.5 * HOUR),
        ("+90min", 1.5 * HOUR),
        ("+1d2h3m", timedelta(days=1, hours=2, minutes=3)),
    ],
)
def test_times_moments_and_spans_are_read(text: str, when: When) -> None:
    assert read_when(text) == when


@pytest.mark.parametrize(
    "text",
    ["", "+", "+0m", "h", "2", "25:00", "14:60", "1430", "2026-11-23", "2026-11-31 10:00", "2026-11-23T14:30+25:00",
     "0000-01-01 00:00", "tomorrow", "2h1d", "-2h", "+2 h", "٢:30", "2026-11-23T14:30[Europe/Berlin]", "+99999d"],
)  # fmt: skip
def test_everything_else_is_no_time(text: str) -> None:
    assert read_when(text) is None


def test_without_wishes_a_job_starts_at_once_and_lives_as_long_as_the_setting_says() -> None:
    assert settle_times(None, None, NOW, "UTC", LIFE) == Times(NOW, NOW + LIFE)


def test_the_lifetime_counts_from_the_start_that_was_asked_for() -> None:
    assert settle_times(5 * HOUR, None, NOW, "UTC", LIFE) == Times(NOW + 5 * HOUR, NOW + 8 * HOUR)


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-23 14:30", "UTC", "2026-11-23 14:30"),
        ("2026-11-23 14:30", "Europe/Berlin", "2026-11-23 13:30"),
        ("2026-11-23 14:30", "America/New_York", "2026-11-23 19:30"),
        ("2026-11-23 14:30+01:00", "America/New_York", "2026-11-23 13:30"),
        ("14:30", "Europe/Berlin", "2026-11-23 13:30"),
        ("13:00", "Europe/Berlin", "2026-11-24 12:00"),  # it is just 13:00 there
        ("12:30", "Europe/Berlin", "2026-11-24 11:30"),
        ("06:00", "America/New_York", "2026-11-24 11:00"),
        ("00:30", "Asia/Tokyo", "2026-11-23 15:30"),  # it is the evening of the 23rd there
        ("2027-07-01 08:00", "Europe/Berlin", "2027-07-01 06:00"),
        ("+2h", "Asia/Kolkata", "2026-11-23 14:00"),
    ],
)
def test_a_start_is_meant_on_the_senders_clock(text: str, zone: str, utc: str) -> None:
    when = read_when(text)

    assert when is not None
    assert f"{start(when, zone):%Y-%m-%d %H:%M}" == utc


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    before = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)

    assert start(time(2, 30), "Europe/Berlin", before) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("when", [time(2, 30), datetime(2027, 3, 28, 2, 30)])  # noqa: DTZ001 - on the sender's clock
def test_an_hour_that_the_clocks_skip_is_refused(when: When) -> None:
    now = datetime(2027, 3, 27, 23, 0, tzinfo=UTC)

    assert refusal(when, zone="Europe/Berlin", now=now) == (
        "At: clocks in Europe/Berlin skip 2027-03-28 02:30: give another time"
    )


def test_a_start_that_has_passed_is_refused_and_the_time_is_told() -> None:
    assert refusal(datetime(2026, 11, 23, 12, 59), zone="Europe/Berlin") == (  # noqa: DTZ001 - on the sender's clock
        "At: 2026-11-23 12:59 Europe/Berlin has passed: give a time after 2026-11-23 13:00 Europe/Berlin"
    )
    assert "has passed" in refusal(NOW)
    assert "has passed" in refusal(datetime(1, 1, 1, tzinfo=UTC))


def test_a_start_too_far_ahead_is_refused() -> None:
    assert start(MOST_AHEAD) == NOW + MOST_AHEAD
    assert "more than a year ahead" in refusal(MOST_AHEAD + timedelta(minutes=1))
    assert "more than a year ahead" in refusal(datetime(9999, 12, 31, 23, 59, tzinfo=UTC), zone="Asia/Tokyo")


@pytest.mark.parametrize(
    "when", [datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-HOUR)), datetime(1, 1, 1, tzinfo=CET)]
)
def test_a_moment_beyond_the_calendar_is_refused(when: When) -> None:
    assert "no such time" in refusal(when)


@pytest.mark.parametrize(
    ("at", "expire", "expires"),
    [
        (None, HOUR, NOW + HOUR),
        (None, 24 * HOUR, NOW + 24 * HOUR),  # longer than the setting, and asked for
        (2 * HOUR, HOUR, NOW + 3 * HOUR),  # a span counts from the start
        (time(14, 0), time(13, 0), NOW + 25 * HOUR),  # so does a time of day
        (None, NOW + HOUR, NOW + HOUR),
        (2 * HOUR, NOW + 5 * HOUR, NOW + 5 * HOUR),
    ],
)
def test_a_job_is_over_when_its_sender_says_so(at: When | None, expire: When, expires: datetime) -> None:
    assert settle_times(at, expire, NOW, "UTC", LIFE).expires == expires


def test_an_end_before_the_start_or_too_far_behind_it_is_refused() -> None:
    assert refusal(2 * HOUR, NOW + HOUR).startswith("Expire: 2026-11-23 13:00 UTC has passed: give a time after")
    assert refusal(None, NOW - HOUR).startswith("Expire: ")
    assert "more than 30 days from the start" in refusal(None, LONGEST_LIFE + HOUR)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"])
WHEN = st.none() | st.times() | st.datetimes(timezones=st.none() | st.timezones()) | st.timedeltas(HOUR / 60, LIFE * 99)


@given(WHEN, WHEN, ZONES)
def test_whatever_is_asked_a_job_starts_now_or_later_and_ends_after_it_or_is_refused(
    at: When | None, expire: When | None, zone: str
) -> None:
    try:
        times = settle_times(at, expire, NOW, zone, LIFE)
    except BadDirectiveError as error:
        times = None
        reply = str(error.reply)

    if times is None:
        assert reply.isascii()
        assert reply.startswith("550 5.5.4 ")
    else:
        assert NOW <= times.start < times.expires <= times.start + LONGEST_LIFE
        assert times.start <= NOW + MOST_AHEAD


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert isinstance(read_when(text), time | datetime | timedelta | None)
