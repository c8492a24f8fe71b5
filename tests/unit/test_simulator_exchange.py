"""What answers which number: reserved numbers, scenario files, and their mistakes."""

import re
from pathlib import Path

import phonenumbers
import pytest

from gateway.domain.errors import UsageError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.far_ends import Kind
from gateway.fax.simulator.reserved import RESERVED
from gateway.fax.t30.capabilities import Flag, Modems, ScanTime, Widths

FOLDER = Path(__file__).parents[2] / "config" / "far_ends"


def scenario(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "far_ends.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("number", RESERVED)
def test_reserved_numbers_are_ones_that_a_mail_can_name(number: str) -> None:
    parsed = phonenumbers.parse(number)

    assert phonenumbers.is_possible_number(parsed)
    assert re.fullmatch(r"\+1\d{3}55501\d\d", number)


def test_the_readme_lists_every_reserved_number() -> None:
    rows = re.findall(r"^\| (\+\d+) \| (.+) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert rows == [(number, reserved.meaning) for number, reserved in RESERVED.items()]


def test_a_number_nobody_named_is_a_fax_machine() -> None:
    plan = Exchange.load().plan("+493012345678", 0)

    assert plan.kind is Kind.FAX
    assert plan.station_id == "+493012345678"


def test_the_last_plan_holds_for_all_later_dials() -> None:
    exchange = Exchange.load()

    kinds = [exchange.plan("+12025550102", dial).kind for dial in range(4)]

    assert kinds == [Kind.BUSY, Kind.FAX, Kind.FAX, Kind.FAX]


def test_the_scenario_files_that_are_shipped_can_be_read() -> None:
    files = sorted(FOLDER.glob("*.toml"))

    exchange = Exchange.load(files)

    assert files
    assert exchange.plan("+13125550102", 0).kind is Kind.VOICE
    assert exchange.plan("+13125550101", 0).capabilities.modems is Modems.V27_V29


def test_a_file_says_what_a_machine_offers(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        """
        [[number]]
        number = "+13125550199"
        [[number.dial]]
        rings = 1
        ecm = false
        width = "B4"
        scan = "MS20_HALF"
        disturb = [{ harm = "lose", side = "far end", name = "MCF", first = 2, count = 3, after = "EOP" }]
        """,
    )

    plan = Exchange.load([path]).plan("+13125550199", 0)

    assert (plan.kind, plan.rings) == (Kind.FAX, 1)
    assert Flag.ECM not in plan.capabilities
    assert Flag.MMR in plan.capabilities
    assert (plan.capabilities.widths, plan.capabilities.scan) == (Widths.B4, ScanTime.MS20_HALF)
    made = plan.disturbances[0]()
    assert (made.name, made.first, made.count, made.after) == ("MCF", 2, 3, "EOP")


def test_a_file_replaces_a_reserved_number(tmp_path: Path) -> None:
    path = scenario(tmp_path, '[[number]]\nnumber = "+12025550100"\n[[number.dial]]\nkind = "busy"\n')

    assert Exchange.load([path]).plan("+12025550100", 0).kind is Kind.BUSY


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "cannot be read as TOML"),
        ('[[numbers]]\nnumber = "+12025550100"', "unknown key 'numbers'"),
        ('[[number]]\nnumber = "2025550100"\n[[number.dial]]', "is not a number"),
        ('[[number]]\nnumber = "+12025550100"', "has no"),
        ('[[number]]\nnumber = "+12025550100"\n[[number.dial]]\nkind = "fish"', "kind = 'fish' is none of fax"),
        ('[[number]]\nnumber = "+12025550100"\n[[number.dial]]\nspeed = 9', "unknown key 'speed'"),
        ('[[number]]\nnumber = "+12025550100"\n[[number.dial]]\nwidth = "A5"', "width = 'A5' is none of A4"),
        ('[[number]]\nnumber = "+12025550100"\n[[number.dial]]\ndisturb = [{ harm = "lose" }]', "needs name, side"),
        (
            '[[number]]\nnumber = "+12025550100"\n[[number.dial]]\n'
            'disturb = [{ harm = "lose", side = "both", name = "MCF" }]',
            "side = 'both' is none of caller",
        ),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        Exchange.load([scenario(tmp_path, text)])

    assert "far_ends.toml" in refused.value.text


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.toml"):
        Exchange.load([tmp_path / "gone.toml"])
