"""Kinds whose terms speak against reading them: off until the user says otherwise, and never silently so."""

import json
from pathlib import Path

import pytest

from collectors.source import find, kinds, note
from service.collecting import collect
from service.errors import ServiceError
from service.oyez_toml import parse
from tests.service.commands import oyez
from tests.service.workspaces import workspace

OFF = ["google_news", "google_play"]
FILE = """
[[brands]]
name = "Lila"
[[sources]]
name = "Play"
kind = "google_play"
options = { app_id = "com.example.app", site = "https://play.invalid" }
[[sources]]
name = "Avis"
kind = "files"
options = { path = "avis.csv" }
"""
ACCEPTED = FILE.replace('kind = "google_play"', 'kind = "google_play"\naccept_terms = true')


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "avis.csv").write_text("avis;note\nTrès bien, Lila;5\n", encoding="utf-8")
    return tmp_path


def test_few_kinds_are_off_and_each_says_why() -> None:
    assert [kind for kind in kinds() if find(kind).off_because] == OFF


def test_a_kind_that_is_off_says_so_where_its_page_does() -> None:
    for kind in OFF:
        said = oyez("sources", "kinds", kind).stderr
        assert "**Off by default.**" in said
        assert "accept_terms = true" in said
        assert f"off: {find(kind).off_because}" in said


def test_the_note_of_a_kind_names_all_that_there_is_to_know() -> None:
    class Kind(find("google_play")):  # type: ignore[misc]
        kind = "other"
        verified = False
        off_because = "its terms"

    assert note(Kind) == "unverified; off: its terms"
    assert note(Kind, accepted=True) == "unverified"
    assert note(find("feeds")) == ""


def test_the_list_of_kinds_shows_what_is_unverified_and_what_is_off() -> None:
    rows = {row["kind"]: row for row in json.loads(oyez("sources", "kinds", "--format", "json").stdout)}
    assert rows["trusted_shops"]["note"] == "unverified"
    assert rows["google_news"]["note"].startswith("off: Google allows this feed")
    assert rows["feeds"]["note"] == ""
    assert "unverified" in oyez("sources", "kinds").stdout


def test_a_source_that_is_off_is_left_out_and_listed_as_such(home: Path) -> None:
    ws = workspace(home, FILE)
    assert [result.source for result in collect(ws)] == ["Avis"]
    rows = {
        row["source"]: row
        for row in json.loads(oyez("sources", "list", "--home", home, "--format", "json").stdout)
    }
    assert rows["Play"]["state"] == "off"
    assert rows["Play"]["note"].startswith("off: Google's terms")
    assert (rows["Avis"]["note"], rows["Avis"]["mentions"]) == ("", 1)


def test_a_source_that_is_off_is_not_a_failure_and_the_doctor_tells_of_it(home: Path) -> None:
    (home / "oyez.toml").write_text(FILE, encoding="utf-8")
    oyez("collect", "--home", home)
    findings = json.loads(oyez("doctor", "--home", home, "--format", "json").stdout)
    (play,) = [finding["detail"] for finding in findings if "Play" in finding["detail"]]
    assert play.startswith("Play is off: Google's terms")


def test_asking_for_it_by_name_says_why_it_is_off_and_what_to_do(home: Path) -> None:
    ws = workspace(home, FILE)
    (result,) = collect(ws, only=["Play"])
    assert "is off: Google's terms" in result.problem
    assert "accept_terms = true" in result.remedy
    assert "is off" in oyez("sources", "preview", "Play", "--home", home, code=1).stderr


def test_accepting_its_terms_switches_it_on(home: Path) -> None:
    ws = workspace(home, ACCEPTED)
    results = {result.source: result for result in collect(ws)}
    assert "play.invalid" in results["Play"].problem  # it was tried
    rows = {
        row["source"]: row
        for row in json.loads(oyez("sources", "list", "--home", home, "--format", "json").stdout)
    }
    assert (rows["Play"]["note"], rows["Play"]["state"] == "off") == ("", False)


def test_terms_are_accepted_by_a_yes_and_nothing_else() -> None:
    play, files = parse(ACCEPTED).sources
    assert (play.off_because, files.off_because) == ("", "")
    assert parse(FILE).sources[0].off_because
    with pytest.raises(ServiceError, match="accept_terms"):
        parse(ACCEPTED.replace("accept_terms = true", 'accept_terms = "perhaps"'))
