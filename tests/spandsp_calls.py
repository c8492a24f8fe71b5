"""Calls between our T.38 end and libspandsp's, from a TIFF to a TIFF.

What lives here: making such a call and what came of it. What does not: the ends (`spandsp_peer`,
`gateway.fax.t38.endpoint`), the line (`packet_line`), and what is expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from gateway.domain.call import CallReport, Cause, Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import write_pages
from gateway.fax.t4.page import Bitmap
from gateway.fax.t38 import endpoint
from gateway.fax.t38.endpoint import Endpoint
from tests import spandsp_peer
from tests.packet_line import Conditions, OverUdptl, PacketEnd, PacketLine
from tests.spandsp_library import Completion
from tests.spandsp_peer import Peer, PeerOptions, PeerReport

GOOD = Conditions()
Pels = tuple[tuple[int, int], bytes]
"""Width and rows, and packed rows, 1 = black."""


@dataclass(frozen=True)
class Met:
    """What came of a call."""

    ours: CallReport
    theirs: PeerReport
    expected: list[Pels]
    received: list[Pels]
    line: PacketLine

    @property
    def in_order(self) -> bool:
        """Both ends say that all went well, and what was received is what was sent."""
        agreed = self.ours.cause is Cause.DONE and self.theirs.result == Completion.OK
        return agreed and self.received == self.expected

    def told(self) -> str:
        """What an assertion shows when it fails."""
        trace = "\n".join(f"{signal.at_ms:7} {signal.sender:8} {signal.text}" for signal in self.ours.trace)
        alike = [sent == came for sent, came in zip(self.expected, self.received, strict=False)]
        return f"ours: {self.ours.cause}; theirs: {self.theirs}\npages alike: {alike}\n{trace}"


def pels(path: Path) -> list[Pels]:
    """The pages of a TIFF as Pillow reads them, whatever their coding and photometric; none of a file not begun."""
    if not path.exists() or path.stat().st_size <= 8:
        return []
    with Image.open(path) as image:
        frames = [frame.convert("1") for frame in ImageSequence.Iterator(image)]
    return [(frame.size, bytes(octet ^ 0xFF for octet in frame.tobytes())) for frame in frames]


def stored(folder: Path, bitmaps: Sequence[Bitmap], coding: Coding = Coding.MMR) -> Path:
    """A TIFF of these pages."""
    path = folder / "sent.tif"
    write_pages(path, [codec.encode(bitmap, coding) for bitmap in bitmaps])
    return path


def we_call(tiff: Path, options: PeerOptions | None = None, line: Conditions = GOOD, **ours: Any) -> Met:
    """Ours calls libspandsp with a document."""
    out = _fresh(tiff)
    chosen, told = _agreed(options, ours)
    return _met(
        (tiff, out), endpoint.caller(tiff, **told), spandsp_peer.answerer(out, chosen), line, told, we_call=True
    )


def they_call(tiff: Path, options: PeerOptions | None = None, line: Conditions = GOOD, **ours: Any) -> Met:
    """libspandsp calls ours with a document."""
    out = _fresh(tiff)
    chosen, told = _agreed(options, ours)
    return _met(
        (tiff, out), endpoint.answerer(out, **told), spandsp_peer.caller(tiff, chosen), line, told, we_call=False
    )


def we_poll(tiff: Path, options: PeerOptions | None = None, **ours: Any) -> Met:
    """Ours calls libspandsp and asks for its document."""
    out = _fresh(tiff)
    chosen, told = _agreed(options, ours)
    end = endpoint.poller(out, **told)
    return _met((tiff, out), end, Peer(calls=False, tiff=tiff, options=chosen), GOOD, told, we_call=True)


def they_poll(tiff: Path, options: PeerOptions | None = None, **ours: Any) -> Met:
    """libspandsp calls ours and asks for its document."""
    out = _fresh(tiff)
    chosen, told = _agreed(options, {**ours, "document": tiff})
    end = endpoint.answerer(out.with_name("unused.tif"), **told)
    return _met((tiff, out), end, Peer(calls=True, out=out, options=chosen), GOOD, told, we_call=False)


def _fresh(tiff: Path) -> Path:
    out = tiff.with_name("received.tif")
    out.unlink(missing_ok=True)
    return out


def _agreed(options: PeerOptions | None, ours: dict[str, Any]) -> tuple[PeerOptions, dict[str, Any]]:
    """The peer's options, and ours: what the peer's say of version and ECM, unless told otherwise."""
    chosen = options or PeerOptions()
    return chosen, {"framing": "udptl", "version": chosen.version, "ecm": chosen.ecm, **ours}


def _met(
    files: tuple[Path, Path], end: Endpoint, peer: Peer, conditions: Conditions, told: dict[str, Any], *, we_call: bool
) -> Met:
    theirs: PacketEnd = OverUdptl(peer, *_redundancy(told)) if told["framing"] == "udptl" else peer
    line = PacketLine(end, theirs, conditions) if we_call else PacketLine(theirs, end, conditions)
    line.run()
    peer.close()
    sent, received = map(pels, files)
    return Met(end.report, peer.report, sent, received, line)


def _redundancy(told: dict[str, Any]) -> tuple[int, int]:
    """The peer's, which is ours: a number or two."""
    redundancy = told.get("redundancy", (3, 1))
    return (redundancy, redundancy) if isinstance(redundancy, int) else redundancy
