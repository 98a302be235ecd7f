"""Which column holds what, in French and English, and how the mapping is said."""

import pytest

from collectors.columns import ColumnMapping, MappingOptions, guess_mapping
from collectors.post import PostKind, Question
from collectors.profiles import language_code
from collectors.source import ParseError, SourceError
from collectors.tables import open_table


def mapping_of(body: str, **options: object) -> ColumnMapping:
    table = open_table(body.encode())
    chosen = MappingOptions.model_validate(options)
    return guess_mapping(table.header, table.sample(), chosen, labels=table.labels, layout=table.layout)


FOUR = ["external_id", "text", "rating", "published_at"]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("id;texte;note;date", FOUR),
        ("Identifiant;Commentaire;Note sur 10;Date de publication", FOUR),
        ("review_id;ReviewText;Stars;createdAt", FOUR),
        ("Réf;Avis;Étoiles;Horodateur", [None, "text", "rating", "published_at"]),
        ("uuid;Verbatim;Recommanderiez-vous notre enseigne ?;Submitted At", FOUR),
    ],
)  # fmt: skip
def test_headers_are_known_in_french_and_english(header: str, fields: list[str | None]) -> None:
    body = header + "\na1;Livraison en retard, dommage;3;12/05/2026\na2;Rien à redire, parfait;4;30/05/2026\n"
    found = mapping_of(body).columns
    names = header.split(";")
    assert {field: found[field] for field in fields if field} == {
        field: name for field, name in zip(fields, names, strict=True) if field
    }


def test_everything_a_post_has_can_be_found() -> None:
    header = "Titre;Avis;Auteur;Lien;Langue;Enseigne;Magasin;Produit;Réponse du propriétaire"
    row = "Bof;Pas terrible du tout;Zoé;https://example.org/1;FR;Marteau;Lyon;Perceuse;Merci de votre retour"
    assert set(mapping_of(f"{header}\n{row}\n").columns) == {
        "title", "text", "author", "url", "language", "brand", "location", "product", "reply",
    }  # fmt: skip


def test_values_speak_where_the_header_does_not() -> None:
    body = "q1;q2;q3\n4/5;Une réponse assez longue;2026-05-01\n3/5;Encore une réponse de client;2026-05-02\n"
    found = mapping_of(body)
    assert found.columns == {"text": "q2", "rating": "q1", "published_at": "q3"}
    assert found.why["text"].startswith("from its values")


def test_a_column_of_notes_in_words_is_not_a_rating() -> None:
    assert "rating" not in mapping_of("texte;note\nbien;à rappeler\nmal;déjà traité\n").columns


def test_an_id_that_repeats_is_not_an_id() -> None:
    assert "external_id" not in mapping_of("id;texte\n7;bien\n7;mal\n").columns


def test_of_two_columns_of_comments_the_longer_one_is_the_text() -> None:
    body = "comment;commentaire\nok;Une longue phrase qui raconte tout le séjour du début à la fin\n"
    assert mapping_of(body).columns["text"] == "commentaire"


@pytest.mark.parametrize(
    ("header", "values", "scale"),
    [
        ("note", "1 3 5", (1, 5)),
        ("note", "0 3 5", (0, 5)),
        ("note", "2 7 9", (0, 10)),
        ("note", "2 14 19", (0, 20)),
        ("note", "20 55 90", (0, 100)),
        ("Note sur 10", "3 4 5", (0, 10)),
        ("Note /20", "3 4 5", (0, 20)),
        ("Note (1-7)", "3 4 5", (1, 7)),
        ("Note de 0 à 10", "3 4 5", (0, 10)),
        ("note", "3/5 4/5 5/5", (1, 5)),
        ("note", "8,5/10 7/10 9/10", (0, 10)),
        ("nps", "3 4 5", (0, 10)),
    ],
)
def test_the_scale_comes_from_the_header_or_the_values(header: str, values: str, scale: tuple[int, int]) -> None:
    rows = "".join(f"texte {value};{value}\n" for value in values.split())
    found = mapping_of(f"texte;{header}\n{rows}")
    assert (found.worst, found.best) == scale


@pytest.mark.parametrize(
    ("header", "largest", "question"),
    [
        ("nps", 10, Question.RECOMMENDATION),
        ("Recommanderiez-vous ?", 10, Question.RECOMMENDATION),
        ("How likely are you to recommend us?", 9, Question.RECOMMENDATION),
        ("note", 10, Question.SATISFACTION),
        ("csat", 5, Question.SATISFACTION),
        ("CES", 5, Question.EFFORT),
        ("Effort", 7, Question.EFFORT),
    ],
)
def test_the_question_comes_from_the_header(header: str, largest: int, question: Question) -> None:
    assert mapping_of(f"texte;{header}\na;{largest}\nb;2\n").question is question


@pytest.mark.parametrize(
    ("largest", "easy", "ends"), [(5, None, (5, 1)), (7, None, (1, 7)), (5, "high", (1, 5)), (7, "low", (7, 1))]
)
def test_effort_runs_as_ces_1_and_2_do_unless_told(largest: int, easy: str | None, ends: tuple[int, int]) -> None:
    found = mapping_of(f"texte;ces\na;{largest}\nb;2\n", easy=easy)
    assert (found.worst, found.best) == ends


