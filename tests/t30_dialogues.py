"""Plays the T.30 dialogues against one end of a call.

What lives here: the station with the options of a title line, and the lines one after another. What does not: reading
(`t30_scripts`), what the far end says (`t30_far_end`), what is heard of the station (`t30_heard`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from gateway.fax.t30.capabilities import Flag
from gateway.fax.t30.moves import Move
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import CarrierEnd, Flags, HdlcFrame, LineSignal, Modulation
from gateway.fax.t30.states import ISDN, STANDARD, Event, State, Timers
from gateway.fax.t30.table import TABLE
from gateway.fax.t30.terminal import Answerer, Caller, Terminal
from tests.fax_calls import OUR_ID, THEIR_ID, Pages, document, noise_bitmap, text_bitmap
from tests.t30_far_end import FarEnd
from tests.t30_heard import Heard, heard, match
from tests.t30_scripts import Dialogue

TICK_MS = 10
PATIENCE_MS = 80_000
PAGE = text_bitmap(rows=60)
BIG_PAGE = noise_bitmap(rows=60)  # more than one block of small frames

Row = tuple[State | None, Event]
_TEXTS = {"id": "station_id", "sub": "sub_address", "password": "password", "sep": "selective_polling"}
_TEXTS |= {"psa": "polled_sub_address", "required": "required_password"}
_NUMBERS = {"rate": "max_rate", "first": "first_page", "busy": "busy_ms"}
_SWITCHES = {"poll": "poll", "operator": "asks_operator", "asks-repetition": "asks_repetition"}


# -- the station that is played against


def options_of(dialogue: Dialogue, station_id: str, timers: Timers) -> TerminalOptions:
    """The options that the title line asks for."""
    chosen: dict[str, object] = {"station_id": station_id, "max_rate": 9600, "ecm": not dialogue.has("no-ecm")}
    chosen |= {_TEXTS[name]: value for name, value in dialogue.options if name in _TEXTS}
    chosen |= {_NUMBERS[name]: int(value) for name, value in dialogue.options if name in _NUMBERS}
    chosen |= {_SWITCHES[name]: True for name, _ in dialogue.options if name in _SWITCHES}
    flags = EVERYTHING.flags | ({Flag.SMALL_FRAMES_PREFERRED} if dialogue.has("small") else set())
    return TerminalOptions(
        capabilities=EVERYTHING.with_flags(flags),
        nonstandard=bytes.fromhex(dialogue.option("nsf")),
        timers=ISDN if dialogue.has("isdn") else timers,
        **chosen,  # type: ignore[arg-type]
    )


def pages_of(dialogue: Dialogue, otherwise: int) -> Pages | None:
    """The document of the title line: pages of text, big ones, or the second of another shape."""
    count = int(dialogue.option("pages", str(otherwise)))
    if not count:
        return None
    if dialogue.has("mixed"):
        return document(PAGE, *(text_bitmap(rows=60, resolution=98) for _ in range(1, count)))
    return document(*([BIG_PAGE if dialogue.has("big") else PAGE] * count))


class Walked:
    """Which rows of the table a station has walked."""

    def __init__(self) -> None:
        self.rows: set[Row] = set()

    def add(self, state: State, move: Move) -> None:
        """Note the row that a move stands in."""
        self.rows |= {row for row, known in TABLE.items() if known is move and row[0] in (state, None)}


class WalkedCaller(Caller):
    """A caller that notes the rows it walks."""

    walked: Walked

    def _make(self, move: Move) -> None:
        self.walked.add(self.state, move)
        super()._make(move)


class WalkedAnswerer(Answerer):
    """An answerer that notes the rows it walks."""

    walked: Walked

    def _make(self, move: Move) -> None:
        self.walked.add(self.state, move)
        super()._make(move)


# -- playing


@dataclass
class Told:
    """What a station told its watcher."""

    confirmed: list[int] = field(default_factory=list)
    received: list[ReceivedPage] = field(default_factory=list)
    last_sent: list[int] = field(default_factory=list)

    def watch(self) -> PageWatch:
        """The watcher."""
        return PageWatch(self.confirmed.append, lambda: self.last_sent.append(1), self.received.append)


class Play:
    """One dialogue against one station."""

    def __init__(self, dialogue: Dialogue, station: Terminal, told: Told) -> None:
        self.dialogue = dialogue
        self.station = station
        self.told = told
        self._far_end = FarEnd(BIG_PAGE if dialogue.has("big") else PAGE)
        self._sent: list[Heard] = []
        self._burst: list[LineSignal] = []
        self._began = 0
        self._mark = 0

    def run(self) -> None:
        """Play every line; a line that does not hold raises AssertionError with its number."""
        for number, line in enumerate(self.dialogue.lines, start=1):
            verb, _, rest = line.partition(" ")
            try:
                self._line(verb, rest.split())
            except AssertionError as fault:
                raise AssertionError(f"{self.dialogue.title}, line {number}: {line}: {fault}") from fault

    def _line(self, verb: str, words: list[str]) -> None:
        match verb:
            case "<":
                self._speak(words)
            case ">":
                self._expect(words)
            case ".":
                self._expect_silence(int(words[0]))
            case "cancel":
                self.station.cancel()
            case "confirmed" | "received":
                told = getattr(self.told, verb)
                assert len(told) == int(words[0]), f"{len(told)} were"
            case "record":
                self._expect_fact(words[0], words[1:])
            case "end":
                self._expect_end(words)
            case _:
                raise AssertionError("no such line")

    # -- listening to the station

    def _pass(self, milliseconds: int) -> None:
        for signal in self.station.advance(milliseconds):
            self._hear(signal)

    def _hear(self, signal: LineSignal) -> None:
        if isinstance(signal, Flags):
            self._burst = []
        in_burst = isinstance(signal, HdlcFrame) and signal.modulation is Modulation.V21_300
        if in_burst or isinstance(signal, Flags):
            self._burst.append(signal)
        if not in_burst:
            self._began = self.station.now
        one = heard(signal, self._began)
        if one is None:
            return
        if self._sent and one.repeats(self._sent[-1]):
            self._sent[-1].numbers += one.numbers
        else:
            self._sent.append(one)

    def _next(self) -> bool:
        """Let time pass until the station does something; false when it never will."""
        wake_in = self.station.wake_in
        if wake_in is None:
            return False
        self._pass(wake_in)
        return True

    def _expect(self, words: list[str]) -> None:
        names, window = _with_window(words)
        deadline = self.station.now + PATIENCE_MS
        while len(self._sent) < len(names) and self.station.now < deadline and self._next():
            pass
        found, self._sent = self._sent[: len(names)], self._sent[len(names) :]
        match(found, names)
        self._check_window(window, found[0].began)
        self._mark = self.station.now

    def _check_window(self, window: tuple[int, int] | None, moment: int) -> None:
        waited = moment - self._mark
        assert window is None or window[0] <= waited <= window[1], f"after {waited} ms"

    def _expect_silence(self, milliseconds: int) -> None:
        self._pass(milliseconds)
        match(self._sent, [])
        assert not self.station.done, f"over after {self.station.record.ended_ms - self._mark} ms"

    def _expect_fact(self, name: str, words: list[str]) -> None:
        fact = getattr(self.station.record, name)
        found = " ".join(map(str, fact)) if isinstance(fact, list) else str(fact).replace(" ", "")
        assert found == " ".join(words), f"it is {found}"

    def _expect_end(self, words: list[str]) -> None:
        words, window = _with_window(words)
        deadline = self.station.now + PATIENCE_MS
        while not self.station.done and self.station.now < deadline and self._next():
            pass
        assert self.station.done, "still on the line"
        match(self._sent, [])
        assert self.station.record.cause == words[0], f"ended with {self.station.record.cause}"
        assert self.station.record.last_page_in_doubt == ("doubt" in words[1:]), "doubt"
        self._check_window(window, self.station.record.ended_ms)

    # -- speaking to the station

    def _speak(self, words: list[str]) -> None:
        self._pass(TICK_MS)
        for signal in self._said(words):
            self.station.deliver(signal)
            self._pass(TICK_MS)
        self._mark = self.station.now

    def _said(self, words: list[str]) -> Iterable[LineSignal]:
        return [*self._burst, CarrierEnd()] if words == ["echo"] else self._far_end.signals(words)


def _with_window(words: list[str]) -> tuple[list[str], tuple[int, int] | None]:
    """The words before `after LOW-HIGH`, and the milliseconds since the last line in which they must begin."""
    if "after" not in words:
        return words, None
    place = words.index("after")
    low, _, high = words[place + 1].partition("-")
    return words[:place], (int(low), int(high))


@dataclass(frozen=True)
class Played:
    """What came of a dialogue that held."""

    received: tuple[ReceivedPage, ...]
    rows: frozenset[Row]


@cache
def play_caller(dialogue: Dialogue, timers: Timers = STANDARD) -> Played:
    """Play a dialogue against our caller."""
    told = Told()
    caller = WalkedCaller(pages_of(dialogue, 1), options_of(dialogue, OUR_ID, timers), told.watch())
    caller.walked = Walked()
    Play(dialogue, caller, told).run()
    return Played(tuple(told.received), frozenset(caller.walked.rows))


@cache
def play_answerer(dialogue: Dialogue, timers: Timers = STANDARD) -> Played:
    """Play a dialogue against our answerer."""
    told = Told()
    answerer = WalkedAnswerer(options_of(dialogue, THEIR_ID, timers), told.watch(), pages_of(dialogue, 0))
    answerer.walked = Walked()
    answerer.begin()
    Play(dialogue, answerer, told).run()
    return Played(tuple(told.received), frozenset(answerer.walked.rows))
