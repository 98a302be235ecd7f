"""Step 5: measure on held-out texts what `config.json` says of the exported model.

Temperatures, thresholds, the step from stars to recommendation, and how far the estimated figures of a
company lie from the true ones. `gold_dev` and `evaluation_only/` are not read here. `WORK/held.parquet` keeps
what the model says of each held-out text, for `quantify`.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
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
USELESS = 0.3
"""A cue that is found with a lower F1 on held-out readings is not told at all."""
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


def gathered(work: Path, out: Path, model: OnnxOpinionModel) -> Held:
    """What `gather` gives, kept in `WORK/held.pkl` for as long as model and examples stay the same."""
    digest = hashlib.sha256()
    for path in (work / "examples.parquet", out / "model.onnx"):
        digest.update(path.read_bytes())
    kept = work / "held.pkl"
    if kept.exists():
        made_of, held = pickle.loads(kept.read_bytes())  # noqa: S301  written below, by this step
        if made_of == digest.hexdigest():
            return held
    held = gather(work / "examples.parquet", model)
    kept.write_bytes(pickle.dumps((digest.hexdigest(), held)))
    return held


def gather(examples: Path, model: OnnxOpinionModel) -> Held:
    """Run the network over at most `PER_GROUP` held-out texts of each source and company."""
    everything = pd.read_parquet(examples)
    rows = everything.query("split == 'dev'")
    rows = rows[~rows.text.isin(set(everything.text[everything.split == "train"]))]
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


@dataclass(frozen=True)
class Group:
    """One company or source: its true figure, the estimate, and the variance of their difference by chance."""

    name: str
    n: int
    true: float
    said: float
    chance: float


def groups_of(names: Array) -> list[tuple[str, Array]]:
    """Name and mask of every group of at least `SMALLEST_GROUP` texts."""
    sizes = pd.Series(names).value_counts()
    return [(str(name), names == name) for name, size in sizes.items() if size >= SMALLEST_GROUP]


def net_figure(name: str, chances: Array, truth: Array) -> Group:
    """100 · (share of the last class - share of the first) of a group, from probabilities [n, 3] and classes."""
    net = chances[:, 2] - chances[:, 0]
    chance = 1e4 * float((chances[:, 2] + chances[:, 0] - net**2).mean()) / len(net)
    real = 100 * float((truth == 2).mean() - (truth == 0).mean())
    return Group(name, len(net), real, 100 * float(net.mean()), chance)


def recommendation(card: verdict.Card, held: Held) -> tuple[dict[str, Any], dict[str, Array]]:
    """The regression from the other heads, and what it says of texts when their group, or source, is left out.

    The latter are probabilities [N, 3] of the texts with an answer, in their order, by what was left out.
    """
    answers = held.where(held.rows.score.notna())
    stars, felt = overall(card, answers)
    rows = zip(stars, felt, answers.seen, strict=True)
    features = np.stack(
        [
            verdict.recommendation_features(*moods, verdict.strongest("recommend", seen), verdict.pieces(seen))
            for *moods, seen in rows
        ]
    )
    truth = np.digitize(answers.rows.score, [6.5, 8.5])
    sizes = answers.rows.source.map(answers.rows.source.value_counts())
    weights = (sizes.mean() / sizes).to_numpy()

    def fitted(mask: Array) -> LogisticRegression:
        return LogisticRegression(C=0.1, max_iter=4_000).fit(features[mask], truth[mask], weights[mask])

    said = {}
    for name, labels in (
        ("group", answers.rows.source + " " + answers.rows.group),
        ("source", answers.rows.source),
    ):
        said[name] = np.zeros((len(truth), 3))
        for label in labels.unique():
            mine = (labels == label).to_numpy()
            said[name][mine] = fitted(~mine).predict_proba(features[mine])
    final = fitted(np.ones(len(truth), bool))
    return {"weight": final.coef_.round(4).tolist(), "bias": final.intercept_.round(4).tolist()}, said


def answered(held: Held, said: dict[str, Array]) -> list[Group]:
    """NPS of the groups and sources that the step to the recommendation was not fitted on."""
    rows = held.where(held.rows.score.notna()).rows
    truth = np.digitize(rows.score, [6.5, 8.5])
    labels = {"group": rows.source + " " + rows.group, "source": rows.source + ", a new source"}
    return [
        net_figure(name, said[left_out][mine], truth[mine])
        for left_out, names in labels.items()
        for name, mine in groups_of(names.to_numpy())
    ]


def predictions(card: verdict.Card, held: Held, said: dict[str, Array]) -> pd.DataFrame:
    """What the model says of each held-out text beside what is true of it, without the texts themselves."""
    stars, felt = overall(card, held)
    table = held.rows[["source", "group", "lang", "stars", "sentiment", "score"]].reset_index(drop=True)
    table[[f"stars_{star}" for star in range(1, 6)]] = stars
    table[["negative", "neutral", "positive"]] = felt
    answers = table.index[table.score.notna()]
    for left_out, chances in said.items():
        names = [f"{answer}_without_{left_out}" for answer in ("detractor", "passive", "promoter")]
        table[names] = pd.DataFrame(chances, index=answers, columns=names).reindex(table.index)
    return table


def figures(card: verdict.Card, held: Held) -> dict[str, list[Group]]:
    """CSAT and net sentiment of every held-out company or source of at least `SMALLEST_GROUP` reviews."""
    rated = held.where(held.rows.stars > 0)
    stars, felt = overall(card, rated)
    truth = rated.rows.stars.to_numpy()
    satisfied = stars[:, 3:].sum(1)
    out: dict[str, list[Group]] = {"csat": [], "net_sentiment": []}
    for name, mine in groups_of((rated.rows.source + " " + rated.rows.group).to_numpy()):
        share, real = satisfied[mine], 100 * float((truth[mine] >= 4).mean())
        chance = 1e4 * float((share * (1 - share)).mean()) / len(share)
        out["csat"].append(Group(name, len(share), real, 100 * float(share.mean()), chance))
        out["net_sentiment"].append(net_figure(name, felt[mine], np.digitize(truth[mine], [2.5, 3.5])))
    return out


def effort_figures(card: verdict.Card, held: Held) -> list[Group]:
    """CES (1 easy to 5 hard) of the held-out readings, by source of at least 20 texts with a cue."""
    read = held.where(held.rows["read"] != "")
    truth = [json.loads(text)["effort"] for text in read.rows["read"]]
    said = [verdict.effort(card, verdict.strongest("effort", parts)) for parts in read.seen]
    table = pd.DataFrame({"source": read.rows.source.to_numpy()})
    table["true"] = [{"low": 1.0, "high": 5.0}.get(value, np.nan) for value in truth]
    table["said"] = [np.nan if value is None else value.level for value in said]
    out = []
    for name, part in [*table.groupby("source"), *table.groupby(read.rows.lang.to_numpy())]:
        if min(part.true.count(), part.said.count()) >= 20:
            chance = float(part.true.var()) / part.true.count()
            out.append(Group(str(name), int(part.true.count()), part.true.mean(), part.said.mean(), chance))
    return out


def spread(groups: list[Group]) -> float:
    """Standard deviation of the error of a group's figure, less what chance alone would give."""
    errors = np.array([group.said - group.true for group in groups])
    return float(np.sqrt(max(np.mean(errors**2 - [group.chance for group in groups]), 0.0)))


