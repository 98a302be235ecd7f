"""Tables recognised as a whole: mystery visits, transcripts, exports of LinkedIn, reviews of Tripadvisor."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import Post, PostKind, Reach
from collectors.presets import recognise
from collectors.source import Answer, Page
from collectors.sources.files import Files, Options
from collectors.transcripts import customer_words, looks_like_transcript, turns


def parse(body: str | bytes) -> Page:
    return Files.parse(Answer("", body.encode() if isinstance(body, str) else body))


def table(*rows: tuple[object, ...], delimiter: str = ";") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def read(path: Path, body: str, **options: object) -> list[Page]:
    path.write_text(body, encoding="utf-8")
    return list(Files(Options.model_validate({"path": str(path), **options})).pages(None, {}))  # type: ignore[arg-type]


def rating(post: Post) -> tuple[float, float, float] | None:
    return (post.rating.value, post.rating.worst, post.rating.best) if post.rating else None


# Mystery visits

GRID = (
    ("Visite", "Date", "Magasin", "Critère", "Note", "Commentaire"),
    ("V1", "04/03/2026", "Lyon", "Accueil", "4", "Bonjour immédiat et souriant"),
    ("V1", "04/03/2026", "Lyon", "Attente en caisse", "1", "Vingt minutes, une seule caisse ouverte"),
    ("V2", "25/03/2026", "Nîmes", "Accueil", "5", ""),
)


def test_a_grid_gives_a_post_for_each_criterion_of_a_visit() -> None:
    page = parse(table(*GRID))
    first, second, third = page.posts
    assert {post.kind for post in page.posts} == {PostKind.VISIT}
    assert first.external_id == "V1 / Accueil"
    assert first.segments == {"visit": "V1", "criterion": "Accueil", "location": "Lyon"}
    assert (rating(second), second.text) == ((1, 1, 5), "Vingt minutes, une seule caisse ouverte")
    assert (rating(third), third.text) == ((5, 1, 5), "")
    assert third.published_at == datetime(2026, 3, 25, tzinfo=UTC)


def test_a_corrected_mark_keeps_the_name_of_its_row() -> None:
    rows = [list(row) for row in GRID]
    rows[1][4] = "2"
    before, after = parse(table(*GRID)).posts[0], parse(table(*map(tuple, rows))).posts[0]
    assert (before.external_id, rating(before)) == (after.external_id, (4, 1, 5))
    assert rating(after) == (2, 1, 5)


def test_marks_may_be_yes_and_no() -> None:
    body = table(
        ("visit id", "criterion", "result", "comment"),
        ("7", "Badge porté", "Oui", ""),
        ("7", "Proposition de carte", "Non", "Pas proposée"),
        ("7", "Parking propre", "N/A", "Pas de parking ici"),
    )
    page = parse(body)
    assert [rating(post) for post in page.posts] == [(1, 0, 1), (0, 0, 1), None]
    assert page.faults == []


# Transcripts

TURNS = (
    ("Call ID", "Date", "Speaker", "Text"),
    ("c1", "2026-03-04 10:00", "Agent", "Bonjour, que puis-je pour vous ?"),
    ("c1", "2026-03-04 10:00", "Client", "Mon colis n'est jamais arrivé."),
    ("c1", "2026-03-04 10:00", "Agent", "Je regarde."),
    ("c1", "2026-03-04 10:01", "Client", "C'est la troisième fois !"),
    ("c2", "2026-03-05 11:00", "Client", "Merci, tout est réglé."),
)


def test_turns_become_calls_in_the_customers_words() -> None:
    first, second = parse(table(*TURNS, delimiter=",")).posts
    assert (first.kind, first.external_id) == (PostKind.TRANSCRIPT, "c1")
    assert first.text == "Mon colis n'est jamais arrivé.\nC'est la troisième fois !"
    assert first.published_at == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert (second.external_id, second.text) == ("c2", "Merci, tout est réglé.")


CALL = """Conseillère : Bonjour, Lila à votre écoute.
Client : Bonjour, on m'a débité
deux fois.
Conseillère : Je vérifie.
Client : Merci d'avance."""
SAID = "Bonjour, on m'a débité deux fois.\nMerci d'avance."


def test_a_cell_may_hold_a_whole_call() -> None:
    [post] = parse(table(("id appel", "transcription"), ("c9", CALL))).posts
    assert (post.external_id, post.text, post.kind) == ("c9", SAID, PostKind.TRANSCRIPT)


def test_a_text_file_may_be_one_call() -> None:
    for body in (CALL, CALL.replace("\n", "\r\n"), "\ufeff" + CALL):
        [post] = parse(body).posts
        assert (post.text, post.kind) == (SAID, PostKind.TRANSCRIPT)


def test_turns_may_be_objects_and_carry_times() -> None:
    spoken = [{"role": "agent", "text": "Hello"}, {"role": "customer", "text": "It broke on day one"}]
    [post] = parse(json.dumps([{"id": "j1", "turns": spoken}])).posts
    assert (post.external_id, post.text) == ("j1", "It broke on day one")
    assert turns("[00:01] Agent: Hi\n00:04 Customer 1: Hello\nCaller (00:09): Bye") == [
        ("Agent", "Hi"), ("Customer 1", "Hello"), ("Caller", "Bye"),
    ]  # fmt: skip


def test_where_only_the_agent_is_known_the_others_are_customers() -> None:
    assert customer_words([("Agent", "Oui ?"), ("Mme Martin", "Rien reçu")], None) == "Rien reçu"


