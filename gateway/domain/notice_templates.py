"""How a company's notices look: what it may write itself, and what the notice of one kind comes to.

What lives here: templates as they are kept, and which one counts. What does not: filling and checking them
(`gateway.mail.notice_looks`), rows (`gateway.store.notice_templates`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

EVERY_KIND = "all"  # the kind of a template that counts where there is none of a notice's own kind


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """How one kind of notice looks; what is empty looks as for everybody."""

    subject: str = ""
    text: str = ""
    html: str = field(default="", repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of its own in it."""
        return not (self.subject or self.text or self.html)


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A template as a company keeps it."""

    company: str
    kind: str
    template: NoticeTemplate
    added: datetime


@dataclass(frozen=True, slots=True)
class Dress:
    """All templates of one company, by kind."""

    company: str
    templates: Mapping[str, NoticeTemplate]

    def of(self, kind: str) -> NoticeTemplate:
        """What counts for a notice of that kind, piece by piece: its own, else that of every kind."""
        own, every = (self.templates.get(name, NoticeTemplate()) for name in (kind, EVERY_KIND))
        return NoticeTemplate(own.subject or every.subject, own.text or every.text, own.html or every.html)
