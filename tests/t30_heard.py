"""What a station sent, as the T.30 dialogues name it, and whether that is what a word of a dialogue asks for.

What lives here: signals turned into names with values. What does not: speaking (`t30_far_end`), playing
(`t30_dialogues`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.fax.t30 import frames
from gateway.fax.t30.capabilities import decode_profile
from gateway.fax.t30.frames import Fcf, Frame
from gateway.fax.t30.hdlc import reversed_octets
from gateway.fax.t30.signals import CarrierEnd, HdlcFrame, ImageOctets, LineSignal, Modulation, Tone, Training

_REPEATED = frozenset({"image", "FCD", "RCP"})


@dataclass
class Heard:
    """One thing that a station sent: its name, the values a word may ask for, its X bit, and when its burst began."""

    name: str
    values: set[str] = field(default_factory=set)
    x: bool | None = None
    began: int = 0
    numbers: list[int] = field(default_factory=list)

    def is_what(self, word: str) -> bool:
        """True when `word`, NAME[+|-][=VALUE], asks for this; + and - ask for X set and clear."""
        name, _, value = word.partition("=")
        bare = name.rstrip("+-")
        wanted_x = {"+": True, "-": False}.get(name[len(bare) :])
        values = self.values | ({ranges(self.numbers)} if self.numbers else set())
        return bare == self.name and wanted_x in (None, self.x) and (not value or value in values)

    def repeats(self, earlier: "Heard") -> bool:
        """True for one more piece of the same page or block."""
        return self.name == earlier.name and self.name in _REPEATED

    def __str__(self) -> str:
        mark = "" if self.x is None else "+" if self.x else "-"
        shown = sorted(self.values) + ([ranges(self.numbers)] if self.numbers else [])
        return f"{self.name}{mark}" + (f"={'|'.join(shown)}" if shown else "")


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as `0-3,7`."""
    pieces: list[list[int]] = []
    for number in sorted(set(numbers)):
        if pieces and number == pieces[-1][-1] + 1:
            pieces[-1] = [pieces[-1][0], number]
        else:
            pieces.append([number])
    return ",".join("-".join(str(number) for number in piece) for piece in pieces)


def heard(signal: LineSignal, began: int) -> Heard | None:
    """What a dialogue calls a signal; none for those it does not speak of."""
    if isinstance(signal, Tone):
        return Heard(signal.kind.value, began=began)
    if isinstance(signal, Training):
        return Heard("training", {*_speed(signal.modulation), "short" if signal.short else "long"}, began=began)
    if isinstance(signal, ImageOctets):
        return Heard("image", _speed(signal.modulation), began=began)
    if isinstance(signal, CarrierEnd):
        fast = signal.modulation is not Modulation.V21_300
        return Heard("end", _speed(signal.modulation), began=began) if fast else None
    return _heard_frame(signal, began) if isinstance(signal, HdlcFrame) else None


def _heard_frame(signal: HdlcFrame, began: int) -> Heard:
    frame = frames.decode(signal.octets)
    numbers = list(reversed_octets(frame.fif[:1])) if frame.fcf is Fcf.FCD else []
    if frame.fcf is Fcf.PPR:
        numbers = list(frames.decode_map(frame.fif))
    return Heard(_name(frame), _values(frame), frame.x, began, numbers)


def _name(frame: Frame) -> str:
    if frame.fcf is not Fcf.PPS:
        return frame.name
    return f"PPS-{frames.decode_partial_page(frame.fif).after.name}"


def _values(frame: Frame) -> set[str]:
    """What a word may say of a frame behind its equals sign."""
    fif = frame.fif
    if frame.fcf in frames.IDENTIFIERS:
        return {frames.decode_identifier(fif).replace(" ", "")}
    if frame.fcf is Fcf.PPS:
        partial = frames.decode_partial_page(fif)
        place = f"{partial.page}.{partial.block}"
        return {place, f"{place}*{partial.count}"}
    if frame.fcf is Fcf.EOR:
        return {frames.decode_end(fif).name}
    if frame.fcf in (Fcf.DCS, Fcf.CTC):
        return {f"x{fif.hex()}", *_speed(decode_profile(fif).modulation), *_flags(fif)}
    return {f"x{fif.hex()}"} if fif and frame.fcf is not Fcf.FCD else set()


def _flags(fif: bytes) -> set[str]:
    return {flag.name.lower() for flag in decode_profile(fif).flags}


def _speed(modulation: Modulation) -> set[str]:
    return {str(modulation.rate), f"{modulation.modem}/{modulation.rate}"}


def match(sent: list[Heard], words: list[str]) -> None:
    """Raise AssertionError unless what was sent is what the words ask for."""
    fits = len(sent) == len(words) and all(one.is_what(word) for one, word in zip(sent, words, strict=True))
    assert fits, f"sent {' '.join(map(str, sent)) or 'nothing'}"
