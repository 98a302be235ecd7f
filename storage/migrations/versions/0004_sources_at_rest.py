"""Why a source is left alone, where its walk into the past stands, and what was spent of a service's quota."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new, keeping the rows."""
    op.add_column("sources", sa.Column("rest", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("fingerprint", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("backfill", sa.JSON(), nullable=True))
    op.create_table(
        "quotas",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.Column("resets_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_quotas"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("quotas")
    op.drop_column("sources", "backfill")
    op.drop_column("sources", "fingerprint")
    op.drop_column("sources", "rest")
