"""Step 5: tell a brand from its homonyms, from sentences written for this project.

`homonyms_fr.tsv` and `homonyms_en.tsv`: brand, what it is, 1 or 0, text. The brands of the development set are in
neither. From that set comes one number only, the bias: its sentences are harder than ours.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from nlp.opinion import OnnxOpinionModel, load
from nlp.relevance import CUES, Array, BrandNames, RelevanceModel, Weights, features, mentions

PENALTY = 0.003
CUES_COUNT = 3
"""A cue is told so much more of than one of the 768 numbers of the network."""


def written() -> pd.DataFrame:
    """Our sentences: `brand`, `about`, `relevant`, `text`."""
    names = ["brand", "about", "relevant", "text"]
    folder = Path(__file__).parent
    files = [folder / f"homonyms_{lang}.tsv" for lang in ("fr", "en")]
    parts = [pd.read_csv(path, sep="\t", names=names, quoting=csv.QUOTE_NONE, dtype=str) for path in files]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(relevant=rows.relevant == "1")


def read(network: OnnxOpinionModel, rows: pd.DataFrame) -> Array:
    """Features of texts, each with its own brand."""
    found = [mentions(text, [brand]) for text, brand in zip(rows.text, rows.brand, strict=True)]
    return features(network, list(rows.text), found)


def fit(seen: Array, relevant: pd.Series) -> Weights:
    """The linear model of our sentences."""
    mean, spread = seen.mean(0), seen.std(0) + 1e-3
    spread[-len(CUES) :] /= CUES_COUNT
    model = LogisticRegression(C=PENALTY, max_iter=5_000).fit((seen - mean) / spread, relevant)
    return Weights(mean, spread, model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def moved(weights: Weights, seen: Array, relevant: pd.Series) -> Weights:
    """The same with the bias that is right about other sentences most often."""
    logits = np.sort((seen - weights.mean) / weights.spread @ weights.weight + weights.bias)
    truth = relevant.to_numpy()[np.argsort((seen - weights.mean) / weights.spread @ weights.weight)]
    cuts = (logits[1:] + logits[:-1]) / 2
    right = np.array([((logits > cut) == truth).sum() for cut in cuts])
    # The middle of all cuts that do nearly as well: one sentence more or less is chance.
    good = cuts[right >= right.max() - 2]
    return Weights(weights.mean, weights.spread, weights.weight, weights.bias - float(np.median(good)))


def unseen_brand(weights: Weights, seen: Array, rows: pd.DataFrame) -> float:
    """Accuracy on each brand with the bias of the others."""
    right = 0
    for brand in rows.brand.unique():
        mine = (rows.brand == brand).to_numpy()
        chances = moved(weights, seen[~mine], rows.relevant[~mine]).chances(seen[mine])
        right += int(((chances > 0.5) == rows.relevant[mine]).sum())
    return right / len(rows)


def main() -> None:
    """Write `OUT/relevance.json` and say how well brands that were never seen are told."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    arguments = parser.parse_args()
    network = load(arguments.out)
    assert isinstance(network, OnnxOpinionModel)
    ours = written()
    weights = fit(read(network, ours), ours.relevant)
    harder = pd.read_json(arguments.data / "homonyms_dev.jsonl", lines=True)
    seen = read(network, harder)
    print(f"brands never seen: {unseen_brand(weights, seen, harder):.3f} of {len(harder)} are right")
    final = moved(weights, seen, harder.relevant)
    kept = {
        name: np.round(getattr(final, name).astype(float), 5).tolist() for name in ("mean", "spread", "weight")
    }
    (arguments.out / "relevance.json").write_text(json.dumps(kept | {"bias": round(final.bias, 5)}) + "\n")
    for brand, rows in harder.groupby("brand"):
        said = RelevanceModel(network, final).chances(list(rows.text), BrandNames(str(brand)))
        print(f"{brand}: {np.mean((said > 0.5) == rows.relevant):.2f}")


if __name__ == "__main__":
    main()
