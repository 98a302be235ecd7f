"""Files to posts: content, faults, ids, resuming, and the survey tools' exports."""

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from collectors.post import Post, PostKind, Question
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.files import Files, Options


def parse(body: str | bytes) -> Page:
    return Files.parse(Answer("", body.encode() if isinstance(body, str) else body))


def pages(
    path: Path | str, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    source = Files(Options.model_validate({"path": str(path), **options}))
    return list(source.pages(None, cursor or {}, since=since))  # type: ignore[arg-type]


def posts_in(path: Path | str, **options: object) -> list[Post]:
    return [post for page in pages(path, **options) for post in page.posts]  # type: ignore[arg-type]


def write(path: Path, rows: int, start: int = 0) -> Path:
    lines = (
        f"avis numéro {number};{number % 5 + 1};{number % 28 + 1:02}/03/2026" for number in range(start, rows)
    )
    path.write_text("texte;note;date\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("path", ["avis.csv", "*.csv", ".", "./avis.csv"])
def test_a_relative_path_starts_at_the_folder_of_the_configuration(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home [2]", tmp_path / "cron"
    home.mkdir(), elsewhere.mkdir()
    write(home / "avis.csv", 3)
    monkeypatch.chdir(elsewhere)
    options = Options.model_validate({"path": path}, context={"folder": home})
    assert sum(len(page.posts) for page in Files(options).pages(None, {})) == 3  # type: ignore[arg-type]


def test_an_absolute_path_and_standard_input_stay_what_they_are(tmp_path: Path) -> None:
    file = write(tmp_path / "avis.csv", 1)
    for path in (str(file), "-"):
        assert Options.model_validate({"path": path}, context={"folder": "/elsewhere"}).path == path


def test_a_french_export_in_full() -> None:
    body = (
        "Référence;Titre;Commentaire;Note sur 10;Date;Auteur;Enseigne;Magasin;Langue\r\n"
        'A-1;Déçu;"Livré en retard ;\r\nrien à dire de plus";3,5;13/02/2026 14:30;Zoé;Marteau;Lyon;FR\r\n'
    ).encode("windows-1252")
    (post,) = parse(body).posts
    assert (post.kind, post.external_id, post.title) == (PostKind.REVIEW, "A-1", "Déçu")
    assert post.text == "Livré en retard ;\r\nrien à dire de plus"
    assert post.rating is not None
    assert (post.rating.value, post.rating.worst, post.rating.best) == (3.5, 0, 10)
    assert post.published_at == datetime(2026, 2, 13, 14, 30, tzinfo=UTC)
    assert (post.author.name, post.language) == ("Zoé", "fr")
    assert post.segments == {"brand": "Marteau", "location": "Lyon"}


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-02-13", datetime(2026, 2, 13, tzinfo=UTC)),
        ("2026-02-13T10:00:00+02:00", datetime(2026, 2, 13, 8, tzinfo=UTC)),
        ("13/02/2026", datetime(2026, 2, 13, tzinfo=UTC)),
        ("13/02/26 08:15", datetime(2026, 2, 13, 8, 15, tzinfo=UTC)),
        ("13 février 2026", datetime(2026, 2, 13, tzinfo=UTC)),
        ("1er juil. 2026", datetime(2026, 7, 1, tzinfo=UTC)),
        ("Actualisé le 13 août 2026", datetime(2026, 8, 13, tzinfo=UTC)),
        ("Updated Feb 13, 2026", datetime(2026, 2, 13, tzinfo=UTC)),
        ("46066", datetime(2026, 2, 13, tzinfo=UTC)),
        ("46066,5", datetime(2026, 2, 13, 12, tzinfo=UTC)),
        ("1770940800", datetime(2026, 2, 13, tzinfo=UTC)),
    ],
)
def test_dates_are_read_however_they_are_written(written: str, moment: datetime) -> None:
    page = parse(f"texte;date\nbien;{written}\n")
    assert page.posts[0].published_at == moment
    assert not page.faults


def test_times_without_a_zone_are_in_the_zone_that_is_set_and_days_stay_days(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;date\nbien;13/07/2026 01:00\nmal;13/07/2026\n")
    found = [post.published_at for post in posts_in(path, zone="Europe/Paris")]
    assert found == [datetime(2026, 7, 12, 23, tzinfo=UTC), datetime(2026, 7, 13, tzinfo=UTC)]


def test_month_first_dates_are_told_from_the_column() -> None:
    found = [post.published_at for post in parse("texte;date\nbien;03/04/2026\nmal;03/25/2026\n").posts]
    assert found == [datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 25, tzinfo=UTC)]


def test_what_cannot_be_used_is_named_and_the_rest_goes_on() -> None:
    page = parse("texte;note;date\nbien;4;hier peut-être\nmal;9;01/02/2026\n;;\n;;03/02/2026\n;2;\nok;nsp;n/a\n")
    assert [(post.text, post.rating and post.rating.value) for post in page.posts][2:] == [("", 2), ("ok", None)]
    assert [fault.item for fault in page.faults] == ["line 2", "line 5"]


def test_a_rating_off_the_scale_that_is_set_is_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;note\nbien;4\nmal;9\n")
    (page,) = pages(path, worst=1, best=5)
    assert [post.rating and post.rating.value for post in page.posts] == [4, None]
    assert "'9' is no rating from 1 to 5" in page.faults[0].problem


def test_effort_from_five_to_one_keeps_its_direction() -> None:
    rating = parse("texte;effort\nfacile;1\nbien;2/5\npénible;5\n").posts[1].rating
    assert rating is not None
    assert (rating.value, rating.worst, rating.best, rating.question) == (2, 5, 1, Question.EFFORT)


def test_equal_rows_are_several_peoples_and_keep_their_ids() -> None:
    body = "texte;note\nTrès bien;5\nTrès bien;5\nMoyen;3\nTrès bien;5\n"
    first, again = parse(body).posts, parse(body).posts
    assert len({post.external_id for post in first}) == 4
    assert [post.external_id for post in first] == [post.external_id for post in again]


def test_rows_keep_their_ids_in_a_longer_file_of_another_format() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"texte": ["Neuf", "Bien", "Bien"], "note": [2, 5, 5]}), out)
    before = {post.external_id for post in parse("texte;note\nBien;5,0\nBien;5\n").posts}
    after = {post.external_id for post in parse(out.getvalue()).posts}
    assert before < after


