"""One source of each kind, as its own page shows it."""

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

from collectors.secret import REVEAL
from collectors.source import Source, find

_EXAMPLE = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def options_shown(kind: str) -> dict[str, Any]:
    """The options in the example of a kind's page, the docstring of its module."""
    page = importlib.import_module(f"collectors.sources.{kind}").__doc__ or ""
    found = _EXAMPLE.search(page)
    assert found, f"the docstring of collectors/sources/{kind}.py shows no [[sources]] in a ```toml block"
    [source] = tomllib.loads(found[1])["sources"]
    assert source["kind"] == kind
    options: dict[str, Any] = source.get("options", {})
    return options


def example(kind: str) -> Source:
    """A source with these options; its brand is called Lila, its keys are all "key"."""
    chosen = find(kind)
    options = options_shown(kind)
    if "query" in chosen.Options.model_fields:
        options.setdefault("query", "Lila")
    context = {REVEAL: lambda reference: "key", "folder": Path("/nowhere")}
    return chosen(chosen.Options.model_validate(options, context=context))
