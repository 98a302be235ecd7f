"""Which brands a mention is about, when that is said anew: a file imported under another brand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from collectors.post import Post
from storage import dirty, overruling
from storage.database import in_chunks, insert_rows
from storage.pages import BrandsOf, key_of
from storage.tables import Brand, Mention, MentionBrand, Source


@dataclass(frozen=True, slots=True)
class Link:
    """That a mention was taken for one about a brand, and where it came from."""

    mention_id: int
    brand_id: int
    brand: str
    source: str


def of_mentions(conn: Connection, mention_ids: Iterable[int]) -> list[Link]:
    """The links of these mentions, in their order; those found not to be about the brand included."""
    query = (
        select(Mention.id, Brand.id, Brand.name, Source.name)
        .join_from(MentionBrand, Mention, Mention.id == MentionBrand.mention_id)
        .join(Brand, Brand.id == MentionBrand.brand_id)
        .join(Source, Source.id == Mention.source_id)
        .order_by(Mention.id, Brand.id)
    )
    return [
        Link(*row)
        for ids in in_chunks(sorted(mention_ids))
        for row in conn.execute(query.where(Mention.id.in_(ids)))
    ]


def relink(conn: Connection, source_id: int, posts: Iterable[Post], brand_ids_of: BrandsOf) -> int:
    """Make the mentions of these posts be about these brands and no other; how many that changed.

    Of two posts with one external id the later one counts. What they counted on before is marked, and so is
    what they count on now. A brand that stays keeps whether the text turned out to be about it.
    """
    wanted = {key_of(post.external_id): set(brand_ids_of(post)) for post in posts}
    return sum(_relink(conn, source_id, {key: wanted[key] for key in keys}) for keys in in_chunks(wanted))


def _relink(conn: Connection, source_id: int, wanted: dict[str, set[int]]) -> int:
    query = select(Mention.id, Mention.external_id, Mention.day, MentionBrand.brand_id).outerjoin(
        MentionBrand, MentionBrand.mention_id == Mention.id
    )
    known: dict[int, set[int]] = {}
    places = {}
    for row in conn.execute(query.where(Mention.source_id == source_id, Mention.external_id.in_(list(wanted)))):
        places[row.id] = row
        known.setdefault(row.id, set()).update({row.brand_id} - {None})
    other = [id_ for id_, brands in known.items() if brands != wanted[places[id_].external_id]]
    if not other:
        return 0
    dirty.dissolve(conn, other)
    rows = []
    for id_ in other:
        mine = wanted[places[id_].external_id]
        gone = MentionBrand.mention_id == id_, MentionBrand.brand_id.not_in(mine)
        conn.execute(delete(MentionBrand).where(*gone))
        rows += [
            {"mention_id": id_, "brand_id": brand, "day": places[id_].day, "relevant": True}
            for brand in sorted(mine - known[id_])
        ]
    insert_rows(conn, MentionBrand, rows)
    overruling.uphold(conn, other)
    dirty.mark(conn, other)
    return len(other)
