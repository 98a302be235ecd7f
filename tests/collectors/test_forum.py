"""Forums: the feeds of each software, what they add to posts, and how a forum's feed is found."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import Reply, Site, door

from collectors.errors import Blocked, RateLimited
from collectors.forums import feeds_named_in, own_words
from collectors.markup import to_text
from collectors.post import Post, PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.forum import Forum, Options

FOLDER = "captures/forum"
FEEDS = [
    "recent.atom.xml",
    "recent.rss.xml",
    "recent.rss2.xml",
    "recent.rdf.xml",
    "recent.smf.xml",
    "news.atom.xml",
]


def captured(shared: Path, name: str) -> list[Post]:
    page = Forum.parse(Answer("", (shared / FOLDER / f"live-local-{name}").read_bytes()))
    assert page.faults == []
    return page.posts


@pytest.mark.parametrize("name", FEEDS)
def test_every_dialect_of_smf_gives_the_same_posts(shared: Path, name: str) -> None:
    posts = captured(shared, f"smf21-{name}")
    wanted = [
        (PostKind.POST, "Best bakery in Lyon?", "Boulangerie Martin has lovely croissants."),
        (PostKind.COMMENT, "Re: Boulangerie Martin : fuyez !", "Strange, I loved it. Friendly staff!"),
        (
            PostKind.POST,
            "Boulangerie Martin : fuyez !",
            "Très déçue : 25 minutes d'attente, baguette trop cuite.",
        ),
    ]
    wanted = wanted if "recent" in name else wanted[::2]
    assert [(post.kind, post.title, post.text) for post in posts[:-1]] == wanted
    assert posts[-1].title == "Welcome to SMF!"
    assert posts[-1].text.endswith("Thanks!\nSimple Machines")
    if "rdf" not in name:
        assert {post.published_at for post in posts[:-1]} == {datetime(2026, 11, 21, 19, 19, 46, tzinfo=UTC)}
    if "smf" not in name:
        assert all(post.url and "topic=" in post.url for post in posts)


@pytest.mark.parametrize("name", ["recent.atom.xml", "recent.smf.xml"])
def test_the_dialects_that_name_authors_agree(shared: Path, name: str) -> None:
    posts = captured(shared, f"smf21-{name}")
    assert [post.author.name for post in posts] == ["Anna", "John", "Elodie", "Simple Machines"]
    assert [post.external_id for post in posts] == [f"tag:127.0.0.1,2026-11-21:msg={n}" for n in (4, 3, 2, 1)]


def test_smf_s_own_xml_names_the_board(shared: Path) -> None:
    assert {post.segments["board"] for post in captured(shared, "smf21-recent.smf.xml")} == {"General Discussion"}


@pytest.mark.parametrize("name", ["machina-topics.rss.xml", "machina-forum-topics.rss.xml"])
def test_machina_s_item_is_the_last_post_and_not_by_who_began_the_topic(shared: Path, name: str) -> None:
    (post,) = captured(shared, name)
    assert (post.text, post.author.name) == ("Strange, I loved it. Friendly staff!", None)
    assert (post.title, post.segments) == ("Boulangerie Martin : fuyez !", {"board": "Avis clients"})
    assert post.published_at == datetime(2026, 11, 21, 19, 4, 21, tzinfo=UTC)
    assert (post.url or "").endswith("/boulangerie-martin-fuyez-1/")


@pytest.mark.parametrize(
    "name", ["smf21-index.html", "smf21-board.html", "smf21-topic.html", "machina-forum.html"]
)
def test_a_captured_page_is_no_feed_and_names_the_feed(shared: Path, name: str) -> None:
    body = (shared / FOLDER / f"live-local-{name}").read_bytes()
    with pytest.raises(ParseError, match="HTML page") as caught:
        Forum.parse(Answer("http://127.0.0.1:8085/forum/", body))
    wanted = "action=.xml;type=atom" if "smf" in name else "http://127.0.0.1:8085/forum/feeds/topics/"
    assert wanted in caught.value.remedy


def machina(date: str, text: str, by: str = "Posted by ali - Nov. 21, 2026, 8:04 p.m.") -> str:
    return f"""<rss version="2.0"><channel><title>Latest topics</title><item><title>Avis • Panne</title>
    <link>https://f.example/forum/avis-1/topic/panne-1/</link><guid>https://f.example/forum/avis-1/topic/panne-1/</guid>
    <description>&lt;p&gt;{text}&lt;/p&gt;\n&lt;br /&gt;&lt;br /&gt;\n &lt;i&gt;{by}&lt;/i&gt;\n</description>
    <pubDate>{date}</pubDate></item></channel></rss>"""


def test_a_new_answer_in_a_topic_of_machina_is_another_post_and_not_an_edit() -> None:
    first, again, second = (
        Forum.parse(Answer("", machina("Sat, 21 Nov 2026 10:00:00 +0000", text).encode())).posts[0]
        for text in ("Un", "Un", "Deux")  # the date is the topic's and never changes
    )
    assert first == again
    assert first.external_id != second.external_id
    assert (second.text, second.title) == ("Deux", "Panne")


PHPBB = """<p>Statistics: Posted by <a href="https://f.example/memberlist.php?mode=viewprofile&u=2">ali</a> —
 Sat Nov 21, 2026 8:04 pm</p><hr />"""


@pytest.mark.parametrize(
    "frame",
    [
        PHPBB,
        "<p>Statistiques : Publié par Visiteur — 21 nov. 2026, 20:04</p><hr />\n",
        '<p>Statistik: Verfasst von <a href="https://f.example/u/2">ali</a> — 21. Nov 2026, 20:04</p><hr />',
    ],
)
def test_what_phpbb_adds_below_a_post_is_not_its_text(frame: str) -> None:
    assert to_text(own_words(f"Très <em>mauvais</em>.<br>Vraiment.{frame}")) == "Très mauvais.\nVraiment."


@pytest.mark.parametrize(
    "kept", ["<p>Rien à ajouter</p><hr />", "<p>Au revoir — pour toujours</p><hr />", "<i>2 - 1</i>"]
)
def test_what_an_author_wrote_last_is_kept(kept: str) -> None:
    assert own_words(f"Bonjour{kept}") == f"Bonjour{kept}"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<hr/>", " — ", ": ", "1", "<a x>", "<br>", "<i>"]), max_size=300)
)
def test_no_markup_keeps_it_busy_or_makes_it_longer(pieces: list[str]) -> None:
    markup = "".join(pieces)
    assert markup.startswith(own_words(markup))


def test_a_feed_of_phpbb_in_full() -> None:
    feed = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><title>Forum</title>
    <entry><author><name><![CDATA[zoé]]></name></author><updated>2026-11-21T11:00:00+01:00</updated>
    <published>2026-11-21T10:00:00+01:00</published><id>https://f.example/viewtopic.php?p=12#p12</id>
    <link href="https://f.example/viewtopic.php?p=12#p12"/><title type="html"><![CDATA[Avis • Re: Panne]]></title>
    <content type="html"><![CDATA[
    <blockquote><div><cite>ali wrote:</cite>Bien</div></blockquote>Non, nul.{PHPBB}]]>
    </content></entry></feed>"""
    (post,) = Forum.parse(Answer("", feed.encode())).posts
    assert (post.kind, post.title, post.text) == (PostKind.COMMENT, "Re: Panne", "Non, nul.")
    assert (post.author.name, post.segments, post.language) == ("zoé", {"board": "Avis"}, None)
    assert post.published_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert post.external_id == "https://f.example/viewtopic.php?p=12#p12"


