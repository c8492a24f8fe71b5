"""Stores on the test server that one test after another uses: emptying one takes a tenth of making one.

What lives here: a stock of databases, each as it was migrated. What does not: the server (`postgresql`), what tests
put into a store (`filled_store`).
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from tests import postgresql

TIMES = 40  # that one is emptied: what was deleted stays in its files
# What a migrated database has in its tables, kept in a schema of its own; and where its sequences are.
KEEP = """
DO $$ DECLARE name text; filled boolean; BEGIN
    CREATE SCHEMA pristine;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT exists (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('CREATE TABLE pristine.%I AS TABLE public.%I', name, name); END IF;
    END LOOP;
    CREATE TABLE pristine._sequences AS SELECT sequencename, start_value, last_value FROM pg_sequences
        WHERE schemaname = 'public';
END $$
"""
# Neither triggers nor foreign keys are asked.
EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'pristine' AND tablename <> '_sequences' LOOP
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE TABLE pristine.%I', name, name);
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, coalesce(last_value, start_value),
        last_value IS NOT NULL) FROM pristine._sequences;
END $$
"""
# How many of those that are still connected do not go. The offset has all of them found before the first is ended.
OTHERS = """
SELECT count(*) FROM (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() OFFSET 0
) AS others WHERE NOT pg_terminate_backend(pid, 5000)
"""
# Every table, column, index, trigger and check: a test that changed one leaves a database that no other gets.
FORM = """
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull) AS part FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', tgname, tgenabled, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS parts
"""


@dataclass
class Stock:
    """The databases of a server that nobody uses now, copies of `template`, which is migrated; no thread asks twice."""

    server: postgresql.Server
    template: str
    _free: list[str] = field(default_factory=list)
    _used: dict[str, int] = field(default_factory=dict)
    _lines: dict[str, Connection] = field(default_factory=dict)  # a new one reads the server's catalogues anew
    _form: str = ""

    @classmethod
    def of(cls, server: postgresql.Server, url: str) -> "Stock":
        """A stock of copies of the database at the URL, to which nobody is connected."""
        stock = cls(server, url.rpartition("/")[2])
        with _connection(url) as connection:
            connection.execute(text(KEEP))
            stock._form = connection.scalar(text(FORM))
        return stock

    def take(self) -> str:
        """The URL of one that is as it was migrated."""
        return self._free.pop() if self._free else self.server.new_database(self.template)

    def give_back(self, url: str) -> None:
        """Who used it has closed it; others may still be connected."""
        self._used[url] = self._used.get(url, 0) + 1
        if self._used[url] < TIMES and self._emptied(url):
            self._free.append(url)
        else:
            self._line(url).close()
            del self._lines[url]
            self.server.drop(url)

    def _emptied(self, url: str) -> bool:
        line = self._line(url)
        if line.scalar(text(OTHERS)) or line.scalar(text(FORM)) != self._form:
            return False
        line.execute(text(EMPTY))
        return True

    def _line(self, url: str) -> Connection:
        """The connection that is kept, or another: a test may have ended all that there were."""
        kept = self._lines.get(url)
        try:
            if kept is not None:
                kept.scalar(text("SELECT 1"))
                return kept
        except OperationalError:
            kept.close()
        self._lines[url] = _connection(url)
        return self._lines[url]


def _connection(url: str) -> Connection:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()
