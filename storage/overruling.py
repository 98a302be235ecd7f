"""How corrections made by hand stand over what a model says, whatever is read, edited or folded later.

`annotations` holds what counts, corrections included, so that no reader of it needs to know of them;
`overruled` holds what the model said of a corrected mention, for the way back and to measure the model. A
correction holds for the whole story of its mention: the story's head is the one that counts, and which member
that is may change. Relevance alone is said of one mention and one brand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from nlp.annotation import Annotation, TouchpointOpinion
from nlp.correction import RELEVANCE
from storage.database import in_chunks, insert_rows
from storage.tables import Correction, Mention, MentionBrand, Overruled

Rulings = dict[int, dict[str, str]]
"""Mention → field → value, as `nlp.correction.correct` takes them."""


def rulings(conn: Connection, mention_ids: Iterable[int]) -> Rulings:
    """What was corrected of these mentions or their stories, of each field the latest; relevance left out."""
    found: Rulings = defaultdict(dict)
    if not _anything(conn):
        return found
    corrected, member = aliased(Mention), aliased(Mention)
    together = or_(member.id == corrected.id, member.story_id == corrected.story_id)
    for ids in in_chunks(mention_ids):
        query = (
            select(member.id, Correction.field, Correction.value)
            .join_from(Correction, corrected, corrected.id == Correction.mention_id)
            .join(member, together)
            .where(member.id.in_(ids), Correction.field != RELEVANCE)
            .order_by(Correction.made_at, Correction.id)
        )
        for id_, field, value in conn.execute(query):
            found[id_][field] = value
    return found


def members(conn: Connection, mention_ids: Collection[int]) -> list[int]:
    """These mentions and all others of their stories."""
    found = set(mention_ids)
    for ids in in_chunks(mention_ids):
        story = aliased(Mention)
        query = select(Mention.id).join(story, story.story_id == Mention.story_id).where(story.id.in_(ids))
        found.update(conn.execute(query).scalars())
    return sorted(found)


def concerned(conn: Connection, mention_ids: Collection[int]) -> list[int]:
    """Of these mentions and their stories, those that corrections stand over, or no longer do."""
    if not _anything(conn):
        return []
    together = members(conn, mention_ids)
    found = set(rulings(conn, together))
    for ids in in_chunks(together):
        found.update(conn.execute(select(Overruled.mention_id).where(Overruled.mention_id.in_(ids))).scalars())
    return sorted(found)


def keep(conn: Connection, model_id: int, said: Mapping[int, Mapping[str, Any]], read: Collection[int]) -> None:
    """Keep what the model said of corrected mentions; of all that were `read` it is forgotten first."""
    for ids in in_chunks(read):
        conn.execute(delete(Overruled).where(Overruled.mention_id.in_(ids), Overruled.model_id == model_id))
    rows = [{"mention_id": id_, "model_id": model_id, "said": dict(one)} for id_, one in said.items()]
    insert_rows(conn, Overruled, rows)


def uphold(conn: Connection, mention_ids: Iterable[int]) -> None:
    """Put corrected relevance back where something else was written."""
    link = MentionBrand
    for ids in in_chunks(mention_ids):
        for value, relevant in (("yes", True), ("no", False)):
            ruled = exists().where(
                Correction.mention_id == link.mention_id,
                Correction.brand_id == link.brand_id,
                Correction.field == RELEVANCE,
                Correction.value == value,
            )
            wrong = and_(link.mention_id.in_(ids), link.relevant != relevant, ruled)
            conn.execute(update(link).where(wrong).values(relevant=relevant))


def erase(conn: Connection, mention_ids: Collection[int]) -> None:
    """Drop all corrections of these mentions, and what was said before them."""
    for table in (Correction, Overruled):
        conn.execute(delete(table).where(table.mention_id.in_(mention_ids)))


def packed(flat: Mapping[str, Any], annotation: Annotation) -> dict[str, Any]:
    """An annotation for `overruled`: its columns, and its touchpoints."""
    opinions = [[o.touchpoint, o.polarity, float(o.confidence), o.quote] for o in annotation.touchpoints]
    return {"columns": dict(flat), "touchpoints": opinions}


def unpacked(said: Mapping[str, Any]) -> tuple[Any, list[TouchpointOpinion]]:
    """The same as a row for `storage.annotations.read`, and its touchpoints."""
    row = SimpleNamespace(**{f"a_{name}": value for name, value in said["columns"].items()})
    return row, [TouchpointOpinion(*opinion) for opinion in said["touchpoints"]]


def _anything(conn: Connection) -> bool:
    """Whether there is any correction, or trace of one: most places have none, and pay nothing."""
    corrected = exists(select(Correction.id))
    return bool(conn.execute(select(or_(corrected, exists(select(Overruled.mention_id))))).scalar())
