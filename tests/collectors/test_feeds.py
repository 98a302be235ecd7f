"""Feeds of all dialects, read offline and over HTTP."""
# ruff: noqa: E501 - documents read better on one line

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Reply, Site, door

from collectors.errors import Gone, HttpError, NotFound
from collectors.post import PostKind
from collectors.source import Answer, ParseError, find
from collectors.sources.feeds import Feeds, Options

BASE = "https://example.org/feed"
RSS = '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" {more}>{body}</rss>'


def rss(*items: str, more: str = "", channel: str = "") -> bytes:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return RSS.format(more=more, body=f"<channel><title>T</title>{channel}{inner}</channel>").encode()


def atom(*entries: str, head: str = "") -> bytes:
    inner = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr-FR">{head}{inner}</feed>'.encode()


def parse(body, content_type=""):
    return Feeds.parse(Answer(BASE, body.encode() if isinstance(body, str) else body, content_type))


def ids(pages):
    return [post.external_id for page in pages for post in page.posts]


def feed(site, path="/feed", **options):
    return Feeds(Options(url=site.url(path), **options))


@pytest.fixture
def site():
    with Site() as site:
        yield site


# How many items each real feed holds was counted with grep; the first one's id, author and date read by eye.
REAL = [
    ("feeds/feedparser-example.json", 2, "2", "me", None),
    ("feeds/feedparser-large_atom_feed_that_needs_css_sanitisation.xml", 15, "tag:touchnokia.ru,2009://1.666", "iPod",
     "2009-09-09T14:19:45"),
    ("feeds/huginn-github_rss.atom", 20,
     "tag:github.com,2008:Grit::Commit/d0a844662846cf3c83b94c637c1803f03db5a5b0", "cantino", "2014-07-17T05:26:22"),
    ("feeds/huginn-iso-8859-1.rss", 1, "http://example.net/post/1", None, "2016-11-21T16:00:10"),
    ("feeds/huginn-onethingwell.rss", 20, "http://onethingwell.org/post/127163643556", None, "2015-08-20T16:00:10"),
    ("feeds/miniflux-encoding_ISO-8859-1.xml", 40, "https://www.golem.de/1810/137358-rss.html", None,
     "2018-10-28T12:48:00"),
    ("feeds/miniflux-small_atom.xml", 20, None, "fguillot", "2024-03-12T05:30:27"),
    ("feeds/miniflux-urdu_UTF8.xml", 26, "http://www.bbc.com/urdu/pakistan-42575603", None, "2018-01-05T16:51:00"),
    ("feeds/nodefp-illegally-nested.xml", 10, None, None, "2018-01-17T20:50:00"),
    ("feeds/nodefp-intertwingly.atom", 20, "tag:intertwingly.net,2004:3299", "Sam Ruby", "2012-07-16T15:48:01"),
    ("feeds/nodefp-invalid-characters-gzipped.xml", 25, "http://nshipster.com/nsoperation/", "Mattt Thompson",
     "2014-07-14T07:00:00"),
    ("feeds/nodefp-relative-channel-image-url.xml", 1, "https://www.virtualbox.org/ticket/10860#comment:1",
     "dsvensson", "2012-08-24T08:54:14"),
    ("feeds/nodefp-wapowellness.xml", 29, None, "Lenny Bernstein", "2012-08-21T15:33:00"),
    ("feeds/feedparser-rss_item_link_corrupted_ampersands.xml", 1, "http://link/get?a=1&b=2", None, None),
    ("feeds/feedparser-rss_incomplete_cdata.xml", 0, None, None, None),
    ("feeds/feedparser-undeclared_namespace.xml", 0, None, None, None),
    ("forum/live-local-machina-forum-topics.rss.xml", 1, None, None, "2026-11-21T19:04:21"),
    ("forum/live-local-machina-topics.rss.xml", 1, None, None, "2026-11-21T19:04:21"),
    ("forum/live-local-smf21-news.atom.xml", 3, "tag:127.0.0.1,2026-11-21:topic=3", "Anna", "2026-11-21T19:19:46"),
    ("forum/live-local-smf21-recent.atom.xml", 4, "tag:127.0.0.1,2026-11-21:msg=4", "Anna", "2026-11-21T19:19:46"),
    ("forum/live-local-smf21-recent.rdf.xml", 4, "http://127.0.0.1:8086/index.php?topic=3.msg4#msg4", None, None),
    ("forum/live-local-smf21-recent.rss.xml", 4, "tag:127.0.0.1,2026-11-21:msg=4", None, "2026-11-21T19:19:46"),
    ("forum/live-local-smf21-recent.rss2.xml", 4, "tag:127.0.0.1,2026-11-21:msg=4", None, "2026-11-21T19:19:46"),
    ("isso/live-local-feed.atom.xml", 2, "tag:127.0.0.1:8082,2018:/isso/1/1", "Élodie", "2026-11-21T19:02:02.209496"),
    ("googlenews/ko-search-2026-09-27-trimmed.rss.xml", 2, None, None, "2026-09-27T02:32:00"),
    ("reddit/a2web-listing.rss", 25, "t3_1qm7i79", "/u/Winyamo", "2026-01-25T03:07:14"),
    ("reddit/a2web-thread.rss", 34, "t3_1qcwxml", "/u/aspiring-housewife-", "2026-01-14T19:32:56"),
    ("wordpress/live-local-comments-feed.xml", 3, "http://127.0.0.1:8081/baguette-levain/#comment-2", "Élodie",
     "2026-11-21T18:52:29"),
    ("wordpress/live-local-single-post-comments-feed.xml", 2, "http://127.0.0.1:8081/baguette-levain/#comment-2",
     "Élodie", "2026-11-21T18:52:29"),
    ("wordpress/live-local-posts-feed.xml", 3, "http://127.0.0.1:8081/opening-hours-during-summer/", "admin",
     "2026-11-21T18:52:29"),
    ("wordpress/live-local-posts-atom.xml", 3, "http://127.0.0.1:8081/opening-hours-during-summer/", "admin",
     "2026-11-21T18:52:29"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "count", "first_id", "author", "date"), REAL, ids=[row[0] for row in REAL])
