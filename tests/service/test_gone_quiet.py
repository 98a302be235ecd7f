"""A source that goes quiet: told once for each silence, over when it speaks again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service import collecting, delivery, watching
from service.health import rows_of
from service.messages import alert_text
from service.workspace import Workspace
from storage import alerts
from tests.collectors.replay import Reply, Request, Site
from tests.service.receivers import webhook
from tests.service.workspaces import NOW, FrozenClock, workspace


class Forum:
    """A feed that says something every day but for those on which it is told to be silent."""

    def __init__(self, site: Site, clock: FrozenClock) -> None:
        self.clock = clock
        self.posts: list[str] = []
        site.route("/feed", self._answer)

    def speak(self, *, days: int = 1) -> None:
        """Once a day for so many days, the last of them just now."""
        for day in reversed(range(days)):
            number, at = len(self.posts), self.clock.moment - timedelta(days=day, hours=1)
            self.posts.append(
                f"<entry><id>{number}</id><title>Lila {number}</title><updated>{at.isoformat()}</updated></entry>"
            )

    def _answer(self, _request: Request) -> Reply:
        body = "".join(self.posts[-40:])
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{body}</feed>'
        return Reply(feed.encode(), content_type="application/atom+xml")


def toml(site: Site, port: int = 1) -> str:
    return f"""
[[brands]]
name = "Lila"
[[brands]]
name = "Volta"
[[sources]]
name = "Forum"
kind = "feeds"
schedule = "every 12 hours"
options = {{ url = "{site.url("/feed")}" }}
[[alerts]]
name = "Silence"
rule = "gone_quiet"
to = ["http://127.0.0.1:{port}/hook"]
[webhook]
secret = "env:OYEZ_TEST_SECRET"
[http]
allowed_hosts = ["127.0.0.1"]
min_delay = 0
retries = 0
"""


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OYEZ_TEST_SECRET", "s")


def pass_days(ws: Workspace, clock: FrozenClock, count: int) -> None:
    """Let days pass, and look at the end of them."""
    clock.moment += timedelta(days=count)
    collecting.collect(ws)
    watching.alert(ws)


def state(ws: Workspace) -> str:
    [row] = rows_of(ws)
    return str(row["state"])


def keys(ws: Workspace) -> list[str]:
    with ws.database.read() as conn:
        return [alert.key for alert in alerts.list_alerts(conn)][::-1]


def test_each_silence_is_told_once_and_is_over_when_the_source_speaks(tmp_path: Path) -> None:
    clock = FrozenClock(NOW - timedelta(days=60))
    with Site() as site, webhook() as hook, workspace(tmp_path, toml(site, hook.port), clock=clock) as ws:
        forum = Forum(site, clock)
        forum.speak(days=20)
        pass_days(ws, clock, 1)
        assert (state(ws), keys(ws)) == ("well", [])
        pass_days(ws, clock, 6)
        pass_days(ws, clock, 1)
        assert state(ws) == "quiet"
        [first] = keys(ws)
        forum.speak()
        pass_days(ws, clock, 1)
        assert (state(ws), keys(ws)) == ("well", [first])
        pass_days(ws, clock, 9)
        assert len(keys(ws)) == 2
        delivery.deliver(ws)
        told = [json.loads(body) for _, body in hook.received]
    assert [message["rule"] for message in told] == ["gone_quiet", "gone_quiet"]
    assert told[0]["detail"]["source"] == "Forum"
    assert told[0]["brand"] == "Lila"  # a source of both is told once
    assert "oyez sources preview Forum" in told[0]["text"]


def test_a_source_with_little_history_or_none_is_never_called_quiet(tmp_path: Path) -> None:
    clock = FrozenClock(NOW - timedelta(days=60))
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        forum = Forum(site, clock)
        pass_days(ws, clock, 30)
        assert (state(ws), keys(ws)) == ("well", [])
        forum.speak(days=3)
        pass_days(ws, clock, 30)
        assert (state(ws), keys(ws)) == ("well", [])


def test_a_source_that_cannot_be_read_is_failing_and_not_called_quiet(tmp_path: Path) -> None:
    clock = FrozenClock(NOW - timedelta(days=60))
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        Forum(site, clock).speak(days=20)
        pass_days(ws, clock, 1)
        site.put("/feed", b"", status=503)
        for _ in range(3):
            pass_days(ws, clock, 5)
        assert (state(ws), keys(ws)) == ("resting", [])


def test_what_is_expected_is_listed_for_each_weekday(tmp_path: Path) -> None:
    clock = FrozenClock(NOW - timedelta(days=60))
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        Forum(site, clock).speak(days=22)
        pass_days(ws, clock, 1)
        [row] = rows_of(ws)
    assert set(row["usual_by_weekday"]) == {
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    }  # fmt: skip
    assert row["expected_today"] == pytest.approx(1, abs=0.01)
    assert row["silence_probability"] == 1


@pytest.mark.parametrize(
    ("language", "said"), [("fr", "muette depuis le 2026-11-01"), ("en", "silent since 2026-11-01")]
)
def test_the_message_says_what_is_silent_since_when_and_what_to_do(language: str, said: str) -> None:
    detail = {
        "source": "Forum",
        "brand": "Lila",
        "since": "2026-11-01",
        "usual_per_day": 2.5,
        "probability": 0.0001,
    }
    subject, lines = alert_text({"rule": "gone_quiet", "detail": detail, "brand": "Lila"}, language)
    assert said in subject
    assert ("2,5" if language == "fr" else "2.5") in lines[0]
    assert "oyez sources preview Forum" in lines[1]
