"""Doors for tests: the account of a machine, and administrators with some rights."""

from datetime import UTC, datetime

from gateway.admin.acts import Door
from gateway.domain.actors import Actor
from gateway.domain.rights import granted
from gateway.store import named
from gateway.store.database import Database

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def root(db: Database, reason: str = "", *, dry_run: bool = False) -> Door:
    """The account of the machine."""
    return Door(db, Actor("root", reason), lambda: AT, dry_run=dry_run)


def administrator(db: Database, place: str, *rights: str, read_only: bool = False) -> Door:
    """Somebody at a place, with these rights."""
    line = named.line(db, named.named(db, place).id)
    return Door(db, Actor("ada", "", line, granted(rights, read_only=read_only)), lambda: AT)
