"""The shape of the house: imports point downwards, files and functions stay short, nobody prints."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "collectors": {"collectors"},
    "nlp": {"nlp"},
    "storage": {"storage", "nlp", "collectors"},
    "reputation": {"reputation", "storage", "nlp", "collectors"},
    "service": {"service", "reputation", "storage", "nlp", "collectors"},
}
"""Floor → the floors it may import. `collectors` and `nlp` know nothing of each other."""
LONGEST_FILE, LONGEST_FUNCTION = 500, 50


def modules() -> list[Path]:
    return sorted(path for floor in MAY_IMPORT for path in (ROOT / floor).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_downwards(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0]
    found = {name.split(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
    assert found & set(MAY_IMPORT) <= MAY_IMPORT[floor]
    assert "tests" not in found


def test_sql_is_written_in_storage_only() -> None:
    guilty = [
        name_of(path)
        for path in modules()
        if path.relative_to(ROOT).parts[0] != "storage"
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name == "storage.tables"
    ]
    assert guilty == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and body_lines(node) > LONGEST_FUNCTION
    ]
    # A migration is the tables as they once were, in one piece.
    assert long == [] or path.parent.name == "versions"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring: options and examples are not complexity."""
    first = node.body[0]
    documented = ast.get_docstring(node) is not None
    start = (first.end_lineno or first.lineno) + 1 if documented else first.lineno
    return (node.end_lineno or start) - start + 1


def test_only_the_command_line_writes_to_stdout() -> None:
    guilty = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        if "cli" not in path.parts and "training" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write", "typer.echo")
    ]
    assert guilty == []


def test_no_module_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "managers", "manager", "misc", "common", "tools"}
    assert [name_of(path) for path in modules() if path.stem in drawers] == []
