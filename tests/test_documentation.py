"""The documents tell the truth: the commands and keys they name exist, and each command shows how it is used."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from collectors.source import find, kinds
from service.cli import COMMANDS, app
from service.cli.reference import configuration, sources
from service.config import Config
from service.oyez_toml import model_in, parse
from service.starter import starter

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
GROUPS = {
    "report": ("weekly", "scorecard"),
    "sources": ("list", "kinds", "parse", "preview", "replay", "try"),
    "corrections": ("add", "list", "remove", "draw", "import"),
}
PATHS = [[name] for name in COMMANDS] + [[group, name] for group, names in GROUPS.items() for name in names]


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def available(name: str) -> None:
    module = COMMANDS[name][0].partition(":")[0]
    if not (ROOT / "service" / "cli" / f"{module}.py").is_file():
        pytest.skip(f"service/cli/{module}.py is not written yet")


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_shows_an_example_of_itself(path: list[str]) -> None:
    available(path[0])
    assert "Example" in shown(*path)
    assert f"oyez {' '.join(path)}" in shown(*path)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_one_does(name: str) -> None:
    assert COMMANDS[name][1] in shown()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_what_prints_data_takes_home_or_needs_none(path: list[str]) -> None:
    available(path[0])
    without_home = (
        ["sources"], ["sources", "kinds"], ["sources", "parse"], ["sources", "try"], ["report"], ["try"],
        ["corrections"],
    )  # fmt: skip
    assert path in without_home or "--home" in shown(*path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_in_the_documents_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command, second in re.findall(r"(?:`|^\s*(?:\$ )?)oyez ([a-z_]+)(?: ([a-z_]+))?", text, re.MULTILINE):
        assert command in COMMANDS, f"oyez {command}"
        assert command not in GROUPS or not second or second in GROUPS[command], f"oyez {command} {second}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_configuration_in_the_documents_is_valid(page: Path) -> None:
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "toml":
            parse(block if "[[brands]]" in block else f'{block}\n[[brands]]\nname = "Lila"\n')


def keys_of(model: type[BaseModel]) -> list[tuple[str, str]]:
    """Every key of the file as (section, key)."""
    found = []
    for section, field in model.model_fields.items():
        inner = model_in(field.annotation)
        assert inner is not None
        found += [(section, key) for key in inner.model_fields]
    return found


@pytest.mark.parametrize(("section", "key"), keys_of(Config))
def test_every_key_is_described(section: str, key: str) -> None:
    inner = model_in(Config.model_fields[section].annotation)
    assert inner is not None
    assert inner.model_fields[key].description


def test_an_option_that_the_brands_fill_in_is_not_called_required() -> None:
    lines = [line for line in sources().splitlines() if line.startswith("| `query` |")]
    assert any("its brands' queries" in line for line in lines)
    assert not any("required" in line for line in lines)


def test_the_reference_of_the_configuration_is_the_code_s_own() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == configuration(), "run: python -m service.cli.reference > docs/configuration.md"


def test_the_page_of_the_sources_is_the_code_s_own() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert page == sources(), "run: python -m service.cli.reference sources > docs/sources.md"


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_source_says_what_it_covers_and_every_option_what_it_is(kind: str) -> None:
    section = sources().partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert len(section.split()) > 40
    assert f'kind = "{kind}"' in section, "an example is missing"
    assert all(field.description for field in find(kind).Options.model_fields.values())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_starter_is_valid_as_it_is_and_with_everything_switched_on(language: str) -> None:
    text = starter('L"été \\ à 100 %', language)
    assert parse(text).brands[0].name == 'L"été \\ à 100 %'
    on = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    other = re.sub(r"^competitors = .*\n", "", on, flags=re.MULTILINE)
    config = parse(other.replace('brand = "BRAND"', "brand = 'L\"été \\ à 100 %'"))
    assert config.sources
    assert config.reports
    assert config.mail.password == "env:OYEZ_MAIL_PASSWORD"
    assert set(tomllib.loads(other)) <= set(Config.model_fields)
