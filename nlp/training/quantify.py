"""Step 6: how the mean probabilities of many texts become shares, and how sure that is.

From the predictions on held-out texts that `calibrate` kept: for each figure the adjustment
(`nlp.quantification`), fitted on companies and sources; its doubt, from companies left out and from artificial
mixes of texts that it was not fitted on; and the tables of the model card. Writes `quantification` and
`systematic_error` of `OUT/config.json`, and `WORK/quantification.json` and `.md`. Takes a minute.

Nothing is fitted and judged on the same groups: errors are those of a group left out, and the coverage table is
made in five folds of groups, adjustment and doubt being set on the other four.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nlp.quantification import Adjustment
from nlp.training import prevalence
from nlp.training.prevalence import Array, Groups
from nlp.training.quantified import markdown

SEED = 7
FOLDS = 5
SIZES = (30, 100, 300, 1_000)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
REPEATS = 5
KINDS = {
    "survey": "survey",
    "tweets": "post",
    "umsab": "post",
    "deft": "post",
    "google_play": "app",
    "tripadvisor": "place",
}
"""A part of a source's name → its kind; the others are review sites."""


@dataclass(frozen=True)
class Texts:
    """What is known of the texts of one figure: `said` and `true` shares of each answer [N, K], and their labels.

    `scale` is what the whole scale is worth in the figure's unit. `fewest` texts make a group.
    """

    said: Array
    true: Array
    labels: pd.DataFrame
    scale: float
    fewest: int

    def where(self, mask: Array) -> Texts:
        """Some of the texts."""
        return replace(self, said=self.said[mask], true=self.true[mask], labels=self.labels[mask])

    def groups(self, by: str = "name") -> Groups:
        """Their companies, or whatever label is named."""
        names = self.labels[by].to_numpy()
        tails = (prevalence.tails(self.said), prevalence.tails(self.true))
        return prevalence.gathered(names, *tails, fewest=self.fewest)


def figures(held: pd.DataFrame) -> dict[str, Texts]:
    """The texts behind each figure; `csat` once for each lowest star that may satisfy."""
    held = held.assign(name=held.source + "|" + held.group + "|" + held.lang, kind=held.source.map(kind))
    rated, felt, answered = held[held.stars > 0], held[held.sentiment >= 0], held[held.score.notna()]
    stars = rated[[f"stars_{star}" for star in range(1, 6)]].to_numpy()
    found = {}
    for lowest in range(2, 6):
        share = stars[:, lowest - 1 :].sum(1)
        true = (rated.stars >= lowest).to_numpy(float)
        found[f"csat {lowest}"] = Texts(two(share), two(true), rated, 100, 20)
    mean = (stars @ np.arange(5)) / 4
    found["rating"] = Texts(two(mean), two((rated.stars.to_numpy() - 1) / 4), rated, 4, 20)
    moods = felt[["negative", "neutral", "positive"]].to_numpy()
    found["net_sentiment"] = Texts(moods, np.eye(3)[felt.sentiment.to_numpy()], felt, 100, 20)
    names = [f"{answer}_without_group" for answer in ("detractor", "passive", "promoter")]
    group = np.digitize(answered.score, [6.5, 8.5])
    found["nps"] = Texts(answered[names].to_numpy(), np.eye(3)[group], answered, 100, 10)
    return found


def kind(source: str) -> str:
    """The kind of a source, by its name."""
    return next((found for part, found in KINDS.items() if part in source), "review")


def two(share: Array) -> Array:
    """A share as the shares of no and yes."""
    return np.stack([1 - share, share], axis=1)


def left_out(groups: Groups) -> Iterator[tuple[int, Adjustment]]:
    """Each group's place, and the adjustment fitted on all others."""
    for place in range(len(groups)):
        yield place, prevalence.fit(groups.where(np.arange(len(groups)) != place))


def errors(groups: Groups) -> tuple[Array, Array]:
    """Said minus true in shares of the scale, before and after: each group's adjustment is of the others."""
    before = (groups.means - groups.truth).sum(1)
    after = np.zeros(len(groups))
    for place, adjustment in left_out(groups):
        mine = groups.where(np.arange(len(groups)) == place)
        after[place] = (prevalence.moved(adjustment, mine.means) - mine.truth).sum()
    return before, after


