"""Faxes that come in: calls, their pages, their history; what is done with them.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

from typing import Any

import phonenumbers
import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
# Nothing of before may go on: its sweep would put aside the contents that only the new tables name.
works_for = ()

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PLAIN_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables and their indexes."""
    _received()
    _received_pages()
    _received_events()
    _archive()
    _notice_templates()
    _inventory()
    _first_passwords()
    _forwarding()
    _large_mails()
    _simulated_calls()


def downgrade() -> None:
    """Received faxes are lost; nothing of before is."""
    op.drop_table("simulated_call")
    op.drop_table("archive_transfer")
    _small_mails()
    op.drop_table("forwarding")
    tables = ("first_password", "number_route", "number", "notice_template", "received_event", "received_page")
    for table in (*tables, "received"):
        op.drop_table(table)


def _number() -> sa.Column[int]:
    return sa.Column("id", BIG, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _plain_texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, PLAIN_TEXT, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _index(name: str, table: str, columns: list[str], where: str = "") -> None:
    clause: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(name, table, columns, **clause)


def _archive() -> None:
    """Copies of faxes that go elsewhere."""
    of_job = sa.ForeignKey("job.id", name="fk_archive_transfer_job_id")
    of_received = sa.ForeignKey("received.id", name="fk_archive_transfer_received_id")
    op.create_table(
        "archive_transfer",
        _number(),
        *_texts("direction"),
        sa.Column("job_id", BIG, of_job, nullable=True),
        sa.Column("received_id", BIG, of_received, nullable=True),
        sa.Column("user_id", BIG, sa.ForeignKey("node.id", name="fk_archive_transfer_user_id"), nullable=False),
        *_texts("place", "naming", "format"),
        sa.Column("metadata_too", sa.Boolean(), nullable=False),
        *_texts("state"),
        sa.Column("created", BIG, nullable=False),
        sa.Column("not_before", BIG, nullable=False),
        sa.Column("ended", BIG, nullable=True),
        *_counts("tries", "fence"),
        *_texts("reply", "file_name"),
        sa.Column("owner", BIG, sa.ForeignKey("process.id", name="fk_archive_transfer_owner"), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_archive_transfer"),
        sa.UniqueConstraint("job_id", name="uq_archive_transfer_job_id"),
        sa.UniqueConstraint("received_id", name="uq_archive_transfer_received_id"),
        sqlite_autoincrement=True,
    )
    for name, columns, where in (
        ("waiting", ["not_before", "id"], "state = 'waiting'"),
        ("owner", ["owner"], "owner IS NOT NULL"),
        ("failed", ["not_before"], "state IN ('dead', 'lost')"),
        ("user_id", ["user_id", "id"], ""),
    ):
        _index(f"ix_archive_transfer_{name}", "archive_transfer", columns, where)


def _received() -> None:
    op.create_table(
        "received",
        _number(),
        *_texts("call_uid"),
        *_plain_texts("number", "number_reversed", "caller", "caller_reversed"),
        *_texts("remote_id", "sub_address"),
        sa.Column("user_id", BIG, sa.ForeignKey("node.id", name="fk_received_user_id"), nullable=False),
        *_texts("state"),
        sa.Column("started", BIG, nullable=False),
        sa.Column("ended", BIG, nullable=True),
        *_counts("pages", "bad_rows", "fence"),
        sa.Column("whole", sa.Boolean(), nullable=False),
        *_texts("tiff_digest", "cause", "report", "hashes"),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("ecm", sa.Boolean(), nullable=True),
        sa.Column("due", BIG, nullable=True),
        sa.Column("erased", BIG, nullable=True),
        sa.Column("owner", BIG, sa.ForeignKey("process.id", name="fk_received_owner"), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_received"),
        sa.UniqueConstraint("call_uid", name="uq_received_call_uid"),
        sqlite_autoincrement=True,
    )
    for first in ("started", "user_id", "number", "number_reversed", "caller", "caller_reversed"):
        _index(f"ix_received_{first}", "received", [first, *(["started"] if first != "started" else []), "id"])
    _index("ix_received_state", "received", ["state", "started", "id", "user_id"])
    _index("ix_received_owner", "received", ["owner"], "owner IS NOT NULL")
    _index("ix_received_tiff", "received", ["tiff_digest"], "tiff_digest <> ''")
    _index("ix_received_due", "received", ["due"], "erased IS NULL")


def _received_pages() -> None:
    of = sa.ForeignKey("received.id", name="fk_received_page_received_id")
    op.create_table(
        "received_page",
        _number(),
        sa.Column("received_id", BIG, of, nullable=False),
        *_counts("number", "width", "rows", "across", "down", "bad_rows"),
        sa.Column("at", BIG, nullable=False),
        *_texts("page_digest"),
        sa.PrimaryKeyConstraint("id", name="pk_received_page"),
        sa.UniqueConstraint("received_id", "number", name="uq_received_page_received_id_number"),
        sqlite_autoincrement=True,
    )
    _index("ix_received_page_page", "received_page", ["page_digest"], "page_digest <> ''")


def _received_events() -> None:
    of = sa.ForeignKey("received.id", name="fk_received_event_received_id")
    op.create_table(
        "received_event",
        _number(),
        sa.Column("received_id", BIG, of, nullable=False),
        sa.Column("at", BIG, nullable=False),
        *_texts("name", "address", "result", "detail"),
        sa.PrimaryKeyConstraint("id", name="pk_received_event"),
        sqlite_autoincrement=True,
    )
    _index("ix_received_event_received_id", "received_event", ["received_id"])


def _notice_templates() -> None:
    """How notices of a company look."""
    op.create_table(
        "notice_template",
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_notice_template_node_id"), nullable=False),
        *_texts("kind", "subject", "text", "html"),
        sa.Column("added", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node_id", "kind", name="pk_notice_template"),
    )


def _inventory() -> None:
    """Numbers that we own; those that users have are of their companies."""
    op.create_table(
        "number",
        *_plain_texts("number"),
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_number_node_id"), nullable=False),
        *_texts("country", "area"),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("added", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_number"),
    )
    _index("ix_number_node_id", "number", ["node_id"])
    op.create_table(
        "number_route",
        *_plain_texts("number"),
        *_texts("sub_address"),
        sa.Column("node_id", BIG, sa.ForeignKey("node.id", name="fk_number_route_node_id"), nullable=False),
        *_texts("addresses"),
        sa.ForeignKeyConstraint(["number"], ["number.number"], name="fk_number_route_number"),
        sa.PrimaryKeyConstraint("number", "sub_address", name="pk_number_route"),
    )
    _index("ix_number_route_node_id", "number_route", ["node_id"])
    connection = op.get_bind()
    rows = [{**row, **_place(row["number"]), "pending": False} for row in connection.execute(_HELD).mappings()]
    if rows:
        columns = ("number", "node_id", "country", "area", "pending", "added")
        table = sa.table("number", *(sa.column(name) for name in columns))
        connection.execute(table.insert(), rows)


_HELD = sa.text("""
WITH RECURSIVE line (number, node_id, parent_id, added) AS (
    SELECT user_profile.fax_number, node.id, node.parent_id, node.created
    FROM user_profile JOIN node ON node.id = user_profile.node_id WHERE user_profile.fax_number <> ''
    UNION ALL
    SELECT line.number, node.id, node.parent_id, line.added FROM line JOIN node ON node.id = line.parent_id
)
SELECT number, node_id, added FROM line WHERE parent_id IS NULL
""")


def _place(number: str) -> dict[str, str]:
    from phonenumbers import geocoder  # large, and every command looks through all revisions

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return {"country": "", "area": ""}
    area = geocoder.description_for_valid_number(parsed, "en")
    return {"country": phonenumbers.region_code_for_number(parsed) or "", "area": area}


def _first_passwords() -> None:
    """Codes that are good for a first password, once."""
    op.create_table(
        "first_password",
        sa.Column("user_id", BIG, sa.ForeignKey("node.id", name="fk_first_password_user_id"), nullable=False),
        *_texts("code_hash"),
        sa.Column("expires", BIG, nullable=False),
        *_counts("tries"),
        sa.PrimaryKeyConstraint("user_id", name="pk_first_password"),
    )


def _forwarding() -> None:
    """Received faxes that are to be mailed."""
    op.create_table(
        "forwarding",
        _number(),
        sa.Column("received_id", BIG, sa.ForeignKey("received.id", name="fk_forwarding_received_id"), nullable=False),
        *_counts("resubmission", "tries", "fence"),
        *_texts("state", "detail"),
        *[sa.Column(name, BIG, nullable=name == "ended") for name in ("created", "not_before", "ended")],
        sa.Column("owner", BIG, sa.ForeignKey("process.id", name="fk_forwarding_owner"), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_forwarding"),
        sa.UniqueConstraint("received_id", "resubmission", name="uq_forwarding_received_id_resubmission"),
        sqlite_autoincrement=True,
    )
    _index("ix_forwarding_waiting", "forwarding", ["not_before", "id"], "state = 'waiting'")
    _index("ix_forwarding_owner", "forwarding", ["owner"], "owner IS NOT NULL")
    _index("ix_forwarding_failed", "forwarding", ["ended"], "state = 'failed'")


def _large_mails() -> None:
    """Mails with received faxes, each a part of one; of large ones the text lies in the spool."""
    kind = "BIGINT" if op.get_context().dialect.name == "postgresql" else "INTEGER"
    # By hand: for a reference, Alembic would write the whole table anew on SQLite.
    op.execute(f"ALTER TABLE outbox ADD received_id {kind} CONSTRAINT fk_outbox_received_id REFERENCES received (id)")
    op.add_column("outbox", sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("message_digest", sa.String(), nullable=False, server_default=""))
    clause = sa.text("received_id IS NOT NULL")
    op.create_index(
        "uq_outbox_received", "outbox", ["received_id", "kind", "attempt_no", "recipient", "part"],
        unique=True, sqlite_where=clause, postgresql_where=clause,
    )  # fmt: skip
    _index("ix_outbox_message", "outbox", ["message_digest"], "message_digest <> ''")


def _small_mails() -> None:
    op.execute("DELETE FROM outbox WHERE received_id IS NOT NULL")
    for name in ("ix_outbox_message", "uq_outbox_received"):
        op.drop_index(name, table_name="outbox")
    with op.batch_alter_table("outbox") as outbox:
        for name in ("message_digest", "part", "received_id"):
            outbox.drop_column(name)


def _simulated_calls() -> None:
    """Calls of far ends that commands ask the running gateway to take."""
    op.create_table(
        "simulated_call",
        _number(),
        *_texts("call_uid", "called", "caller", "far_end", "station_id", "sub_address"),
        sa.Column("seed", BIG, nullable=False),
        *_texts("pages_digest", "state"),
        sa.Column("asked", BIG, nullable=False),
        sa.Column("owner", BIG, nullable=True),
        *_texts("report", "fault"),
        sa.PrimaryKeyConstraint("id", name="pk_simulated_call"),
        sa.UniqueConstraint("call_uid", name="uq_simulated_call_call_uid"),
        sqlite_autoincrement=True,
    )
    _index("ix_simulated_call_pages", "simulated_call", ["pages_digest"], "pages_digest <> ''")
