"""Templates of notices that companies have uploaded.

What lives here: rows of them as callers see them. What does not: what a template may hold and how it is filled
(`gateway.mail.notice_looks`), which one counts (`gateway.domain.notice_templates`).
"""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError
from gateway.domain.notice_templates import Dress, NoticeTemplate, OwnTemplate
from gateway.store.database import Database
from gateway.store.places import line_above
from gateway.store.tree_tables import NodeRow, NoticeTemplateRow


def put(db: Database, company_id: int, kind: str, template: NoticeTemplate, now: datetime) -> NoticeTemplate:
    """Keep a template, in place of the one of that kind; what was there before."""

    def work(session: Session) -> NoticeTemplate:
        row = session.get(NoticeTemplateRow, (company_id, kind))
        before = NoticeTemplate() if row is None else _template(row)
        row = row or NoticeTemplateRow(node_id=company_id, kind=kind, added=now)
        row.subject, row.text, row.html, row.added = template.subject, template.text, template.html, now
        session.add(row)
        return before

    return db.write(work)


def remove(db: Database, company_id: int, kind: str) -> NoticeTemplate:
    """Take a template away, and return it.

    Raises:
        NotFoundError: there is none of that kind.
    """

    def work(session: Session) -> NoticeTemplate:
        row = session.get(NoticeTemplateRow, (company_id, kind))
        if row is None:
            raise NotFoundError(f"there is no template of its own for {kind}; see faxgw notices list")
        gone = _template(row)
        this = (col(NoticeTemplateRow.node_id) == company_id, col(NoticeTemplateRow.kind) == kind)
        session.execute(delete(NoticeTemplateRow).where(*this))
        return gone

    return db.write(work)


def listing(db: Database, company_id: int | None = None) -> tuple[OwnTemplate, ...]:
    """All templates, or those of one company, by company and kind."""
    statement = select(NoticeTemplateRow, NodeRow.name).join(NodeRow, col(NodeRow.id) == col(NoticeTemplateRow.node_id))
    if company_id is not None:
        statement = statement.where(NoticeTemplateRow.node_id == company_id)
    statement = statement.order_by(NodeRow.name, col(NoticeTemplateRow.kind))
    rows = db.read(lambda session: session.exec(statement).all())
    return tuple(OwnTemplate(name, row.kind, _template(row), row.added) for row, name in rows)


def dress(db: Database, node_id: int) -> Dress | None:
    """How notices look for a company, or for somebody in it; None where they look as they ship."""

    def work(session: Session) -> Dress | None:
        line = line_above(node_id)
        statement = (
            select(NoticeTemplateRow, NodeRow.name)
            .join(line, line.c.id == col(NoticeTemplateRow.node_id))
            .join(NodeRow, col(NodeRow.id) == col(NoticeTemplateRow.node_id))
        )
        rows = session.exec(statement).all()
        return Dress(rows[0][1], {row.kind: _template(row) for row, _name in rows}) if rows else None

    return db.read(work)


def _template(row: NoticeTemplateRow) -> NoticeTemplate:
    return NoticeTemplate(row.subject, row.text, row.html)
