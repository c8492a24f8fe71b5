"""One document through a running LibreOffice: loaded, made ready for paper, written as PDF. Speaks UNO.

What lives here: how a document is opened and exported, and what a password is told by. What does not: widths of
sheets (`sheets`), processes (`listener`). Runs under LibreOffice's own Python.
"""

from pathlib import Path
from typing import Any

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.lang import DisposedException
from com.sun.star.task import XInteractionHandler
from com.sun.star.uno import Exception as UnoError

from renderers.libreoffice import sheets
from renderers.libreoffice.messages import Answer, Ended, Order

EXPORTS = (
    ("com.sun.star.sheet.SpreadsheetDocument", "calc_pdf_Export"),
    ("com.sun.star.presentation.PresentationDocument", "impress_pdf_Export"),
    ("com.sun.star.drawing.DrawingDocument", "draw_pdf_Export"),
    ("com.sun.star.text.WebDocument", "writer_web_pdf_Export"),
    ("com.sun.star.text.TextDocument", "writer_pdf_Export"),
)
_UTF8 = 76
_NEVER = 0  # of macros (document.MacroExecMode) and of updating links (document.UpdateDocMode)


class _Declines(unohelper.Base, XInteractionHandler):  # type: ignore[misc] # no stubs for UNO
    """Says no to all that LibreOffice asks while it loads, and notes whether it asked for a password.

    A damaged package is not repaired: the sender would not know what is missing. What is asked is told by the offered
    continuations; the request itself cannot be read, as PyUNO fails on results that are exceptions.
    """

    def __init__(self) -> None:
        self.locked = False

    def handle(self, request: Any) -> None:
        """Called by LibreOffice (task.XInteractionHandler)."""
        for way in request.getContinuations():
            offered = {kind.typeName.rpartition(".")[2] for kind in way.getTypes()}
            self.locked = self.locked or bool(offered & {"XInteractionPassword", "XInteractionPassword2"})
            if offered & {"XInteractionAbort", "XInteractionDisapprove"}:
                way.select()


def convert(desktop: Any, order: Order) -> Answer:
    """Convert one document.

    Raises:
        DisposedException: LibreOffice is gone.
    """
    declines = _Declines()
    try:
        document = desktop.loadComponentFromURL(Path(order.source).as_uri(), "_blank", 0, _loading(order, declines))
        if document is None:
            return Answer(Ended.LOCKED if declines.locked else Ended.REFUSED, "it cannot be loaded")
        return _written(document, order)
    except DisposedException:
        raise
    except UnoError as error:
        return Answer(Ended.LOCKED if declines.locked else Ended.REFUSED, str(error.Message)[:400])


def _written(document: Any, order: Order) -> Answer:
    try:
        export = next((name for kind, name in EXPORTS if document.supportsService(kind)), "")
        if not export:
            return Answer(Ended.REFUSED, "nothing that has pages")
        if export == "calc_pdf_Export":
            sheets.fit(document, plain=order.kind == "csv")
        document.storeToURL(Path(order.target).as_uri(), _exporting(export, order.most_pages))
        return Answer(Ended.MADE)
    finally:
        document.close(True)


def _loading(order: Order, declines: _Declines) -> tuple[PropertyValue, ...]:
    wanted = {
        "Hidden": True,
        "ReadOnly": True,
        "MacroExecutionMode": _NEVER,
        "UpdateDocMode": _NEVER,
        "InteractionHandler": declines,
    }
    if order.separator:
        wanted["FilterName"] = "Text - txt - csv (StarCalc)"
        wanted["FilterOptions"] = f"{ord(order.separator)},34,{_UTF8},1"
    return _properties(wanted)


def _exporting(export: str, most_pages: int) -> tuple[PropertyValue, ...]:
    """What a fax needs and no more: no bookmarks, tags, comments or form fields; pictures no finer than a fax shows."""
    options = {
        "PageRange": f"1-{most_pages}",
        "ReduceImageResolution": True,
        "MaxImageResolution": 300,
        "Quality": 85,
        "ExportBookmarks": False,
        "UseTaggedPDF": False,
        "ExportNotes": False,
        "ExportFormFields": False,
        "IsSkipEmptyPages": True,
    }
    wrapped = uno.Any("[]com.sun.star.beans.PropertyValue", _properties(options))
    return _properties({"FilterName": export, "FilterData": wrapped})


def _properties(values: dict[str, Any]) -> tuple[PropertyValue, ...]:
    made = []
    for name, value in values.items():
        one = PropertyValue()
        one.Name, one.Value = name, value
        made.append(one)
    return tuple(made)


__all__ = ["DisposedException", "convert"]
