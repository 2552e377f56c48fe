"""What people set beside the desk file: covers, alert rules, and the home pages they have opened"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Document, Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "covers",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("cover_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("in_place_of", sa.String(length=64), nullable=False),
        sa.Column("channels", Document, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_covers_accounts")),
        sa.PrimaryKeyConstraint("account_id", "cover_id", name=op.f("pk_covers")),
    )
    op.create_table(
        "alert_rules",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("reminders", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_alert_rules_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "person", name=op.f("pk_alert_rules")),
    )
    op.create_table(
        "homes",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("shown", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_homes_accounts")),
        sa.PrimaryKeyConstraint("account_id", "connection", "user_id", name=op.f("pk_homes")),
    )


def downgrade() -> None:
    op.drop_table("homes")
    op.drop_table("alert_rules")
    op.drop_table("covers")
    op.drop_column("accounts", "revision")
