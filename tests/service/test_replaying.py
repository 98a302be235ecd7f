"""`oyez sources replay`: kept answers read again after a parser was mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from collectors.source import Answer, Page, ParseError
from collectors.sources.hacker_news import HackerNews
from service.collecting import collect
from service.errors import ServiceError
from service.intake import store_posts
from service.replaying import replay
from service.workspace import Workspace
from storage import mentions, raw
from storage.tables import Mention, RawAnswer, Revision
from tests.collectors.replay import Site
from tests.service.commands import oyez
from tests.service.searches import asked, hit, serve, toml
from tests.service.workspaces import NOW, FrozenClock, workspace


def mend(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """From now on the parser reads texts in another way."""
    parse = HackerNews.parse

    def mended(answer: Answer) -> Page:
        page = parse(answer)
        return replace(page, posts=[replace(post, text=change(post.text)) for post in page.posts])

    monkeypatch.setattr(HackerNews, "parse", staticmethod(mended))


def texts(ws: Workspace) -> dict[str, str]:
    with ws.database.read() as conn:
        return {view.external_id: view.text for view in mentions.latest(conn)}


def revisions(ws: Workspace) -> int:
    with ws.database.read() as conn:
        return len(conn.execute(select(Revision)).all())


def test_what_is_read_otherwise_becomes_a_revision_and_nothing_is_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila ❤"), hit(2, "Lila, nul")])
        collect(ws)
        requests = len(asked(site))
        mend(monkeypatch, lambda text: text.replace("❤", "<3"))
        done = replay(ws, "HN")
        assert texts(ws) == {"1": "Lila <3", "2": "Lila, nul"}
        assert (done.collected.stored.new, done.collected.stored.changed, revisions(ws)) == (0, 1, 1)
        assert len(asked(site)) == requests
        again = replay(ws, "HN")
        assert (again.collected.stored.touched, revisions(ws)) == (0, 1)


def test_posts_that_the_old_parser_lost_are_found_with_the_time_at_which_they_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        serve(site, [hit(1, "Lila"), hit(2, "Lila encore")])
        with monkeypatch.context() as broken:
            parse = HackerNews.parse

            def losing(answer: Answer) -> Page:
                page = parse(answer)
                return replace(page, posts=page.posts[:1])

            broken.setattr(HackerNews, "parse", staticmethod(losing))
            collect(ws)
        clock.moment += timedelta(days=3)
        replay(ws, "HN")
        with ws.database.read() as conn:
            assert set(conn.execute(select(Mention.first_seen_at)).scalars()) == {NOW}
        assert len(texts(ws)) == 2


def test_an_old_answer_undoes_nothing_that_a_later_one_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        serve(site, [hit(1, "Lila, première version"), hit(2, "Lila, effacé")])
        collect(ws)
        clock.moment += timedelta(hours=1)
        [post, _] = HackerNews.parse(newest_answer(ws)).posts
        edited, gone = replace(post, text="Lila, deuxième version"), replace(post, external_id="2", deleted=True)
        with ws.database.begin() as conn:  # what a later visit saw, whose answer is no longer kept
            store_posts(ws, conn, 1, [edited, gone], lambda _: (1,), clock.moment)
        done = replay(ws, "HN")
        assert texts(ws) == {"1": "Lila, deuxième version"}
        assert (done.outdated, done.collected.stored.touched) == (2, 0)


def test_nobody_waits_for_a_parser_and_an_answer_that_is_gone_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        for number in (1, 2):
            serve(site, [hit(number, "Lila")])
            collect(ws)
        parse = HackerNews.parse

        def forgetful(answer: Answer) -> Page:
            with ws.database.begin() as conn:  # another process that writes, and purges
                conn.execute(delete(RawAnswer))
            return parse(answer)

        monkeypatch.setattr(HackerNews, "parse", staticmethod(forgetful))
        assert replay(ws, "HN").answers == 1


def newest_answer(ws: Workspace) -> Answer:
    with ws.database.read() as conn:
        return raw.read(conn, raw.kept(conn, 1)[-1])[1]


def test_the_last_of_several_answers_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        for version in ("un", "deux", "trois"):
            serve(site, [hit(1, f"Lila, version {version} ❤")])
            collect(ws)
            clock.moment += timedelta(hours=1)
        mend(monkeypatch, lambda text: text.replace("❤", "<3"))
        done = replay(ws, "HN")
        assert texts(ws) == {"1": "Lila, version trois <3"}
        assert (done.answers, done.outdated, revisions(ws)) == (3, 2, 3)


def test_a_rehearsal_counts_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila ❤")])
        collect(ws)
        mend(monkeypatch, lambda text: text.replace("❤", "<3"))
        assert replay(ws, "HN", dry_run=True).collected.stored.changed == 1
        assert texts(ws) == {"1": "Lila ❤"}


def test_an_answer_that_the_parser_now_refuses_is_told_and_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila")])
        collect(ws)

        def refuse(answer: Answer) -> Page:
            raise ParseError("not of this kind")

        monkeypatch.setattr(HackerNews, "parse", staticmethod(refuse))
        done = replay(ws, "HN")
        assert (len(done.unreadable), texts(ws)) == (1, {"1": "Lila"})


def test_the_feed_s_identities_are_those_of_the_visit(tmp_path: Path) -> None:
    entries = "".join(
        f"<item><guid>same</guid><link>https://lila.example/{n}</link><title>Lila {n}</title></item>"
        for n in (1, 2)
    )
    with Site() as site:
        site.put("/feed", f"<rss version='2.0'><channel><title>x</title>{entries}</channel></rss>")
        text = (
            '[http]\nallowed_hosts = ["127.0.0.1"]\n[[brands]]\nname = "Lila"\n[[sources]]\nname = "Feed"\n'
            f'kind = "feeds"\noptions = {{ url = "{site.url("/feed")}", language = "fr" }}\n'
        )
        with workspace(tmp_path, text) as ws:
            [first] = collect(ws)
            assert first.stored.new == 2
            assert replay(ws, "Feed").collected.stored.unchanged == 2


def test_only_answers_of_that_day_and_later_are_read(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila")])
        collect(ws)
        assert replay(ws, "HN", since=NOW).answers == 1
        with pytest.raises(ServiceError, match="no answer") as caught:
            replay(ws, "HN", since=NOW + timedelta(seconds=1))
        assert "raw_days" in caught.value.remedy


def test_the_command_prints_what_it_did(tmp_path: Path) -> None:
    with Site() as site:
        serve(site, [hit(1, "Lila")])
        (tmp_path / "oyez.toml").write_text(toml(site), encoding="utf-8")
        oyez("collect", "--home", tmp_path)
    done = oyez("sources", "replay", "HN", "--dry-run", "--home", tmp_path, "--format", "json")
    assert json.loads(done.stdout)[0]["unchanged"] == 1
    assert "Nothing was stored" in done.stderr
    oyez("sources", "replay", "Nowhere", "--home", tmp_path, code=1)
