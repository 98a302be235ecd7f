"""When a source may be asked again, and whether it is one of the configuration."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new, keeping the rows. The configuration is applied at the next start; until then all count."""
    op.add_column("sources", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("configured", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("sources", "configured")
    op.drop_column("sources", "retry_at")
