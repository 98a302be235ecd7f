"""Reviews that pages mark up, read offline and over HTTP."""
# ruff: noqa: E501 - documents read better on one line

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import Site

from collectors.post import PostKind
from collectors.source import Answer, ParseError
from collectors.sources.review_pages import ReviewPages

PAGE = "https://shop.test/product?id=1"


def review(text="Bien", author="Ann", **more):
    return {"@type": "Review", "reviewBody": text, "author": {"@type": "Person", "name": author}, **more}


def product(*reviews, name="Kettle", **more):
    return {"@context": "https://schema.org", "@type": "Product", "name": name, "review": list(reviews), **more}


def page(*documents, body="", head=""):
    scripts = "".join(
        f'<script type="application/ld+json">{document if isinstance(document, str) else json.dumps(document)}</script>'
        for document in documents
    )
    return f"<!doctype html><html><head><title>P</title>{head}{scripts}</head><body>{body}</body></html>"


def parse(body, url=PAGE, content_type="text/html; charset=utf-8"):
    return ReviewPages.parse(Answer(url, body.encode() if isinstance(body, str) else body, content_type))


@pytest.fixture
def site():
    with Site() as site:
        yield site


# Reviews were counted with grep ("@type": "Review", itemtype=…/Review); two pages repeat some word for word:
# chefjeanpierre marks each of its 12 up twice, rachlmansfield one of its 77.
REAL = [
    ("chefjeanpierre.com__chefjeanpierre_1", 12, 12, "Karen Harrington", "2024-11-24", 5.0),
    ("familyspice.com__familyspice_1", 1, 1, "David K. Starnes", "2017-10-28", 5.0),
    ("rachlmansfield.com__rachlmansfield", 77, 77, "Kellie", "2020-02-13", 5.0),
    ("ricardocuisine.com__ricardocuisine_1", 10, 0, "Anonymous", "2025-10-27", None),
    ("williams-sonoma.com__williamssonoma_2", 8, 8, "Donnagar10", "2022-10-30", 1.0),
]
ONLY_AVERAGES = [
    "page-750g.com__g750g", "page-bbcgoodfood.com__bbcgoodfood_1", "page-cuisine.journaldesfemmes.fr__journaldesfemmes_1",
    "page-cuisineaz.com__cuisineaz", "page-jow.fr__jow", "page-kwestiasmaku.com__kwestiasmaku",
    "page-madame.lefigaro.fr__madamelefigaro", "page-moulinex.fr__moulinex_1", "page-receitas.globo.com__globo",
    "extruct-LocalBusiness.002", "extruct-product", "extruct-product-ref", "extruct-product_microdata",
    "extruct-JSONLD_with_JS_comment", "extruct-JSONLD_with_control_characters", "extruct-jsonld_empty_item_test",
    "extruct-microdata-with-description", "extruct-opengraph_ns_product_test",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "count", "rated", "author", "date", "stars"), REAL, ids=[row[0] for row in REAL]
)
def test_every_real_page_gives_the_reviews_that_are_in_it(shared, name, count, rated, author, date, stars):
    found = parse((shared / f"captures/schemaorg/page-{name}.html").read_bytes())
    assert found.faults == []
    assert len({post.external_id for post in found.posts}) == len(found.posts) == count
    assert sum(post.rating is not None for post in found.posts) == rated
    first = found.posts[0]
    assert (first.author.name, first.published_at) == (author, datetime.fromisoformat(date).replace(tzinfo=UTC))
    assert (first.rating.value if first.rating else None) == stars
    assert all(post.kind is PostKind.REVIEW and post.text for post in found.posts)


@pytest.mark.parametrize("name", ONLY_AVERAGES)
def test_a_real_page_with_only_an_average_has_no_reviews_and_no_fault(shared, name):
    found = parse((shared / f"captures/schemaorg/{name}.html").read_bytes())
    assert (found.posts, found.faults) == ([], [])


def test_null_blocks_between_real_ones_do_no_harm(shared):
    found = parse((shared / "captures/schemaorg/extruct-null_ld_mock.html").read_bytes())
    assert len(found.posts) == 1
    assert found.posts[0].rating is None


