"""When an author is forgotten, what was told of the text can still be listed, without a word of it."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from reputation.rules import NegativeMention, negative_mention
from service.web.app import create_app
from service.workspace import Workspace
from storage import alerts
from storage.forget import forget_author
from tests.reputation.stage import NOW, Stage
from tests.service.commands import oyez
from tests.service.workspaces import FrozenClock, workspace


def raise_one_and_forget(ws: Workspace) -> int:
    """The number of the brand that an alert was raised for, on a text that is then erased."""
    stage = Stage(ws.database_url)
    stage.say(-0.95, NOW.date(), "Secret de polichinelle", stars=1, author="Jean", sarcasm=0.9)
    stage.play()
    with stage.database.begin() as conn:
        [draft] = negative_mention(conn, stage.brand, NegativeMention("bad"), NOW)
        alerts.raise_alert(conn, draft, [], NOW)
        assert forget_author(conn, "key of shop:Jean", NOW, actor="anne") == 1
    stage.close()
    return stage.brand.id


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_overview_shows_an_alert_on_an_erased_text(tmp_path: Path, language: str) -> None:
    with workspace(tmp_path, clock=FrozenClock(NOW)) as ws:
        brand = raise_one_and_forget(ws)
        web = TestClient(create_app(ws), base_url="http://127.0.0.1:8742")
        shown = web.get(f"/brands/{brand}", headers={"accept-language": language})
    assert shown.status_code == 200
    assert "[erased]" in shown.text
    assert "polichinelle" not in shown.text


def test_alerts_on_erased_texts_are_listed(tmp_path: Path) -> None:
    with workspace(tmp_path, clock=FrozenClock(NOW)) as ws:
        raise_one_and_forget(ws)
    listed = oyez("alerts", "--home", tmp_path, "--format", "json").stdout
    assert "[erased]" in listed
    assert "polichinelle" not in listed
