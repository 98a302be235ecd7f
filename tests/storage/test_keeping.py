"""Brands, sources, reports, raw answers, the logs; looking at mentions and forgetting them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from material import ALWAYS, EVERYTHING, NOW, STORY, TODAY, Desk, annotation, author, contents, edited, post
from sqlalchemy import select

from collectors.post import OwnerReply, PostKind, Reach
from collectors.source import Answer
from nlp.annotation import Sentiment, TouchpointOpinion
from storage import annotations as opinions
from storage import audit, brands, mentions, raw, reports, runs, sources
from storage.alerts import AlertDraft, list_alerts, raise_alert
from storage.brands import BrandSpec
from storage.database import Database
from storage.forget import forget_author
from storage.health import health
from storage.tables import RawAnswer


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def test_brands_follow_the_configuration(database: Database) -> None:
    with database.begin() as conn:
        ids = brands.sync(conn, [BrandSpec("Acme", {"aliases": ["ACME"]}), BrandSpec("Rival")])
        assert brands.sync(conn, [BrandSpec("Acme", {"aliases": ["Acmé"]})]) == {"Acme": ids["Acme"]}
        assert [brand.name for brand in brands.all_brands(conn)] == ["Acme"]
        rival = brands.find(conn, "Rival")
        assert rival is not None
        assert not rival.active
        found = brands.find(conn, "Acme")
        assert found is not None
        assert found.settings == {"aliases": ["Acmé"]}
        assert brands.find(conn, "Nobody") is None
        assert brands.sync(conn, [BrandSpec("Rival")]) == {"Rival": ids["Rival"]}
        assert [brand.name for brand in brands.all_brands(conn)] == ["Rival"]
        assert len(brands.all_brands(conn, active_only=False)) == 2


def test_several_may_need_a_brand_and_a_source_first(database: Database) -> None:
    def ensure(_: int) -> tuple[int, int]:
        with database.begin() as conn:
            return brands.ensure(conn, "Acme"), sources.ensure(conn, "shop", "feeds")

    with ThreadPoolExecutor() as pool:
        assert len(set(pool.map(ensure, range(6)))) == 1


def test_a_source_remembers_where_it_stopped(desk: Desk) -> None:
    with desk.database.begin() as conn:
        assert sources.state(conn, desk.source).cursor == {}
        sources.record_success(conn, desk.source, {"etag": "a\x00"}, NOW, 7)
        sources.record_success(conn, desk.source, {"etag": "b"}, NOW, 3)
        state = sources.state(conn, desk.source)
    assert (state.cursor, state.posts, state.failures, state.last_success_at) == ({"etag": "b"}, 10, 0, NOW)


def test_failures_add_up_until_a_success(desk: Desk) -> None:
    later = NOW + timedelta(hours=1)
    with desk.database.begin() as conn:
        sources.record_success(conn, desk.source, {"page": 1}, NOW)
        for _ in range(2):
            sources.record_failure(conn, desk.source, "429: too many requests", later)
        state = sources.state(conn, desk.source)
        assert (state.failures, state.problem, state.cursor) == (2, "429: too many requests", {"page": 1})
        assert (state.last_attempt_at, state.last_success_at) == (later, NOW)
        sources.record_success(conn, desk.source, {}, later)
        assert (sources.state(conn, desk.source).failures, sources.state(conn, desk.source).problem) == (0, None)


def test_a_source_of_another_kind_begins_anew(desk: Desk) -> None:
    with desk.database.begin() as conn:
        sources.record_success(conn, desk.source, {"page": 1}, NOW)
        assert sources.ensure(conn, "shop", "review_pages") == desk.source
        assert sources.state(conn, desk.source).cursor == {"page": 1}
        assert sources.ensure(conn, "shop", "feeds") == desk.source
        assert (sources.state(conn, desk.source).kind, sources.state(conn, desk.source).cursor) == ("feeds", {})
        with pytest.raises(LookupError):
            sources.state(conn, 99)


def test_silence_is_told_when_it_is_unusual(desk: Desk) -> None:
    lively, rare, silent = (desk.another_source(name) for name in ("lively", "rare", "silent"))
    for source, every in ((lively, 1), (rare, 10)):
        posts = [post(str(n), f"t{n}", published_at=NOW - timedelta(days=8 + n * every)) for n in range(9)]
        desk.store(*posts, source=source)
    with desk.database.read() as conn:
        found = {one.state.id: one for one in health(conn, NOW)}
        assert found[lively].quiet
        assert (found[lively].mentions, found[lively].usual_per_day) == (9, 1.0)
        assert found[lively].newest_day == TODAY - timedelta(days=8)
        assert not found[rare].quiet
        assert found[rare].usual_per_day == pytest.approx(8 / 80)
        assert (found[silent].newest_day, found[silent].usual_per_day, found[silent].quiet) == (None, 0, False)
        a_week_before = health(conn, NOW - timedelta(days=3))
        assert not any(one.quiet for one in a_week_before)


def test_a_report_is_frozen(desk: Desk) -> None:
    document = {"z": 1.25, "a": {"q": ["é\x00", None]}}
    with desk.database.begin() as conn:
        first = reports.freeze(conn, desk.brand, "weekly", "2026-W46", document, NOW)
        again = reports.freeze(conn, desk.brand, "weekly", "2026-W46", {"other": 1}, NOW + timedelta(days=1))
        assert again == first
        assert (first.brand, first.frozen_at, first.document) == (
            "Acme",
            NOW,
            {"z": 1.25, "a": {"q": ["é", None]}},
        )
        assert list(first.document) == ["z", "a"]
        assert reports.get(conn, first.id) == reports.find(conn, desk.brand, "weekly", "2026-W46") == first
        french = reports.freeze(conn, desk.brand, "weekly", "2026-W46", {}, NOW, language="fr")
        assert french.id != first.id
        assert reports.find(conn, desk.brand, "weekly", "2026-W47") is None
        with pytest.raises(LookupError):
            reports.get(conn, 99)
        later = reports.freeze(conn, desk.brand, "weekly", "2026-W47", {}, NOW + timedelta(days=7))
        assert [report.id for report in reports.list_reports(conn)] == [later.id, french.id, first.id]
        assert reports.list_reports(conn, 99) == []


def test_an_answer_can_be_replayed_until_its_time_is_over(desk: Desk) -> None:
    answers = [
        Answer(f"https://e.org/{n}", bytes(range(256)) * n, "text/html", {"ETag": "x", "Set-Cookie": "secret"})
        for n in range(3)
    ]
    with desk.database.begin() as conn:
        for n, answer in enumerate(answers):
            raw.keep(conn, desk.source, answer, NOW + timedelta(hours=n), keep_days=30)
        raw.keep(conn, desk.source, Answer("https://e.org/never", b"x"), NOW, keep_days=0)
    with desk.database.begin() as conn:
        kept = [raw.read(conn, number) for number in raw.kept(conn, desk.source)]
        assert [at for at, _ in kept] == [NOW + timedelta(hours=n) for n in range(3)]
        assert [(a.url, a.body, a.content_type) for _, a in kept] == [
            (a.url, a.body, a.content_type) for a in answers
        ]
        assert kept[0][1].headers == {"ETag": "x"}
        assert len(raw.kept(conn, desk.source, since=NOW + timedelta(hours=2))) == 1
        assert raw.purge(conn, NOW + timedelta(days=30)) == 1
        assert raw.purge(conn, NOW + timedelta(days=31)) == 2
        assert [raw.read(conn, number) for number in raw.kept(conn, desk.source)] == []


def test_the_same_answer_is_kept_once_and_compressed(desk: Desk) -> None:
    body = b"<p>avis</p>" * 10_000
    with desk.database.begin() as conn:
        for days in range(3):
            raw.keep(conn, desk.source, Answer("https://e.org/", body), NOW + timedelta(days=days), keep_days=30)
        raw.keep(conn, desk.source, Answer("https://e.org/2", body), NOW, keep_days=30)
        rows = conn.execute(select(RawAnswer).order_by(RawAnswer.id)).all()
        assert len(rows) == 2
        assert len(rows[0].body) < 1_000
        assert rows[0].expires_at == NOW + timedelta(days=32)


def test_no_secret_of_an_address_or_a_header_is_kept(desk: Desk) -> None:
    link = '<https://anne:pw@e.org/feed?page=3&api_key=sekret>; rel="next", </about?token=1>; rel="about"'
    for number, url in enumerate(
        [
            "https://anne:sekret@e.org/feed?page=2&API_KEY=sekret&access_token=sekret&monkey=1",
            "https://[sekret/?token=sekret",
            "urn:feed",
        ]
    ):
        with desk.database.begin() as conn:
            raw.keep(conn, desk.source, Answer(url, b"%d" % number, "", {"link": link}), NOW, 7)
    with desk.database.read() as conn:
        kept = [raw.read(conn, number)[1] for number in raw.kept(conn, desk.source)]
        assert [answer.url for answer in kept] == [
            "https://e.org/feed?page=2&monkey=1",
            "https://[sekret/",
            "urn:feed",
        ]
        assert kept[0].headers["link"].startswith('<https://e.org/feed?page=3>; rel="next", ')


def test_the_logs_remember_newest_first(database: Database) -> None:
    with database.begin() as conn:
        first = runs.start(conn, "collect", NOW)
        runs.finish(conn, first, NOW + timedelta(minutes=1), {"new": 3}, "one source failed")
        runs.start(conn, "annotate", NOW + timedelta(minutes=2))
        annotating, collecting = runs.recent(conn)
        assert (annotating.kind, annotating.finished_at, annotating.counts) == ("annotate", None, {})
        assert (collecting.counts, collecting.problem) == ({"new": 3}, "one source failed")
        assert runs.recent(conn, "collect") == [collecting]
        audit.record(conn, "cli", "export", {"rows": 3}, NOW)
        audit.record(conn, "anne", "forget author", {}, NOW)
        assert [(entry.actor, entry.action, entry.detail) for entry in audit.entries(conn)] == [
            ("anne", "forget author", {}),
            ("cli", "export", {"rows": 3}),
        ]
        assert len(audit.entries(conn, limit=1)) == 1


def test_a_mention_is_shown_with_all_that_is_known_of_it(desk: Desk) -> None:
    given = post(
        "1",
        title="Bien",
        url="https://e.org/1",
        owner_reply=OwnerReply("Merci", NOW),
        reach=Reach(views=5),
        segments={"store": "Lyon"},
        author=author("Zoé"),
        kind=PostKind.COMMENT,
    )
    desk.store(given)
    with desk.database.begin() as conn:
        opinions.save(conn, "m", [(desk.mention().id, 1, EVERYTHING)], NOW)
    with desk.database.read() as conn:
        [view] = mentions.latest(conn, desk.brand)
        assert mentions.get(conn, view.id) == view
        assert mentions.get(conn, 99) is None
    assert (view.source, view.source_kind, view.kind) == ("shop", "review_pages", PostKind.COMMENT)
    assert (view.title, view.text, view.url, view.rating) == ("Bien", given.text, given.url, given.rating)
    assert (view.owner_reply, view.reach, view.copies, view.segments) == (given.owner_reply, 5, 1, given.segments)
    assert (view.moment, view.dated, view.author_key, view.author_name) == (
        given.published_at,
        True,
        "~shop:id-Zoé",
        None,
    )
    assert view.annotation == EVERYTHING
    assert view.language == "fr"


def test_the_newest_mentions_come_first(desk: Desk) -> None:
    hours = [5, 50, 1, 20, 100]
    desk.store(*[post(str(h), f"il y a {h} h", published_at=NOW - timedelta(hours=h)) for h in hours])
    with desk.database.read() as conn:
        for brand in (desk.brand, None):
            assert [int(view.external_id) for view in mentions.latest(conn, brand)] == sorted(hours)
        assert len(mentions.latest(conn, desk.brand, limit=2)) == 2


def test_mentions_can_be_asked_for_by_what_they_say(desk: Desk) -> None:
    blog = desk.another_source("blog")
    desk.store(post("a", "un"), post("b", "deux", published_at=NOW - timedelta(days=9)))
    desk.store(post("c", "trois", language="en"), source=blog, now=NOW + timedelta(hours=1))
    said = {
        "a": annotation(sentiment=Sentiment(0.8, 0.1, 0.1)),
        "b": annotation(touchpoints=(TouchpointOpinion("price", "negative", 0.9, "x"),)),
    }
    with desk.database.begin() as conn:
        opinions.save(conn, "m", [(desk.mention(name).id, 1, what) for name, what in said.items()], NOW)

    def ask(**how: Any) -> str:
        with desk.database.read() as conn:
            return "".join(sorted(view.external_id for view in mentions.latest(conn, desk.brand, **how)))

    assert ask() == "abc"
    assert ask(sentiment="negative") == "a"
    assert ask(sentiment="positive") == "b"
    assert ask(source_id=blog) == "c"
    assert ask(language="fr") == "ab"
    assert ask(language="en") == "c"
    assert ask(touchpoint="price") == "b"
    assert ask(touchpoint="price", polarities=["positive"]) == ""
    assert ask(touchpoint="delivery", polarities=["positive", "mixed"]) == "a"
    assert ask(start=TODAY - timedelta(days=2)) == "ac"
    assert ask(end=TODAY - timedelta(days=2)) == "b"
    assert ask(seen_since=NOW + timedelta(minutes=1)) == "c"


def test_sources_are_counted_by_brand_and_period(desk: Desk) -> None:
    blog = desk.another_source("blog")
    desk.store(*[post(str(n), f"t{n}", published_at=NOW - timedelta(days=n)) for n in range(3)])
    desk.store(post("z"), source=blog)
    with desk.database.read() as conn:
        shop, other = mentions.counts_by_source(conn, desk.brand)
        assert (shop.source, shop.source_kind, shop.mentions) == ("shop", "review_pages", 3)
        assert (shop.first_day, shop.last_day, other.mentions) == (TODAY - timedelta(days=2), TODAY, 1)
        [only] = mentions.counts_by_source(conn, desk.brand, TODAY, TODAY)
        assert (only.source, only.mentions) == ("shop", 1)
        assert mentions.counts_by_source(conn, 99) == []


def test_what_an_author_wrote_is_forgotten_everywhere_and_for_good(desk: Desk) -> None:
    mine = [post("1", "secret un", author=author("Jean")), post("2", STORY + " secret", author=author("Jean"))]
    desk.store(*mine, post("3", "celui d'un autre"))
    desk.store(edited(mine[0], text="secret deux", owner_reply=OwnerReply("secret aussi")))
    with desk.database.begin() as conn:
        raw.keep(conn, desk.source, Answer("https://e.org/", b"secret"), NOW, 30)
        waiting = mentions.pending(conn, "m", 10)
        said = annotation(touchpoints=(TouchpointOpinion("price", "negative", 0.9, "secret"),))
        opinions.save(conn, "m", [(m.id, m.revision, said) for m in waiting if m.text != "celui d'un autre"], NOW)
        told = {"source": "shop", "date": "2026-11-19", "text": "secret", "url": "https://example.org/secret"}
        detail = {"t": "secret", "reasons": ["sarcasm"], "mention": told}
        drafted = AlertDraft("r", desk.brand, "k", "high", "secret", detail, desk.mention("1").id)
        raise_alert(conn, drafted, ["mail"], NOW)
    desk.work()
    with desk.database.begin() as conn:
        assert forget_author(conn, "~shop:id-Jean", NOW, actor="anne") == 2
        assert forget_author(conn, "~shop:id-Jean", NOW, actor="anne") == 0
    assert "secret" not in repr(contents(desk.database))
    assert "Jean" not in repr(contents(desk.database))
    desk.work()
    assert desk.tally().mentions == 1
    assert desk.store(*mine, now=NOW + timedelta(days=1)).unchanged == 2
    assert "secret" not in repr(contents(desk.database))
    with desk.database.read() as conn:
        [alert] = list_alerts(conn)
        assert (alert.title, alert.detail) == (
            "[erased]",
            {"reasons": ["sarcasm"], "mention": {"source": "shop", "date": "2026-11-19", "text": "[erased]"}},
        )
        assert audit.entries(conn)[-1].action == "forget author"
        assert opinions.quotes(conn, desk.brand, *ALWAYS, "price") == []