def test_a_real_french_review_in_json_ld_of_its_own(shared):
    path = shared / "captures/trustpilot/intersport-fr-jsonld-review-excerpt.json"
    post = parse(path.read_bytes(), "https://fr.trustpilot.com/review/x").posts[0]
    assert post.external_id.startswith("https://www.trustpilot.com/#/schema/Review/")
    assert (post.rating.value, post.published_at) == (5.0, datetime(2025, 9, 4, 11, 55, 19, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "why"),
    [("feeds/huginn-github_rss.atom", "feed"), ("wordpress/live-local-rest-posts.json", "no JSON-LD"),
     ("appstore/jp-1404176564-p1.json", "no JSON-LD")],
)  # fmt: skip
def test_a_real_file_that_is_no_web_page_says_what_it_is(shared, name, why):
    with pytest.raises(ParseError, match=why) as caught:
        parse((shared / "captures" / name).read_bytes())
    assert caught.value.remedy


def test_a_review_in_full():
    post = parse(page(product(review(
        "Parfait", headline="Top", datePublished="2026-03-03", inLanguage="fr-FR", upvoteCount="3",
        reviewRating={"@type": "Rating", "ratingValue": "4,5", "bestRating": "5"},
        comment={"@type": "Comment", "text": "Merci", "dateCreated": "2026-03-04", "author": {"@type": "Organization"}},
    )))).posts[0]  # fmt: skip
    assert (post.text, post.title, post.author.name, post.language) == ("Parfait", "Top", "Ann", "fr")
    assert (post.rating.value, post.rating.best) == (4.5, 5)
    assert (post.published_at, post.owner_reply.text) == (datetime(2026, 3, 3, tzinfo=UTC), "Merci")
    assert (post.reach.likes, post.segments, post.url) == (3, {"product": "Kettle"}, PAGE)


@pytest.mark.parametrize(
    "document",
    [
        review(itemReviewed={"@type": "Product", "name": "Kettle"}),
        [review(itemReviewed="Kettle")],
        {"@graph": [review(itemReviewed={"@id": "#it"}), {"@type": "Product", "@id": "#it", "name": "Kettle"}]},
        {"@type": "Product", "name": "Kettle", "reviews": [review()]},
        {"@type": "WebPage", "name": "Page", "mainEntity": product(review())},
        {
            "@type": ["Product", "Thing"],
            "name": ["Kettle"],
            "review": {"@type": "http://schema.org/UserReview", "description": "Bien", "author": "Ann"},
        },
    ],
)
def test_a_review_and_its_product_are_found_wherever_they_stand(document):
    (post,) = parse(page(document)).posts
    assert (post.text, post.author.name, post.segments) == ("Bien", "Ann", {"product": "Kettle"})


@pytest.mark.parametrize(
    "broken",
    [
        '/* note */ {"@type": "Review", "reviewBody": "see https://x.test // not a comment", "author": "Ann",}',
        '<!-- {"@type": "Review", "reviewBody": "see https://x.test // not a comment", "author": "Ann"} -->',
        '//<![CDATA[\n{"@type": "Review", "reviewBody": "see https://x.test // not a comment", "author": "Ann"}\n//]]>',
        '{"@type": "Review", "reviewBody": "see\thttps://x.test // not a comment", "author": "Ann"};',
        '{"@type": "Review", "reviewBody": "see https://x.test // not a comment", "author": "Ann"} trailing words',
        "{&quot;@type&quot;: &quot;Review&quot;, &quot;reviewBody&quot;: &quot;see https://x.test // not a comment&quot;, &quot;author&quot;: &quot;Ann&quot;}",
    ],
)
def test_json_ld_is_read_as_tolerantly_as_search_engines_do(broken):
    (post,) = parse(page(broken)).posts
    assert post.text == "see https://x.test // not a comment"


def test_names_that_no_database_can_hold_are_mended():
    (post,) = parse(page(product(review(**{"@id": "https://x.test/\ud800r\0"})))).posts
    assert post.external_id == "https://x.test/r"


