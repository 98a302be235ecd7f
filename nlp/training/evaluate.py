"""Step 7: the tables of the model card, through `nlp.opinion` as users run it, on data never trained on."""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from nlp.annotation import Annotation
from nlp.opinion import OpinionModel, load

POLAR = {"negative", "positive"}
SERVICES = "source in ('trustpilot_banks', 'trustpilot_banks_credit')"
SHOPS = "source in ('trustpilot_retail', 'trustpilot_food_vape')"


def star_sets(data: Path, work: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and rows (text, stars, lang) of each set."""
    for name in ("amazon_fr", "amazon_en"):
        yield name, pd.read_parquet(data / "evaluation_only" / f"{name}.parquet")
    held = pd.read_parquet(work / "examples.parquet").query("split == 'dev' and stars > 0 and read == ''")
    yield "banks FR, held-out companies", held.query(f"lang == 'fr' and {SERVICES}")
    yield "shops FR, held-out companies", held.query(f"lang == 'fr' and {SHOPS}")
    yield "insurers FR, held-out companies", held.query("source == 'insurance'")
    yield "google_play FR", held.query("source == 'google_play'")
    yield "trustpilot_us EN", held.query("source == 'trustpilot_us'")
    yield "trustpilot_travel_mixed EN", held.query("source == 'trustpilot_travel_mixed'")


def annotate(model: OpinionModel, rows: pd.DataFrame) -> list[Annotation]:
    """Annotations with the rows' own languages."""
    return model.annotate(list(rows.text), list(rows.lang))


def stars(model: OpinionModel, rows: pd.DataFrame) -> dict[str, float]:
    """Exact, within one star, mean error in stars, and polarity without the three-star reviews."""
    truth = rows.stars.to_numpy()
    found = [annotation.stars for annotation in annotate(model, rows)]
    chances = np.array([one.probabilities if one else [0.2] * 5 for one in found])
    away = np.abs(chances.argmax(1) + 1 - truth)
    side = (chances[:, 3:].sum(1) > chances[:, :2].sum(1)) == (truth > 3)
    return {
        "n": len(truth),
        "exact": (away == 0).mean(),
        "within 1": (away <= 1).mean(),
        "MAE": np.abs(chances @ np.arange(1, 6) - truth).mean(),
        "polarity": side[truth != 3].mean(),
    }


def posts(model: OpinionModel, data: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Macro-F1 on the part of UMSAB that `prepare` leaves out."""
    rows = pd.read_parquet(data / "tweets_sentiment.parquet").query("source == 'umsab' and split == 'val'")
    for language, part in rows.groupby("lang"):
        said = [a.sentiment.label if a.sentiment else "neutral" for a in annotate(model, part)]
        yield f"UMSAB {language}", {"n": len(part), "macro-F1": f1_score(part.label, said, average="macro")}


def overlap(pairs: list[tuple[set[str], set[str]]]) -> float:
    """F1 over sets of labels, true and said."""
    hit = sum(len(true & said) for true, said in pairs)
    return 2 * hit / max(sum(len(true) + len(said) for true, said in pairs), 1)


def readings(model: OpinionModel, data: Path) -> dict[str, float]:
    """F1 of touchpoints and of the other cues on `gold_dev`, which decided nothing."""
    with (data / "gold_dev.jsonl").open(encoding="utf-8") as lines:
        gold = [json.loads(line) for line in lines]
    said = model.annotate([row["text"] for row in gold], [row["lang"] for row in gold])
    both = list(zip(gold, said, strict=True))
    names = [(set(row["touchpoints"]), {t.touchpoint for t in a.touchpoints}) for row, a in both]
    signed = [
        (
            {f"{name} {tone}" for name, tone in row["touchpoints"].items() if tone in POLAR},
            {f"{t.touchpoint} {t.polarity}" for t in a.touchpoints if t.polarity in POLAR},
        )
        for row, a in both
    ]
    effort = [(row["effort"] is not None, a.effort is not None) for row, a in both]
    hard = [(row["effort"] == "high", a.effort is not None and a.effort.level > 3) for row, a in both]
    churn = [(bool(row["churn"]), (a.churn_intent or 0) >= 0.5) for row, a in both]
    sarcasm = [(bool(row["sarcasm"]), (a.sarcasm or 0) >= 0.5) for row, a in both]
    against = [(row["recommend"] == "no", a.explicit_recommendation == "no") for row, a in both]
    advised = [(row["recommend"] == "yes", a.explicit_recommendation == "yes") for row, a in both]
    flags = {"effort cue": effort, "effort high": hard, "churn": churn, "sarcasm": sarcasm}
    flags |= {"recommend no": against, "recommend yes": advised}
    scores = {name: f1_score(*zip(*pairs, strict=True), zero_division=0) for name, pairs in flags.items()}
    return {"n": len(gold), "touchpoints": overlap(names), "with polarity": overlap(signed), **scores}


def table(rows: list[tuple[str, dict[str, float]]]) -> str:
    """A Markdown table."""
    heads = list(rows[0][1])
    lines = [f"| set | {' | '.join(heads)} |", "| --- " * (len(heads) + 1) + "|"]
    for name, values in rows:
        shown = [str(values[h]) if h == "n" else f"{values[h]:.3f}" for h in heads]
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the model card's tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    arguments = parser.parse_args()
    model = load(arguments.out)
    print(
        table([(name, stars(model, rows)) for name, rows in star_sets(arguments.data, arguments.work)]),
        flush=True,
    )
    print(table(list(posts(model, arguments.data))), flush=True)
    print(table([("gold_dev", readings(model, arguments.data))]))


if __name__ == "__main__":
    main()
