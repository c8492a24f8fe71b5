"""Addresses that were registered with a domain in its own letters get the form in which they are looked for: in ASCII.

Where somebody is registered in that form already, the other spelling is his, too, and goes.

Names are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
works_for = ("0006", "0007", "0008")  # their code looks for both forms, or for this one

SENDING = sa.table("sending_address", sa.column("address"))
RECEIVING = sa.table("receiving_address", sa.column("address"))


def upgrade() -> None:
    """Rows alone."""
    connection = op.get_bind()
    known = set(connection.scalars(sa.select(SENDING.c.address)))
    for address in sorted(name for name in known if not name.isascii()):
        if (kept := _in_ascii(address)) in known and kept != address:
            connection.execute(sa.delete(SENDING).where(SENDING.c.address == address))
        else:
            connection.execute(sa.update(SENDING).where(SENDING.c.address == address).values(address=kept))
            known.add(kept)
    for address in set(connection.scalars(sa.select(RECEIVING.c.address))):
        if not address.isascii():
            kept = _in_ascii(address)
            connection.execute(sa.update(RECEIVING).where(RECEIVING.c.address == address).values(address=kept))


def downgrade() -> None:
    """Nothing: the older code knows this form."""


def _in_ascii(address: str) -> str:
    local, _, domain = unicodedata.normalize("NFC", address).rpartition("@")
    return f"{local}@{'.'.join(label if label.isascii() else _a_label(label) for label in domain.split('.'))}"


def _a_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label
