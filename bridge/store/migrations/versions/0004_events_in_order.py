"""Events of an account in the order in which they were written down"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_timeline_recorded", "timeline", ["account_id", "recorded_at"])


def downgrade() -> None:
    op.drop_index("ix_timeline_recorded", "timeline")