def mixes(texts: Texts, rng: np.random.Generator) -> tuple[Groups, Array]:
    """Artificial mixes of texts of one language, and the share of positive ones each was drawn with.

    G. Forman's protocol ("Quantifying Counts and Costs via Classification", 2008): the texts are drawn with
    replacement by their true answer. Middle answers keep their share.
    """
    said, true, means, truths, sizes, drawn = [], [], [], [], [], []
    for _, part in texts.labels.assign(at=np.arange(len(texts.labels))).groupby("lang"):
        places = part["at"].to_numpy()
        said, true = prevalence.tails(texts.said[places]), prevalence.tails(texts.true[places])
        answer = np.round(texts.true[places] @ np.linspace(0, 2, texts.true.shape[1])).astype(int)
        by_answer = [np.flatnonzero(answer == one) for one in range(3)]
        if min(len(by_answer[0]), len(by_answer[2])) < 30:
            continue
        middle = len(by_answer[1]) / len(places)
        for share in SHARES:
            chances = [(1 - share) * (1 - middle), middle, share * (1 - middle)]
            for n in SIZES * REPEATS:
                counts = rng.multinomial(n, chances)
                taken = np.concatenate(
                    [rng.choice(own, c) for own, c in zip(by_answer, counts, strict=True) if c]
                )
                means.append(said[taken].mean(0))
                truths.append(true[taken].mean(0))
                sizes.append(n)
                drawn.append(share)
    if not means:
        return Groups([], np.zeros(0), np.zeros((0, 1)), np.zeros((0, 1))), np.zeros(0)
    return Groups(["mix"] * len(means), np.array(sizes, float), np.stack(means), np.stack(truths)), np.array(
        drawn
    )


def folds(texts: Texts) -> Iterator[tuple[Texts, Texts]]:
    """The texts of four fifths of the groups, and of the last fifth; big and small ones are spread evenly."""
    sizes = texts.labels.name.value_counts()
    fold = texts.labels.name.map({name: place % FOLDS for place, name in enumerate(sizes.index)}).to_numpy()
    for number in range(FOLDS):
        yield texts.where(fold != number), texts.where(fold == number)


def measured(texts: Texts, rng: np.random.Generator) -> Adjustment:
    """The adjustment, with the doubt that holds 95 of 100 left-out companies and mixes of left-out texts."""
    groups = texts.groups()
    companies = [
        prevalence.needed(adjustment, groups.where(np.arange(len(groups)) == place))[0]
        for place, adjustment in left_out(groups)
    ]
    artificial = []
    for others, mine in folds(texts):
        mixed, _ = mixes(mine, rng)
        if len(mixed) and len(others.groups()) >= FOLDS:
            artificial.append(prevalence.needed(prevalence.fit(others.groups()), mixed))
    doubts = [np.array(companies), *([np.concatenate(artificial)] if artificial else [])]
    return replace(prevalence.fit(groups), doubt=prevalence.quantile(*doubts))


def coverage(texts: Texts, rng: np.random.Generator) -> pd.DataFrame:
    """Was the truth held, with error and width in points: companies (`share` NaN) and mixes that set nothing."""
    rows = []
    for others, mine in folds(texts):
        if len(others.groups()) < FOLDS:
            continue
        adjustment = measured(others, rng)
        mixed, drawn = mixes(mine, rng)
        companies = mine.groups()
        for groups, shares in ((companies, np.full(len(companies), np.nan)), (mixed, drawn)):
            if not len(groups):
                continue
            said = prevalence.moved(adjustment, groups.means).sum(1)
            rows.append(
                pd.DataFrame(
                    {
                        "name": groups.names,
                        "share": shares,
                        "n": groups.n,
                        "held": prevalence.held(adjustment, groups, adjustment.doubt),
                        "before": texts.scale * (groups.means - groups.truth).sum(1),
                        "after": texts.scale * (said - groups.truth.sum(1)),
                        "width": texts.scale * width(adjustment, groups),
                    }
                )
            )
    return pd.concat(rows)


def width(adjustment: Adjustment, groups: Groups) -> Array:
    """From the lower to the upper limit, in shares of the scale."""
    said = prevalence.moved(adjustment, groups.means)
    arms = prevalence.sampling(said, groups.n)
    nudge = prevalence.Z * adjustment.doubt
    sides = [
        abs(prevalence.moved(adjustment, groups.means, side * nudge).sum(1) - said.sum(1)) for side in (-1, 1)
    ]
    return np.asarray(sum(np.hypot(*pair) for pair in zip(arms, sides, strict=True)))


