"""What a command needs: settings, and the store and spool opened when first asked for.

What lives here: the object that click passes to every command. What does not: any command. What opens a store is
imported when one is opened: loading it takes a second, which help and completion would wait for.
"""

import os
import pwd
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.waiting import LATE_SECONDS, say_waiting, told_when_late
from gateway.domain.dates import DateStyle

if TYPE_CHECKING:
    from gateway.admin.acts import Door
    from gateway.settings import Settings
    from gateway.store.database import Database
    from gateway.store.spool import Spool

SORTED = DateStyle(date_format="yyyy-MM-dd", time_format="HH:mm:ss")


@dataclass
class Console:
    """One run of the command. `config` is the value of --config, the others are those of the options of their names."""

    config: Path | None
    as_name: str = ""
    reason: str = ""
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False
    time_zone: str = ""
    date_format: str = ""
    time_format: str = ""

    @cached_property
    def settings(self) -> "Settings":
        """The settings file, read when first needed."""
        from gateway.settings import load_settings

        return load_settings(self.config)

    @cached_property
    def database(self) -> "Database":
        """The store, with its schema brought up to date."""
        from gateway.store.migrate import open_store

        os.umask(0o077)  # faxes are their owner's only, also those that are written beside the store
        with told_when_late():
            opened = open_store(self.settings.storage.database_url, self.settings.storage.folder)
        opened.tell_when_late(LATE_SECONDS, say_waiting)
        return opened

    @cached_property
    def spool(self) -> "Spool":
        """The contents."""
        from gateway.store.spools import open_spool

        os.umask(0o077)
        return open_spool(self.settings.storage.place)

    @cached_property
    def door(self) -> "Door":
        """Where whoever runs the command changes and sees things."""
        from gateway.admin.acts import Door, actor_of

        actor = actor_of(self.database, _account(), self.as_name, self.reason)
        return Door(self.database, actor, lambda: datetime.now(UTC), dry_run=self.dry_run)

    @cached_property
    def dates(self) -> DateStyle:
        """How tables write times: as the options say; else as an administrator is used to; else as sorts best, UTC."""
        style = self._administrators_dates() if self.as_name else SORTED
        given = {"zone": self.time_zone, "date_format": self.date_format, "time_format": self.time_format}
        named = {name: value for name, value in given.items() if value}
        return replace(style, show_zone=style.show_zone or "zone" in named, **named)

    def _administrators_dates(self) -> DateStyle:
        from gateway.admin.dates import dates_of

        return dates_of(self.database, self.as_name)

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        if "database" in self.__dict__:
            self.database.close()


def _account() -> str:
    """The account that runs the command, by the system and not by its environment; a number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


pass_console = click.make_pass_decorator(Console)


def local(moment: datetime | None) -> str:
    """A time for a table: UTC, seconds left out."""
    return "" if moment is None else DateStyle(date_format="yyyy-MM-dd", time_format="HH:mm:ss").write(moment)
