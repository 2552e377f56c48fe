"""Indexes: what is old, for a purge; what is missing, for the books"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DEAD = sa.text("state = 'dead'")
NEITHER_TICKET_NOR_CARD = sa.text("ticketed_at IS NULL AND carded_at IS NULL")
CLOSED = sa.text("closed_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_handoffs_closed",
        "handoffs",
        ["account_id", "closed_at"],
        sqlite_where=CLOSED,
        postgresql_where=CLOSED,
    )
    op.create_index("ix_inbox_handoff", "inbox", ["account_id", "handoff_id", "received_at"])
    op.create_index(
        "ix_deliveries_dead",
        "deliveries",
        ["account_id", "handoff_id"],
        sqlite_where=DEAD,
        postgresql_where=DEAD,
    )
    op.create_index(
        "ix_handoffs_bare",
        "handoffs",
        ["account_id", "received_at"],
        sqlite_where=NEITHER_TICKET_NOR_CARD,
        postgresql_where=NEITHER_TICKET_NOR_CARD,
    )


def downgrade() -> None:
    op.drop_index("ix_handoffs_bare", table_name="handoffs")
    op.drop_index("ix_deliveries_dead", table_name="deliveries")
    op.drop_index("ix_inbox_handoff", table_name="inbox")
    op.drop_index("ix_handoffs_closed", table_name="handoffs")
