"""Reads the T.30 dialogues.

The format is at the head of `dialogues/t30_caller.txt`. The files `t30_caller*.txt` are for the end that dials,
`t30_answerer*.txt` for the end that is called.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "dialogues"
_TRAINED_CALLER = "< answered\n> CNG\n< DIS{0}\n> TSI DCS training image end\n< CFR"
_TRAINED_ANSWERER = "> CED CSI DIS\n< TSI DCS={0}\n< TCF good\n> CFR"


@dataclass(frozen=True)
class Dialogue:
    """One script. `options` are pairs; those without a value have an empty one."""

    title: str
    options: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]

    def option(self, name: str, otherwise: str = "") -> str:
        """The value of an option."""
        return dict(self.options).get(name, otherwise)

    def has(self, name: str) -> bool:
        """True when the title line has the option."""
        return name in dict(self.options)


def read(name: str) -> list[Dialogue]:
    """The dialogues of a file."""
    text = (FOLDER / name).read_text(encoding="utf-8").split("\n== ")[1:]
    opening = _TRAINED_CALLER if "caller" in name else _TRAINED_ANSWERER
    return [_dialogue(part.splitlines(), opening) for part in text]


def read_all(role: str) -> list[Dialogue]:
    """The dialogues of every file for a role, `caller` or `answerer`."""
    return [dialogue for path in sorted(FOLDER.glob(f"t30_{role}*.txt")) for dialogue in read(path.name)]


def _dialogue(lines: list[str], opening: str) -> Dialogue:
    title, _, options = lines[0].partition(";")
    pairs = tuple((name, value) for name, _, value in (word.partition("=") for word in options.split()))
    played = [line for line in lines[1:] if line.strip() and not line.startswith("#")]
    return Dialogue(title, pairs, tuple(_repeated(line for one in played for line in _expanded(one, opening))))


def _repeated(lines: Iterable[str]) -> list[str]:
    """`again N` stands for the two lines before it, said N times more."""
    said: list[str] = []
    for line in lines:
        verb, _, times = line.partition(" ")
        said += said[-2:] * int(times) if verb == "again" else [line]
    return said


def _expanded(line: str, opening: str) -> list[str]:
    """`trained [WHAT]` stands for all that comes before the first page."""
    verb, _, what = line.partition(" ")
    return opening.format(what or "").splitlines() if verb == "trained" else [line]
