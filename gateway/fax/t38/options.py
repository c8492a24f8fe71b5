"""What a T.38 endpoint can be told, in plain words and numbers, and what the engine makes of it.

What lives here: the options' names, values and defaults. What does not: what they do (`endpoint`, `t30`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from gateway.domain.errors import UsageError
from gateway.fax.t30 import frames
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.frames import Fcf, FrameError
from gateway.fax.t30.options import TerminalOptions
from gateway.fax.t30.states import ISDN, STANDARD, Timers
from gateway.fax.t38.outgoing import Pace
from gateway.fax.t38.packets import VERSIONS

FRAMINGS = ("ifp", "udptl")
DATAGRAM_MS, BARE_MS = 30, 120  # line time of a packet
_COUNTS = range(21)  # packets that a datagram can bring along, or parity stand for
_OVERHEAD = 16  # octets of a datagram at most, beside those of the line, with nothing to recover others
_Chosen = TypeVar("_Chosen")
_CODINGS = {"MH": None, "MR": Flag.MR, "MMR": Flag.MMR}
_MODEMS = {"V27TER": "V27", "V27": "V27", "V29": "V29", "V17": "V17"}
_RESOLUTIONS = {
    "STANDARD": None, "FINE": Flag.FINE, "SUPERFINE": Flag.SUPERFINE, "300": Flag.DPI_300, "400": Flag.DPI_400,
}  # fmt: skip
_WIDTHS = {"A4": Widths.A4, "B4": Widths.B4, "A3": Widths.A3}
_LENGTHS = {"A4": Lengths.A4, "B4": Lengths.B4, "UNLIMITED": Lengths.UNLIMITED}
_PAPERS = {"LETTER": Flag.LETTER, "LEGAL": Flag.LEGAL}
_PAPER_WIDTHS = dict.fromkeys(_PAPERS, Widths.A4)  # their row has as many pels
_OTHER_NAMES = {
    "identifier": "station_id", "ident": "station_id", "sub": "sub_address", "sid": "password", "pwd": "password",
    "sep": "selective_polling", "psa": "polled_sub_address", "coding": "codings", "modem": "modems",
    "resolution": "resolutions", "sizes": "widths", "width": "widths", "length": "lengths",
    "min_scan_time": "min_scan_ms", "min_scan_line_time": "min_scan_ms", "scan_time": "min_scan_ms",
    "scan_ms": "min_scan_ms",
}  # fmt: skip
_TEXTS = {
    "station_id": Fcf.TSI, "sub_address": Fcf.SUB, "password": Fcf.PWD, "selective_polling": Fcf.SEP,
    "polled_sub_address": Fcf.PSA, "required_password": Fcf.PWD,
}  # fmt: skip
_ALIKE = (*_TEXTS, "first_page", "ecm", "poll", "busy_ms", "asks_operator", "asks_repetition", "nonstandard")


class OptionError(UsageError, TypeError):
    """An option that does not exist, or a value that it cannot have."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Everything an endpoint can be told. Several values are an iterable, or one text with commas.

    Packets: `framing` "ifp" (each packet bare) or "udptl"; `version` 0 to 3, or None to find out the far end's;
    `packet_ms` the line time of a packet (30, and 120 where packets are bare), `whole_frames` HDLC frames uncut (those
    of fast carriers are where packets are bare, unless it is False), `repeats` of indicators and ends;
    `redundancy` one number, or (control, image), or `parity` (span, entries); `max_datagram` in octets; what
    comes behind a gap waits `hold_ms` for what was overtaken.

    What both send and receive: `ecm`; `codings` of MH, MR, MMR (MMR needs ECM; MH is always there); `modems` of
    V.27ter, V.29, V.17; `rates` or `max_rate` in bit/s, the highest counts, and a DIS can only leave out modems;
    `resolutions` of standard, fine, superfine, 300, 400; `widths` A4, B4, A3 and `lengths` A4, B4, unlimited (the
    largest counts), letter, legal; `min_scan_ms` 0, 5, 10, 20, 40, with `fine_halves_scan`; `frame_octets` 256 or 64.

    Names: `station_id` (CSI, TSI, CIG), `sub_address` (SUB), `password` (SID, PWD), `selective_polling` (SEP),
    `polled_sub_address` (PSA), each at most 20 of 0-9, + and space, all but the first with * and # too;
    `required_password` of the far end.

    Course: `first_page` counts from zero; a caller with `poll` receives the far end's document into `received`, after
    its own; `document` is what an answerer gives to who polls. `busy_ms` after each page (RNR), `asks_operator` (PIP,
    PIN), `asks_repetition` (CRP), `nonstandard` (NSF). `timers`: t0 to t5 in ms by name, or "isdn".
    The report has `call_uid`, and counts its times from `started`.
    """

    framing: str = "ifp"
    version: int | None = 0
    packet_ms: int | None = None
    whole_frames: bool | None = None
    repeats: int = 3
    redundancy: Any = (3, 1)
    parity: Any = None
    max_datagram: int = 400
    hold_ms: int = 100
    ecm: bool = True
    codings: Any = tuple(_CODINGS)
    modems: Any = ("V.27ter", "V.29", "V.17")
    rates: Any = ()
    max_rate: int = 14400
    resolutions: Any = tuple(_RESOLUTIONS)
    widths: Any = tuple(_WIDTHS)
    lengths: Any = (*_LENGTHS, *_PAPERS)
    min_scan_ms: int = 0
    fine_halves_scan: bool = False
    frame_octets: int = 256
    station_id: str = ""
    sub_address: str = ""
    password: str = ""
    selective_polling: str = ""
    polled_sub_address: str = ""
    required_password: str = ""
    first_page: int = 0
    poll: bool = False
    received: Path | None = None
    document: Path | None = None
    busy_ms: int = 0
    asks_operator: bool = False
    asks_repetition: bool = False
    nonstandard: bytes = b""
    timers: Any = STANDARD
    call_uid: str = "t38"
    started: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "EndpointOptions":
        """The options by their names. Raises OptionError, which names the wrong one and what is right."""
        named = {_OTHER_NAMES.get(name, name): value for name, value in options.items()}
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(named) - set(known))
        if unknown:
            raise OptionError(f"no such option: {', '.join(unknown)}; there are {', '.join(known)}")
        chosen = cls(**{name: value for name, value in named.items() if value is not None or name == "version"})
        chosen._check()
        return chosen

    def _check(self) -> None:
        self._check_numbers()
        self._check_texts()
        self.terminal(called=True)

    def _check_numbers(self) -> None:
        control, image = self.redundant
        span, entries = self._parity
        for name, value, allowed in (
            ("framing", self.framing, FRAMINGS),
            ("version", self.version, (*VERSIONS, None)),
            ("frame_octets", self.frame_octets, (64, 256)),
            ("min_scan_ms", self.min_scan_ms, (0, 5, 10, 20, 40)),
            ("repeats", self.repeats, range(1, 11)),
            ("packet_ms", self._packet_ms, range(1, 1001)),
            ("max_datagram", self.max_datagram, range(64, 16_001)),
            ("hold_ms", self.hold_ms, range(10_001)),
            ("redundancy", control, _COUNTS),
            ("redundancy", image, _COUNTS),
            ("parity's span", span, range(1, _COUNTS.stop)),
            ("parity's entries", entries, range(1, _COUNTS.stop)),
            ("first_page", self.first_page, range(10_000)),
        ):
            if value not in allowed:
                listed = (
                    f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else ", ".join(map(str, allowed))
                )
                raise OptionError(f"{name} is {value!r}; it can be {listed}")

    def _check_texts(self) -> None:
        for name, fcf in _TEXTS.items():
            try:
                frames.encode_identifier(getattr(self, name), fcf)
            except FrameError as fault:
                raise OptionError(f"{name}: {fault}") from fault

    @property
    def pace(self) -> Pace:
        """How signals are cut into packets."""
        if self.framing == "udptl":
            most = self.max_datagram - _OVERHEAD
            return Pace(self._packet_ms, bool(self.whole_frames), repeats=self.repeats, most=most)
        return Pace(self._packet_ms, bool(self.whole_frames), self.whole_frames is None, self.repeats)

    @property
    def _packet_ms(self) -> int:
        """Bare packets have no size to keep to, and each costs the same."""
        usual = DATAGRAM_MS if self.framing == "udptl" else BARE_MS
        return usual if self.packet_ms is None else self.packet_ms

    @property
    def redundant(self) -> tuple[int, int]:
        """How many packets before it go with a control packet and with an image packet."""
        if isinstance(self.redundancy, int):
            return self.redundancy, self.redundancy
        return _two("redundancy", self.redundancy)

    @property
    def _parity(self) -> tuple[int, int]:
        """Span and entries, as if of one where there is none."""
        return (1, 1) if self.parity is None else _two("parity", self.parity)

    def terminal(self, *, called: bool) -> TerminalOptions:
        """The engine's options; the end that is `called` offers modems that keep to the highest rate."""
        highest = max(_whole("rates", _listed(self.rates)), default=self.max_rate)
        return TerminalOptions(
            capabilities=self._capabilities(highest if called else 14400),
            max_rate=min(highest, self.max_rate),
            timers=_timers(self.timers),
            **{name: getattr(self, name) for name in _ALIKE},
        )

    def _capabilities(self, highest: int) -> Capabilities:
        flags: set[Flag | None] = {Flag.RECEIVE, Flag.SUB, Flag.PWD}
        flags |= {Flag.ECM} if self.ecm else set()
        flags |= set(_chosen("codings", self.codings, _CODINGS))
        flags |= set(_chosen("resolutions", self.resolutions, _RESOLUTIONS))
        flags |= {Flag.SMALL_FRAMES_PREFERRED} if self.frame_octets == 64 else set()
        sizes: dict[str, Lengths | Flag] = {**_LENGTHS, **_PAPERS}
        lengths = _chosen("lengths", self.lengths, sizes)
        flags |= {length for length in lengths if isinstance(length, Flag)}
        if not self.ecm:
            flags -= {Flag.MMR, Flag.SMALL_FRAMES_PREFERRED}
        return Capabilities(
            frozenset(flag for flag in flags if flag is not None),
            _modems(_chosen("modems", self.modems, _MODEMS), highest),
            _largest(_WIDTHS, _chosen("widths", self.widths, _WIDTHS | _PAPER_WIDTHS)),
            _largest(_LENGTHS, [length for length in lengths if isinstance(length, Lengths)]),
            self._scan(),
        )

    def _scan(self) -> ScanTime:
        half = "_HALF" if self.fine_halves_scan and self.min_scan_ms >= 10 else ""
        return ScanTime[f"MS{self.min_scan_ms}{half}"]