def rivals(texts: Texts) -> dict[str, float]:
    """Mean error in points of usual methods of quantification, each group left out of what it is told from."""
    groups = texts.groups()
    worth = texts.scale * np.linspace(0 if texts.said.shape[1] == 2 else -1, 1, texts.said.shape[1])
    missed: dict[str, list[float]] = {"em": [], "adjusted count": []}
    names = texts.labels.name.to_numpy()
    for name in groups.names:
        mine = names == name
        said, true = texts.said[~mine], texts.true[~mine]
        conditional = (true.T @ said) / true.sum(0)[:, None]
        real = texts.true[mine].mean(0) @ worth
        found = {
            "em": prevalence.expectation_maximisation(texts.said[mine], true.mean(0)),
            "adjusted count": prevalence.adjusted_count(texts.said[mine], conditional),
        }
        for method, shares in found.items():
            missed[method].append(abs(float(shares @ worth - real)))
    return {method: round(float(np.mean(points)), 2) for method, points in missed.items()}


def parts(texts: Texts) -> dict[str, dict[str, Any]]:
    """The same line fitted on one language or kind of source alone, where it has five groups, and its errors."""
    found = {}
    for label in ("lang", "kind"):
        for value, labels in texts.labels.groupby(label):
            groups = texts.where(texts.labels.index.isin(labels.index)).groups()
            if len(groups) >= FOLDS:
                before, after = (texts.scale * np.abs(each).mean() for each in errors(groups))
                alone = prevalence.fit(groups)
                found[str(value)] = {
                    "groups": len(groups),
                    "shifts": [round(shift, 2) for shift in alone.shifts],
                    "slope": round(alone.slope, 2),
                    "before": round(float(before), 2),
                    "after": round(float(after), 2),
                }
    return found


def report(texts: Texts, rng: np.random.Generator) -> dict[str, Any]:
    """Errors before and after, those of rivals, and how often the interval holds, by the share of a mix."""
    groups = texts.groups()
    before, after = (texts.scale * each for each in errors(groups))
    found = coverage(texts, rng)
    companies, mixed = found[found.share.isna()], found[found.share.notna()]
    return {
        "groups": len(groups),
        "before": round(float(np.abs(before).mean()), 2),
        "after": round(float(np.abs(after).mean()), 2),
        "error": round(float(np.sqrt((after**2).mean())), 2),
        "rivals": rivals(texts) if texts.true.max() == 1 and set(np.unique(texts.true)) == {0.0, 1.0} else {},
        "parts": parts(texts),
        "companies": {
            "held": round(float(companies.held.mean()), 3),
            "width": round(float(companies.width.mean()), 1),
        },
        "mixes": {
            str(share): {
                "n": len(part),
                "held": round(float(part.held.mean()), 3),
                "before": round(float(part.before.abs().mean()), 1),
                "after": round(float(part.after.abs().mean()), 1),
                "width": round(float(part.width.mean()), 1),
            }
            for share, part in mixed.groupby("share")
        },
        "sizes": {str(int(n)): round(float(part.held.mean()), 3) for n, part in mixed.groupby("n")},
        "detail": {
            name: [int(n), *(round(float(each), 1) for each in (true, mean, said))]
            for name, n, true, mean, said in zip(
                groups.names,
                groups.n,
                *(
                    texts.scale * each
                    for each in (
                        groups.truth.sum(1),
                        groups.means.sum(1),
                        groups.truth.sum(1) + after / texts.scale,
                    )
                ),
                strict=True,
            )
        },
    }


def main() -> None:
    """Write the adjustments into `OUT/config.json`, how they were measured into `WORK/quantification.json`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    quantification: dict[str, Any] = {"csat": {}}
    reports = {}
    for name, texts in figures(pd.read_parquet(arguments.work / "held.parquet")).items():
        found = measured(texts, rng)
        written = {
            "shifts": [round(shift, 4) for shift in found.shifts],
            "slope": round(found.slope, 4),
            "doubt": round(found.doubt, 4),
        }
        figure, _, lowest = name.partition(" ")
        if lowest:
            quantification[figure][lowest] = written
        else:
            quantification[figure] = written
        reports[name] = report(texts, rng)
        print(name, written, json.dumps({key: value for key, value in reports[name].items() if key != "detail"}))
    path = arguments.out / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    shown = {name: reports["csat 4" if name == "csat" else name] for name in quantification}
    config["opinion"]["quantification"] = quantification | {
        "measured": {name: found["parts"] for name, found in shown.items()}
    }
    config["opinion"]["systematic_error"] |= {name: found["error"] for name, found in shown.items()}
    path.write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = json.dumps(reports, indent=1, ensure_ascii=False)
    (arguments.work / "quantification.json").write_text(text, encoding="utf-8")
    (arguments.work / "quantification.md").write_text(markdown(reports), encoding="utf-8")


if __name__ == "__main__":
    main()
