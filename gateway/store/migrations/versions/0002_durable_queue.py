"""The durable queue: journal, trunks, nodes, sweeping.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _nodes()


def downgrade() -> None:
    _without_nodes()


def _nodes() -> None:
    """What a process tells of itself, the time that several share, and which older code may go on."""
    for name in ("roles", "version", "boot", "guard"):
        op.add_column("process", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("process", sa.Column("pid", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wall", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("told", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "works_for",
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("older", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", "older", name=op.f("pk_works_for")),
    )


def _without_nodes() -> None:
    op.drop_table("works_for")
    op.drop_table("clock")
    for name in ("pid", "guard", "boot", "version", "roles"):
        op.drop_column("process", name)