def test_a_block_beyond_repair_is_a_fault_and_the_others_go_on():
    found = parse(page('{"@type": "Review", "reviewBody": "cut', product(review()), '{"@type": "Offer", "price'))
    assert len(found.posts) == 1
    assert [fault.item for fault in found.faults] == ["JSON-LD block 1"]


MICRODATA = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Kettle</h1>
<div itemprop="review" itemscope itemtype="http://schema.org/Review" itemid="urn:r:1"><b itemprop="name">Super</b>
 <span itemprop="author" itemscope itemtype="https://schema.org/Person"><span itemprop="name">Ann</span></span>
 <meta itemprop="datePublished" content="2026-03-03"><time itemprop="dateModified" datetime="2026-03-04">hier</time>
 <div itemprop="reviewRating" itemscope><meta itemprop="ratingValue" content="8"><meta itemprop="bestRating" content="10"></div>
 <p itemprop="reviewBody">Ligne un<br>ligne <i>deux</i></p></div>
<div itemscope itemtype="https://schema.org/Review" itemref="far"><p itemprop="description">Bof</p></div></div>
<p id="far"><span itemprop="author">Bob</span></p>"""


def test_microdata_is_read_nested_beside_and_by_reference():
    first, second = parse(page(body=MICRODATA)).posts
    assert (first.external_id, first.title, first.text) == ("urn:r:1", "Super", "Ligne un\nligne deux")
    assert (first.author.name, first.rating.value, first.rating.best) == ("Ann", 8, 10)
    assert (first.published_at.day, first.updated_at.day) == (3, 4)
    assert (second.author.name, second.text) == ("Bob", "Bof")
    assert first.segments == second.segments == {"product": "Kettle"}


def test_a_review_marked_up_in_both_formats_is_one():
    both = page(product(review("Bof", "Bob"), review("Bof", "Zoé")), body=MICRODATA)
    assert [(post.author.name, post.text[:5]) for post in parse(both).posts] == [
        ("Bob", "Bof"),
        ("Zoé", "Bof"),
        ("Ann", "Ligne"),
    ]


@pytest.mark.parametrize(
    ("given_rating", "value", "best"),
    [({"ratingValue": 4}, 4, 5), ({"ratingValue": "4,5"}, 4.5, 5), ({"ratingValue": "8/10"}, 8, 10),
     ({"ratingValue": "4,5/5"}, 4.5, 5), ({"ratingValue": 80, "bestRating": 100, "worstRating": 0}, 80, 100), ("3", 3, 5),
     ([{"ratingValue": "2"}], 2, 5)],
)  # fmt: skip
def test_ratings_are_read_on_their_own_scale(given_rating, value, best):
    rating = parse(page(product(review(reviewRating=given_rating)))).posts[0].rating
    assert (rating.value, rating.best) == (value, best)


@pytest.mark.parametrize(
    "given_rating", [{"ratingValue": 0, "bestRating": 0}, {"ratingValue": "7"}, {"ratingValue": "good"}]
)
def test_a_rating_that_is_none_is_named_and_the_text_is_kept(given_rating):
    found = parse(page(product(review(reviewRating=given_rating))))
    assert (found.posts[0].rating, found.posts[0].text) == (None, "Bien")
    assert "rating" in found.faults[0].problem


def test_a_review_with_nothing_in_it_is_a_fault():
    found = parse(page(product({"@type": "Review", "author": "Ann", "datePublished": "2026-01-01"}, review())))
    assert (len(found.posts), len(found.faults)) == (1, 1)


@pytest.mark.parametrize("name", [{"@id": "#r1"}, {"url": "https://shop.test/r/1"}, {"identifier": "r-1"}])
def test_an_edited_review_keeps_the_identity_that_the_page_gives_it(name):
    before = parse(page(product(review("Bien", **name)))).posts[0]
    after = parse(page(product(review("En fait non", **name)))).posts[0]
    assert before.external_id == after.external_id
    assert before.text != after.text


def test_the_address_of_the_page_is_no_identity_of_its_reviews():
    posts = parse(
        page(
            product(
                review("A", url=PAGE), review("B", url=PAGE), review("C", url="/all"), review("D", url="/all")
            )
        )
    ).posts
    assert len({post.external_id for post in posts}) == 4


def test_a_review_that_moves_to_the_next_page_stays_the_same():
    on_first = parse(page(review()), "https://shop.test/p?id=1&page=1").posts[0]
    on_second = parse(page(review()), "https://shop.test/p?id=1&page=2").posts[0]
    elsewhere = parse(page(review()), "https://shop.test/p?id=2").posts[0]
    assert on_first.external_id == on_second.external_id != elsewhere.external_id


def test_the_same_words_by_two_people_or_on_two_days_are_two_reviews():
    posts = parse(
        page(product(review("Top", "A"), review("Top", "B"), review("Top", "A", datePublished="2026-01-01")))
    ).posts
    assert len(posts) == 3


def test_a_review_named_by_its_address_is_the_same_however_its_readers_are_tracked():
    found = [
        parse(page(product(review(url=f"https://shop.test/r/1?{query}#top")))).posts[0].external_id
        for query in ("utm_source=a", "fbclid=b&gclid=c", "xtor=EPR-1")
    ]
    assert found == ["https://shop.test/r/1#top"] * 3


def test_a_tracked_address_of_the_page_itself_names_no_review():
    (post,) = parse(page(product(review(url=f"{PAGE}&utm_source=a")))).posts
    assert len(post.external_id) == 64


def test_an_id_that_is_given_is_kept_as_it_is():
    (post,) = parse(page(product(review(**{"@id": "https://shop.test/r?utm_source=a&b=2&a=1"})))).posts
    assert post.external_id == "https://shop.test/r?utm_source=a&b=2&a=1"


def test_odd_texts_pass():
    texts = ["😡", "x" * 100_000, "=1+1", "a\x00b", "&lt;p&gt;once more&lt;/p&gt;"]
    posts = parse(page(product(*[review(text, str(n)) for n, text in enumerate(texts)]))).posts
    assert [post.text for post in posts] == ["😡", "x" * 100_000, "=1+1", "ab", "once more"]


@pytest.mark.parametrize("depth", [200, 50_000])
def test_documents_of_absurd_depth_are_survived(depth):
    nested = '{"a":' * depth + "1" + "}" * depth
    assert parse(page(nested, product(review()))).posts
    assert parse(page(product(review()), body="<div itemscope itemprop=a>" * depth)).posts


def test_items_that_refer_to_each_other_in_circles_are_survived():
    circle = '<div id="a" itemscope itemref="b"></div><div id="b" itemscope itemprop="review" itemref="a b c"></div><div id="c" itemscope itemprop="x" itemref="b c">'
    assert parse(page(product(review()), body=circle * 3)).posts


@pytest.mark.parametrize(
    "block",
    [
        '"\\' * 200_000,
        "/*" * 200_000,
        "[" + ", " * 200_000,
        "{" + " " * 400_000 + "]]>",
        "review" + '"a' * 200_000,
    ],
)
def test_a_block_made_to_keep_us_busy_does_not(block):
    assert len(parse(page(block, product(review()))).posts) == 1


@pytest.mark.parametrize(
    "body", [b"", b" ", b"plain words", b"{", b"{}", b"[1]", b"[" * 100_000, b"%PDF-1.4", b"\x1f\x8b\x08bad"]
)
def test_what_is_no_web_page_is_a_parse_error(body):
    with pytest.raises(ParseError):
        parse(body)


PIECES = st.sampled_from(
    ["<html>", '<script type="application/ld+json">', "</script>", '{"@type":"Review"', ',"reviewBody":"x"', ',"author":', "[", "]",
     "{", "}", '"', ",", ':', "null", "1e999", '"reviewRating":{"ratingValue":', "NaN", '"@id":"http://["', "<div itemscope itemtype=Review>",
     "<p itemprop='review reviewBody'>", "itemref='a' id='a'>", "</div>", "\x00", "é", "<a rel=next href='http://['>", "<?xml?>", "<!--"]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=15).map(lambda parts: "".join(parts).encode()))
)
def test_no_bytes_make_it_raise_anything_but_a_parse_error(body):
    try:
        found = parse(body, content_type="")
    except ParseError as error:
        assert str(error)
    else:
        assert len({post.external_id for post in found.posts}) == len(found.posts)
