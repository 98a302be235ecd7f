"""The opinion model is known at once, and loaded for a text only."""

import json
import threading
from pathlib import Path

import pytest

from nlp.opinion import OpinionModel
from service import annotating, jobs, reader
from service.errors import ServiceError
from service.reader import Reader
from service.workspace import Workspace
from storage import annotations as opinions
from storage import mentions
from tests.service.workspaces import WordModel, workspace

TOML = """
[[brands]]
name = "Lila"

[[sources]]
name = "Reviews"
kind = "files"
options = {{ path = "{folder}/reviews.csv" }}

[nlp]
model = "{folder}/model"
batch_size = 1
"""
CARD = {
    "name": "words-1",
    "version": "1",
    "temperature": {},
    "thresholds": {},
    "recommendation": {},
    "systematic_error": {},
    "unknown": [],
}


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The folders from which a model was loaded."""
    loaded: list[str | None] = []

    def load(folder: str | None) -> OpinionModel:
        loaded.append(folder)
        return WordModel()

    monkeypatch.setattr(reader, "load", load)
    return loaded


@pytest.fixture
def ws(tmp_path: Path, loads: list[str | None]) -> Workspace:
    """A workspace with a source of two reviews, and a model whose network is not looked at."""
    write_model(tmp_path / "model", CARD)
    (tmp_path / "reviews.csv").write_text("avis\nLila, très bien\nLila, nul\n", encoding="utf-8")
    made = workspace(tmp_path / "home", TOML.format(folder=tmp_path))
    del made.model  # the configuration's instead
    return made


def write_model(folder: Path, card: object) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"opinion": card}), encoding="utf-8")
    (folder / "model.onnx").write_bytes(b"")


def current(ws: Workspace) -> str | None:
    with ws.database.read() as conn:
        model = opinions.current_model(conn)
    return model.name if model else None


def error(ws: Workspace) -> dict[str, float]:
    """The systematic error that the figures are given with."""
    with ws.database.read() as conn:
        model = opinions.current_model(conn)
    assert model is not None
    found: dict[str, float] = model.card["systematic_error"]
    return found


def test_a_pass_that_brings_nothing_loads_no_model_but_makes_it_known(
    ws: Workspace, tmp_path: Path, loads: list[str | None]
) -> None:
    (tmp_path / "reviews.csv").write_text("avis\n", encoding="utf-8")
    with ws:
        assert jobs.run_once(ws) is not None
        assert current(ws) == "words-1@1"
        assert annotating.waiting(ws) == 0
    assert loads == []


def test_a_pass_that_brings_something_loads_it_once_and_the_next_one_not(
    ws: Workspace, tmp_path: Path, loads: list[str | None]
) -> None:
    with ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        assert summary.annotated == 2
    assert loads == [str(tmp_path / "model")]
    with Workspace(ws.home, ws.config, ws.clock) as later:
        again = jobs.run_once(later, due_only=False)
        assert again is not None
        assert (again.annotated, again.failed_sources) == (0, [])
    assert len(loads) == 1


def test_what_waits_is_counted_without_loading(ws: Workspace, loads: list[str | None]) -> None:
    from service.collecting import collect

    with ws:
        collect(ws)
        assert annotating.waiting(ws) == 2
        assert loads == []
        assert annotating.annotate(ws) == 2
        assert annotating.waiting(ws) == 0


def test_a_new_model_reads_all_again_and_then_makes_the_figures(ws: Workspace, tmp_path: Path) -> None:
    with ws:
        jobs.run_once(ws)
    write_model(tmp_path / "newer", CARD | {"name": "words-2"})
    toml = TOML.format(folder=tmp_path).replace("/model", "/newer")
    with workspace(tmp_path / "home", toml) as later:
        del later.model
        assert annotating.waiting(later) == 2
        assert annotating.annotate(later) == 2
        assert current(later) == "words-2@1"


def test_new_weights_under_the_same_name_read_all_again_and_bring_their_own_error(
    ws: Workspace, tmp_path: Path
) -> None:
    with ws:
        jobs.run_once(ws)
    config = tmp_path / "model" / "config.json"
    newer = CARD | {"version": "2", "systematic_error": {"nps": 3.0}}
    config.write_text(json.dumps({"opinion": newer}), encoding="utf-8")
    with workspace(tmp_path / "home", TOML.format(folder=tmp_path)) as later:
        del later.model
        assert annotating.waiting(later) == 2
        halt = threading.Event()
        halt.set()
        assert annotating.annotate(later, stop=halt) == 0
        assert error(later) == {}  # what the first version said still makes the figures
        assert annotating.annotate(later) == 2
        assert (current(later), error(later)) == ("words-1@2", {"nps": 3.0})
        with later.database.read() as conn:
            assert {view.annotation and view.annotation.model for view in mentions.walk(conn)} == {"words-1"}


@pytest.mark.parametrize("card", [None, {}, CARD | {"unknown": 3}], ids=["no part of ours", "empty", "wrong"])
def test_a_folder_that_holds_no_model_is_told_with_a_remedy(tmp_path: Path, card: object) -> None:
    with pytest.raises(ServiceError, match="cannot be read") as caught:
        Reader(str(tmp_path / "absent"))
    assert "[nlp] model" in caught.value.remedy
    write_model(tmp_path / "folder", card)
    with pytest.raises(ServiceError):
        Reader(str(tmp_path / "folder"))
