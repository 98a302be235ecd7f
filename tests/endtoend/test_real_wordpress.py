"""WordPress itself, read through `oyez collect`: comments, posts, answers, edits, deletions, 304 and 429."""

import time
from collections.abc import Iterator

import pytest
from desk import Desk, counts
from wordpress import WordPress, wordpress

from collectors.errors import RateLimited
from collectors.http import Http, HttpSettings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wordpress")]
BRAND = "Boulangerie Martin"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    with wordpress(tmp_path_factory.mktemp("wp")) as site:
        yield site


@pytest.fixture
def site(server: WordPress) -> WordPress:
    """The site without a post and without a comment."""
    server.clear()
    return server


def test_posts_comments_and_the_owners_answers_come_in_once(site: WordPress, desk: Desk) -> None:
    desk.watch(BRAND, blog=("wordpress", {"url": site.url, "read": ["comments", "posts"]}))
    post = site.publish("Le pain au levain", "<p>Notre <em>nouveau</em> pain est là.</p>")
    lea = site.comment(post, "Très bon pain 🥖 & croûte parfaite !", name="Léa", at="2026-07-01T22:30:00")
    site.comment(post, "Merci Léa, à bientôt.", parent=lea, at="2026-07-01T23:00:00")
    site.comment(post, "Attente trop longue le samedi.", name="Éric", at="2026-07-02T08:00:00")

    assert counts(desk.collect()["blog"]) == [3, 0, 0, 0]
    found = desk.export()
    assert set(found) == {
        "Notre nouveau pain est là.", "Très bon pain 🥖 & croûte parfaite !", "Attente trop longue le samedi.",
    }  # fmt: skip
    praise = found["Très bon pain 🥖 & croûte parfaite !"]
    assert praise["kind"] == "comment"
    assert praise["owner_reply"] == "Merci Léa, à bientôt."
    assert praise["published_at"] == "2026-07-01T22:30:00+00:00"
    assert praise["url"] == f"{site.url}/le-pain-au-levain/#comment-{lea}"
    assert praise["segments"] == {"article": "Le pain au levain"}
    assert "Léa" not in praise["author"]
    assert found["Notre nouveau pain est là."]["title"] == "Le pain au levain"

    assert counts(desk.collect()["blog"])[:2] == [0, 0]
    assert desk.export() == found


def test_an_edit_is_a_new_revision_and_a_deletion_a_tombstone(site: WordPress, desk: Desk) -> None:
    desk.watch(BRAND, blog=("wordpress", {"url": site.url}))
    post = site.publish("Horaires", "Ouvert à 7 h.")
    first = site.comment(post, "Service lent.", name="Ana")
    second = site.comment(post, "Personnel charmant.", name="Bob")
    desk.collect()

    site.edit(first, "Service lent, mais poli.")
    assert counts(desk.collect()["blog"]) == [0, 1, 1, 0]
    assert desk.older_wordings("Service lent, mais poli.") == ["Service lent."]

    site.delete(second)
    assert counts(desk.collect()["blog"]) == [0, 0, 1, 1]
    assert set(desk.export()) == {"Service lent, mais poli."}
    assert desk.deleted() == ["Personnel charmant."]
    assert counts(desk.collect()["blog"]) == [0, 0, 1, 0]


def test_more_comments_than_fit_on_a_page_come_in_each_once(site: WordPress, desk: Desk) -> None:
    desk.watch(BRAND, blog=("wordpress", {"url": site.url}))
    post = site.publish("Concours", "Votre plus beau souvenir ?")
    site.comment_much(post, 103)
    assert counts(desk.collect()["blog"]) == [103, 0, 0, 0]
    assert counts(desk.collect()["blog"]) == [0, 0, 103, 0]


def test_a_feed_that_has_nothing_new_is_answered_304(site: WordPress, desk: Desk) -> None:
    desk.watch(BRAND, feed=("feeds", {"url": f"{site.url}/comments/feed/"}))
    post = site.publish("Galette", "Demain, la galette.")
    site.comment(post, "Vivement demain 😀", name="Zoé")
    before = len(site.served("/comments/feed/"))
    assert counts(desk.collect()["feed"]) == [1, 0, 0, 0]
    assert counts(desk.collect()["feed"]) == [0, 0, 0, 0]
    time.sleep(1.1)  # WordPress tells changes of a feed apart by the second
    site.comment(post, "Deux pour nous.", name="Zoé")
    assert counts(desk.collect()["feed"])[0] == 1
    assert site.served("/comments/feed/")[before:] == [200, 304, 200]
    assert set(desk.export()) == {"Vivement demain 😀", "Deux pour nous."}


def test_a_site_that_is_flooded_says_so_and_is_left_alone(site: WordPress) -> None:
    """WordPress itself refuses a second comment within 15 seconds with 429: the door then closes."""
    post = site.publish("Questions", "Posez-les ici.")
    settings = HttpSettings(min_delay=0, allowed_hosts=frozenset({"127.0.0.1"}))
    form = {"comment_post_ID": str(post), "author": "Max", "email": "max@example.test"}
    with Http(settings) as http:
        http.post(f"{site.url}/wp-comments-post.php", form={**form, "comment": "Une question."})
        with pytest.raises(RateLimited) as caught:
            http.post(f"{site.url}/wp-comments-post.php", form={**form, "comment": "Une autre question."})
        assert caught.value.response is not None
        assert caught.value.response.status == 429
        asked = len(site.served("/"))
        with pytest.raises(RateLimited, match="left alone until"):
            http.get(site.url)
        assert len(site.served("/")) == asked


def test_a_site_without_its_interface_says_so_and_is_read_by_its_feed(site: WordPress, desk: Desk) -> None:
    feed = ("feeds", {"url": f"{site.url}/comments/feed/"})
    desk.watch(BRAND, blog=("wordpress", {"url": site.url}), feed=feed)
    post = site.publish("Fermeture", "Fermé lundi.")
    site.comment(post, "Dommage.", name="Ida")
    with site.without_interface():
        told = desk.collect(code=1)
    assert "401" in told["blog"]["problem"]
    assert told["blog"]["remedy"]
    assert counts(told["feed"]) == [1, 0, 0, 0]
    assert set(desk.export()) == {"Dommage."}
