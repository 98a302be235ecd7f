"""How many people complain of what on each day."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Passages are sorted by the next run, which has their days counted again."""
    op.create_table(
        "complaint_days",
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("touchpoint", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("complaint_id", ID, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_complaint_days_brand_id"),
        sa.PrimaryKeyConstraint(
            "brand_id", "day", "touchpoint", "language", "complaint_id", name="pk_complaint_days"
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("complaint_days")
