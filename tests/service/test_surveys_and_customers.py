"""Surveys and counts of customers, from a file to a scorecard and an export; recipes on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from reputation.periods import Period
from reputation.scorecards import scorecard
from service.workspace import Workspace, open_workspace
from storage import brands, questions
from tests.service.commands import oyez
from tests.service.workspaces import WordModel

SURVEY = (
    "Response ID;Date;Recommanderiez-vous Lila ?;Êtes-vous satisfait de Lila ?;"
    "Il a été facile de résoudre mon problème (1-7);Pourquoi ?\n"
    "r1;04/11/2026;10;5;7;Très bien du début à la fin\n"
    "r2;04/11/2026;9;4;6;\n"
    "r3;05/11/2026;3;1;2;Colis perdu, support nul\n"
    "r4;05/11/2026;7;2;1;Moyen tout au plus\n"
)
COUNTS = (
    "Mois;Clients au début;Clients à la fin;Nouveaux clients;Clients perdus;Commandes;Panier moyen\n"
    "octobre 2026;1 000;1 050;100;50;400;45,50 €\n"
)
PAGE = "".join(
    f'<div class="avis"><p class="texte">Avis numéro {n}, livré vite</p><i class="note">{n}/5</i></div>'
    for n in (1, 2, 3)
)


@pytest.fixture(autouse=True)
def word_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())


def write(path: Path, body: str) -> Path:
    path.write_text(body, encoding="utf-8")
    return path


def figures(home: Path) -> dict[str, Any]:
    with open_workspace(home) as ws, ws.database.read() as conn:
        brand = brands.find(conn, "Lila")
        assert brand is not None
        card = scorecard(conn, brand, Period.of_week("2026-W45"))
        return {name: one.figure for name, one in card.indicators.items()}


def test_an_imported_survey_stands_observed_in_the_scorecard(tmp_path: Path) -> None:
    home, survey = tmp_path / "home", write(tmp_path / "enquete.csv", SURVEY)
    said = oyez("import", survey, "--brand", "Lila", "--home", home)
    assert "(recommendation, 0 (worst) to 10 (best)" in said.stderr
    assert "(effort, 1 (worst) to 7 (best)" in said.stderr
    oyez("annotate", "--home", home)
    oyez("run", "--home", home)
    [exported] = [
        row
        for row in map(json.loads, oyez("export", "--home", home, "--format", "jsonl").stdout.splitlines())
        if row["id"].endswith("/r3")
    ]
    assert {exported["rating_question"], *(one["question"] for one in exported["answers"])} == {
        "recommendation", "satisfaction", "effort",
    }  # fmt: skip
    found = figures(home)
    assert (found["nps"].observed, found["nps"].inferred, found["nps"].value) == (4, 0, 25)
    assert (found["csat"].observed, found["csat"].inferred, found["csat"].value) == (4, 0, 50)
    assert (found["ces"].observed, found["ces"].inferred) == (4, 0)
    assert found["ces"].value == pytest.approx(1 + 4 * (1 - (6 + 5 + 1 + 0) / 6 / 4))
    with open_workspace(home) as ws, ws.database.read() as conn:
        kept = {one.question.asked: (one.question.worst, one.question.best) for one in questions.kept(conn)}
    assert kept["Il a été facile de résoudre mon problème (1-7)"] == (1, 7)
    assert len(kept) == 3


def test_a_watched_folder_is_collected_file_by_file_and_a_broken_one_is_told(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "home" / "exports"
    folder.mkdir(parents=True)
    write(
        home / "oyez.toml",
        '[[brands]]\nname = "Lila"\n[[sources]]\nname = "Dossier"\nkind = "files"\nbrands = ["Lila"]\n'
        '[sources.options]\npath = "exports"\n',
    )
    write(folder / "a.csv", "texte;note\nTrès bien;5\n")
    (folder / "b.csv").write_bytes(b"PK\x03\x04 no workbook")
    write(folder / "c.csv", "texte;note\nMoyen;3\nNul;1\n")
    assert collected(home) == (3, 0, 1, None)
    assert collected(home) == (0, 0, 1, None)
    write(folder / "b.csv", "texte;note\nPas mal;4\n")
    write(folder / "c.csv", "texte;note\nMoyen;3\nNul;1\nEncore;2\n")
    assert collected(home) == (2, 2, 0, None)


def collected(home: Path) -> tuple[int, int, int, str | None]:
    [row] = json.loads(oyez("collect", "--home", home, "--format", "json").stdout)
    return row["new"], row["unchanged"], row["faults"], row["problem"]


def test_counts_of_customers_are_known_by_their_columns_and_give_figures(tmp_path: Path) -> None:
    home, file = tmp_path / "home", write(tmp_path / "clients.csv", COUNTS)
    said = oyez("import", file, "--brand", "Lila", "--home", home, "--format", "json")
    assert json.loads(said.stdout) == {"brand": "Lila", "periods": 1, "faults": 0}
    [row] = json.loads(oyez("export", "--customers", "--home", home, "--format", "json").stdout)
    assert (row["retention_rate"], row["churn_rate"], row["average_order_value"]) == (95.0, 5.0, 45.5)
    assert row["lifetime_value"] == 355.12
    assert oyez("export", "--customers", "--home", home, "--from", "2026-11-01", "--format", "jsonl").stdout == ""


def test_counts_need_a_brand_and_columns_that_are_counts(tmp_path: Path) -> None:
    file = write(tmp_path / "clients.csv", COUNTS)
    assert "--brand" in oyez("import", file, "--home", tmp_path / "home", code=1).stderr
    other = write(tmp_path / "avis.csv", "texte;note\nbien;4\n")
    said = oyez("import", other, "--counts", "--brand", "Lila", "--home", tmp_path / "home", code=1)
    assert "no counts of customers" in said.stderr


def test_a_weekly_report_shows_the_scales_of_its_surveys_and_what_follows_from_counts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    oyez("import", write(tmp_path / "enquete.csv", SURVEY), "--brand", "Lila", "--home", home)
    oyez("import", write(tmp_path / "clients.csv", COUNTS), "--brand", "Lila", "--home", home)
    oyez("run", "--home", home)
    report = json.loads(
        oyez(
            "report", "weekly", "--brand", "Lila", "--week", "2026-W45", "--home", home, "--format", "json"
        ).stdout
    )
    assert {(one["question"], one["worst"], one["best"]) for one in report["survey_questions"]} == {
        ("recommendation", 0, 10), ("satisfaction", 1, 5), ("effort", 1, 7),
    }  # fmt: skip
    assert [one["churn_rate"] for one in report["customers"]] == [5.0]


def test_a_recipe_is_tried_on_a_saved_page(tmp_path: Path) -> None:
    page, home = write(tmp_path / "page.html", PAGE), tmp_path / "home"
    said = oyez("sources", "try", page, "--home", home, code=1)
    assert "try item: div.avis" in said.stderr
    said = oyez(
        "sources", "try", page, "--set", "item=.avis", "--set", "text=.texte", "--set", "rating=.note",
        "--set", "author=.qui", "--home", home, "--format", "jsonl",
    )  # fmt: skip
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [row["text"] for row in rows] == [f"Avis numéro {n}, livré vite" for n in (1, 2, 3)]
    assert "text .texte: 3 of 3, as 'Avis numéro 1, livré vite'" in said.stderr
    assert "author .qui: nothing" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nowhere.html"], 1, "neither an address nor a file"),
        (["page.html", "--set", "item=div["], 1, "item"),
        (["page.html", "--set", "colour=red"], 1, "colour: unknown key; expected one of"),
        (["page.html", "--set", "item"], 2, "KEY=VALUE"),
    ],
)
def test_a_recipe_that_cannot_be_tried_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    write(tmp_path / "page.html", PAGE)
    monkeypatch.chdir(tmp_path)
    assert says in oyez("sources", "try", *arguments, "--home", tmp_path / "home", code=code).stderr


def test_a_configured_recipe_is_tried_by_its_name(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write(
        home / "oyez.toml",
        '[[brands]]\nname = "Lila"\n[[sources]]\nname = "Avis"\nkind = "site"\nbrands = ["Lila"]\n'
        '[sources.options]\nurl = "http://127.0.0.1:9/avis"\nitem = ".avis"\n',
    )
    assert "127.0.0.1" in oyez("sources", "try", "Avis", "--home", home, code=1).stderr
