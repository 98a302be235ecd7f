"""A source that went quiet: its silence is not good news, and somebody should look at it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.alerts import AlertDraft
from storage.brands import Brand
from storage.health import SourceHealth

RULE = "gone_quiet"


@dataclass(frozen=True, slots=True)
class GoneQuiet:
    """Tell each odd silence of a source (`storage.health`), once; a source that is not read is not silent."""

    name: str = RULE


def gone_quiet(rule: GoneQuiet, brand: Brand, healths: Iterable[SourceHealth]) -> list[AlertDraft]:
    """A draft for each of the sources that is quiet now. A silence is known by the day that it follows.

    So a source that speaks again and falls silent once more is told again, and no other.
    """
    return [_draft(rule, brand, one) for one in healths if one.quiet and one.newest_day is not None]


def _draft(rule: GoneQuiet, brand: Brand, one: SourceHealth) -> AlertDraft:
    since = one.newest_day.isoformat() if one.newest_day else ""
    return AlertDraft(
        rule=RULE,
        brand_id=brand.id,
        key=f"{rule.name}:{one.state.name}:{since}",
        severity="medium",
        title=f"{one.state.name}: {since}",
        detail={
            "name": rule.name,
            "brand": brand.name,
            "source": one.state.name,
            "since": since,
            "usual_per_day": round(one.usual_per_day, 2),
            "probability": float(f"{one.silence:.2g}"),
        },
    )
