"""What the signals of a trace mean, in a few words.

What lives here: the words for frames, and for the fields of DIS, DTC, DCS, CTC, PPS, EOR and PPR. What does not: the
drawing (`text`, `svg`), and the codecs (`gateway.fax.t30`). A text that is not understood keeps its own words.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from gateway.domain.call import Signal
from gateway.fax.t30.capabilities import (
    Capabilities,
    Flag,
    Lengths,
    Modems,
    Profile,
    Widths,
    decode_capabilities,
    decode_profile,
)
from gateway.fax.t30.frames import (
    FRAMES_PER_BLOCK,
    Fcf,
    FrameError,
    PartialPage,
    decode_end,
    decode_map,
    decode_partial_page,
)
from gateway.fax.t30.signals import Progress

Described = tuple[str, str]  # the name that stands on the arrow, the words beside it

_FASTEST = {
    Modems.V27_2400: "2400 V.27ter",
    Modems.V27: "4800 V.27ter",
    Modems.V29: "9600 V.29",
    Modems.V27_V29: "9600 V.29",
    Modems.V27_V29_V17: "14400 V.17",
    Modems.V27_V29_V33: "14400 V.33",
}
_FINEST = (
    (Flag.DPI_400, "400 per inch"),
    (Flag.SUPERFINE, "superfine"),
    (Flag.DPI_300, "300 per inch"),
    (Flag.FINE, "fine"),
)
_BEYOND = {
    Flag.LETTER: "letter",
    Flag.LEGAL: "legal",
    Flag.UNCOMPRESSED: "uncompressed mode",
    Flag.JPEG: "JPEG",
    Flag.COLOUR: "color",
    Flag.T43: "T.43",
    Flag.T85: "JBIG",
    Flag.SUB: "sub-address",
    Flag.PWD: "password",
    Flag.SELECTIVE_POLLING: "selective polling",
    Flag.POLLED_SUBADDRESS: "polled sub-address",
    Flag.BFT: "binary files",
    Flag.V8: "V.8",
}
_WIDTHS = {Widths.A4: "A4 wide", Widths.B4: "B4 wide", Widths.A3: "A3 wide"}
_LENGTHS = {Lengths.A4: "A4 long", Lengths.B4: "B4 long", Lengths.UNLIMITED: "any length"}
_FOLLOWS = {
    Fcf.NULL: "the page goes on",
    Fcf.MPS: "another page follows",
    Fcf.EOM: "another page follows, after a new DIS",
    Fcf.EOP: "that was the last page",
    Fcf.EOS: "another page follows, of another sender's part",
    Fcf.PRI_MPS: "another page follows; operator wanted",
    Fcf.PRI_EOM: "another page follows, after a new DIS; operator wanted",
    Fcf.PRI_EOP: "that was the last page; operator wanted",
}
_WORDS = {
    "CNG": "calling tone",
    "CED": "called tone",
    "CFR": "trained well, ready to receive",
    "FTT": "trained badly",
    "CTR": "the lower rate will do",
    "RR": "ready now?",
    "RNR": "not ready yet",
    "MCF": "received well",
    "RTP": "received; train again before the next page",
    "RTN": "received badly; train again",
    "PIP": "received; operator wanted",
    "PIN": "received badly; operator wanted",
    "ERR": "the block may be left",
    "CRP": "say that again",
    "DCN": "ends the call",
    "FDM": "file diagnostics",
    **{fcf.name.replace("_", "-"): words for fcf, words in _FOLLOWS.items() if fcf is not Fcf.NULL},
}
_PROGRESS = {
    Progress.BUSY: "busy tone",
    Progress.REORDER: "fast busy tone: no free line",
    Progress.SIT_NO_CIRCUIT: "three tones, and a recording: all circuits are busy",
    Progress.SIT_REORDER: "three tones, and a recording: the call cannot be completed",
    Progress.SIT_INTERCEPT: "three tones, and a recording: the number has changed",
    Progress.SIT_VACANT: "three tones, and a recording: the number is not in service",
    Progress.ANNOUNCEMENT: "a recording",
    Progress.UNALLOCATED: "the network knows no such number",
    Progress.SPEECH: "somebody speaks",
    Progress.DATA_MODEM: "the tones of a modem that is no fax",
}
_REPORTED = frozenset(kind.value for kind in Progress)
_SECRET = frozenset({"PWD", "SID"})  # passwords, whatever they are called
_FRAMES = frozenset(fcf.name.replace("_", "-") for fcf in Fcf)
_OCTETS = re.compile(r"[0-9a-f]{2}( [0-9a-f]{2})*")


def describe(text: str) -> Described | None:
    """The name and the words of one frame or tone as the trace has it; none when it is neither."""
    first, _, rest = text.partition(" ")
    name = first.rstrip(",;:")
    if name in _FIELDS and _OCTETS.fullmatch(rest):
        return _FIELDS[name](name, bytes.fromhex(rest))
    if name == "TCF":
        return "TCF", f"training check at {rest}"
    if name in _SECRET:
        return name, "a password"
    if name not in _FRAMES and name not in _WORDS and name.partition("-")[0] not in _FRAMES:
        return None
    return name, rest or _WORDS.get(name, "")


def progress(text: str) -> str:
    """What a word of the telephone network means; empty where it says enough by itself."""
    return _PROGRESS.get(Progress(text), "") if text in _REPORTED else ""


def offer(capabilities: Capabilities) -> str:
    """What a DIS or DTC offers."""
    words = [] if Flag.RECEIVE in capabilities else ["cannot receive"]
    words += ["has a document to poll"] if Flag.HAS_DOCUMENT in capabilities else []
    words.append(f"up to {_FASTEST[capabilities.modems]}" if capabilities.modems in _FASTEST else "unknown modems")
    words += _common(capabilities.flags, Flag.SMALL_FRAMES_PREFERRED)
    words += [_WIDTHS[capabilities.widths], _LENGTHS[capabilities.lengths]]
    if capabilities.scan.standard_ms:
        words.append(f"{capabilities.scan.standard_ms} ms a row")
    return ", ".join([*words, *(name for flag, name in _BEYOND.items() if flag in capabilities)])


def settled(profile: Profile) -> str:
    """What a DCS settles."""
    words = [str(profile.modulation), *_common(profile.flags, Flag.SMALL_FRAMES)]
    words += [_WIDTHS[profile.width], _LENGTHS[profile.length]]
    if profile.scan.standard_ms:
        words.append(f"{profile.scan.standard_ms} ms a row")
    return ", ".join([*words, *(name for flag, name in _BEYOND.items() if flag in profile)])


def last_offer(trace: Sequence[Signal], sender: str) -> str:
    """What the last DIS or DTC of `sender` in a trace offers; empty when there was none."""
    for signal in reversed(trace):
        octets = field(signal.text, "DIS") or field(signal.text, "DTC")
        if signal.sender == sender and octets is not None:
            return offer(decode_capabilities(octets))
    return ""


def partial_page(text: str) -> PartialPage | None:
    """The field of a PPS as the trace has it; none when the text is another."""
    octets = field(text, "PPS")
    try:
        return None if octets is None else decode_partial_page(octets)
    except FrameError:
        return None


def field(text: str, name: str) -> bytes | None:
    """The octets of a frame of that name as the trace has it; none when the text is another."""
    first, _, rest = text.partition(" ")
    return bytes.fromhex(rest) if first == name and _OCTETS.fullmatch(rest) else None


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers in rising order, neighbours drawn together: 0-3, 7."""
    ends: list[list[int]] = []
    for number in sorted(numbers):
        if ends and number == ends[-1][1] + 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)


