"""Writes the references of `oyez.toml` and of the kinds of sources from what the code says of itself.

python -m service.cli.reference > docs/configuration.md
python -m service.cli.reference sources > docs/sources.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from collectors.source import Source, find, kinds, note
from service.config import Config
from service.oyez_toml import model_in

_INTRODUCTION = """\
# The configuration: `oyez.toml`

One file in the home folder says everything; `oyez init` writes a first one, `oyez doctor` checks it. What is left
out is at its default. A mistake is named with its line and what was expected there.

A secret is never written in the file, only where it lies: `env:NAME` is an environment variable, `file:PATH` the
first line of a file (relative to the home folder).
"""

_SOURCES = """\
# Sources: where Oyez listens

Each `[[sources]]` of `oyez.toml` has one of these kinds. `oyez sources kinds KIND` shows the same as this page,
`oyez sources preview NAME` what a source finds, before anything is kept.

*Unverified* means that no real answer of the service was at hand to test with: what is not as its documentation
says is named, never guessed. *Off* means that its terms speak against reading it: it is not read until you write
`accept_terms = true` in its `[[sources]]`, which is yours to answer for. A key is never written in the file, only
where it lies: `env:NAME` or `file:PATH`.

| Kind | What | Note |
| --- | --- | --- |
"""


def sources() -> str:
    """The page in Markdown: a table of all kinds, then what the module of each says, with its options."""
    found = [find(kind) for kind in kinds()]
    table = "".join(f"| [`{one.kind}`](#{one.kind}) | {one.title} | {note(one)} |\n" for one in found)
    return f"{_SOURCES}{table}\n" + "\n".join("\n".join(_source(one)) for one in found)


def _source(kind: type[Source]) -> Iterator[str]:
    """The section of a kind: its heading is its name alone, which the table links to."""
    said = note(kind)
    yield f"## {kind.kind}\n"
    if said:
        yield f"*{said[:1].upper()}{said[1:]}.*\n"
    yield f"{(sys.modules[kind.__module__].__doc__ or kind.title).strip()}\n"
    yield from _table("Option", kind.Options)


def configuration() -> str:
    """The page in Markdown: one section for each table of the file, one row for each key."""
    parts = [_INTRODUCTION]
    for name, field in Config.model_fields.items():
        model = model_in(field.annotation)
        assert model is not None
        repeated = field.default == []
        parts.append("\n".join(_section(f"[[{name}]]" if repeated else f"[{name}]", field, model)))
    return "\n".join(parts)


def _section(title: str, field: FieldInfo, model: type[BaseModel]) -> Iterator[str]:
    yield f"## `{title}`\n\n{field.description}\n"
    yield from _table("Key", model)


_FILLED_IN = {"query": "its brands' queries"}
"""What a required option is where the user leaves it out (`service.matching.options_of`)."""


def _table(what: str, model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    yield f"| {what} | What | Default |\n| --- | --- | --- |"
    for key, inner in model.model_fields.items():
        written = _written(schema["properties"][key].get("default"))
        default = _FILLED_IN.get(key, "required") if inner.is_required() else written
        yield f"| `{key}` | {(inner.description or '').replace('|', '/')} | {default} |"
    yield ""


def _written(value: object) -> str:
    if value is None or value in ("", []):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


if __name__ == "__main__":
    sys.stdout.write(sources() if sys.argv[1:] == ["sources"] else configuration())
