"""Messages of people to customers, each passed on once"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEW_MOMENTS = ("customer_wrote_at", "owner_called_at", "undelivered_at")
TIMELINE = sa.table(
    "timeline",
    sa.column("account_id", sa.String),
    sa.column("handoff_id", sa.String),
    sa.column("number", sa.BigInteger),
    sa.column("event", sa.String),
    sa.column("at", Instant),
    sa.column("data", Document),
)


def upgrade() -> None:
    for name in NEW_MOMENTS:
        op.add_column("handoffs", sa.Column(name, Instant(), nullable=True))
    messages = op.create_table(
        "messages",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("answer", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("relayed", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "handoff_id", "message_id", name=op.f("pk_messages")),
        sa.ForeignKeyConstraint(
            ["account_id", "handoff_id"],
            ["handoffs.account_id", "handoffs.handoff_id"],
            name=op.f("fk_messages_handoffs"),
            ondelete="CASCADE",
        ),
    )
    told = _told_already()
    if told:
        op.bulk_insert(messages, told)


def downgrade() -> None:
    op.drop_table("messages")
    for name in reversed(NEW_MOMENTS):
        op.drop_column("handoffs", name)


def _told_already() -> list[dict[str, Any]]:
    """Return the answers that bots have heard with their words, so that a reading does not tell them again."""
    answers = sa.select(TIMELINE).where(TIMELINE.c.event == "answered")
    return [
        {
            "account_id": row.account_id,
            "handoff_id": row.handoff_id,
            "message_id": row.data["message"]["id"],
            "at": row.at,
            "answer": True,
            "number": row.number,
            "relayed": None,
        }
        for row in op.get_bind().execute(answers)
    ]
