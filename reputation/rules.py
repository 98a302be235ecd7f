"""The alert rules: what is worth disturbing somebody for.

A rule looks at a bounded window before `now` and gives drafts. Keys and contents depend on the mentions only,
never on when or how often the rule ran: run again, after a crash say, it gives the same drafts, and storage
raises each key once. `shorten` sees to it that one pass disturbs nobody with hundreds of messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from sqlalchemy import Connection

from reputation.periods import Period
from reputation.quotes import excerpt, shown
from reputation.silences import GoneQuiet
from reputation.surges import Surge, surge
from storage import alerts, rollups
from storage.alerts import AlertDraft
from storage.brands import Brand
from storage.mentions import MentionView

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

LOW_RATING = 0.25
"""Highest normalised rating that is bad by itself: 1 and 2 of 5."""
SATISFIED_RATING = 0.75
"""Lowest normalised rating that is believed against its text: 4 of 5."""
VERY_SURE = 0.95
WIDE_REACH, HUGE_REACH = 1_000, 100_000
MANY_COPIES = 5
MOST_JUDGED = 20_000
"""Mentions looked at by one pass of `negative_mention`, the newest first."""
MANY = "many"
"""The rule that stands in an alert which sums up others."""
MOST_TOLD = 25
"""Alerts of one rule and brand that one pass sends one by one; the rest is summed up in one more."""


@dataclass(frozen=True, slots=True)
class NegativeMention:
    """Tell each story that is bad for the brand, once.

    `negative_from` is a probability. What was published more than `max_age_days` ago is history, not news, and
    is not told: so much may a first import or a new rule tell at once, and so long may the rule have slept
    without missing anything. A mention without a date is as old as our first sight of it, but for a row of a
    file: that may be years old, and is not told.
    """

    name: str = "negative_mention"
    negative_from: float = 0.8
    max_age_days: int = 7


@dataclass(frozen=True, slots=True)
class Spike:
    """Tell each day with far more negative mentions than usual, once; see `reputation.surges`."""

    name: str = "spike"
    baseline_days: int = 28
    at_least: int = 5
    lookback_days: int = 7


Rule = NegativeMention | Spike | GoneQuiet


def negative_mention(conn: Connection, brand: Brand, rule: NegativeMention, now: datetime) -> list[AlertDraft]:
    """A draft for each new story that is bad and was not told by any of its copies, the oldest first."""
    oldest = now - timedelta(rule.max_age_days)
    found = alerts.untold(conn, brand.id, _prefix(rule, brand), oldest, rule.negative_from, MOST_JUDGED)
    fresh = (m for m in reversed(found) if m.dated or m.source_kind != "files")
    return [
        _negative_draft(rule, brand, mention, reasons) for mention in fresh if (reasons := bad(mention, rule))
    ]


def bad(mention: MentionView, rule: NegativeMention) -> tuple[str, ...]:
    """Why a mention is bad: its reasons in words for programs; empty where it is not.

    A bad rating is enough, a good one absolves; without either the text decides. Sarcasm is negative even
    where the words are not. A text that no model has read yet waits, so that it is told with all its reasons.
    """
    annotation = mention.annotation
    if annotation is None and mention.text.strip():
        return ()
    share = mention.rating.normalised if mention.rating else None
    sentiment = annotation.sentiment if annotation else None
    reasons: list[str] = []
    if share is not None and share <= LOW_RATING:
        reasons.append("low_rating")
    elif share is not None and share >= SATISFIED_RATING:
        return ()
    if sentiment and sentiment.negative >= rule.negative_from:
        reasons.append("negative_text")
    if (
        annotation
        and (annotation.sarcasm or 0.0) >= rule.negative_from
        and sentiment
        and sentiment.label != "neutral"
    ):
        reasons.append("sarcasm")
    if reasons and annotation and (annotation.churn_intent or 0.0) >= 0.5:
        reasons.append("churn_intent")
    if reasons and mention.reach >= WIDE_REACH:
        reasons.append("wide_reach")
    if reasons and mention.copies >= MANY_COPIES:
        reasons.append("many_copies")
    return tuple(reasons)


def severity(mention: MentionView, reasons: tuple[str, ...]) -> Severity:
    """How bad: a point each for 1 star or a very sure text, for leaving, sarcasm, and being widely seen.

    A reach of `HUGE_REACH` is worth two. 0 points are "low", 3 or more "critical".
    """
    sentiment = mention.annotation.sentiment if mention.annotation else None
    worst = mention.rating is not None and mention.rating.normalised == 0
    points = int(worst or (sentiment is not None and sentiment.negative >= VERY_SURE))
    points += sum(reason in reasons for reason in ("churn_intent", "sarcasm"))
    points += int("wide_reach" in reasons or "many_copies" in reasons) + int(mention.reach >= HUGE_REACH)
    return SEVERITIES[min(points, len(SEVERITIES) - 1)]


def spike(conn: Connection, brand: Brand, rule: Spike, now: datetime) -> list[AlertDraft]:
    """A draft for each of the last days that is a surge, the oldest first. Today counts as far as it has come."""
    window = Period.last_days(rule.lookback_days, now)
    by_day = rollups.by_day(conn, brand.id, window.start - timedelta(rule.baseline_days), window.end)
    negatives = {day: tally.p_negative for day, tally in by_day.items()}
    first = rollups.first_day(conn, brand.id)
    found = (
        surge(negatives, day, first=first, baseline_days=rule.baseline_days, at_least=rule.at_least)
        for day in window.each_day()
    )
    return [_spike_draft(rule, brand, hit) for hit in found if hit]


def shorten(
    rule: Rule, brand: Brand, drafts: Sequence[AlertDraft], most: int = MOST_TOLD
) -> tuple[list[AlertDraft], list[AlertDraft]]:
    """What is to be sent of the new drafts of one pass, and what is to be noted only.

    Up to `most` are sent as they are. Of more, the `most` gravest (of equals, the last) and one that counts the
    rest; raise both lists in one transaction, or the rest will be told again.
    """
    if len(drafts) <= most:
        return list(drafts), []
    gravest = sorted(range(len(drafts)), key=lambda n: (_grave(drafts[n]), n))[-most:]
    told = [drafts[n] for n in sorted(gravest)]
    rest = [draft for n, draft in enumerate(drafts) if n not in set(gravest)]
    return [*told, _summary(rule, brand, told, rest)], rest


def _summary(rule: Rule, brand: Brand, told: Sequence[AlertDraft], rest: Sequence[AlertDraft]) -> AlertDraft:
    worst = max(rest, key=_grave)
    digest = blake2b("\n".join(draft.key for draft in rest).encode(), digest_size=8).hexdigest()
    return AlertDraft(
        rule=MANY,
        brand_id=brand.id,
        key=f"{_prefix(rule, brand)}many:{digest}",
        severity=worst.severity,
        title=f"+ {len(rest)}",
        detail={"name": rule.name, "brand": brand.name, "told": len(told), "more": len(rest)},
    )


def _grave(draft: AlertDraft) -> int:
    return [str(severity) for severity in SEVERITIES].index(draft.severity)


def _prefix(rule: Rule, brand: Brand) -> str:
    """How the keys of this rule's alerts on the brand begin."""
    return f"{rule.name}:{brand.name}:"


