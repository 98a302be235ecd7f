"""What an import does to the brands and to the sources that are there already."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service import jobs
from service.collecting import collect
from service.errors import ServiceError
from service.importing import import_file, plan
from service.intake import Collected
from service.reporting import find_brand
from service.workspace import Workspace
from storage import brands, mentions, rollups, sources
from tests.service.commands import oyez
from tests.service.workspaces import workspace

ROWS = ("1;Très bien;5", "2;Livraison nul;1", "3;Correct;3")
ALL_TIME = (date(2000, 1, 1), date(2100, 1, 1))
LILA = """
[[brands]]
name = "Lila"
aliases = ["Lila Énergie"]
"""


def table(path: Path, *rows: str, header: str = "id;avis;note") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def bring(
    ws: Workspace, path: Path, brand: str | None = None, *, source: str | None = None, **options: Any
) -> Collected:
    return import_file(ws, plan(str(path), name=source, brand=brand, options=options))


def counts(ws: Workspace) -> dict[str, int]:
    """How many mentions each brand has."""
    with ws.database.read() as conn:
        return {brand.name: mentions.count(conn, brand.id) for brand in brands.all_brands(conn)}


def count_up(ws: Workspace) -> int:
    """Understand what is new, and count the days that changed."""
    summary = jobs.Summary()
    jobs.understand(ws, summary)
    return summary.days


def test_two_files_of_one_name_are_two_sources(tmp_path: Path) -> None:
    with workspace(tmp_path / "home") as ws:
        first = bring(ws, table(tmp_path / "a" / "avis.csv", *ROWS), "A")
        second = bring(ws, table(tmp_path / "b" / "avis.csv", "1;Autre chose;2", "2;Rien;4"), "B")
        assert (first.source, second.source) == ("avis.csv (A)", "avis.csv (B)")
        assert (second.stored.new, second.stored.changed) == (2, 0)
        assert counts(ws) == {"A": 3, "B": 2}


def test_the_same_file_about_the_same_brand_is_not_read_again(tmp_path: Path) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    with workspace(tmp_path / "home") as ws:
        bring(ws, path, "A")
        assert bring(ws, path, "a").pages == 0


def test_a_wrong_brand_is_corrected_by_importing_again(tmp_path: Path) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    with workspace(tmp_path / "home") as ws:
        bring(ws, path, "Lyla", source="Avis")
        count_up(ws)
        again = bring(ws, path, "Lila", source="Avis")
        assert (again.stored.new, again.stored.unchanged) == (0, 3)
        assert counts(ws) == {"Lyla": 0, "Lila": 3}
        count_up(ws)
        ids = ws.brand_ids()
        with ws.database.read() as conn:
            assert rollups.read(conn, ids["Lyla"], *ALL_TIME).mentions == 0
            assert rollups.read(conn, ids["Lila"], *ALL_TIME).mentions == 3
        assert bring(ws, path, "Lila", source="Avis").pages == 0


def test_a_correction_that_was_cut_off_is_brought_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    monkeypatch.setattr("collectors.sources.files._PAGE", 1)
    with workspace(tmp_path / "home") as ws:
        bring(ws, path, "Lyla", source="Avis")

        def stop(_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            import_file(ws, plan(str(path), name="Avis", brand="Lila", options={}), advance=stop)
        assert counts(ws) == {"Lyla": 2, "Lila": 1}
        bring(ws, path, "Lila", source="Avis")
        assert counts(ws) == {"Lyla": 0, "Lila": 3}


def test_a_file_that_another_import_brought_in_is_neither_doubled_nor_moved_unasked(tmp_path: Path) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    with workspace(tmp_path / "home") as ws:
        bring(ws, path, "Lyla")
        with pytest.raises(ServiceError, match=r"avis\.csv \(Lyla\)") as refused:
            bring(ws, path, "Lila")
        assert '--source "avis.csv (Lyla)"' in refused.value.remedy
        assert counts(ws) == {"Lyla": 3}
        bring(ws, path, "Lila", source="avis.csv (Lyla)")
        assert counts(ws) == {"Lyla": 0, "Lila": 3}


def test_the_name_of_a_source_of_another_kind_is_refused_and_that_one_keeps_its_place(tmp_path: Path) -> None:
    with workspace(tmp_path / "home") as ws:
        with ws.database.begin() as conn:
            press = sources.ensure(conn, "Press", "feeds")
            sources.record_success(conn, press, {"etag": "a"}, ws.clock.now())
        with pytest.raises(ServiceError, match="feeds") as refused:
            bring(ws, table(tmp_path / "avis.csv", *ROWS), "A", source="Press")
        assert "--source" in refused.value.remedy
        with ws.database.read() as conn:
            state = sources.state(conn, press)
        assert (state.kind, state.cursor) == ("feeds", {"etag": "a"})


def test_so_is_the_name_of_a_configured_source_that_was_never_read(tmp_path: Path) -> None:
    toml = LILA + '[[sources]]\nname = "Press"\nkind = "feeds"\noptions = { url = "https://a.example/feed" }\n'
    with workspace(tmp_path / "home", toml) as ws, pytest.raises(ServiceError, match="feeds"):
        bring(ws, table(tmp_path / "avis.csv", *ROWS), "Lila", source="Press")


@pytest.mark.parametrize("said", ["lila", " LILA ", "lila energie", "Lila Énergie"])
def test_a_configured_brand_is_known_by_any_case_and_alias(tmp_path: Path, said: str) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    column = table(tmp_path / "marques.csv", f"7;Très bien;5;{said}", header="id;avis;note;marque")
    with workspace(tmp_path / "home", LILA) as ws:
        assert bring(ws, path, said).source == "avis.csv (Lila)"
        bring(ws, column, brand_column="marque")
        assert counts(ws) == {"Lila": 4}


def test_a_brand_that_nobody_configured_is_told_before_anything_is_kept(tmp_path: Path) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    with workspace(tmp_path / "home", LILA):
        pass
    arguments = ("import", path, "--dry-run", "--home", tmp_path / "home", "--brand")
    assert "'Lyla' is no brand of oyez.toml" in oyez(*arguments, "Lyla").stderr
    assert "no brand" not in oyez(*arguments, "lila energie").stderr


def test_a_report_knows_a_brand_by_its_alias_too(tmp_path: Path) -> None:
    with workspace(tmp_path / "home", LILA) as ws:
        ws.brand_ids()
        assert find_brand(ws, "lila energie").name == find_brand(ws, "LILA").name == "Lila"
        with pytest.raises(ServiceError, match="there is no brand 'Lyla'"):
            find_brand(ws, "Lyla")


def test_a_brand_of_an_earlier_import_is_known_by_any_case(tmp_path: Path) -> None:
    column = table(tmp_path / "a.csv", "1;Bien;5;GMF", "2;Nul;1;gmf", header="id;avis;note;marque")
    with workspace(tmp_path / "home") as ws:
        bring(ws, column, brand_column="marque")
        bring(ws, table(tmp_path / "b.csv", *ROWS), "Gmf")
        assert counts(ws) == {"GMF": 5}


def test_a_brand_that_stays_is_not_counted_again(tmp_path: Path) -> None:
    path = table(tmp_path / "avis.csv", *ROWS)
    with workspace(tmp_path / "home") as ws:
        bring(ws, path, "A", source="Avis")
        count_up(ws)
        bring(ws, path, "A", source="Avis", zone="Europe/Paris")  # read again, with nothing new in it
        assert count_up(ws) == 0
        assert counts(ws) == {"A": 3}


def test_a_configured_file_with_a_brand_column_counts_what_the_column_says(tmp_path: Path) -> None:
    path = table(
        tmp_path / "comparatif.csv",
        "1;Très bien;5;lila",
        "2;Lila est mieux;1;Volta",
        "3;Correct;3;",
        header="id;avis;note;marque",
    )
    source = f'[[sources]]\nname = "S"\nkind = "files"\nbrands = ["Lila"]\noptions = {{ path = "{path}"'
    with workspace(tmp_path / "home", LILA + source + ', brand_column = "marque" }\n') as ws:
        collect(ws)
        assert counts(ws) == {"Lila": 2}


def test_a_configured_path_begins_at_the_folder_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = """
    [[brands]]
    name = "Lila"

    [[sources]]
    name = "Survey"
    kind = "files"
    brands = ["Lila"]
    options.path = "answers/survey.csv"
    """
    with workspace(tmp_path / "home", toml) as ws:
        (tmp_path / "home" / "answers").mkdir()
        (tmp_path / "home" / "answers" / "survey.csv").write_text("text,stars\nTrès bien,5\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        (result,) = collect(ws)
    assert (result.problem, result.stored.new) == ("", 1)
