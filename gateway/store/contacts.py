"""Whom to call at a company in an emergency.

What lives here: the store's functions on emergency contacts. What does not: how many there may be, and their forms
(`gateway.admin.contacts`).
"""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError
from gateway.domain.nodes import EmergencyContact
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.places import name_key
from gateway.store.tree_tables import ContactRow


def contacts(db: Database, company_id: int) -> tuple[EmergencyContact, ...]:
    """Those of a company, by name."""
    theirs = select(ContactRow).where(ContactRow.company_id == company_id).order_by(col(ContactRow.name_key))
    return db.read(
        lambda session: tuple(
            EmergencyContact(row.name, row.email, row.voice_phone, row.extension) for row in session.exec(theirs)
        )
    )


def keep_contact(db: Database, company_id: int, contact: EmergencyContact) -> None:
    """Keep a contact, in the place of the one of that name."""
    row = ContactRow(
        company_id=company_id,
        name_key=name_key(contact.name),
        name=contact.name,
        email=contact.email,
        voice_phone=contact.voice_phone,
        extension=contact.extension,
    )

    def work(session: Session) -> None:
        session.merge(row)

    db.write(work)


def remove_contact(db: Database, company_id: int, name: str) -> None:
    """Take a contact away.

    Raises:
        NotFoundError: there is none of that name.
    """
    table = table_of(ContactRow)
    wanted = sa.delete(table).where(table.c.company_id == company_id, table.c.name_key == name_key(name))

    def work(session: Session) -> None:
        if session.connection().execute(wanted).rowcount == 0:
            raise NotFoundError(f"there is no emergency contact {name!r}; see faxgw company contacts")

    db.write(work)
