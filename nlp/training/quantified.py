"""The part of the model card that `quantify` measured, as Markdown."""

from __future__ import annotations

from typing import Any

NAMES = {"csat 4": "CSAT", "net_sentiment": "net sentiment", "nps": "NPS", "rating": "rating, stars"}
"""The figures told of, in this order; of CSAT, that of 4-5 stars."""


def markdown(reports: dict[str, dict[str, Any]]) -> str:
    """Errors before and after by figure, language and kind, rivals, and how often intervals held the truth."""
    shown = {name: reports[key] for key, name in NAMES.items()}
    return "\n\n".join([_errors(shown), _parts(shown), _coverage(shown)]) + "\n"


def _errors(shown: dict[str, dict[str, Any]]) -> str:
    head = [
        "Figure",
        "groups",
        "mean of probabilities",
        "put right",
        "expectation-maximisation",
        "adjusted count",
    ]
    keys = ("em", "adjusted count")
    rows = [
        [name, *_of(found, "groups", "before", "after"), *_of(found["rivals"], *keys)]
        for name, found in shown.items()
    ]
    return table(head, rows)


def _parts(shown: dict[str, dict[str, Any]]) -> str:
    head = ["Figure", "part", "groups", "shifts", "slope", "mean of probabilities", "put right"]
    keys = ("groups", "shifts", "slope", "before", "after")
    rows = [
        [name, part, *_of(line, *keys)] for name, found in shown.items() for part, line in found["parts"].items()
    ]
    return table(head, rows)


def _coverage(shown: dict[str, dict[str, Any]]) -> str:
    told = [found for name, found in shown.items() if name != NAMES["rating"]]
    shares = sorted({share for found in told for share in found["mixes"]}, key=float)
    rows = [["companies left out", *(_held(found["companies"]) for found in told)]]
    for share in shares:
        mixes = (_held(found["mixes"].get(share)) for found in told)
        rows.append([f"mixes, {100 * float(share):.0f} % positive", *mixes])
    for size in ("30", "100", "300", "1000"):
        rows.append([f"mixes of {size} texts", *(f"{found['sizes'][size]:.3f}" for found in told)])
    return table(["Held the truth", *(name for name in shown if name != NAMES["rating"])], rows)


def table(head: list[str], rows: list[list[Any]]) -> str:
    """One table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("" if cell is None else str(cell) for cell in line) + " |" for line in lines
    )


def _of(found: dict[str, Any], *keys: str) -> list[Any]:
    return [", ".join(map(str, value)) if isinstance(value := found.get(key), list) else value for key in keys]


def _held(found: dict[str, Any] | None) -> str:
    return f"{found['held']:.3f} (width {found['width']})" if found else ""
