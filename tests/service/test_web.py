"""The pages, through HTTP, over a real database."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient

from reputation.periods import Period
from reputation.rules import NegativeMention, negative_mention
from reputation.scorecards import scorecard
from reputation.weekly import weekly_report
from service.errors import ServiceError
from service.reports import render_html
from service.serving import serve
from service.web.app import create_app
from service.workspace import Workspace
from storage import alerts, reports, sources
from tests.reputation.stage import NOW, Stage
from tests.service.workspaces import FrozenClock, workspace

HOSTILE = '<script>alert("x")</script> écrivez à jean.dupont@example.org'


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path / "home", clock=FrozenClock(NOW)) as made:
        yield made


@pytest.fixture
def stage(ws: Workspace) -> Iterator[Stage]:
    stage = Stage(ws.database_url)
    yield stage
    stage.close()


@pytest.fixture
def web(ws: Workspace) -> TestClient:
    return TestClient(create_app(ws), base_url="http://127.0.0.1:8742")


def fill(stage: Stage) -> None:
    today = NOW.date()
    for day in range(20):
        stage.say(0.9, today - timedelta(day), f"Lampe superbe numéro {day}", stars=5, replied=day % 2 == 0)
    blame = [("delivery", "negative", "jamais livré")]
    stage.say(-0.95, today, "Colis jamais livré, hotline muette", touchpoints=blame, stars=1, language="fr")
    stage.say(-0.95, today, HOSTILE, touchpoints=[("price", "negative", "<b>trop cher</b>")], source="forum")
    stage.play()


def page(web: TestClient, path: str, language: str = "en") -> BeautifulSoup:
    answer = web.get(path, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def test_the_first_page_is_the_brand_that_has_competitors(web: TestClient, stage: Stage) -> None:
    fill(stage)
    shown = page(web, "/")
    assert shown.h1.text == "Nova"
    assert [link.text for link in shown.select("header nav a")][:2] == ["Nova", "Rival"]


def test_without_a_brand_it_says_how_to_begin(web: TestClient) -> None:
    assert "oyez init" in page(web, "/").text


def test_the_page_shows_the_scorecard_to_the_digit(web: TestClient, stage: Stage) -> None:
    fill(stage)
    with stage.database.read() as conn:
        card = scorecard(conn, stage.brand, Period.last_days(30, NOW)).to_json()
    shown = page(web, f"/brands/{stage.brand.id}?days=30")
    values = [value.text.split("/")[0].strip().replace("\u2212", "-") for value in shown.select(".figure .value")]
    expected = [card["score"]["value"], *(card["indicators"][name]["value"] for name in ("nps", "csat"))]
    assert values[:3] == [str(round(value)) for value in expected]
    assert f"{card['mentions']} opinions" in shown.text


def test_texts_from_outside_are_escaped_and_masked(web: TestClient, stage: Stage) -> None:
    fill(stage)
    answer = web.get(f"/brands/{stage.brand.id}").text
    assert "<script" not in answer
    assert "<b>trop cher" not in answer
    assert "jean.dupont@example.org" not in answer
    assert "&lt;script&gt;" in answer


def test_no_page_may_run_a_script_or_be_framed(web: TestClient, stage: Stage) -> None:
    fill(stage)
    for path in ("/", "/healthz", f"/brands/{stage.brand.id}", "/nothing"):
        policy = web.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy


def test_links_that_are_no_web_addresses_are_not_followed(web: TestClient, stage: Stage) -> None:
    fill(stage)
    for link in page(web, f"/brands/{stage.brand.id}").select("article a"):
        assert re.match(r"https?://|/mentions/\d+$", str(link["href"]))


def test_the_page_speaks_french_when_asked_and_remembers_it(web: TestClient, stage: Stage) -> None:
    fill(stage)
    assert "Score de réputation" in page(web, f"/brands/{stage.brand.id}", "fr-FR,fr;q=0.9").text
    assert "Reputation score" in page(web, f"/brands/{stage.brand.id}?lang=en", "fr").text
    assert "Reputation score" in page(web, f"/brands/{stage.brand.id}", "fr").text


def test_a_source_that_fails_or_went_quiet_is_shown_as_such(web: TestClient, stage: Stage) -> None:
    fill(stage)
    with stage.database.begin() as conn:
        sources.record_failure(conn, stage.sources["forum"], "forum.example answered 500", NOW)
    shown = page(web, f"/brands/{stage.brand.id}")
    assert "forum.example answered 500" in shown.text
    assert [tag.text for tag in shown.select(".tag.failing")] == ["failing"]


def test_alerts_are_told_in_the_readers_language(web: TestClient, stage: Stage) -> None:
    fill(stage)
    with stage.database.begin() as conn:
        for draft in negative_mention(conn, stage.brand, NegativeMention("bad"), NOW):
            alerts.raise_alert(conn, draft, [], NOW)
    assert "a very negative mention on" in page(web, f"/brands/{stage.brand.id}").text
    assert "un avis très négatif sur" in page(web, f"/brands/{stage.brand.id}", "fr").text


@pytest.mark.parametrize("days", [1, 7, 90, 365, 3650])
def test_any_period_is_shown(web: TestClient, stage: Stage, days: int) -> None:
    fill(stage)
    assert page(web, f"/brands/{stage.brand.id}?days={days}").h1.text == "Nova"


@pytest.mark.parametrize(
    "path", ["/brands/999", "/reports/999", "/brands/1?days=0", "/brands/x", "/static/../app.py"]
)
def test_what_is_not_there_is_told_as_such(web: TestClient, stage: Stage, path: str) -> None:
    fill(stage)
    assert web.get(path).status_code in (404, 422)


def test_an_empty_brand_has_a_page_without_figures(web: TestClient, stage: Stage) -> None:
    stage.play()
    assert "Nothing was said in this period." in page(web, f"/brands/{stage.brand.id}").text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8742", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_made_to_lead_here_gets_nothing(web: TestClient, stage: Stage, host: str) -> None:
    fill(stage)
    answer = web.get(f"/brands/{stage.brand.id}", headers={"host": host})
    assert answer.status_code == 400
    assert "Nova" not in answer.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "oyez.example"])
def test_it_does_not_listen_to_the_network_without_being_told_to(ws: Workspace, host: str) -> None:
    with pytest.raises(ServiceError, match="can be reached from the network"):
        serve(ws, host=host, port=0)


def test_health_checks_answer(web: TestClient, ws: Workspace) -> None:
    assert web.get("/healthz").text == "ok"
    assert web.get("/readyz").text == "ready"


def test_a_frozen_report_is_served_in_both_languages(web: TestClient, stage: Stage) -> None:
    fill(stage)
    with stage.database.begin() as conn:
        document = weekly_report(conn, stage.brand, "2026-W46", NOW)
        report = reports.freeze(conn, stage.brand.id, "weekly", "2026-W46", document, NOW)
    assert "What to do first" in page(web, f"/reports/{report.id}").text or document["priorities"] == []
    assert "Score de réputation" in page(web, f"/reports/{report.id}", "fr").text
    assert "2026-W46" in page(web, f"/brands/{stage.brand.id}").text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_renders_with_few_and_many_mentions(stage: Stage, language: str) -> None:
    stage.play()
    with stage.database.read() as conn:
        empty = render_html(weekly_report(conn, stage.brand, "2026-W47", NOW), language)
    assert "<img" not in empty
    fill(stage)
    with stage.database.read() as conn:
        document = weekly_report(conn, stage.brand, "2026-W47", NOW)
    shown = BeautifulSoup(render_html(document, language), "lxml")
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in shown.select("img"))
    assert len(shown.select("img")) == 2
    assert not shown.select("script, iframe, link[href^='http'], link[href^='/']")
    assert len(shown.select("blockquote")) == len(document["quotes"])
    assert str(round(document["scorecard"]["score"]["value"])) in shown.text
