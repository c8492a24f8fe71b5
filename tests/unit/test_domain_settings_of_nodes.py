"""The catalogue of settings, and the values that hold for a user."""

from datetime import timedelta

import pytest

from gateway.domain.addresses import NumberPlan
from gateway.domain.dates import DateStyle
from gateway.domain.errors import UsageError
from gateway.domain.retry_policy import Caps
from gateway.domain.setting_catalog import CATALOG, Effective, Setting, checked_value


@pytest.mark.parametrize("setting", CATALOG.values(), ids=lambda setting: setting.name)
def test_every_default_is_an_allowed_value_and_explained(setting: Setting) -> None:
    assert checked_value(setting.name, setting.default) == setting.default
    assert setting.about
    assert "." in setting.name


def test_an_unknown_setting_is_refused_and_what_comes_near_is_named() -> None:
    with pytest.raises(UsageError, match=r"unknown setting 'fax\.resolutoin'; known are fax\.resolution"):
        checked_value("fax.resolutoin", "fine")
    with pytest.raises(UsageError, match=r"fax\.paper.*notify\.content.*retry\.dials"):
        checked_value("?", "fine")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fax.resolution", "FINE"),
        ("fax.paper", "a5"),
        ("fax.home_country", "USA"),
        ("fax.home_country", "us"),
        ("fax.area_code", "20a"),
        ("fax.area_code", "٢"),
        ("fax.station_id", "+1 202 555 0123 45678"),  # 21 signs
        ("fax.station_id", "ACME"),
        ("fax.station_id", "202-555-0190"),
        ("fax.station_id", "٢٠٢"),
        ("cover.behavior", "sometimes"),
        ("cover.default", ""),
        ("notify.delivery_success", "yes"),
        ("date.time_zone", "Berlin"),
        ("date.format", "%Y"),
        ("retry.dials", "0"),
        ("retry.dials", "101"),
        ("retry.dials", "3.5"),
        ("retry.dials", ""),
        ("retry.lifetime_minutes", "-1"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_the_settings_name(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        checked_value(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fax.home_country", "none"),
        ("fax.home_country", "DE"),
        ("fax.station_id", ""),
        ("fax.station_id", "+1 202 555 0123 4567"),
        ("date.time_zone", "Europe/Berlin"),
    ],
)
def test_free_text_is_judged_by_what_it_means(name: str, value: str) -> None:
    assert checked_value(name, value) == value


def test_without_explicit_values_the_defaults_hold() -> None:
    effective = Effective({})

    assert effective.text("fax.resolution") == "fine"
    assert effective.on("notify.delivery_success")
    assert effective.number_plan() == NumberPlan("US", "")
    assert effective.caps() == Caps()
    assert effective.date_style() == DateStyle()


def test_explicit_values_win() -> None:
    effective = Effective(
        {
            "fax.home_country": "none",
            "fax.area_code": "202",
            "retry.dials": "5",
            "retry.tries_per_page": "2",
            "retry.lifetime_minutes": "60",
            "date.time_zone": "Europe/Berlin",
            "date.show_zone": "on",
            "notify.initial_success": "off",
        }
    )

    assert effective.number_plan() == NumberPlan("", "202")
    assert effective.caps() == Caps(5, 2, timedelta(hours=1))
    assert effective.date_style() == DateStyle("Europe/Berlin", show_zone=True)
    assert not effective.on("notify.initial_success")


def test_later_changes_of_the_given_mapping_change_nothing() -> None:
    explicit = {"fax.paper": "a4"}
    effective = Effective(explicit)

    explicit["fax.paper"] = "legal"

    assert effective.text("fax.paper") == "a4"


@pytest.mark.parametrize("name", ["fax.no_such", ""])
def test_asking_for_a_setting_that_does_not_exist_is_a_bug(name: str) -> None:
    with pytest.raises(KeyError):
        Effective({}).text(name)
