"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON()
MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.Float()
TEXT = sa.String()

SUMS = (
    "mentions",
    "copies",
    "reach",
    "replied",
    "blamed",
    "praised",
    "rated",
    "rating_sum",
    "rating_squares",
    "satisfied",
    "promoters",
    "passives",
    "detractors",
    "efforts",
    "effort_sum",
    "effort_squares",
    "inferred_csat",
    "p_satisfied",
    "p_satisfied_squares",
    "expected_stars",
    "inferred_nps",
    "p_promoter",
    "p_passive",
    "p_detractor",
    "p_net_squares",
    "opinions",
    "p_negative",
    "p_neutral",
    "p_positive",
    "p_sentiment_squares",
    "cued",
    "cue_sum",
    "cue_squares",
    "churn_known",
    "p_churn",
)
"""The fields of a tally."""


def upgrade() -> None:
    """Make them."""
    _listening()
    _texts()
    _opinions()
    _figures()
    _outcomes()


def downgrade() -> None:
    """Drop them."""
    for table in (
        "outbox",
        "touchpoint_opinions",
        "story_bands",
        "revisions",
        "mention_brands",
        "annotations",
        "alerts",
        "rollups",
        "reports",
        "raw_answers",
        "mentions",
        "dirty_days",
        "sources",
        "runs",
        "opinion_models",
        "brands",
        "audit_log",
    ):
        op.drop_table(table)


def _listening() -> None:
    """What is listened to."""
    op.create_table(
        "brands",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_brands"),
        sa.UniqueConstraint("name", name="uq_brands_name"),
    )

    op.create_table(
        "sources",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("cursor", JSON, nullable=False),
        sa.Column("posts", ID, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", TEXT, nullable=True),
        sa.Column("last_attempt_at", MOMENT, nullable=True),
        sa.Column("last_success_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sa.UniqueConstraint("name", name="uq_sources_name"),
    )


def _texts() -> None:
    """What was published."""
    op.create_table(
        "mentions",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("story_id", ID, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("moment", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=True),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("has_text", sa.Boolean(), nullable=False),
        sa.Column("rating", NUMBER, nullable=True),
        sa.Column("rating_worst", NUMBER, nullable=True),
        sa.Column("rating_best", NUMBER, nullable=True),
        sa.Column("rating_question", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("author_key", TEXT, nullable=True),
        sa.Column("author_name", TEXT, nullable=True),
        sa.Column("author_followers", ID, nullable=True),
        sa.Column("reply_text", TEXT, nullable=True),
        sa.Column("reply_at", MOMENT, nullable=True),
        sa.Column("views", ID, nullable=True),
        sa.Column("likes", ID, nullable=True),
        sa.Column("shares", ID, nullable=True),
        sa.Column("comments", ID, nullable=True),
        sa.Column("reach", ID, nullable=False),
        sa.Column("segments", JSON, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_mentions_source_id"),
        sa.ForeignKeyConstraint(["story_id"], ["mentions.id"], name="fk_mentions_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mentions"),
        sa.UniqueConstraint("source_id", "external_id", name="uq_mentions_source_id_external_id"),
    )
    op.create_index("ix_mentions_author_key", "mentions", ["author_key"])
    op.create_index("ix_mentions_day_source_id", "mentions", ["day", "source_id"])
    op.create_index("ix_mentions_story_id", "mentions", ["story_id"])
    op.create_index(
        "ix_mentions_texts",
        "mentions",
        ["id", "revision"],
        sqlite_where=sa.text("has_text = 1 AND deleted_at IS NULL"),
        postgresql_where=sa.text("has_text AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_mentions_unfolded",
        "mentions",
        ["id"],
        sqlite_where=sa.text("story_id IS NULL AND has_text = 1 AND deleted_at IS NULL"),
        postgresql_where=sa.text("story_id IS NULL AND has_text AND deleted_at IS NULL"),
    )

    op.create_table(
        "mention_brands",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_mention_brands_brand_id"),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_mention_brands_mention_id"),
        sa.PrimaryKeyConstraint("mention_id", "brand_id", name="pk_mention_brands"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_mention_brands_brand_id_day_mention_id", "mention_brands", ["brand_id", "day", "mention_id"]
    )

    op.create_table(
        "revisions",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("rating", NUMBER, nullable=True),
        sa.Column("rating_worst", NUMBER, nullable=True),
        sa.Column("rating_best", NUMBER, nullable=True),
        sa.Column("replaced_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_revisions_mention_id"),
        sa.PrimaryKeyConstraint("mention_id", "revision", name="pk_revisions"),
    )

    op.create_table(
        "raw_answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("content_type", TEXT, nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_raw_answers_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_raw_answers"),
        sa.UniqueConstraint("source_id", "sha256", name="uq_raw_answers_source_id_sha256"),
    )
    op.create_index("ix_raw_answers_expires_at", "raw_answers", ["expires_at"])


def _opinions() -> None:
    """What was understood."""
    op.create_table(
        "opinion_models",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("card", JSON, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_opinion_models"),
        sa.UniqueConstraint("name", name="uq_opinion_models_name"),
    )

    op.create_table(
        "annotations",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("annotated_at", MOMENT, nullable=False),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("negative", NUMBER, nullable=True),
        sa.Column("neutral", NUMBER, nullable=True),
        sa.Column("positive", NUMBER, nullable=True),
        sa.Column("sentiment", TEXT, nullable=True),
        sa.Column("stars_1", NUMBER, nullable=True),
        sa.Column("stars_2", NUMBER, nullable=True),
        sa.Column("stars_3", NUMBER, nullable=True),
        sa.Column("stars_4", NUMBER, nullable=True),
        sa.Column("stars_5", NUMBER, nullable=True),
        sa.Column("detractor", NUMBER, nullable=True),
        sa.Column("passive", NUMBER, nullable=True),
        sa.Column("promoter", NUMBER, nullable=True),
        sa.Column("explicit_recommendation", TEXT, nullable=True),
        sa.Column("effort_level", NUMBER, nullable=True),
        sa.Column("effort_confidence", NUMBER, nullable=True),
        sa.Column("churn_intent", NUMBER, nullable=True),
        sa.Column("sarcasm", NUMBER, nullable=True),
        sa.Column("relevance", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_annotations_mention_id"),
        sa.ForeignKeyConstraint(["model_id"], ["opinion_models.id"], name="fk_annotations_model_id"),
        sa.PrimaryKeyConstraint("mention_id", "model_id", name="pk_annotations"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "touchpoint_opinions",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("touchpoint", TEXT, nullable=False),
        sa.Column("polarity", TEXT, nullable=False),
        sa.Column("confidence", NUMBER, nullable=False),
        sa.Column("quote", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_touchpoint_opinions_mention_id"),
        sa.ForeignKeyConstraint(["model_id"], ["opinion_models.id"], name="fk_touchpoint_opinions_model_id"),
        sa.PrimaryKeyConstraint("mention_id", "model_id", "place", name="pk_touchpoint_opinions"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "story_bands",
        sa.Column("mention_id", ID, nullable=False),
        sa.Column("band", ID, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_story_bands_mention_id"),
        sa.PrimaryKeyConstraint("mention_id", "band", name="pk_story_bands"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_bands_band", "story_bands", ["band"])


def _figures() -> None:
    """What was counted."""
    op.create_table(
        "dirty_days",
        sa.Column("id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_dirty_days_brand_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dirty_days"),
    )

    op.create_table(
        "rollups",
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("touchpoint", TEXT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        *(sa.Column(name, NUMBER, nullable=False) for name in SUMS),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_rollups_brand_id"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_rollups_source_id"),
        sa.PrimaryKeyConstraint("brand_id", "touchpoint", "day", "source_id", "language", name="pk_rollups"),
        sqlite_with_rowid=False,
    )


def _outcomes() -> None:
    """What came of it."""
    op.create_table(
        "alerts",
        sa.Column("id", ID, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("mention_id", ID, nullable=True),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_alerts_brand_id"),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_alerts_mention_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("key", name="uq_alerts_key"),
    )
    op.create_index("ix_alerts_brand_id_raised_at", "alerts", ["brand_id", "raised_at"])

    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("alert_id", ID, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("problem", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_outbox_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"])

    op.create_table(
        "reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("brand_id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name="fk_reports_brand_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint(
            "brand_id", "kind", "period", "language", name="uq_reports_brand_id_kind_period_language"
        ),
    )

    op.create_table(
        "audit_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )

    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("problem", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_kind_started_at", "runs", ["kind", "started_at"])
