"""The first schema: the tree, faxes, processes, the outbox.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "quarantine", "signature", "outbox", "event", "attempt", "job", "part", "content", "submission", "refusal_notice",
    "refusal", "trunk", "process",
    "cover", "setting", "receiving_address", "sending_address", "user_profile", "node",
    "tree_version",
)  # fmt: skip


def upgrade() -> None:
    _tree()
    _users()
    _processes()
    _submissions()
    _jobs()
    _attempts()
    _events()
    _outbox()
    _proofs()
    _quarantine()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _big(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    """Identifiers, and times in microseconds."""
    return [sa.Column(name, BIG, nullable=nullable) for name in names]


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _once(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _index(name: str, table: str, columns: Sequence[str], where: str = "", *, unique: bool = False) -> None:
    rows = sa.text(where) if where else None
    op.create_index(op.f(name), table, list(columns), unique=unique, sqlite_where=rows, postgresql_where=rows)


def _tree() -> None:
    op.create_table(
        "node",
        *_big("id"),
        *_big("parent_id", nullable=True),
        *_texts("kind", "name", "name_key"),
        *_flags("locked"),
        *_big("created"),
        _key("node", "id"),
        _to("node", "parent_id", "node.id"),
        _once("node", "parent_id", "name_key"),
        sqlite_autoincrement=True,
    )
    _index("uq_node_company", "node", ["name_key"], "parent_id IS NULL", unique=True)
    op.create_table("tree_version", *_big("id", "version"), _key("tree_version", "id"))
    op.create_table(
        "setting",
        *_big("node_id"),
        *_texts("name", "value"),
        _key("setting", "node_id", "name"),
        _to("setting", "node_id", "node.id"),
    )
    op.create_table(
        "cover",
        *_big("id", "node_id"),
        *_texts("name", "name_key", "title", "description", "paper", "html"),
        *_big("added"),
        _key("cover", "id"),
        _to("cover", "node_id", "node.id"),
        _once("cover", "node_id", "name_key"),
        sqlite_autoincrement=True,
    )


def _users() -> None:
    op.create_table(
        "user_profile",
        *_big("node_id"),
        *_texts("user_name", "user_name_key", "first_name", "last_name", "password_hash", "fax_number"),
        *_texts("address1", "address2", "city", "state", "postal_code", "country", "phone"),
        *_texts("custom1", "custom2", "custom3", "custom4"),
        _key("user_profile", "node_id"),
        _to("user_profile", "node_id", "node.id"),
        _once("user_profile", "user_name_key"),
    )
    op.create_table(
        "sending_address",
        *_texts("address"),
        *_big("user_id"),
        *_numbers("position"),
        _key("sending_address", "address"),
        _to("sending_address", "user_id", "node.id"),
    )
    _index("ix_sending_address_user_id", "sending_address", ["user_id"])
    op.create_table(
        "receiving_address",
        *_big("user_id"),
        *_numbers("position"),
        *_texts("address"),
        _key("receiving_address", "user_id", "position"),
        _to("receiving_address", "user_id", "node.id"),
    )


def _processes() -> None:
    op.create_table(
        "process",
        *_big("id"),
        *_texts("host", "lock_name"),
        *_big("started", "lease_until"),
        _key("process", "id"),
        sqlite_autoincrement=True,
    )
    op.create_table("trunk", *_texts("name"), _key("trunk", "name"))


def _submissions() -> None:
    op.create_table(
        "submission",
        *_big("id", "user_id", "received"),
        *_big("owner", "automatic_at", nullable=True),
        *_texts("sender_address", "subject", "reference", "message_id", "reference_ids", "content_digest"),
        *_texts("evidence", "resolution", "state", "pages_digest", "billing_code", "repeated", "refused"),
        *_flags("preview"),
        *_numbers("pages", "fence", "crashes"),
        sa.Column("duplicate_key", sa.String(), nullable=True),
        sa.Column("cover", sa.String(), nullable=True),
        _key("submission", "id"),
        _to("submission", "user_id", "node.id"),
        _to("submission", "owner", "process.id"),
        _once("submission", "duplicate_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_submission_user_id", "submission", ["user_id"])
    _index("ix_submission_content_digest", "submission", ["content_digest"])
    _index("ix_submission_accepted", "submission", ["id"], "state = 'accepted'")
    _index("ix_submission_owner", "submission", ["owner"], "owner IS NOT NULL")
    _index("ix_submission_automatic", "submission", ["user_id", "automatic_at"], "automatic_at IS NOT NULL")
    op.create_table(
        "content",
        *_big("submission_id"),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        _key("content", "submission_id"),
        _to("content", "submission_id", "submission.id"),
    )
    op.create_table(
        "part",
        *_big("submission_id"),
        *_numbers("position", "pages"),
        *_texts("name", "left_out"),
        _key("part", "submission_id", "position"),
        _to("part", "submission_id", "submission.id"),
    )


def _jobs() -> None:
    op.create_table(
        "job",
        *_big("id", "submission_id", "user_id", "accepted", "not_before", "expires"),
        *_big("ended", "owner", nullable=True),
        *_texts(
            "number", "state", "sub_address", "recipient_name", "recipient_company", "recipient_cover", "sender_name"
        ),
        *_texts("cover_digest", "outcome_detail"),
        *_numbers("copy_no", "priority", "pages", "pages_sent", "dials", "tries", "slower", "fence", "crashes"),
        *_flags("ecm", "cancel_asked"),
        sa.Column("outcome", sa.String(), nullable=True),
        _key("job", "id"),
        _to("job", "submission_id", "submission.id"),
        _to("job", "user_id", "node.id"),
        _to("job", "owner", "process.id"),
        _once("job", "submission_id", "number", "copy_no"),
        sqlite_autoincrement=True,
    )
    _index("uq_job_calling", "job", ["number"], "state = 'calling'", unique=True)
    _index("ix_job_ready", "job", ["priority", "not_before", "id", "number"], "state = 'ready'")
    _index("ix_job_due", "job", ["not_before"], "state = 'waiting'")
    _index("ix_job_expires", "job", ["expires"], "ended IS NULL")
    _index("ix_job_owner", "job", ["owner"], "owner IS NOT NULL")
    _index("ix_job_user_id", "job", ["user_id", "id"])
    _index("ix_job_number", "job", ["number", "id"])
    _index("ix_job_busy", "job", ["number"], "state = 'waiting' AND outcome = 'Busy'")


def _attempts() -> None:
    op.create_table(
        "attempt",
        *_big("id", "job_id", "started"),
        *_big("ended", nullable=True),
        *_numbers("number", "line", "first_page", "pages_confirmed"),
        *_texts("call_uid", "trunk", "detail", "tiff_digest", "pdf_digest", "report"),
        *_flags("session", "last_page_sent"),
        sa.Column("outcome", sa.String(), nullable=True),
        _key("attempt", "id"),
        _to("attempt", "job_id", "job.id"),
        _to("attempt", "trunk", "trunk.name"),
        _once("attempt", "call_uid"),
        _once("attempt", "job_id", "number"),
    )
    _index("uq_attempt_line", "attempt", ["trunk", "line"], "ended IS NULL", unique=True)


def _events() -> None:
    op.create_table(
        "event",
        *_big("id", "submission_id", "at"),
        *_big("job_id", nullable=True),
        *_texts("name", "from_state", "to_state", "detail"),
        _key("event", "id"),
        _to("event", "submission_id", "submission.id"),
        _to("event", "job_id", "job.id"),
    )
    _index("ix_event_submission_id", "event", ["submission_id"])
    _index("ix_event_job_id", "event", ["job_id"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        *_big("id", "created", "not_before"),
        *_big("submission_id", "job_id", "sent", "owner", nullable=True),
        *_texts("kind", "recipient", "message_id", "state", "reply"),
        *_numbers("attempt_no", "tries", "fence"),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        _key("outbox", "id"),
        _to("outbox", "submission_id", "submission.id"),
        _to("outbox", "job_id", "job.id"),
        _to("outbox", "owner", "process.id"),
    )
    of_job = ["submission_id", "job_id", "kind", "attempt_no"]
    of_submission = ["submission_id", "kind", "attempt_no"]
    _index("uq_outbox_job", "outbox", of_job, "job_id IS NOT NULL", unique=True)
    _index("uq_outbox_submission", "outbox", of_submission, "job_id IS NULL", unique=True)
    _index("ix_outbox_waiting", "outbox", ["not_before", "id"], "state = 'waiting'")
    _index("ix_outbox_owner", "outbox", ["owner"], "owner IS NOT NULL")


def _proofs() -> None:
    op.create_table(
        "refusal",
        *_big("id", "at"),
        *_texts("peer", "mail_from", "header_from", "recipients", "rule", "reply", "evidence"),
        _key("refusal", "id"),
        sqlite_autoincrement=True,
    )
    _index("ix_refusal_at", "refusal", ["at"])
    op.create_table("refusal_notice", *_texts("address"), *_big("at"), _key("refusal_notice", "address"))
    _index("ix_refusal_notice_at", "refusal_notice", ["at"])
    op.create_table("signature", *_texts("digest", "uses"), *_big("until"), _key("signature", "digest"))
    _index("ix_signature_until", "signature", ["until"])


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        *_texts("number", "outcome", "detail"),
        *_numbers("finals"),
        *_big("last"),
        *_big("until", nullable=True),
        _key("quarantine", "number"),
    )
    _index("ix_quarantine_until", "quarantine", ["until"], "until IS NOT NULL")
