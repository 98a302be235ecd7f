"""From the network's logits to an `Annotation`: calibration, thresholds, and joining a text's windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import wordless
from nlp.annotation import (
    TOUCHPOINTS,
    Annotation,
    Effort,
    Polarity,
    Recommendation,
    Sentiment,
    Stars,
    TouchpointOpinion,
)
from nlp.quotes import quote
from nlp.windows import Window

Array = NDArray[np.float64]
POLARITIES: tuple[Polarity, ...] = ("negative", "positive", "mixed")


@dataclass(frozen=True, slots=True)
class Card:
    """What the model says of itself in `config.json`: version, calibration, thresholds, measured errors."""

    name: str
    version: str
    temperature: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, float]
    recommendation: Mapping[str, Any]
    systematic_error: Mapping[str, float]
    unknown: tuple[str, ...]
    quantification: Mapping[str, Any] = field(default_factory=dict)
    """How the mean probabilities of many texts become shares: see `nlp.quantification`."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Card:
        """Read the model's own part of `config.json`."""
        return cls(
            name=config["name"],
            version=config["version"],
            temperature=config["temperature"],
            thresholds=config["thresholds"],
            recommendation=config["recommendation"],
            systematic_error=config["systematic_error"],
            unknown=tuple(config["unknown"]),
            quantification=config.get("quantification", {}),
        )

    def heat(self, task: str, language: str | None) -> float:
        """The temperature of a task in a language, or the one for any language."""
        heats = self.temperature[task]
        return heats.get(language or "", heats["any"])


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network gave for one window: `logits` by task, `attention` [K, T], `embedding` [H]."""

    window: Window
    logits: Mapping[str, NDArray[np.float32]]
    attention: NDArray[np.float32]
    embedding: NDArray[np.float32]


def softmax(logits: NDArray[Any], heat: float = 1.0) -> Array:
    """Probabilities over the last axis."""
    scaled = np.asarray(logits, np.float64) / heat
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def judge(card: Card, text: str, language: str | None, seen: Sequence[Seen]) -> Annotation:
    """The annotation of one text from its windows; without windows, all that a text can say is null."""
    if not seen:
        return Annotation(model=card.name, language=language)
    if not wordless.speaks(text):
        return nothing_said(card, language, seen)
    stars, sentiment = overall(card, language, seen)
    cues = {task: strongest(task, seen) for task in ("effort", "recommend", "churn", "sarcasm")}
    return Annotation(
        model=card.name,
        language=language,
        sentiment=Sentiment(*map(float, sentiment)),
        stars=Stars(tuple(map(float, stars))),  # type: ignore[arg-type]
        recommendation=recommendation(card, stars, sentiment, cues["recommend"], pieces(seen)),
        explicit_recommendation=explicit(card, cues["recommend"]),
        effort=effort(card, cues["effort"]),
        churn_intent=probability(card, "churn", cues["churn"]),
        sarcasm=probability(card, "sarcasm", cues["sarcasm"]),
        touchpoints=touchpoints(card, text, seen),
        embedding=joined_embedding(seen),
    )


def nothing_said(card: Card, language: str | None, seen: Sequence[Seen]) -> Annotation:
    """The annotation of a text that says nothing: see `nlp.wordless`."""
    return Annotation(
        model=card.name,
        language=language,
        sentiment=wordless.NEUTRAL,
        stars=wordless.ANY_STARS,
        recommendation=None if "recommendation" in card.unknown else wordless.ANY_RECOMMENDATION,
        churn_intent=None if "churn" in card.unknown else 0.0,
        sarcasm=None if "sarcasm" in card.unknown else 0.0,
        embedding=joined_embedding(seen),
    )


def shares(seen: Sequence[Seen]) -> Array:
    """How much of the text each window holds."""
    lengths = np.array([len(part.window.pieces) for part in seen], np.float64)
    return np.asarray(lengths / lengths.sum())


def pieces(seen: Sequence[Seen]) -> int:
    """How many word pieces of the text were read."""
    return sum(len(part.window.pieces) for part in seen)


def overall(card: Card, language: str | None, seen: Sequence[Seen]) -> tuple[Array, Array]:
    """Star and sentiment probabilities: the windows' mean, weighted by length."""
    weights = shares(seen)
    stars, sentiment = (
        weights @ softmax(np.stack([part.logits[task] for part in seen]), card.heat(task, language))
        for task in ("stars", "sentiment")
    )
    return stars, sentiment


