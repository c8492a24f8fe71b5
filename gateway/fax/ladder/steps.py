"""A trace as the rungs of a ladder: who says what to whom, in which phase, with repetitions folded.

What lives here: reading and folding a trace. What does not: the words for frames (`meaning`) and the drawing (`text`,
`svg`). A trace is one end's: "us" is the end whose call report it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import Phase, Signal
from gateway.fax.ladder.meaning import describe, field, missing, partial_page, progress
from gateway.fax.t30.frames import FRAMES_PER_BLOCK
from gateway.fax.t30.signals import Progress


class Stroke(StrEnum):
    """How a rung is drawn."""

    FRAME = "frame"
    IMAGE = "image"  # pages, which take most of the time
    NETWORK = "network"  # what the telephone network says, and hanging up
    DAMAGED = "damaged"
    NOTE = "note"  # nothing crossed the line


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing that crossed the line, or a note. `at_ms` counts from the answer."""

    at_ms: int
    ours: bool
    phase: Phase
    stroke: Stroke
    name: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """The rungs above from `first` to `last` came `times` times more, until `until_ms`.

    Where not `same`, they came again with other page numbers and counts.
    """

    first: str
    last: str
    times: int
    until_ms: int
    same: bool

    @property
    def words(self) -> str:
        """The fold, said."""
        above = self.first if self.first == self.last else f"{self.first} to {self.last}"
        often = "once more" if self.times == 1 else f"{self.times} times more"
        return f"{above}, {often}" if self.same else f"{above} and so on, {often}"


Ladder = list[Rung | Fold]

_PAGE = re.compile(r"page (\d+)(?: block (\d+))?(?:, )?(.*)")
_AGAIN = re.compile(r"again, .*")
_WE_LEAVE = "hangs up"
_OF_BOTH_ENDS = frozenset({"CRP", "DCN"})
_NETWORK = {kind.value: kind.value.replace("-", " ") for kind in Progress} | {
    Progress.HANG_UP.value: _WE_LEAVE,
    _WE_LEAVE: _WE_LEAVE,
}
_PHASES = {
    Phase.CALL_SETUP: {"CNG", "CED"},
    Phase.PRE_MESSAGE: {
        "NSF", "CSI", "DIS", "NSC", "CIG", "DTC", "PWD", "SEP", "PSA", "CIA", "ISP",
        "NSS", "TSI", "DCS", "SUB", "SID", "TSA", "IRA", "TCF", "CFR", "FTT",
    },
    Phase.RELEASE: {"DCN", _WE_LEAVE},
}  # fmt: skip
_PHASE_OF = {name: phase for phase, names in _PHASES.items() for name in names}
_LONGEST_FOLD = 8  # rungs of one round: page, PPS, PPR, and the like
_WORTH_SAME = 3  # rungs that a fold of equal rounds must spare
_WORTH_LIKE = 5  # rounds that only differ in numbers, before they are folded


def read(trace: Sequence[Signal]) -> list[Rung]:
    """The rungs of a trace, in order; what the far end does after we hung up is left out."""
    reader = _Reader()
    for signal in trace:
        reader.take(signal)
        if signal.text == _WE_LEAVE:
            break
    return reader.rungs


def ladder(trace: Sequence[Signal]) -> Ladder:
    """The rungs of a trace with repetitions folded: equal rounds first, then many rounds that differ in numbers."""
    same = _folded(list(read(trace)), _exactly, lambda rungs, times: rungs * times >= _WORTH_SAME, same=True)
    return _folded(same, _roughly, lambda _rungs, times: times + 1 >= _WORTH_LIKE, same=False)


