"""Lists of what failed of one user, out of very many: the faxes that went through are passed over.

Names are written out here and not taken from the tables' modules: those will move on, this stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
works_for = ("0006",)  # an index changes nothing for a node that does not know of it


def upgrade() -> None:
    """One index."""
    clause = sa.text("outcome <> 'Success'")
    columns = ["user_id", "outcome", "accepted", "id"]
    op.create_index("ix_job_user_outcome", "job", columns, sqlite_where=clause, postgresql_where=clause)


def downgrade() -> None:
    """Without it."""
    op.drop_index("ix_job_user_outcome", table_name="job")
