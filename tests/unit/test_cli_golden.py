"""The commands on people and settings answer as they did, in every form; see tests/golden_commands.py."""

from pathlib import Path

import click
import pytest

from tests.command_reference import commands as all_commands
from tests.golden_commands import SESSIONS, commands, played

pytestmark = pytest.mark.slow
NOUNS = ("company", "dept", "user", "admin", "rights", "policy", "password", "number", "block", "settings", "journal")
FORMS = ("table", "json", "csv")


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_a_session_goes_as_it_went(session: Path) -> None:
    assert played(session) == session.read_text(encoding="utf-8")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_command_is_in_a_session_in_every_form_it_has(noun: str) -> None:
    shown = [line for session in SESSIONS for line in commands(session)]
    missing = []
    for name, context in all_commands():
        if not name.startswith(f"faxgw {noun} ") or isinstance(context.command, click.Group):
            continue
        has_forms = any(option.name == "form" for option in context.command.params)
        wanted = [f"{name} ... -o {form}" for form in FORMS if has_forms and form != "table"] or [name]
        for want in wanted:
            form = want.partition(" -o ")[2]
            if not any(line.startswith(name) and (not form or f"-o {form}" in line) for line in shown):
                missing.append(want)

    assert missing == []
