"""The page of one mention, and correcting there what the model reads: over HTTP, on a real database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from httpx import Response

from service.web.app import create_app
from service.workspace import Workspace
from storage import audit, corrections, rollups
from tests.reputation.stage import NOW, Stage
from tests.service.workspaces import FrozenClock, workspace

HERE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path / "home", clock=FrozenClock(NOW)) as made:
        yield made


@pytest.fixture
def stage(ws: Workspace) -> Iterator[Stage]:
    stage = Stage(ws.database_url)
    blame = [("delivery", "negative", "jamais livré")]
    stage.say(
        -0.9, NOW.date(), "Colis <b>jamais livré</b>, écrivez à jean@example.org", touchpoints=blame, id_="a"
    )
    stage.say(0.9, NOW.date(), "Superbe", stars=5, id_="b")
    stage.say(0.9, NOW.date(), "", stars=5, id_="c")
    stage.play()
    yield stage
    stage.close()


@pytest.fixture
def web(ws: Workspace, stage: Stage) -> TestClient:
    return TestClient(create_app(ws), base_url="http://127.0.0.1:8742", follow_redirects=False)


def page(web: TestClient, number: int = 1, language: str = "en") -> BeautifulSoup:
    answer = web.get(f"/mentions/{number}", headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def send(web: TestClient, number: int = 1, **fields: str) -> Response:
    return web.post(f"/mentions/{number}", data=fields, headers=HERE)


def chosen(shown: BeautifulSoup) -> dict[str, str]:
    """What the form would send as it stands."""
    return {
        str(select["name"]): str((select.select_one("option[selected]") or select.option)["value"])  # type: ignore[index]
        for select in shown.select("form select")
    }


def negative(stage: Stage) -> float:
    with stage.database.read() as conn:
        return rollups.read(conn, stage.brand.id, NOW.date(), NOW.date()).p_negative


def made(stage: Stage, number: int = 1) -> dict[str, str]:
    with stage.database.read() as conn:
        return {one.field: one.value for one in corrections.of_mention(conn, number)}


def test_it_shows_the_text_masked_and_escaped_and_what_the_model_reads(web: TestClient) -> None:
    answer = web.get("/mentions/1").text
    assert "jean@example.org" not in answer
    assert "<b>jamais" not in answer
    shown = page(web)
    assert "jamais livré" in shown.text
    labels = [label.text for label in shown.select("form label")]
    assert labels[:2] == ["Is it about Nova?", "Sentiment"]
    assert labels.index("Delivery") < labels.index("Price")
    assert set(chosen(shown).values()) == {""}


def test_saying_otherwise_counts_at_once_and_the_form_remembers_it(web: TestClient, stage: Stage) -> None:
    before = negative(stage)
    answer = send(web, **{"sentiment": "positive", "touchpoint.delivery": "none", "stars": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mentions/1?saved=1")
    assert negative(stage) == pytest.approx(before - 0.9)
    assert made(stage) == {"sentiment": "positive", "touchpoint.delivery": "none"}
    form = chosen(page(web))
    assert (form["sentiment"], form["touchpoint.delivery"], form["stars"]) == ("positive", "none", "")


def test_choosing_the_models_word_again_takes_a_correction_back(web: TestClient, stage: Stage) -> None:
    before = negative(stage)
    send(web, sentiment="positive", stars="5")
    send(web, sentiment="", stars="5")
    assert made(stage) == {"stars": "5"}
    assert negative(stage) == before


def test_all_corrections_are_undone_by_one_button(web: TestClient, stage: Stage) -> None:
    send(web, **{"sentiment": "positive", f"relevance-{stage.brand.id}": "no"})
    assert negative(stage) == 0
    send(web, sentiment="positive", undo="1")
    assert made(stage) == {}
    assert negative(stage) == pytest.approx(0.9)


def test_sending_the_form_unchanged_changes_nothing(web: TestClient, stage: Stage) -> None:
    send(web, sentiment="positive")
    with stage.database.read() as conn:
        before = audit.entries(conn)
    send(web, **chosen(page(web)))
    with stage.database.read() as conn:
        assert audit.entries(conn) == before


def test_relevance_is_said_of_each_brand(web: TestClient, stage: Stage) -> None:
    send(web, **{f"relevance-{stage.brand.id}": "no"})
    with stage.database.read() as conn:
        [verdict] = corrections.relevance(conn, stage.brand.id)
    assert not verdict.relevant
    assert chosen(page(web))[f"relevance-{stage.brand.id}"] == "no"


def test_after_an_edit_a_correction_is_shown_as_made_on_an_older_text_until_it_is_confirmed(
    web: TestClient, stage: Stage
) -> None:
    send(web, sentiment="positive")
    stage.say(-0.5, NOW.date(), "Colis toujours pas livré, un mois après", id_="a")
    stage.play()
    assert negative(stage) == 0
    shown = page(web)
    assert [tag.text for tag in shown.select("form .tag")] == ["made on an older text"]
    assert page(web, language="fr").select("form .tag")[0].text == "faite sur un texte plus ancien"
    send(web, **chosen(shown))
    assert page(web).select("form .tag") == []
    assert negative(stage) == 0


def test_a_mention_without_text_has_nothing_to_correct(web: TestClient) -> None:
    assert page(web, 3).select("form") == []
    assert send(web, 3, sentiment="negative").status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8742"},
    ],
)
def test_a_form_of_another_site_is_refused(web: TestClient, stage: Stage, headers: dict[str, str]) -> None:
    assert web.post("/mentions/1", data={"sentiment": "positive"}, headers=headers).status_code == 403
    assert made(stage) == {}


def test_without_fetch_metadata_the_origin_tells(web: TestClient, stage: Stage) -> None:
    headers = {"origin": "http://127.0.0.1:8742"}
    assert web.post("/mentions/1", data={"sentiment": "positive"}, headers=headers).status_code == 303
    assert made(stage) == {"sentiment": "positive"}


def test_our_own_pages_let_a_browser_say_where_a_form_comes_from(web: TestClient) -> None:
    policy = web.get("/mentions/1").headers
    assert policy["referrer-policy"] == "same-origin"
    assert "form-action 'self'" in policy["content-security-policy"]


@pytest.mark.parametrize("fields", [{"sentiment": "bad"}, {"stars": "9"}, {"relevance-1": "maybe"}])
def test_a_value_that_is_none_is_refused(web: TestClient, stage: Stage, fields: dict[str, str]) -> None:
    assert send(web, **fields).status_code == 422
    assert made(stage) == {}


def test_fields_that_are_none_are_ignored_and_huge_forms_refused(web: TestClient, stage: Stage) -> None:
    assert send(web, nothing="x", **{"touchpoint.parking": "negative", "relevance-99": "no"}).status_code == 303
    assert made(stage) == {}
    assert send(web, sentiment="x" * 70_000).status_code == 413
    assert (
        web.post("/mentions/1", content="&".join(f"a{n}=1" for n in range(200)), headers=HERE).status_code == 422
    )


@pytest.mark.parametrize("number", ["99", "0", "x", "-1"])
def test_a_mention_that_is_not_there_is_told_as_such(web: TestClient, number: str) -> None:
    assert web.get(f"/mentions/{number}").status_code in (404, 422)
    assert web.post(f"/mentions/{number}", data={}, headers=HERE).status_code in (404, 422)


def test_the_overview_leads_to_each_mention(web: TestClient, stage: Stage) -> None:
    shown = BeautifulSoup(web.get(f"/brands/{stage.brand.id}").text, "lxml")
    hrefs = [str(link["href"]) for link in shown.select("article a")]
    assert "/mentions/1" in hrefs
