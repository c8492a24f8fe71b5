"""A ladder in characters: 100 columns, plain ASCII but for what the far end calls itself.

What lives here: lines of text. What does not: reading a trace (`steps`), the picture (`svg`).
"""

import textwrap
from collections.abc import Sequence

from gateway.domain.call import Phase, Signal
from gateway.fax.ladder.steps import Fold, Ladder, Rung, Stroke, ladder

WIDTH = 100
_TIME = 9
_LANE = 28  # between the two ends
_MARGIN = 7 + _TIME + 1  # before the left end
_WORDS = WIDTH - _MARGIN - _LANE - 4
_SHAFTS = {Stroke.FRAME: "-", Stroke.IMAGE: "=", Stroke.NETWORK: ".", Stroke.DAMAGED: "~"}


def clock(milliseconds: int) -> str:
    """Minutes, seconds and tenths: 1:02.3; negative before the answer."""
    tenths = round(abs(milliseconds) / 100)
    sign = "-" if milliseconds < 0 and tenths else ""
    return f"{sign}{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def draw(trace: Sequence[Signal], ending: str) -> list[str]:
    """The lines of a ladder diagram, none longer than 100 characters; `ending` says how the call ended."""
    lines = [f"phase  {'time':>{_TIME}} {'us':<{_LANE // 2}}{'far end':>{_LANE // 2 + 2}}"]
    lines += [line for rung, phase, time in _marked(ladder(trace)) for line in _lines(rung, phase, time)]
    return lines + textwrap.wrap(ending, WIDTH, initial_indent=" " * _MARGIN, subsequent_indent=" " * _MARGIN)


def _marked(rungs: Ladder) -> list[tuple[Rung | Fold, str, str]]:
    """Each rung with its phase where that is new, and its time where that is new."""
    marked: list[tuple[Rung | Fold, str, str]] = []
    phase: Phase | None = None
    time = ""
    for rung in rungs:
        if isinstance(rung, Fold):
            marked.append((rung, "", ""))
            continue
        new = clock(rung.at_ms)
        marked.append((rung, rung.phase.value if rung.phase is not phase else "", new if new != time else ""))
        phase, time = rung.phase, new
    return marked


def _lines(rung: Rung | Fold, phase: str, time: str) -> list[str]:
    if isinstance(rung, Fold):
        lane, words = ":".center(_LANE), f"{rung.words}, to {clock(rung.until_ms)}"
    else:
        lane, words = _lane(rung), rung.words
    beside = textwrap.wrap(words, _WORDS) or [""]
    lines = [f"  {phase:<5}{time:>{_TIME}} |{lane}|  {beside[0]}".rstrip()]
    return lines + [f"{'':{_MARGIN}}|{'':{_LANE}}|  {more}" for more in beside[1:]]


def _lane(rung: Rung) -> str:
    if rung.stroke is Stroke.NOTE:
        return " " * _LANE
    shaft = _SHAFTS[rung.stroke]
    label = textwrap.shorten(rung.name, _LANE - 7, placeholder="...")
    arrow = f" {label} ".center(_LANE - 1, shaft)
    return f"{arrow}>" if rung.ours else f"<{arrow}"