def test_a_row_repeated_with_its_id_counts_once_and_another_under_the_same_id_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;texte;note\nx;bien;5\nx;bien;5\nx;mal;1\ny;ok;4\n")
    found = posts_in(path, mapping={"id": "id"})
    assert [post.external_id for post in found] == ["x", "x-2", "y"]


def test_numbers_as_ids_lose_their_decimal_point() -> None:
    book = openpyxl.Workbook()
    for row in (["id", "texte", "note"], [1041, "bien", 4], [1042, "mal", 2]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    assert [post.external_id for post in parse(out.getvalue()).posts] == ["1041", "1042"]


def test_all_formats_give_the_same_posts() -> None:
    rows = [("a1", "Très bien", 4), ("a2", "=cmd()", 2)]
    book, packed, text = openpyxl.Workbook(), io.BytesIO(), io.StringIO()
    for row in [("id", "texte", "note"), *rows]:
        book.active.append(row)
        book.active.cell(book.active.max_row, 2).data_type = "s"
    book.save(sheet := io.BytesIO())
    pq.write_table(
        pa.table(dict(zip(("id", "texte", "note"), map(list, zip(*rows, strict=True)), strict=True))), packed
    )
    csv.writer(text).writerows([("id", "texte", "note"), *rows])
    lines = "\n".join(f'{{"id": "{i}", "texte": "{t}", "note": {n}}}' for i, t, n in rows)
    expected = parse(text.getvalue()).posts
    assert len(expected) == 2
    assert parse(sheet.getvalue()).posts == parse(packed.getvalue()).posts == parse(lines).posts == expected


def test_a_header_alone_is_said() -> None:
    page = parse("texte;note\n")
    assert not page.posts
    assert "no row" in page.faults[0].problem


def test_pages_hold_2000_posts_and_the_last_says_that_it_is_done(tmp_path: Path) -> None:
    found = pages(write(tmp_path / "a.csv", 4_500))
    assert [len(page.posts) for page in found] == [2000, 2000, 500]
    assert [page.cursor["done"] for page in found] == [False, False, True]
    assert found[-1].cursor["row"] == 4_500


def test_a_file_of_exactly_one_page_is_done_as_well(tmp_path: Path) -> None:
    found = pages(write(tmp_path / "a.csv", 2_000))
    assert sum(len(page.posts) for page in found) == 2_000
    assert found[-1].cursor["done"]


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 100)
    cursor = pages(path)[-1].cursor
    assert pages(path, cursor) == []


def test_other_options_read_an_unchanged_file_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 100)
    cursor = pages(path)[-1].cursor
    assert pages(path, cursor, worst=0, best=10)[-1].posts


