"""What the scripted far end of a T.30 dialogue says: the words of a line as signals.

What lives here: frames, training, pages and blocks, whole, spoilt, cut or late. What does not: what a station answers
(`t30_heard`), playing (`t30_dialogues`).
"""

from collections.abc import Iterator

from gateway.fax.t4 import codec, stream
from gateway.fax.t4.page import Bitmap
from gateway.fax.t4.stream import EOL
from gateway.fax.t30 import agreement, ecm, frames
from gateway.fax.t30.capabilities import MODULATION_OF, Capabilities, Flag, Modems, Profile, decode_profile
from gateway.fax.t30.frames import Fcf, Frame, PartialPage
from gateway.fax.t30.options import EVERYTHING
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
from tests.fax_calls import THEIR_ID

PROGRESS = {kind.value for kind in Progress}
_TONES = {kind.value for kind in ToneKind}
_FAST = frozenset({"TCF", "page", "block", "blank-carrier", "training"})
_MODULATIONS = {str(m.rate): m for m in MODULATION_OF.values() if m.modem != "V.17" or m.rate > 9600}
_MODULATIONS |= {f"v17-{m.rate}": m for m in MODULATION_OF.values() if m.modem == "V.17"}
_BASES = {
    "plain": frozenset({Flag.RECEIVE, Flag.FINE}),
    "ecm": frozenset({Flag.RECEIVE, Flag.FINE, Flag.ECM, Flag.MMR}),
    "ecm-mh": frozenset({Flag.RECEIVE, Flag.FINE, Flag.ECM}),
}
_PROFILE_FLAGS = {"mr": Flag.MR, "small": Flag.SMALL_FRAMES, "mmr": Flag.MMR, "jpeg": Flag.JPEG, "t85": Flag.T85}
_OFFER_FLAGS = {
    "document": Flag.HAS_DOCUMENT,
    "password": Flag.PWD,
    "selective": Flag.SELECTIVE_POLLING,
    "polled-sub": Flag.POLLED_SUBADDRESS,
    "small": Flag.SMALL_FRAMES_PREFERRED,
}
_WITHHELD = {
    "cannot": frozenset({Flag.RECEIVE}),
    "no-ecm": frozenset({Flag.ECM, Flag.MMR}),
    "no-fine": frozenset({Flag.FINE, Flag.SUPERFINE}),
    "no-sub": frozenset({Flag.SUB}),
}
_MODEMS = {"v29": Modems.V29, "v27": Modems.V27, "v27-2400": Modems.V27_2400, "v27-v29": Modems.V27_V29}
_ZEROS_MS = {"good": 1500, "half": 700, "short": 1100}


def profile_of(text: str) -> Profile:
    """`plain@4800+mr`: what a DCS settles; V.29 is meant by 9600 and 7200, V.17 by v17-9600."""
    head, *names = text.split("+")
    base, _, rate = head.partition("@")
    flags = _BASES[base] | {_PROFILE_FLAGS[name] for name in names}
    return Profile(_MODULATIONS[rate or "9600"], frozenset(flags))


def offer_of(text: str) -> Capabilities:
    """`document+password`: what a DIS or DTC offers, beside or without some of everything."""
    flags = set(EVERYTHING.flags)
    modems = EVERYTHING.modems
    for name in text.split("+") if text else ():
        flags |= {_OFFER_FLAGS[name]} if name in _OFFER_FLAGS else set()
        flags -= _WITHHELD.get(name, frozenset())
        modems = _MODEMS.get(name, modems)
    return Capabilities(frozenset(flags), modems, EVERYTHING.widths, EVERYTHING.lengths, EVERYTHING.scan)


def numbers_of(text: str) -> frozenset[int]:
    """`0-3,7` as numbers; `all` are 256, `none` is none."""
    if text in ("all", "none"):
        return frozenset(range(256)) if text == "all" else frozenset()
    pieces = (piece.partition("-") for piece in text.split(","))
    return frozenset(number for low, _, high in pieces for number in range(int(low), int(high or low) + 1))


