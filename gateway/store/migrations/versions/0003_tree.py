"""The tree: locks of settings, emergency contacts, nodes that are gone, what is frozen with a mail, the journal.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBERED = sa.text("fax_number <> ''")


def upgrade() -> None:
    """New tables; columns with a default; one fax number, one user."""
    _journal()
    _locks()
    _contacts()
    op.add_column("node", sa.Column("deleted", BIG, nullable=True))
    op.add_column("submission", sa.Column("frozen", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "uq_user_profile_fax_number", "user_profile", ["fax_number"], unique=True,
        sqlite_where=NUMBERED, postgresql_where=NUMBERED,
    )  # fmt: skip


def downgrade() -> None:
    """The journal is lost; nodes that are gone come back as what they were called last."""
    op.drop_index("uq_user_profile_fax_number", "user_profile")
    with op.batch_alter_table("submission") as submission:
        submission.drop_column("frozen")
    with op.batch_alter_table("node") as node:
        node.drop_column("deleted")
    for table in ("contact", "setting_lock", "journal_head", "journal"):
        op.drop_table(table)


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        *_texts("who", "what"),
        sa.Column("node_id", BIG, nullable=True),
        *_texts("target", "before", "after", "reason", "previous", "digest"),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["at"])
    op.create_index("ix_journal_node_id", "journal", ["node_id"])
    op.create_table(
        "journal_head",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        *_texts("digest"),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )


def _locks() -> None:
    op.create_table(
        "setting_lock",
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_setting_lock_node_id"), nullable=False),
        *_texts("name"),
        sa.PrimaryKeyConstraint("node_id", "name", name="pk_setting_lock"),
    )


def _contacts() -> None:
    op.create_table(
        "contact",
        sa.Column("company_id", BIG, sa.ForeignKey("node.id", name="fk_contact_company_id"), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        *_texts("name", "email", "voice_phone", "extension"),
        sa.PrimaryKeyConstraint("company_id", "name_key", name="pk_contact"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]
