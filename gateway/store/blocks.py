"""Numbers that a company's users may not fax: asked for at every RCPT and while jobs wait.

What lives here: rows and questions. What does not: the refusal (`gateway.domain.blocks`), the tree.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.blocks import Block
from gateway.domain.job import JobState
from gateway.store.admin_tables import BlockRow
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_tables import JobRow
from gateway.store.places import line_above

PAGE = 1000  # rows of an export held at a time
STOPPABLE = (JobState.ACCEPTED, JobState.READY, JobState.WAITING, JobState.HELD)


def add(db: Database, company_id: int, blocks: Sequence[Block]) -> list[str]:
    """Block numbers; those that were not blocked before. The note of one that was is replaced by a new one."""

    def work(session: Session) -> list[str]:
        fresh = []
        for block in blocks:
            row = session.get(BlockRow, (company_id, block.number))
            if row is None:
                session.add(BlockRow(company_id=company_id, number=block.number, added=block.added, note=block.note))
                fresh.append(block.number)
            elif block.note:
                row.note = block.note
        session.flush()
        return fresh

    return db.write(work)


def remove(db: Database, company_id: int, number: str) -> bool:
    """Take a number from the list; false when it was not there."""
    gone = delete(BlockRow).where(col(BlockRow.company_id) == company_id, col(BlockRow.number) == number)
    return db.write(lambda session: session.connection().execute(gone).rowcount > 0)


def blocked(db: Database, user_id: int) -> frozenset[str]:
    """The numbers that a user may not fax."""
    line = line_above(user_id)
    statement = select(BlockRow.number).join(line, line.c.id == col(BlockRow.company_id))
    return frozenset(db.read(lambda session: session.exec(statement).all()))


def lookup(db: Database, company_id: int, number: str) -> Block | None:
    """One number's block; None when it is not blocked."""
    row = db.read(lambda session: session.get(BlockRow, (company_id, number)))
    return None if row is None else _block(row)


def count(db: Database, company_id: int) -> int:
    """How many numbers a company has blocked."""
    statement = select(func.count()).select_from(BlockRow).where(BlockRow.company_id == company_id)
    return db.read(lambda session: session.exec(statement).one())


def listed(db: Database, company_id: int, starts_with: str = "") -> Iterator[Block]:
    """A company's blocked numbers in their order, read a page at a time: an export may be long."""
    after = ""
    while page := _page(db, company_id, starts_with, after):
        yield from (_block(row) for row in page)
        after = page[-1].number


def waiting_for_blocked(most: int) -> SelectOfScalar[JobRow]:
    """Jobs in no call whose number is on any company's list: not always on their own, see `is_blocked`."""
    on_a_list = select(BlockRow.number).where(BlockRow.number == JobRow.number).exists()
    open_jobs = select(JobRow).where(col(JobRow.ended).is_(None), in_state(JobRow.state, *STOPPABLE))
    return open_jobs.where(on_a_list).order_by(col(JobRow.id)).limit(most)


def is_blocked(session: Session, job: JobRow) -> bool:
    """Whether the company of a job's user has blocked its number."""
    line = line_above(job.user_id)
    own = select(BlockRow.number).join(line, line.c.id == col(BlockRow.company_id))
    return session.exec(own.where(BlockRow.number == job.number)).first() is not None


def _page(db: Database, company_id: int, starts_with: str, after: str) -> Sequence[BlockRow]:
    statement = select(BlockRow).where(BlockRow.company_id == company_id, col(BlockRow.number) > after)
    if starts_with:
        statement = statement.where(col(BlockRow.number).startswith(starts_with, autoescape=True))
    return db.read(lambda session: session.exec(statement.order_by(col(BlockRow.number)).limit(PAGE)).all())


def _block(row: BlockRow) -> Block:
    return Block(row.number, row.added, row.note)
