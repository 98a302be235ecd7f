"""The public suite of pairs that differ in little and mean the opposite."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from nlp.opinion import load
from nlp.training.idioms import EXPRESSIONS, turns

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "minimal_pairs"


def pairs(language: str) -> list[list[str]]:
    with (FOLDER / f"{language}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_there_are_250_pairs_and_more_in_two_languages_and_no_text_comes_twice():
    found = pairs("fr") + pairs("en")
    assert len(found) >= 250
    assert all(len(pair) == 3 and all(pair) for pair in found)
    texts = Counter(text for _, *both in found for text in both)
    assert max(texts.values()) == 1
    assert len({phenomenon for phenomenon, *_ in found}) >= 12


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_text_of_the_suite_trains(language):
    taught = {text.lower().strip(" .!") for text, _ in turns(language)}
    assert not taught & {text.lower().strip(" .!") for _, *both in pairs(language) for text in both}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_turns_the_meaning_around_is_taught_in_both_directions(language):
    stars = Counter(number for _, number in turns(language))
    assert min(stars[1] + stars[2], stars[4] + stars[5]) > 200
    assert {number for lang, number in EXPRESSIONS if lang == language} >= {1, 2, 4, 5}


@pytest.mark.slow
@pytest.mark.parametrize(("language", "fewest"), [("fr", 0.78), ("en", 0.82)])
def test_of_most_pairs_the_good_text_is_read_as_the_better_one(language, fewest):
    model, found = load(), pairs(language)
    margins = [
        [a.sentiment.positive - a.sentiment.negative for a in model.annotate([good, bad], [language] * 2)]
        for _, good, bad in found
    ]
    assert sum(good > bad for good, bad in margins) / len(found) >= fewest
