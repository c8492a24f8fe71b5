"""The documents say what is so: every command, every key of the settings file, every piece of the house."""

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from gateway.domain.outcome import Outcome
from gateway.settings import Settings, load_settings
from tests import watch_reference
from tests.command_reference import TARGET, commands, reference

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
HOUSE = (TOP / "gateway" / "README.md").read_text(encoding="utf-8")
EXAMPLE = TOP / "config" / "faxgw.example.toml"
COMMANDS = dict(commands())
NAMES = list(COMMANDS)
KEYS = [
    (section.name, key.name, getattr(getattr(Settings(), section.name), key.name))
    for section in dataclasses.fields(Settings)
    for key in dataclasses.fields(getattr(Settings(), section.name))
]
DOCUMENTS = [path for path in TOP.rglob("*.md") if not {".venv", "var"} & set(path.relative_to(TOP).parts)]


def example_section(name: str) -> str:
    found = re.search(rf"^\[{name}\]\n(.*?)(?=^\[|\Z)", EXAMPLE.read_text(encoding="utf-8"), re.M | re.S)
    return found.group(1) if found else ""


def test_the_command_reference_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run: make docs"


def test_the_reference_of_what_can_be_watched_is_current() -> None:
    assert watch_reference.TARGET.read_text(encoding="utf-8") == watch_reference.reference(), "run: make docs"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_reference_with_words_for_each_option(name: str) -> None:
    context = COMMANDS[name]
    options = [option for option in context.command.params if isinstance(option, click.Option)]
    silent = [option.name for option in options if not option.help and not isinstance(option.type, click.Choice)]

    assert f"## {name}\n" in TARGET.read_text(encoding="utf-8")
    assert context.command.get_short_help_str()
    assert silent == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.count(" ") == 1])
def test_the_readme_mentions_every_command(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b", README)


@pytest.mark.parametrize("command", re.findall(r"^ +(?:\$ )?(?:\.venv/bin/)?(faxgw(?: [a-z]+)+)", README, re.M))
def test_every_command_that_the_readme_shows_exists(command: str) -> None:
    words = command.split()

    assert any(" ".join(words[:length]) in NAMES[1:] for length in (2, 3))


@pytest.mark.parametrize(("section", "key", "default"), KEYS, ids=[f"{section}.{key}" for section, key, _ in KEYS])
def test_the_example_settings_file_has_every_key_with_its_default(section: str, key: str, default: object) -> None:
    line = re.search(rf"^#{key} = (.*)$", example_section(section), re.M)

    assert line is not None
    value = tomllib.loads(f"value = {line.group(1)}")["value"]
    assert (tuple(value) if isinstance(value, list) else value) == (str(default) if key == "folder" else default)


def test_the_example_settings_file_is_read_as_it_is_and_with_every_line_switched_on(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    switched_on = tmp_path / "on.toml"
    switched_on.write_text(re.sub(r"^#(\w+ = )", r"\1", text, flags=re.M), encoding="utf-8")

    assert load_settings(EXAMPLE, {}) == Settings()
    assert load_settings(switched_on, {}).smtp == Settings().smtp


def test_the_house_names_every_package_and_every_module_beside_them() -> None:
    gateway = TOP / "gateway"
    rooms = [path.name for path in gateway.iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    modules = [path.name for path in gateway.glob("*.py") if path.name != "__init__.py"]

    assert [name for name in (*rooms, *modules) if name not in HOUSE] == []


def test_the_house_names_no_module_that_is_gone() -> None:
    named = re.findall(r"`((?:gateway|renderers|coverpages|tests|samples|config)/[\w./-]+)`", HOUSE + README)

    assert [path for path in named if not (TOP / path).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]

    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize(
    "target", ["setup", "demo", "test", "check", "bench", "lint", "serve", "docs", "clean", "help"]
)
def test_make_has_the_targets_and_help_explains_them(target: str) -> None:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:.*## \S", makefile, re.M)


def test_samples_are_described_one_by_one() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (TOP / "samples").rglob("README.md"))
    samples = [path for folder in ("mail", "documents", "fax") for path in (TOP / "samples" / folder).glob("*.*")]

    assert [path.name for path in samples if path.name not in text and path.name != "README.md"] == []


def test_the_changelog_begins_with_what_is_not_released() -> None:
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")

    assert text.index("## Unreleased") < text.index("### Added")


def test_the_outcomes_are_explained_to_whoever_reads_a_notice() -> None:
    assert [outcome.value for outcome in Outcome if f"| {outcome.value} |" not in README] == []


LEAVES = [name for name, context in COMMANDS.items() if not isinstance(context.command, click.Group)]


def examples(name: str) -> list[list[str]]:
    """The words of the examples in a command's help, behind its name; without what the shell takes for itself."""
    shown = re.findall(r"^ *(?:eval \"\$\()?faxgw(?: --config \S+)? (.*)", COMMANDS[name].command.help or "", re.M)
    own = name.partition(" ")[2]
    words = [shlex.split(re.split(r"[|<>]|\)\"$|&&", line)[0]) for line in shown]
    return [one[len(own.split()) :] for one in words if " ".join(one[: len(own.split())]) == own]


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_two_examples_whose_options_there_are(name: str) -> None:
    context = COMMANDS[name]

    found = examples(name)

    assert len(found) >= 2
    for words in found:
        context.command.make_parser(context).parse_args(args=list(words))  # raises for what there is not
