"""Retention: what is to be erased, and was; indexes by which a content's rows are found.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
works_for = ("0004",)  # nothing of before has changed: a node that erases nothing may go on

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMED = (("attempt", "tiff"), ("attempt", "pdf"), ("job", "cover"), ("submission", "pages"))


def upgrade() -> None:
    """Only new tables and indexes."""
    op.create_table(
        "erasure",
        sa.Column("job_id", BIG, sa.ForeignKey("job.id", name="fk_erasure_job_id"), nullable=False),
        sa.Column(
            "submission_id", BIG, sa.ForeignKey("submission.id", name="fk_erasure_submission_id"), nullable=False
        ),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("due", BIG, nullable=False),
        sa.Column("erased", BIG, nullable=True),
        sa.Column("hashes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_erasure"),
    )
    kept = sa.text("erased IS NULL")
    op.create_index("ix_erasure_due", "erasure", ["due"], sqlite_where=kept, postgresql_where=kept)
    op.create_index("ix_erasure_submission_id", "erasure", ["submission_id"])
    op.create_table(
        "erased_content",
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_erased_content"),
    )
    op.create_table(
        "erasure_mark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_mark"),
    )
    for table, what in NAMED:
        column = f"{what}_digest"
        where = sa.text(f"{column} <> ''")
        op.create_index(f"ix_{table}_{what}", table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """What was erased stays so."""
    for table, what in NAMED:
        op.drop_index(f"ix_{table}_{what}", table_name=table)
    for table in ("erasure_mark", "erased_content", "erasure"):
        op.drop_table(table)
