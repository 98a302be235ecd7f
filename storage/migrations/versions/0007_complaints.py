"""What people complain of, and which complaint each negative passage is about."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSORTED = sa.text("complaint_id IS NULL AND polarity IN ('negative', 'mixed')")


def upgrade() -> None:
    """Make the table and the column. All passages are unsorted at first: the next run sorts them."""
    op.create_table(
        "complaints",
        sa.Column("id", ID, nullable=False),
        sa.Column("touchpoint", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaints"),
        sa.UniqueConstraint("touchpoint", "language", "key", name="uq_complaints_touchpoint_language_key"),
    )
    op.add_column("touchpoint_opinions", sa.Column("complaint_id", ID, nullable=True))
    op.create_index(
        "ix_touchpoint_opinions_unsorted",
        "touchpoint_opinions",
        ["model_id", "mention_id"],
        sqlite_where=UNSORTED,
        postgresql_where=UNSORTED,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_touchpoint_opinions_unsorted", "touchpoint_opinions")
    op.drop_column("touchpoint_opinions", "complaint_id")
    op.drop_table("complaints")
