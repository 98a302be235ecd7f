"""What stands on the charts."""

import re
from collections import Counter

from service import charts

TITLES = {"negative": "Bad", "neutral": "So-so", "positive": "Good"}


def test_small_counts_have_whole_numbers_on_the_axis_each_of_them_once() -> None:
    days = [
        {"day": "2026-11-14", "negative": 0.9, "neutral": 0.1, "positive": 0.0},
        {"day": "2026-11-15", "negative": 0.1, "neutral": 0.4, "positive": 1.5},
    ]
    labels = re.findall(r"<text[^>]*>(\d+)</text>", charts.svg(charts.moods(days, TITLES)))
    assert Counter(labels) == {"0": 1, "1": 1, "2": 1}
