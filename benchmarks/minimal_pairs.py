"""How the model reads pairs of short texts that differ in little and mean the opposite.

    python benchmarks/minimal_pairs.py
    python benchmarks/minimal_pairs.py --model FOLDER --wrong

The pairs were written for this project (`minimal_pairs/fr.tsv` and `en.tsv`: phenomenon, good, bad). They never
train; but the recipe teaches some of the same expressions (`nlp/training/idioms.py`), and pairs with one of these
are counted apart. "Right" is the side with more probability, 3-class neutral set aside; "in order" is a pair
whose good text is read as better than its bad one. The baseline is VADER's way, made bilingual: a count of the
commonest good and bad words, with a negation just before turning one around.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nlp.opinion import load
from nlp.training.idioms import EXPRESSIONS

FOLDER = Path(__file__).parent / "minimal_pairs"
GOOD = {
    "bon", "bonne", "bien", "excellent", "parfait", "super", "génial", "content", "ravi", "top", "meilleur",
    "good", "great", "perfect", "love", "lovely", "best", "better", "happy", "brilliant"
}  # fmt: skip
BAD = {
    "mal", "mauvais", "nul", "pire", "déçu", "panne", "problème", "terrible", "arnaque", "horrible",
    "cassé", "bad", "awful", "worst", "worse", "broken", "hate", "disappointed", "poor", "rude"
}  # fmt: skip
NEGATIONS = {"pas", "jamais", "aucun", "aucune", "rien", "plus", "sans", "not", "no", "never", "n't", "nothing"}


@dataclass(frozen=True)
class Pair:
    """Two texts, the first good and the second bad. `taught` when the recipe knows one of their expressions."""

    language: str
    phenomenon: str
    good: str
    bad: str

    @property
    def taught(self) -> bool:
        """Whether the recipe teaches an expression of one of them."""
        expressions = [
            words for (lang, _), group in EXPRESSIONS.items() if lang == self.language for words in group
        ]
        return any(words.lower() in text.lower() for words in expressions for text in (self.good, self.bad))


@dataclass
class Count:
    """Pairs seen, texts read rightly, pairs with both right, pairs in order."""

    pairs: int = 0
    right: int = 0
    both: int = 0
    ordered: int = 0

    def add(self, good: float, bad: float) -> None:
        """Count a pair by its margins: positive minus negative, each."""
        self.pairs += 1
        self.right += (good > 0) + (bad < 0)
        self.both += good > 0 > bad
        self.ordered += good > bad

    def row(self) -> str:
        """As cells of a table."""
        shares = (self.right / 2, self.both, self.ordered)
        return f"{self.pairs:5}  " + "  ".join(f"{share / self.pairs:6.3f}" for share in shares)


def pairs() -> list[Pair]:
    """All pairs, French first."""
    found = []
    for language in ("fr", "en"):
        with (FOLDER / f"{language}.tsv").open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [Pair(language, phenomenon, good, bad) for phenomenon, good, bad in rows]
    return found


def words(text: str) -> float:
    """The baseline's margin: good words minus bad ones, each turned around by a negation within three words."""
    said = re.findall(r"n't|[\w]+", text.lower())
    margin = 0
    for place, word in enumerate(said):
        side = (word in GOOD) - (word in BAD)
        margin += -side if NEGATIONS.intersection(said[max(0, place - 3) : place]) else side
    return margin


def table(found: Iterable[tuple[Pair, float, float]], key: Callable[[Pair], str]) -> None:
    """Print the counts of each group."""
    counts: dict[str, Count] = defaultdict(Count)
    for pair, good, bad in found:
        counts[key(pair)].add(good, bad)
    print(f"\n{'':28} pairs   right    both  in order")
    for name, count in counts.items():
        print(f"{name:28} {count.row()}")


def main() -> None:
    """Print how many pairs are read rightly, by language and phenomenon, beside the baseline."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", help="a model folder; the shipped one where it is left out")
    parser.add_argument("--wrong", action="store_true", help="print the texts that are read wrongly")
    arguments = parser.parse_args()
    all_pairs = pairs()
    texts = [text for pair in all_pairs for text in (pair.good, pair.bad)]
    languages = [pair.language for pair in all_pairs for _ in range(2)]
    said = [a.sentiment for a in load(arguments.model).annotate(texts, languages)]
    margins = [s.positive - s.negative if s else 0.0 for s in said]
    ours = [(pair, margins[2 * i], margins[2 * i + 1]) for i, pair in enumerate(all_pairs)]
    table(ours, lambda pair: f"{pair.language} {pair.phenomenon}")
    table(ours, lambda pair: f"{pair.language} {'taught' if pair.taught else 'never taught'}")
    table(ours, lambda pair: f"{pair.language} all")
    table(
        [(p, words(p.good), words(p.bad)) for p in all_pairs],
        lambda pair: f"{pair.language} word count, baseline",
    )
    if arguments.wrong:
        for pair, good, bad in ours:
            if good <= 0 or bad >= 0:
                print(f"{good:+.2f} {pair.good} | {bad:+.2f} {pair.bad}")


if __name__ == "__main__":
    main()
