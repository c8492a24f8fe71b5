"""Sheets made to fit paper: as wide as a page, turned or in parts where that would be too small to read.

What lives here: the scaling of page styles. What does not: loading and writing (`papers`). Runs under LibreOffice's
own Python; lengths are UNO's, hundredths of a millimetre.
"""

from typing import Any

_SMALLEST = 0.5  # of ten-point letters five points are left, what a fax in fine resolution still shows
_TURN_BELOW = 0.8


def fit(document: Any, plain: bool = False) -> None:
    """Scale each visible sheet to the width of its page; those with a scaling of their own are left alone.

    `plain` sheets never had a page: they get no header and footer.
    """
    styles = document.StyleFamilies.getByName("PageStyles")
    for name, width in _widths(document).items():
        style = styles.getByName(name)
        if plain:
            style.HeaderIsOn = style.FooterIsOn = False
        if not _scaled(style):
            _scale(style, width)


def _widths(document: Any) -> dict[str, int]:
    """The widest visible sheet of each page style."""
    found: dict[str, int] = {}
    for sheet in document.Sheets:
        if sheet.IsVisible:
            found[sheet.PageStyle] = max(found.get(sheet.PageStyle, 0), _width(sheet))
    return found


def _width(sheet: Any) -> int:
    areas = sheet.getPrintAreas()
    if areas:
        return max(_right(sheet, area.EndColumn) - _left(sheet, area.StartColumn) for area in areas)
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    return _right(sheet, cursor.RangeAddress.EndColumn)


def _left(sheet: Any, column: int) -> int:
    return int(sheet.getCellByPosition(column, 0).Position.X)


def _right(sheet: Any, column: int) -> int:
    return _left(sheet, column) + int(sheet.Columns.getByIndex(column).Width)


def _scaled(style: Any) -> bool:
    pages = (style.ScaleToPages, style.ScaleToPagesX, style.ScaleToPagesY)
    return style.PageScale not in {0, 100} or any(pages)


def _scale(style: Any, width: int) -> None:
    room = _room(style)
    if width > room / _TURN_BELOW and style.Width < style.Height:
        style.IsLandscape = True
        style.Width, style.Height = style.Height, style.Width
        room = _room(style)
    style.ScaleToPagesX = max(1, -(-round(width * _SMALLEST) // max(room, 1)))
    style.ScaleToPagesY = 0


def _room(style: Any) -> int:
    return int(style.Width - style.LeftMargin - style.RightMargin)
