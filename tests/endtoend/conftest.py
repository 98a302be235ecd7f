"""What the end-to-end tests share."""

from pathlib import Path

import pytest
from desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A user with an empty home folder."""
    return Desk(tmp_path / "home")