def _listed(value: Any) -> list[Any]:
    """One value, an iterable, or a text with commas, as a list."""
    if isinstance(value, str):
        return [part for part in re.split(r"[,\s]+", value) if part]
    return list(value) if isinstance(value, Iterable) else [value]


def _chosen(name: str, value: Any, known: Mapping[str, _Chosen]) -> list[_Chosen]:
    """What the words stand for. Raises OptionError."""
    words = [str(getattr(word, "value", word)).upper().replace(".", "") for word in _listed(value)]
    strange = [word for word in words if word not in known]
    if strange or not words:
        raise OptionError(f"{name}: {', '.join(strange) or 'nothing'}; it can be {', '.join(known)}")
    return [known[word] for word in words]


def _largest(order: Mapping[str, _Chosen], chosen: Iterable[_Chosen]) -> _Chosen:
    """The last in order; the first where none is chosen."""
    wanted = list(chosen)
    return [size for size in order.values() if size in wanted or not wanted][-1 if wanted else 0]


def _modems(names: Iterable[str], highest: int) -> Modems:
    """The set that can be offered: V.17 comes with the others, and 2400 bit/s are always there (T.30 table 2)."""
    wanted = set(names)
    if "V17" in wanted and highest > 9600:
        return Modems.V27_V29_V17
    if wanted & {"V17", "V29"} and highest > 4800:
        return Modems.V29 if wanted == {"V29"} else Modems.V27_V29
    return Modems.V27 if highest > 2400 else Modems.V27_2400


def _whole(name: str, values: Any) -> list[int]:
    """Whole numbers, also in words. Raises OptionError."""
    try:
        return [int(value) for value in values]
    except (TypeError, ValueError) as fault:
        raise OptionError(f"{name}: {values!r}; it can be whole numbers") from fault


def _two(name: str, values: Any) -> tuple[int, int]:
    """Two whole numbers. Raises OptionError."""
    match _whole(name, values):
        case [first, second]:
            return first, second
    raise OptionError(f"{name}: {values!r}; it can be two whole numbers")


def _timers(value: Any) -> Timers:
    """Timers as they are, by name, or those of ISDN. Raises OptionError."""
    if isinstance(value, Timers):
        return value
    if isinstance(value, str) and value.lower() == "isdn":
        return ISDN
    known = {field.name for field in fields(Timers)}
    if not isinstance(value, Mapping) or not set(value) <= known:
        raise OptionError(f'timers: {value!r}; it can be "isdn", or milliseconds by name: {", ".join(sorted(known))}')
    _whole("timers", list(value.values()))
    return replace(STANDARD, **value)
