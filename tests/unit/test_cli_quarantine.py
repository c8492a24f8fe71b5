"""faxgw quarantine: numbers that are refused for being gone, listed and released; and the refusal itself."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.call import Cause
from gateway.domain.errors import ExitCode, RefusedError
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing
from gateway.store import quarantine
from tests.filled_store import NOW
from tests.flows.commands import Commands
from tests.flows.letters import ANNA
from tests.flows.stage import DOMAIN, Stage, staged

VACANT, CHANGED = "+12025550106", "+12025550113"
HOUR = timedelta(hours=1)
RULE = QuarantineRule(1, timedelta(days=30))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


@pytest.fixture
def faxgw(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    commands = Commands(stage.folder, monkeypatch, capsys)
    commands.configure(f'[smtp]\ndomains = ["{DOMAIN}"]\n')
    return commands


@pytest.fixture
def held(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two numbers in quarantine, the second an hour later; the gateway's clock stands where the stage's does."""
    for number, cause, at in ((VACANT, Cause.SIT_VACANT, NOW), (CHANGED, Cause.SIT_INTERCEPT, NOW + HOUR)):
        met = Standing(number, 0, at, Outcome.SIT_TONE, cause.value)
        stage.db.write(lambda session, met=met: quarantine.note_end(session, met, RULE))
    monkeypatch.setattr("gateway.parts.build_clock", lambda _db: stage.clock)


@pytest.mark.usefixtures("held")
def test_numbers_are_listed_the_latest_first(faxgw: Commands) -> None:
    rows = json.loads(faxgw("quarantine", "list", "-o", "json").out)

    assert rows == [
        {
            "number": CHANGED, "until": "2026-04-01T16:04:05.678901+00:00", "finals": 1,
            "last": "2026-03-02T16:04:05.678901+00:00", "outcome": "Sit-Tone / Operator Msg", "detail": "sit-intercept",
        },
        {
            "number": VACANT, "until": "2026-04-01T15:04:05.678901+00:00", "finals": 1,
            "last": "2026-03-02T15:04:05.678901+00:00", "outcome": "Sit-Tone / Operator Msg", "detail": "sit-vacant",
        },
    ]  # fmt: skip


@pytest.mark.usefixtures("held")
def test_a_list_for_people_and_one_for_spreadsheets(faxgw: Commands) -> None:
    table = faxgw("quarantine", "list").out.splitlines()
    rows = list(csv.DictReader(io.StringIO(faxgw("quarantine", "list", "-o", "csv").out)))

    assert table[0].split() == ["number", "until", "finals", "last", "outcome", "detail"]
    assert table[2].split()[:3] == [CHANGED, "2026-04-01", "16:04:05"]
    assert [row["number"] for row in rows] == [CHANGED, VACANT]


@pytest.mark.usefixtures("held")
def test_a_quarantine_that_is_over_is_not_listed(faxgw: Commands, stage: Stage) -> None:
    stage.clock.skip_to(NOW + timedelta(days=30))

    assert [row["number"] for row in json.loads(faxgw("quarantine", "list", "-o", "json").out)] == [CHANGED]


@pytest.mark.usefixtures("stage")
def test_an_empty_list_says_so(faxgw: Commands) -> None:
    ran = faxgw("quarantine", "list")

    assert (ran.code, ran.out, ran.err) == (0, "", "nothing to list\n")


@pytest.mark.usefixtures("held")
async def test_the_listener_refuses_such_a_number_until_it_is_released(faxgw: Commands, stage: Stage) -> None:
    desk = stage.desk
    with pytest.raises(RefusedError) as refused:
        await desk.check_recipient(f"{VACANT}@{DOMAIN}", ANNA, "")

    ran = faxgw("quarantine", "release", "2025550106")

    assert str(refused.value.reply).startswith(f"550 5.7.1 {VACANT} is in quarantine until 2026-04-01: ")
    assert (ran.code, ran.err) == (0, f"{VACANT} is out of quarantine\n")
    await desk.check_recipient(f"{VACANT}@{DOMAIN}", ANNA, "")
    with pytest.raises(RefusedError):
        await desk.check_recipient(f"{CHANGED}@{DOMAIN}", ANNA, "")


@pytest.mark.usefixtures("held")
async def test_the_listener_takes_the_number_again_when_its_time_is_over(stage: Stage) -> None:
    stage.clock.skip_to(NOW + timedelta(days=30))

    await stage.desk.check_recipient(f"{VACANT}@{DOMAIN}", ANNA, "")


def test_faxgw_test_address_tells_of_a_quarantine(faxgw: Commands, stage: Stage) -> None:
    met = Standing(VACANT, 0, stage.clock.now() + timedelta(days=3650), Outcome.SIT_TONE, "sit-vacant")
    stage.db.write(lambda session: quarantine.note_end(session, met, RULE))

    ran = faxgw("test", "address", f"{VACANT}@{DOMAIN}", "-o", "json")

    assert ran.code == ExitCode.REFUSED
    assert "is in quarantine until" in json.loads(ran.out)["reply"]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [("+12025550199", 3, "+12025550199 is not in quarantine; `faxgw quarantine list` shows"), ("12", 6, "digits")],
)
def test_what_cannot_be_released_is_told(faxgw: Commands, number: str, code: int, words: str) -> None:
    ran = faxgw("quarantine", "release", number)

    assert ran.code == code
    assert words in ran.complaint