def _negative_draft(
    rule: NegativeMention, brand: Brand, mention: MentionView, reasons: tuple[str, ...]
) -> AlertDraft:
    annotation = mention.annotation
    detail: dict[str, Any] = {
        "name": rule.name,
        "brand": brand.name,
        "reasons": list(reasons),
        "reach": mention.reach,
        "churn_intent": _rounded(annotation.churn_intent if annotation else None),
        "sarcasm": _rounded(annotation.sarcasm if annotation else None),
        "mention": shown(mention),
    }
    return AlertDraft(
        rule="negative_mention",
        brand_id=brand.id,
        key=f"{_prefix(rule, brand)}{mention.source}:{mention.external_id}",
        severity=severity(mention, reasons),
        title=excerpt(mention.title, mention.text, 80),
        detail=detail,
        mention_id=mention.id,
    )


def _spike_draft(rule: Spike, brand: Brand, hit: Surge) -> AlertDraft:
    times = hit.count / hit.usual
    return AlertDraft(
        rule="spike",
        brand_id=brand.id,
        key=f"{_prefix(rule, brand)}{hit.day.isoformat()}",
        severity="critical" if times >= 8 else "high" if times >= 4 else "medium",
        title=f"{hit.day.isoformat()}: {hit.count} ≫ {hit.usual:.1f}",
        detail={
            "name": rule.name,
            "brand": brand.name,
            "day": hit.day.isoformat(),
            "negative": hit.count,
            "usual": round(hit.usual, 2),
            "times": round(times, 1),
            "probability": float(f"{hit.probability:.2g}"),
        },
        mention_id=None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
