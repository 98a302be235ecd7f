"""The tables of the model card."""

from typing import Any

from nlp.training.quantified import markdown

FOUND: dict[str, Any] = {
    "groups": 12,
    "before": 4.6,
    "after": 2.4,
    "rivals": {"em": 3.1, "adjusted count": 3.6},
    "parts": {"fr": {"groups": 9, "shifts": [0.1, -0.2], "slope": 1.3, "before": 5.0, "after": 2.3}},
    "companies": {"held": 0.96, "width": 16.1},
    "mixes": {"0.05": {"held": 0.9, "width": 13.5}, "0.5": {"held": 1.0, "width": 24.4}},
    "sizes": {"30": 0.95, "100": 0.94, "300": 0.94, "1000": 0.93},
}


def test_every_figure_has_its_errors_parts_and_coverage() -> None:
    reports = dict.fromkeys(("csat 4", "net_sentiment"), FOUND)
    reports["nps"] = FOUND | {"mixes": {"0.5": {"held": 1.0, "width": 60.0}}}
    reports["rating"] = FOUND | {"rivals": {}}
    said = markdown(reports).splitlines()
    assert "| CSAT | 12 | 4.6 | 2.4 | 3.1 | 3.6 |" in said
    assert "| rating, stars | 12 | 4.6 | 2.4 |  |  |" in said
    assert "| NPS | fr | 9 | 0.1, -0.2 | 1.3 | 5.0 | 2.3 |" in said
    assert "| mixes, 5 % positive | 0.900 (width 13.5) | 0.900 (width 13.5) |  |" in said
    assert "| mixes of 1000 texts | 0.930 | 0.930 | 0.930 |" in said
