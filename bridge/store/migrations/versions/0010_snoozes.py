"""A person may let the ladder wait, and a customer may rate how it went"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("snoozed_until", Instant(), nullable=True))
    op.add_column("handoffs", sa.Column("snoozed_by", sa.String(length=64), nullable=True))
    op.add_column("handoffs", sa.Column("rating", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("handoffs", "rating")
    op.drop_column("handoffs", "snoozed_by")
    op.drop_column("handoffs", "snoozed_until")
