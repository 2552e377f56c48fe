"""Indexes by which a purge finds what is old, and the delivery loop the next moment"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWED = sa.text("state IN ('owed', 'unknown')")
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
        "ix_deliveries_later", "deliveries", ["not_before"], sqlite_where=OWED, postgresql_where=OWED
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_later", table_name="deliveries")
    op.drop_index("ix_inbox_handoff", table_name="inbox")
    op.drop_index("ix_handoffs_closed", table_name="handoffs")
