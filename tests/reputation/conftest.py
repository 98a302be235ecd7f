"""A real database for the tests of this floor, and a short way to fill it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reputation.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An empty SQLite database with one brand and two sources."""
    made = Stage(f"sqlite:///{tmp_path / 'oyez.db'}")
    yield made
    made.close()