class FarEnd:
    """Speaks the words of a dialogue; remembers the profile that its last DCS or CTC settled."""

    def __init__(self, page: Bitmap) -> None:
        self.page = page
        self._profile = profile_of("ecm")

    def signals(self, words: list[str]) -> Iterator[LineSignal]:
        """The signals of one line."""
        first = words[0]
        if first in PROGRESS:
            yield CallProgress(Progress(first))
        elif first in _TONES:
            yield Tone(ToneKind(first))
        elif first in _FAST:
            yield from self._fast(first, words[1:])
        elif first == "bare":
            yield from self._burst(words[1:])
        else:
            yield Flags()
            yield from self._burst(words)

    def _burst(self, words: list[str]) -> Iterator[LineSignal]:
        """V.21 frames; `flags` is a preamble alone, `raw` octets as they are, `lost` a carrier without an end."""
        if words == ["flags"]:
            return
        if words[0] == "raw":
            yield from (HdlcFrame(bytes.fromhex(word)) for word in words[1:])
            return
        good = True
        for word in words:
            if word in ("spoilt", "lost"):
                good = False
                continue
            yield HdlcFrame(self._frame(word, final=word is words[-1]).encode(), good=good)
            good = True
        if words[-1] != "lost":
            yield CarrierEnd()

    # -- frames

    def _frame(self, word: str, *, final: bool) -> Frame:
        """NAME[+][=VALUE]: + sets X; a value `xHEX` is the field as it is."""
        name, _, value = word.partition("=")
        bare = name.rstrip("+")
        fcf = Fcf.PPS if bare.startswith("PPS") else Fcf[bare.replace("-", "_")]
        field = bytes.fromhex(value[1:]) if value.startswith("x") else self._field(fcf, bare, value)
        if fcf is Fcf.DCS:
            self._profile = decode_profile(field)
        elif fcf is Fcf.CTC:
            self._profile = decode_profile(field + self._profile.encode()[2:])
        return Frame(fcf, field, final, name != bare)

    def _field(self, fcf: Fcf, name: str, value: str) -> bytes:
        match fcf:
            case Fcf.DIS | Fcf.DTC:
                return offer_of(value).encode()
            case Fcf.DCS:
                return profile_of(value).encode()
            case Fcf.CTC:
                return profile_of(f"plain@{value}").encode()[:2]
            case Fcf.PPS:
                return self._partial(name, value)
            case Fcf.PPR:
                return frames.encode_map(numbers_of(value))
            case Fcf.EOR:
                return frames.encode_end(Fcf[value.replace("-", "_")])
        return frames.encode_identifier(value or THEIR_ID, fcf) if fcf in frames.IDENTIFIERS else b""

    def _partial(self, name: str, value: str) -> bytes:
        """PPS-X=PAGE.BLOCK*COUNT; the count is that of the block unless given."""
        place, _, count = (value or "0.0").partition("*")
        page, block = (int(part) for part in place.split("."))
        after = Fcf[name.removeprefix("PPS-").replace("-", "_")]
        return PartialPage(after, page, block, int(count or len(self._blocks()[block]))).encode()

    # -- the fast carrier

    def _fast(self, kind: str, words: list[str]) -> Iterator[LineSignal]:
        modulation = self._profile.modulation
        if words and words[-1].startswith("@"):
            modulation = _MODULATIONS[words.pop()[1:]]
        yield Training(modulation)
        if kind == "training":
            return
        if kind == "TCF":
            yield ImageOctets(_tcf(words[0], modulation), modulation)
        elif kind == "page":
            yield from (ImageOctets(octets, modulation) for octets in self._page(words[0]))
        elif kind == "block":
            yield from (HdlcFrame(octets, modulation) for octets in self._chosen(words))
        if words[-1:] != ["cut"]:
            yield CarrierEnd(modulation)

    def _page(self, how: str) -> list[bytes]:
        """A page without ECM: good, cut, half, bad, with a row of more than 5 s, or with so many bad rows."""
        coding = agreement.coding_of(self._profile)
        octets = stream.to_line(codec.encode(self.page, coding).strip, coding)
        if how == "good":
            return [octets[:100], octets[100:]]
        if how == "endless-row":
            return [octets[:100], *[b"\xff" * (self._profile.modulation.rate // 8)] * 6]
        if how in ("half", "cut"):
            return [octets[: len(octets) // 2]]
        return [bytes(octet ^ 0x22 for octet in octets) if how == "bad" else _with_bad_rows(octets, int(how))]

    def _blocks(self) -> list[list[bytes]]:
        coding = agreement.coding_of(self._profile)
        octets = stream.to_line(codec.encode(self.page, coding).strip, coding)
        small = Flag.SMALL_FRAMES in self._profile
        return ecm.blocks(octets, ecm.SMALL_FRAME_OCTETS if small else ecm.FRAME_OCTETS)

    def _chosen(self, words: list[str]) -> Iterator[bytes]:
        """[#BLOCK] all, bad, `without 0,2` or `only 1`, then RCP three times."""
        place = int(words.pop(0)[1:]) if words[0].startswith("#") else 0
        block = self._blocks()[place]
        chosen = numbers_of("all")
        if words[0] in ("without", "only"):
            named = numbers_of(words[1])
            chosen = named if words[0] == "only" else chosen - named
        data = (octets for number, octets in enumerate(block) if number in chosen)
        yield from (octets[:4] + b"\x22" * (len(octets) - 4) for octets in data) if words[0] == "bad" else data
        yield from ecm.RCPS


def _tcf(how: str, modulation: Modulation) -> bytes:
    """1.5 s of zeros, fewer of them, none, or zeros after a bad start."""
    if how in _ZEROS_MS:
        return bytes(modulation.rate * _ZEROS_MS[how] // 8000)
    whole = modulation.rate * 1500 // 8000
    return b"\x55" * 7 + bytes(whole - 7) if how == "late" else b"\x55" * whole


def _with_bad_rows(octets: bytes, count: int) -> bytes:
    """Rows here and there, of the first sixty, whose runs do not add up."""
    bits = f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}"
    rows = bits.split(EOL)
    for place in range(count):
        rows[3 + place * 50 // count] = "1" * 60
    spoilt = EOL.join(rows)
    return int(spoilt.ljust(-(-len(spoilt) // 8) * 8, "0"), 2).to_bytes(-(-len(spoilt) // 8), "big")
