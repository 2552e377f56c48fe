"""Shift changes, and how a handoff ended"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RESOLVED = sa.text("state = 'resolved'")


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("outcome", sa.String(length=16), nullable=True))
    op.add_column("handoffs", sa.Column("outcome_by", sa.String(length=64), nullable=True))
    op.add_column("handoffs", sa.Column("handed_on_from", sa.String(length=64), nullable=True))
    op.add_column("handoffs", sa.Column("former", Document, nullable=True))
    op.create_index(
        "ix_handoffs_resolved",
        "handoffs",
        ["account_id", "conversation_id", "closed_at"],
        sqlite_where=RESOLVED,
        postgresql_where=RESOLVED,
    )
    op.create_table(
        "shift_changes",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("moving", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_shift_changes_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "channel", name=op.f("pk_shift_changes")),
    )


def downgrade() -> None:
    op.drop_table("shift_changes")
    op.drop_index("ix_handoffs_resolved", table_name="handoffs")
    for name in ("former", "handed_on_from", "outcome_by", "outcome"):
        op.drop_column("handoffs", name)
