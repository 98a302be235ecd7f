"""What a brand's own answers teach of its texts: how far the model is off for this brand, and how sure that is.

Some customers gave an answer and wrote a text. The answers say what the figure over these texts is; the model,
put right by what is known of other brands, says what it would have taken it for. The difference is the brand's
own, and some of it is chance: as an angle (`nlp.quantification`) the brand's shift s is known beforehand to be
0 ± doubt, as that of any brand is, and the answers say observed ± √v. Both together give the usual estimate
between two normal laws,

    s = observed shift · doubt² / (doubt² + v),    doubt left = √(doubt² · v / (doubt² + v)),

so that few answers change little (empirical Bayes: B. Efron and C. Morris, JASA 70, 1975). v is the variance of
answer minus reading over the texts: both are of the same text, so how mixed the opinions are does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.post import Question, Rating
from nlp.annotation import Annotation
from nlp.quantification import Adjustment
from reputation.figures import SystematicError
from reputation.indicators import best, net
from reputation.intervals import adjusted_wald, mean_interval, wilson

FEWEST_ANSWERS = 20
"""Fewer answers teach nothing: a single odd one would tell."""
LEAST_DOUBT = 0.25
"""The part of the doubt that stays however many answers there are: who answers a survey writes differently from
who posts, and no answer shows by how much."""
LARGEST = 3.0
"""Largest shift: an angle that turns nobody into nearly everybody."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One text: what was read in it and what was answered, as shares of each answer, the lowest first."""

    read: tuple[float, ...]
    answered: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one figure. Values and limits are in the figure's unit, over the texts learned from.

    `before` and `after` are what is said of these texts without and with it; `shift` and both doubts are
    angles. With fewer than `FEWEST_ANSWERS` answers nothing is learned: the shift is None.
    """

    figure: str
    answers: int
    observed: float
    low: float
    high: float
    before: float
    after: float
    shift: float | None
    doubt_before: float
    doubt: float

    def to_json(self) -> dict[str, Any]:
        """All of it, rounded."""
        digits = 2 if self.figure in ("ces", "rating") else 1
        values = {name: round(getattr(self, name), digits) for name in _VALUES}
        doubts = {name: round(getattr(self, name), 3) for name in ("doubt_before", "doubt")}
        shift = None if self.shift is None else round(self.shift, 3)
        return {"figure": self.figure, "answers": self.answers, **values, "shift": shift, **doubts}


_VALUES = ("observed", "low", "high", "before", "after")


def pairs(
    texts: Iterable[tuple[Annotation, Sequence[Rating]]], *, satisfied_from: float
) -> dict[str, list[Pair]]:
    """What texts and their answers say of each figure: `nps`, `csat`, `rating` and `ces`."""
    found: dict[str, list[Pair]] = {"nps": [], "csat": [], "rating": [], "ces": []}
    for said, answers in texts:
        for answer in answers:
            for figure, pair in _of_answer(said, answer, satisfied_from):
                found[figure].append(pair)
    return found


def _of_answer(said: Annotation, answer: Rating, satisfied_from: float) -> Iterable[tuple[str, Pair]]:
    share = answer.normalised
    match answer.question:
        case Question.RECOMMENDATION if said.recommendation:
            r = said.recommendation
            given = round(10 * share, 6)
            group = (float(given <= 6), float(6 < given < 9), float(given >= 9))
            yield "nps", Pair((r.detractor, r.passive, r.promoter), group)
        case Question.SATISFACTION if said.stars:
            stars = said.stars.probabilities
            p = math.fsum(each for star, each in enumerate(stars) if star / 4 >= satisfied_from - 1e-9)
            yield "csat", _two(p, float(share >= satisfied_from - 1e-9))
            yield "rating", _two((said.stars.expected - 1) / 4, share)
        case Question.EFFORT if said.effort:
            yield "ces", _two((said.effort.level - 1) / 4, 1 - share)


def judged(texts: Iterable[tuple[Annotation, Mapping[str, str]]]) -> list[Pair]:
    """What texts drawn by lot, and judged by hand, say of the net sentiment."""
    found = []
    for said, truth in texts:
        if said.sentiment and (mood := truth.get("sentiment")):
            s = said.sentiment
            given = [float(mood == one) for one in ("negative", "neutral", "positive")]
            found.append(Pair((s.negative, s.neutral, s.positive), (given[0], given[1], given[2])))
    return found


def learn(found: Mapping[str, Sequence[Pair]], error: SystematicError) -> list[Learned]:
    """What each figure's pairs teach, of those that have any."""
    return [learn_one(name, several, error.adjustment(name)) for name, several in found.items() if several]


