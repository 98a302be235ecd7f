"""The brands that are listened to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from storage import dirty
from storage.database import insert_into
from storage.tables import Brand as BrandRow
from storage.tables import MentionBrand
from storage.tally import SATISFIED_FROM


@dataclass(frozen=True, slots=True)
class BrandSpec:
    """A brand as configured. `settings` is plain JSON (aliases, competitors, …): storage only keeps it."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brand:
    """A stored brand. One that left the configuration is not `active`; its mentions and figures stay."""

    id: int
    name: str
    settings: dict[str, Any]
    active: bool


def sync(conn: Connection, specs: Iterable[BrandSpec]) -> dict[str, int]:
    """Make the stored brands those of the configuration; the ids by name. Doing it again changes nothing.

    A brand whose `satisfied_from` changed has its days counted again.
    """
    wanted = {spec.name: spec for spec in specs}
    conn.execute(update(BrandRow).where(BrandRow.name.not_in(list(wanted)), BrandRow.active).values(active=False))
    ids = {}
    for spec in wanted.values():
        ids[spec.name] = ensure(conn, spec.name)
        if satisfied_from(conn, ids[spec.name]) != spec.settings.get("satisfied_from", SATISFIED_FROM):
            dirty.mark_brand(conn, ids[spec.name])
        conn.execute(
            update(BrandRow).where(BrandRow.name == spec.name).values(settings=spec.settings, active=True)
        )
    return ids


def ensure(conn: Connection, name: str) -> int:
    """The id of the brand of that name, which comes to be (active, without settings) when it is missing."""
    found = conn.execute(select(BrandRow.id).where(BrandRow.name == name)).scalar()
    if found is None:
        row = {"name": name, "settings": {}, "active": True}
        conn.execute(insert_into(conn, BrandRow).values(row).on_conflict_do_nothing())
        found = conn.execute(select(BrandRow.id).where(BrandRow.name == name)).scalar_one()
    return found


def satisfied_from(conn: Connection, brand_id: int) -> float:
    """Lowest answer, from 0 (worst) to 1 (best), that counts as satisfied for this brand."""
    settings = conn.execute(select(BrandRow.settings).where(BrandRow.id == brand_id)).scalar() or {}
    return float(settings.get("satisfied_from", SATISFIED_FROM))


def find(conn: Connection, name: str) -> Brand | None:
    """The brand of that name."""
    return next((brand for brand in all_brands(conn, active_only=False) if brand.name == name), None)


def all_brands(conn: Connection, *, active_only: bool = True) -> list[Brand]:
    """The brands in the order of their names."""
    query = select(BrandRow.id, BrandRow.name, BrandRow.settings, BrandRow.active).order_by(BrandRow.name)
    if active_only:
        query = query.where(BrandRow.active)
    return [Brand(*row) for row in conn.execute(query)]


def of_mention(conn: Connection, mention_id: int) -> list[tuple[Brand, bool]]:
    """The brands that a mention was collected for, by name, and whether it counts for each."""
    query = (
        select(BrandRow.id, BrandRow.name, BrandRow.settings, BrandRow.active, MentionBrand.relevant)
        .join(MentionBrand, MentionBrand.brand_id == BrandRow.id)
        .where(MentionBrand.mention_id == mention_id)
        .order_by(BrandRow.name)
    )
    return [(Brand(*row[:4]), row.relevant) for row in conn.execute(query)]
