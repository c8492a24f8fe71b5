"""Why a document cannot become fax pages, in words for the one who sent it.

What lives here: the closed list of reasons and the one error of this package. What does not: crashes of the
process that renders, which `confine` reports.
"""

from enum import StrEnum


class Reason(StrEnum):
    """What stood in the way; stable words, fit for records."""

    UNKNOWN_TYPE = "unknown_type"
    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    TOOL_MISSING = "tool_missing"
    CRASHED = "crashed"


_SENTENCES = {
    Reason.UNKNOWN_TYPE: "“{name}” is of a kind that cannot be faxed; send it as PDF, an office document or a picture.",
    Reason.CORRUPT: "“{name}” is damaged and cannot be opened; open it on your computer, save it again and resend.",
    Reason.ENCRYPTED: "“{name}” is protected by a password; remove the password and resend.",
    Reason.TOO_MANY_PAGES: "“{name}” has more pages than may be faxed at once; send fewer pages.",
    Reason.TOO_LARGE: "“{name}” is too large to be turned into fax pages; send a smaller or simpler document.",
    Reason.TOO_LONG: "“{name}” took too long to be turned into fax pages; save it as PDF and resend.",
    Reason.EMPTY: "“{name}” has nothing in it to fax; check that you attached the right document.",
    Reason.TOOL_MISSING: "“{name}” cannot be converted here, because a program is missing; save it as PDF and resend.",
    Reason.CRASHED: "“{name}” made the converter fail; save it as PDF and resend.",
}


class RenderError(Exception):
    """A document that cannot become fax pages: `reason`, the document's `name`, and `text` for the sender.

    `detail` is for the administrator: what a tool said, which package is missing.
    """

    def __init__(self, reason: Reason, name: str, detail: str = "", text: str = "") -> None:
        self.reason = reason
        self.name = name
        self.detail = detail
        self.text = text or _SENTENCES[reason].format(name=name)
        super().__init__(reason, name, detail, self.text)

    @property
    def nameless(self) -> str:
        """The text without the document's name, which is nobody's but its sender's."""
        return self.text.replace(f"“{self.name}”", "it", 1)

    def __str__(self) -> str:
        return f"{self.text} ({self.detail})" if self.detail else self.text
