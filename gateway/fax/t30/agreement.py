"""Choosing a profile: what our pages need, held against what a DIS offers.

What lives here: rates, shape and coding of one page's message. What does not: bits (`capabilities`), re-sampling
(`t4.fit`).
"""

from dataclasses import dataclass, replace

from gateway.domain.call import Coding
from gateway.fax.t4.page import PageShape, Resolution
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, Profile, ScanTime, Widths
from gateway.fax.t30.signals import Modulation

_M = Modulation
# The order in which rates are tried after FTT; T.30 leaves it open, other engines use this one.
FALL_BACK = (
    _M.V17_14400, _M.V17_12000, _M.V17_9600, _M.V29_9600, _M.V17_7200, _M.V29_7200, _M.V27_4800, _M.V27_2400,
)  # fmt: skip
_MODEMS_OF = {
    Modems.V27_2400: frozenset({_M.V27_2400}),
    Modems.V27: frozenset({_M.V27_2400, _M.V27_4800}),
    Modems.V29: frozenset({_M.V29_7200, _M.V29_9600}),
    Modems.V27_V29: frozenset({_M.V27_2400, _M.V27_4800, _M.V29_7200, _M.V29_9600}),
    Modems.V27_V29_V17: frozenset(FALL_BACK),
}
PELS = {Widths.A4: 1728, Widths.B4: 2048, Widths.A3: 2432}
_WIDTHS_OFFERED = {
    Widths.A4: (Widths.A4,),
    Widths.B4: (Widths.A4, Widths.B4),
    Widths.A3: (Widths.A4, Widths.B4, Widths.A3),
}
_MILLIMETRES = {Lengths.A4: 297, Lengths.B4: 364}
_LENGTHS_OFFERED = {
    Lengths.A4: (Lengths.A4,),
    Lengths.B4: (Lengths.A4, Lengths.B4),
    Lengths.UNLIMITED: (Lengths.UNLIMITED,),
}
_TOLERANCE = 1.01  # 2291 rows at 196 per inch are an A4 page, though 297 mm hold 2287 at 7.7 per mm
_SCAN_OF_MS = {20: ScanTime.MS20, 10: ScanTime.MS10, 5: ScanTime.MS5, 40: ScanTime.MS40, 0: ScanTime.MS0}
_SHORTER_SCAN = {2: 5}  # 5 ms halved; DCS has no 2.5 ms code
_CODING_FLAGS = {Coding.MH: None, Coding.MR: Flag.MR, Coding.MMR: Flag.MMR}
_RESOLUTION_FLAGS = {Resolution.STANDARD: None, Resolution.FINE: Flag.FINE, Resolution.SUPERFINE: Flag.SUPERFINE}


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is settled for a page: the profile to send as DCS, the page's shape on the line, and its coding."""

    profile: Profile
    shape: PageShape
    coding: Coding


def rates(offered: Capabilities, max_rate: int) -> tuple[Modulation, ...]:
    """The modulations both ends have, fastest first, none above `max_rate` bit/s."""
    common = _MODEMS_OF[offered.modems]
    return tuple(m for m in FALL_BACK if m in common and m.rate <= max_rate)


def agree(offered: Capabilities, page: PageShape, modulation: Modulation, *, ecm: bool, sub: bool) -> Agreement:
    """Settle shape and coding for a page; what the far end lacks is re-sampled away (T.30 5.3.6.2)."""
    with_ecm = ecm and Flag.ECM in offered
    coding = choose_coding(offered, with_ecm=with_ecm)
    width = _width(offered, page.width)
    resolution = _resolution(offered, page.resolution)
    length, rows = _length(offered, page, resolution)
    wanted = {Flag.RECEIVE, _CODING_FLAGS[coding], _RESOLUTION_FLAGS[resolution]}
    wanted |= {Flag.ECM} if with_ecm else set()
    wanted |= {Flag.SUB} if sub else set()
    scan = ScanTime.MS0 if with_ecm else _scan(offered, resolution)
    profile = Profile(modulation, frozenset(flag for flag in wanted if flag), width, length, scan)
    return Agreement(profile, PageShape(PELS[width], rows, resolution), coding)


def choose_coding(offered: Capabilities, *, with_ecm: bool) -> Coding:
    """MMR needs ECM (T.30 table 2, bit 31); else two-dimensional where offered."""
    if with_ecm and Flag.MMR in offered:
        return Coding.MMR
    return Coding.MR if Flag.MR in offered else Coding.MH


def at(agreement: Agreement, modulation: Modulation) -> Agreement:
    """The same agreement at another rate."""
    return replace(agreement, profile=replace(agreement.profile, modulation=modulation))


def row_bits(profile: Profile) -> int:
    """The least bits of a coded row: minimum scan line time x rate (T.4 4.1.3)."""
    return profile.scan.standard_ms * profile.modulation.rate // 1000


def resolution_of(profile: Profile) -> Resolution:
    """The resolution that a DCS settled."""
    if Flag.SUPERFINE in profile:
        return Resolution.SUPERFINE
    return Resolution.FINE if Flag.FINE in profile else Resolution.STANDARD


def coding_of(profile: Profile) -> Coding:
    """The coding that a DCS settled."""
    if Flag.MMR in profile:
        return Coding.MMR
    return Coding.MR if Flag.MR in profile else Coding.MH


def _width(offered: Capabilities, pels: int) -> Widths:
    """The narrowest width offered that holds the page, else the widest offered."""
    widths = _WIDTHS_OFFERED[offered.widths]
    return next((width for width in widths if PELS[width] >= pels), widths[-1])


def _resolution(offered: Capabilities, wanted: Resolution) -> Resolution:
    """The resolution wanted, or the finest below it that is offered."""
    for resolution in sorted(_RESOLUTION_FLAGS, reverse=True):
        flag = _RESOLUTION_FLAGS[resolution]
        if resolution <= wanted and (flag is None or flag in offered):
            return resolution
    return Resolution.STANDARD


def _length(offered: Capabilities, page: PageShape, resolution: Resolution) -> tuple[Lengths, int]:
    """The length to settle, and the rows of the page on the line: fewer when it would not fit."""
    rows = max(1, page.rows * resolution // page.resolution)
    if resolution != page.resolution:
        rows = -(-page.rows // round(page.resolution / resolution))
    lengths = _LENGTHS_OFFERED[offered.lengths]
    if lengths[0] is Lengths.UNLIMITED:
        return Lengths.UNLIMITED, rows
    for length in lengths:
        if rows <= _most_rows(length, resolution):
            return length, rows
    return lengths[-1], _most_rows(lengths[-1], resolution)


def _most_rows(length: Lengths, resolution: Resolution) -> int:
    return int(_MILLIMETRES[length] / 25.4 * resolution * _TOLERANCE)


def _scan(offered: Capabilities, resolution: Resolution) -> ScanTime:
    """The least row time at this resolution, as DCS can say it."""
    standard = resolution is Resolution.STANDARD
    least = offered.scan.standard_ms if standard else offered.scan.fine_ms
    if resolution is Resolution.SUPERFINE and Flag.SUPERFINE_HALF_TIME in offered:
        least //= 2
    return _SCAN_OF_MS[_SHORTER_SCAN.get(least, least)]