def main() -> None:
    """Write what was measured into `OUT/config.json`, and the groups into `WORK/calibration.json`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    arguments = parser.parse_args()
    model = load(arguments.out)
    assert isinstance(model, OnnxOpinionModel)
    held = gathered(arguments.work, arguments.out, model)
    card = model.card
    card = replace(card, temperature=temperatures(card, held))
    cuts, scores = thresholds(held)
    card = replace(card, thresholds=cuts)
    step, said = recommendation(card, held)
    predictions(card, held, said).to_parquet(arguments.work / "held.parquet")
    groups = {"nps": answered(held, said), **figures(card, held), "ces": effort_figures(card, held)}
    measured = {
        "temperature": dict(card.temperature),
        "thresholds": cuts,
        "recommendation": step,
        "systematic_error": {name: round(spread(found), 2) for name, found in groups.items()},
        "quantification": {},
        "unknown": [task for task in ("effort", "churn", "sarcasm") if scores[task] < USELESS],
    }
    cards.write(arguments.base, arguments.out, measured)
    report = {
        "f1": scores,
        "groups": {name: [asdict(group) for group in found] for name, found in groups.items()},
    }
    text = json.dumps(report, indent=1, ensure_ascii=False, default=float)
    (arguments.work / "calibration.json").write_text(text, encoding="utf-8")
    print(text, json.dumps(measured["systematic_error"]), measured["temperature"])


if __name__ == "__main__":
    main()
