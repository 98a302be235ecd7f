"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command sends the logs to the stderr it was run with, which its runner closes afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real captures and labelled reviews that lie beside the repository and are not part of it."""
    folder = Path(os.environ.get("OYEZ_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real captures and labelled reviews in {folder}; OYEZ_SHARED names their folder")
    return folder
