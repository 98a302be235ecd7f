"""Ratings as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.ratings import parse_rating


@pytest.mark.parametrize(
    ("written", "value", "worst", "best"),
    [
        ("4,5/5", 4.5, 1, 5),
        ("4.5 out of 5", 4.5, 1, 5),
        ("4 étoiles sur 5", 4, 1, 5),
        ("Note : 4/5", 4, 1, 5),
        ("Rated 4 out of 5 stars", 4, 1, 5),
        ("4 stars", 4, 1, 5),
        ("3 étoiles", 3, 1, 5),
        ("8/10", 8, 0, 10),
        ("8 sur 10", 8, 0, 10),
        ("14/20", 14, 0, 20),
        ("80 %", 80, 0, 100),
        ("80%", 80, 0, 100),
        ("★★★★☆", 4, 1, 5),
        ("★★★★", 4, 1, 5),
        ("★★★½☆", 3.5, 1, 5),
        ("⭐⭐⭐", 3, 1, 5),
        ("⭐️⭐️", 2, 1, 5),
        ("0/5", 0, 0, 5),
        ("0/10", 0, 0, 10),
        ("0.5/5", 0.5, 0, 5),
        (4, 4, 1, 5),
        (4.0, 4, 1, 5),
        ("4", 4, 1, 5),
        (" 4,0 ", 4, 1, 5),
    ],
)
def test_it_reads_a_value_with_its_scale(written: object, value: float, worst: float, best: float) -> None:
    rating = parse_rating(written)
    assert rating is not None
    assert (rating.value, rating.worst, rating.best) == (value, worst, best)


@pytest.mark.parametrize(
    "written",
    [
        "", "bien", "0 of 0", "6/5", "☆☆☆☆☆", "★★★★★★", "-1", "Note : -3/5", "1e5", "4 5", "nan", "n/a", "120 %",
        "4/5 mais", None, True, [], {}, 7, 0, -1, math.nan, math.inf, 10**400, "9" * 5000, "1/1", "1/0",
    ],
)  # fmt: skip
def test_what_is_no_rating_gives_none(written: object) -> None:
    assert parse_rating(written) is None


def test_the_scale_may_be_given_as_text() -> None:
    rating = parse_rating("8", None, "10")
    assert rating is not None
    assert (rating.worst, rating.best) == (0, 10)


def test_the_scale_written_with_the_value_counts_first() -> None:
    rating = parse_rating("8/10", 1, 5)
    assert rating is not None
    assert rating.best == 10


def test_a_scale_may_run_from_high_to_low() -> None:
    rating = parse_rating(2, 5, 1)
    assert rating is not None
    assert rating.normalised == 0.75


def test_a_scale_of_one_point_is_none() -> None:
    assert parse_rating(0, 0, 0) is None


@given(
    st.text(max_size=30) | st.floats() | st.integers(),
    st.none() | st.floats() | st.text(max_size=5),
    st.none() | st.floats(),
)
def test_a_rating_is_never_off_its_scale(value: object, worst: object, best: object) -> None:
    rating = parse_rating(value, worst, best)
    assert rating is None or 0 <= rating.normalised <= 1


@given(
    st.integers(0, 100),
    st.sampled_from([5, 10, 20, 100]),
    st.sampled_from(["{}/{}", "{} sur {}", "{} out of {}", "{},0 / {}"]),
)
def test_every_way_to_write_it_gives_the_same(value: int, best: int, form: str) -> None:
    rating = parse_rating(form.format(value, best))
    if value > best:
        assert rating is None
    else:
        assert rating is not None
        assert (rating.value, rating.best) == (value, best)
