"""The page of the accuracy: evaluations that were kept, corrections made by hand, and the model's card."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from collectors.tables import open_table
from service import correcting, evaluating
from service.correcting import Hand
from service.web.app import create_app
from service.workspace import Workspace
from tests.reputation.stage import NOW, Stage
from tests.service.workspaces import FrozenClock, WordModel, workspace

LABELLED = """text,stars,sentiment,language,source,touchpoints
Colis nul,1,negative,fr,shop,delivery: negative
Tout va bien,5,positive,fr,<b>app</b>,none
Pas mal,4,positive,fr,shop,none
It came late,2,negative,en,shop,delivery: negative | price: negative
"""


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path / "home", clock=FrozenClock(NOW)) as made:
        yield made


@pytest.fixture
def web(ws: Workspace) -> TestClient:
    return TestClient(create_app(ws), base_url="http://127.0.0.1:8742")


def page(web: TestClient, language: str = "en") -> BeautifulSoup:
    answer = web.get("/accuracy", headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def keep(ws: Workspace, name: str = "labelled.csv", content: str = LABELLED) -> dict[str, object]:
    document = evaluating.of_file(evaluating.Labelled(open_table(content.encode())), WordModel())
    evaluating.keep(ws, name, document)
    return document


def cells(shown: BeautifulSoup, label: str) -> list[str]:
    [row] = [row for row in shown.select("tr") if row.td and row.td.text.startswith(label)]
    return [" ".join(cell.text.split()) for cell in row.select("td.num")]


def test_before_anything_was_measured_it_says_how_and_shows_the_card(web: TestClient) -> None:
    shown = page(web)
    assert "oyez evaluate FILE --save" in shown.text
    assert shown.select("#card ~ .scroll table")
    assert "oyez evaluate FICHIER --save" in page(web, "fr").text


def test_a_kept_evaluation_is_shown_to_the_digit(web: TestClient, ws: Workspace) -> None:
    keep(ws)
    shown = page(web)
    assert "labelled.csv" in shown.text
    assert cells(shown, "Stars exactly right")[0].startswith("50.0")
    assert cells(shown, "Sentiment right")[0].startswith("75.0")
    assert cells(shown, "Touchpoints there that are named")[0].startswith("66.7")
    assert "few texts: wide limits" in shown.text
    assert len(shown.select(".confusion")) == 2
    assert [cell.text for cell in shown.select(".confusion")[0].select("td")] == [
        "2",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "1",
        "1",
    ]
    assert shown.select(".chart svg")


def test_languages_and_sources_are_listed_and_escaped(web: TestClient, ws: Workspace) -> None:
    keep(ws)
    assert "<b>app</b>" not in web.get("/accuracy").text
    rows = [row.td.text for row in page(web).select("figure tr") if row.td]
    assert {"French", "English", "shop", "<b>app</b>"} <= set(rows)


def test_it_speaks_french(web: TestClient, ws: Workspace) -> None:
    keep(ws)
    shown = page(web, "fr")
    assert shown.h1.text == "Fiabilité"
    assert cells(shown, "Étoiles exactes")[0].startswith("50,0")
    assert "How often" not in shown.text


def test_the_newest_of_a_name_is_shown(web: TestClient, ws: Workspace) -> None:
    keep(ws)
    keep(ws, content="text,stars\nColis nul,1\n")
    keep(ws, "other.csv")
    assert [head.text for head in page(web).select("section h2")][:2] == ["other.csv", "labelled.csv"]
    assert "1 texts" in page(web).text


def test_corrections_made_by_hand_are_measured_by_themselves(web: TestClient, ws: Workspace) -> None:
    stage = Stage(ws.database_url)
    stage.say(-0.9, NOW.date(), "Colis jamais livré")
    stage.say(0.9, NOW.date(), "Superbe")
    stage.play()
    stage.close()
    correcting.put(ws, 1, {"sentiment": "negative"}, Hand("ana"))
    correcting.put(ws, 2, {"sentiment": "negative"}, Hand("ana"))
    shown = page(web)
    assert shown.select("section h2")[0].text == "Corrections made by hand"
    assert cells(shown, "Sentiment right")[0].startswith("50.0")
    assert "mostly correct mistakes" in shown.text
    correcting.put(ws, 1, {"sentiment": "negative"}, Hand("ana", drawn=True))
    assert cells(page(web), "Sentiment right")[0].startswith("100.0")
    assert "mostly correct mistakes" not in page(web).text


def test_another_version_than_the_present_one_is_marked(web: TestClient, ws: Workspace) -> None:
    document = keep(ws)
    assert "another version" not in page(web).text
    evaluating.keep(ws, "labelled.csv", {**document, "model": "words-1@0"})
    assert "another version than the present one" in page(web).text


def test_every_page_leads_to_it(web: TestClient) -> None:
    assert BeautifulSoup(web.get("/").text, "lxml").select("header a[href='/accuracy']")