def learn_one(figure: str, found: Sequence[Pair], adjustment: Adjustment) -> Learned:
    """What pairs teach of one figure, given how other brands are put right. Raises ValueError without pairs."""
    if not found:
        raise ValueError("nothing can be learned of no answers")
    n = len(found)
    read = _mean([pair.read for pair in found])
    answered = _mean([pair.answered for pair in found])
    observed = _worth(figure, answered)

    def said(shift: float) -> float:
        return _worth(figure, adjustment.shares(read, shift))

    shift, doubt = None, adjustment.doubt
    if n >= FEWEST_ANSWERS:
        shift, doubt = _shift(figure, found, adjustment, observed)
    low, high = _limits(figure, answered, n)
    return Learned(figure, n, observed, low, high, said(0.0), said(shift or 0.0), shift, adjustment.doubt, doubt)


def _shift(figure: str, found: Sequence[Pair], adjustment: Adjustment, observed: float) -> tuple[float, float]:
    """The brand's shift and the doubt left, by Gauss-Newton steps towards the likeliest shift."""
    prior = adjustment.doubt**2
    if prior == 0:
        return 0.0, 0.0
    read = _mean([pair.read for pair in found])
    missed = [_worth(figure, pair.answered) - _worth(figure, pair.read) for pair in found]
    mean = math.fsum(missed) / len(found)
    # One more text, off by a quarter of the scale: that nobody was misread so far proves little.
    scale = abs(
        _worth(figure, (1.0,) + (0.0,) * (len(read) - 1)) - _worth(figure, (0.0,) * (len(read) - 1) + (1.0,))
    )
    squares = math.fsum((each - mean) ** 2 for each in missed) + (scale / 4) ** 2
    variance = squares / (len(found) + 1) / len(found)
    shift, precision = 0.0, 0.0
    for _ in range(50):
        said = _worth(figure, adjustment.shares(read, shift))
        steep = (_worth(figure, adjustment.shares(read, shift + 1e-4)) - said) / 1e-4
        precision = steep**2 / variance
        wanted = (steep * (observed - said) / variance + precision * shift) / (precision + 1 / prior)
        step = max(-0.5, min(0.5, wanted - shift))
        shift = max(-LARGEST, min(LARGEST, shift + step))
        if abs(step) < 1e-6:
            break
    left = math.sqrt(1 / (precision + 1 / prior))
    return shift, max(left, LEAST_DOUBT * adjustment.doubt)


def _two(read: float, answered: float) -> Pair:
    return Pair((1 - read, read), (1 - answered, answered))


def _mean(shares: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(math.fsum(column) / len(shares) for column in zip(*shares, strict=True))


def _worth(figure: str, shares: Sequence[float]) -> float:
    if figure in ("nps", "net_sentiment"):
        return net(shares)
    return best(shares) if figure == "csat" else 1 + 4 * shares[-1]


def _limits(figure: str, shares: Sequence[float], n: int) -> tuple[float, float]:
    """The 95 % limits of the answers alone; of means, as wide as answers with that mean can be."""
    if figure in ("nps", "net_sentiment"):
        found = adjusted_wald(n * shares[-1], n * shares[0], n).scaled(100)
    elif figure == "csat":
        found = wilson(n * shares[-1], n).scaled(100)
    else:
        total = n * (1 + 4 * shares[-1])
        found = mean_interval(total, 6 * total - 5 * n, n, lowest=1.0, highest=5.0)
    return found.low, found.high
