"""The page that explains the figures keeps up with the code."""

from pathlib import Path

import pytest

from reputation.change import FEWEST_ANSWERS, SHARED
from reputation.figures import CAUTIOUS
from reputation.score import DEFAULT_WEIGHTS
from reputation.surges import FALSE_ALARM

PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("part", "weight"), DEFAULT_WEIGHTS.items())
def test_each_part_of_the_score_is_explained_with_its_weight(part: str, weight: float) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{part}` |"))
    assert f"| {weight:.2f} |" in row


def test_the_cautious_errors_are_told() -> None:
    line = PAGE[PAGE.index("**When the model's error is unknown**") :].split("\n\n")[0]
    assert all(f"{error:g}" in line for error in CAUTIOUS.values())


def test_the_constants_of_change_and_alarm_are_told() -> None:
    assert f"2·{SHARED:g}·s₁·s₂" in PAGE
    assert f"fewer than {FEWEST_ANSWERS} answers" in PAGE
    assert f"{FALSE_ALARM:g}" in PAGE


def test_every_reason_of_a_priority_is_told() -> None:
    assert all(f"`{reason}`" in PAGE for reason in ("rising", "costly", "blamed"))
