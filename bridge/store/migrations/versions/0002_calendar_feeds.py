"""Calendar feeds"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("feed", sa.String(length=200), nullable=False),
        sa.Column("events", Document, nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "feed", name=op.f("pk_feeds")),
    )


def downgrade() -> None:
    op.drop_table("feeds")
