"""The durable queue: journal, trunks, nodes, sweeping.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _queue()
    _nodes()
    _alarms()


def downgrade() -> None:
    _without_news()
    _without_alarms()
    _without_queue()
    _without_nodes()


def _alarms() -> None:
    """What is stuck and who was told, and an index for mails that were given up."""
    time = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alarm",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("since", time, nullable=True),
        sa.Column("mailed", time, nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "host", name=op.f("pk_alarm")),
    )
    dead = sa.text("state = 'dead'")
    columns = ["not_before", "kind"]
    op.create_index(op.f("ix_outbox_dead"), "outbox", columns, sqlite_where=dead, postgresql_where=dead)


def _without_alarms() -> None:
    op.drop_index(op.f("ix_outbox_dead"), table_name="outbox")
    op.drop_table("alarm")


def _nodes() -> None:
    """What a process tells of itself, the time that several share, and which older code may go on."""
    for name in ("roles", "version", "guard"):
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


def _without_news() -> None:
    """Triggers stand outside of the history, but those of PostgreSQL hold the columns that they look at."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("submission", "job", "trunk", "outbox"):
            for topic in ("prepare", "lines", "free", "cancel", "mail"):
                op.execute(f"DROP TRIGGER IF EXISTS tell_{topic}_{table} ON {table}")


def _without_nodes() -> None:
    op.drop_table("works_for")
    op.drop_table("clock")
    for name in ("pid", "guard", "version", "roles"):
        op.drop_column("process", name)


_JOB_INDEXES = (
    ("ix_job_ready", ["priority", "user_id", "not_before", "id", "number"], "state = 'ready'"),
    ("ix_job_ready_number", ["priority", "number", "not_before", "id"], "state = 'ready'"),
    ("ix_job_accepted", ["accepted", "id"], ""),
    ("ix_job_user_id", ["user_id", "accepted", "id"], ""),
    ("ix_job_number", ["number", "accepted", "id"], ""),
    ("ix_job_number_reversed", ["number_reversed", "accepted", "id"], ""),
    ("ix_job_outcome", ["outcome", "accepted", "id"], "outcome IS NOT NULL"),
    ("ix_job_open", ["state", "accepted", "id"], "ended IS NULL"),
    ("ix_job_over", ["state", "accepted", "id"], "ended IS NOT NULL"),
)
_FORMER_JOB_INDEXES = (
    ("ix_job_ready", ["priority", "not_before", "id", "number"], "state = 'ready'"),
    ("ix_job_user_id", ["user_id", "id"], ""),
    ("ix_job_number", ["number", "id"], ""),
)
_LAST_DIGITS_FIRST = {
    "postgresql": "reverse(number)",
    "sqlite": " || ".join(f"substr(number, {place}, 1)" for place in range(20, 0, -1)),  # E.164 has 15 and a plus
}


def _queue() -> None:
    """Whose turn it is, trunks that are paused, holds in a call, and indexes for lists of ten million faxes."""
    op.add_column("trunk", sa.Column("lines", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("trunk", sa.Column("state", sa.String(), nullable=False, server_default="open"))
    op.add_column("trunk", sa.Column("turns", sa.String(), nullable=False, server_default="{}"))
    op.add_column("job", sa.Column("hold_asked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("route", sa.String(), nullable=False, server_default=""))
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.add_column("job", sa.Column("number_reversed", plain, nullable=False, server_default=""))
    _drop_indexes([name for name, _, _ in _FORMER_JOB_INDEXES])
    engine = op.get_bind().dialect.name
    op.execute(f"UPDATE job SET number_reversed = {_LAST_DIGITS_FIRST[engine]}")
    if engine == "postgresql":
        op.alter_column("job", "number", type_=plain)
    _make_indexes(_JOB_INDEXES)


def _without_queue() -> None:
    _drop_indexes([name for name, _, _ in _JOB_INDEXES])
    for name in ("number_reversed", "route", "hold_asked"):
        op.drop_column("job", name)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("job", "number", type_=sa.String(collation="default"))
    _make_indexes(_FORMER_JOB_INDEXES)
    for name in ("turns", "state", "lines"):
        op.drop_column("trunk", name)


def _make_indexes(indexes: Sequence[tuple[str, list[str], str]]) -> None:
    for name, columns, where in indexes:
        rows = sa.text(where) if where else None
        op.create_index(op.f(name), "job", columns, sqlite_where=rows, postgresql_where=rows)


def _drop_indexes(names: Sequence[str]) -> None:
    for name in names:
        op.drop_index(op.f(name), table_name="job")
