"""The durable queue: journal, trunks, nodes, sweeping.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
