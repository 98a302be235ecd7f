"""The query of a brand: what is asked for it, what is stored, and how a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.collecting import collect
from service.errors import ConfigError
from service.oyez_toml import parse
from storage import mentions
from tests.collectors.replay import Site
from tests.service.searches import asked, hit, serve, toml
from tests.service.workspaces import workspace

TWO = """
[[brands]]
name = "Lila"
query = '("Lila Énergie" OR (Lila NEAR/5 (gaz OR électricité))) NOT parfum'

[[brands]]
name = "Volta"
aliases = ["Volta Power"]
excluded = ["danse"]
"""


def test_a_search_without_a_query_looks_for_its_brands_and_keeps_what_matches(tmp_path: Path) -> None:
    with Site() as site:
        serve(
            site,
            [
                hit(1, "Le gaz de Lila est cher"),
                hit(2, "Le lilas sent bon"),
                hit(3, "Un parfum Lila, et le gaz en plus"),
                hit(4, "LILA ENERGIE m'a coupé"),
                hit(5, "Volta Power rocks"),
                hit(6, "On danse la Volta"),
            ],
        )
        with workspace(tmp_path, toml(site, brands=TWO)) as ws:
            [result] = collect(ws)
            ids = ws.brand_ids()
            with ws.database.read() as conn:
                texts = {
                    name: {view.text for view in mentions.latest(conn, number)} for name, number in ids.items()
                }
        assert asked(site) == [
            '"Lila Énergie" -parfum', "Lila gaz -parfum", "Lila électricité -parfum",
            "Volta -danse", '"Volta Power" -danse',
        ]  # fmt: skip
    assert texts["Lila"] == {"Le gaz de Lila est cher", "LILA ENERGIE m'a coupé"}
    assert texts["Volta"] == {"Volta Power rocks"}
    assert result.off_topic > 0
    assert result.to_json()["off_topic"] == result.off_topic


def test_a_source_s_own_query_wins_over_those_of_its_brands(tmp_path: Path) -> None:
    with Site() as site:
        serve(site, [hit(1, "Lila et le gaz"), hit(2, "la facture de Lila")])
        text = toml(site, source='brands = ["Lila"]\n', options="query = 'Lila AND factur*'\n")
        with workspace(tmp_path, text) as ws:
            [result] = collect(ws)
        assert asked(site) == ["Lila"]
    assert (result.stored.new, result.off_topic) == (1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[brands]]\nname = \"Lila\"\nquery = 'Lila AND'\n", "line 3: brands.query: a word is missing"),
        ("[[brands]]\nname = \"Lila\"\nquery = 'Lila and gaz'\n", "at character 6, here ▸: Lila ▸and gaz"),
        (
            '[[brands]]\nname = "Lila"\nquery = "Lila"\ncontext = ["gaz"]\n',
            "write context and excluded into it",
        ),
        (
            '[[brands]]\nname = "Lila"\n[[sources]]\nname = "HN"\nkind = "hacker_news"\n'
            "[sources.options]\nquery = '(Lila'\n",
            "line 7: sources.options.query: this ( is not closed",
        ),
        ('[[sources]]\nname = "HN"\nkind = "hacker_news"\n', "sources.options.query: this key is required"),
    ],
)
def test_a_wrong_query_is_told_with_its_line_and_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_a_query_that_a_service_cannot_be_asked_fails_that_source_alone_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    with Site() as site:
        serve(site, [])
        with workspace(tmp_path, toml(site, options="query = 'livr*'\n")) as ws:
            [result] = collect(ws)
    assert "livr*" in result.problem
    assert "simpler `query`" in result.remedy


def test_a_post_that_was_edited_away_from_the_brand_is_stored_as_it_is_now_and_counts_no_more(
    tmp_path: Path,
) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila, nul"), hit(2, "lilas")])
        collect(ws)
        serve(site, [hit(1, "lilas, nul"), hit(2, "lilas en fleur")])
        [result] = collect(ws)
        with ws.database.read() as conn:
            assert [view.text for view in mentions.latest(conn)] == ["lilas, nul"]
            assert mentions.count(conn, ws.brand_ids()["Lila"]) == 0
    assert (result.stored.changed, result.off_topic) == (1, 2)