@pytest.mark.parametrize("stopped_after", [0, 1, 2, 3])
def test_a_run_cut_short_goes_on_where_it_was(tmp_path: Path, stopped_after: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;note\n" + "Très bien;5\nMoyen;3\n" * 2_250)  # equal rows: the hard case for ids
    whole = pages(path)
    before, cursor = whole[:stopped_after], (whole[stopped_after - 1].cursor if stopped_after else {})
    rest = pages(path, cursor)
    together = [post for page in [*before, *rest] for post in page.posts]
    assert together == [post for page in whole for post in page.posts]


def test_a_longer_file_keeps_the_ids_of_the_rows_it_had(tmp_path: Path) -> None:
    short = posts_in(write(tmp_path / "a.csv", 50))
    longer = posts_in(write(tmp_path / "a.csv", 60))
    assert longer[:50] == short


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 10)
    write(tmp_path / "b.csv", 20, start=10)
    (tmp_path / ".hidden").write_text("x")
    found = pages(tmp_path)
    assert [len(page.posts) for page in found] == [10, 10]
    write(tmp_path / "b.csv", 25, start=10)
    assert [len(page.posts) for page in pages(tmp_path / "*.csv", found[-1].cursor)] == [15]


def test_rows_before_a_day_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;date\nvieux;01/01/2020\nneuf;15/03/2026\nsans;\n")
    (page,) = pages(path, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert [post.text for post in page.posts] == ["neuf", "sans"]


def test_the_brand_column_and_the_language_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;client\nbien;Marteau\n")
    (post,) = posts_in(path, brand_column="client", language="fr")
    assert (post.segments, post.language) == ({"brand": "Marteau"}, "fr")


def test_faults_beyond_a_hundred_are_counted_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("texte;note\n" + "bien\n" * 500 + "bien;4\n")
    (page,) = pages(path)
    assert len(page.faults) == 101
    assert "400 more" in page.faults[-1].problem


def test_how_a_file_is_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Commentaire;Note sur 10\nDéçu;2\n".encode("windows-1252"))
    first, *rest = Files(Options(path=str(path))).explain()
    assert first == f"{path}: cells separated by ';', windows-1252"
    assert rest[0] == "text ← 'Commentaire' (from its header)"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file") as caught:
        pages(tmp_path / "none.csv")
    assert caught.value.remedy


@pytest.mark.parametrize("options", [{"zone": "Mars/Olympus"}, {"delimiter": ";;"}, {"colour": "red"}])
def test_wrong_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"path": "a.csv", **options})


QUALTRICS = (
    "StartDate,EndDate,Status,RecordedDate,ResponseId,UserLanguage,Q1,Q1_NPS_GROUP,Q2\n"
    "Date de début,Date de fin,Statut,Date,Identifiant,Langue,Recommanderiez-vous ?,Groupe,Pourquoi ?\n"
    '"{""ImportId"":""startDate""}","{""ImportId"":""endDate""}","{""ImportId"":""status""}",'
    '"{""ImportId"":""recordedDate""}","{""ImportId"":""_recordId""}","{""ImportId"":""userLanguage""}",'
    '"{""ImportId"":""QID1""}","{""ImportId"":""QID1_NPS_GROUP""}","{""ImportId"":""QID2_TEXT""}"\n'
    "2026-03-01 10:00:00,2026-03-01 10:01:00,0,2026-03-01 10:01:02,R_1,FR,9,3,Rapide et poli\n"
    "2026-03-01 11:00:00,2026-03-01 11:01:00,1,2026-03-01 11:01:02,R_2,FR,0,1,essai\n"
)


def test_a_qualtrics_export_is_understood_and_previews_are_left_out() -> None:
    page = parse(QUALTRICS)
    (post,) = page.posts
    assert (post.kind, post.external_id, post.text, post.language) == (
        PostKind.SURVEY,
        "R_1",
        "Rapide et poli",
        "fr",
    )
    assert post.published_at == datetime(2026, 3, 1, 10, 1, 2, tzinfo=UTC)
    assert post.rating is not None
    assert (post.rating.value, post.rating.best, post.rating.question) == (9, 10, Question.RECOMMENDATION)
    assert "preview" in page.faults[0].problem


def test_qualtrics_writes_tsv_as_utf_16() -> None:
    rows = list(csv.reader(io.StringIO(QUALTRICS)))
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(rows)
    assert [post.external_id for post in parse(out.getvalue().encode("utf-16")).posts] == ["R_1"]


def test_a_survey_monkey_export_has_two_header_rows_and_american_dates() -> None:
    body = (
        "Respondent ID,Collector ID,Start Date,End Date,How likely are you to recommend us?,Tell us more,\n"
        ",,,,Response,Open-Ended Response,Other\n"
        "11512,4158,03/04/2026 05:52:49 PM,03/04/2026 05:53:01 PM,9,Quick and kind,\n"
    )
    (post,) = parse(body).posts
    assert (post.external_id, post.text, post.kind) == ("11512", "Quick and kind", PostKind.SURVEY)
    assert post.published_at == datetime(2026, 3, 4, 17, 53, 1, tzinfo=UTC)
    assert post.rating is not None
    assert post.rating.question is Question.RECOMMENDATION


