"""When the customer's channel closes"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("closes_after_seconds", sa.Integer(), nullable=True))
    op.add_column("handoffs", sa.Column("channel_closes_at", Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("handoffs", "channel_closes_at")
    op.drop_column("handoffs", "closes_after_seconds")