def _common(flags: frozenset[Flag], small: Flag) -> list[str]:
    """Error correction, coding and resolution, which DIS and DCS say in the same bits."""
    words = []
    if Flag.ECM in flags:
        words.append("ECM of 64 octets" if small in flags else "ECM")
    words.append("MMR" if Flag.MMR in flags else "MR" if Flag.MR in flags else "MH")
    words.append(next((name for flag, name in _FINEST if flag in flags), "standard"))
    return words


def _offer(name: str, octets: bytes) -> Described:
    return name, offer(decode_capabilities(octets))


def _settled(name: str, octets: bytes) -> Described:
    return name, settled(decode_profile(octets))


def _slower(name: str, octets: bytes) -> Described:
    return name, f"go on at {decode_profile(octets).modulation}"


def _partial_page(name: str, octets: bytes) -> Described:
    try:
        partial = decode_partial_page(octets)
    except FrameError as fault:
        return name, str(fault)
    frames = "1 frame" if partial.count == 1 else f"{partial.count} frames"
    after = partial.after.name.replace("_", "-")
    return f"{name}-{after}", f"block {partial.block + 1}, {frames}; {_FOLLOWS.get(partial.after, after)}"


def _end_of_retransmission(name: str, octets: bytes) -> Described:
    """The field of EOR is the first octet of that of PPS (T.30 A.4.3)."""
    try:
        follows = decode_end(octets)
    except FrameError as fault:
        return name, str(fault)
    after = follows.name.replace("_", "-")
    return f"{name}-{after}", f"leaves this block; {_FOLLOWS.get(follows, after)}"


def missing(octets: bytes, block_frames: int) -> str:
    """What a PPR asks for, of a block of so many frames; a map may ask for places past the last (T.30 A.4.4.3)."""
    try:
        asked = {number for number in decode_map(octets) if number < block_frames}
    except FrameError as fault:
        return str(fault)
    if len(asked) == block_frames:
        return "send every frame again"
    return f"send {len(asked)} of {block_frames} again: {spans(asked)}" if asked else "asks for no frame of the block"


def _whole_map(name: str, octets: bytes) -> Described:
    """A map whose block is not known."""
    return name, missing(octets, FRAMES_PER_BLOCK)


def _opaque(name: str, octets: bytes) -> Described:
    return name, f"non-standard, {len(octets)} octets"


_FIELDS: dict[str, Callable[[str, bytes], Described]] = {
    "DIS": _offer,
    "DTC": _offer,
    "DCS": _settled,
    "CTC": _slower,
    "PPS": _partial_page,
    "EOR": _end_of_retransmission,
    "PPR": _whole_map,
    "NSF": _opaque,
    "NSS": _opaque,
    "NSC": _opaque,
}
