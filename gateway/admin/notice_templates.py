"""What an administrator does with a company's own looks of notices: list, show, set, remove, preview.

What lives here: those steps, and checking what is uploaded before the store is asked. What does not: what a template
may hold (`gateway.mail.notice_looks`), rows (`gateway.store.notice_templates`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from coverpages.language import TemplateError
from gateway.admin.acts import Act, Changed, Door
from gateway.admin.tree import below
from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import NodeKind, User
from gateway.domain.notice_templates import EVERY_KIND, Dress, NoticeTemplate, OwnTemplate
from gateway.mail.messages import NoticeKind, Voice
from gateway.mail.notice_looks import check, read_template
from gateway.mail.notice_samples import REFUSAL, SAMPLES, Brief, received_sample, sample
from gateway.mail.received_mail import KIND as RECEIVED
from gateway.store import notice_templates as store
from gateway.store import tree

KINDS = (EVERY_KIND, *(kind.value for kind in NoticeKind), RECEIVED)
CHANGE, VIEW = "notifications.change", "notifications.view"


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """What is uploaded; None where that piece stays as it is, empty octets where it is to be as for everybody."""

    subject: str | None = None
    text: bytes | None = None
    html: bytes | None = None


def listed(door: Door, company: str = "") -> Sequence[OwnTemplate]:
    """A company's own templates, or those that hold for somebody in it; of the whole system when nothing is named.

    Raises:
        NotFoundError: there is no such company.
        NotAllowedError: the actor may not see them.
    """
    path = below(door, company, VIEW)
    return store.listing(door.db, tree.node_by_path(door.db, path.split("/")[0]).id if path else None)


def shown(door: Door, company: str, kind: str) -> OwnTemplate:
    """One template.

    Raises:
        NotFoundError: there is none, or no such company.
        NotAllowedError: the actor may not see it.
    """
    found = [one for one in listed(door, company) if one.kind == kind]
    if not found:
        raise NotFoundError(f"{company} has no template of its own for {kind}; see faxgw notices list")
    return found[0]


def put(door: Door, company: str, kind: str, files: TemplateFiles) -> Changed[OwnTemplate]:
    """Check a template, try it on notices that never were, and keep it; what is not given stays as it was.

    Raises:
        RefusedError: it holds what it may not, or keeps what must be told (each problem with its line).
        UsageError: nothing was given, or the place is no company.
        NotFoundError, NotAllowedError: there is no such company; says which right is missing.
    """
    given = _read(files)

    def work(act: Act) -> OwnTemplate:
        _check_company(act)
        now = act.at
        kept = {one.kind: one.template for one in store.listing(act.db, act.node.id)}
        template = replace(kept.get(kind, NoticeTemplate()), **given)
        _checked(template, kind)
        before = store.put(act.db, act.node.id, kind, template, now)
        act.note("notices.set", act.node, _facts(kind, before), _facts(kind, template))
        return OwnTemplate(act.node.path, kind, template, now)

    return door.change(CHANGE, company, work)


def remove(door: Door, company: str, kind: str) -> Changed[str]:
    """Have notices of a kind look as for everybody again; the kind.

    Raises:
        NotFoundError: there is no such template, or no such company.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> str:
        _check_company(act)
        gone = store.remove(act.db, act.node.id, kind)
        act.note("notices.remove", act.node, _facts(kind, gone), {})
        return kind

    return door.change(CHANGE, company, work)


def preview(door: Door, voice: Voice, company: str, kind: str, files: TemplateFiles) -> Brief:
    """A notice as the company's people would get it; with `files` in place of what it has uploaded.

    Raises:
        RefusedError: the files hold what they may not.
        NotFoundError, NotAllowedError: there is no such company, or the actor may not see it.
    """
    kept = listed(door, company) if company else ()
    own = {one.kind: one.template for one in kept}
    of = NoticeKind.INITIAL_FAILURE.value if kind == REFUSAL else kind
    given = _read(files) if files != TemplateFiles() else {}
    template = replace(own.get(of, NoticeTemplate()), **given)
    _checked(template, of)
    name = company.split("/")[0] or "Example Company"
    dressed = replace(voice, dress=Dress(name, {**own, of: template}))
    if kind == RECEIVED:
        return received_sample(dressed)
    made = sample(kind, dressed)
    return Brief(made.look, made.message)


def sample_kinds() -> tuple[str, ...]:
    """What can be previewed."""
    return (*SAMPLES, RECEIVED)


def _check_company(act: Act) -> None:
    if isinstance(act.node, User) or act.node.kind is not NodeKind.COMPANY:
        raise UsageError(f"{act.node.path} is no company: notices look alike for all of a company")


def _read(files: TemplateFiles) -> dict[str, str]:
    given = {"subject": files.subject} if files.subject is not None else {}
    for name, content in (("text", files.text), ("html", files.html)):
        if content is not None:
            given[name] = _text(name, content) if content else ""
    if not given:
        raise UsageError("nothing was given: say --subject, --text or --html")
    return given


def _text(name: str, content: bytes) -> str:
    try:
        return read_template(content)
    except TemplateError as error:
        raise RefusedError(f"the {name} cannot be used: {error}") from None


def _checked(template: NoticeTemplate, kind: str) -> None:
    try:
        check(template)
    except TemplateError as error:
        raise RefusedError(f"the template for {kind} cannot be used: {error}") from None


def _facts(kind: str, template: NoticeTemplate) -> dict[str, str]:
    """What the journal says of a template: which pieces there are, by digest."""
    if template.is_empty:
        return {}
    pieces = {"text": template.text, "html": template.html}
    digests = {name: sha256(words.encode()).hexdigest() for name, words in pieces.items() if words}
    return {"kind": kind, "subject": template.subject, **digests}
