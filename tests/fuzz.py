"""Documents damaged at random, by a seed: as transmission, bad programs and people who look for holes leave them."""

import random
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "samples/documents"
KINDS = {".pdf", ".jpg", ".tif", ".html", ".txt"}
OFFICE_KINDS = {".docx", ".xlsx"}
_MAGIC_NUMBERS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0", b"-1", b"99999999999", b"\0")


def samples(kinds: set[str]) -> list[Path]:
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in kinds)


def _flipped(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _numbered(content: bytearray, chance: random.Random) -> None:
    at, number = chance.randrange(len(content)), chance.choice(_MAGIC_NUMBERS)
    content[at : at + len(number)] = number


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def _lost(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content))
    del content[at : at + chance.randrange(1, 2000)]


def _doubled(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content))
    content[at:at] = content[at : at + chance.randrange(1, 2000)] * chance.choice((1, 1, 50))


def _exchanged(content: bytearray, chance: random.Random) -> None:
    """Digits for other digits: sizes, counts, references."""
    digits = [at for at in range(len(content)) if 48 <= content[at] <= 57]
    for at in chance.sample(digits, min(3, len(digits))):
        content[at] = chance.choice(b"0123456789")


_DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flipped, _flipped, _numbered, _cut, _lost, _doubled, _exchanged,
)  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The same with one to eight damages."""
    hurt = bytearray(content)
    for _ in range(chance.randrange(1, 9)):
        if hurt:
            chance.choice(_DAMAGES)(hurt, chance)
    return bytes(hurt)


def damaged_inside(content: bytes, chance: random.Random) -> bytes:
    """A package one of whose parts is damaged, the package itself being sound."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        hurt = chance.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, damaged(part, chance) if name == hurt else part)
    return out.getvalue()


def cases(kinds: set[str], seed: int, each: int) -> Iterator[tuple[str, bytes]]:
    """So many damaged forms of every sample, each with a name that tells how to make it again."""
    for path in samples(kinds):
        for number in range(each):
            chance = random.Random(f"{seed}/{path.name}/{number}")
            inside = path.suffix in OFFICE_KINDS and chance.random() < 0.7
            make = damaged_inside if inside else damaged
            yield f"{seed}-{number}-{path.name}", make(path.read_bytes(), chance)
