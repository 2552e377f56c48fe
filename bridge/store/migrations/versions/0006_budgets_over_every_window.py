"""Budgets count over every window"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _anew(sa.Column("spent", Document, nullable=False))


def downgrade() -> None:
    _anew(
        sa.Column("window_began_at", Instant(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
    )


def _anew(*counters: sa.Column[Any]) -> None:
    """Make the table empty: what was spent is of no use a minute later."""
    op.drop_table("budgets")
    op.create_table(
        "budgets",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=128), nullable=False),
        *counters,
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("blocked_until", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "connection", "lane", name=op.f("pk_budgets")),
    )