class _Reader:
    """Reads a trace line by line; what a line means may depend on those before it."""

    def __init__(self) -> None:
        self.rungs: list[Rung] = []
        self._phase = Phase.CALL_SETUP
        self._repeats = False  # the next frames are those last said, once more
        self._said: tuple[int, list[str]] = (0, [])  # when our last burst began, and its frames
        self._block: tuple[int, int] | None = None
        self._block_frames = FRAMES_PER_BLOCK

    def take(self, signal: Signal) -> None:
        """Read one line."""
        ours = signal.sender == "us"
        if signal.text == "again":
            self._repeats = True
            return
        self._note_block(signal.text)
        name, words, stroke = self._read(signal.text, ours)
        if self._repeats and ours:
            words = f"again; {words}" if words else "again"
        self._repeats = False
        if self._is_echo(signal, ours, stroke):
            words = "our own, come back as an echo"
        else:
            self._phase = _phase_of(name, stroke, self._phase)
        self.rungs.append(Rung(signal.at_ms, ours, self._phase, stroke, name, words))

    def _is_echo(self, signal: Signal, ours: bool, stroke: Stroke) -> bool:
        """True of what we hear word for word as we said it last; CRP and DCN may be said by both ends in turn."""
        if stroke is not Stroke.FRAME or signal.text in _OF_BOTH_ENDS:
            return False
        if ours:
            began, texts = self._said
            self._said = (signal.at_ms, [*texts, signal.text] if signal.at_ms == began else [signal.text])
        return not ours and signal.text in self._said[1]

    def _note_block(self, text: str) -> None:
        """The first PPS of a block tells how many frames the block has; later ones tell of frames sent again."""
        partial = partial_page(text)
        if partial is not None and (partial.page, partial.block) != self._block:
            self._block = (partial.page, partial.block)
            self._block_frames = partial.count

    def _read(self, text: str, ours: bool) -> tuple[str, str, Stroke]:
        """Name, words and stroke of a line."""
        if text in _NETWORK:
            return _NETWORK[text], progress(text), Stroke.NETWORK
        if match := _PAGE.fullmatch(text):
            number, block, rest = match.groups()
            rest = re.sub(r"\b1 frames", "1 frame", rest)
            return f"page {number}", rest if block is None else f"block {int(block) + 1}, {rest}", Stroke.IMAGE
        if match := _AGAIN.fullmatch(text):
            return self._last_said(ours), text, Stroke.FRAME
        if (asked := field(text, "PPR")) is not None:
            return "PPR", missing(asked, self._block_frames), Stroke.FRAME
        if (described := describe(text)) is not None:
            return *described, Stroke.FRAME
        return ("", text, Stroke.NOTE) if ours else ("?", text, Stroke.DAMAGED)

    def _last_said(self, ours: bool) -> str:
        """The names of the frames that this end sent last, in one burst."""
        said = [rung for rung in self.rungs if rung.ours is ours and rung.stroke is Stroke.FRAME]
        if not said or said[-1].words.startswith("again, "):
            return said[-1].name if said else "again"
        return " ".join(rung.name for rung in said if rung.at_ms == said[-1].at_ms)


def _phase_of(name: str, stroke: Stroke, before: Phase) -> Phase:
    """The phase that a line belongs to; CRP, damaged frames and notes may stand in any."""
    if stroke is Stroke.IMAGE:
        return Phase.MESSAGE
    if name == "CRP" or stroke in (Stroke.DAMAGED, Stroke.NOTE):
        return before
    unknown = before if stroke is Stroke.NETWORK else Phase.POST_MESSAGE
    return _PHASE_OF.get(name.partition(" ")[0] if stroke is Stroke.FRAME else name, unknown)


# -- folding


def _exactly(rung: Rung | Fold) -> object:
    if isinstance(rung, Fold):
        return rung.first, rung.last, rung.times
    return rung.ours, rung.stroke, rung.name, rung.words


def _roughly(rung: Rung | Fold) -> object:
    """Page numbers, counts of octets and frames set aside; rates are kept."""
    if isinstance(rung, Fold):
        return rung.last
    words = "" if rung.name == "PPR" else re.sub(r"\d+(?= (octets|frames?)\b)|(?<=block )\d+", "", rung.words)
    return rung.ours, rung.stroke, re.sub(r"^page \d+", "page", rung.name), words


def _folded(
    rungs: Ladder, key: Callable[[Rung | Fold], object], worth: Callable[[int, int], bool], *, same: bool
) -> Ladder:
    """Rounds that follow one another with equal keys, each written once."""
    keys = [key(rung) for rung in rungs]
    folded: Ladder = []
    at = 0
    while at < len(rungs):
        size, times = _longest_run(keys, at)
        if not times or not worth(size, times):
            folded.append(rungs[at])
            at += 1
            continue
        after = at + size * (times + 1)
        folded += [*rungs[at : at + size], _fold(rungs[at : at + size], rungs[after - 1], times, same=same)]
        at = after
    return folded


def _fold(above: Ladder, latest: Rung | Fold, times: int, *, same: bool) -> Fold:
    first, last = above[0], above[-1]
    return Fold(
        first.name if isinstance(first, Rung) else first.first,
        last.name if isinstance(last, Rung) else last.last,
        times,
        latest.at_ms if isinstance(latest, Rung) else latest.until_ms,
        same,
    )


def _longest_run(keys: Sequence[object], at: int) -> tuple[int, int]:
    """The size of the round that begins here, and how often it comes again; the one that spares most."""
    best = (1, 0)
    for size in range(1, _LONGEST_FOLD + 1):
        times = 0
        while keys[at : at + size] == keys[at + size * (times + 1) : at + size * (times + 2)]:
            times += 1
        if size * times > best[0] * best[1]:
            best = (size, times)
    return best
