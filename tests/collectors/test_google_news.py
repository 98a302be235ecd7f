"""Google News: its captured feed, and what a search asks for."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from pydantic import ValidationError
from replay import Reply, Site, door

from collectors.errors import Blocked
from collectors.post import Post, PostKind
from collectors.source import Answer, Page, ParseError
from collectors.sources.google_news import GoogleNews, Options

SEARCH = "/rss/search"
LINK = "https://news.google.com/rss/articles/CBMi{}?oc=5"


def item(
    number: int = 1, *, title: str = "Lila baisse ses prix - Le Matin", guid: bool = True, **more: str
) -> str:
    parts = {
        "link": LINK.format(number),
        "date": "Sat, 21 Nov 2026 07:30:00 GMT",
        "source": '<source url="https://www.lematin.example">Le Matin</source>',
    } | more
    name = f'<guid isPermaLink="false">CBMi{number}</guid>' if guid else ""
    return (
        f"<item><title>{escape(title)}</title><link>{escape(parts['link'])}</link>{name}"
        f"<pubDate>{parts['date']}</pubDate>"
        f'<description>&lt;a href="x"&gt;{escape(title)}&lt;/a&gt;</description>{parts["source"]}</item>'
    )


def feed(*items: str, link: str = "https://news.google.com/search?q=Lila&amp;hl=fr", language: str = "fr") -> str:
    head = f'<title>"Lila" - Google Actualités</title><link>{link}</link><language>{language}</language>'
    channel = f"<channel>{head}{''.join(items)}</channel>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0">{channel}</rss>'


def parse(text: str) -> Page:
    return GoogleNews.parse(Answer("", text.encode()))


def one(text: str) -> Post:
    page = parse(feed(text))
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_result_is_a_headline_of_an_outlet() -> None:
    post = one(item())
    assert (post.kind, post.external_id) == (PostKind.ARTICLE, "CBMi1")
    assert (post.title, post.text, post.language) == ("Lila baisse ses prix", "", "fr")
    assert (post.author.id, post.author.name) == ("www.lematin.example", "Le Matin")
    assert post.author.url == "https://www.lematin.example"
    assert post.published_at == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    assert (post.url, post.segments) == (LINK.format(1), {"outlet": "Le Matin"})


def test_the_token_in_the_opaque_link_is_the_id_with_a_guid_or_without() -> None:
    assert one(item(guid=False)).external_id == one(item()).external_id


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("Prix - délais - service : Lila répond - Le Matin", "Prix - délais - service : Lila répond"),
        ("Lila - Le Soir", "Lila - Le Soir"),
        ("Le Matin", "Le Matin"),
        (" - Le Matin", "- Le Matin"),
        ("Lila & Cie < 10 € - Le Matin", "Lila & Cie < 10 €"),
        ("Lila &amp; Cie - Le Matin", "Lila & Cie"),
    ],
)
def test_the_outlet_is_taken_off_the_headline_where_it_stands_at_its_end(title: str, headline: str) -> None:
    assert one(item(title=title)).title == headline


def test_a_result_without_an_outlet_is_kept() -> None:
    post = one(item(source=""))
    assert (post.title, post.author.name, post.segments) == ("Lila baisse ses prix - Le Matin", None, {})


def test_a_damaged_result_stops_no_other() -> None:
    nameless = item(2, guid=False, link="javascript:alert(1)")
    page = parse(feed(item(1), nameless, item(3, title=""), item(4, date="yesterday"), item(1)))
    assert [post.external_id for post in page.posts] == ["CBMi1", "CBMi4"]
    assert page.posts[1].published_at is None
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


def test_no_result_is_no_error() -> None:
    assert parse(feed()).posts == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "XML is broken"),
        ("<html><body>Avant de continuer</body></html>", "another document"),
        ("<rss/>", "another document"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "another document"),
        ("{}", "XML is broken"),
        (feed(item(), link="https://blog.example/"), "not of Google News"),
        (feed(item())[:-30], "XML is broken"),
    ],
)
def test_any_other_answer_is_named_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(text)
    assert "news.google.com" in caught.value.remedy


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    text = feed(item(title="x")).replace("?>", f"?>{bomb}", 1).replace("<title>x</title>", "<title>&b;x</title>")
    assert all(len(post.title or "") < 20 for post in parse(text).posts)


def test_the_captured_feed_gives_its_two_results(shared: Path) -> None:
    body = (shared / "captures" / "googlenews" / "ko-search-2026-09-27-trimmed.rss.xml").read_bytes()
    page = GoogleNews.parse(Answer("", body))
    raw = list(ET.fromstring(body).iter("item"))
    assert page.faults == []
    assert [post.published_at for post in page.posts] == [
        datetime(2026, 9, 27, 2, 32, tzinfo=UTC),
        datetime(2026, 9, 27, 15, 10, tzinfo=UTC),
    ]
    assert [f"{post.title} - {post.author.name}" for post in page.posts] == [one.findtext("title") for one in raw]
    assert [post.url for post in page.posts] == [one.findtext("link") for one in raw]
    assert [post.author.id for post in page.posts] == ["www.chosun.com", "www.gjdream.com"]
    assert {post.language for post in page.posts} == {"ko"}
    assert all(post.external_id.startswith("CBMi") and len(post.external_id) > 100 for post in page.posts)


# --- searching ----------------------------------------------------------------------------------------------


def read(site: Site, since: datetime | None = None, **more: object) -> list[Page]:
    options = Options.model_validate({"query": "Lila", "site": site.url(""), **more})
    with door(site) as http:
        return list(GoogleNews(options).pages(http, {}, since=since))


def test_a_search_asks_for_the_query_the_press_and_the_last_days() -> None:
    with Site() as site:
        site.put(SEARCH, feed(item()))
        (page,) = read(site, query='"Lila Énergie" OR LilaEnergie', language="en", country="GB", days=2)
        (request,) = site.asked(SEARCH)
    assert len(page.posts) == 1
    assert request.query == {
        "q": '("Lila Énergie" OR LilaEnergie) when:2d', "hl": "en", "gl": "GB", "ceid": "GB:en",
    }  # fmt: skip


def test_reading_back_to_a_day_says_so() -> None:
    with Site() as site:
        site.put(SEARCH, feed())
        read(site, since=datetime(2026, 10, 3, tzinfo=UTC))
        assert site.asked(SEARCH)[0].query["q"] == "Lila after:2026-10-03"


def test_a_full_page_says_that_there_may_be_more() -> None:
    with Site() as site:
        site.put(SEARCH, feed(*(item(number) for number in range(100))))
        (page,) = read(site)
    assert len(page.posts) == 100
    assert "older results are not shown" in page.faults[0].problem


def test_a_headline_that_does_not_name_the_brand_is_kept_for_the_article_does() -> None:
    source = GoogleNews(Options.model_validate({"query": "Lila"}))
    assert source.wants(Post(PostKind.ARTICLE, "1", "", title="Un fournisseur condamné"))


def test_robots_txt_is_obeyed() -> None:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nDisallow: /rss/search")
        with pytest.raises(Blocked, match=r"robots\.txt"):
            read(site)
        assert site.asked(SEARCH) == []


def test_the_page_that_asks_for_consent_is_known() -> None:
    page = '<html><form action="https://consent.google.com/save" method="POST"></form></html>'
    with Site() as site:
        site.route(SEARCH, lambda request: Reply(status=302, headers={"Location": site.url("/consent")}))
        site.put("/consent", page)
        with pytest.raises(Blocked, match="consent"):
            read(site)


@pytest.mark.parametrize(
    "wrong", [{"query": "("}, {"query": ""}, {"language": "fr-FR"}, {"country": "fr"}, {"days": 0}]
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"query": "Lila", **wrong})


def test_it_is_off_and_says_why() -> None:
    assert "non-commercial" in GoogleNews.off_because
