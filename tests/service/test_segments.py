"""A scorecard of any segment that posts carry."""

from datetime import timedelta
from pathlib import Path

import pytest

from collectors.post import Post, PostKind, Rating
from reputation.periods import Period
from reputation.scorecards import Slice, scorecard
from service import annotating, jobs
from service.reporting import find_brand
from service.workspace import Workspace
from storage import mentions, sources
from tests.service.commands import oyez
from tests.service.workspaces import NOW, workspace

TOML = """
[[brands]]
name = "Lila"
"""
SHOPS = {"Lyon": ("bien", "bien", "nul"), "Ville d'Été": ("nul",)}


def fill(ws: Workspace) -> None:
    posts = [
        Post(
            PostKind.REVIEW,
            f"{shop}-{number}",
            f"{word}, visite numéro {number}",
            rating=Rating(5 if word == "bien" else 1),
            published_at=NOW - timedelta(days=1),
            language="fr",
            segments={"location": shop},
        )
        for shop, words in SHOPS.items()
        for number, word in enumerate(words)
    ]
    posts.append(Post(PostKind.REVIEW, "nowhere", "bien", rating=Rating(5), published_at=NOW - timedelta(days=1)))
    ids = ws.brand_ids()
    with ws.database.begin() as conn:
        source = sources.ensure(conn, "Shops", "files")
        mentions.store_page(
            conn, source, posts, brand_ids_of=lambda _: [ids["Lila"]], pseudonym=lambda name: name, now=NOW
        )
    annotating.annotate(ws)
    jobs.roll_up(ws)


@pytest.mark.parametrize(("shop", "csat"), [("Lyon", 66.7), ("Ville d'Été", 0.0)])
def test_a_segment_has_a_scorecard_of_its_own(tmp_path: Path, shop: str, csat: float) -> None:
    with workspace(tmp_path, TOML) as ws:
        fill(ws)
        with ws.database.read() as conn:
            part = Slice(segment=("location", shop))
            card = scorecard(conn, find_brand(ws, "Lila"), Period.last_days(7, NOW), part=part).to_json()
    assert card["mentions"] == len(SHOPS[shop])
    assert card["indicators"]["csat"]["value"] == csat
    assert card["indicators"]["csat"]["low"] <= csat <= card["indicators"]["csat"]["high"]
    assert card["slice"]["segment"] == {"location": shop}


def test_segments_add_up_to_the_whole(tmp_path: Path) -> None:
    with workspace(tmp_path, TOML) as ws:
        fill(ws)
        with ws.database.read() as conn:
            brand, week = find_brand(ws, "Lila"), Period.last_days(7, NOW)
            parts = [scorecard(conn, brand, week, part=Slice(segment=("location", shop))) for shop in SHOPS]
            whole = scorecard(conn, brand, week)
            none = scorecard(conn, brand, week, part=Slice(segment=("location", "Nulle part")))
    assert sum(part.mentions for part in parts) + 1 == whole.mentions == 5
    assert (none.mentions, none.score) == (0, None)


def test_the_command_takes_a_segment_and_refuses_what_is_none(tmp_path: Path) -> None:
    with workspace(tmp_path, TOML) as ws:
        fill(ws)
    days = ("--from", "2026-11-10", "--to", "2026-11-16")
    home = ("--home", str(tmp_path), "--format", "json")
    given = oyez("report", "scorecard", "--brand", "Lila", "--segment", "location=Lyon", *days, *home)
    assert '"mentions": 3' in given.stdout
    oyez("report", "scorecard", "--brand", "Lila", "--segment", "Lyon", *days, *home, code=2)


def test_what_counts_as_satisfied_is_the_users_choice(tmp_path: Path) -> None:
    """Of ten answers, four are above 7 and three from 5 to 7: 70 % when 5 satisfies, 40 % when only above 7."""
    answers = [8] * 4 + [6] * 3 + [2] * 3
    posts = [
        Post(PostKind.SURVEY, str(number), "", rating=Rating(value, 0, 10), published_at=NOW - timedelta(days=1))
        for number, value in enumerate(answers)
    ]
    shares = {}
    for threshold in (0.5, 0.75, 0.5):
        with workspace(tmp_path, f"{TOML}satisfied_from = {threshold}\n") as ws:
            about = list(ws.brand_ids().values())
            with ws.database.begin() as conn:
                source = sources.ensure(conn, "Survey", "files")
                mentions.store_page(
                    conn, source, posts, brand_ids_of=lambda _, ids=about: ids, pseudonym=str, now=NOW
                )
            jobs.roll_up(ws)
            with ws.database.read() as conn:
                card = scorecard(conn, find_brand(ws, "Lila"), Period.last_days(7, NOW)).to_json()
            shares[threshold] = card["indicators"]["csat"]["value"]
    assert shares == {0.5: 70.0, 0.75: 40.0}