def test_every_real_feed_gives_the_items_that_are_in_it(shared, name, count, first_id, author, date):
    posts = parse((shared / "captures" / name).read_bytes()).posts
    assert len(posts) == count
    assert len({post.external_id for post in posts}) == count
    if not count:
        return
    first = posts[0]
    assert first_id in {None, first.external_id}
    assert first.author.name == author
    assert first.published_at == (datetime.fromisoformat(date).replace(tzinfo=UTC) if date else None)
    assert all(post.text or post.title or post.url for post in posts)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("feeds/nodefp-notafeed.html", "HTML page"),
        ("forum/live-local-smf21-topic.html", "HTML page"),
        ("forum/live-local-smf21-recent.smf.xml", "<smf:xml-feed>"),
        ("wordpress/live-local-sitemap.xml", "<sitemapindex>"),
        ("wordpress/live-local-rest-posts.json", "no JSON Feed"),
        ("hackernews/pyhn-1.1.json", "no JSON Feed"),
        ("reddit/a2web-old_reddit_network_policy_block.html", "HTML page"),
    ],
)
def test_a_real_file_that_is_no_feed_says_what_it_is(shared, name, why):
    with pytest.raises(ParseError, match=why) as caught:
        parse((shared / "captures" / name).read_bytes())
    assert caught.value.remedy


def test_a_page_that_names_its_feed_gives_that_as_the_remedy(shared):
    with pytest.raises(ParseError) as caught:
        parse((shared / "captures/forum/live-local-smf21-index.html").read_bytes())
    assert "http://127.0.0.1:8086/index.php?action=.xml;type=rss2" in caught.value.remedy


def test_real_replies_know_what_they_answer(shared):
    isso = parse((shared / "captures/isso/live-local-feed.atom.xml").read_bytes()).posts
    assert [post.parent_id for post in isso] == [None, isso[0].external_id]
    wordpress = parse((shared / "captures/wordpress/live-local-comments-feed.xml").read_bytes()).posts
    assert [post.parent_id for post in wordpress] == [None, wordpress[0].external_id, None]
    assert {post.kind for post in wordpress + isso} == {PostKind.COMMENT}


