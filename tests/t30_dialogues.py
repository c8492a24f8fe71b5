"""Reads the T.30 dialogues and plays them against one end of a call.

The format is at the head of `dialogues/t30_caller.txt` and `t30_answerer.txt`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from gateway.domain.call import Coding
from gateway.fax.simulator.disturbances import name_of
from gateway.fax.t4 import codec, stream
from gateway.fax.t30 import ecm
from gateway.fax.t30.capabilities import Flag, Profile, decode_profile
from gateway.fax.t30.frames import Fcf, Frame, PartialPage, encode_identifier
from gateway.fax.t30.options import EVERYTHING, PageWatch, TerminalOptions
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.t30.signals import (
    CallProgress,
    CarrierEnd,
    Flags,
    HdlcFrame,
    ImageOctets,
    LineSignal,
    Modulation,
    Progress,
    Tone,
    ToneKind,
    Training,
)
from gateway.fax.t30.station import Station
from gateway.fax.t30.terminal import Answerer, Caller
from tests.fax_calls import OUR_ID, THEIR_ID, document, text_bitmap

FOLDER = Path(__file__).parent / "dialogues"
TICK_MS = 10
PATIENCE_MS = 80_000
PAGE = text_bitmap(rows=60)
PROFILES = {
    "ecm": Profile(Modulation.V29_9600, frozenset({Flag.RECEIVE, Flag.FINE, Flag.ECM, Flag.MMR})),
    "plain": Profile(Modulation.V29_9600, frozenset({Flag.RECEIVE, Flag.FINE})),
}
PROGRESS = {kind.value for kind in Progress}


@dataclass(frozen=True)
class Dialogue:
    """One script."""

    title: str
    options: dict[str, str]
    lines: tuple[str, ...]


def read(name: str) -> list[Dialogue]:
    """The dialogues of a file."""
    text = (FOLDER / name).read_text(encoding="utf-8").split("\n== ")[1:]
    return [_dialogue(part.splitlines()) for part in text]


def _dialogue(lines: list[str]) -> Dialogue:
    title, _, options = lines[0].partition(";")
    pairs = (word.partition("=")[::2] for word in options.split())
    return Dialogue(title, dict(pairs), tuple(line for line in lines[1:] if line.strip()))


def said(signal: LineSignal) -> str | None:
    """What a dialogue calls a signal that a station sent; none for those it does not speak of."""
    if isinstance(signal, Tone):
        return signal.kind.value
    if isinstance(signal, CarrierEnd):
        return None if signal.modulation is Modulation.V21_300 else "end"
    if isinstance(signal, CallProgress | Flags):
        return None
    return name_of(signal)


class Play:
    """One dialogue against one station."""

    def __init__(self, dialogue: Dialogue, station: Station) -> None:
        self.dialogue = dialogue
        self.station = station
        self.confirmed: list[int] = []
        self.received: list[ReceivedPage] = []
        self._sent: list[str] = []
        self._profile = PROFILES["ecm"]

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
            case "confirmed":
                assert len(self.confirmed) == int(words[0]), self.confirmed
            case "received":
                assert len(self.received) == int(words[0]), self.received
            case "end":
                self._expect_end(words)
            case _:
                raise AssertionError("no such line")

    # -- listening to the station

    def _pass(self, milliseconds: int) -> None:
        for signal in self.station.advance(milliseconds):
            name = said(signal)
            if name and not (self._sent and name == self._sent[-1] and name in ("image", "FCD", "RCP")):
                self._sent.append(name)

    def _expect(self, names: list[str]) -> None:
        for _ in range(PATIENCE_MS // TICK_MS):
            if len(self._sent) >= len(names):
                break
            self._pass(TICK_MS)
        found, self._sent = self._sent[: len(names)], self._sent[len(names) :]
        assert found == names, f"sent {' '.join(found)}"

    def _expect_silence(self, milliseconds: int) -> None:
        self._pass(milliseconds)
        assert self._sent == [], f"sent {' '.join(self._sent)}"

    def _expect_end(self, words: list[str]) -> None:
        for _ in range(PATIENCE_MS // TICK_MS):
            if self.station.done:
                break
            self._pass(TICK_MS)
        assert self.station.done, "still on the line"
        assert self._sent == [], f"sent {' '.join(self._sent)}"
        assert self.station.record.cause == words[0], f"ended with {self.station.record.cause}"
        assert self.station.record.last_page_in_doubt == ("doubt" in words[1:]), "doubt"

    # -- speaking to the station

    def _speak(self, words: list[str]) -> None:
        self._pass(TICK_MS)
        for signal in self._signals(words):
            self.station.deliver(signal)
            self._pass(TICK_MS)

    def _signals(self, words: list[str]) -> Iterator[LineSignal]:
        first = words[0]
        if first in PROGRESS:
            yield CallProgress(Progress(first))
        elif first == "CED":
            yield Tone(ToneKind.CED)
        elif first in ("TCF", "page", "block", "blank-carrier"):
            yield from self._fast(first, words[1:])
        elif first == "raw":
            yield Flags()
            yield HdlcFrame(bytes.fromhex(words[1]))
        else:
            yield Flags()
            yield from self._frames(words)
            yield CarrierEnd()

    def _frames(self, words: list[str]) -> Iterator[LineSignal]:
        good = True
        for place, word in enumerate(words):
            if word == "spoilt":
                good = False
            elif word.replace("-", "_") in Fcf.__members__ or word.startswith("PPS-"):
                yield HdlcFrame(self._frame(word, words[place + 1 :]).encode(), good=good)
                good = True

    def _frame(self, name: str, following: list[str]) -> Frame:
        """A frame with the field that follows its name, else the one that such a frame has."""
        field = following[0] if following else ""
        octets = "".join(takewhile(_is_hex, following))
        if name == "DCS":
            self._profile = PROFILES[field]
            return Frame(Fcf.DCS, self._profile.encode(), x=True)
        if name.startswith("PPS-"):
            partial = PartialPage(Fcf[name.removeprefix("PPS-")], 0, 0, len(self._block()))
            return Frame(Fcf.PPS, partial.encode(), x=True)
        fcf = Fcf[name.replace("-", "_")]
        fif = bytes.fromhex(octets) if octets else _usual_field(fcf)
        if fcf is Fcf.CTC:
            self._profile = decode_profile(fif + self._profile.encode()[2:])
        return Frame(fcf, fif)

    def _fast(self, kind: str, words: list[str]) -> Iterator[LineSignal]:
        modulation = self._profile.modulation
        yield Training(modulation)
        if kind == "TCF":
            zeros = bytes(modulation.rate * 3 // 16)
            yield ImageOctets(zeros if words == ["good"] else b"\x55" * len(zeros), modulation)
        elif kind == "page":
            yield ImageOctets(self._page_octets(bad=words == ["bad"]), modulation)
        elif kind == "block":
            for octets in self._chosen_frames(words):
                yield HdlcFrame(octets, modulation)
        yield CarrierEnd(modulation)

    def _page_octets(self, *, bad: bool) -> bytes:
        octets = stream.to_line(codec.encode(PAGE, Coding.MH).strip, Coding.MH)
        return bytes(octet ^ 0x22 for octet in octets) if bad else octets

    def _block(self) -> list[bytes]:
        return ecm.blocks(codec.encode(PAGE, Coding.MMR).strip)[0]

    def _chosen_frames(self, words: list[str]) -> list[bytes]:
        left_out = {int(word) for word in words[1:]} if words[0] == "without" else set()
        return [octets for number, octets in enumerate(self._block()) if number not in left_out] + ecm.RCPS


def _is_hex(word: str) -> bool:
    return bool(word) and set(word) <= set("0123456789abcdef")


def _usual_field(fcf: Fcf) -> bytes:
    if fcf is Fcf.DIS:
        return EVERYTHING.encode()
    return encode_identifier(THEIR_ID) if fcf in (Fcf.CSI, Fcf.TSI) else b""


def play_caller(dialogue: Dialogue) -> None:
    """Play a dialogue against our caller."""
    options = dialogue.options
    pages = document(*(text_bitmap(seed, rows=60) for seed in range(int(options.get("pages", 1)))))
    confirmed: list[int] = []
    wanted = TerminalOptions(station_id=OUR_ID, ecm="no-ecm" not in options, max_rate=int(options.get("rate", 9600)))
    play = Play(dialogue, Caller(pages, wanted, PageWatch(confirmed.append)))
    play.confirmed = confirmed
    play.run()


def play_answerer(dialogue: Dialogue) -> list[ReceivedPage]:
    """Play a dialogue against our answerer; the pages it handed over."""
    received: list[ReceivedPage] = []
    answerer = Answerer(TerminalOptions(station_id=THEIR_ID), PageWatch(page_received=received.append))
    play = Play(dialogue, answerer)
    play.received = received
    answerer.begin()
    play.run()
    return received
