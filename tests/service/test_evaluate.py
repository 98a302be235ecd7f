"""`oyez evaluate`: how often the model is right on a user's own labelled file, in any of the known formats."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from collectors.tables import open_table
from nlp.annotation import Annotation
from nlp.correction import FIELDS
from service import analysis, evaluating
from service.errors import ServiceError
from service.labels import Labels
from storage import evaluations
from tests.service.commands import oyez
from tests.service.workspaces import WordModel, workspace

ROWS: list[dict[str, Any]] = [
    {"text": "Colis nul", "stars": 1, "sentiment": "negative", "language": "fr", "source": "shop"},
    {"text": "Tout va bien", "stars": 5, "sentiment": "positive", "language": "fr", "source": "shop"},
    {"text": "Pas mal", "stars": 4, "sentiment": "positive", "language": "fr", "source": "app"},
    {"text": "It came late", "stars": 2, "sentiment": "negative", "language": "en", "source": "app"},
]


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> WordModel:
    """Commands use the model that judges by a few words."""
    model = WordModel()
    monkeypatch.setattr(analysis, "open_model", lambda home=None, name=None: (model, ("fr", "en")))
    return model


def csv_file(folder: Path, header: str, *lines: str) -> Path:
    path = folder / "labelled.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def labelled(folder: Path, kind: str) -> Path:
    path = folder / f"labelled.{kind}"
    match kind:
        case "csv":
            lines = [";".join(str(cell) for cell in row.values()) for row in ROWS]
            path.write_text("\n".join([";".join(ROWS[0]), *lines]), encoding="utf-8")
        case "jsonl":
            path.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
        case "parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case "xlsx":
            book = Workbook()
            for cells in [list(ROWS[0]), *(list(row.values()) for row in ROWS)]:
                book.active.append(cells)
            book.save(path)
    return path


def measured(*arguments: str | Path) -> dict[str, Any]:
    return json.loads(oyez("evaluate", *arguments, "--format", "json").stdout)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_labelled_file_is_measured_whatever_its_format(tmp_path: Path, kind: str) -> None:
    document = measured(labelled(tmp_path, kind), "--home", tmp_path)
    overall = document["overall"]
    assert (document["n"], document["model"], document["kind"]) == (4, "words-1@1", "file")
    assert (overall["stars"]["exact"]["value"], overall["stars"]["within_1"]["value"]) == (0.5, 1.0)
    assert overall["sentiment"]["accuracy"]["value"] == 0.75
    assert overall["polarity"]["value"] == 0.75
    assert overall["sentiment"]["confusion"] == [[2, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert [(group["name"], group["n"]) for group in document["languages"]] == [("fr", 3), ("en", 1)]
    assert [(group["name"], group["n"]) for group in document["sources"]] == [("app", 2), ("shop", 2)]


def test_the_table_lists_each_measure_with_its_limits(tmp_path: Path) -> None:
    told = oyez("evaluate", labelled(tmp_path, "csv"), "--home", tmp_path).stdout.splitlines()
    assert told[0].split() == ["group", "measure", "value", "low", "high", "n"]
    assert any(line.startswith("all") and "stars.exact" in line and "0.5" in line for line in told)
    assert any(line.startswith("language fr") for line in told)
    assert any(line.startswith("source shop") for line in told)


def test_a_file_that_names_no_sources_has_no_figures_by_source(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "text,stars", "Colis nul,1", "Tout va bien,5")
    told = oyez("evaluate", file, "--home", tmp_path).stdout.splitlines()
    assert any(line.startswith("language") for line in told)
    assert not any(line.startswith("source") for line in told)


def test_columns_may_bear_other_names(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "Verbatim,Note", "Colis nul,1", "Tout va bien,5")
    document = measured(file, "--column", "text=Verbatim", "--column", "stars=Note", "--home", tmp_path)
    assert document["overall"]["stars"]["exact"]["value"] == 1.0
    wrong = oyez("evaluate", file, "--column", "text=Verbatum", "--home", tmp_path, code=1)
    assert "did you mean 'Verbatim'?" in wrong.stderr


@pytest.mark.parametrize(
    ("header", "told"),
    [("words,stars", "there is no column 'text'"), ("text,mark", "no column says what is true")],
)
def test_a_file_without_texts_or_truth_says_what_is_missing(tmp_path: Path, header: str, told: str) -> None:
    assert told in oyez("evaluate", csv_file(tmp_path, header, "a,1"), "--home", tmp_path, code=1).stderr


def test_rows_that_cannot_be_used_are_told_and_the_rest_is_measured(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "text,stars", "Colis nul,1", "Rien,7", ",4", "Bien,", "Tout va bien,4.5", "Bien,5")
    result = oyez("evaluate", file, "--format", "json", "--home", tmp_path)
    assert json.loads(result.stdout)["n"] == 2
    assert "'7' is no stars" in result.stderr
    assert "'4.5' is no stars" in result.stderr


def test_a_file_in_which_nothing_can_be_used_fails(tmp_path: Path) -> None:
    assert (
        "no row has both"
        in oyez("evaluate", csv_file(tmp_path, "text,stars", "a,9"), "--home", tmp_path, code=1).stderr
    )


def test_touchpoints_are_measured_from_a_cell_or_an_object(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "text,touchpoints", "Colis nul,delivery: negative | staff: positive", "Bien,none")
    touchpoints = measured(file, "--home", tmp_path)["overall"]["touchpoints"]
    assert (touchpoints["precision"]["value"], touchpoints["recall"]["value"]) == (1.0, 0.5)
    objects = tmp_path / "gold.jsonl"
    rows = [{"text": "Colis nul", "touchpoints": {"delivery": "negative"}}, {"text": "Bien", "touchpoints": {}}]
    objects.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert measured(objects, "--home", tmp_path)["overall"]["touchpoints"]["recall"]["value"] == 1.0


def test_a_saved_evaluation_is_kept_and_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    file = labelled(tmp_path, "csv")
    oyez("evaluate", file, "--save", "--home", tmp_path / "home")
    csv_file(tmp_path, "text,stars", "Colis nul,1")
    oyez("evaluate", file, "--save", "--home", tmp_path / "home")
    with workspace(tmp_path / "home") as ws, ws.database.read() as conn:
        [kept] = evaluations.newest(conn)
    assert (kept.name, kept.model, kept.document["n"]) == ("labelled.csv", "words-1@1", 1)


def test_without_a_file_and_corrections_it_says_how_to_begin(tmp_path: Path) -> None:
    assert "oyez corrections draw" in oyez("evaluate", "--home", tmp_path, code=1).stderr
    assert "about a FILE" in oyez("evaluate", "--column", "text=a", "--home", tmp_path, code=2).stderr


def test_the_language_of_the_file_wins_over_the_one_that_is_detected(tmp_path: Path) -> None:
    spoken: list[str | None] = []

    class Listening(WordModel):
        def annotate(
            self, texts: Sequence[str], languages: Sequence[str | None] | None = None
        ) -> list[Annotation]:
            spoken.extend(languages or ())
            return super().annotate(texts, languages)

    table = open_table(b"text,stars,language\nTout va bien merci,5,EN\nTout va bien merci,5,\n")
    evaluating.of_file(evaluating.Labelled(table), Listening())
    assert spoken == ["en", "fr"]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        (["Label"], ["POSITIF"], {"sentiment": "positive"}),
        (["stars", "churn_intent"], [4.0, "oui"], {"stars": "4", "churn_intent": "yes"}),
        (["touchpoint.price"], ["mixte"], {"touchpoint.price": "mixed"}),
        (["touchpoints", "touchpoint.price"], ["none", "mixed"], {"touchpoint.price": "mixed"}),
        (["touchpoints"], ['{"price": "mixed"}'], {"touchpoint.price": "mixed"}),
        (
            ["touchpoints"],
            ["price=mixed; staff=pos"],
            {"touchpoint.price": "mixed", "touchpoint.staff": "positive"},
        ),
        (["sentiment"], [None], {}),
    ],
)
def test_what_people_write_is_understood(header: list[str], cells: list[Any], expected: dict[str, str]) -> None:
    said = Labels(header).of(cells)
    assert {field: value for field, value in said.items() if value != "none"} == expected
    assert said.keys() <= FIELDS.keys()


@pytest.mark.parametrize(
    "cell", ["delivery", "parking: negative", "delivery: bad", "{", "{}x", "[1]", "| ;", "[" * 9999]
)
def test_what_is_no_touchpoint_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"touchpoint|JSON|cannot be corrected"):
        Labels(["touchpoints"]).of([cell])


def test_a_field_that_names_no_column_is_refused() -> None:
    with pytest.raises(ServiceError, match="no column 'b'"):
        Labels(["a"], {"stars": "b"})
