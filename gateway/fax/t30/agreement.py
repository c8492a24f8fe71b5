"""Choosing a profile: what our pages need, held against what both ends have.

What lives here: rates, shape, coding and frame size of one page's message. What does not: bits (`capabilities`),
re-sampling (`t4.fit`).
"""

from dataclasses import dataclass, replace

from gateway.domain.call import Coding
from gateway.fax.t4.fit import picture
from gateway.fax.t4.page import WIDTHS_AT, PageShape, Resolution
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, Profile, ScanTime, Widths
from gateway.fax.t30.ecm import FRAME_OCTETS, SMALL_FRAME_OCTETS
from gateway.fax.t30.signals import Modulation

_M = Modulation
# The order in which rates are tried after FTT; T.30 leaves it open, other engines use this one.
FALL_BACK = (
    _M.V17_14400, _M.V17_12000, _M.V17_9600, _M.V29_9600, _M.V17_7200, _M.V29_7200, _M.V27_4800, _M.V27_2400,
)  # fmt: skip
_SLOWEST = frozenset({_M.V27_2400})  # every Group 3 machine has it, whatever else its code may mean
_V27 = _SLOWEST | {_M.V27_4800}
_V29 = frozenset({_M.V29_7200, _M.V29_9600})
_MODEMS_OF = {
    Modems.V27: _V27,
    Modems.V29: _V29,
    Modems.V27_V29: _V27 | _V29,
    Modems.V27_V29_V33: _V27 | _V29,
    Modems.V27_V29_V17: frozenset(FALL_BACK),
}

