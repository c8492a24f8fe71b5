"""How dates are written for whoever looks at lists.

What lives here: an administrator's formats and zone. What does not: the formats (`gateway.domain.dates`), lists
(`gateway.cli`).
"""

from dataclasses import replace

from gateway.domain.dates import DateStyle
from gateway.store import administrators, node_settings
from gateway.store.database import Database


def dates_of(db: Database, administrator: str) -> DateStyle:
    """The formats that hold where an administrator sits, in his own time zone.

    Raises:
        NotFoundError: there is no such administrator.
    """
    found = administrators.by_name(db, administrator)
    return replace(node_settings.effective(db, found.line[-1]).date_style(), zone=found.time_zone)
