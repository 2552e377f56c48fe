"""What an admin must mend, told once"""

import sqlalchemy as sa
from alembic import op

from bridge.store.columns import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "defects",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=255), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_defects_accounts")),
        sa.PrimaryKeyConstraint("account_id", "about", name=op.f("pk_defects")),
    )


def downgrade() -> None:
    op.drop_table("defects")