def test_a_typeform_export_is_understood() -> None:
    body = (
        "#,How likely are you to recommend us?,What could we do better?,Start Date (UTC),Submit Date (UTC),Tags\n"
        "k3x,7,Answer the phone,2026-03-04 17:52:49,2026-03-04 17:53:01,\n"
    )
    (post,) = parse(body).posts
    assert (post.external_id, post.text) == ("k3x", "Answer the phone")
    assert post.published_at == datetime(2026, 3, 4, 17, 53, 1, tzinfo=UTC)


def mark(text: str) -> str:
    """What a capture says is not repeated here."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def test_captured_survey_exports_give_their_answers(shared: Path) -> None:
    folder = shared / "captures" / "surveys"
    moment = datetime(2017, 7, 18, 8, 28, 48, tzinfo=UTC)
    for name, language in (("qualtrics-sample.csv", "de"), ("qualtrics-sample_legacy.csv", None)):
        (post,) = parse((folder / name).read_bytes()).posts
        assert (post.external_id, post.published_at, post.language) == ("R_2YPOQ602ER1jkf1", moment, language)
        assert (post.rating, mark(post.text), post.kind) == (None, "7f83b1657ff1", PostKind.SURVEY)
    found = parse((folder / "surveymonkey-responses-bulk.json").read_bytes()).posts
    assert [(post.external_id, post.published_at) for post in found] == [
        ("13376313674", datetime(2022, 3, 5, 18, 5, 46, tzinfo=UTC)),
        ("13376299051", datetime(2022, 3, 5, 17, 52, 49, tzinfo=UTC)),
    ]
    assert [mark(post.text) for post in found] == ["e3dfba5e75cf", "7398bb359d1e"]
    assert all((post.kind, post.rating, post.answers) == (PostKind.SURVEY, None, ()) for post in found)


@pytest.mark.parametrize("name", ["surveymonkey-survey-details.json", "surveymonkey-collectors.json"])
def test_captured_descriptions_of_surveys_are_refused_with_a_reason(shared: Path, name: str) -> None:
    with pytest.raises(ParseError, match="SurveyMonkey") as caught:
        parse((shared / "captures" / "surveys" / name).read_bytes())
    assert "responses/bulk" in caught.value.remedy


@pytest.mark.slow
def test_79514_real_reviews_become_as_many_posts(shared: Path) -> None:
    counts: dict[float, int] = {}
    ids, dated, branded = set(), 0, 0
    for page in pages(shared / "data" / "stars_fr.parquet"):
        for post in page.posts:
            ids.add(post.external_id)
            dated += post.published_at is not None
            branded += "brand" in post.segments
            assert post.rating is not None
            counts[post.rating.value] = counts.get(post.rating.value, 0) + 1
    assert len(ids) == 79_514
    assert counts == {5: 41_156, 4: 13_937, 1: 11_521, 2: 7_019, 3: 5_881}
    assert branded == 40_513
    assert dated == 47_947  # the other 317 say "il y a 2 jours", without saying since when


def test_a_broken_file_is_noted_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 3)
    (tmp_path / "b.csv").write_bytes(b"PK\x03\x04 no workbook")
    write(tmp_path / "c.csv", 5, start=3)
    found = pages(tmp_path)
    assert [len(page.posts) for page in found] == [3, 0, 2]
    assert "b.csv" in found[1].faults[0].item
    assert "until it is changed" in found[1].faults[0].problem
    again = pages(tmp_path, found[-1].cursor)
    assert [(len(page.posts), len(page.faults)) for page in again] == [(0, 1)]
    write(tmp_path / "b.csv", 7, start=5)
    assert [len(page.posts) for page in pages(tmp_path, again[-1].cursor)] == [2]


def test_where_no_file_can_be_read_the_visit_fails(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(ParseError, match="damaged"):
        pages(tmp_path)


def test_an_empty_folder_is_waited_for(tmp_path: Path) -> None:
    assert pages(tmp_path) == []


def test_a_file_that_was_renamed_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 3)
    write(tmp_path / "b.csv", 5, start=3)
    cursor = pages(tmp_path)[-1].cursor
    (tmp_path / "a.csv").rename(tmp_path / "z.csv")
    assert pages(tmp_path, cursor) == []


@pytest.mark.parametrize("name", [".a.csv", "a.csv.part", "a.csv~", "~$a.xlsx", "a.tmp"])
def test_files_that_are_still_being_written_are_left_alone(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, 3)
    assert pages(tmp_path) == []


def test_a_changed_file_of_a_folder_is_read_again_under_the_same_ids(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 3)
    write(tmp_path / "b.csv", 5, start=3)
    first = pages(tmp_path)
    write(tmp_path / "b.csv", 6, start=3)
    [again] = pages(tmp_path, first[-1].cursor)
    assert [post.external_id for post in again.posts][:2] == [post.external_id for post in first[1].posts]