@pytest.mark.parametrize(
    ("dates", "day_first", "says"),
    [
        (("03/04/2026", "25/04/2026"), True, "day first, seen in 25/04/2026"),
        (("03/04/2026", "04/25/2026"), False, "month first, seen in 04/25/2026"),
        (("03/04/2026", "04/05/2026"), True, "could be read either way"),
        (("25/04/2026", "04/25/2026"), True, "both orders occur"),
        (("2026-04-03", "2026-04-04"), True, ""),
    ],
)
def test_the_order_of_day_and_month_comes_from_the_whole_column(
    dates: tuple[str, str], day_first: bool, says: str
) -> None:
    found = mapping_of("texte;date\n" + "".join(f"bien;{date}\n" for date in dates))
    assert found.day_first is day_first
    assert says in found.why["published_at"]


def test_the_order_is_told_from_rows_far_below_where_the_first_are_empty() -> None:
    body = "texte;date\n" + "bien;\n" * 5_000 + "bien;05/13/2026\n" * 30
    assert mapping_of(body).day_first is False


def test_what_is_set_counts_before_what_is_guessed() -> None:
    body = "texte;autre;note;canal\nbien;ce texte-ci;4;web\nmal;et celui-là;9;app\n"
    found = mapping_of(
        body, mapping={"text": "AUTRE", "segments.channel": "canal", "title": ""}, worst=0, best=20,
        question="recommendation", post_kind="visit",
    )  # fmt: skip
    assert found.columns == {"text": "autre", "rating": "note", "segments.channel": "canal"}
    assert (found.worst, found.best, found.question) == (0, 20, Question.RECOMMENDATION)
    assert found.post_kind is PostKind.VISIT


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SourceError, match="no column 'Texte libre'") as caught:
        mapping_of("avis;note\nbien;4\n", mapping={"text": "Texte libre"})
    assert "avis, note" in caught.value.remedy


def test_a_field_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(SourceError, match="no field called 'words'") as caught:
        mapping_of("avis;note\nbien;4\n", mapping={"words": "avis"})
    assert "published_at" in caught.value.remedy


def test_a_table_without_texts_or_ratings_is_refused() -> None:
    with pytest.raises(ParseError, match="no column of texts or ratings") as caught:
        mapping_of("a;b\n1;2\n")
    assert "mapping" in caught.value.remedy


def test_ratings_alone_will_do() -> None:
    assert mapping_of("nps\n9\n10\n").columns == {"rating": "nps"}


def test_a_header_alone_is_mapped_by_its_words() -> None:
    assert set(mapping_of("texte;note;date\n").columns) == {"text", "rating", "published_at"}


def test_the_mapping_is_said_in_full() -> None:
    lines = mapping_of("Commentaire;Note sur 10;Agent;Date\nbien;8;7;13/02/2026\nmal;2;8;14/02/2026\n").explain()
    assert lines == [
        "text ← 'Commentaire' (from its header)",
        "rating ← 'Note sur 10' (satisfaction, 0 (worst) to 10 (best); from its header; scale from the header)",
        "published_at ← 'Date' (from its header; day first, seen in 13/02/2026)",
        "each row is a review",
        "not used: 'Agent'",
    ]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("en_GB", "en"),
        ("Français", "fr"),
        ("english", "en"),
        ("klingon", None),
        (3, None),
    ],
)
def test_languages_are_two_letters(value: object, code: str | None) -> None:
    assert language_code(value) == code


@pytest.mark.parametrize(("header", "kind"), [("nps", "survey"), ("csat", "survey"), ("note", "review")])
def test_what_a_row_is_follows_from_what_is_asked(header: str, kind: str) -> None:
    assert mapping_of(f"texte;{header}\na;4\nb;2\n").post_kind.value == kind


def test_a_column_that_names_the_survey_says_what_was_asked() -> None:
    found = mapping_of("score;comment;survey_type\n9;Bien;nps\n4;Bof;nps\n")
    assert found.question is Question.RECOMMENDATION


def test_a_survey_of_several_kinds_says_nothing_of_its_answers() -> None:
    found = mapping_of("score;comment;survey_type\n9;Bien;nps\n4;Bof;csat\n")
    assert found.question is Question.SATISFACTION


def test_a_column_worked_out_from_an_answer_is_not_the_answer() -> None:
    found = mapping_of("Q1_NPS_GROUP;Q1 recommander;texte\n3;9;bien\n1;2;mal\n")
    assert found.columns["rating"] == "Q1 recommander"


def test_a_google_play_export_is_known() -> None:
    body = (
        "Reviewer Language,Star Rating,Review Text,Review Submit Date and Time,Developer Reply Text,Reply\n"
        "fr,5,Très bonne application,2026-03-01T10:00:00Z,Merci beaucoup à vous,\n"
    )
    assert mapping_of(body).columns == {
        "text": "Review Text", "rating": "Star Rating", "published_at": "Review Submit Date and Time",
        "language": "Reviewer Language", "reply": "Developer Reply Text",
    }  # fmt: skip