def smf(*items: str) -> bytes:
    return f"""<?xml version="1.0"?><smf:xml-feed xmlns:smf="http://www.simplemachines.org/xml/recent"
    forum-url="https://f.example/index.php">{"".join(items)}</smf:xml-feed>""".encode()


def test_an_item_of_smf_s_xml_without_an_id_is_named_and_the_rest_goes_on() -> None:
    items = [f'<recent-post><time UTC="2026-11-21 10:00:00"/>{number}<body>x</body></recent-post>'
             for number in ("<id>1</id>", "", "<id>3</id>")]  # fmt: skip
    page = Forum.parse(Answer("", smf(*items)))
    assert [post.external_id for post in page.posts] == [f"tag:f.example,2026-11-21:msg={n}" for n in (1, 3)]
    assert [fault.item for fault in page.faults] == ["item 2"]


def test_entities_of_smf_s_xml_are_not_followed() -> None:
    body = smf("<recent-post><id>1</id><body>&e;</body></recent-post>")
    bomb = body.replace(b"<smf:", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><smf:', 1)
    assert [post.text for post in Forum.parse(Answer("", bomb)).posts] in ([], [""])


def test_feeds_that_a_page_names_come_before_those_that_are_usual_and_atom_before_rss() -> None:
    page = """<link rel="alternate" type="application/rss+xml" href="/rss"><link rel="stylesheet" href="x.css">
    <link href="a.xml?x=1&amp;y=2" type="application/atom+xml" rel="alternate">Powered by phpBB"""
    assert feeds_named_in(page, "https://f.example/board/index.php?x=/y") == [
        "https://f.example/board/a.xml?x=1&y=2", "https://f.example/rss",
        "https://f.example/board/app.php/feed", "https://f.example/board/feed.php",
    ]  # fmt: skip


def test_smf_is_asked_for_more_than_ten_posts() -> None:
    page = '<link rel="alternate" type="application/atom+xml" href="/index.php?action=.xml;type=atom">'
    assert feeds_named_in(page, "https://f.example/") == [
        "https://f.example/index.php?action=.xml;type=atom;limit=100"
    ]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


FEED = machina("Sat, 21 Nov 2026 10:00:00 +0000", "Un")


def walk(site: Site, cursor: Cursor | None = None, path: str = "/forum/") -> list[Page]:
    with door(site) as http:
        return list(Forum(Options(url=site.url(path), language="fr")).pages(http, cursor or {}))


def test_the_feed_that_the_front_page_names_is_found_once_and_remembered(site: Site) -> None:
    site.put("/forum/", '<html><link rel="alternate" type="application/rss+xml" href="/forum/latest.rss"></html>')
    site.put_versioned("/forum/latest.rss", FEED, etag='"1"', content_type="application/rss+xml")
    (page,) = walk(site)
    assert [(post.text, post.language) for post in page.posts] == [("Un", "fr")]
    (unchanged,) = walk(site, page.cursor)
    assert unchanged.posts == []
    assert len(site.asked("/forum/")) == 1


def test_the_usual_place_is_tried_where_a_page_names_none(site: Site) -> None:
    site.put("/forum/", "<html><body>Powered by phpBB</body></html>")
    site.put("/forum/feed.php", FEED, content_type="application/atom+xml")
    assert len(walk(site)[0].posts) == 1
    assert site.paths[1:4] == ["/forum/", "/forum/app.php/feed", "/forum/feed.php"]


def test_the_address_of_a_feed_is_taken_as_it_is(site: Site) -> None:
    site.put("/forum/feeds/topics/", FEED, content_type="application/rss+xml")
    assert len(walk(site, path="/forum/feeds/topics/")[0].posts) == 1


def test_a_feed_that_has_moved_is_looked_for_again(site: Site) -> None:
    site.put("/forum/", '<html><link rel="alternate" type="application/rss+xml" href="/new.rss"></html>')
    site.put("/new.rss", FEED, content_type="application/rss+xml")
    (page,) = walk(site, {"feed": site.url("/old.rss"), "feeds": {}})
    assert page.cursor["feed"] == site.url("/new.rss")


def test_a_forum_without_a_feed_says_what_to_do(site: Site) -> None:
    site.put("/forum/", '<html><link rel="alternate" type="application/rss+xml" href="/page"></html>')
    site.put("/page", "<html>not a feed</html>")
    with pytest.raises(SourceError, match="no feed was found") as caught:
        walk(site)
    assert "site" in caught.value.remedy


def test_refusals_and_pauses_are_those_of_the_door(site: Site) -> None:
    site.put("/forum/", "<html>forbidden</html>", status=403)
    with pytest.raises(Blocked):
        walk(site)
    site.put("/forum/", FEED, content_type="application/rss+xml")
    cursor = walk(site)[0].cursor
    site.route("/forum/", lambda request: Reply(status=429, headers={"Retry-After": "900"}))
    with pytest.raises(RateLimited):
        walk(site, cursor)
