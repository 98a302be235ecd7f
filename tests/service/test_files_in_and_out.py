"""A file brought in by `oyez import` and read out by `oyez export`, as a French office would."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.workspace import Workspace, open_workspace
from storage import audit, mentions
from tests.service.commands import oyez
from tests.service.workspaces import WordModel

HEADER = "ID avis;Date de l'avis;Note /10;Commentaire;Auteur;Magasin"
ROWS = (
    "1;03/11/2026;8,5;Très bien accueilli à la boutique, c'était l'été œuvré;Zoé Lefèvre;Châlons",
    "2;04/11/2026;2,0;=1+1 ne fait pas trois, livraison nul;;Nîmes",
    "3;05/11/2026;7,5;@x vous ne répondez jamais, écrivez à jean.petit@exemple.fr;;Nîmes",
    "4;12/10/2026;0;+33 6 12 34 56 78 sonne dans le vide depuis des jours;;Sète",
    '5;31/10/2026;9,5;"-50 % sur la ""carte"" ; bien,\nmerci";;Sète',
)


@pytest.fixture(autouse=True)
def word_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())


def write(path: Path, *rows: str) -> None:
    path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode("windows-1252"))


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    path = tmp_path / "enquête.csv"
    write(path, *ROWS)
    return path


@pytest.fixture
def home(tmp_path: Path, survey: Path) -> Path:
    """A home that holds the survey, annotated."""
    folder = tmp_path / "home"
    oyez("import", survey, "--brand", "Lila", "--home", folder)
    oyez("annotate", "--home", folder)
    return folder


def exported(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The mentions of a JSON Lines export by their number in the file."""
    lines = oyez("export", "--home", home, "--format", "jsonl", *options).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["id"].rpartition("/")[2]: row for row in rows}


def stored(home: Path) -> int:
    with open_workspace(home) as ws, ws.database.read() as conn:
        return mentions.count(conn)


def test_a_french_file_is_read_as_its_author_meant_it(home: Path) -> None:
    rows = exported(home)
    assert list(rows) == ["3", "2", "1", "5", "4"]  # newest first: the day stands before the month
    assert rows["1"]["published_at"].startswith("2026-11-03")
    assert rows["1"]["text"] == "Très bien accueilli à la boutique, c'était l'été œuvré"
    assert [rows[n]["rating"] for n in "12345"] == [8.5, 2.0, 7.5, 0.0, 9.5]
    assert {(row["rating_worst"], row["rating_best"]) for row in rows.values()} == {(0.0, 10.0)}
    assert rows["5"]["text"] == '-50 % sur la "carte" ; bien,\nmerci'


def test_no_cell_of_an_export_is_a_formula(home: Path, tmp_path: Path) -> None:
    oyez("export", "--home", home, "-o", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["id"][-1]: row for row in csv.DictReader(lines)}
    assert rows["2"]["text"].startswith("'=1+1")
    assert rows["3"]["text"].startswith("'@x")
    assert rows["5"]["text"].startswith("'-50 %")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows.values() for cell in row.values())
    assert {row["rating"] for row in rows.values()} >= {"8.5", "0.0"}  # numbers stay numbers


def test_nobody_can_be_reached_through_an_export(home: Path) -> None:
    whole = oyez("export", "--home", home, "--format", "json").stdout
    for private in ("jean.petit@exemple.fr", "6 12 34 56 78", "Zoé", "Lefèvre"):
        assert private not in whole
    assert exported(home)["1"]["author"]  # a pseudonym: the same person can still be counted


def test_what_was_understood_is_exported_and_the_export_is_noted(home: Path) -> None:
    rows = exported(home, "--brand", "lila", "--from", "2026-11-01", "--to", "2026-11-04")
    assert {number: row["sentiment"] for number, row in rows.items()} == {"1": "positive", "2": "negative"}
    assert rows["2"]["touchpoints"][0]["touchpoint"] == "delivery"
    with open_workspace(home) as ws, ws.database.read() as conn:
        [entry] = audit.entries(conn)
    assert entry.detail == {"what": "mentions", "brand": "Lila", "from": "2026-11-01", "to": "2026-11-04"}


def test_an_export_is_a_table_too_and_says_on_stderr_how_many(home: Path) -> None:
    result = oyez("export", "--home", home, "--format", "table")
    assert len(result.stdout.splitlines()) == 1 + 5
    assert result.stdout.startswith("id")
    assert "5 mentions" in result.stderr


