"""What settings take, who may set them where, and what is not read yet."""

import re
from pathlib import Path

import pytest

import gateway
from gateway.domain.nodes import NodeKind
from gateway.domain.rights import RIGHTS
from gateway.domain.setting import Setting, is_name
from gateway.domain.setting_catalog import CATALOG

SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in Path(gateway.__file__).parent.rglob("*.py")
    if path.name not in ("setting_groups.py", "setting_catalog.py", "retry_settings.py") and "cli" not in path.parts
}
TYPED = Path(gateway.__file__).parent / "domain" / "setting_catalog.py"
# Named by the caller's own words, one by one, and not in full.
BY_RULE = re.compile(r"(retry|quarantine)\.")


def is_read(name: str) -> bool:
    """Whether any code names it: the flows, or the typed access to what holds."""
    typed = TYPED.read_text(encoding="utf-8").partition("class Effective")[2]
    return any(f'"{name}"' in text for text in (typed, *SOURCES.values()))


@pytest.mark.parametrize("setting", CATALOG.values(), ids=lambda setting: setting.name)
def test_what_takes_effect_later_is_what_nothing_reads(setting: Setting) -> None:
    if not BY_RULE.match(setting.name):
        assert setting.later is not is_read(setting.name)


@pytest.mark.parametrize("setting", CATALOG.values(), ids=lambda setting: setting.name)
def test_every_setting_can_be_given_somewhere_and_belongs_to_a_part_of_the_rights(setting: Setting) -> None:
    assert setting.levels
    assert {f"{setting.part}.view", f"{setting.part}.change"} <= set(RIGHTS)
    assert setting.kind in ("switch", "choice", "text")


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("settings.inheritance", (NodeKind.COMPANY,)),
        ("security.policy", (NodeKind.COMPANY, NodeKind.DEPARTMENT)),
        ("fax.paper", (NodeKind.COMPANY, NodeKind.DEPARTMENT, NodeKind.USER)),
    ],
)
def test_some_settings_belong_to_some_levels_only(name: str, levels: tuple[NodeKind, ...]) -> None:
    assert CATALOG[name].levels == levels


@pytest.mark.parametrize("name", ["fax.automatic_per_hour", "quarantine.after", "retry.fast_busy_alarm"])
def test_what_all_users_share_is_for_accounts_of_the_machine(name: str) -> None:
    assert CATALOG[name].system_only


@pytest.mark.parametrize(
    ("text", "good"), [("global", True), ("", False), (" x", False), ("x" * 81, False), ("a\nb", False)]
)
def test_a_name_is_short_and_printable(text: str, good: bool) -> None:
    assert is_name(text) is good
