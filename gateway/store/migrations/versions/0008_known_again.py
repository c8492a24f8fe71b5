"""Mails by what they are, whoever they go to; and where each process keeps contents.

A mail that comes again to more numbers goes to the new ones alone. A process that keeps contents where others do not
is not let in.

Names are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
works_for = ("0006", "0007")  # their code leaves both empty: it looks for the whole mail alone, and asks nobody


def upgrade() -> None:
    """Two columns and an index."""
    op.add_column("submission", sa.Column("mail_key", BIG, nullable=True))
    op.add_column("process", sa.Column("place", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_submission_mail_key", "submission", ["mail_key"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_submission_mail_key", table_name="submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("mail_key")
    with op.batch_alter_table("process") as table:
        table.drop_column("place")
