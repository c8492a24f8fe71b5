"""A store with very many faxes in it, made inside the database in seconds or minutes: for measuring, and for plans.

Each row is reckoned from its number, so the same counts give the same store. Users are numbered from 1; user 1 has sent
a third of all. Of finished faxes nine of ten went through; they came in over two years, a few seconds apart.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from gateway.store.columns import EPOCH, MICROSECOND
from gateway.store.database import Database

BEGAN = datetime(2024, 11, 1, tzinfo=UTC)
_BEGAN = (BEGAN - EPOCH) // MICROSECOND
SPACING = timedelta(microseconds=6_307_200)  # ten million of them are two years
_BETWEEN = SPACING // MICROSECOND
BATCH = 500_000
_NODE = """INSERT INTO node (id, parent_id, kind, name, name_key, locked, created)
    SELECT {id}, NULLIF({parent}, 0), '{kind}', '{kind} ' || {id}, '{kind} ' || {id}, {false}, 0 FROM {series}"""
_USER = """INSERT INTO user_profile (node_id, user_name, user_name_key, first_name, last_name, password_hash,
    fax_number, address1, address2, city, state, postal_code, country, phone, custom1, custom2, custom3, custom4)
    SELECT n + 1, 'user' || n, 'user' || n, 'User', 'No ' || n, '', '', '', '', '', '', '', '', '', '', '', '', ''
    FROM {series}"""
_SUBMISSION = """INSERT INTO submission (id, user_id, sender_address, subject, reference, message_id, reference_ids,
    content_digest, received, evidence, resolution, state, billing_code, preview, repeated, refused, pages_digest,
    pages, fence, crashes)
    SELECT n, {user} + 1, 'user@acme.example', 'Offer ' || n, '', '<' || n || '@acme.example>', '', 'cd', {at}, '{{}}',
    'fine', 'rendered', '', {false}, '', '[]', 'ef', 3, 1, 0 FROM {series}"""
_JOB = """INSERT INTO job (id, submission_id, user_id, number, number_reversed, copy_no, state, accepted, not_before,
    expires, sub_address, recipient_name, recipient_company, recipient_cover, sender_name, priority, pages, pages_sent,
    cover_digest, dials, tries, ecm, slower, outcome, outcome_detail, ended, fence, crashes, cancel_asked, hold_asked,
    route)
    SELECT n, n, {user} + 1, {number}, {reversed}, 1, {state}, {at}, {at}, {at} + 10800000000, '', '', '', '', '',
    {priority}, 3, {sent}, '', 1, 1, {true}, 0, {outcome}, '', {ended}, 1, 0, {false}, {false}, '' FROM {series}"""
_NUMBER = "'+1' || (2000000000 + (n * 7919) % {numbers})"
# The same digits, the last first.
_REVERSED = {
    "postgresql": "reverse({number})",
    "sqlite": " || ".join(f"substr({{number}}, {place}, 1)" for place in range(12, 0, -1)),
}
_OUTCOMES = "Busy", "No Answer", "Not a Fax Machine", "Transmission Failed", "Job Cancelled", "Fast Busy"


class Faxes:
    """Rows of many faxes, for a store with nobody and nothing in it."""

    def __init__(self, db: Database, users: int) -> None:
        self._db = db
        self._dialect = db.dialect.name
        self._run(_NODE, 1, 1, id="1", parent="0", kind="company")
        self._run(_NODE, 1, users, id="(n + 1)", parent="1", kind="user")
        self._run(_USER, 1, users)
        self._last = 0
        # A third of all is the first user's, as a department that mails in bulk would have it.
        self._user = f"CASE WHEN n % 3 = 0 THEN 1 ELSE 1 + (n * 31) % {users} END"

    def finished(self, count: int, numbers: int = 1_000_000) -> None:
        """Faxes that are over, to so many numbers; nine of ten are sent."""
        words = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(_OUTCOMES))
        failed = f"CASE (n / 10) % {len(_OUTCOMES)} {words} END"
        cancelled = f"(n / 10) % {len(_OUTCOMES)} = {_OUTCOMES.index('Job Cancelled')}"
        with self._without_indexes():
            self._fill(
                count,
                number=_NUMBER.format(numbers=numbers),
                state=f"CASE WHEN n % 10 > 0 THEN 'sent' WHEN {cancelled} THEN 'cancelled' ELSE 'failed' END",
                outcome=f"CASE WHEN n % 10 > 0 THEN 'Success' ELSE {failed} END",
                ended="{at} + 60000000",
                sent="CASE WHEN n % 10 > 0 THEN 3 ELSE 0 END",
            )

    def ready(
        self, count: int, *, user: int = 0, number: str = "", numbers: int = 1_000_000, priority: int = 5
    ) -> None:
        """Faxes that could be called now; all of one user or to one number when that is given."""
        to = f"'{number}'" if number else _NUMBER.format(numbers=numbers)
        of = str(user) if user else self._user
        self._fill(
            count, user=of, number=to, state="'ready'", outcome="NULL", ended="NULL", sent="0", priority=priority
        )

    def _fill(self, count: int, *, priority: int = 5, user: str = "", **columns: str) -> None:
        reversed_number = _REVERSED[self._dialect].format(number=f"({columns['number']})")
        words = {
            "at": f"({_BEGAN} + n * {_BETWEEN})", "reversed": reversed_number, "user": user or self._user,
            "priority": str(priority), **columns,
        }  # fmt: skip
        words["ended"] = words["ended"].format(at=words["at"])
        for first in range(self._last + 1, self._last + count + 1, BATCH):
            last = min(first + BATCH - 1, self._last + count)
            self._run(_SUBMISSION, first, last, **words)
            self._run(_JOB, first, last, **words)
        self._last += count

    def _run(self, statement: str, first: int, last: int, **words: str) -> None:
        series = f"generate_series({first}::bigint, {last}) AS series(n)"
        begin = ""
        if self._dialect == "sqlite":
            begin = f"WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last}) "
            series = "series"
        truth = {"true": "1", "false": "0"} if begin else {"true": "true", "false": "false"}
        whole = statement.format(series=series, **truth, **words)
        into, select = whole.split("SELECT", 1)
        self._execute([f"{into}{begin}SELECT{select}"])

    @contextmanager
    def _without_indexes(self) -> Iterator[None]:
        """Indexes are made faster afterwards, at one go."""
        kept = self._rows("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'job' AND sql IS NOT NULL")
        if self._dialect == "postgresql":
            kept = self._rows(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'job'"
                " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
            )
        self._execute([f"DROP INDEX {one.split(' ON ')[0].split()[-1]}" for one in kept])
        yield
        self._execute(kept)
        self.analyzed()

    def analyzed(self) -> None:
        """Let the database count what it has, as it does by itself in time."""
        self._execute(["ANALYZE"])

    def _rows(self, statement: str) -> list[str]:
        if ("sqlite_master" in statement) != (self._dialect == "sqlite"):
            return []
        return list(self._db.read(lambda session: session.execute(text(statement)).scalars().all()))

    def _execute(self, statements: Sequence[str]) -> None:
        sign = "%" if self._dialect == "sqlite" else "%%"

        def work(session: Session) -> None:
            for statement in statements:
                session.connection().exec_driver_sql(statement.replace("%", sign))

        self._db.write(work)
