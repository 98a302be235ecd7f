"""The overview and the report in a real browser: nothing refused, nothing cut off, on a desk and on a phone."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from reputation.weekly import weekly_report
from service.web.app import create_app
from service.workspace import Workspace
from storage import reports
from tests.reputation.stage import NOW, Stage
from tests.service.test_web import fill
from tests.service.workspaces import FrozenClock, workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK, PHONE = (1240, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine: install the system's package `chromium`")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("browser")
    with workspace(home, clock=FrozenClock(NOW)) as ws:
        stage = Stage(ws.database_url)
        fill(stage)
        with stage.database.begin() as conn:
            document = weekly_report(conn, stage.brand, "2026-W46", NOW)
            reports.freeze(conn, stage.brand.id, "weekly", "2026-W46", document, NOW)
        stage.close()
        yield from served(ws)


def served(ws: Workspace) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(ws), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def opened(browser: Browser, url: str, size: tuple[int, int]) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="fr-FR")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    answer = page.goto(url)
    assert answer is not None
    assert answer.ok
    return page, complaints


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/", "/reports/1"])
def test_a_page_fits_its_screen_and_the_browser_has_no_complaint(
    browser: Browser, address: str, path: str, size: tuple[int, int], tmp_path: Path
) -> None:
    page, complaints = opened(browser, address + path, size)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("h1").inner_text() == "Nova"


def test_the_language_and_the_period_are_one_click_away(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, address, DESK)
    assert page.get_by_role("heading", name="Score de réputation").is_visible()
    page.get_by_role("link", name="EN").click()
    assert page.get_by_role("heading", name="Reputation score").is_visible()
    page.get_by_role("link", name="90 days").click()
    assert page.url.endswith("days=90")
    assert page.get_by_role("heading", name="Mentions a week, by mood").is_visible()
    assert complaints == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_mention_is_corrected_in_the_page_and_the_accuracy_shows_it(
    browser: Browser, address: str, size: tuple[int, int]
) -> None:
    page, complaints = opened(browser, f"{address}/mentions/1", size)
    page.get_by_label("Humeur").select_option("negative")
    page.get_by_role("button", name="Enregistrer").click()
    assert page.get_by_role("status").is_visible()
    assert page.get_by_label("Humeur").input_value() == "negative"
    page.get_by_role("link", name="Fiabilité").click()
    assert page.get_by_role("heading", name="Corrections faites à la main").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.goto(f"{address}/mentions/1")
    page.get_by_role("button", name="Annuler toutes les corrections").click()
    assert page.get_by_label("Humeur").input_value() == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert complaints == []