def test_where_nobody_is_known_it_is_said_and_can_be_set(tmp_path: Path) -> None:
    body = table(*(tuple(cell.replace("Client", "S2").replace("Agent", "S1") for cell in row) for row in TURNS))
    [page] = read(tmp_path / "a.csv", body)
    assert not page.posts
    assert "(S1, S2): set customer" in page.faults[0].problem
    [page] = read(tmp_path / "a.csv", body, customer="s2")
    assert [post.text for post in page.posts][1] == "Merci, tout est réglé."


@pytest.mark.parametrize(
    "text",
    [
        "id,texte\n1,Client: rien\n",
        "Note: 4\nAvis: bien\nDate: hier",
        "",
        "Bonjour : ceci est une lettre.\nMerci.",
    ],
)
def test_what_is_no_transcript_is_not_taken_for_one(text: str) -> None:
    assert not looks_like_transcript(text)


LABEL = st.sampled_from(["Agent", "Client", "Conseiller", "Cliente"])


@given(st.lists(st.tuples(LABEL, st.text(alphabet="abc é'!?", max_size=20)), min_size=1, max_size=12))
def test_the_customers_words_are_all_of_them_and_no_others(spoken: list[tuple[str, str]]) -> None:
    written = "\n".join(f"{label}: {said}" for label, said in spoken)
    wanted = [" ".join(said.split()) for label, said in spoken if label.startswith("Client") and said.strip()]
    given = customer_words(turns(written), None)
    if given is None:
        assert not wanted
    else:
        assert [" ".join(line.split()) for line in given.split("\n") if line.strip()] == wanted


# LinkedIn and Tripadvisor

LINKEDIN = (
    ("Post title", "Post link", "Post type", "Posted by", "Created date", "Impressions", "Likes", "Comments",
     "Reposts"),
    ("Notre nouveau service ouvre à Lyon", "https://www.linkedin.com/feed/update/urn:li:activity:1", "Organic",
     "Lila", "03/14/2026", "1,204", 31, 4, 2),
)  # fmt: skip


def test_posts_of_a_linkedin_page_carry_their_reach() -> None:
    book = openpyxl.Workbook()
    for row in (("All posts - aggregated engagement for each post",), *LINKEDIN):
        book.active.append(row)
    book.save(out := io.BytesIO())
    [post] = parse(out.getvalue()).posts
    assert (post.kind, post.text) == (PostKind.POST, "Notre nouveau service ouvre à Lyon")
    assert post.reach == Reach(views=1204, likes=31, comments=4, shares=2)
    assert (post.rating, post.published_at) == (None, datetime(2026, 3, 14, tzinfo=UTC))


def test_comments_and_shares_of_a_linkedin_member() -> None:
    header = ("Date", "Link", "Message")
    row = ("2026-03-04 09:30:00", "https://www.linkedin.com/feed/update/1", "Toujours aucune réponse de Lila")
    [comment] = parse(table(header, row, delimiter=",")).posts
    assert (comment.kind, comment.text, comment.url) == (PostKind.COMMENT, row[2], row[1])
    shares = ("Date", "ShareLink", "ShareCommentary", "SharedUrl", "MediaUrl", "Visibility")
    [post] = parse(table(shares, (*row, "", "", "PUBLIC"), delimiter=",")).posts
    assert (post.kind, post.text, post.url) == (PostKind.POST, row[2], row[1])


def test_a_table_with_more_than_a_members_comments_is_an_ordinary_one() -> None:
    assert recognise(("Date", "Link", "Message", "Note")) is None
    assert recognise(("Date", "Link", "Message"), "none") is None


def test_tripadvisor_reviews_are_dated_by_publication_and_keep_the_stay() -> None:
    header = ("Review ID", "Review Title", "Review Text", "Rating", "Date of stay", "Published date", "Reviewer",
              "Trip type", "Management response", "Hotel name")  # fmt: skip
    row = ("r1", "Déçus", "Chambre bruyante", "2", "February 2026", "2026-03-04", "Zoé", "Couple",
           "Nous regrettons", "Le Lila")  # fmt: skip
    [post] = parse(table(header, row)).posts
    assert (post.external_id, post.title, post.kind) == ("r1", "Déçus", PostKind.REVIEW)
    assert (rating(post), post.published_at) == ((2, 1, 5), datetime(2026, 3, 4, tzinfo=UTC))
    assert post.owner_reply is not None
    assert post.owner_reply.text == "Nous regrettons"
    assert post.segments == {"location": "Le Lila", "stay": "February 2026", "trip": "Couple"}


def test_what_the_user_maps_counts_before_a_preset(tmp_path: Path) -> None:
    [page] = read(
        tmp_path / "g.csv", table(*GRID), mapping={"text": "Critère"}, post_kind="review", worst=0, best=20
    )
    assert [post.text for post in page.posts] == ["Accueil", "Attente en caisse", "Accueil"]
    assert (page.posts[0].kind, rating(page.posts[0])) == (PostKind.REVIEW, (4, 0, 20))
    lines = Files(Options.model_validate({"path": str(tmp_path / "g.csv")})).explain()
    assert lines[1] == "read as grid of mystery visits"


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_header_is_an_ordinary_table_or_a_preset_whose_columns_it_has(header: list[str]) -> None:
    found = recognise(header)
    assert found is None or set(found.columns.values()) <= set(header)
