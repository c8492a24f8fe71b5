"""A sound store has no fault; every fault that we can make is found and told in plain words."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.domain.errors import GatewayError
from gateway.domain.nodes import User
from gateway.store.check import Kind, check
from gateway.store.database import Database, open_database
from gateway.store.facts import facts
from gateway.store.spool import Spool
from tests.store_states import LATE, change, every_state, faults, kinds


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def filled(db: Database, user: User, spool: Spool, tmp_path: Path) -> Database:
    """A store with a fax in every state."""
    return every_state(db, user, spool, tmp_path)


def test_a_sound_store_has_no_fault(filled: Database, spool: Spool) -> None:
    assert faults(filled, spool) == []


def test_an_empty_store_has_no_fault(db: Database, spool: Spool) -> None:
    assert faults(db, spool) == []


def test_a_content_that_is_gone_is_told_with_who_names_it(filled: Database, spool: Spool) -> None:
    digest = sha256(b"pages_digest").hexdigest()
    spool.delete(digest)

    assert faults(filled, spool) == [f"{digest}, named by submission 1 pages, is not in the spool"]


@pytest.mark.one_engine
def test_a_content_that_is_damaged_is_told(filled: Database, spool: Spool) -> None:
    path = spool.path(sha256(b"pages_digest").hexdigest())
    path.write_bytes(b"something else")

    [fault] = faults(filled, spool)

    assert "is damaged" in fault


@pytest.mark.one_engine
def test_a_content_that_cannot_be_read_is_told(filled: Database, spool: Spool) -> None:
    path = spool.path(sha256(b"pages_digest").hexdigest())
    path.unlink()
    path.symlink_to(path)

    [fault] = faults(filled, spool)

    assert "is not in the spool" in fault or "cannot be read" in fault


def test_a_mail_in_the_store_that_changed_is_told(filled: Database, spool: Spool) -> None:
    text_of = "convert_to('another', 'UTF8')" if not filled.is_near else "cast('another' as blob)"
    change(filled, f"update content set octets = {text_of}")

    [fault] = faults(filled, spool)

    assert "the mail of submission 6 in the store is not what it was" in fault


@pytest.mark.one_engine
def test_contents_that_no_row_names_are_no_fault(filled: Database, spool: Spool) -> None:
    os.utime(spool.path(spool.put_bytes(b"orphan")), (0, 0))

    [orphans] = [finding for finding in check(filled, spool, LATE) if finding.kind is Kind.ORPHAN]

    assert orphans.words.startswith("1 contents are named by no row")
    assert not orphans.bad


def test_a_row_that_points_nowhere_is_told(filled: Database, spool: Spool) -> None:
    if filled.is_near:
        change(filled, "delete from trunk")
    else:
        change(filled, "alter table attempt drop constraint fk_attempt_trunk")
        change(filled, "delete from trunk")

    found = [finding for finding in check(filled, spool, LATE) if finding.kind is Kind.POINTER]

    assert found
    assert "trunk" in found[0].words


@pytest.mark.parametrize("found", ["0001", "9999"])
def test_another_schema_is_told(filled: Database, spool: Spool, found: str) -> None:
    change(filled, f"update alembic_version set version_num = '{found}'")

    assert kinds(filled, spool) == {Kind.SCHEMA}
    assert not facts(filled).is_current


def test_a_damaged_file_is_told_in_words(filled: Database, spool: Spool, tmp_path: Path) -> None:
    if not filled.is_near:
        pytest.skip("a server's files are its own")
    filled.close()
    file = tmp_path / "store.sqlite"
    octets = bytearray(file.read_bytes())
    octets[8192 : len(octets) // 2] = os.urandom(len(octets) // 2 - 8192)
    file.write_bytes(octets)
    damaged = open_database(f"sqlite:///{file}")

    with pytest.raises(GatewayError, match="damaged"):
        raise GatewayError("\n".join(faults(damaged, spool)))
    damaged.close()


def test_what_kind_of_store_it_is(filled: Database) -> None:
    found = facts(filled)

    assert (found.engine, found.safe, found.is_current) == (filled.dialect.name, True, True)
    assert (found.submissions, found.jobs) == (6, 6)
    assert found.octets > 10_000
    assert "secret" not in found.place