def test_a_dry_run_shows_posts_and_stores_nothing(survey: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = oyez("import", survey, "--brand", "Lila", "--dry-run", "--home", home, "--format", "json")
    posts = json.loads(result.stdout)
    assert [post["rating"]["value"] for post in posts] == [8.5, 2.0, 7.5, 0.0, 9.5]
    assert posts[0]["published_at"].startswith("2026-11-03")
    assert "nothing was kept" in result.stderr
    assert "windows-1252" in result.stderr
    assert "Commentaire" in result.stderr
    assert stored(home) == 0


def test_a_column_that_is_not_there_is_told_with_those_that_are(survey: Path, tmp_path: Path) -> None:
    result = oyez(
        "import", survey, "--brand", "Lila", "--mapping", "text=Verbatim", "--home", tmp_path / "h", code=1
    )
    assert result.stdout == ""
    error, remedy = result.stderr.splitlines()[-2:]
    assert error.startswith("Error: ")
    assert "Verbatim" in error
    assert remedy.startswith("To do: ")
    assert "Commentaire" in error + remedy
    assert stored(tmp_path / "h") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ("--brnd", "Lila"),
        ("--mapping", "text"),
        ("--option", "=x"),
        ("--format", "xml"),
        ("--brand",),
    ],
)
def test_wrong_use_is_exit_code_2_and_goes_to_stderr(
    survey: Path, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    result = oyez("import", survey, "--home", tmp_path / "h", *wrong, code=2)
    assert result.stdout == ""
    assert wrong[0] in result.stderr
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--option", "zone=Mars/Phobos"), "Mars/Phobos"),
        (("--option", "colour=red"), "colour"),
        (("--option", "encoding=klingon"), "klingon"),
    ],
)
def test_an_option_that_no_file_has_is_told_with_a_remedy(
    survey: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    result = oyez("import", survey, "--brand", "Lila", "--home", tmp_path / "h", *options, code=1)
    assert said in result.stderr
    assert "To do: " in result.stderr


def test_a_grown_file_brings_in_what_is_new_and_an_edited_row_changes(survey: Path, home: Path) -> None:
    edited = ROWS[0].replace("Très bien", "Finalement nul, mal")
    survey.write_bytes(
        "\r\n".join([HEADER, edited, *ROWS[1:], "6;06/11/2026;5;Bof;;Sète"]).encode("windows-1252")
    )
    done = json.loads(oyez("import", survey, "--brand", "Lila", "--home", home, "--format", "json").stdout)
    assert (done["new"], done["changed"], done["unchanged"]) == (1, 1, 4)
    assert exported(home)["1"]["sentiment"] is None  # waits to be read again


def test_columns_and_brands_can_be_named(survey: Path, tmp_path: Path) -> None:
    arguments = ("--mapping", "title=Auteur", "--brand-column", "Magasin", "--source", "Boutiques")
    oyez("import", survey, "--home", tmp_path / "h", *arguments)
    assert exported(tmp_path / "h", "--brand", "Sète").keys() == {"4", "5"}
    rows = exported(tmp_path / "h", "--brand", "Châlons")
    assert rows["1"]["title"] == "Zoé Lefèvre"
    assert rows["1"]["source"] == "Boutiques"


def test_a_pipe_brings_in_what_a_file_would_and_goes_out_to_the_next(survey: Path, tmp_path: Path) -> None:
    run = [sys.executable, "-c", "from service.cli import main; main()"]
    given = survey.read_bytes()
    brought = subprocess.run(
        [*run, "import", "-", "--brand", "Lila", "--home", tmp_path / "h", "--format", "jsonl"],
        input=given,
        capture_output=True,
        check=True,
    )
    assert json.loads(brought.stdout)["new"] == 5
    shown = subprocess.run([*run, "export", "--home", tmp_path / "h"], capture_output=True, check=True)
    assert len(list(csv.DictReader(io.StringIO(shown.stdout.decode())))) == 5


def test_an_empty_home_exports_a_header_only(tmp_path: Path) -> None:
    assert len(oyez("export", "--home", tmp_path).stdout.splitlines()) == 1
    assert oyez("export", "--home", tmp_path, "--format", "jsonl").stdout == ""
