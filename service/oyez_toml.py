"""Reads `oyez.toml` and, when it is wrong, names the key, its line and what was expected there."""

from __future__ import annotations

import re
import tomllib
import typing
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any

from pydantic import BaseModel, ValidationError

from collectors.source import SourceError, find
from service.config import Config
from service.errors import ConfigError
from service.matching import options_of

Location = tuple[str | int, ...]
"""A path into the file: `("sources", 0, "options", "url")`."""

Mistake = tuple[Location, str]
"""Where, and what was expected there."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_FILE = "oyez.toml"


def load(path: Path) -> Config:
    """Read and check the file.

    Raises ConfigError with one line per mistake: file, line, key, what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no {path}", "write one with `oyez init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "save it as UTF-8 text that oyez may read") from None
    return parse(text, name=path.name)


def parse(text: str, *, name: str = _FILE) -> Config:
    """Check the text of a configuration file.

    Raises ConfigError.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{name} is not valid TOML: {error}", "correct that line; strings stand in quotes"
        ) from None
    lines = key_lines(text)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise _problem(name, lines, list(_mistakes(error, Config))) from None
    if mistakes := [*_disagreements(config), *_bad_options(config)]:
        raise _problem(name, lines, mistakes)
    return config


def _problem(name: str, lines: dict[Location, int], mistakes: list[Mistake]) -> ConfigError:
    said = sorted({(line_of(lines, at), _written(at), expected) for at, expected in mistakes})
    text = "\n".join(f"{name}, line {line}: {key}: {expected}" for line, key, expected in said)
    return ConfigError(text, "correct the file, then check it with `oyez doctor`")


def _written(location: Location) -> str:
    return ".".join(str(part) for part in location if isinstance(part, str)) or "the file"


# --- what is wrong ------------------------------------------------------------------------------------------


def _mistakes(error: ValidationError, model: type[BaseModel], at: Location = ()) -> Iterator[Mistake]:
    for detail in error.errors(include_url=False, include_input=False):
        location: Location = at + tuple(detail["loc"])
        message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if detail["type"] == "extra_forbidden":
            message = _unknown_key(str(detail["loc"][-1]), _model_at(model, detail["loc"][:-1]))
        elif detail["type"] == "missing":
            message = "this key is required"
        elif detail["type"] == "model_type":
            message = "expected a table of keys"
        elif detail["type"] == "literal_error":
            message = f"expected {detail['ctx']['expected']}"
        yield location, message[:1].lower() + message[1:]


def first_mistake(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Of options given outside of the file: the first that is wrong, and what was expected there."""
    location, expected = next(_mistakes(error, model))
    return ".".join(map(str, location)) or "the options", expected


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    known = list(model.model_fields) if model else []
    close = get_close_matches(key, known, n=1, cutoff=0.6)
    meant = f"; did you mean {close[0]!r}?" if close else ";"
    return f"unknown key{meant} expected {'one of: ' + ', '.join(known) if known else 'none here'}"


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int):
            continue
        field = here.model_fields.get(part) if here else None
        here = model_in(field.annotation) if field else None
    return here


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's type holds, be it a list of them or one that may be missing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, UnionType, typing.Annotated):
        return next((found for arg in typing.get_args(annotation) if (found := model_in(arg))), None)
    return None


def _disagreements(config: Config) -> Iterator[Mistake]:
    """Names that are used twice, or that point to nothing."""
    for section in ("brands", "sources", "alerts"):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(config, section)):
            if entry.name.casefold() in seen:
                yield (section, index, "name"), f"{entry.name!r} is used twice; names are unique"
            seen.add(entry.name.casefold())
    names = [brand.name for brand in config.brands]
    for location, used in _brand_uses(config):
        if used not in names:
            close = get_close_matches(used, names, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ";"
            yield location, f"there is no brand {used!r}{meant} brands of this file: {', '.join(names) or 'none'}"


def _brand_uses(config: Config) -> Iterator[Mistake]:
    for index, brand in enumerate(config.brands):
        yield from ((("brands", index, "competitors"), name) for name in brand.competitors)
    for index, source in enumerate(config.sources):
        yield from ((("sources", index, "brands"), name) for name in source.brands)
    for index, alert in enumerate(config.alerts):
        yield from ((("alerts", index, "brands"), name) for name in alert.brands)
    for index, report in enumerate(config.reports):
        yield ("reports", index, "brand"), report.brand


def _bad_options(config: Config) -> Iterator[Mistake]:
    for index, source in enumerate(config.sources):
        try:
            options = find(source.kind).Options
        except SourceError as error:
            yield ("sources", index, "kind"), f"{error}; {error.remedy}"
            continue
        try:
            options.model_validate(options_of(source, config.brands))
        except ValidationError as error:
            yield from _mistakes(error, options, ("sources", index, "options"))


# --- where it stands ----------------------------------------------------------------------------------------


def key_lines(text: str) -> dict[Location, int]:
    """Line number, from 1, of every table header and key of a valid TOML text. Inline tables count as one key."""
    lines = text.splitlines()
    found: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    table: Location = ()
    index = 0
    while index < len(lines):
        if header := _HEADER.fullmatch(lines[index]):
            table = _table(_parts(header[2]), counts, repeated=header[1] == "[[")
            found.setdefault(table, index + 1)
        elif key := _KEY.match(lines[index]):
            found.setdefault(table + _parts(key[1]), index + 1)
            index = _statement_end(lines, index)
        index += 1
    return found


def line_of(lines: dict[Location, int], location: Location) -> int:
    """The line of `location`, or of the nearest thing around it; 1 if none is known."""
    for length in range(len(location), 0, -1):
        if line := lines.get(location[:length]):
            return line
    return 1


def _parts(dotted: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", dotted))


def _table(parts: Location, counts: dict[Location, int], *, repeated: bool) -> Location:
    """The full path of a header, with the index of each repeated table on its way."""
    path: Location = ()
    for position, part in enumerate(parts):
        path += (part,)
        if repeated and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _statement_end(lines: list[str], start: int) -> int:
    """The last line of the key that starts at `start`: the first at which it is TOML by itself."""
    for end in range(start, len(lines)):
        try:
            tomllib.loads("\n".join(lines[start : end + 1]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return start
