"""What the opinion models said of the mentions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from nlp.annotation import Annotation, Effort, Recommendation, Sentiment, Stars, TouchpointOpinion
from nlp.correction import correct
from storage import dirty, overruling
from storage.database import in_chunks, insert_rows, take_turns
from storage.tables import (
    AnnotationRow,
    Mention,
    MentionBrand,
    OpinionModel,
    Overruled,
    Source,
    TouchpointOpinionRow,
)

COLUMNS = tuple(
    column.label(f"a_{column.name}")
    for column in AnnotationRow.__table__.c
    if column.name not in ("mention_id", "model_id", "annotated_at")
)
"""What a query selects for `read`, besides the touchpoints; `a_revision` is NULL where there is no annotation."""


@dataclass(frozen=True, slots=True)
class Model:
    """A registered opinion model; figures are made of what the `current` one said.

    `name` is a `registered_name` where the model has versions.
    """

    id: int
    name: str
    card: dict[str, Any]
    current: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """Where a mention blames or praises a touchpoint. `quote` is not masked: mask it before display."""

    mention_id: int
    touchpoint: str
    polarity: str
    confidence: float
    quote: str
    language: str | None
    day: date
    source: str
    url: str | None


def registered_name(name: str, version: str) -> str:
    """What to register a version of a model as, "name@version": new weights are another reader.

    What an older version said then stays with its own card, and with its own error, until the new one has
    read everything.
    """
    return f"{name}@{version}"


def register_model(conn: Connection, name: str, card: Mapping[str, Any]) -> int:
    """The id of the model of that name, its card brought up to date. The very first one is current at once.

    A later one re-annotates in the background (`mentions.pending`) while the figures stay those of the
    current model; when nothing is pending any more, call `activate`.
    """
    take_turns(conn, "opinion models")
    known = find_model(conn, name)
    if known is None:
        first = conn.execute(select(OpinionModel.id).limit(1)).first() is None
        row = {"name": name, "card": dict(card), "current": first}
        conn.execute(insert(OpinionModel).values(row))
        return conn.execute(select(OpinionModel.id).where(OpinionModel.name == name)).scalar_one()
    if known.card != card:
        conn.execute(update(OpinionModel).where(OpinionModel.id == known.id).values(card=dict(card)))
    return known.id


def activate(conn: Connection, name: str) -> bool:
    """Make this model's annotations the figures; every day is counted again. False where it was so already.

    Raises LookupError when no such model is registered.
    """
    take_turns(conn, "opinion models")
    model = find_model(conn, name)
    if model is None:
        raise LookupError(f"no opinion model {name!r} is registered")
    if model.current:
        return False
    conn.execute(update(OpinionModel).values(current=OpinionModel.id == model.id))
    dirty.mark_everything(conn)
    return True


def current_model(conn: Connection) -> Model | None:
    """The model whose annotations make the figures."""
    return _model(conn.execute(_MODELS.where(OpinionModel.current)).first())


def find_model(conn: Connection, name: str) -> Model | None:
    """The registered model of that name."""
    return _model(conn.execute(_MODELS.where(OpinionModel.name == name)).first())


CURRENT = select(OpinionModel.id).where(OpinionModel.current).scalar_subquery()
"""The id of the current model, within a query."""

_MODELS = select(OpinionModel.id, OpinionModel.name, OpinionModel.card, OpinionModel.current)


def _model(row: Row[int, str, dict[str, Any], bool] | None) -> Model | None:
    return Model(*row) if row else None


def save(conn: Connection, model: str, annotations: Iterable[tuple[int, int, Annotation]], now: datetime) -> int:
    """Keep what a registered model said of mentions, given as (mention id, revision, annotation).

    It replaces what the model said before; corrections made by hand stand over it. What is about another
    revision than the mention has by now is left out (it is pending again). Marks the days to count again.
    Returns how many were kept.
    Raises LookupError when the model is not registered.
    """
    found = find_model(conn, model)
    if found is None:
        raise LookupError(f"no opinion model {model!r} is registered")
    take_turns(conn, "annotations")
    kept = 0
    for chunk in in_chunks(annotations):
        ids = [id_ for id_, _, _ in chunk]
        now_at = conn.execute(select(Mention.id, Mention.revision).where(Mention.id.in_(ids)))
        revisions = dict(now_at.all())
        fresh = {id_: (revision, a) for id_, revision, a in chunk if revisions.get(id_) == revision}
        if fresh:
            _replace(conn, found.id, _overruled(conn, found.id, fresh), now)
            dirty.mark(conn, list(fresh))
            kept += len(fresh)
    return kept


def correct_anew(conn: Connection, mention_ids: Iterable[int]) -> None:
    """Put the corrections of these mentions, as they are by now, over what every model said; marks the days."""
    take_turns(conn, "annotations")
    for ids in in_chunks(mention_ids):
        query = select(AnnotationRow.mention_id, AnnotationRow.model_id, AnnotationRow.annotated_at, *COLUMNS)
        for row in conn.execute(query.where(AnnotationRow.mention_id.in_(ids))).all():
            annotation = said_by_model(conn, row.model_id, row)
            one = {row.mention_id: (row.a_revision, annotation)}
            _replace(conn, row.model_id, _overruled(conn, row.model_id, one), row.annotated_at)
        dirty.mark(conn, ids)


def said_by_model(conn: Connection, model_id: int, row: Row[Any]) -> Annotation:
    """What the model itself said, without corrections, of the mention of a row that selects `COLUMNS`."""
    kept = select(Overruled.said).where(Overruled.mention_id == row.mention_id, Overruled.model_id == model_id)
    before = conn.execute(kept).scalar()
    if before is not None:
        return read(overruling.unpacked(before)[0], "", overruling.unpacked(before)[1])
    return read(row, "", touchpoints_of(conn, model_id, [row.mention_id]).get(row.mention_id, ()))


def _overruled(
    conn: Connection, model_id: int, annotations: Mapping[int, tuple[int, Annotation]]
) -> Mapping[int, tuple[int, Annotation]]:
    """The annotations with the corrections over them; what they were is kept."""
    rulings = overruling.rulings(conn, annotations)
    said = {id_: overruling.packed(_flat(annotations[id_][1]), annotations[id_][1]) for id_ in rulings}
    overruling.keep(conn, model_id, said, annotations)
    ruled = {id_: (annotations[id_][0], correct(annotations[id_][1], rulings[id_])) for id_ in rulings}
    return {**annotations, **ruled}


def _replace(
    conn: Connection, model_id: int, annotations: Mapping[int, tuple[int, Annotation]], now: datetime
) -> None:
    ids = list(annotations)
    for table in (TouchpointOpinionRow, AnnotationRow):
        conn.execute(delete(table).where(table.mention_id.in_(ids), table.model_id == model_id))
    rows = [
        {"mention_id": id_, "model_id": model_id, "revision": revision, "annotated_at": now, **_flat(annotation)}
        for id_, (revision, annotation) in annotations.items()
    ]
    insert_rows(conn, AnnotationRow, rows)
    touchpoints = [
        {
            "mention_id": id_,
            "model_id": model_id,
            "place": place,
            "touchpoint": opinion.touchpoint,
            "polarity": opinion.polarity,
            "confidence": float(opinion.confidence),
            "quote": opinion.quote,
        }
        for id_, (_, annotation) in annotations.items()
        for place, opinion in enumerate(annotation.touchpoints)
    ]
    insert_rows(conn, TouchpointOpinionRow, touchpoints)


def _flat(annotation: Annotation) -> dict[str, Any]:
    s, r, e = annotation.sentiment, annotation.recommendation, annotation.effort
    stars = annotation.stars.probabilities if annotation.stars else (None,) * 5
    return {
        "language": annotation.language,
        "negative": _number(s.negative) if s else None,
        "neutral": _number(s.neutral) if s else None,
        "positive": _number(s.positive) if s else None,
        "sentiment": s.label if s else None,
        **{f"stars_{star}": _number(p) for star, p in enumerate(stars, start=1)},
        "detractor": _number(r.detractor) if r else None,
        "passive": _number(r.passive) if r else None,
        "promoter": _number(r.promoter) if r else None,
        "explicit_recommendation": annotation.explicit_recommendation,
        "effort_level": _number(e.level) if e else None,
        "effort_confidence": _number(e.confidence) if e else None,
        "churn_intent": _number(annotation.churn_intent),
        "sarcasm": _number(annotation.sarcasm),
        "relevance": _number(annotation.relevance),
    }


def _number(value: float | None) -> float | None:
    """A model's numbers may be numpy's, which database drivers do not take."""
    return None if value is None else float(value)


def read(row: Row[Any], model: str, touchpoints: Sequence[TouchpointOpinion] = ()) -> Annotation:
    """The annotation in a row of a query that selects `COLUMNS`, by the model registered as that."""
    sentiment = stars = recommendation = effort = None
    if row.a_negative is not None:
        sentiment = Sentiment(row.a_negative, row.a_neutral, row.a_positive)
    if row.a_stars_1 is not None:
        stars = Stars((row.a_stars_1, row.a_stars_2, row.a_stars_3, row.a_stars_4, row.a_stars_5))
    if row.a_detractor is not None:
        recommendation = Recommendation(row.a_detractor, row.a_passive, row.a_promoter)
    if row.a_effort_level is not None:
        effort = Effort(row.a_effort_level, row.a_effort_confidence)
    return Annotation(
        model=model.partition("@")[0],
        language=row.a_language,
        sentiment=sentiment,
        stars=stars,
        recommendation=recommendation,
        explicit_recommendation=row.a_explicit_recommendation,
        effort=effort,
        churn_intent=row.a_churn_intent,
        sarcasm=row.a_sarcasm,
        touchpoints=tuple(touchpoints),
        relevance=row.a_relevance,
    )


def touchpoints_of(
    conn: Connection, model_id: int, mention_ids: Iterable[int]
) -> dict[int, list[TouchpointOpinion]]:
    """The opinions on touchpoints by mention, in the order of the annotation."""
    found: dict[int, list[TouchpointOpinion]] = defaultdict(list)
    row = TouchpointOpinionRow
    for ids in in_chunks(mention_ids):
        query = (
            select(row.mention_id, row.touchpoint, row.polarity, row.confidence, row.quote)
            .where(row.mention_id.in_(ids), row.model_id == model_id)
            .order_by(row.mention_id, row.place)
        )
        for mention_id, touchpoint, polarity, confidence, quote in conn.execute(query):
            found[mention_id].append(TouchpointOpinion(touchpoint, polarity, confidence, quote))
    return found


def quotes(
    conn: Connection,
    brand_id: int,
    start: date,
    end: date,
    touchpoint: str,
    *,
    polarities: Sequence[str] = ("negative", "mixed"),
    limit: int = 10,
) -> list[Quote]:
    """The surest quotes on a touchpoint from `start` to `end` (both included), one for each story.

    By the current model; mentions that are deleted or not about the brand are left out.
    """
    opinion = TouchpointOpinionRow
    query = (
        select(
            Mention.id,
            opinion.touchpoint,
            opinion.polarity,
            opinion.confidence,
            opinion.quote,
            AnnotationRow.language,
            Mention.day,
            Source.name,
            Mention.url,
        )
        .join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .join(
            AnnotationRow, (AnnotationRow.mention_id == Mention.id) & (AnnotationRow.revision == Mention.revision)
        )
        .join(opinion, (opinion.mention_id == Mention.id) & (opinion.model_id == AnnotationRow.model_id))
        .join(OpinionModel, (OpinionModel.id == AnnotationRow.model_id) & OpinionModel.current)
        .join(Source, Source.id == Mention.source_id)
        .where(MentionBrand.brand_id == brand_id, MentionBrand.day.between(start, end), MentionBrand.relevant)
        .where(Mention.deleted_at.is_(None), (Mention.story_id == Mention.id) | Mention.story_id.is_(None))
        .where(opinion.touchpoint == touchpoint, opinion.polarity.in_(polarities), opinion.quote != "")
        .order_by(opinion.confidence.desc(), Mention.id)
        .limit(limit)
    )
    return [Quote(*row) for row in conn.execute(query)]
