"""How often a model is right, and how far its probabilities can be taken at their word.

Pure: texts whose truth is known go in, measures with 95 % limits come out. Shares have Wilson limits, the mean
error those of a mean, F1 and the calibration error bootstrap limits, drawn with a fixed seed: the same cases give
the same limits. Truth is given in the fields and values of `nlp.correction.FIELDS`, whoever said it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.annotation import Annotation
from nlp.correction import ABSENT, FIELDS, TOUCHPOINT, probabilities, said
from reputation.intervals import mean_interval, wilson

BINS = 10
"""Bins of confidence, of equal width (Guo et al. 2017)."""
RESAMPLES = 400
FEWEST = 10
"""Texts below which a bootstrap's limits mean nothing, and none is given."""
SEED = 20_260_101
GROUPS = 50
"""Languages or sources that are measured by themselves: the largest."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A text whose truth is known, by field, and what the model said of it."""

    truth: Mapping[str, str]
    said: Annotation
    language: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value with its 95 % limits and the number of texts, or of decisions, behind it."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, Any]:
        """The four, rounded to four digits."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "n": self.n,
        }


def evaluate(cases: Iterable[Case]) -> dict[str, Any]:
    """All measures of these cases as JSON: `overall`, and the same for each of `languages` and `sources`.

    A part that the cases do not tell (no stars, no touchpoints …) is None; so is all of it without cases.
    """
    known = list(cases)
    return {
        "n": len(known),
        "overall": measures(known),
        "languages": _by(known, lambda case: case.language),
        "sources": _by(known, lambda case: case.source),
    }


def measures(cases: Sequence[Case]) -> dict[str, Any]:
    """The measures of one group of cases, as JSON."""
    return {
        "stars": _stars(cases),
        "polarity": _json(polarity(cases)),
        "sentiment": _sentiment(cases),
        "touchpoints": _touchpoints(cases),
        **{field: _json(agreement(cases, field)) for field in ("recommendation", "effort", "churn_intent")},
    }


def agreement(cases: Iterable[Case], field: str) -> Measure | None:
    """How often the likeliest value of a field is the true one; texts without an answer are left out."""
    pairs = [(case.truth[field], said(case.said, field)) for case in cases if field in case.truth]
    return _share([truth == found for truth, found in pairs if found is not None])


def polarity(cases: Iterable[Case]) -> Measure | None:
    """How often texts of 1-2 and 4-5 true stars are told apart: ones of 3 stars are left out."""
    hits = []
    for case in cases:
        truth, lean = int(case.truth.get("stars", "3")), _lean(case.said)
        if truth != 3 and lean is not None:
            hits.append((lean > 0) == (truth > 3))
    return _share(hits)


def mean_error(errors: Numbers) -> Measure:
    """The mean distance between true and expected stars, 0 to 4."""
    n, total = len(errors), float(errors.sum())
    limits = mean_interval(total, float((errors**2).sum()), n, lowest=0.0, highest=4.0)
    return Measure(total / n, min(limits.low, total / n), max(limits.high, total / n), n)


def confusion(cases: Iterable[Case], field: str) -> list[list[int]]:
    """Counts by true value (rows) and the one that the model said (columns), in the order of `FIELDS`."""
    values = FIELDS[field]
    counts = [[0] * len(values) for _ in values]
    for case in cases:
        found = said(case.said, field)
        if field in case.truth and found is not None:
            counts[values.index(case.truth[field])][values.index(found)] += 1
    return counts


def reliability(confidence: Numbers, right: Numbers) -> list[dict[str, Any]]:
    """For each bin of confidence that holds any: mean confidence and how often it was right, with limits."""
    table = []
    places = _bin(confidence)
    for place in range(BINS):
        inside = places == place
        if count := int(inside.sum()):
            share = _share(right[inside])
            assert share is not None
            table.append(
                {
                    "from": place / BINS,
                    "to": (place + 1) / BINS,
                    "n": count,
                    "confidence": round(float(confidence[inside].mean()), 4),
                    "right": share.to_json(),
                }
            )
    return table


def calibration_error(confidence: Numbers, right: Numbers) -> Measure | None:
    """Expected calibration error: Σ n_bin/n · |share right - mean confidence| (Guo et al., ICML 2017, eq. 5).

    Few texts make it too large, as chance sets every bin off; the basic bootstrap's limits, 2·value - quantile,
    take that back. The lower one is 0 where a perfectly calibrated model would be off as far by chance
    (consistency resampling: Bröcker and Smith, Weather and Forecasting 22, 2007). None for fewer than `FEWEST`.
    """
    if len(right) < FEWEST:
        return None
    places = _bin(confidence)
    gap = right - confidence

    def error(gaps: Numbers) -> float:
        return float(np.abs(np.bincount(places, gaps, BINS)).sum())

    value, n = error(gap) / len(gap), len(gap)
    low, high = _quantiles(lambda weights: error(weights * gap) / float(weights.sum()), n)
    draw = np.random.default_rng(SEED)
    by_chance = [error((draw.uniform(size=n) < confidence) - confidence) / n for _ in range(RESAMPLES)]
    least = 0.0 if value <= np.quantile(by_chance, 0.975) else min(value, max(0.0, 2 * value - high))
    return Measure(value, least, min(1.0, max(value, 2 * value - low)), n)


def bootstrap(statistic: Callable[[Numbers], float], n: int) -> Measure | None:
    """A statistic of `n` texts, given how often each is counted, with percentile limits (Efron 1979).

    None for fewer than `FEWEST`.
    """
    if n < FEWEST:
        return None
    value = statistic(np.ones(n))
    low, high = _quantiles(statistic, n)
    return Measure(value, min(low, value), max(high, value), n)


def _quantiles(statistic: Callable[[Numbers], float], n: int) -> tuple[float, float]:
    draw = np.random.default_rng(SEED)
    values = [
        statistic(np.bincount(draw.integers(0, n, n), minlength=n).astype(np.float64)) for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _stars(cases: Sequence[Case]) -> dict[str, Any] | None:
    known = [case for case in cases if "stars" in case.truth and case.said.stars]
    if not known:
        return None
    truth = np.array([int(case.truth["stars"]) for case in known], np.float64)
    given = np.array([probabilities(case.said)["stars"] for case in known], np.float64)
    off = np.abs(given.argmax(1) + 1 - truth)
    errors = np.abs(given @ np.arange(1, 6) - truth)
    return {
        "exact": _json(_share(off == 0)),
        "within_1": _json(_share(off <= 1)),
        "mae": mean_error(errors).to_json(),
        **_calibration(given, off == 0),
        "confusion": confusion(known, "stars"),
    }


def _sentiment(cases: Sequence[Case]) -> dict[str, Any] | None:
    known = [case for case in cases if "sentiment" in case.truth and case.said.sentiment]
    if not known:
        return None
    values = FIELDS["sentiment"]
    truth = np.array([values.index(case.truth["sentiment"]) for case in known])
    found = np.array([values.index(said(case.said, "sentiment") or "") for case in known])
    given = np.array([probabilities(case.said)["sentiment"] for case in known], np.float64)
    return {
        "accuracy": _json(_share(truth == found)),
        "macro_f1": _json(bootstrap(lambda w: _macro_f1(truth, found, w), len(known))),
        **_calibration(given, truth == found),
        "confusion": confusion(known, "sentiment"),
    }


def _calibration(given: Numbers, right: NDArray[np.bool_]) -> dict[str, Any]:
    confidence, hit = given.max(1), right.astype(np.float64)
    return {"ece": _json(calibration_error(confidence, hit)), "reliability": reliability(confidence, hit)}


def _macro_f1(truth: NDArray[Any], found: NDArray[Any], weights: Numbers) -> float:
    """The mean of the F1 of the classes that occur at all."""
    scores = []
    for value in np.union1d(truth, found):
        hit = float(weights @ ((truth == value) & (found == value)))
        all_of_it = float(weights @ (truth == value) + weights @ (found == value))
        scores.append(2 * hit / all_of_it if all_of_it else 1.0)
    return float(np.mean(scores))


def _touchpoints(cases: Sequence[Case]) -> dict[str, Any] | None:
    """Over all decisions, text by touchpoint, that the truth tells: found, missed, made up; then the tone."""
    decisions: list[tuple[int, bool, bool]] = []
    tones: list[bool] = []
    for number, case in enumerate(cases):
        for field, truth in case.truth.items():
            if field.startswith(TOUCHPOINT):
                found = said(case.said, field)
                decisions.append((number, truth != ABSENT, found != ABSENT))
                if ABSENT not in (truth, found):
                    tones.append(truth == found)
    if not decisions:
        return None
    of_text, there, told = (np.array(column) for column in zip(*decisions, strict=True))

    def f1(weights: Numbers) -> float:
        w = weights[of_text]
        both = float(w @ (there & told))
        return 2 * both / total if (total := float(w @ there + w @ told)) else 1.0

    return {
        "f1": _json(bootstrap(f1, len(cases))),
        "precision": _json(_share(there[told])),
        "recall": _json(_share(told[there])),
        "polarity": _json(_share(tones)),
    }


def _by(cases: Sequence[Case], of: Callable[[Case], str]) -> list[dict[str, Any]]:
    """The measures of each group, the largest first."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[of(case)].append(case)
    largest = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:GROUPS]
    return [{"name": name, "n": len(members), **measures(members)} for name, members in largest]


def _lean(annotation: Annotation) -> float | None:
    """Above 0 where the model takes the text for a good one: by its stars, or by its sentiment without any."""
    if annotation.stars:
        p = annotation.stars.probabilities
        return (p[3] + p[4]) - (p[0] + p[1])
    return annotation.sentiment.positive - annotation.sentiment.negative if annotation.sentiment else None


def _bin(confidence: Numbers) -> NDArray[np.int64]:
    """The bin of each confidence, 1 being in the last."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _share(hits: Sequence[bool] | NDArray[Any]) -> Measure | None:
    if len(hits) == 0:
        return None
    count, n = float(np.sum(hits)), len(hits)
    limits = wilson(count, n)
    return Measure(count / n, limits.low, limits.high, n)


def _json(measure: Measure | None) -> dict[str, Any] | None:
    return measure.to_json() if measure else None
