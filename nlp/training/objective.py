"""What the network is asked to get right, as one number for a batch.

Every text counts only in the tasks it is labelled for.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

NEIGHBOURS = 0.12
"""Share of a star's label that is given to its neighbours: people differ by one star."""
THREE_STARS = (0.3, 0.45, 0.25)
"""Sentiment of a three-star review: lukewarm more often than without opinion."""
WEIGHTS = {"stars": 1.0, "sentiment": 0.7, "partial": 0.3, "touchpoints": 3.0, "quotes": 0.3, "cues": 0.5}
UNKNOWN = -1
READ_TASKS = ("effort", "recommend", "churn", "sarcasm")


@dataclass
class Labels:
    """Labels of B texts; zero stars and `UNKNOWN` elsewhere count for nothing.

    `stars` [B] 1-5; `sentiment` [B] 0-2; `read` [B] whether somebody read the text with care; `touchpoints`
    [B, K] 0-3; `quotes` [B, K, T] pieces inside the quote; `effort`, `recommend`, `churn`, `sarcasm` [B].
    """

    stars: Tensor
    sentiment: Tensor
    read: Tensor
    touchpoints: Tensor
    quotes: Tensor
    effort: Tensor
    recommend: Tensor
    churn: Tensor
    sarcasm: Tensor

    def __getitem__(self, rows: Tensor) -> Labels:
        """The labels of some texts."""
        return Labels(*(getattr(self, part.name)[rows] for part in fields(self)))


def star_targets(stars: Tensor) -> Tensor:
    """Soft targets [B, 5] with some weight on the neighbours."""
    distance = (stars.unsqueeze(1) - torch.arange(1, 6)).abs()
    near = (distance == 1).float()
    return (distance == 0).float() * (1 - NEIGHBOURS) + NEIGHBOURS * near / near.sum(1, keepdim=True)


def ordinal(logits: Tensor, stars: Tensor) -> Tensor:
    """Cross-entropy on soft stars, and the ranked probability score, which counts how far off it is."""
    target = star_targets(stars)
    cumulative = (torch.softmax(logits, -1).cumsum(1) - target.cumsum(1)).square().sum(1)
    return (functional.cross_entropy(logits, target, reduction="none") + 2 * cumulative).mean()


def sentiment(logits: Tensor, labels: Labels) -> Tensor:
    """Cross-entropy, softened for three-star reviews."""
    target = functional.one_hot(labels.sentiment, 3).float() * 0.95 + 0.05 / 3
    lukewarm = (labels.stars == 3) & ~labels.read
    target[lukewarm] = torch.tensor(THREE_STARS)
    return functional.cross_entropy(logits, target)


def partial_stars(logits: Tensor, labels: Labels) -> Tensor:
    """Where only the sentiment is known: the stars must lie on its side, so that the two heads agree."""
    known = (labels.stars == 0) & (labels.sentiment >= 0) & (labels.sentiment != 1)
    if not known.any():
        return logits.sum() * 0
    log = torch.log_softmax(logits[known], -1)
    positive = labels.sentiment[known] == 2
    side = torch.where(positive.unsqueeze(1), log[:, 3:], log[:, :2])
    return -torch.logsumexp(side, 1).mean()


def quotes(attention: Tensor, labels: Labels) -> Tensor:
    """The attention of a touchpoint that is present must lie on its quote."""
    marked = labels.quotes.sum(-1) > 0
    if not marked.any():
        return attention.sum() * 0
    inside = (attention * labels.quotes).sum(-1)[marked]
    return -torch.log(inside.clamp(min=1e-4)).mean()


def known(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over the labels that are known; 0 where none is."""
    total = functional.cross_entropy(logits, labels, ignore_index=UNKNOWN, reduction="sum")
    return total / (labels != UNKNOWN).sum().clamp(min=1)


def loss(out: dict[str, Tensor], labels: Labels) -> Tensor:
    """The weighted sum of what the batch is labelled for."""
    total = WEIGHTS["partial"] * partial_stars(out["stars"], labels)
    rated, felt, read = labels.stars > 0, labels.sentiment >= 0, labels.read
    if rated.any():
        total = total + WEIGHTS["stars"] * ordinal(out["stars"][rated], labels.stars[rated])
    if felt.any():
        total = total + WEIGHTS["sentiment"] * sentiment(out["sentiment"][felt], labels[felt])
    total = total + WEIGHTS["touchpoints"] * known(out["touchpoints"].flatten(0, 1), labels.touchpoints.flatten())
    if read.any():
        total = total + WEIGHTS["quotes"] * quotes(out["attention"][read], labels[read])
    for task in READ_TASKS:
        total = total + WEIGHTS["cues"] * known(out[task], getattr(labels, task))
    return total
