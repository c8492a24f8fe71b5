"""Rows of the inventory of numbers, and of the routes that lead from them.

What lives here: tables. What does not: queries (`numbers`, `routes`), who has a number (`UserRow.fax_number`).
"""

from datetime import datetime

from sqlmodel import Field

from gateway.store.columns import BIG, PLAIN_TEXT, Row, UtcTime


class NumberRow(Row, table=True):
    """A number that we own, in E.164. `node_id` is the company, or the department that it is kept for.

    `country` (ISO 3166) and `area` are where the number plan has it. A pending one is ordered, but does not ring yet.
    """

    __tablename__ = "number"

    number: str = Field(primary_key=True, sa_type=PLAIN_TEXT)
    node_id: int = Field(foreign_key="node.id", index=True, sa_type=BIG)
    country: str
    area: str
    pending: bool = False
    added: datetime = Field(sa_type=UtcTime)


class NumberRouteRow(Row, table=True):
    """Whom faxes to a number with this sub-address are for; with an empty one, all that nothing else fits.

    `addresses` are one to three mail addresses with spaces between; empty: those of the user.
    """

    __tablename__ = "number_route"

    number: str = Field(primary_key=True, foreign_key="number.number", sa_type=PLAIN_TEXT)
    sub_address: str = Field(primary_key=True)
    node_id: int = Field(foreign_key="node.id", index=True, sa_type=BIG)
    addresses: str = ""
