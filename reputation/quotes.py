"""Quotes for people: masked, short, each of them different, and telling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from collectors.post import Question, Rating
from nlp.cleaning import own_title
from nlp.duplicates import similar
from nlp.masking import mask
from storage.annotations import Quote
from storage.mentions import MentionView

LONGEST = 280
"""Characters of an excerpt: two or three sentences."""
SHORTEST = 40
"""Texts under this many characters say too little to stand for others."""


def excerpt(title: str | None, text: str, longest: int = LONGEST) -> str:
    """The masked text (after its own title, if any) on one line, cut between words with "…"."""
    own = own_title(title, text)
    whole = " ".join(mask(f"{own}: {text}" if own and text else own or text).split())
    if len(whole) <= longest:
        return whole
    return whole[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _stars(rating: Rating | None) -> float | None:
    """What a rating is in stars; an answer on recommendation or effort is none."""
    if rating is None or rating.question is not Question.SATISFACTION:
        return None
    return round(1 + 4 * rating.normalised, 2)


def shown(mention: MentionView, longest: int = LONGEST) -> dict[str, Any]:
    """A mention as a report or an alert quotes it: nothing in it says who wrote it."""
    annotation = mention.annotation
    sentiment = annotation.sentiment if annotation else None
    return {
        "mention_id": mention.id,
        "text": excerpt(mention.title, mention.text, longest),
        "sentiment": sentiment.to_json() if sentiment else None,
        "stars": _stars(mention.rating),
        "source": mention.source,
        "source_kind": mention.source_kind,
        "language": mention.language,
        "date": mention.moment.date().isoformat(),
        "dated": mention.dated,
        "url": mention.url,
        "copies": mention.copies,
        "touchpoints": [
            {"touchpoint": opinion.touchpoint, "polarity": opinion.polarity}
            for opinion in (annotation.touchpoints if annotation else ())
        ],
    }


def telling(mentions: Sequence[MentionView], wanted: int = 5) -> list[MentionView]:
    """The `wanted` mentions that say most: negative and positive ones in their proportion, one of each at least.

    Within a mood the surest come first; each source and touchpoint already quoted counts for less, and nobody
    is quoted twice, nor the same words. The same mentions give the same quotes in any order.
    """
    angry = sorted((m for m in mentions if _mood(m) < 0), key=_rank)
    happy = sorted((m for m in mentions if _mood(m) > 0), key=_rank)
    weight = len(angry) + len(happy)
    if not weight:
        return []
    share = min(wanted - 1, max(1, round(wanted * len(angry) / weight))) if angry and happy else wanted
    chosen: list[MentionView] = []
    for pool, upto in ((angry, share), (happy, wanted), (angry, wanted)):
        while len(chosen) < upto and (best := _next(pool, chosen)):
            chosen.append(best)
    return sorted(chosen, key=lambda m: (_mood(m) > 0, _rank(m)))


def distinct(quotes: Iterable[Quote], wanted: int = 3) -> dict[str, list[dict[str, Any]]]:
    """The first `wanted` quotes of each language that are not alike, masked; "" is an unknown language."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for quote in quotes:
        text = " ".join(mask(quote.quote).split())
        same_language = kept.setdefault(quote.language or "", [])
        if len(same_language) < wanted and not any(_alike(text, other["text"]) for other in same_language):
            same_language.append(
                {
                    "mention_id": quote.mention_id,
                    "text": text,
                    "confidence": round(quote.confidence, 3),
                    "source": quote.source,
                    "date": quote.day.isoformat(),
                    "url": quote.url,
                }
            )
    return dict(sorted(kept.items()))


def _mood(mention: MentionView) -> float:
    sentiment = mention.annotation.sentiment if mention.annotation else None
    if sentiment is None or sentiment.label == "neutral":
        return 0.0
    return sentiment.positive - sentiment.negative


def _worth(mention: MentionView) -> float:
    """Sureness from 0 to 1, less for a text too short to say why, a little more for one that names a reason."""
    annotation = mention.annotation
    reasons = len(annotation.touchpoints) if annotation else 0
    length = min(1.0, len(mention.text) / (2 * SHORTEST))
    return abs(_mood(mention)) * length * (1 + 0.1 * min(3, reasons))


def _rank(mention: MentionView) -> tuple[float, str, str]:
    return (-_worth(mention), mention.source, mention.external_id)


def _next(pool: Sequence[MentionView], chosen: Sequence[MentionView]) -> MentionView | None:
    """The best of `pool`, which is in the order of `_rank`: what follows a winner's worth cannot beat it."""
    best, value = None, 0.0
    for mention in pool:
        if _worth(mention) <= value:
            break
        heard = _heard(mention, chosen) * _worth(mention)
        if heard > value and not any(_clash(mention, other) for other in chosen):
            best, value = mention, heard
    return best


def _clash(one: MentionView, other: MentionView) -> bool:
    same_author = one.author_key is not None and one.author_key == other.author_key
    return one.id == other.id or same_author or _alike(one.text, other.text)


def _heard(mention: MentionView, chosen: Sequence[MentionView]) -> float:
    """1 for a new voice, less for each source and touchpoint that was quoted already."""
    named = {o.touchpoint for o in mention.annotation.touchpoints} if mention.annotation else set()
    repeats = sum(
        (mention.source == other.source)
        + bool(other.annotation and named & {o.touchpoint for o in other.annotation.touchpoints})
        for other in chosen
    )
    return 0.85**repeats


def _alike(one: str, other: str) -> bool:
    """The same story, or, for quotes too short to tell, most words in common."""
    ours, theirs = (set(text.casefold().split()) for text in (one, other))
    return len(ours & theirs) >= 0.6 * len(ours | theirs) or similar(one, other)
