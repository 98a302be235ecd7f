"""Step 5: measure on held-out texts what `config.json` says of the exported model.

Temperatures, thresholds, the step from stars to recommendation, and how far the estimated figures of a
company lie from the true ones. `gold_dev` and `evaluation_only/` are not read here.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from nlp import verdict
from nlp.annotation import TOUCHPOINTS
from nlp.opinion import OnnxOpinionModel, load
from nlp.training import card as cards
from nlp.training import labels as labelling

Array = verdict.Array
HEATS = np.arange(0.6, 2.55, 0.05)
CUTS = np.arange(0.15, 0.86, 0.025)
PER_GROUP = 250
SMALLEST_GROUP = 100
ENOUGH = 40
"""Held-out examples from which a touchpoint gets a threshold of its own."""


@dataclass(frozen=True)
class Held:
    """Held-out texts, and what the network gave for the windows of each."""

    rows: pd.DataFrame
    seen: list[list[verdict.Seen]]

    def where(self, mask: pd.Series | Array) -> Held:
        """Some of the texts."""
        places = np.flatnonzero(np.asarray(mask))
        return Held(self.rows.iloc[places], [self.seen[place] for place in places])


def gather(examples: Path, model: OnnxOpinionModel) -> Held:
    """Run the network over at most `PER_GROUP` held-out texts of each source and company."""
    rows = pd.read_parquet(examples).query("split == 'dev'")
    answered = rows.score.notna() | (rows["read"] != "")
    few = rows.groupby(["source", "group"]).cumcount() < PER_GROUP
    rows = rows[answered | few]
    seen: list[list[verdict.Seen]] = []
    for start in range(0, len(rows), 2_000):
        seen += model.see(list(rows.text.iloc[start : start + 2_000]))
        print(f"{len(seen)}/{len(rows)} held-out texts", flush=True)
    return Held(rows, seen).where(np.array([bool(parts) for parts in seen]))


def overall(card: verdict.Card, held: Held) -> tuple[Array, Array]:
    """Calibrated star [N, 5] and sentiment [N, 3] probabilities."""
    both = [verdict.overall(card, lang, parts) for lang, parts in zip(held.rows.lang, held.seen, strict=True)]
    return np.stack([stars for stars, _ in both]), np.stack([felt for _, felt in both])


def best(values: Array, cost: Callable[[float], float]) -> float:
    """The value of least cost."""
    return round(float(min(values, key=cost)), 3)


def balanced_surprise(chances: Array, truth: Array, groups: pd.Series) -> float:
    """Mean negative log-probability of the truth, every source counting the same."""
    surprise = -np.log(chances[np.arange(len(truth)), truth].clip(1e-6))
    return float(pd.Series(surprise).groupby(groups.to_numpy()).mean().mean())


def temperatures(card: verdict.Card, held: Held) -> dict[str, dict[str, float]]:
    """For stars and sentiment, the temperature of each language and of both together."""
    out: dict[str, dict[str, float]] = {"stars": {}, "sentiment": {}}
    for task, first in (("stars", 1), ("sentiment", 0)):
        for language, pattern in (("fr", "fr"), ("en", "en"), ("any", "fr|en")):
            part = held.where((held.rows[task] >= first) & held.rows.lang.str.fullmatch(pattern))
            out[task][language] = best(HEATS, surprise_at(card, part, task, first))
    return out


def surprise_at(card: verdict.Card, held: Held, task: str, first: int) -> Callable[[float], float]:
    """How surprised the model is by the truth at a given temperature."""
    truth = held.rows[task].to_numpy() - first

    def cost(heat: float) -> float:
        warm = replace(card, temperature={"stars": {"any": heat}, "sentiment": {"any": heat}})
        return balanced_surprise(overall(warm, held)[task == "sentiment"], truth, held.rows.source)

    return cost


def f1_cost(chances: Array, truth: Array) -> Callable[[float], float]:
    """Minus the F1 of saying yes above a cut."""

    def cost(cut: float) -> float:
        said = chances >= cut
        return -2 * float((said & truth).sum()) / max(float(said.sum() + truth.sum()), 1.0)

    return cost


def thresholds(held: Held) -> tuple[dict[str, float], dict[str, float]]:
    """The cuts of best F1 on the held-out readings, and those F1."""
    read = held.where(held.rows["read"] != "")
    truth = labelling.whole_text(read.rows)
    present = np.stack(
        [
            1 - verdict.softmax(np.stack([part.logits["touchpoints"] for part in parts])).min(0)[:, 0]
            for parts in read.seen
        ]
    )
    marked = truth["touchpoints"].numpy() > 0
    shared = best(CUTS, f1_cost(present.ravel(), marked.ravel()))
    cuts, scores = {}, {"touchpoints": -f1_cost(present.ravel(), marked.ravel())(shared)}
    for number, name in enumerate(TOUCHPOINTS):
        cost = f1_cost(present[:, number], marked[:, number])
        # A cut found on few examples is drawn half way to the common one.
        own = best(CUTS, cost)
        cuts[name] = own if marked[:, number].sum() >= ENOUGH else round((own + shared) / 2, 3)
        scores[name] = -cost(cuts[name])
    for task in ("effort", "recommend", "churn", "sarcasm"):
        chances = np.array([1 - verdict.strongest(task, parts)[0] for parts in read.seen])
        cost = f1_cost(chances, truth[task].numpy() > 0)
        cuts[task] = best(CUTS, cost)
        scores[task] = -cost(cuts[task])
    return cuts, scores


def promoter_class(rows: pd.DataFrame) -> Array:
    """0 detractor, 1 passive, 2 promoter."""
    return np.digitize(rows.score, [6.5, 8.5])


def recommendation(card: verdict.Card, held: Held) -> tuple[dict[str, Any], list[tuple[str, int, float, float]]]:
    """The regression from the other heads, and its NPS for groups that it was not fitted on.

    The second part holds source and group, how many answers, the true NPS and the estimated one.
    """
    answers = held.where(held.rows.score.notna())
    stars, felt = overall(card, answers)
    advice = [verdict.strongest("recommend", parts) for parts in answers.seen]
    features = np.stack([verdict.recommendation_features(*row) for row in zip(stars, felt, advice, strict=True)])
    truth, sources = promoter_class(answers.rows), answers.rows.source.to_numpy()
    weights = 1 / pd.Series(sources).map(pd.Series(sources).value_counts()).to_numpy()
    weights *= len(weights) / weights.sum()
    names = (answers.rows.source + " " + answers.rows.group).to_numpy()
    groups = []
    for name, size in pd.Series(names).value_counts().items():
        if size >= SMALLEST_GROUP:
            mine = names == name
            fitted = LogisticRegression(C=0.1, max_iter=2_000).fit(features[~mine], truth[~mine], weights[~mine])
            said = fitted.predict_proba(features[mine])
            figure = 100 * (said[:, 2] - said[:, 0]).mean()
            real = 100 * float((truth[mine] == 2).mean() - (truth[mine] == 0).mean())
            noise = 1e4 * float((said[:, 2] + said[:, 0] - (said[:, 2] - said[:, 0]) ** 2).mean()) / size
            groups.append((str(name), int(size), real, figure, noise))
    final = LogisticRegression(C=0.1, max_iter=2_000).fit(features, truth, weights)
    return {"weight": final.coef_.round(4).tolist(), "bias": final.intercept_.round(4).tolist()}, groups


def spread(groups: list[tuple[str, int, float, float, float]]) -> float:
    """Standard deviation of the error of a group's figure, less what sampling alone would give.

    Each group holds name, size, true figure, estimate, and the variance that chance gives their difference.
    """
    errors = np.array([said - real for _, _, real, said, _ in groups])
    return float(np.sqrt(max((errors**2 - [noise for *_, noise in groups]).mean(), 0.0)))


def figures(card: verdict.Card, held: Held) -> dict[str, list[tuple[str, int, float, float, float]]]:
    """CSAT and net sentiment of every held-out company or source of at least `SMALLEST_GROUP` reviews."""
    rated = held.where(held.rows.stars > 0)
    stars, felt = overall(card, rated)
    truth = rated.rows.stars.to_numpy()
    satisfied, net = stars[:, 3:].sum(1), felt[:, 2] - felt[:, 0]
    names = (rated.rows.source + " " + rated.rows.group).to_numpy()
    out: dict[str, list[tuple[str, int, float, float, float]]] = {"csat": [], "net_sentiment": []}
    for name, size in pd.Series(names).value_counts().items():
        if size < SMALLEST_GROUP:
            continue
        mine = names == name
        chance = satisfied[mine]
        noise = 1e4 * float((chance * (1 - chance)).mean()) / size
        out["csat"].append(
            (str(name), int(size), 100 * float((truth[mine] >= 4).mean()), 100 * float(chance.mean()), noise)
        )
        noise = 1e4 * float((felt[mine, 2] + felt[mine, 0] - net[mine] ** 2).mean()) / size
        real = 100 * float((truth[mine] >= 4).mean() - (truth[mine] <= 2).mean())
        out["net_sentiment"].append((str(name), int(size), real, 100 * float(net[mine].mean()), noise))
    return out


def effort_figures(card: verdict.Card, held: Held) -> list[tuple[str, int, float, float, float]]:
    """CES (1 easy to 5 hard) of the held-out readings, by source of at least 20 texts with a cue."""
    read = held.where(held.rows["read"] != "")
    truth = [json.loads(text)["effort"] for text in read.rows["read"]]
    said = [verdict.effort(card, verdict.strongest("effort", parts)) for parts in read.seen]
    table = pd.DataFrame({"source": read.rows.source.to_numpy()})
    table["true"] = [{"low": 1.0, "high": 5.0}.get(value, np.nan) for value in truth]
    table["said"] = [np.nan if value is None else value.level for value in said]
    out = []
    for name, part in table.groupby("source"):
        if min(part.true.count(), part.said.count()) >= 20:
            noise = part.true.var() / part.true.count()
            out.append((str(name), int(part.true.count()), part.true.mean(), part.said.mean(), noise))
    return out


def main() -> None:
    """Write what was measured into `OUT/config.json`, and the groups into `WORK/calibration.json`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    arguments = parser.parse_args()
    model = load(arguments.out)
    assert isinstance(model, OnnxOpinionModel)
    held = gather(arguments.work / "examples.parquet", model)
    card = model.card
    card = replace(card, temperature=temperatures(card, held))
    cuts, scores = thresholds(held)
    card = replace(card, thresholds=cuts)
    step, answers = recommendation(card, held)
    groups = {"nps": answers, **figures(card, held), "ces": effort_figures(card, held)}
    measured = {
        "temperature": dict(card.temperature),
        "thresholds": cuts,
        "recommendation": step,
        "systematic_error": {name: round(spread(found), 2) for name, found in groups.items()},
        "unknown": [],
    }
    cards.write(arguments.base, arguments.out, measured)
    report = {"f1": scores, "groups [name, n, true, said, variance by chance]": groups}
    text = json.dumps(report, indent=1, ensure_ascii=False, default=float)
    (arguments.work / "calibration.json").write_text(text, encoding="utf-8")
    print(text, json.dumps(measured["systematic_error"]), measured["temperature"])


if __name__ == "__main__":
    main()
