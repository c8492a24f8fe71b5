"""A ladder as a picture: one SVG file without scripts, links or fonts of its own, readable on light and on dark.

What lives here: the drawing. What does not: reading a trace (`steps`), the same in characters (`text`).
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from gateway.domain.call import Phase, Signal
from gateway.fax.ladder.steps import Fold, Rung, Stroke, ladder
from gateway.fax.ladder.text import clock

_WIDTH = 980
_PHASE, _TIME, _US, _FAR_END, _WORDS = 24, 156, 176, 468, 492  # columns; a time ends at its place
_MIDDLE = (_US + _FAR_END) // 2
_TOP, _ROW, _LINE = 122, 30, 18  # where the poles begin; a rung; a further line of words
_WRAP = 62  # characters of words on a line
_PHASES = {
    Phase.CALL_SETUP: "set-up",
    Phase.PRE_MESSAGE: "terms",
    Phase.MESSAGE: "pages",
    Phase.POST_MESSAGE: "answers",
    Phase.RELEASE: "release",
}
_STYLE = """
    .ink { fill: #1d2733; font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 14px }
    .paper { fill: #ffffff } .band { fill: #f2f5f8 } .pole { stroke: #8592a0; stroke-width: 2 }
    .title { font-size: 20px; font-weight: 600 } .strong { font-weight: 600 } .soft { fill: #5a6774 }
    .time { fill: #5a6774; text-anchor: end; font-variant-numeric: tabular-nums }
    .name { font-size: 13px; font-weight: 600; text-anchor: middle }
    .middle { text-anchor: middle }
    .on { fill: #ffffff }
    .shaft { stroke-width: 1.8; fill: none }
    .us { stroke: #1f5fbf; fill: #1f5fbf } .far { stroke: #17713f; fill: #17713f }
    .network { stroke: #6b7885; fill: #6b7885 } .damaged { stroke: #c0302b; fill: #c0302b }
    .shaft.network { stroke-dasharray: 2 4 } .shaft.damaged { stroke-dasharray: 7 4 }"""
_DARK = """
    .ink { fill: #e4e9ef }
    .paper { fill: #0f141a } .band { fill: #171e26 } .pole { stroke: #657180 }
    .soft, .time { fill: #9ba8b5 }
    .on { fill: #0f141a }
    .us { stroke: #74b3ff; fill: #74b3ff } .far { stroke: #63cf96; fill: #63cf96 }
    .network { stroke: #9ba8b5; fill: #9ba8b5 } .damaged { stroke: #ff857d; fill: #ff857d }"""
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Row:
    """A rung or a fold at its place: the middle of its arrow is `y` from the top."""

    rung: Rung | Fold
    y: int
    phase: Phase
    time: str
    words: Sequence[str]

    @property
    def end(self) -> int:
        """Where the next row begins."""
        return self.y + _ROW // 2 + _LINE * (len(self.words) - 1)


def draw(trace: Sequence[Signal], title: str, ending: str) -> str:
    """The picture of a call, the text of an SVG file; `title` stands at its head, and `ending` below it."""
    rows = _rows(trace)
    foot = (rows[-1].end if rows else _TOP) + 10
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {foot + 14}" '
            f'width="{_WIDTH}" height="{foot + 14}" role="img" aria-labelledby="title ending">',
            f"<style>{_STYLE}\n</style>",
            f'<style media="(prefers-color-scheme: dark)">{_DARK}\n</style>',
            '<g class="ink">',
            f'<rect class="paper" width="{_WIDTH}" height="{foot + 14}"/>',
            f'<text class="title" id="title" x="{_PHASE}" y="42">{_safe(title)}</text>',
            f'<text class="soft" id="ending" x="{_PHASE}" y="68">{_safe(ending)}</text>',
            *_bands(rows),
            f'<text class="strong middle" x="{_US}" y="{_TOP - 10}">us</text>',
            f'<text class="strong middle" x="{_FAR_END}" y="{_TOP - 10}">far end</text>',
            f'<path class="pole" d="M{_US} {_TOP}V{foot}M{_FAR_END} {_TOP}V{foot}"/>',
            *(line for row in rows for line in _drawn(row)),
            "</g>",
            "</svg>\n",
        ]
    )


def _rows(trace: Sequence[Signal]) -> list[_Row]:
    rows: list[_Row] = []
    top, phase, time = _TOP, Phase.CALL_SETUP, ""
    for rung in ladder(trace):
        if isinstance(rung, Fold):
            shown, words = "", f"{rung.words}, to {clock(rung.until_ms)}"
        else:
            shown, words, phase = clock(rung.at_ms), rung.words, rung.phase
        row = _Row(rung, top + _ROW // 2, phase, "" if shown == time else shown, textwrap.wrap(words, _WRAP) or [""])
        rows.append(row)
        top, time = row.end, shown or time
    return rows


def _bands(rows: Sequence[_Row]) -> Iterator[str]:
    """Phases, one after another, every other one on a shade; each named where it begins."""
    for number, (phase, group) in enumerate(groupby(rows, key=lambda row: row.phase)):
        members = list(group)
        top = members[0].y - _ROW // 2
        if number % 2 == 0:
            yield f'<rect class="band" y="{top}" width="{_WIDTH}" height="{members[-1].end - top}"/>'
        name = f'{phase.value} <tspan class="soft">{_PHASES[phase]}</tspan>'
        yield f'<text class="strong" x="{_PHASE}" y="{members[0].y + 5}">{name}</text>'


def _drawn(row: _Row) -> Iterator[str]:
    if row.time:
        yield f'<text class="time" x="{_TIME}" y="{row.y + 5}">{row.time}</text>'
    if isinstance(row.rung, Fold):
        yield f'<text class="strong middle" x="{_MIDDLE}" y="{row.y + 5}">⋮</text>'
    elif row.rung.stroke is Stroke.IMAGE:
        yield from _block(row.rung, row.y)
    elif row.rung.stroke is not Stroke.NOTE:
        yield from _arrow(row.rung, row.y)
    soft = ' class="soft"' if isinstance(row.rung, Fold) else ""
    for number, words in enumerate(row.words):
        if words:
            yield f'<text{soft} x="{_WORDS}" y="{row.y + 5 + number * _LINE}">{_safe(words)}</text>'


def _arrow(rung: Rung, y: int) -> Iterator[str]:
    """A thin arrow with its name in a gap of the shaft."""
    kind = _kind(rung)
    start, tip = (_US + 5, _FAR_END - 4) if rung.ours else (_FAR_END - 5, _US + 4)
    back = tip - 10 if rung.ours else tip + 10
    half = min(len(rung.name) * 4 + 10, 125)
    gap = (_MIDDLE - half, _MIDDLE + half) if rung.ours else (_MIDDLE + half, _MIDDLE - half)
    yield f'<path class="shaft {kind}" d="M{start} {y}H{gap[0]}M{gap[1]} {y}H{back}"/>'
    yield f'<path class="{kind}" stroke="none" d="M{tip} {y}L{back} {y - 5}V{y + 5}Z"/>'
    yield f'<text class="name" x="{_MIDDLE}" y="{y + 5}">{_safe(rung.name)}</text>'


def _block(rung: Rung, y: int) -> Iterator[str]:
    """A page: a broad arrow."""
    start, tip = (_US + 5, _FAR_END - 4) if rung.ours else (_FAR_END - 5, _US + 4)
    neck = tip - 12 if rung.ours else tip + 12
    yield f'<path class="{_kind(rung)}" d="M{start} {y - 9}H{neck}L{tip} {y}L{neck} {y + 9}H{start}Z"/>'
    yield f'<text class="name on" x="{_MIDDLE}" y="{y + 5}">{_safe(rung.name)}</text>'


def _kind(rung: Rung) -> str:
    if rung.stroke in (Stroke.NETWORK, Stroke.DAMAGED):
        return rung.stroke.value
    return "us" if rung.ours else "far"


def _safe(text: str) -> str:
    """Text for an XML document: marked up, and without the characters that XML 1.0 does not have."""
    return escape(_NOT_IN_XML.sub("�", text))