def test_what_the_forum_adds_and_what_others_said_is_not_the_authors_text(shared):
    smf = parse((shared / "captures/forum/live-local-smf21-recent.atom.xml").read_bytes()).posts
    assert smf[1].text.startswith("Strange") and "25 minutes" not in smf[1].text
    machina = parse((shared / "captures/forum/live-local-machina-topics.rss.xml").read_bytes()).posts
    assert machina[0].text.endswith("!")
    reddit = parse((shared / "captures/reddit/a2web-thread.rss").read_bytes()).posts
    assert not any("submitted by" in post.text for post in reddit)
    assert {post.kind for post in reddit} == {PostKind.POST, PostKind.COMMENT}


def test_a_headline_given_twice_is_kept_once_and_the_outlet_named(shared):
    post = parse((shared / "captures/googlenews/ko-search-2026-09-27-trimmed.rss.xml").read_bytes()).posts[1]
    assert post.title is None
    assert post.segments == {"outlet": "gjdream.com"}
    assert "gjdream.com" not in post.text


def test_the_whole_text_comes_before_a_summary():
    body = rss(
        "<guid>1</guid><description>Short</description><content:encoded>&lt;p&gt;Long and whole&lt;/p&gt;</content:encoded>"
    )
    assert parse(body).posts[0].text == "Long and whole"


def test_identity_is_the_id_then_the_link_then_a_hash():
    with_id, with_link, with_text = parse(
        rss(
            "<guid>a</guid><link>https://x.test/1</link>",
            "<link>https://x.test/2</link>",
            "<title>Only this</title>",
        )
    ).posts
    assert with_id.external_id == "a"
    assert with_link.external_id == "https://x.test/2"
    assert len(with_text.external_id) == 64


def test_an_id_that_several_items_share_is_not_trusted():
    body = rss(*[f"<guid>same</guid><link>https://x.test/{n}</link><title>{n}</title>" for n in range(3)])
    assert [post.external_id for post in parse(body).posts] == [f"https://x.test/{n}" for n in range(3)]


def test_an_item_given_twice_is_one():
    body = rss(
        "<guid>a</guid><description>short</description>", "<guid>a</guid><description>much longer</description>"
    )
    assert [post.text for post in parse(body).posts] == ["much longer"]


def test_an_item_without_a_date_has_none_and_keeps_its_identity():
    first, again = parse(rss("<guid>a</guid><title>x</title>")), parse(rss("<guid>a</guid><title>x</title>"))
    assert first.posts == again.posts
    assert first.posts[0].published_at is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [("Tue, 03 Mar 26 10:00:00 EST", 15), ("Tue, 3 Mar 2026 10:00 +0200", 8), ("2026-03-03T10:00:00Z", 10),
     ("mar., 03 mars 2026 10:00:00 +0100", 9)],
)  # fmt: skip
def test_dates_of_every_age_are_read(date, expected):
    post = parse(rss(f"<guid>a</guid><pubDate>{date}</pubDate>")).posts[0]
    assert post.published_at == datetime(2026, 3, 3, expected, tzinfo=UTC)


def test_a_date_that_is_none_does_not_cost_the_item():
    assert parse(rss("<guid>a</guid><pubDate>yesterday-ish</pubDate>")).posts[0].published_at is None


def test_atom_has_its_own_author_language_and_dates():
    body = atom(
        "<id>t:1</id><title>A</title><updated>2026-03-04T00:00:00Z</updated><published>2026-03-03T00:00:00Z</published>",
        head="<author><name>House</name></author>",
    )
    post = parse(body).posts[0]
    assert (post.author.name, post.language) == ("House", "fr")
    assert (post.published_at.day, post.updated_at.day) == (3, 4)


def test_dublin_core_and_counts_are_read():
    more = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    item = "<guid>1</guid><dc:creator>Zoé</dc:creator><dc:date>2026-03-03</dc:date><slash:comments>7</slash:comments>"
    post = parse(rss(item, more=more)).posts[0]
    assert (post.author.name, post.published_at.day, post.reach.comments) == ("Zoé", 3, 7)


def test_html_escaped_twice_becomes_text():
    post = parse(
        rss("<guid>1</guid><description>&amp;lt;p&amp;gt;Bien &amp;amp;amp; bon&amp;lt;/p&amp;gt;</description>")
    ).posts[0]
    assert post.text == "Bien & bon"


