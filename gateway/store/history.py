"""The history of the schema, which Alembic runs.

What lives here: where it is, and running it. What does not: its steps (`migrations`), when they are taken (`migrate`).
"""

from types import MappingProxyType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from gateway.domain.errors import GatewayError
from gateway.store.migrate import METADATA
from gateway.store.revisions import VERSIONS

OPTIONS: MappingProxyType[str, Any] = MappingProxyType(
    {
        "target_metadata": METADATA,
        "render_as_batch": True,  # SQLite alters little; a batch rebuilds the table
        "transactional_ddl": True,  # both engines roll back half a migration
        "transaction_per_migration": False,
    }
)


def head() -> tuple[str, tuple[str, ...]]:
    """The newest revision, and the older ones whose code may go on with it."""
    newest = ScriptDirectory.from_config(alembic_config()).get_revision("head")
    return newest.revision, tuple(getattr(newest.module, "works_for", ()))


def upgrade(connection: Connection) -> None:
    """Take the steps from where the store is to the newest revision.

    Raises:
        GatewayError: the store is at a revision that we do not know.
    """
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise GatewayError(f"the store was written by a newer gateway; upgrade this one ({error})") from error


def alembic_config() -> Config:
    """How Alembic finds the history; its connection is set by whoever runs it."""
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
