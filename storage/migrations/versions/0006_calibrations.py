"""What brands' own answers taught of the figures that a model infers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "calibrations",
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("figure", sa.String(), nullable=False),
        sa.Column("shift", sa.Float(), nullable=False),
        sa.Column("doubt", sa.Float(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_calibrations_brand_id"),
        sa.ForeignKeyConstraint(["model_id"], ["opinion_models.id"], name="fk_calibrations_model_id"),
        sa.PrimaryKeyConstraint("brand_id", "model_id", "figure", name="pk_calibrations"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("calibrations")
