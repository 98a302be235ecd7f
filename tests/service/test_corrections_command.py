"""`oyez corrections`: what people say against the model, on the command line and from files."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from collectors.post import Post, PostKind
from collectors.tables import open_table
from service import annotating, correcting, evaluating, jobs
from service.correcting import Hand
from service.errors import ServiceError
from service.workspace import Workspace
from storage import brands, corrections, mentions, rollups, sources
from tests.service.commands import oyez
from tests.service.workspaces import NOW, workspace

TEXTS = ("Colis arrivé late", "Service bien", "Rien à dire du magasin", "Very late indeed", "Tout est great")
TOML = '[[brands]]\nname = "Lila"\n'


def filled(folder: Path) -> Workspace:
    """A home with five mentions of Lila, read by the word model and counted."""
    ws = workspace(folder, TOML)
    ids = ws.brand_ids()
    posts = [
        Post(kind=PostKind.POST, external_id=f"a/{number}", text=text, published_at=NOW)
        for number, text in enumerate(TEXTS, start=1)
    ]
    with ws.database.begin() as conn:
        source = sources.ensure(conn, "shop", "files")
        mentions.store_page(
            conn, source, posts, brand_ids_of=lambda _: [ids["Lila"]], pseudonym=lambda n: n, now=NOW
        )
    work(ws)
    return ws


def work(ws: Workspace) -> None:
    annotating.annotate(ws)
    annotating.fold(ws)
    jobs.roll_up(ws)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    filled(tmp_path / "home").close()
    return tmp_path / "home"


def tally(home: Path) -> Any:
    with workspace(home, TOML) as ws, ws.database.read() as conn:
        [brand] = brands.all_brands(conn)
        return rollups.read(conn, brand.id, NOW.date(), NOW.date())


def listed(home: Path) -> list[dict[str, Any]]:
    return json.loads(oyez("corrections", "list", "--home", home, "--format", "json").stdout)


def test_a_mention_is_corrected_listed_and_given_back_and_the_figures_follow(home: Path) -> None:
    before = tally(home)
    oyez("corrections", "add", "1", "sentiment=positive", "touchpoint.delivery=none", "--home", home)
    assert tally(home).p_negative == pytest.approx(before.p_negative - 0.97)
    assert [(one["mention"], one["field"], one["value"]) for one in listed(home)] == [
        (1, "touchpoint.delivery", "none"),
        (1, "sentiment", "positive"),
    ]
    oyez("corrections", "remove", "1", "sentiment", "--home", home)
    assert [one["field"] for one in listed(home)] == ["touchpoint.delivery"]
    oyez("corrections", "remove", "shop/a/1", "--home", home)
    assert tally(home) == before


def test_a_mention_is_found_by_the_id_of_an_export(home: Path) -> None:
    oyez("corrections", "add", "shop/a/3", "stars=4", "--home", home)
    assert [one["mention"] for one in listed(home)] == [3]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "1", "sentiment=bad"), "one of: negative, neutral, positive"),
        (("add", "1", "mood=bad"), "cannot be corrected"),
        (("add", "99", "stars=1"), "no mention '99'"),
        (("add", "shop/nothing", "stars=1"), "no mention 'shop/nothing'"),
        (("add", "1", "relevance=no", "--brand", "Nobody"), "no brand 'Nobody'"),
        (("remove", "1", "stars"), "has no such correction"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(home: Path, arguments: tuple[str, ...], told: str) -> None:
    result = oyez("corrections", *arguments, "--home", home, code=1)
    assert told in result.stderr
    assert listed(home) == []


def test_a_pair_that_is_none_is_wrong_use(home: Path) -> None:
    assert "is not KEY=VALUE" in oyez("corrections", "add", "1", "negative", "--home", home, code=2).stderr


def test_one_wrong_value_of_several_corrects_nothing(home: Path) -> None:
    oyez("corrections", "add", "1", "stars=1", "sentiment=bad", "--home", home, code=1)
    assert listed(home) == []


def test_relevance_takes_a_mention_out_of_the_figures_and_back(home: Path) -> None:
    oyez("corrections", "add", "2", "relevance=no", "--home", home)
    assert tally(home).mentions == 4
    assert listed(home)[0]["brand"] == "Lila"
    oyez("corrections", "remove", "2", "--home", home)
    assert tally(home).mentions == 5


def test_a_file_of_corrections_is_brought_in_and_its_wrong_rows_are_told(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "judged.csv"
    file.write_text(
        "mention;sentiment;stars;touchpoints;brand\n"
        "1;négatif;1;delivery: negative | staff: mixte;\n"
        "shop/a/2;positive;;none;Lila\n"
        "3;;;;\n"
        "4;terrible;;;\n"
        "77;negative;;;\n"
        "5;;6;;\n",
        encoding="utf-8",
    )
    result = oyez("corrections", "import", file, "--home", home, "--format", "json")
    assert json.loads(result.stdout) == [{"mentions": 2, "corrections": 27, "left_out": 3}]
    assert "'terrible' is no sentiment" in result.stderr
    assert "no mention '77'" in result.stderr
    said = {(one["mention"], one["field"]): one["value"] for one in listed(home)}
    assert said[1, "touchpoint.staff"] == "mixed"
    assert said[1, "touchpoint.price"] == "none"
    assert said[2, "touchpoint.delivery"] == "none"
    assert (1, "stars") in said
    assert (3, "stars") not in said


@pytest.mark.parametrize("content", ["text,stars\nabc,1\n", "mention,text\n1,abc\n"])
def test_a_file_without_mentions_or_corrections_is_refused(home: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(content, encoding="utf-8")
    assert "oyez corrections draw" in oyez("corrections", "import", file, "--home", home, code=1).stderr


def test_a_drawn_sheet_filled_in_and_imported_measures_the_model(tmp_path: Path) -> None:
    with filled(tmp_path / "home") as ws:
        with ws.database.read() as conn:
            [brand] = brands.all_brands(conn)
        rows = list(correcting.draw(ws, brand, 3, seed=4))
        assert rows == list(correcting.draw(ws, brand, 3, seed=4))
        assert len({row["mention"] for row in rows}) == 3
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, correcting.SHEET)
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"sentiment": "negative", "touchpoints": "none"})
        correcting.put(ws, rows[0]["mention"], {"stars": "1"}, Hand("chosen"))
        result = correcting.import_table(ws, open_table(sheet.getvalue().encode()), Hand("ana"))
        assert (result.mentions, result.faults) == (3, [])
        document = evaluating.of_corrections(ws)
    assert (document["kind"], document["n"]) == ("drawn", 3)
    late = sum("late" in row["text"].lower() for row in rows)
    assert document["overall"]["sentiment"]["accuracy"]["value"] == pytest.approx(late / 3, abs=1e-4)


def test_without_any_drawn_the_chosen_ones_measure_and_it_is_said_that_this_is_unfair(home: Path) -> None:
    oyez("corrections", "add", "1", "sentiment=negative", "--home", home)
    oyez("corrections", "add", "2", "sentiment=negative", "--home", home)
    with workspace(home, TOML) as ws:
        document = evaluating.of_corrections(ws)
    assert (document["kind"], document["n"]) == ("chosen", 2)
    assert document["overall"]["sentiment"]["accuracy"]["value"] == 0.5
    assert "chosen by people" in oyez("evaluate", "--home", home).stderr


def test_a_drawn_text_shows_no_address_and_leads_nobody(tmp_path: Path) -> None:
    with filled(tmp_path / "home") as ws:
        with ws.database.begin() as conn:
            [brand] = brands.all_brands(conn)
            post = Post(
                kind=PostKind.POST,
                external_id="x",
                text="Écrivez à jean.dupont@example.org, c'est late",
                published_at=NOW,
            )
            source = sources.ensure(conn, "shop", "files")
            mentions.store_page(
                conn, source, [post], brand_ids_of=lambda _: [brand.id], pseudonym=lambda n: n, now=NOW
            )
        work(ws)
        rows = list(correcting.draw(ws, None, 100, seed=1))
    assert len(rows) == 6
    assert "jean.dupont" not in repr(rows)
    assert all("sentiment" not in row for row in rows)


def test_a_mention_that_is_linked_to_no_brand_has_no_relevance(tmp_path: Path) -> None:
    with filled(tmp_path / "home") as ws:
        with ws.database.begin() as conn:
            source = sources.ensure(conn, "shop", "files")
            post = Post(kind=PostKind.POST, external_id="x", text="de personne", published_at=NOW)
            mentions.store_page(conn, source, [post], brand_ids_of=lambda _: [], pseudonym=lambda n: n, now=NOW)
        number = correcting.locate(ws, "shop/x")
        with pytest.raises(ServiceError, match="linked to 0 brands"):
            correcting.put(ws, number, {"relevance": "no"}, Hand("ana"))
        with ws.database.read() as conn:
            assert corrections.of_mention(conn, number) == []
