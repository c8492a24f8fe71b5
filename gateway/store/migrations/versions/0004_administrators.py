"""Administrators, their rights, password policies, what is known of passwords, and blocked numbers.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "block", "sign_in_failure", "old_password", "password", "policy", "administrator_right", "administrator",
)  # fmt: skip


def upgrade() -> None:
    """Only new tables."""
    _administrators()
    _policies()
    _passwords()
    op.create_table(
        "block",
        sa.Column("company_id", BIG, sa.ForeignKey("node.id", name="fk_block_company_id"), nullable=False),
        *_texts("number", "note"),
        sa.Column("added", BIG, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "number", name="pk_block"),
    )
    op.create_index("ix_block_number", "block", ["number"])


def downgrade() -> None:
    """Blocks and administrators are lost; nothing of before is."""
    for table in TABLES:
        op.drop_table(table)


def _administrators() -> None:
    op.create_table(
        "administrator",
        _number(),
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_administrator_node_id"), nullable=False),
        *_texts("user_name", "user_name_key", "first_name", "last_name", "email", "time_zone", "language"),
        *_texts("password_hash"),
        *_switches("read_only", "locked"),
        sa.Column("created", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_administrator"),
        sa.UniqueConstraint("user_name_key", name="uq_administrator_user_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_administrator_node_id", "administrator", ["node_id"])
    of = sa.ForeignKey("administrator.id", name="fk_administrator_right_administrator_id")
    op.create_table(
        "administrator_right",
        sa.Column("administrator_id", BIG, of, nullable=False),
        *_texts("name"),
        sa.PrimaryKeyConstraint("administrator_id", "name", name="pk_administrator_right"),
    )


def _policies() -> None:
    op.create_table(
        "policy",
        _number(),
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_policy_node_id"), nullable=True),
        *_texts("name", "name_key", "fields"),
        sa.PrimaryKeyConstraint("id", name="pk_policy"),
        sa.UniqueConstraint("node_id", "name_key", name="uq_policy_node_id_name_key"),
        sqlite_autoincrement=True,
    )
    where = sa.text("node_id IS NULL")
    op.create_index(
        "uq_policy_everywhere", "policy", ["name_key"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _passwords() -> None:
    op.create_table(
        "password",
        *_texts("user_name_key"),
        sa.Column("changed", BIG, nullable=False),
        *_switches("must_change"),
        sa.PrimaryKeyConstraint("user_name_key", name="pk_password"),
    )
    for table, column in (
        ("old_password", sa.Column("password_hash", sa.String(), nullable=False)),
        ("sign_in_failure", sa.Column("at", BIG, nullable=False)),
    ):
        key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
        op.create_table(table, _number(), *_texts("user_name_key"), column, key, sqlite_autoincrement=True)
        op.create_index(f"ix_{table}_user_name_key", table, ["user_name_key"])
    op.create_index("ix_sign_in_failure_at", "sign_in_failure", ["at"])


def _number() -> sa.Column[int]:
    return sa.Column("id", BIG, autoincrement=True, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _switches(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]
