"""What has to be counted again: every writer marks it here, in the transaction of its change.

A mark names a brand and a day. A mention counts on the day of its story's head, so that day is marked too.
Stories are taken apart here as well: when a member is edited, moved, deleted or changes its brands, all its
members are folded afresh by `storage.stories`, so that the outcome does not depend on what came first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.orm import aliased

from storage.database import in_chunks, insert_rows, take_turns
from storage.tables import DirtyDay, Mention, MentionBrand, StoryBand


def mark(conn: Connection, mention_ids: Collection[int]) -> None:
    """Mark the days that these mentions count on: their own, and their stories' heads'."""
    for ids in in_chunks(mention_ids):
        _mark_where(conn, MentionBrand.mention_id.in_(ids))
        stories = select(Mention.story_id).where(Mention.id.in_(ids), Mention.story_id != Mention.id)
        _mark_where(conn, MentionBrand.mention_id.in_(stories))


def mark_days(conn: Connection, days: Iterable[tuple[int, date]]) -> None:
    """Mark days of brands, as (brand id, day): where only new mentions came, which are in no story yet."""
    insert_rows(conn, DirtyDay, [{"brand_id": brand, "day": day} for brand, day in set(days)])


def mark_everything(conn: Connection) -> None:
    """Mark every day of every brand."""
    _mark_where(conn, MentionBrand.mention_id.is_not(None))


def mark_brand(conn: Connection, brand_id: int) -> None:
    """Mark every day of one brand."""
    _mark_where(conn, MentionBrand.brand_id == brand_id)


def dissolve(conn: Connection, mention_ids: Collection[int]) -> None:
    """Take the stories of these mentions apart, all members of each, and mark what they counted on."""
    take_turns(conn, "stories")
    mark(conn, mention_ids)
    members: set[int] = set()
    for ids in in_chunks(mention_ids):
        story = aliased(Mention)
        query = select(Mention.id).join(story, Mention.story_id == story.story_id).where(story.id.in_(ids))
        members.update(conn.execute(query).scalars())
    for ids in in_chunks(sorted(members)):
        conn.execute(update(Mention).where(Mention.id.in_(ids)).values(story_id=None))
        conn.execute(delete(StoryBand).where(StoryBand.mention_id.in_(ids)))
    mark(conn, members)


def _mark_where(conn: Connection, condition: ColumnElement[bool]) -> None:
    days = select(MentionBrand.brand_id, MentionBrand.day).where(condition).distinct()
    conn.execute(insert(DirtyDay).from_select(["brand_id", "day"], days))