def test_a_link_that_is_not_of_the_web_is_no_link():
    posts = parse(
        rss("<guid>1</guid><link>javascript:alert(1)</link>", "<guid>2</guid><link>/relative</link>")
    ).posts
    assert [post.url for post in posts] == [None, "https://example.org/relative"]


def test_a_broken_item_is_a_fault_and_the_rest_goes_on():
    page = parse(rss("<guid>1</guid>", "", "<guid>3</guid>"))
    assert [post.external_id for post in page.posts] == ["1", "3"]
    assert len(page.faults) == 1


def test_a_feed_cut_short_gives_what_is_whole_and_says_so():
    body = rss("<guid>1</guid><title>A</title>", "<guid>2</guid><title>B</title>")
    page = parse(body[:-60])
    assert page.posts[0].external_id == "1"
    assert "not well-formed" in page.faults[0].problem


@pytest.mark.parametrize("layers", [1, 2])
def test_a_feed_saved_packed_is_unpacked(layers):
    body = rss("<guid>1</guid>")
    for _ in range(layers):
        body = gzip.compress(body)
    assert len(parse(body).posts) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "iso-8859-15"])
def test_every_encoding_is_read(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><item><title>Déçue</title></item></channel></rss>'
    assert parse(text.encode(encoding)).posts[0].title == "Déçue"


def test_odd_texts_pass():
    items = [f"<guid>{n}</guid><description>{text}</description>" for n, text in
             enumerate(["😡😡", "", "x" * 100_000, "=cmd|'/c calc'!A0", "a\x00b"])]  # fmt: skip
    texts = [post.text for post in parse(rss(*items)).posts]
    assert texts == ["😡😡", "", "x" * 100_000, "=cmd|'/c calc'!A0", "ab"]


BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, XXE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bombs_and_foreign_entities_are_refused(doctype, encoding):
    text = f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel><item><title>&b;&x;</title></item></channel></rss>'
    with pytest.raises(ParseError, match="entities"):
        parse(text.encode(encoding))


def test_an_old_doctype_is_harmless():
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    body = f'{doctype}<rss version="0.91"><channel><item><title>A</title></item></channel></rss>'
    assert len(parse(body).posts) == 1


def test_json_feeds_are_read_and_their_broken_items_named():
    items = [{"id": 7, "url": "https://x.test/7", "content_html": "<p>Hi</p>", "date_published": "2026-03-03T10:00:00Z",
              "authors": [{"name": "Ann", "url": "https://ann.test/"}], "language": "en-GB"}, 3, {}, {"content_text": "x"}]  # fmt: skip
    page = parse(
        json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items, "authors": [{"name": "All"}]})
    )
    first, second = page.posts
    assert (first.external_id, first.text, first.author.name, first.language) == ("7", "Hi", "Ann", "en")
    assert first.published_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert (second.text, second.author.name) == ("x", "All")
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"\x00",
        b"plain words",
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\x1f\x8b\x08broken",
        b'{"kind": "youtube#commentThreadListResponse", "items": [{"id": "1"}]}',
    ],
)
def test_what_is_no_feed_is_a_parse_error(body):
    with pytest.raises(ParseError):
        parse(body)


PIECES = st.sampled_from(
    ["<rss version='2.0'>", "<channel>", "<item>", "</item>", "<guid>", "</guid>", "<pubDate>", "<feed xmlns='http://www.w3.org/2005/Atom'>",
     "<entry>", "<id>", "<link href='", "'/>", "<content type='xhtml'>", "<![CDATA[", "]]>", "&lt;p&gt;", "&#0;", "&bad;", "<title>",
     "<!--", "{\"items\": [", "{}", "]}", "\x00", "é", "http://[", "<media:group>", "<dc:creator>", "2026-13-99", "<a xml:base='http://['>"]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=15).map(lambda parts: "".join(parts).encode()))
)
def test_no_bytes_make_it_raise_anything_but_a_parse_error(body):
    try:
        page = parse(body)
    except ParseError as error:
        assert str(error)
    else:
        assert len({post.external_id for post in page.posts}) == len(page.posts)


# --- over HTTP


