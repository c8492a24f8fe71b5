"""A mail's parts, decoded to files: the body, the attachments in order, the pictures of its HTML, what is left out.

What lives here: which part plays which role. What does not: decoding one part (`mime`), the header facts (`header`),
rendering. It is to run in a confined process: mails are hostile, and Python's parser takes whatever memory they ask
for. It reads with the compat32 policy; the newer one raises on hundreds of real mails.
"""

from collections.abc import Iterator
from email import message_from_binary_file, policy
from email.message import Message
from pathlib import Path

from gateway.mail.header import header_facts, read_header
from gateway.mail.mime import (
    LeftOut,
    MailError,
    MailParts,
    PartFile,
    PartLimits,
    PartWriter,
    Reason,
    content_id,
    is_attachment,
    left_out_reason,
    media_type,
    shown_name,
)

__all__ = [
    "LeftOut", "MailError", "MailParts", "PartFile", "PartLimits", "Reason", "header_facts", "parts_of", "read_header",
]  # fmt: skip

# What the email package raises on hostile input, under compat32; found with collections of broken mails.
_PARSER_ERRORS = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
_WHOLE = ("message/", "multipart/encrypted")  # not walked into: handed over as what they are
_DEFAULT_LIMITS = PartLimits()


def parts_of(path: Path, workdir: Path, limits: PartLimits = _DEFAULT_LIMITS) -> MailParts:
    """Take the mail in `path` apart; decoded parts become files in `workdir`, which exists.

    Raises:
        MailError: too many parts, too deep, or no MIME that can be made out.
        OSError: a file cannot be read or written.
    """
    try:
        with path.open("rb") as file:
            message = message_from_binary_file(file, policy=policy.compat32)
        return _Walk(workdir, limits).over(message)
    except RecursionError as error:
        raise MailError(f"the mail's parts are nested deeper than {limits.max_depth} levels") from error
    except _PARSER_ERRORS as error:
        raise MailError(f"the mail's parts cannot be told apart ({type(error).__name__})") from error


class _Walk:
    """Goes through the parts in the order of the mail (RFC 2046 5.1) and gives each its role."""

    def __init__(self, workdir: Path, limits: PartLimits) -> None:
        self._limits = limits
        self._writer = PartWriter(workdir)
        self._seen = 0
        self._body: PartFile | None = None
        self._html: str | None = None  # the HTML that may show inline pictures, also when it is not the body
        self._attachments: list[PartFile] = []
        self._inline: dict[str, PartFile] = {}
        self._left_out: list[LeftOut] = []

    def over(self, message: Message) -> MailParts:
        for part in self._leaves(message, depth=0):
            self._place(part)
        return MailParts(self._body, tuple(self._attachments), self._inline, tuple(self._left_out))

    def _leaves(self, part: Message, depth: int) -> Iterator[Message]:
        self._seen += 1
        if self._seen > self._limits.max_parts:
            raise MailError(f"the mail has more than {self._limits.max_parts} parts")
        if depth > self._limits.max_depth:
            raise MailError(f"the mail's parts are nested deeper than {self._limits.max_depth} levels")
        kind = media_type(part)
        if not part.is_multipart() or kind.startswith(_WHOLE):
            if not kind.startswith("multipart/") or kind in _WHOLE:  # else a frame without parts
                yield part
        elif kind == "multipart/alternative":
            yield from self._alternative(part, depth)
        else:
            for child in _children(part):
                yield from self._leaves(child, depth + 1)

    def _alternative(self, part: Message, depth: int) -> Iterator[Message]:
        """One of the ways to say the same (RFC 2046 5.1.4): the plain text if there is any, else the last we know.

        What is not chosen is still looked through for attachments, which some programs put beside the HTML.
        """
        leaves = [leaf for child in _children(part) for leaf in self._leaves(child, depth + 1)]
        texts = [leaf for leaf in leaves if media_type(leaf).startswith("text/") and not is_attachment(leaf)]
        bodies = [leaf for leaf in texts if media_type(leaf) in ("text/plain", "text/html")]
        chosen = _preferred(bodies, self._limits.prefer_html)
        self._note_html(bodies)
        for leaf in leaves:
            if leaf is chosen or not any(leaf is text for text in texts):
                yield leaf

    def _note_html(self, texts: list[Message]) -> None:
        for text in texts:
            if self._html is None and media_type(text) == "text/html":
                self._html = self._writer.text_of(text)

    def _place(self, part: Message) -> None:
        kind = media_type(part)
        reason = left_out_reason(part)
        if reason is not None:
            self._leave_out(part, reason)
        elif kind in ("text/plain", "text/html") and not is_attachment(part):
            self._place_text(part)
        elif self._is_inline_picture(part):
            self._place_picture(part)
        else:
            self._attachments.append(self._writer.attachment(part, len(self._attachments) + 1))

    def _place_text(self, part: Message) -> None:
        """The first text is the body, and plain text behind an attachment goes on with it.

        Else the signature that Apple Mail writes there would be a page of its own. HTML is faxed where it stands.
        """
        self._note_html([part])
        text = self._writer.body(part)
        if text is None:
            return
        if self._body is None and not self._attachments:
            self._body = text
        elif self._body is not None and self._body.media_type == text.media_type == "text/plain":
            self._body = self._writer.joined(self._body, text)
        else:
            self._attachments.append(self._writer.renumbered(text, len(self._attachments) + 1))

    def _is_inline_picture(self, part: Message) -> bool:
        identity = content_id(part)
        picture = media_type(part).startswith("image/")
        return picture and bool(identity) and f"cid:{identity}" in (self._html or "")

    def _place_picture(self, part: Message) -> None:
        """A picture that the HTML shows: for the HTML's renderer; beside plain text it is an ornament."""
        if self._body is not None and self._body.media_type == "text/html":
            self._inline[content_id(part)] = self._writer.attachment(part, 0)
        else:
            self._leave_out(part, Reason.INLINE_PICTURE)

    def _leave_out(self, part: Message, reason: Reason) -> None:
        self._left_out.append(LeftOut(shown_name(part), media_type(part), reason))


def _preferred(bodies: list[Message], prefer_html: bool) -> Message | None:
    wanted = "text/html" if prefer_html else "text/plain"
    filled = [body for body in bodies if str(body.get_payload()).strip()]
    best = [body for body in filled if media_type(body) == wanted]
    return (best or filled or [None])[-1]  # type: ignore[list-item]


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []
