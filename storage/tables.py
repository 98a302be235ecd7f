"""The tables. What each row means stands here; how rows come to be stands in the module of each thing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Float, Index, LargeBinary, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from nlp.annotation import Polarity
from storage.base import CLUSTERED as _CLUSTERED
from storage.base import Base as Base  # noqa: PLC0414  all tables are reached through here
from storage.base import key as _key
from storage.base import to as _to
from storage.complaint_row import UNSORTED
from storage.complaint_row import ComplaintDay as ComplaintDay  # noqa: PLC0414
from storage.complaint_row import ComplaintRow as ComplaintRow  # noqa: PLC0414
from storage.tally import TALLY_FIELDS
from storage.types import BigId, PlainText


class Brand(Base):
    """A brand that is listened to, or a competitor. `settings` is what the configuration says of it."""

    __tablename__ = "brands"

    id: Mapped[int] = _key()
    name: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[dict[str, Any]]
    active: Mapped[bool]


class Source(Base):
    """One source, where it stopped, and how its last visits went."""

    __tablename__ = "sources"

    id: Mapped[int] = _key()
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    cursor: Mapped[dict[str, Any]]
    posts: Mapped[int] = mapped_column(BigId)
    """New posts in all its time."""
    failures: Mapped[int]
    """Visits that failed since the last good one."""
    problem: Mapped[str | None]
    last_attempt_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    """The site asked, or reason says, to leave it alone until then."""
    configured: Mapped[bool] = mapped_column(server_default=true())
    """False for the source of an import, and for one that left the configuration."""
    rest: Mapped[str | None]
    """Why it is left alone until `retry_at`: a `storage.sources.Rest`."""
    fingerprint: Mapped[str | None]
    """Of its options: when they change, what was refused before may be tried at once."""
    backfill: Mapped[dict[str, Any] | None]
    """A walk into the past: back to when (`since`), its own `cursor`, when it was `done`."""


class Quota(Base):
    """What was spent of a service's quota. One `account` may serve many sources: they share a key."""

    __tablename__ = "quotas"

    account: Mapped[str] = mapped_column(primary_key=True)
    units: Mapped[float]
    """How many there are until `resets_at`."""
    spent: Mapped[float]
    resets_at: Mapped[datetime]


class Mention(Base):
    """One post, as it is now.

    `content_hash` covers what its author wrote: another one makes a new revision. `state_hash` covers what
    changes around it (reach, the brand's reply, dates): another one is stored in place. `moment` is
    `published_at`, or when it was first seen; `day` is its date in UTC. `story_id` is the mention at the head
    of its near-duplicates, itself included, and NULL until stories have been folded.
    """

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index(None, "day", "source_id"),
        Index(None, "story_id"),
        Index(None, "author_key"),
        Index(
            "ix_mentions_texts",
            "id",
            "revision",
            sqlite_where=text("has_text = 1 AND deleted_at IS NULL"),
            postgresql_where=text("has_text AND deleted_at IS NULL"),
        ),
        Index(
            "ix_mentions_unfolded",
            "id",
            sqlite_where=text("story_id IS NULL AND has_text = 1 AND deleted_at IS NULL"),
            postgresql_where=text("story_id IS NULL AND has_text AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = _key()
    source_id: Mapped[int] = _to("sources.id")
    external_id: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[str | None]
    """The `external_id` of what it answers, within the same source."""
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state_hash: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int]
    story_id: Mapped[int | None] = _to("mentions.id")
    day: Mapped[date]
    moment: Mapped[datetime]
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    """When it was last seen to differ in anything."""
    deleted_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    """When its text was erased for good on request; it is never filled again."""
    language: Mapped[str | None]
    title: Mapped[str | None]
    text: Mapped[str]
    has_text: Mapped[bool]
    rating: Mapped[float | None]
    rating_worst: Mapped[float | None]
    rating_best: Mapped[float | None]
    rating_question: Mapped[str | None]
    answers: Mapped[dict[str, Any] | None]
    """To the survey's other questions: question → [value, worst, best]."""
    url: Mapped[str | None]
    author_key: Mapped[str | None]
    """A keyed pseudonym."""
    author_name: Mapped[str | None]
    """NULL unless the user chose to keep names."""
    author_followers: Mapped[int | None] = mapped_column(BigId)
    reply_text: Mapped[str | None]
    reply_at: Mapped[datetime | None]
    views: Mapped[int | None] = mapped_column(BigId)
    likes: Mapped[int | None] = mapped_column(BigId)
    shares: Mapped[int | None] = mapped_column(BigId)
    comments: Mapped[int | None] = mapped_column(BigId)
    reach: Mapped[int] = mapped_column(BigId)
    """Views, or where the source tells none, likes + shares + comments."""
    segments: Mapped[dict[str, Any]]


class MentionBrand(Base):
    """That a mention is about a brand. `day` repeats the mention's, so that a brand's days are one index."""

    __tablename__ = "mention_brands"
    __table_args__ = (Index(None, "brand_id", "day", "mention_id"), _CLUSTERED)

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    brand_id: Mapped[int] = _to("brands.id", primary_key=True)
    day: Mapped[date]
    relevant: Mapped[bool]
    """False where the text turned out not to be about the brand: it stays, and counts nowhere."""


class Revision(Base):
    """What a mention said before it was edited. `revision` counts from 1."""

    __tablename__ = "revisions"

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    text: Mapped[str]
    rating: Mapped[float | None]
    rating_worst: Mapped[float | None]
    rating_best: Mapped[float | None]
    replaced_at: Mapped[datetime]


class SurveyQuestion(Base):
    """A question that a source's ratings answer, as it was worded, and the scale it was last read on."""

    __tablename__ = "survey_questions"
    __table_args__ = _CLUSTERED

    source_id: Mapped[int] = _to("sources.id", primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[str] = mapped_column(primary_key=True)
    worst: Mapped[float]
    best: Mapped[float]
    """Below `worst` where a low answer is the good one (CES 1.0)."""
    read_at: Mapped[datetime]


class CustomerCount(Base):
    """How many customers a brand had in a period, days `start` to `end` included; NULL is "not said"."""

    __tablename__ = "customer_counts"
    __table_args__ = _CLUSTERED

    brand_id: Mapped[int] = _to("brands.id", primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    end: Mapped[date] = mapped_column(primary_key=True)
    customers_at_start: Mapped[float | None]
    customers_at_end: Mapped[float | None]
    new: Mapped[float | None]
    lost: Mapped[float | None]
    orders: Mapped[float | None]
    order_value: Mapped[float | None]
    """Of all orders together, in the brand's own currency."""
    imported_at: Mapped[datetime]


class RawAnswer(Base):
    """An answer as received, compressed with zlib, kept until `expires_at`."""

    __tablename__ = "raw_answers"
    __table_args__ = (UniqueConstraint("source_id", "sha256"), Index(None, "expires_at"))

    id: Mapped[int] = _key()
    source_id: Mapped[int] = _to("sources.id")
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    """Of address and body: the same answer twice is kept once."""
    url: Mapped[str]
    content_type: Mapped[str]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OpinionModel(Base):
    """A model that annotated something. The figures are made of the annotations of the `current` one."""

    __tablename__ = "opinion_models"

    id: Mapped[int] = _key()
    name: Mapped[str] = mapped_column(unique=True)
    card: Mapped[dict[str, Any]]
    current: Mapped[bool]


class AnnotationRow(Base):
    """What counts of one revision of a mention: `nlp.annotation.Annotation` by one model, flat.

    Corrections made by hand are in it already; what the model said before them is in `overruled`.
    """

    __tablename__ = "annotations"
    __table_args__ = _CLUSTERED

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    model_id: Mapped[int] = _to("opinion_models.id", primary_key=True)
    revision: Mapped[int]
    annotated_at: Mapped[datetime]
    language: Mapped[str | None]
    negative: Mapped[float | None]
    neutral: Mapped[float | None]
    positive: Mapped[float | None]
    sentiment: Mapped[str | None]
    """The label of the three probabilities, to filter by."""
    stars_1: Mapped[float | None]
    stars_2: Mapped[float | None]
    stars_3: Mapped[float | None]
    stars_4: Mapped[float | None]
    stars_5: Mapped[float | None]
    detractor: Mapped[float | None]
    passive: Mapped[float | None]
    promoter: Mapped[float | None]
    explicit_recommendation: Mapped[str | None]
    effort_level: Mapped[float | None]
    effort_confidence: Mapped[float | None]
    churn_intent: Mapped[float | None]
    sarcasm: Mapped[float | None]
    relevance: Mapped[float | None]


class TouchpointOpinionRow(Base):
    """What an annotation says of one touchpoint, `place` counting from 0 within the annotation."""

    __tablename__ = "touchpoint_opinions"
    __table_args__ = (
        Index(
            "ix_touchpoint_opinions_unsorted",
            "model_id",
            "mention_id",
            sqlite_where=UNSORTED,
            postgresql_where=UNSORTED,
        ),
        _CLUSTERED,
    )

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    model_id: Mapped[int] = _to("opinion_models.id", primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    touchpoint: Mapped[str]
    polarity: Mapped[Polarity] = mapped_column(PlainText)
    confidence: Mapped[float]
    quote: Mapped[str]
    complaint_id: Mapped[int | None] = mapped_column(BigId)
    """What it complains of: of `complaints`, 0 where it is about none of them, NULL until it is sorted."""


class Correction(Base):
    """What a person said a mention says, against the model: it wins until it is withdrawn.

    One for each field (`nlp.correction.FIELDS`) of a mention; of a relevance, one for each brand. `revision` is
    the wording that the person read; the author's later ones are corrected too, and shown as such.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        Index(
            "ix_corrections_texts",
            "mention_id",
            "field",
            unique=True,
            sqlite_where=text("brand_id IS NULL"),
            postgresql_where=text("brand_id IS NULL"),
        ),
        Index(
            "ix_corrections_brands",
            "mention_id",
            "brand_id",
            "field",
            unique=True,
            sqlite_where=text("brand_id IS NOT NULL"),
            postgresql_where=text("brand_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = _key()
    mention_id: Mapped[int] = _to("mentions.id")
    field: Mapped[str]
    brand_id: Mapped[int | None] = _to("brands.id")
    value: Mapped[str]
    before: Mapped[str | None]
    """Of a relevance: what was taken for true, to go back to."""
    revision: Mapped[int]
    drawn: Mapped[bool]
    """Whether the mention came to be judged by lot: only such ones measure the model fairly."""
    author: Mapped[str]
    made_at: Mapped[datetime]


class Overruled(Base):
    """What a model said of a mention, whole, where corrections stand over it in `annotations`."""

    __tablename__ = "overruled"
    __table_args__ = _CLUSTERED

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    model_id: Mapped[int] = _to("opinion_models.id", primary_key=True)
    said: Mapped[dict[str, Any]]


class Evaluation(Base):
    """What a model was worth on somebody's labelled texts; of one name the newest is shown."""

    __tablename__ = "evaluations"

    id: Mapped[int] = _key()
    name: Mapped[str]
    model: Mapped[str]
    measured_at: Mapped[datetime]
    document: Mapped[dict[str, Any]]


class Calibration(Base):
    """What a brand's own answers taught of a figure that a model infers; `detail` is what it was learned from."""

    __tablename__ = "calibrations"
    __table_args__ = _CLUSTERED

    brand_id: Mapped[int] = _to("brands.id", primary_key=True)
    model_id: Mapped[int] = _to("opinion_models.id", primary_key=True)
    figure: Mapped[str] = mapped_column(primary_key=True)
    shift: Mapped[float]
    doubt: Mapped[float]
    learned_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class StoryBand(Base):
    """One band hash of a mention's text: two mentions that share one may tell the same story."""

    __tablename__ = "story_bands"
    __table_args__ = (Index(None, "band"), _CLUSTERED)

    mention_id: Mapped[int] = _to("mentions.id", primary_key=True)
    band: Mapped[int] = mapped_column(BigId, primary_key=True)


class DirtyDay(Base):
    """A mark that a brand's day must be counted again. Marks are only added, so writers never wait on them."""

    __tablename__ = "dirty_days"

    id: Mapped[int] = _key()
    brand_id: Mapped[int] = _to("brands.id")
    day: Mapped[date]


class Rollup(Base):
    """One `Tally`: a column for each of its fields. `touchpoint` '' is all mentions, `language` '' unknown."""

    __tablename__ = "rollups"
    __table_args__ = _CLUSTERED

    brand_id: Mapped[int] = _to("brands.id", primary_key=True)
    touchpoint: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    source_id: Mapped[int] = _to("sources.id", primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)


for _name in TALLY_FIELDS:
    setattr(Rollup, _name, mapped_column(_name, Float, nullable=False))


class Alert(Base):
    """Something somebody must see. `key` names the event: it is raised once."""

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "brand_id", "raised_at"),)

    id: Mapped[int] = _key()
    rule: Mapped[str]
    brand_id: Mapped[int] = _to("brands.id")
    key: Mapped[str] = mapped_column(unique=True)
    severity: Mapped[str]
    title: Mapped[str]
    detail: Mapped[dict[str, Any]]
    mention_id: Mapped[int | None] = _to("mentions.id")
    raised_at: Mapped[datetime]


class Outgoing(Base):
    """A message to deliver. `due_at` moves on with every claim and failure: it is the lease as well."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "state", "due_at"),)

    id: Mapped[int] = _key()
    message_id: Mapped[str] = mapped_column(unique=True)
    """For receivers, to drop repeats."""
    channel: Mapped[str]
    payload: Mapped[dict[str, Any]]
    alert_id: Mapped[int | None] = _to("alerts.id")
    state: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class Report(Base):
    """A frozen document: the first one of its brand, kind, period and language stays for good."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("brand_id", "kind", "period", "language"),)

    id: Mapped[int] = _key()
    brand_id: Mapped[int] = _to("brands.id")
    kind: Mapped[str]
    period: Mapped[str]
    language: Mapped[str]
    document: Mapped[dict[str, Any]]
    frozen_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what: every export and erasure is here."""

    __tablename__ = "audit_log"

    id: Mapped[int] = _key()
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    detail: Mapped[dict[str, Any]]


class Run(Base):
    """One run of a job; `finished_at` is NULL while it runs and for ever if it was killed."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "kind", "started_at"),)

    id: Mapped[int] = _key()
    kind: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]]
    problem: Mapped[str | None]
