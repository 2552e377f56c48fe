"""The first tables"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "attempts",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "delivery_id", "attempt", name=op.f("pk_attempts")),
    )
    op.create_table(
        "budgets",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=128), nullable=False),
        sa.Column("window_began_at", Instant(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("blocked_until", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "connection", "lane", name=op.f("pk_budgets")),
    )
    op.create_table(
        "deliveries",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=128), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=True),
        sa.Column("payload", Document, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("waiting_since", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", Instant(), nullable=True),
        sa.Column("lease", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("owed_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "delivery_id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_handoff", ["account_id", "handoff_id"], unique=False)
        batch_op.create_index(
            "ix_deliveries_order",
            ["account_id", "handoff_id", "connection", "number"],
            unique=False,
            sqlite_where=sa.text("state IN ('owed', 'unknown')"),
            postgresql_where=sa.text("state IN ('owed', 'unknown')"),
        )
        batch_op.create_index(
            "ix_deliveries_owed",
            ["waiting_since", "not_before"],
            unique=False,
            sqlite_where=sa.text("state IN ('owed', 'unknown')"),
            postgresql_where=sa.text("state IN ('owed', 'unknown')"),
        )

    op.create_table(
        "inbox",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=True),
        sa.Column("ticket_id", sa.String(length=64), nullable=True),
        sa.Column("answer", Document, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "source", "event_id", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_ticket", ["account_id", "source", "ticket_id"], unique=False)

    op.create_table(
        "connections",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("vendor", sa.String(length=32), nullable=False),
        sa.Column("hook", sa.String(length=64), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("trouble_at", Instant(), nullable=True),
        sa.Column("heard_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_connections_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "connection", name=op.f("pk_connections")),
        sa.UniqueConstraint("vendor", "hook", name=op.f("uq_connections_vendor_hook")),
    )
    op.create_table(
        "desk_versions",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("loaded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_desk_versions_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "version", name=op.f("pk_desk_versions")),
    )
    op.create_table(
        "handoffs",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("desk_version", sa.Integer(), nullable=False),
        sa.Column("context", Document, nullable=False),
        sa.Column("summary", Document, nullable=False),
        sa.Column("route", Document, nullable=False),
        sa.Column("policy", Document, nullable=False),
        sa.Column("flags", Document, nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("promised_at", Instant(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("ticket", Document, nullable=True),
        sa.Column("ticket_connection", sa.String(length=64), nullable=True),
        sa.Column("ticket_id", sa.String(length=64), nullable=True),
        sa.Column("ticketed_at", Instant(), nullable=True),
        sa.Column("card", Document, nullable=True),
        sa.Column("carded_at", Instant(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_handoffs_accounts")),
        sa.PrimaryKeyConstraint("account_id", "handoff_id", name=op.f("pk_handoffs")),
    )
    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.create_index("ix_handoffs_received", ["account_id", "received_at"], unique=False)
        batch_op.create_index(
            "ix_handoffs_ticket", ["account_id", "ticket_connection", "ticket_id"], unique=False
        )
        batch_op.create_index(
            "uq_handoffs_open_conversation",
            ["account_id", "conversation_id", "test"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'answered')"),
            postgresql_where=sa.text("state IN ('open', 'answered')"),
        )

    op.create_table(
        "keys",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("shown", sa.String(length=32), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_keys_accounts")),
        sa.PrimaryKeyConstraint("account_id", "key_id", name=op.f("pk_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_keys_digest")),
    )
    op.create_table(
        "clocks",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("late_ms", sa.BigInteger(), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "handoff_id"],
            ["handoffs.account_id", "handoffs.handoff_id"],
            name=op.f("fk_clocks_handoffs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "handoff_id", "rung", name=op.f("pk_clocks")),
    )
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clocks_armed",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'armed'"),
            postgresql_where=sa.text("state = 'armed'"),
        )

    op.create_table(
        "timeline",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("data", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "handoff_id"],
            ["handoffs.account_id", "handoffs.handoff_id"],
            name=op.f("fk_timeline_handoffs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "handoff_id", "number", name=op.f("pk_timeline")),
    )


def downgrade() -> None:
    op.drop_table("timeline")
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_clocks_armed",
            sqlite_where=sa.text("state = 'armed'"),
            postgresql_where=sa.text("state = 'armed'"),
        )

    op.drop_table("clocks")
    op.drop_table("keys")
    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_handoffs_open_conversation",
            sqlite_where=sa.text("state IN ('open', 'answered')"),
            postgresql_where=sa.text("state IN ('open', 'answered')"),
        )
        batch_op.drop_index("ix_handoffs_ticket")
        batch_op.drop_index("ix_handoffs_received")

    op.drop_table("handoffs")
    op.drop_table("desk_versions")
    op.drop_table("connections")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_ticket")

    op.drop_table("inbox")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_deliveries_owed",
            sqlite_where=sa.text("state IN ('owed', 'unknown')"),
            postgresql_where=sa.text("state IN ('owed', 'unknown')"),
        )
        batch_op.drop_index(
            "ix_deliveries_order",
            sqlite_where=sa.text("state IN ('owed', 'unknown')"),
            postgresql_where=sa.text("state IN ('owed', 'unknown')"),
        )
        batch_op.drop_index("ix_deliveries_handoff")

    op.drop_table("deliveries")
    op.drop_table("budgets")
    op.drop_table("attempts")
    op.drop_table("accounts")
