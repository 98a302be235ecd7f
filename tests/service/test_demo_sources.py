"""The sample web as the real collectors read it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from collectors.http import Http, HttpSettings
from collectors.post import Post, PostKind, Question
from collectors.source import Cursor, Page, find
from service.demo.content import BRAND, RIVALS, crisis_week
from service.demo.pages import APP_ID
from service.demo.web import SampleWeb

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def web() -> Iterator[SampleWeb]:
    with SampleWeb(TODAY) as served:
        yield served


@pytest.fixture(scope="module")
def http(web: SampleWeb) -> Iterator[Http]:
    with Http(HttpSettings(allowed_hosts=frozenset({f"127.0.0.1:{web.port}"}), min_delay=0)) as http:
        yield http


def read(http: Http, name: str, cursor: Cursor | None = None, **options: Any) -> list[Page]:
    source = find(name)
    return list(source(source.Options.model_validate(options)).pages(http, cursor or {}))


def posts_of(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def said(web: SampleWeb, *channels: str) -> dict[str, Any]:
    return {item.id: item for item in web.items if item.channel in channels}


def test_the_shop_gives_every_review_with_its_stars_replies_and_products(web: SampleWeb, http: Http) -> None:
    pages = read(http, "review_pages", url=f"{web.url}/shop/halombre", complete_listing=True)
    posts = {post.external_id.removeprefix("urn:halombre:"): post for post in posts_of(pages)}
    expected = said(web, "shop")
    assert posts.keys() == expected.keys()
    for name, post in posts.items():
        item = expected[name]
        assert post.rating and post.rating.value == item.stars and post.rating.question is Question.SATISFACTION
        assert (post.title, post.published_at, post.language) == (item.title, item.at, item.language)
        assert (post.owner_reply.text if post.owner_reply else None) == item.reply
        assert post.text.split() == item.text.split()
    assert sum(post.owner_reply is not None for post in posts.values()) >= 5
    assert len([fault for page in pages for fault in page.faults]) == 1


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rivals_page_gives_its_reviews(web: SampleWeb, http: Http, rival: str) -> None:
    posts = posts_of(read(http, "review_pages", url=f"{web.url}/shop/{rival.lower()}"))
    assert len(posts) == sum(item.brand == rival for item in web.items)


def test_the_shop_shows_an_edited_and_a_deleted_review_at_the_second_visit() -> None:
    with (
        SampleWeb(TODAY, visit=1) as web,
        Http(HttpSettings(allowed_hosts=frozenset({f"127.0.0.1:{web.port}"}), min_delay=0)) as http,
    ):
        address = f"{web.url}/shop/{BRAND.lower()}"
        first = read(http, "review_pages", url=address, complete_listing=True)
        web.visit = 2
        second = read(http, "review_pages", first[-1].cursor, url=address, complete_listing=True)
    before = {post.external_id: post for post in posts_of(first)}
    after = {post.external_id: post for post in posts_of(second)}
    [gone] = [post.external_id for post in after.values() if post.deleted]
    assert gone in before
    changed = [name for name in before.keys() & after.keys() if name != gone and before[name] != after[name]]
    assert len(changed) == 1
    assert before.keys() <= after.keys()


def test_the_blog_gives_its_articles_and_comments_and_one_fault(web: SampleWeb, http: Http) -> None:
    pages = read(http, "feeds", urls=[f"{web.url}/blog/atom.xml", f"{web.url}/blog/comments.xml"])
    posts = posts_of(pages)
    assert len(posts) == len(said(web, "blog"))
    articles = {post.external_id for post in posts if post.kind is PostKind.ARTICLE}
    comments = [post for post in posts if post.kind is PostKind.COMMENT]
    assert len(articles) == sum(item.title is not None for item in said(web, "blog").values())
    assert comments and {post.parent_id for post in comments} <= articles
    assert {post.language for post in posts} == {"fr", "en"}
    assert len([fault for page in pages for fault in page.faults]) == 1


def test_the_forum_gives_its_posts_one_fault_and_one_date_ahead(web: SampleWeb, http: Http) -> None:
    pages = read(http, "feeds", url=f"{web.url}/forum/feed.xml", kind="post")
    posts = posts_of(pages)
    assert len(posts) == len(said(web, "forum"))
    assert {post.kind for post in posts} == {PostKind.POST}
    ahead = [post for post in posts if post.published_at and post.published_at.date() > TODAY]
    assert len(ahead) == 1
    assert len([fault for page in pages for fault in page.faults]) == 1


def test_a_feed_that_did_not_change_is_not_sent_again(web: SampleWeb, http: Http) -> None:
    first = read(http, "feeds", url=f"{web.url}/forum/feed.xml")
    assert not posts_of(read(http, "feeds", first[-1].cursor, url=f"{web.url}/forum/feed.xml"))


def test_the_app_store_gives_the_reviews_of_both_countries(web: SampleWeb, http: Http) -> None:
    pages = read(http, "app_store", app_id=APP_ID, countries=["fr", "gb"], site=web.url)
    posts = posts_of(pages)
    expected = said(web, "app")
    assert len(posts) == len(expected)
    assert sorted(post.rating.value for post in posts if post.rating) == sorted(
        i.stars for i in expected.values()
    )


def test_the_survey_gives_answers_on_recommending(web: SampleWeb, http: Http, tmp_path: Path) -> None:
    path = tmp_path / "réponses.csv"
    path.write_bytes(httpx.get(f"{web.url}/survey/reponses.csv").content)
    posts = posts_of(read(http, "files", path=str(path)))
    expected = said(web, "survey")
    assert {post.external_id for post in posts} == expected.keys()
    for post in posts:
        item = expected[post.external_id]
        assert (post.rating.value if post.rating else None) == item.score
        assert post.rating is None or post.rating.question is Question.RECOMMENDATION
        assert (post.text, post.language) == (item.text, item.language)
        assert post.published_at and post.published_at.date() == item.at.date()
        assert post.segments["location"]


def test_the_week_of_the_crisis_stands_out_in_what_is_collected(web: SampleWeb, http: Http) -> None:
    posts = posts_of(read(http, "review_pages", url=f"{web.url}/shop/halombre", complete_listing=True))
    monday, sunday = crisis_week(TODAY)
    days = [post.published_at.date() for post in posts if post.published_at]
    during = sum(monday <= day <= sunday for day in days)
    before = sum(monday - timedelta(days=28) <= day < monday for day in days) / 4
    assert during > 1.5 * before
