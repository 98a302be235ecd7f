"""Whether a text that names a brand is about it, or about its homonym: the fruit, the town, a landmark.

The network's middle layer knows the sense in which a word is used; a small linear model on the state of the name
and of the whole text, with a few cues that need no network, tells the brand from its homonyms. It was trained on
other brands (`nlp.training.relevance`), so that it holds for one it has never seen.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.opinion import SHIPPED, OnnxOpinionModel, load

WIDTH = 384
WITH_CONTEXT = 0.3
"""A word of the brand's world leaves so much of the doubt."""
WORDS = {
    kind: frozenset(words.split())
    for kind, words in tomllib.loads((Path(__file__).parent / "relevance_words.toml").read_text()).items()
}
Span = tuple[int, int]
Array = NDArray[np.float32]

CUES = (
    "capital", "small", "determined", "titled", "followed by a name", "after a name", "near", "handle", "hashtag",
    "opens", "closes", "after chez", "trade words", "shouted", "count", "short", "named",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrandNames:
    """How a brand is spoken of. Accents and capitals do not count in any of these."""

    name: str
    aliases: tuple[str, ...] = ()
    about: str = ""
    """One line on what it is and does; its words count as context."""
    context: tuple[str, ...] = ()
    """Words that speak for the brand."""
    excluded: tuple[str, ...] = ()
    """Words beside which the name never means the brand."""


def fold(text: str) -> str:
    """Small letters without accents, every character in its place: lengths and offsets stay."""
    return "".join(_folded(c) for c in text)


def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFD", character)[0].lower()
    return plain if len(plain) == 1 else character


def mentions(text: str, names: Iterable[str]) -> list[Span]:
    """Where one of the names stands as a word of its own, also behind @ and #, in order and without overlap."""
    wanted = sorted({fold(name).strip() for name in names if name.strip()}, key=len, reverse=True)
    if not wanted:
        return []
    parts = "|".join(r"[\W_]?".join(map(re.escape, name.split())) for name in wanted)
    return [found.span() for found in re.finditer(rf"(?<![^\W_])(?:{parts})(?![^\W_])", fold(text))]


def says(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words or phrases stands in the text."""
    return bool(mentions(text, words))


def cues(text: str, found: Sequence[Span]) -> Array:
    """The `CUES` of a text, each about 0 to 1; what is said of a mention is the mean over all of them."""
    plain = fold(text)
    each = [_cues_of(text, plain, span) for span in found] or [np.zeros(12, np.float32)]
    words = re.findall(r"\w+", plain)
    traded = sum(word in WORDS["trade"] for word in words)
    whole = [
        min(traded, 4) / 4,
        float(text.isupper()),
        min(len(found), 3) / 3,
        float(len(words) < 8),
        float(bool(found)),
    ]
    return np.concatenate([np.mean(each, axis=0), np.array(whole, np.float32)]).astype(np.float32)


def _cues_of(text: str, plain: str, span: Span) -> Array:
    begin, end = span
    before = re.findall(r"[\w-]+", text[max(0, begin - 40) : begin])
    after = re.match(r"[ '’-]?(\w+)", text[end:])
    last = fold(before[-1]) if before else ""
    opens = not text[:begin].strip(" @#\"'«“(") or bool(re.search(r"[.!?:\n]\W*$", text[:begin]))
    name_before = bool(before) and before[-1][0].isupper() and not _starts_sentence(text, begin, before[-1])
    return np.array(
        [
            text[begin].isupper(),
            text[begin].islower(),
            last in WORDS["determiners"],
            last in WORDS["titles"],
            after is not None and after[1][0].isupper() and text[end : end + 1] in " -",
            name_before and last not in WORDS["determiners"],
            any(fold(word) in WORDS["landmarks"] for word in before[-4:]),
            text[max(0, begin - 1) : begin] == "@",
            text[max(0, begin - 1) : begin] == "#",
            opens,
            not plain[end:].strip(" .!?…"),
            last in {"chez", "at", "from", "with", "by"},
        ],
        np.float32,
    )


def _starts_sentence(text: str, begin: int, word: str) -> bool:
    head = text[: text.rfind(word, 0, begin)].rstrip()
    return not head or head[-1] in ".!?:"


@dataclass(frozen=True)
class Weights:
    """The linear model: chance = 1 / (1 + exp(-(bias + weight · (features - mean) / spread)))."""

    mean: Array
    spread: Array
    weight: Array
    bias: float

    @classmethod
    def read(cls, path: Path) -> Weights:
        """Raises FileNotFoundError where a model folder has none."""
        found = json.loads(path.read_text(encoding="utf-8"))
        mean, spread, weight = (np.array(found[name], np.float32) for name in ("mean", "spread", "weight"))
        return cls(mean, spread, weight, float(found["bias"]))

    def chances(self, features: Array) -> Array:
        """Probabilities [N] of features [N, F]."""
        logits = self.bias + (features - self.mean) / self.spread @ self.weight
        chances: Array = (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
        return chances


class RelevanceModel:
    """Tells a brand from its homonyms. `names` are read as `BrandNames` says."""

    def __init__(self, network: OnnxOpinionModel, weights: Weights) -> None:
        self.network, self.weights = network, weights

    def chances(self, texts: Sequence[str], names: BrandNames) -> Array:
        """How likely each text is about the brand, [N] from 0 to 1.

        A text with an excluded word is not; one with a context word is, unless the model is sure that it is
        not; an empty text has 0.5.
        """
        spoken = (names.name, *names.aliases)
        found = [mentions(text, spoken) for text in texts]
        chances = self.weights.chances(features(self.network, texts, found))
        for row, text in enumerate(texts):
            if not text.strip():
                chances[row] = 0.5
            elif says(text, names.excluded):
                chances[row] = 0.0
            elif says(text, names.context):
                chances[row] = 1 - (1 - chances[row]) * WITH_CONTEXT
        return chances


def features(network: OnnxOpinionModel, texts: Sequence[str], found: Sequence[Sequence[Span]]) -> Array:
    """Of each text: the state of its mentions [H], of the whole text [H], and its cues; [N, 2 H + C].

    Where nothing is named, the whole text stands for the mentions.
    """
    rows = []
    for text, spans, parts in zip(texts, found, network.middle(texts), strict=True):
        whole = [state for _, states in parts for state in states]
        named = [
            state
            for window, states in parts
            for (begin, end), state in zip(window.offsets, states, strict=True)
            if any(begin < b and end > a for a, b in spans)
        ]
        mean = np.mean(whole, axis=0) if whole else np.zeros(WIDTH, np.float32)
        rows.append(np.concatenate([np.mean(named, axis=0) if named else mean, mean, cues(text, spans)]))
    return np.array(rows, np.float32).reshape(len(rows), 2 * WIDTH + len(CUES))


def load_relevance(folder: Path = SHIPPED) -> RelevanceModel:
    """The shipped model, or another folder's. Raises FileNotFoundError where it has no `relevance.json`."""
    network = load(folder)
    if not isinstance(network, OnnxOpinionModel):
        raise FileNotFoundError(f"{folder} holds no model that knows brands from their homonyms")
    return RelevanceModel(network, Weights.read(folder / "relevance.json"))
