"""Stories: near-duplicates of one text, folded into one opinion.

Two mentions tell one story when `nlp.duplicates.similar` says so of their texts and they are about the same
brands; a story is a connected component of that relation, so it is the same whatever order the mentions came
in, in whatever batches, with whatever crashes between. Its head is the member that is smallest by (day,
source name, external id): when an earlier one arrives all members are pointed to it. Stories that lose or
change a member are taken apart (`storage.dirty.dissolve`) and folded afresh by the next `fold_pending`.

Answers to surveys, visits and calls are never folded: each is somebody's own, even in the same words.

Candidates are found by band hashes (`story_bands`), mixed with the set of brands so that only mentions about
the same brands meet. A text whose very words were seen before only keeps their hash there and joins the story
of the one that has all its bands, so that ten thousand equal texts cost ten thousand rows, not pairs.

Of the mentions that share a band with a new one, the first `MOST_CANDIDATES` stored are compared with it. Only
where more texts than that are alike but for a name, each somebody's own, may a reworded copy of a later one be
missed, and may what is found depend on what came first; a copy in the same words is found always.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from collectors.post import PostKind
from nlp.duplicates import MOST_CANDIDATES, Wording, bands_of, similar
from storage import annotations as opinions
from storage import dirty, overruling
from storage.database import in_chunks, insert_rows, take_turns
from storage.tables import Mention, MentionBrand, Source, StoryBand

CHUNK = 500
"""How many mentions are folded together."""
OWN_ANSWERS = (PostKind.SURVEY, PostKind.VISIT, PostKind.TRANSCRIPT)
"""Kinds that are never folded."""

_SIGNED = 1 << 63


def fold_pending(conn: Connection, limit: int = CHUNK) -> int:
    """Fold at most `limit` mentions that belong to no story yet; how many there were. Repeat until it says 0.

    Each time in a transaction of its own, so that other writers wait for one chunk at most.
    """
    rows = conn.execute(
        select(Mention.id, Mention.title, Mention.text)
        .where(Mention.story_id.is_(None), Mention.has_text, Mention.deleted_at.is_(None))
        .order_by(Mention.id)
        .limit(limit)
    ).all()
    fold(conn, [(row.id, story_text(row.title, row.text)) for row in rows])
    # A correction holds for its story, and who is in it has just been told.
    if concerned := overruling.concerned(conn, [row.id for row in rows]):
        opinions.correct_anew(conn, concerned)
    return len(rows)


def story_text(title: str | None, text: str) -> str:
    """What is compared: the title and the text."""
    return f"{title}\n{text}" if title else text


def fold(conn: Connection, texts: Iterable[tuple[int, str]]) -> int:
    """Put mentions, given as (id, text), into stories; how many of them joined others.

    Mentions that are deleted or have a story already are left as they are. Marks the days that change.
    """
    take_turns(conn, "stories")
    return sum(_fold_chunk(conn, dict(chunk)) for chunk in in_chunks(texts, CHUNK))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What decides on a mention's story: its rank among the possible heads, and the set of brands."""

    id: int
    rank: tuple[date, str, str]
    alone: bool
    salt: int
    """Of the set of brands."""


def _fold_chunk(conn: Connection, texts: Mapping[int, str]) -> int:
    facts = _facts(conn, texts, unfolded=True)
    wordings = {id_: Wording(texts[id_]) for id_ in facts}
    hashes = dict(zip(facts, bands_of(list(wordings.values())), strict=True))
    bands = {
        id_: {_mixed(band, facts[id_].salt) for band in found}
        for id_, found in hashes.items()
        if found and not facts[id_].alone
    }
    exact = {id_: _exact(wordings[id_], facts[id_].salt) for id_ in bands}
    twins = _twins(conn, exact)
    for id_ in twins:
        del bands[id_]
    rows = {*exact.items(), *((id_, band) for id_, found in bands.items() for band in found)}
    insert_rows(conn, StoryBand, [{"mention_id": id_, "band": band} for id_, band in sorted(rows)])
    candidates = _candidates(conn, bands)
    others = set().union(twins.values(), *candidates.values()) - facts.keys()
    groups, known = _Groups(), _known(conn, others)
    for id_, row in known.items():
        groups.join(id_, row.story_id)
        wordings[id_] = Wording(story_text(row.title, row.text))
    for id_, twin in twins.items():
        groups.join(id_, twin)
    for id_, found in candidates.items():
        for other in found:
            if groups.head(id_) != groups.head(other) and similar(wordings[id_], wordings[other]):
                groups.join(id_, other)
    return _write(conn, groups, facts, {row.story_id for row in known.values()})


