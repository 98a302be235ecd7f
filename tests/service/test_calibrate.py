"""`oyez calibrate`: a brand's own answers put its inferred figures right."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.post import Post, PostKind, Question, Rating
from nlp.annotation import Annotation
from reputation.periods import Period
from reputation.scorecards import scorecard
from service import annotating, jobs
from service.workspace import Workspace
from storage import annotations, audit, brands, calibrations, corrections, mentions, sources
from tests.service.commands import oyez
from tests.service.workspaces import NOW, WordModel, workspace

TOML = '[[brands]]\nname = "Lila"\n[[brands]]\nname = "Rival"\n'


def said(number: int, text: str, rating: Rating | None = None) -> Post:
    return Post(
        kind=PostKind.SURVEY, external_id=str(number), text=f"{text} {number}", rating=rating, published_at=NOW
    )


def fill(ws: Workspace, posts: list[Post], brand: str = "Lila") -> None:
    ids = ws.brand_ids()
    with ws.database.begin() as conn:
        source = sources.ensure(conn, brand, "files")
        mentions.store_page(
            conn, source, posts, brand_ids_of=lambda _: [ids[brand]], pseudonym=lambda n: n, now=NOW
        )
    annotating.annotate(ws)
    annotating.fold(ws)
    jobs.roll_up(ws)


def a_mild_brand(count: int = 60) -> list[Post]:
    """Texts read as neutral whose authors recommend all the same, and as many texts without an answer."""
    answered = [said(n, f"Rien à dire du magasin {n * 7919}", recommends(9 + n % 2)) for n in range(count)]
    return answered + [said(count + n, f"Le magasin est ouvert {n * 6007}") for n in range(count)]


def recommends(value: float) -> Rating:
    return Rating(value, 0, 10, Question.RECOMMENDATION)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with workspace(tmp_path / "home", TOML) as ws:
        fill(ws, a_mild_brand())
        fill(ws, [said(n, f"Service bien {n * 31}") for n in range(5)], "Rival")
    return tmp_path / "home"


def learned(home: Path, *options: str) -> list[dict[str, Any]]:
    said_ = oyez("calibrate", "--brand", "Lila", "--home", home, "--format", "json", *options).stdout
    found: list[dict[str, Any]] = json.loads(said_)
    return found


def figures(home: Path, name: str = "Lila") -> dict[str, Any]:
    with workspace(home, TOML) as ws, ws.database.read() as conn:
        brand = brands.find(conn, name)
        assert brand is not None
        shown: dict[str, Any] = scorecard(conn, brand, Period(NOW.date(), NOW.date())).to_json()["indicators"]
    return shown


def test_it_says_how_much_it_changed_and_the_scorecard_follows(home: Path) -> None:
    before = figures(home)["nps"]
    (row,) = learned(home)
    assert (row["figure"], row["answers"], row["observed"]) == ("nps", 60, 100)
    assert row["before"] < row["after"] <= row["observed"]
    assert row["shift"] > 0
    assert row["doubt"] < row["doubt_before"]
    after = figures(home)["nps"]
    assert after["value"] > before["value"]
    assert (after["observed"], after["inferred"]) == (before["observed"], before["inferred"]) == (60, 60)


def test_other_brands_and_figures_stay_as_they_were(home: Path) -> None:
    before = figures(home), figures(home, "Rival")
    learned(home)
    after = figures(home), figures(home, "Rival")
    assert after[1] == before[1]
    assert {name: one for name, one in after[0].items() if name != "nps"} == {
        name: one for name, one in before[0].items() if name != "nps"
    }


def test_a_dry_run_keeps_nothing(home: Path) -> None:
    before = figures(home)
    assert learned(home, "--dry-run") == learned(home, "--dry-run")
    assert learned(home, "--show") == []
    assert figures(home) == before


def test_it_survives_another_pass_and_learns_the_same_again(home: Path) -> None:
    first, shown = learned(home), figures(home)
    with workspace(home, TOML) as ws:
        jobs.roll_up(ws)
        annotating.annotate(ws)
    assert figures(home) == shown
    assert learned(home) == first
    assert figures(home) == shown


def test_it_is_shown_and_dropped_and_both_are_in_the_audit_log(home: Path) -> None:
    before = figures(home)
    (row,) = learned(home)
    (kept,) = learned(home, "--show")
    del kept["learned_at"]
    assert kept == row
    assert "Dropped: nps" in oyez("calibrate", "--brand", "Lila", "--reset", "--home", home).stderr
    assert figures(home) == before
    assert "nothing was learned" in oyez("calibrate", "--brand", "Lila", "--reset", "--home", home).stderr
    with workspace(home, TOML) as ws, ws.database.read() as conn:
        assert [entry.action for entry in audit.entries(conn, 2)] == ["reset calibration", "calibrate"]


def test_few_answers_are_told_and_teach_nothing(tmp_path: Path) -> None:
    with workspace(tmp_path, TOML) as ws:
        fill(ws, a_mild_brand(8))
    told = oyez("calibrate", "--brand", "Lila", "--home", tmp_path, "--format", "json")
    assert "fewer than 20 answers" in told.stderr
    assert json.loads(told.stdout)[0]["shift"] is None
    assert learned(tmp_path, "--show") == []


def test_satisfaction_teaches_the_rating_too(tmp_path: Path) -> None:
    with workspace(tmp_path, TOML) as ws:
        fill(ws, [said(n, f"Rien à dire {n * 7919}", Rating(5)) for n in range(40)])
    assert {row["figure"] for row in learned(tmp_path)} == {"csat", "rating"}


def test_mentions_drawn_and_judged_by_hand_teach_the_mood(home: Path) -> None:
    with workspace(home, TOML) as ws, ws.database.begin() as conn:
        for mention in range(1, 31):
            corrections.put(conn, mention, "sentiment", "positive", author="me", now=NOW, drawn=mention > 5)
    moods = [row for row in learned(home) if row["figure"] == "net_sentiment"]
    assert [(row["answers"], row["observed"]) for row in moods] == [(25, 100)]
    # What the model said is compared, not the correction that stands over it.
    assert moods[0]["before"] < 50


def test_a_new_model_learns_anew(home: Path) -> None:
    learned(home)
    with workspace(home, TOML) as ws:
        with ws.database.begin() as conn:
            annotations.register_model(conn, "other@1", {})
            annotations.activate(conn, "other@1")
        with ws.database.read() as conn:
            brand = brands.find(conn, "Lila")
            assert brand is not None
            assert calibrations.of(conn, brand.id) == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--brand", "Nobody"), 1, "no brand 'Nobody'"),
        (("--brand", "Rival"), 1, "no text of Rival has an answer"),
        (("--brand", "Lila", "--reset", "--dry-run"), 2, "only one of"),
        ((), 2, "--brand"),
    ],
)
def test_what_is_wrong_is_named(home: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    assert told in oyez("calibrate", *arguments, "--home", home, code=code).stderr


def test_deleted_and_irrelevant_texts_teach_nothing(home: Path) -> None:
    with workspace(home, TOML) as ws:
        with ws.database.begin() as conn:
            for mention in range(1, 11):
                corrections.put(conn, mention, "relevance", "no", author="me", now=NOW)
        with ws.database.read() as conn:
            brand = brands.find(conn, "Lila")
            assert brand is not None
            found = list(calibrations.answered(conn, brand.id))
    assert len(found) == 50
    assert all(isinstance(one.said, Annotation) and one.answers for one in found)


def test_the_word_model_has_no_card_so_it_moves_nothing_by_itself(home: Path) -> None:
    assert WordModel().card.quantification == {}
    assert figures(home, "Rival")["csat"]["value"] == 97
