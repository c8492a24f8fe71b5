"""News of the queue between processes: PostgreSQL's triggers send it, whoever makes the change.

What lives here: what is news, and the triggers. What does not: who hears it (`direct`), and SQLite, which has no such
thing: there a number that changes with every commit is looked at.

News is only a call to look: it says neither which row nor that there is work left. What is lost is found at the next
look at the store. As those of the tree, the triggers stand outside the history of migrations, and a change by hand is
news, too.
"""

from sqlalchemy import Connection, text

CHANNEL = "faxgw"
# Topic, table, events, and when a row that was changed is news.
_NEWS = (
    ("prepare", "submission", "INSERT OR UPDATE OF state", "NEW.state = 'accepted'"),
    ("lines", "job", "INSERT OR UPDATE OF state", "NEW.state = 'ready'"),
    # A line is free, and so is a number.
    ("free", "job", "UPDATE OF state", "OLD.state = 'calling' AND NEW.state <> 'calling'"),
    (
        "cancel",
        "job",
        "UPDATE OF cancel_asked, hold_asked",
        "(NEW.cancel_asked AND NOT OLD.cancel_asked) OR (NEW.hold_asked AND NOT OLD.hold_asked)",
    ),
    ("lines", "trunk", "UPDATE OF state", "NEW.state <> OLD.state"),
    ("mail", "outbox", "INSERT OR UPDATE OF state", "NEW.state = 'waiting'"),
    ("archive", "archive_transfer", "INSERT OR UPDATE OF state", "NEW.state = 'waiting'"),
    ("forward", "forwarding", "INSERT OR UPDATE OF state", "NEW.state = 'waiting'"),
    ("inbound", "simulated_call", "INSERT", "NEW.state = 'waiting'"),
)
# Who sends is told by the session's name, so that nobody is woken by what he did himself.
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION tell_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('{CHANNEL}', TG_ARGV[0] || ' ' || current_setting('application_name')); RETURN NULL; END $$
"""


def watch_queue(connection: Connection) -> None:
    """Put the triggers in place; nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text(_FUNCTION))
    for topic, table, events, condition in _NEWS:
        name = f"tell_{topic}_{table}"
        when = f"AFTER {events} ON {table} FOR EACH ROW WHEN ({condition})"
        connection.execute(text(f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION tell_news('{topic}')"))
