"""Corrections made by hand, what the model said before them, and evaluations that were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TEXT = sa.String()


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("brand_id", ID, nullable=True),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_corrections_mention_id"),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_corrections_brand_id"),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    op.create_index(
        "ix_corrections_texts",
        "corrections",
        ["mention_id", "field"],
        unique=True,
        sqlite_where=sa.text("brand_id IS NULL"),
        postgresql_where=sa.text("brand_id IS NULL"),
    )
    op.create_index(
        "ix_corrections_brands",
        "corrections",
        ["mention_id", "brand_id", "field"],
        unique=True,
        sqlite_where=sa.text("brand_id IS NOT NULL"),
        postgresql_where=sa.text("brand_id IS NOT NULL"),
    )
    op.create_table(
        "overruled",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_overruled_mention_id"),
        sa.ForeignKeyConstraint(["model_id"], ["opinion_models.id"], name="fk_overruled_model_id"),
        sa.PrimaryKeyConstraint("mention_id", "model_id", name="pk_overruled"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluations",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("evaluations", "overruled", "corrections"):
        op.drop_table(table)
