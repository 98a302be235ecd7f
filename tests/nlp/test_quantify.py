"""The recipe's step from held-out predictions to the adjustments on the card, on made-up companies."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas", reason="the recipe needs the extra `training`: pip install oyez[training]")

from nlp.quantification import Adjustment  # noqa: E402
from nlp.training import quantify  # noqa: E402

pytestmark = pytest.mark.slow
COMPANIES, TEXTS = 20, 80


def held(lean: float = 0.6) -> Any:
    """Companies from hated to loved, whose texts are read with probabilities drawn to the middle."""
    rng = np.random.default_rng(4)
    rows = []
    for company, share in enumerate(np.linspace(0.04, 0.96, COMPANIES)):
        for _ in range(TEXTS):
            good = rng.random() < share
            stars = int(rng.choice([4, 5] if good else [1, 2, 3]))
            read = np.clip(0.5 + lean * (share - 0.5) + 0.25 * rng.standard_normal(), 0.02, 0.98)
            chances = np.array([0.5, 0.3, 0.2]) * (1 - read), np.array([0.4, 0.6]) * read
            moods = (1 - read) * 0.8, 0.2 * (1 - read), read
            rows.append(
                {
                    "source": "shops" if company % 3 else "telecom_survey",
                    "group": f"company {company}",
                    "lang": "fr" if company % 2 else "en",
                    "stars": stars,
                    "sentiment": 2 if good else int(stars == 3),
                    "score": float(9 + rng.integers(2) if good else rng.integers(9)),
                    **{f"stars_{star}": p for star, p in enumerate(np.concatenate(chances), start=1)},
                    **dict(zip(("negative", "neutral", "positive"), moods, strict=True)),
                    **dict(
                        zip(
                            (f"{name}_without_group" for name in ("detractor", "passive", "promoter")),
                            moods,
                            strict=True,
                        )
                    ),
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the step wrote: the card, the report and its Markdown."""
    work: Path = tmp_path_factory.mktemp("work")
    held().to_parquet(work / "held.parquet")
    card = {"opinion": {"systematic_error": {"ces": 0.15}, "quantification": {}, "name": "kept"}}
    (work / "config.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["quantify", "--work", str(work), "--out", str(work)])
        patch.setattr(quantify, "REPEATS", 1)
        quantify.main()
    return {
        "card": json.loads((work / "config.json").read_text(encoding="utf-8"))["opinion"],
        "report": json.loads((work / "quantification.json").read_text(encoding="utf-8")),
        "markdown": (work / "quantification.md").read_text(encoding="utf-8"),
    }


def test_the_card_has_a_line_for_every_figure_and_keeps_the_rest(made: dict[str, Any]) -> None:
    card = made["card"]
    assert card["name"] == "kept"
    assert set(card["systematic_error"]) == {"ces", "csat", "nps", "net_sentiment", "rating"}
    written = card["quantification"]
    assert set(written) == {"csat", "rating", "net_sentiment", "nps", "measured"}
    assert list(written["csat"]) == ["2", "3", "4", "5"]
    for one in (*written["csat"].values(), written["nps"], written["rating"], written["net_sentiment"]):
        assert Adjustment.of(one).slope > 1


def test_means_drawn_to_the_middle_are_put_right(made: dict[str, Any]) -> None:
    satisfied = made["report"]["csat 4"]
    assert satisfied["groups"] == COMPANIES
    assert satisfied["after"] < 0.75 * satisfied["before"]
    assert satisfied["companies"]["held"] >= 0.9


def test_each_language_and_kind_is_measured_by_itself(made: dict[str, Any]) -> None:
    assert set(made["card"]["quantification"]["measured"]["csat"]) == {"fr", "en", "review", "survey"}


def test_the_tables_hold_every_mix(made: dict[str, Any]) -> None:
    for line in ("| CSAT |", "mixes, 5 % positive", "mixes, 95 % positive", "mixes of 1000 texts"):
        assert line in made["markdown"]


def test_a_mix_has_the_share_it_was_drawn_with() -> None:
    texts = quantify.figures(held())["csat 4"]
    mixed, drawn = quantify.mixes(texts, np.random.default_rng(1))
    big = mixed.n == max(quantify.SIZES)
    assert mixed.truth[big, 0] == pytest.approx(drawn[big], abs=0.06)


def test_no_company_is_on_both_sides_of_a_fold() -> None:
    texts = quantify.figures(held())["nps"]
    seen = []
    for others, mine in quantify.folds(texts):
        assert not set(others.labels.name) & set(mine.labels.name)
        seen += sorted(set(mine.labels.name))
    assert sorted(seen) == sorted(set(texts.labels.name))