_WIDTHS, _LENGTHS = tuple(Widths), tuple(Lengths)  # each with what comes before it
_MILLIMETRES = {Lengths.A4: 297, Lengths.B4: 364}
_LEGAL_MILLIMETRES = 355.6
_TOLERANCE = 1.01  # 2291 rows at 196 per inch are an A4 page, though 297 mm hold 2287 at 7.7 per mm
_RESOLUTION_FLAGS = {
    Resolution.STANDARD: None,
    Resolution.FINE: Flag.FINE,
    Resolution.SUPERFINE: Flag.SUPERFINE,
    Resolution.DPI_300: Flag.DPI_300,
    Resolution.DPI_400: Flag.DPI_400,
}
# Most pels per area first: the order in which a page that cannot go as it is loses least.
_FINEST_FIRST = (
    Resolution.DPI_400, Resolution.DPI_300, Resolution.SUPERFINE, Resolution.FINE, Resolution.STANDARD,
)  # fmt: skip
# Codings, resolutions and kinds of document that a DCS may name and we cannot receive.
_BEYOND_US = frozenset(
    {
        Flag.UNCOMPRESSED, Flag.T43, Flag.G726, Flag.JPEG, Flag.T85, Flag.T85_L0, Flag.T45, Flag.SYCC_JPEG,
        Flag.DPI_600, Flag.DPI_1200, Flag.DPI_300_600, Flag.DPI_400_800, Flag.DPI_600_1200,
        Flag.BFT, Flag.DTM, Flag.EDI, Flag.BTM, Flag.CHARACTER_MODE, Flag.MIXED_MODE,
        Flag.T44_BIT_92, Flag.T44_BIT_93, Flag.T44_BIT_94, Flag.T88_BIT_124, Flag.T88_BIT_125, Flag.T88_BIT_126,
    }
)  # fmt: skip
_CODING_FLAGS = {Coding.MH: None, Coding.MR: Flag.MR, Coding.MMR: Flag.MMR}
_SCAN_OF_MS = {20: ScanTime.MS20, 10: ScanTime.MS10, 5: ScanTime.MS5, 40: ScanTime.MS40, 0: ScanTime.MS0}
_SHORTER_SCAN = {2: 5}  # 5 ms halved; DCS has no 2.5 ms code


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is settled for a page: the profile to send as DCS, the page's shape on the line, its coding and its frames.

    `frame_octets` is the size of ECM frames, 64 or 256.
    """

    profile: Profile
    shape: PageShape
    coding: Coding
    frame_octets: int = FRAME_OCTETS


def rates(offered: Capabilities, own: Capabilities, max_rate: int) -> tuple[Modulation, ...]:
    """The modulations both ends have, fastest first, none above `max_rate` bit/s."""
    common = _MODEMS_OF.get(offered.modems, _SLOWEST) & _MODEMS_OF.get(own.modems, _SLOWEST)
    return tuple(m for m in FALL_BACK if m in common and m.rate <= max_rate)


def agree(
    offered: Capabilities,
    own: Capabilities,
    page: PageShape,
    modulation: Modulation,
    *,
    ecm: bool,
    announced: frozenset[Flag] = frozenset(),
) -> Agreement:
    """Settle shape, coding and frames for a page from what both ends have (T.30 5.3.6.2).

    What either lacks is re-sampled away; a page too wide or too long gets fewer rows (`t4.fit`). `announced` are the
    bits of frames that go before DCS: SUB, SID.
    """
    both = _common(offered, own)
    with_ecm = ecm and Flag.ECM in both
    coding = choose_coding(both, with_ecm=with_ecm)
    resolution = _resolution(both, page.resolution)
    width = _width(both, page)
    pels = WIDTHS_AT[resolution.across][_WIDTHS.index(width)]
    length, legal, rows = _length(both, width, picture(page, pels, resolution).rows, resolution)
    small = with_ecm and any(Flag.SMALL_FRAMES_PREFERRED in end for end in (offered, own))
    wanted = {Flag.RECEIVE, _CODING_FLAGS[coding], _RESOLUTION_FLAGS[resolution], *announced}
    wanted |= _set(ECM=with_ecm, SMALL_FRAMES=small, LEGAL=legal, INCH=_by_inch(offered, resolution))
    scan = ScanTime.MS0 if with_ecm else _scan(offered, resolution)
    profile = Profile(modulation, frozenset(flag for flag in wanted if flag), width, length, scan)
    return Agreement(profile, PageShape(pels, rows, resolution), coding, frame_octets_of(profile))


def choose_coding(both: Capabilities, *, with_ecm: bool) -> Coding:
    """MMR needs ECM (T.30 table 2, bit 31); else two-dimensional where both have it."""
    if with_ecm and Flag.MMR in both:
        return Coding.MMR
    return Coding.MR if Flag.MR in both else Coding.MH


def at(agreement: Agreement, modulation: Modulation) -> Agreement:
    """The same agreement at another rate."""
    return replace(agreement, profile=replace(agreement.profile, modulation=modulation))


def row_bits(profile: Profile) -> int:
    """The least bits of a coded row: minimum scan line time x rate (T.4 4.1.3)."""
    return profile.scan.standard_ms * profile.modulation.rate // 1000


def resolution_of(profile: Profile) -> Resolution:
    """The resolution that a DCS settled; the finest, should it name several."""
    flags = _RESOLUTION_FLAGS
    return next((known for known in _FINEST_FIRST if flags[known] in profile.flags), Resolution.STANDARD)


def width_of(profile: Profile) -> int:
    """Pels of a row at the width and resolution that a DCS settled."""
    return WIDTHS_AT[resolution_of(profile).across][_WIDTHS.index(profile.width)]


def coding_of(profile: Profile) -> Coding:
    """The coding that a DCS settled; its bit of MMR counts only with ECM (T.30 table 2)."""
    if Flag.MMR in profile and Flag.ECM in profile:
        return Coding.MMR
    return Coding.MR if Flag.MR in profile else Coding.MH


def is_beyond_us(profile: Profile) -> bool:
    """True for a DCS whose pages we could not read, were they to come: nothing of the kind was offered."""
    return bool(profile.flags & _BEYOND_US) or (Flag.MMR in profile and Flag.ECM not in profile)


def frame_octets_of(profile: Profile) -> int:
    """Octets of an ECM frame; the bit counts only with ECM (T.30 table 2, bit 28)."""
    return SMALL_FRAME_OCTETS if Flag.SMALL_FRAMES in profile and Flag.ECM in profile else FRAME_OCTETS


def _common(offered: Capabilities, own: Capabilities) -> Capabilities:
    """What both ends have of flags, widths and lengths."""
    widths = min(offered.widths, own.widths, key=_WIDTHS.index)
    lengths = min(offered.lengths, own.lengths, key=_LENGTHS.index)
    return Capabilities(offered.flags & own.flags, widths=widths, lengths=lengths)


def _set(**wanted: bool) -> set[Flag]:
    return {Flag[name] for name, is_set in wanted.items() if is_set}


def _resolution(both: Capabilities, wanted: Resolution) -> Resolution:
    """The resolution wanted, or else the finest that both have and that has no more of anything."""
    for known in _FINEST_FIRST:
        flag = _RESOLUTION_FLAGS[known]
        coarser = known.across <= wanted.across and known <= wanted
        if coarser and (flag is None or flag in both):
            return known
    return Resolution.STANDARD


def _by_inch(offered: Capabilities, resolution: Resolution) -> bool:
    """True to call 400 per inch what could be R16 x 15.4; our other resolutions are metric (T.30 table 2, bit 44)."""
    return resolution is Resolution.DPI_400 and Flag.INCH in offered


def _width(both: Capabilities, page: PageShape) -> Widths:
    """The narrowest width both have that holds the page, else the widest."""
    widths = _WIDTHS[: _WIDTHS.index(both.widths) + 1]
    pels = dict(zip(_WIDTHS, WIDTHS_AT[page.resolution.across], strict=True))
    return next((width for width in widths if pels[width] >= page.width), widths[-1])


def _length(both: Capabilities, width: Widths, rows: int, resolution: Resolution) -> tuple[Lengths, bool, int]:
    """The length to settle, whether it is US legal's, and the rows on the line: fewer when they would not fit.

    US letter is never named: A4, which every machine takes, is longer.
    """
    if both.lengths is Lengths.UNLIMITED:
        return Lengths.UNLIMITED, False, rows
    choices = [(float(_MILLIMETRES[length]), length, False) for length in _LENGTHS[: _LENGTHS.index(both.lengths) + 1]]
    if Flag.LEGAL in both and width is Widths.A4:
        choices.append((_LEGAL_MILLIMETRES, Lengths.A4, True))
    fitting = [(_most_rows(millimetres, resolution), length, legal) for millimetres, length, legal in sorted(choices)]
    most, length, legal = next((choice for choice in fitting if rows <= choice[0]), fitting[-1])
    return length, legal, min(rows, most)


def _most_rows(millimetres: float, resolution: Resolution) -> int:
    return int(millimetres / 25.4 * resolution * _TOLERANCE)


def _scan(offered: Capabilities, resolution: Resolution) -> ScanTime:
    """The least row time at this resolution, as DCS can say it."""
    standard = resolution is Resolution.STANDARD
    least = offered.scan.standard_ms if standard else offered.scan.fine_ms
    if resolution.per_metre == Resolution.SUPERFINE.per_metre and Flag.SUPERFINE_HALF_TIME in offered:
        least //= 2
    return _SCAN_OF_MS[_SHORTER_SCAN.get(least, least)]
