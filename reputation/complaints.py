"""What exactly hurts: within a touchpoint, what several people complain of, since when, and whether it grows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from nlp.masking import mask
from reputation.change import Change, change
from reputation.figures import Figure
from reputation.pain_points import share_of_mentions
from reputation.periods import Period
from reputation.quotes import distinct
from storage import complaints as stored
from storage import rollups
from storage.brands import Brand

QUOTES = 2


@dataclass(frozen=True, slots=True)
class Complaint:
    """What `people` (mentions; copies of one story are one) complain of in one language.

    `id` is the same in every period and for every brand. `share` is 100·people/all mentions of the brand;
    `change` is that of the share against the period before; `since` is the day it was first said about the brand.
    """

    id: int
    label: str
    language: str
    people: int
    share: Figure | None
    change: Change | None
    since: date
    quotes: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """All of it; `share` and `change` are null where they cannot be known."""
        return {
            "id": self.id,
            "label": self.label,
            "language": self.language,
            "people": self.people,
            "share": self.share.to_json() if self.share else None,
            "change": self.change.to_json() if self.change else None,
            "since": self.since.isoformat(),
            "quotes": self.quotes,
        }


@dataclass(slots=True)
class Complaints:
    """The complaints about a touchpoint, the most frequent first, and how many people say what nobody shares."""

    found: list[Complaint] = field(default_factory=list)
    others: int = 0

    @property
    def coverage(self) -> float:
        """Share of the people, in percent, whose passage is about one of the complaints."""
        covered = sum(complaint.people for complaint in self.found)
        return 100 * covered / (covered + self.others) if covered else 0.0

    def to_json(self) -> dict[str, Any]:
        """As `complaints`, with `complaints_coverage` (percent) and `other_complaints`, the rest in people."""
        return {
            "complaints": [complaint.to_json() for complaint in self.found],
            "complaints_coverage": round(self.coverage, 1),
            "other_complaints": self.others,
        }


def complaints(conn: Connection, brand: Brand, period: Period) -> dict[str, Complaints]:
    """The complaints about a brand by touchpoint, against the period before."""
    before = period.before()
    now, then = (rollups.read(conn, brand.id, one.start, one.end) for one in (period, before))
    counted = stored.count(conn, brand.id, period.start, period.end)
    earlier = {one.id: one.people for one in stored.count(conn, brand.id, before.start, before.end)}
    since = stored.since(conn, brand.id)
    quotes = stored.examples(conn, brand.id, period.start, period.end)
    found: dict[str, Complaints] = defaultdict(Complaints)
    for one in counted:
        if one.id == stored.NONE:
            found[one.touchpoint].others += one.people
            continue
        share = share_of_mentions(one.people, now)
        said = [quote for spoken in distinct(quotes[one.id], QUOTES).values() for quote in spoken]
        found[one.touchpoint].found.append(
            Complaint(
                id=one.id,
                label=mask(one.label),
                language=one.language,
                people=one.people,
                share=share,
                change=change(share_of_mentions(earlier.get(one.id, 0), then), share),
                since=since[one.id],
                quotes=said,
            )
        )
    return found
