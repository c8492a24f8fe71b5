"""The tree: administrators, rights, locks, blocks, journal.

Names and types are written out here and not taken from the tables' modules: those will move on, this stays.
"""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
