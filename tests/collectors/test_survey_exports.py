"""Exports of survey tools, recognised by themselves. The samples are our own, made after the tools' formats."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from collectors.post import Post, PostKind, Question, Rating
from collectors.source import Answer, Page, SurveyQuestion
from collectors.sources.files import Files, Options

NPS, CSAT, CES = Question.RECOMMENDATION, Question.SATISFACTION, Question.EFFORT
LIKELY = "Quelle est la probabilité que vous recommandiez Lila à un ami ?"
SATISFIED = "Dans l'ensemble, êtes-vous satisfait de Lila ?"
EASY = "Lila m'a permis de résoudre facilement mon problème"
WHY = "Pourquoi cette note ?"
MORNING = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def parse(body: str | bytes) -> Page:
    return Files.parse(Answer("", body.encode() if isinstance(body, str) else body))


def table(*rows: tuple[object, ...], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(out := io.BytesIO())
    return out.getvalue()


def answers(post: Post) -> dict[Question, tuple[float, float, float]]:
    given = [post.rating, *post.answers]
    return {r.question: (r.value, r.worst, r.best) for r in given if isinstance(r, Rating)}


QUALTRICS = (
    ("StartDate", "EndDate", "Status", "RecordedDate", "ResponseId", "UserLanguage", "Q1", "Q1_NPS_GROUP", "Q2",
     "Q3", "Q4"),
    ("Date de début", "Date de fin", "Type", "Date", "Identifiant", "Langue", LIKELY, f"{LIKELY} - Groupe",
     SATISFIED, EASY, WHY),
    tuple('{"ImportId":"x"}' for _ in range(11)),
    ("2026-03-04 09:00:00", "2026-03-04 09:30:00", "0", "2026-03-04 09:30:00", "R_1", "FR", "9", "3", "6", "7",
     "Rapide et clair"),
    ("2026-03-04 09:00:00", "2026-03-04 09:30:00", "0", "2026-03-04 09:30:00", "R_2", "FR", "2", "1", "1", "2",
     "Trois appels pour rien"),
    ("2026-03-04 09:00:00", "2026-03-04 09:30:00", "1", "2026-03-04 09:30:00", "R_3", "FR", "5", "1", "4", "4",
     "essai"),
)  # fmt: skip


@pytest.mark.parametrize(
    "export", [table(*QUALTRICS), workbook(*QUALTRICS), table(*QUALTRICS, delimiter="\t").encode("utf-16")]
)
def test_qualtrics_gives_three_answers_a_row_and_no_previews(export: str | bytes) -> None:
    page = parse(export)
    first, second = page.posts
    assert (first.external_id, first.text, first.language) == ("R_1", "Rapide et clair", "fr")
    assert (first.kind, first.published_at) == (PostKind.SURVEY, MORNING)
    assert answers(first) == {NPS: (9, 0, 10), CSAT: (6, 1, 10), CES: (7, 1, 7)}
    assert answers(second) == {NPS: (2, 0, 10), CSAT: (1, 1, 10), CES: (2, 1, 7)}
    assert "preview" in page.faults[0].problem
    assert set(page.questions) == {
        SurveyQuestion(LIKELY, NPS, 0, 10), SurveyQuestion(SATISFIED, CSAT, 1, 10),
        SurveyQuestion(EASY, CES, 1, 7),
    }  # fmt: skip


def test_qualtrics_nps_is_known_by_the_group_beside_it_in_any_language() -> None:
    rows = [list(row) for row in QUALTRICS]
    rows[1][6] = "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?"
    assert answers(parse(table(*map(tuple, rows))).posts[0])[NPS] == (9, 0, 10)


def test_qualtrics_json() -> None:
    values = {
        "status": 0,
        "recordedDate": "2026-03-04T09:30:00Z",
        "QID1": 9,
        "QID1_NPS_GROUP": 3,
        "QID2_TEXT": "Bien fait",
    }
    preview = values | {"status": 1}
    page = parse(
        json.dumps(
            {"responses": [{"responseId": "R_1", "values": values}, {"responseId": "R_2", "values": preview}]}
        )
    )
    [post] = page.posts
    assert (post.external_id, post.text, post.published_at) == ("R_1", "Bien fait", MORNING)
    assert answers(post) == {NPS: (9, 0, 10)}


MONKEY = (
    ("Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", LIKELY, SATISFIED, "Motif", "",
     WHY),
    ("", "", "", "", "", "", "Response", "Prix", "Délai", "Open-Ended Response"),
    ("118", "77", "03/04/2026 09:00:00", "03/04/2026 09:30:00", "192.0.2.1", "10 - Extrêmement probable",
     "Très satisfait", "Prix", "", "Tout va bien"),
    ("119", "77", "03/25/2026 09:00:00", "03/25/2026 09:30:00", "192.0.2.1", "0 - Pas du tout probable",
     "Pas du tout satisfait", "", "Délai", "Jamais livré"),
)  # fmt: skip


@pytest.mark.parametrize("export", [table(*MONKEY), workbook(*MONKEY)])
def test_surveymonkey_gives_labelled_answers_and_answers_in_words(export: str | bytes) -> None:
    first, second = parse(export).posts
    assert (first.external_id, first.text, first.published_at) == ("118", "Tout va bien", MORNING)
    assert answers(first) == {NPS: (10, 0, 10), CSAT: (5, 1, 5)}
    assert answers(second) == {NPS: (0, 0, 10), CSAT: (1, 1, 5)}


def test_surveymonkey_in_french() -> None:
    rows = [list(row) for row in MONKEY]
    rows[0][:2] = ["ID du répondant", "ID du collecteur"]
    rows[1][6], rows[1][9] = "Réponse", "Réponse ouverte"
    assert answers(parse(table(*map(tuple, rows))).posts[1]) == {NPS: (0, 0, 10), CSAT: (1, 1, 5)}


def test_surveymonkey_by_its_api_with_simple_texts() -> None:
    def question(heading: str, text: str) -> dict[str, object]:
        return {"id": "1", "heading": heading, "answers": [{"choice_id": "5", "simple_text": text}]}

    pages = [{"id": "1", "questions": [question(LIKELY, "9"), question(WHY, "Livré en avance")]}]
    data = {"id": "118", "date_created": "2026-03-04T09:30:00+00:00", "pages": pages}
    body = {"data": [data], "links": {"self": "https://api.surveymonkey.com/v3/surveys/1/responses/bulk"}}
    [post] = parse(json.dumps(body)).posts
    assert (post.external_id, post.text, answers(post)) == ("118", "Livré en avance", {NPS: (9, 0, 10)})


def test_typeform_csv() -> None:
    header = (
        "#",
        LIKELY,
        "Combien d'efforts avez-vous dû fournir ?",
        WHY,
        "Response Type",
        "Start Date (UTC)",
        "Submit Date (UTC)",
        "Network ID",
        "Tags",
    )
    row = (
        "k3x",
        "7",
        "2",
        "Répondez au téléphone",
        "completed",
        "2026-03-04 09:00:00",
        "2026-03-04 09:30:00",
        "ab12",
        "",
    )
    page = parse(table(header, row))
    [post] = page.posts
    assert (post.external_id, post.text, post.published_at) == ("k3x", "Répondez au téléphone", MORNING)
    assert answers(post) == {NPS: (7, 0, 10), CES: (2, 5, 1)}


def test_typeform_webhooks_one_a_line() -> None:
    fields = [{"id": "a", "title": LIKELY}, {"id": "b", "title": WHY}, {"id": "c", "title": "Votre adresse"}]
    given = [
        {"type": "number", "number": 3, "field": {"id": "a"}},
        {"type": "text", "text": "Colis perdu", "field": {"id": "b"}},
        {"type": "email", "email": "zoe@example.org", "field": {"id": "c"}},
    ]
    response = {
        "token": "t1",
        "submitted_at": "2026-03-04T09:30:00Z",
        "definition": {"fields": fields},
        "answers": given,
    }
    lines = [
        json.dumps({"event_id": "e", "form_response": response | {"token": token}}) for token in ("t1", "t2")
    ]
    page = parse("\n".join(lines))
    assert [(post.external_id, post.text) for post in page.posts] == [
        ("t1", "Colis perdu"),
        ("t2", "Colis perdu"),
    ]
    assert answers(page.posts[0]) == {NPS: (3, 0, 10)}
    assert "zoe@example.org" not in repr(page.posts)


def test_typeform_responses_by_its_api() -> None:
    given = [
        {"type": "number", "number": 5, "field": {"id": "a", "ref": "nps"}},
        {"type": "choice", "choice": {"label": "Très satisfait"}, "field": {"id": "b", "ref": "satisfaction"}},
        {"type": "text", "text": "Rien à redire", "field": {"id": "c", "ref": "verbatim"}},
    ]
    body = {
        "total_items": 1,
        "items": [{"response_id": "r1", "submitted_at": "2026-03-04T09:30:00Z", "answers": given}],
    }
    [post] = parse(json.dumps(body)).posts
    assert (post.external_id, post.text) == ("r1", "Rien à redire")
    assert answers(post) == {NPS: (5, 0, 10), CSAT: (5, 1, 5)}


@pytest.mark.parametrize(
    ("kind", "scores", "read"),
    [("nps", (0, 9), (NPS, (9, 0, 10))), ("csat", (1, 5), (CSAT, (5, 1, 5))), ("ces", (1, 5), (CES, (5, 1, 5)))],
)
def test_delighted(kind: str, scores: tuple[int, int], read: tuple[Question, tuple[float, float, float]]) -> None:
    records = [
        {"id": f"{n}", "person": "10", "survey_type": kind, "score": score, "comment": text,
         "created_at": 1772616600, "permalink": f"https://delighted.com/r/{n}",
         "person_properties": {"store": "Lyon"}, "tags": []}
        for n, score, text in zip((0, 1), scores, ("Décevant cette fois", "Parfait comme avant"), strict=True)
    ]  # fmt: skip
    for body in (json.dumps(records), "\n".join(map(json.dumps, records))):
        first, second = parse(body).posts
        assert (first.text, second.external_id, second.url) == (
            "Décevant cette fois",
            "1",
            "https://delighted.com/r/1",
        )
        assert second.published_at == MORNING
        assert answers(second) == dict([read])


def test_the_reading_is_shown_and_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(table(*QUALTRICS))
    lines = Files(Options(path=str(path))).explain()
    assert any(line.startswith("answer ← 'Q3' (effort, 1 (worst) to 7 (best); scale") for line in lines)
    assert any("the higher the easier, as it is worded" in line for line in lines)
    given = {"Q3": "effort 7-1", "Q2": ""}
    [page] = Files(Options.model_validate({"path": str(path), "questions": given})).pages(None, {})  # type: ignore[arg-type]
    assert answers(page.posts[0]) == {NPS: (9, 0, 10), CES: (7, 7, 1)}


def test_a_question_on_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(table(*QUALTRICS))
    with pytest.raises(Exception, match="no column 'Q9'"):
        Files(Options.model_validate({"path": str(path), "questions": {"Q9": "effort"}})).explain()


def test_of_two_questions_on_satisfaction_the_overall_one_counts() -> None:
    body = table(
        ("nps", "Satisfaction livraison", "Satisfaction globale", "verbatim"),
        ("9", "2", "5", "Produit parfait"),
        ("3", "1", "4", "Livraison ratée"),
    )
    assert [answers(post)[CSAT][0] for post in parse(body).posts] == [5, 4]


def test_an_answer_off_its_scale_is_named_and_the_others_stand() -> None:
    body = table(
        ("nps", "CES", "verbatim"), ("9", "5", "Bien"), ("8", "1", "Bof"), ("7", "2", "Oui"), ("7", "oui", "Hum")
    )
    page = parse(body)
    assert answers(page.posts[3]) == {NPS: (7, 0, 10)}
    assert "'oui' is no rating from 5 to 1" in page.faults[0].problem


def test_reviews_with_one_rating_are_still_reviews() -> None:
    page = parse("texte;note\nbien;4\nmal;1\n")
    assert page.questions == ()
    assert [post.answers for post in page.posts] == [(), ()]


@pytest.mark.parametrize(
    ("rated", "others"), [(None, (CSAT,)), (NPS, (NPS,)), (NPS, (CSAT, CSAT)), (CSAT, (NPS, CES, CSAT))]
)
def test_a_post_has_one_answer_to_each_question(rated: Question | None, others: tuple[Question, ...]) -> None:
    def answer(question: Question) -> Rating:
        return Rating(3, 1, 5, question)

    with pytest.raises(ValueError, match="one answer to each question"):
        Post(
            PostKind.SURVEY, "1", "", rating=answer(rated) if rated else None, answers=tuple(map(answer, others))
        )