class _Groups:
    """Which mentions belong together (union-find); mentions stored before stand for their story's head."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def head(self, id_: int) -> int:
        while (parent := self._parent.get(id_, id_)) != id_:
            self._parent[id_] = self._parent.get(parent, parent)
            id_ = parent
        return id_

    def join(self, a: int, b: int) -> None:
        self._parent[self.head(a)] = self.head(b)


def _write(conn: Connection, groups: _Groups, facts: Mapping[int, _Facts], old_heads: Collection[int]) -> int:
    """Point every member to the head of its group. Returns how many of the new ones have another for a head."""
    ranks = {id_: fact.rank for id_, fact in {**_facts(conn, old_heads), **facts}.items()}
    groups_of: dict[int, list[int]] = defaultdict(list)
    for id_ in ranks:
        groups_of[groups.head(id_)].append(id_)
    heads = {id_: min(members, key=ranks.__getitem__) for members in groups_of.values() for id_ in members}
    own_heads = [id_ for id_ in facts if heads[id_] == id_]
    conn.execute(update(Mention).where(Mention.id.in_(own_heads)).values(story_id=Mention.id))
    if joined := [{"mention": id_, "head": heads[id_]} for id_ in facts if heads[id_] != id_]:
        to_head = update(Mention).where(Mention.id == bindparam("mention")).values(story_id=bindparam("head"))
        conn.execute(to_head, joined)
    for id_ in old_heads:
        if heads[id_] != id_:
            conn.execute(update(Mention).where(Mention.story_id == id_).values(story_id=heads[id_]))
    together = [id_ for members in groups_of.values() if len(members) > 1 for id_ in members]
    dirty.mark(conn, together)
    return len(joined)


def _facts(conn: Connection, ids: Iterable[int], *, unfolded: bool = False) -> dict[int, _Facts]:
    ids = list(ids)
    brands: dict[int, list[int]] = defaultdict(list)
    links = select(MentionBrand.mention_id, MentionBrand.brand_id).where(MentionBrand.mention_id.in_(ids))
    for mention_id, brand_id in conn.execute(links):
        brands[mention_id].append(brand_id)
    query = (
        select(Mention.id, Mention.day, Source.name, Mention.external_id, Mention.kind)
        .join(Source, Source.id == Mention.source_id)
        .where(Mention.id.in_(ids))
    )
    if unfolded:
        query = query.where(Mention.story_id.is_(None), Mention.deleted_at.is_(None))
    query = query.order_by(Mention.id)
    return {
        id_: _Facts(id_, (day, source, external_id), kind in OWN_ANSWERS, _salt(brands[id_]))
        for id_, day, source, external_id, kind in conn.execute(query)
    }


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _salt(brands: Iterable[int]) -> int:
    return _hash(",".join(str(brand) for brand in sorted(brands)))


def _mixed(band: int, salt: int) -> int:
    return (((band ^ salt) + _SIGNED) % (1 << 64)) - _SIGNED


def _exact(wording: Wording, salt: int) -> int:
    return _mixed(_hash(f"exactly {' '.join(wording.words)}"), salt)


def _twins(conn: Connection, keys: Mapping[int, int]) -> dict[int, int]:
    """For each mention whose very words are known, a mention that has it (and its bands, or leads to them)."""
    known: dict[int, int] = {}
    for exact in in_chunks(set(keys.values())):
        query = select(StoryBand.band, StoryBand.mention_id).where(StoryBand.band.in_(exact))
        known.update(conn.execute(query).all())
    twins = {}
    for id_, key in keys.items():
        twin = known.setdefault(key, id_)
        if twin != id_:
            twins[id_] = twin
    return twins


def _candidates(conn: Connection, bands: Mapping[int, Collection[int]]) -> dict[int, list[int]]:
    """The mentions to compare each given one with, smallest id first: those that share a band with it.

    The first of each band only, and of two given ones the smaller with the greater.
    """
    first: dict[int, list[int]] = defaultdict(list)
    for some in in_chunks({band for found in bands.values() for band in found}):
        place = func.row_number().over(partition_by=StoryBand.band, order_by=StoryBand.mention_id)
        members = select(StoryBand.band, StoryBand.mention_id, place.label("place"))
        ranked = members.where(StoryBand.band.in_(some)).subquery()
        for band, id_ in conn.execute(
            select(ranked.c.band, ranked.c.mention_id).where(ranked.c.place <= MOST_CANDIDATES)
        ):
            first[band].append(id_)
    return {
        id_: sorted(
            other for other in set().union(*(first[band] for band in found)) if other < id_ or other not in bands
        )
        for id_, found in bands.items()
    }


def _known(conn: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    known: dict[int, Row[Any]] = {}
    for some in in_chunks(ids):
        query = select(Mention.id, Mention.story_id, Mention.title, Mention.text).where(Mention.id.in_(some))
        known.update({row.id: row for row in conn.execute(query)})
    return known
