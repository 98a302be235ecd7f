"""Answers to a survey's questions: each is observed on its own scale, and none is taken for stars."""

from datetime import timedelta

import pytest
from material import NOW, Desk, annotation, edited, post

from collectors.post import Question, Rating
from collectors.source import SurveyQuestion
from nlp.annotation import Effort
from storage import mentions, questions
from storage.database import Database
from storage.tally import tally_mention

NPS = Rating(9, 0, 10, Question.RECOMMENDATION)
CSAT = Rating(6, 1, 7)
CES = Rating(6, 1, 7, Question.EFFORT)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def test_a_row_with_three_answers_counts_once_and_stands_observed_in_three_figures(desk: Desk) -> None:
    desk.store(post(rating=NPS, answers=(CSAT, CES)), post("2", "moyen", rating=Rating(3)))
    desk.work()
    tally = desk.tally()
    assert (tally.mentions, tally.promoters, tally.rated, tally.efforts) == (2, 1, 2, 1)
    assert tally.rating_sum == pytest.approx(1 + 4 * 5 / 6 + 3)
    assert tally.effort_sum == pytest.approx(1 + 4 / 6)
    assert (tally.inferred_csat, tally.inferred_nps) == (0, 1)


def test_what_was_answered_is_not_inferred_from_the_text() -> None:
    said = annotation(effort=Effort(4.0, 0.5))
    tally = tally_mention(said, NPS, answers=(CSAT, CES))
    assert (tally.inferred_nps, tally.inferred_csat, tally.cued) == (0, 0, 0)
    alone = tally_mention(said, NPS)
    assert (alone.inferred_nps, alone.inferred_csat, alone.cued) == (0, 1, 1)


@pytest.mark.parametrize(
    ("answer", "satisfied"), [(Rating(6, 1, 7), 1), (Rating(5, 1, 7), 0), (Rating(8, 1, 10), 1)]
)
def test_satisfaction_counts_on_its_own_scale(answer: Rating, satisfied: int) -> None:
    assert tally_mention(None, answer).satisfied == satisfied


@pytest.mark.parametrize(
    ("answer", "level"), [(Rating(1, 5, 1, Question.EFFORT), 1), (Rating(7, 1, 7, Question.EFFORT), 1),
                          (Rating(5, 5, 1, Question.EFFORT), 5), (Rating(1, 1, 7, Question.EFFORT), 5)],
)  # fmt: skip
def test_both_scales_of_effort_run_from_easy_to_hard(answer: Rating, level: float) -> None:
    assert tally_mention(None, answer).effort_sum == level


def test_answers_are_read_back_as_they_were_given(desk: Desk) -> None:
    desk.store(post(rating=NPS, answers=(CSAT, CES)), post("2"))
    with desk.database.read() as conn:
        found = {view.external_id: view for view in mentions.latest(conn, fold=False)}
    assert (found["1"].rating, found["1"].answers) == (NPS, (CSAT, CES))
    assert found["2"].answers == ()


def test_another_answer_is_an_edit_and_the_same_ones_are_not(desk: Desk) -> None:
    given = post(rating=NPS, answers=(CES,))
    desk.store(given)
    assert desk.store(given).unchanged == 1
    assert desk.store(edited(given, answers=(Rating(2, 1, 7, Question.EFFORT),))).changed == 1
    desk.work()
    assert desk.tally().effort_sum == pytest.approx(1 + 4 * 5 / 6)


def test_a_question_is_kept_with_the_scale_it_was_last_read_on(desk: Desk) -> None:
    asked = SurveyQuestion("Était-ce facile ?", Question.EFFORT, 1, 7)
    with desk.database.begin() as conn:
        questions.keep(conn, desk.source, [asked, SurveyQuestion("NPS", Question.RECOMMENDATION, 0, 10)], NOW)
        later = SurveyQuestion("Était-ce facile ?", Question.EFFORT, 7, 1)
        questions.keep(conn, desk.source, [later], NOW + timedelta(days=1))
    with desk.database.read() as conn:
        found = questions.kept(conn)
        assert [(one.source, one.question.question, one.question.worst) for one in found] == [
            ("shop", Question.EFFORT, 7), ("shop", Question.RECOMMENDATION, 0),
        ]  # fmt: skip
        assert found[0].read_at == NOW + timedelta(days=1)
        assert questions.kept(conn, desk.brand) == []
    desk.store(post(rating=NPS))
    with desk.database.read() as conn:
        assert len(questions.kept(conn, desk.brand)) == 2
        assert questions.kept(conn, desk.another_brand("Other")) == []
