"""Several answers of one survey, the questions they were given to, and counts of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TEXT = sa.String()


def upgrade() -> None:
    """Add the column and the two tables."""
    op.add_column("mentions", sa.Column("answers", sa.JSON(), nullable=True))
    op.create_table(
        "survey_questions",
        sa.Column("source_id", ID, nullable=False),
        sa.Column("question", TEXT, nullable=False),
        sa.Column("asked", TEXT, nullable=False),
        sa.Column("worst", sa.Float(), nullable=False),
        sa.Column("best", sa.Float(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_survey_questions_source_id"),
        sa.PrimaryKeyConstraint("source_id", "question", "asked", name="pk_survey_questions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_counts",
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("customers_at_start", sa.Float(), nullable=True),
        sa.Column("customers_at_end", sa.Float(), nullable=True),
        sa.Column("new", sa.Float(), nullable=True),
        sa.Column("lost", sa.Float(), nullable=True),
        sa.Column("orders", sa.Float(), nullable=True),
        sa.Column("order_value", sa.Float(), nullable=True),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_customer_counts_brand_id"),
        sa.PrimaryKeyConstraint("brand_id", "start", "end", name="pk_customer_counts"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("customer_counts")
    op.drop_table("survey_questions")
    op.drop_column("mentions", "answers")
