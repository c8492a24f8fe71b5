"""Whether anything waits for workers of one kind, in microseconds where the store is a file.

What lives here: the question. What does not: claiming, which alone knows whether it can be had (`calls`, `submissions`,
`outbox`, `forwardings`).
"""

from gateway.store.database import Database

_STATE_OF = {
    "submission": "accepted",
    "job": "ready",
    "outbox": "waiting",
    "archive_transfer": "waiting",
    "forwarding": "waiting",
    "simulated_call": "waiting",
}


def any_waits(db: Database, table: str) -> bool:
    """Whether a row of this table is in the state from which it is claimed; a content that was left behind has none.

    Raises:
        UnavailableError: the store is out of reach.
    """
    state = _STATE_OF.get(table)
    where = f" WHERE state = '{state}'" if state else ""
    return db.glance(f"SELECT 1 FROM {table}{where} LIMIT 1") is not None
