"""faxgw test address: the listener's answer to an address, and what it would make of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import ExitCode, GatewayError
from gateway.store import tree
from tests.flows.commands import Commands
from tests.flows.letters import ANNA
from tests.flows.stage import Stage, staged

SERVED = '[smtp]\ndomains = ["fax.example"]\nbounce_address = "bounces"\n'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    commands = Commands(stage.folder, monkeypatch, capsys)
    commands.configure(SERVED)
    return commands


def tried(faxgw: Commands, address: str, *options: str) -> dict[str, object]:
    ran = faxgw("test", "address", address, *options, "-o", "json")
    told: dict[str, object] = json.loads(ran.out)
    assert ran.err == ""
    assert ran.code == (ExitCode.DONE if str(told["reply"]).startswith("250 ") else ExitCode.REFUSED)
    return told


def test_a_good_address_is_told_with_number_country_kind_and_parameters(faxgw: Commands) -> None:
    address = "1-800-555-1234/T33S=42*#/to=Ann_Lee/co=Acme/fr=Max/cp=Blue@FAX.example"

    assert tried(faxgw, address) == {
        "address": address, "accepted": True, "number": "+18005551234", "country": "US", "kind": "toll free",
        "sub_address": "42*#", "name": "Ann Lee", "company": "Acme", "sender": "Max", "cover": "Blue",
        "code": 250, "enhanced": "2.1.5", "reply": "250 2.1.5 OK",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        ("911@fax.example", "550 5.7.1 not permitted: emergency and service numbers take no faxes"),
        ("2025550123@other.example", "550 5.7.1 this gateway does not serve that domain"),
        ("2025550123/T33S=x@fax.example", "550 5.5.4 T33S takes 1 to 20 of the digits, * and #"),
        (
            "12@fax.example",
            "550 5.1.3 plain digits must be 10, or 11 starting with 1; else write + and 7 to 15 digits with the "
            "country code, as in +12025550123@fax.example",
        ),
        (
            "2025550123;ext=5@fax.example",
            "550 5.1.3 '2025550123;ext=5' is not a fax number: write + and 7 to 15 digits with the country code, as in "
            "+12025550123@fax.example; an extension goes in /T33S=",
        ),
        ("2025550123", "501 5.1.3 the address is malformed: write name@domain"),
        ("2025550123@fax.example>", "501 5.5.4 write RCPT TO:<address>; a space comes before parameters"),
    ],
)  # fmt: skip
def test_a_bad_address_is_told_as_the_listener_would_say_it(faxgw: Commands, address: str, reply: str) -> None:
    told = tried(faxgw, address)

    assert told["reply"] == reply
    assert (told["accepted"], told["number"], told["country"]) == (False, None, None)


def test_plain_digits_are_read_as_those_of_who_sends(stage: Stage, faxgw: Commands) -> None:
    tree.set_setting(stage.db, "Acme", "fax.home_country", "DE")

    assert tried(faxgw, "03012345678@fax.example", "--as-sender", ANNA)["number"] == "+493012345678"
    assert tried(faxgw, "03012345678@fax.example", "--user", "anna")["number"] == "+493012345678"
    assert tried(faxgw, "03012345678@fax.example")["accepted"] is False
    assert tried(faxgw, "2025550123@fax.example", "--as-sender", "stranger@example.org")["number"] == "+12025550123"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postmaster", "a letter to the postmaster"),
        ("Postmaster@fax.example", "a letter to the postmaster"),
        ("bounces+7@fax.example", "a bounce"),
    ],
)
def test_boxes_that_are_no_fax_are_told_of(faxgw: Commands, address: str, words: str) -> None:
    told = tried(faxgw, address)

    assert words in str(told["reply"])
    assert told["accepted"] is False


def test_the_table_has_the_same_for_people(faxgw: Commands) -> None:
    ran = faxgw("test", "address", "2025550123@fax.example")

    lines = dict(line.split(None, 1) for line in ran.out.splitlines() if len(line.split()) > 1)
    assert (lines["number"], lines["country"], lines["accepted"]) == ("+12025550123", "US", "yes")


ADDRESSES = ["2025550123", "911", "+442079460123/T33S=1", "12", "+19005551234", '"12025550123"', "x", "1/cp="]


@pytest.mark.parametrize("local", ADDRESSES)
async def test_the_desk_behind_the_listener_says_the_same(stage: Stage, faxgw: Commands, local: str) -> None:
    address = f"{local}@fax.example"
    reply = str(tried(faxgw, address, "--as-sender", ANNA)["reply"])

    try:
        await stage.desk.check_recipient(address, ANNA, "")
        answered = "250 2.1.5 OK"
    except GatewayError as error:
        answered = str(error.reply)

    assert reply == answered
