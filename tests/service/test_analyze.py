"""`oyez analyze` on the delivered model: one annotation a row, one scorecard a group, whatever the file."""

import csv
import io
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from collectors.post import Question
from collectors.tables import open_table
from nlp.annotation import Annotation
from nlp.opinion import OpinionModel
from service import analysis
from service.analysis import Answers, Columns
from service.cli import app

KEYS = [
    "id", "model", "language", "sentiment", "stars", "recommendation", "explicit_recommendation", "effort",
    "churn_intent", "sarcasm", "touchpoints", "relevance",
]  # fmt: skip
REVIEWS = """id,text,stars,shop
a,"Livraison rapide, je recommande cette boutique",5,Lyon
b,"Colis en retard de 3 semaines, service client injoignable, à fuir",1,Lille
c,,3,Lyon
d,"Great value, quick delivery",4,
e,👍👍,5,Lille
"""


@pytest.fixture(scope="module")
def model() -> OpinionModel:
    """The delivered model."""
    return analysis.open_model(Path("/nonexistent"))[0]


@pytest.fixture
def cli(model: OpinionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands use the model that is loaded already."""
    monkeypatch.setattr(analysis, "open_model", lambda home=None, name=None: (model, ("fr", "en")))


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text(REVIEWS, encoding="utf-8")
    return path


def oyez(*arguments: str | Path, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["analyze", *map(str, arguments)], input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def annotated(table: str, model: OpinionModel, columns: Columns | None = None) -> list[dict[str, Any]]:
    return list(analysis.annotate(Answers(open_table(table.encode()), columns or Columns()), model))


def test_every_row_gets_one_annotation_in_order(reviews: Path, cli: None) -> None:
    rows = lines(oyez(reviews).stdout)
    assert [row["id"] for row in rows] == ["a", "b", "c", "d", "e"]
    assert [list(row) for row in rows] == [KEYS] * 5
    assert [row["language"] for row in rows] == ["fr", "fr", None, "en", None]


def test_an_annotation_holds_probabilities_and_quotes_of_its_text(reviews: Path, cli: None) -> None:
    row = lines(oyez(reviews).stdout)[1]
    assert math.isclose(sum(row["stars"]["probabilities"]), 1, abs_tol=0.001)
    assert 1 <= row["stars"]["expected"] <= 5
    assert math.isclose(sum(row["sentiment"][k] for k in ("negative", "neutral", "positive")), 1, abs_tol=0.001)
    assert math.isclose(sum(row["recommendation"].values()), 1, abs_tol=0.001)
    assert row["explicit_recommendation"] in ("yes", "no", None)
    for touchpoint in row["touchpoints"]:
        assert touchpoint["quote"] in "Colis en retard de 3 semaines, service client injoignable, à fuir"


def test_an_empty_text_gets_nulls(reviews: Path, cli: None) -> None:
    row = lines(oyez(reviews).stdout)[2]
    known = {key: value for key, value in row.items() if value not in (None, [])}
    assert set(known) == {"id", "model"}


def test_a_row_that_cannot_be_read_keeps_its_place_with_nulls(cli: None, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text('id,text\n1,bien\n2,"jamais fermé\n3,nul\n4,a,b,c\n5,top\n', encoding="utf-8")
    result = oyez(path)
    rows = lines(result.stdout)
    assert [row["id"] for row in rows] == ["1", "line 3", "3", "line 5", "5"]
    assert [row["sentiment"] is None for row in rows] == [False, True, False, True, False]
    assert "line 3" in result.stderr
    assert "line 5" in result.stderr


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), min_size=1, max_size=6))
def test_any_texts_come_out_one_for_one(model: OpinionModel, texts: list[str]) -> None:
    table = "".join(json.dumps({"text": text, "n": number}) + "\n" for number, text in enumerate(texts))
    rows = annotated(table, model)
    assert [row["id"] for row in rows] == [str(number) for number in range(1, len(texts) + 1)]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


@pytest.mark.slow
def test_a_text_of_a_hundred_thousand_characters_is_one_row_like_any_other(model: OpinionModel) -> None:
    rows = annotated(json.dumps({"text": "Très long. " * 9_100}), model)
    assert len(rows) == 1
    assert rows[0]["stars"]


def test_json_lines_workbooks_and_parquet_say_the_same_as_csv(reviews: Path, cli: None, tmp_path: Path) -> None:
    import openpyxl
    import pyarrow
    import pyarrow.parquet

    said = oyez(reviews).stdout
    rows = list(csv.reader(io.StringIO(REVIEWS)))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / "reviews.xlsx")
    records = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), tmp_path / "reviews.parquet")
    (tmp_path / "reviews.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    for name in ("reviews.xlsx", "reviews.parquet", "reviews.jsonl"):
        assert oyez(tmp_path / name).stdout == said


@pytest.mark.slow
def test_standard_input_is_read_through_a_pipe(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from service.cli import main; main()",
        "analyze",
        "-",
        "--home",
        str(tmp_path),
    ]
    run = subprocess.run(command, input=REVIEWS.encode(), capture_output=True, check=True)
    assert [row["id"] for row in lines(run.stdout.decode())] == ["a", "b", "c", "d", "e"]
    assert run.stderr == b""


def test_other_columns_can_be_named_or_are_found(cli: None, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("ref;Verbatim;autre\n17;Très bien;x\n18;Nul;y\n", encoding="utf-8")
    found = oyez(path, "--id-column", "ref")
    assert "'Verbatim'" in found.stderr
    assert [row["id"] for row in lines(found.stdout)] == ["17", "18"]
    named = lines(oyez(path, "--text-column", "Verbatim").stdout)
    assert [row["id"] for row in named] == ["1", "2"]
    assert [row["stars"] for row in named] == [row["stars"] for row in lines(found.stdout)]


@pytest.mark.parametrize("option", ["--text-column", "--by", "--rating-column"])
def test_a_column_that_is_not_there_is_wrong_use_and_the_columns_are_named(
    reviews: Path, cli: None, option: str
) -> None:
    result = oyez(reviews, option, "Shop", code=2)
    assert result.stdout == ""
    assert "did you mean 'shop'" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize("scale", ["5", "1-1", "a-b"])
def test_a_scale_that_is_none_is_wrong_use(reviews: Path, cli: None, scale: str) -> None:
    oyez(reviews, "--rating-scale", scale, code=2)


def test_a_file_that_is_no_table_is_a_failure_with_a_remedy(cli: None, tmp_path: Path) -> None:
    page = tmp_path / "page.csv"
    page.write_text("<!doctype html><html></html>", encoding="utf-8")
    for path in (page, tmp_path / "missing.csv"):
        result = oyez(path, code=1)
        assert result.stdout == ""
        assert "To do:" in result.stderr


def test_a_model_that_is_not_there_is_a_failure_with_a_remedy(reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text('[nlp]\nmodel = "/nowhere"\n', encoding="utf-8")
    assert "[nlp] model" in oyez(reviews, "--home", tmp_path, code=1).stderr


def test_relevance_is_null_until_a_brand_is_named(reviews: Path, cli: None) -> None:
    assert {row["relevance"] for row in lines(oyez(reviews).stdout)} == {None}


def test_with_a_brand_each_text_says_how_likely_it_is_about_it(tmp_path: Path, cli: None) -> None:
    posts = tmp_path / "posts.csv"
    texts = [
        "Orange m'a encore coupé la ligne, service client injoignable",
        "Un jus d'orange pressé, délicieux",
        "",
    ]
    posts.write_text("text\n" + "\n".join(f'"{text}"' for text in texts), encoding="utf-8")
    about, fruit, empty = lines(oyez(posts, "--brand", "Orange", "--about", "opérateur télécom").stdout)
    assert about["relevance"] > 0.5 > fruit["relevance"] >= 0
    assert empty["relevance"] is None


def test_what_the_configuration_says_of_the_brand_counts(tmp_path: Path, cli: None) -> None:
    (tmp_path / "oyez.toml").write_text(
        '[[brands]]\nname = "Orange"\nexcluded = ["vitamine"]\n', encoding="utf-8"
    )
    posts = tmp_path / "posts.csv"
    posts.write_text("text\nOrange et sa vitamine : service client injoignable\n", encoding="utf-8")
    [row] = lines(oyez(posts, "--brand", "Orange", "--home", tmp_path).stdout)
    assert row["relevance"] == 0


def test_each_group_gets_a_scorecard_from_the_texts_alone(reviews: Path, cli: None) -> None:
    cards = lines(oyez(reviews, "--by", "shop").stdout)
    assert [(card["group"], card["n"]) for card in cards] == [("Lyon", 2), ("Lille", 2), ("", 1)]
    for card in cards:
        for name in ("nps", "csat", "net_sentiment"):
            assert card[name]["low"] <= card[name]["value"] <= card[name]["high"]
            assert card[name]["observed"] == 0
        assert isinstance(card["touchpoints"], list)
    assert [card["nps"]["inferred"] for card in cards] == [1, 2, 1]


def test_ratings_count_as_answers_only_where_their_column_is_named(reviews: Path, cli: None) -> None:
    lyon, lille, _ = lines(oyez(reviews, "--by", "shop", "--rating-column", "stars").stdout)
    assert (lyon["csat"]["value"], lyon["csat"]["observed"], lyon["csat"]["inferred"]) == (50.0, 2, 0)
    assert (lille["csat"]["value"], lille["rating"]["value"]) == (50.0, 3.0)


def scored(table: str, model: OpinionModel, columns: Columns) -> tuple[Answers, dict[str, dict[str, Any]]]:
    answers = Answers(open_table(table.encode()), columns)
    return answers, {card["group"]: card for card in analysis.score(answers, model)}


def test_answers_from_0_to_10_to_would_you_recommend_give_the_true_nps(model: OpinionModel) -> None:
    table = "text,nps,by\n" + "".join(f"x,{answer},a\n" for answer in (10, 9, 8, 7, 6, 0))
    answers, cards = scored(table, model, Columns(rating="nps", group="by"))
    assert answers.mapping.question is Question.RECOMMENDATION
    assert (cards["a"]["nps"]["value"], cards["a"]["nps"]["observed"]) == (0.0, 6)


def test_a_rating_off_its_scale_is_left_out_and_counted(model: OpinionModel) -> None:
    table = "text,stars,by\nx,4,a\nx,55,a\nx,abc,a\nx,,a\n"
    answers, cards = scored(table, model, Columns(rating="stars", group="by", worst=1, best=5))
    assert answers.unrated == 2
    assert (cards["a"]["csat"]["observed"], cards["a"]["csat"]["inferred"]) == (1, 3)
    assert any("2 ratings" in note for note in answers.notes())


def test_rows_that_cannot_be_read_are_in_no_group(model: OpinionModel) -> None:
    _, cards = scored("text,by\nbien,a\nx,y,z\nnul,a\n", model, Columns(group="by"))
    assert {name: card["n"] for name, card in cards.items()} == {"a": 2}


def test_csv_is_flat_and_no_cell_is_a_formula(cli: None, tmp_path: Path) -> None:
    path = tmp_path / "evil.csv"
    path.write_text('id,text\n"=cmd|calc","=2+2 très bien"\n-5,nul\n', encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(oyez(path, "--format", "csv").stdout)))
    assert len(rows) == 2
    assert rows[0]["id"] == "'=cmd|calc"
    assert 1 <= float(rows[0]["stars.expected"]) <= 5
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row.values())


@pytest.mark.parametrize("name", ["out.json", "out.jsonl", "out.csv"])
def test_the_output_file_has_the_format_of_its_name_and_is_whole(
    reviews: Path, cli: None, tmp_path: Path, name: str
) -> None:
    assert oyez(reviews, "-o", tmp_path / name).stdout == ""
    text = (tmp_path / name).read_text(encoding="utf-8")
    match name.rsplit(".")[1]:
        case "json":
            assert len(json.loads(text)) == 5
        case "jsonl":
            assert len(lines(text)) == 5
        case "csv":
            assert len(list(csv.DictReader(io.StringIO(text)))) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "reviews.csv"])


def test_tables_show_annotations_and_scorecards(reviews: Path, cli: None) -> None:
    assert oyez(reviews, "--format", "table").stdout.startswith("id")
    assert "Lille" in oyez(reviews, "--format", "table", "--by", "shop").stdout


class Counting:
    """Says nothing of any text, and remembers how many it was given at once."""

    name = "counting"

    def __init__(self, real: OpinionModel) -> None:
        self.card = real.card
        self.batches: list[int] = []

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        self.batches.append(len(texts))
        return [Annotation(self.name)] * len(texts)


def test_rows_stream_through_in_bounded_chunks(model: OpinionModel) -> None:
    counting = Counting(model)
    table = "text\n" + "un avis\n" * 5_000
    stream = analysis.annotate(Answers(open_table(table.encode()), Columns()), counting)
    next(stream)
    assert counting.batches == [analysis.CHUNK_ROWS]
    assert sum(1 for _ in stream) == 4_999
    long = "\n".join(json.dumps({"text": "long " * 20_000}) for _ in range(40))
    counting.batches.clear()
    assert len(list(analysis.annotate(Answers(open_table(long.encode()), Columns()), counting))) == 40
    assert max(counting.batches) <= 1 + analysis.CHUNK_CHARACTERS // 100_000


def test_how_many_rows_are_done_is_told(model: OpinionModel) -> None:
    done: list[int] = []
    answers = Answers(open_table(b"text,a\n" + b"bien,b\n" * 1_500 + b"x,y,z\n"), Columns())
    assert len(answers) == 1_501
    list(analysis.annotate(answers, Counting(model), advance=done.append))
    assert sum(done) == 1_501


def test_help_has_examples() -> None:
    assert "oyez analyze reviews.csv" in oyez("--help").stdout
