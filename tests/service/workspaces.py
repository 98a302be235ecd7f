"""Workspaces for tests: a frozen clock, and a model that judges by a few words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.politeness import Clock
from nlp.annotation import Annotation, Recommendation, Sentiment, Stars, TouchpointOpinion
from nlp.verdict import Card
from service.home import Home
from service.oyez_toml import parse
from service.workspace import Workspace

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
"""A Monday."""


class FrozenClock(Clock):
    """A clock that moves when it is told to, and sleeps in no time."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class WordModel:
    """Negative where it reads "nul" or "late", positive where it reads "bien" or "great", else neutral."""

    name: str = "words-1"
    card: Card = field(
        default_factory=lambda: Card(
            name="words-1",
            version="1",
            temperature={},
            thresholds={},
            recommendation={},
            systematic_error={},
            unknown=(),
        )
    )
    read: list[str] = field(default_factory=list)

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        self.read += texts
        spoken = languages or [None] * len(texts)
        return [self._one(text, language) for text, language in zip(texts, spoken, strict=True)]

    def _one(self, text: str, language: str | None) -> Annotation:
        low = text.lower()
        if "nul" in low or "late" in low:
            opinion = TouchpointOpinion("delivery", "negative", 0.9, text[:20])
            return self._with(language, Sentiment(0.97, 0.02, 0.01), (0.9, 0.07, 0.01, 0.01, 0.01), (opinion,))
        if "bien" in low or "great" in low:
            return self._with(language, Sentiment(0.01, 0.02, 0.97), (0.01, 0.01, 0.01, 0.07, 0.9), ())
        return self._with(language, Sentiment(0.1, 0.8, 0.1), (0.05, 0.1, 0.7, 0.1, 0.05), ())

    def _with(
        self,
        language: str | None,
        sentiment: Sentiment,
        stars: tuple[float, float, float, float, float],
        opinions: tuple[TouchpointOpinion, ...],
    ) -> Annotation:
        detractor, promoter = sum(stars[:3]), stars[4]
        return Annotation(
            model=self.name,
            language=language,
            sentiment=sentiment,
            stars=Stars(stars),
            recommendation=Recommendation(detractor, 1 - detractor - promoter, promoter),
            churn_intent=0.1,
            touchpoints=opinions,
        )


def workspace(folder: Path, toml: str = "", *, clock: Clock | None = None) -> Workspace:
    """A workspace in `folder` with this configuration, the word model and a frozen clock."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oyez.toml").write_text(toml, encoding="utf-8")
    ws = Workspace(Home(folder), parse(toml), clock or FrozenClock())
    ws.model = WordModel()
    return ws
