"""Writes the reference of `oyez.toml` from the configuration's own descriptions.

python -m service.cli.reference > docs/configuration.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from service.config import Config
from service.oyez_toml import model_in

_INTRODUCTION = """\
# The configuration: `oyez.toml`

One file in the home folder says everything; `oyez init` writes a first one, `oyez doctor` checks it. What is left
out is at its default. A mistake is named with its line and what was expected there.

A secret is never written in the file, only where it lies: `env:NAME` is an environment variable, `file:PATH` the
first line of a file (relative to the home folder).
"""


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
    schema = model.model_json_schema()
    yield f"## `{title}`\n\n{field.description}\n\n| Key | What | Default |\n| --- | --- | --- |"
    for key, inner in model.model_fields.items():
        default = "required" if inner.is_required() else _written(schema["properties"][key].get("default"))
        yield f"| `{key}` | {(inner.description or '').replace('|', '/')} | {default} |"
    yield ""


def _written(value: object) -> str:
    if value is None or value in ("", []):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


if __name__ == "__main__":
    sys.stdout.write(configuration())