def strongest(task: str, seen: Sequence[Seen]) -> Array:
    """Probabilities in the window with the clearest cue, class 0 being "no cue"."""
    each = softmax(np.stack([part.logits[task] for part in seen]))
    return np.asarray(each[each[:, 0].argmin()])


def probability(card: Card, task: str, cue: Array) -> float | None:
    """The probability of a yes, moved so that the task's best threshold lies at one half."""
    if task in card.unknown:
        return None
    threshold = card.thresholds[task]
    yes, no = cue[1] * (1 - threshold), cue[0] * threshold
    return float(yes / (yes + no))


def explicit(card: Card, cue: Array) -> Any:
    """ "yes" or "no" where the text says so, else None."""
    _, no, yes = cue
    if max(no, yes) < card.thresholds["recommend"] or "explicit_recommendation" in card.unknown:
        return None
    return "yes" if yes > no else "no"


def effort(card: Card, cue: Array) -> Effort | None:
    """The level from 1 to 5 where there is a cue, else None."""
    absent, low, high = map(float, cue)
    if 1 - absent < card.thresholds["effort"] or "effort" in card.unknown:
        return None
    return Effort(level=1 + 4 * high / (low + high), confidence=1 - absent)


def recommendation(
    card: Card, stars: Array, sentiment: Array, explicit_cue: Array, length: int
) -> Recommendation | None:
    """Detractor, passive, promoter: a small regression on what the other heads say and the length in pieces."""
    if "recommendation" in card.unknown:
        return None
    features = recommendation_features(stars, sentiment, explicit_cue, length)
    logits = np.asarray(card.recommendation["weight"]) @ features + np.asarray(card.recommendation["bias"])
    return Recommendation(*map(float, softmax(logits)))


def recommendation_features(stars: Array, sentiment: Array, explicit_cue: Array, length: int) -> Array:
    """What the recommendation is told from, 12 numbers.

    Log-probabilities of stars and sentiment, explicit advice, and how much was written, by itself and times the
    stars: "Good service." in answer to a survey says less than the same mood at length.
    """
    logs = np.log(np.concatenate([stars, sentiment]).clip(1e-3))
    written = np.log1p(length)
    return np.concatenate([logs, explicit_cue[1:], [written, written * (stars @ np.arange(1, 6))]])


def touchpoints(card: Card, text: str, seen: Sequence[Seen]) -> tuple[TouchpointOpinion, ...]:
    """The touchpoints that the text speaks of, each with polarity and the words that say so."""
    if "touchpoints" in card.unknown:
        return ()
    each = softmax(np.stack([part.logits["touchpoints"] for part in seen]))
    out = []
    for number, name in enumerate(TOUCHPOINTS):
        present = 1 - each[:, number, 0]
        best = int(present.argmax())
        if present[best] < card.thresholds[name]:
            continue
        tone = present @ each[:, number, 1:]
        part = seen[best]
        found = quote(text, part.window.offsets, part.attention[number])
        out.append(TouchpointOpinion(name, POLARITIES[int(tone.argmax())], float(present[best]), found))
    return tuple(out)


def joined_embedding(seen: Sequence[Seen]) -> NDArray[np.float32]:
    """The windows' mean vector, of length 1."""
    mean = shares(seen) @ np.stack([part.embedding for part in seen])
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
