"""`oyez sources preview`: the last hits and why, before anything is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage import mentions
from storage.database import open_database
from tests.collectors.replay import Site
from tests.service.commands import oyez
from tests.service.searches import asked, hit, serve, toml


def home_with(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "oyez.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_last_hits_are_shown_newest_first_with_the_words_they_match(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(
            tmp_path / "home", toml(site, brands='[[brands]]\nname = "Lila"\nquery = "Lila NOT fleur"\n')
        )
        serve(site, [hit(number, f"LILA, avis {number}", days_ago=number) for number in range(1, 15)])
        shown = json.loads(oyez("sources", "preview", "HN", "--home", home, "--format", "json").stdout)
    assert [row["external_id"] for row in shown] == [str(number) for number in range(1, 11)]
    assert all((row["why"], row["brands"], row["kept"]) == (["LILA"], ["Lila"], True) for row in shown)


def test_what_the_query_would_leave_out_is_shown_as_such(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(tmp_path / "home", toml(site))
        serve(site, [hit(1, "Chez Lila"), hit(2, "Le lilas")])
        table = oyez("sources", "preview", "HN", "--home", home).stdout
    lines = {line.split()[-2]: line.split() for line in table.splitlines()[1:]}
    assert "yes" in lines["Chez"]
    assert "no" in lines["Le"]


def test_nothing_is_stored_by_a_preview(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(tmp_path / "home", toml(site))
        serve(site, [hit(1, "Chez Lila")])
        oyez("sources", "preview", "HN", "--home", home)
        listed = oyez("sources", "list", "--home", home, "--format", "json").stdout
    assert json.loads(listed)[0]["state"] == "never read"
    with open_database(f"sqlite:///{home / 'oyez.db'}") as database, database.read() as conn:
        assert mentions.count(conn) == 0


def test_a_kind_can_be_tried_before_it_is_configured(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(tmp_path / "home", '[http]\nallowed_hosts = ["127.0.0.1"]\n[[brands]]\nname = "Lila"\n')
        serve(site, [hit(1, "Chez Lila"), hit(2, "Volta")])
        arguments = ("sources", "preview", "hacker_news", "--option", f"site={site.url('')}", "--home", home)
        assert "Chez Lila" in oyez(*arguments).stdout
        assert "Volta" in oyez(*arguments, "--option", "query=volta", "--limit", "1").stdout
        assert asked(site) == ["Lila", "volta"]


def test_several_sources_are_shown_in_one_table(tmp_path: Path) -> None:
    with Site() as site:
        text = toml(site) + toml(site, brands="").partition("[[sources]]")[2].join(["[[sources]]", ""]).replace(
            '"HN"', '"Other"'
        )
        home = home_with(tmp_path / "home", text)
        serve(site, [hit(1, "Chez Lila")])
        shown = json.loads(oyez("sources", "preview", "HN", "Other", "--home", home, "--format", "json").stdout)
    assert [row["source"] for row in shown] == ["HN", "Other"]


def test_older_hits_are_shown_where_there_are_none_of_late(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(tmp_path / "home", toml(site))
        serve(site, [hit(1, "Chez Lila", days_ago=4_000)])
        assert "Chez Lila" in oyez("sources", "preview", "HN", "--home", home).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Nowhere",), "no source and no kind of source called 'Nowhere'"),
        (("HN", "--option", "query=(Lila"), "query: this ( is not closed"),
        (("HN", "--option", "nonsense"), "is no option"),
        (("feeds",), "oyez sources kinds feeds"),
    ],
)
def test_what_cannot_be_shown_says_what_to_do(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    with Site() as site:
        home = home_with(tmp_path / "home", toml(site))
        assert said in oyez("sources", "preview", *arguments, "--home", home, code=1).stderr