def test_it_is_found_by_its_name_and_wants_an_address():
    assert find("feeds") is Feeds
    with pytest.raises(ValidationError, match="address"):
        Options()


def test_a_feed_that_did_not_change_is_not_read_again(site):
    site.put_versioned("/feed", rss("<guid>1</guid>"), etag='"v1"')
    source = feed(site)
    with door(site) as http:
        first = list(source.pages(http, {}))
        again = list(source.pages(http, json.loads(json.dumps(first[-1].cursor))))
        site.put_versioned("/feed", rss("<guid>2</guid>", "<guid>1</guid>"), etag='"v2"')
        changed = list(source.pages(http, again[-1].cursor))
    assert (ids(first), ids(again), ids(changed)) == (["1"], [], ["2", "1"])
    assert first[0].answer.body == rss("<guid>1</guid>")


def test_options_decide_what_items_are(site):
    site.put("/feed", rss("<guid>1</guid>"))
    with door(site) as http:
        post = next(feed(site, kind="review", language="fr").pages(http, {})).posts[0]
    assert (post.kind, post.language) == (PostKind.REVIEW, "fr")


def test_one_feed_that_fails_does_not_keep_the_others_from_being_read(site):
    site.put("/good", rss("<guid>1</guid>"))
    site.put("/html", "<html><body>no feed</body></html>")
    source = Feeds(Options(urls=(site.url("/gone"), site.url("/html"), site.url("/good"))))
    got = []
    with door(site) as http, pytest.raises(NotFound):
        for page in source.pages(http, {}):
            got.append(page)
    assert ids(got) == ["1"]
    assert list(got[-1].cursor["feeds"]) == [site.url("/good")]


def test_a_feed_that_is_gone_for_good_says_so(site):
    site.put("/feed", status=410)
    with door(site) as http, pytest.raises(Gone) as caught:
        list(feed(site).pages(http, {}))
    assert caught.value.permanent


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(site):
    site.put("/feed", status=301, headers={"Location": "/new"})
    site.put("/new", rss("<guid>1</guid>"))
    source = feed(site)
    with door(site) as http:
        cursor = list(source.pages(http, {}))[-1].cursor
        list(source.pages(http, cursor))
    assert len(site.asked("/feed")) == 1
    assert len(site.asked("/new")) == 2


@pytest.mark.parametrize(
    "tracking", ["utm_source=a&utm_medium=b", "fbclid=1", "gclid=2", "xtor=RSS-3", "UTM_Campaign=x"]
)
def test_an_item_named_by_its_link_is_the_same_however_its_readers_are_tracked(tracking):
    link = "<link>https://x.test/a?id=7&amp;{}#comment-2</link>"
    first, second = rss(link.format("utm_source=feed")), rss(link.format(tracking.replace("&", "&amp;")))
    (post,), (again,) = parse(first).posts, parse(second).posts
    assert post.external_id == again.external_id == "https://x.test/a?id=7#comment-2"
    assert again.url == f"https://x.test/a?id=7&{tracking}#comment-2"


def test_an_id_that_is_given_is_kept_as_it_is_even_where_it_looks_like_a_tracked_address():
    name = "https://X.test/a?utm_source=x&b=2&a=1"
    (post,) = parse(rss(f"<guid>{name.replace('&', '&amp;')}</guid>")).posts
    assert post.external_id == name


@pytest.mark.parametrize(
    "reply",
    [Reply(body=b"<html>not a feed</html>"), Reply(status=500), Reply(status=403), Reply(reset=True),
     Reply(body=gzip.compress(b"\0" * 30_000_000, mtime=0), headers={"Content-Encoding": "gzip"}),
     Reply(body=(f"<?xml version='1.0'?>{BOMB}<rss/>").encode())],
)  # fmt: skip
def test_every_fault_is_an_error_of_the_source_and_the_cursor_is_as_before(site, reply):
    site.once("/feed", Reply(body=rss("<guid>1</guid>"), headers={"ETag": '"1"'}), reply)
    source = feed(site)
    with door(site, retries=0, max_bytes=1_000_000) as http:
        cursor = list(source.pages(http, {}))[-1].cursor
        before = json.dumps(cursor)
        with pytest.raises((HttpError, ParseError)):
            list(source.pages(http, cursor))
        assert json.dumps(cursor) == before
