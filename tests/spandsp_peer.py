"""A fax terminal of another maker: libspandsp's T.38 end, driven as ours is, by packets and milliseconds.

What lives here: one end of a call, its options and its report. What does not: the declarations (`spandsp_library`),
and the line between two ends (`packet_line`). A peer speaks raw IFP packets; `packet_line` wraps them in UDPTL.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import spandsp_library
from tests.spandsp_library import (
    CallEnded,
    Completion,
    Compression,
    Density,
    Feature,
    Modem,
    PhasePassed,
    SendPacket,
    Size,
)

_STEP_MS = 10  # the library sends at most one packet each time it is told of time; its own pace is 30 ms
_SAMPLES_PER_MS = 8
_MMR = 3  # T4_COMPRESSION_ITU_T6: the coding of the file it writes
_CODINGS = {1: "MH", 2: "MR", 3: "MMR"}
ALL_MODEMS = Modem(sum(Modem))
ALL_COMPRESSIONS = Compression(sum(Compression))
ALL_DENSITIES = Density(sum(Density))
ALL_SIZES = Size(sum(Size))
ALL_FEATURES = Feature(sum(Feature))


@dataclass(frozen=True, slots=True)
class PeerOptions:
    """What the terminal is and can do; everything that 0.0.6 has, unless told otherwise."""

    version: int = 0
    ecm: bool = True
    modems: Modem = ALL_MODEMS
    compressions: Compression = ALL_COMPRESSIONS
    densities: Density = ALL_DENSITIES
    sizes: Size = ALL_SIZES
    features: Feature = ALL_FEATURES
    scan_ms: int = 0
    station_id: str = ""
    sub_address: str = ""
    sender_id: str = ""  # SID
    password: str = ""  # PWD
    selective_polling: str = ""  # SEP
    not_ready: int = 0  # how often RNR is said before MCF
    repeats: bool = True  # send indicators and the ends of signals as often as the library asks, which is three times


@dataclass(frozen=True, slots=True)
class PeerReport:
    """What the library says of a call that is over."""

    result: int  # see Completion; 0 is OK, -1 that the call has not ended
    pages_sent: int
    pages_received: int
    rate: int
    ecm: bool
    coding: str
    width: int
    rows: int
    bad_rows: int
    ecm_repeats: int
    station_id: str
    sub_address: str
    sender_id: str
    password: str


class Peer:
    """One end of a call in libspandsp. `tiff` is sent, `out` is written; with both or neither it polls or is polled."""

    def __init__(self, *, calls: bool, tiff: Path | None = None, out: Path | None = None, options: PeerOptions) -> None:
        self._library = spandsp_library.load()
        self._sent: list[bytes] = []
        self._result: int | None = None
        self._arrived = 0
        self._repeats = options.repeats
        # The library keeps bare pointers to these: they must live as long as the terminal.
        self._callbacks = (SendPacket(self._send), CallEnded(self._ended), PhasePassed(self._page_passed))
        self._terminal = self._library.t38_terminal_init(None, int(calls), self._callbacks[0], None)
        self._t30 = self._library.t38_terminal_get_t30_state(self._terminal)
        self._core = self._library.t38_terminal_get_t38_core_state(self._terminal)
        self._report: PeerReport | None = None
        self._last_page = spandsp_library.Statistics()
        self._silence()
        self._set(options)
        self._open(tiff, out)

    @property
    def done(self) -> bool:
        """Whether the call is over for this end."""
        return self._result is not None

    @property
    def report(self) -> PeerReport:
        """The facts of the call, as far as it has come."""
        return self._report or self._facts()

    def deliver(self, packet: bytes) -> None:
        """A raw IFP packet has arrived, now."""
        if self._terminal is not None:
            self._library.t38_core_rx_ifp_packet(self._core, packet, len(packet), self._arrived & 0xFFFF)
            self._arrived += 1

    def lose(self, count: int) -> None:
        """Packets are known to be missing, which the library tells by the gap in the numbers."""
        self._arrived += count

    def advance(self, milliseconds: int) -> list[bytes]:
        """Time has passed; the IFP packets sent meanwhile."""
        while milliseconds > 0 and self._terminal is not None:
            step = min(milliseconds, _STEP_MS)
            self._library.t38_terminal_send_timeout(self._terminal, step * _SAMPLES_PER_MS)
            milliseconds -= step
        sent, self._sent = self._sent, []
        return sent

    def terminate(self) -> None:
        """The line is gone."""
        self._library.t30_terminate(self._t30)

    def close(self) -> None:
        """Give the library's memory and files back; the report stays."""
        if self._terminal is not None:
            self._report = self._facts()
            self._library.t38_terminal_free(self._terminal)
            self._terminal = None

    def _silence(self) -> None:
        library = self._library
        for log in (
            library.t38_terminal_get_logging_state(self._terminal),
            library.t38_core_get_logging_state(self._core),
            library.t30_get_logging_state(self._t30),
        ):
            library.span_log_set_level(log, 0)

    def _set(self, options: PeerOptions) -> None:
        library, t30 = self._library, self._t30
        library.t38_set_t38_version(self._core, options.version)
        library.t30_set_phase_e_handler(t30, self._callbacks[1], None)
        library.t30_set_phase_d_handler(t30, self._callbacks[2], None)
        for setting, number in (
            ("ecm_capability", options.ecm),
            ("rx_encoding", _MMR),
            ("minimum_scan_line_time", options.scan_ms),
            ("supported_modems", options.modems),
            ("supported_compressions", options.compressions),
            ("supported_resolutions", options.densities),
            ("supported_image_sizes", options.sizes),
            ("supported_t30_features", options.features),
            ("receiver_not_ready", options.not_ready),
        ):
            getattr(library, f"t30_set_{setting}")(t30, int(number))
        for setting, text in (
            ("ident", options.station_id),
            ("sub_address", options.sub_address),
            ("sender_ident", options.sender_id),
            ("password", options.password),
            ("selective_polling_address", options.selective_polling),
        ):
            if text:
                getattr(library, f"t30_set_tx_{setting}")(t30, text.encode("ascii"))

    def _open(self, tiff: Path | None, out: Path | None) -> None:
        if tiff is not None:
            self._library.t30_set_tx_file(self._t30, str(tiff).encode(), -1, -1)
        if out is not None:
            self._library.t30_set_rx_file(self._t30, str(out).encode(), -1)

    def _send(self, _core: int, _user: int, octets: int, length: int, count: int) -> int:
        self._sent += [ctypes.string_at(octets, length)] * (count if self._repeats else 1)
        return 0

    def _ended(self, _t30: int, _user: int, code: int) -> None:
        self._result = code

    def _page_passed(self, _t30: int, _user: int, _frame: int) -> int:
        self._last_page = spandsp_library.statistics(self._library, self._t30)
        return Completion.OK

    def _facts(self) -> PeerReport:
        now, page = spandsp_library.statistics(self._library, self._t30), self._last_page
        return PeerReport(
            -1 if self._result is None else self._result,
            now.pages_tx,
            now.pages_rx,
            now.bit_rate,
            bool(now.error_correcting_mode),
            _CODINGS.get(page.encoding, ""),
            page.width,
            page.length,
            page.bad_rows,
            now.error_correcting_mode_retries,
            *(self._told(name) for name in ("ident", "sub_address", "sender_ident", "password")),
        )

    def _told(self, name: str) -> str:
        getter: Callable[[int], bytes | None] = getattr(self._library, f"t30_get_rx_{name}")
        return (getter(self._t30) or b"").decode("latin-1")


def caller(tiff: Path, options: PeerOptions | None = None) -> Peer:
    """The calling end, which sends."""
    return Peer(calls=True, tiff=tiff, options=options or PeerOptions())


def answerer(out: Path, options: PeerOptions | None = None) -> Peer:
    """The called end, which receives."""
    return Peer(calls=False, out=out, options=options or PeerOptions())
