"""What a survey asked: NPS, CSAT or CES, its scale, and which end of it is good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import Question
from collectors.questions import Asked, Setting, parse_setting, read_answer, recognise, topic
from collectors.source import SourceError
from collectors.surveys import Layout

NPS, CSAT, CES = Question.RECOMMENDATION, Question.SATISFACTION, Question.EFFORT


def asked(heading: str, *values: object, **how: object) -> Asked:
    return recognise(heading, "", values, **how)  # type: ignore[arg-type]


def ends(found: Asked) -> tuple[Question, float, float]:
    return found.question, found.worst, found.best


@pytest.mark.parametrize(
    ("wording", "question"),
    [
        ("How likely are you to recommend Lila to a friend or colleague?", NPS),
        ("Quelle est la probabilité que vous recommandiez Lila à un ami ?", NPS),
        ("Recommanderiez-vous notre enseigne ?", NPS),
        ("Conseilleriez-vous Lila à vos proches ?", NPS),
        ("NPS", NPS),
        ("Net Promoter Score", NPS),
        ("Overall, how satisfied are you with your purchase?", CSAT),
        ("Dans l'ensemble, êtes-vous satisfaite de votre achat ?", CSAT),
        ("Votre niveau de satisfaction", CSAT),
        ("csat_score", CSAT),
        ("How much effort did you personally have to put forth to handle your request?", CES),
        ("Combien d'efforts avez-vous dû fournir pour résoudre votre problème ?", CES),
        ("Lila made it easy for me to handle my issue.", CES),
        ("Il a été facile de résoudre mon problème avec Lila", CES),
        ("Avez-vous trouvé facilement ce que vous cherchiez ?", CES),
        ("CES", CES),
        ("Customer Effort Score (CES)", CES),
        ("Comment trouvez-vous ces produits ?", None),
        ("Ces dernières semaines, avez-vous acheté ?", None),
        ("Ease of parking", None),
        ("Nom de votre conseiller", None),
        ("What is your age?", None),
    ],
)
def test_a_question_is_known_by_its_wording(wording: str, question: Question | None) -> None:
    assert topic(wording) is question


@pytest.mark.parametrize(
    ("heading", "values", "expected"),
    [
        ("NPS", (9, 10, 3), (NPS, 0, 10)),
        ("Recommanderiez-vous ?", (3, 4, 5), (NPS, 0, 10)),
        ("Would you recommend us (1-5)?", (3, 4, 5), (CSAT, 1, 5)),
        ("How satisfied are you?", (1, 3, 5), (CSAT, 1, 5)),
        ("Satisfaction (1-7)", (3, 4, 5), (CSAT, 1, 7)),
        ("How satisfied are you?", (1, 3, 9), (CSAT, 1, 10)),
        ("How satisfied are you?", (1, 6, 7) * 10, (CSAT, 1, 7)),
        ("How satisfied are you?", (1, 6, 7), (CSAT, 1, 10)),
        ("Satisfaction de 0 à 10", (1, 6, 7), (CSAT, 0, 10)),
        ("CES", (1, 3, 5), (CES, 5, 1)),
        ("CES", (1, 3, 7), (CES, 1, 7)),
        ("How much effort did it take?", (1, 3, 5), (CES, 5, 1)),
        ("How much effort did it take?", (1, 3, 7), (CES, 7, 1)),
        ("Combien d'efforts avez-vous dû fournir ?", (1, 4, 7), (CES, 7, 1)),
        ("Lila made it easy for me to handle my issue", (1, 3, 7), (CES, 1, 7)),
        ("Lila made it easy for me to handle my issue", (1, 3, 5), (CES, 1, 5)),
        ("Il a été facile de résoudre mon problème", (1, 3, 5), (CES, 1, 5)),
        ("Effort (1 = très difficile, 5 = très facile)", (1, 3, 5), (CES, 1, 5)),
        ("Effort (1 = very easy, 7 = very difficult)", (1, 3, 7), (CES, 7, 1)),
        ("How difficult was it to solve your issue?", (1, 3, 5), (CES, 5, 1)),
        ("A-t-il été difficile de résoudre votre problème ?", (1, 3, 7), (CES, 7, 1)),
        ("Was it easy or difficult to solve?", (1, 3, 7), (CES, 1, 7)),
        ("Livraison en 2-3 jours : satisfaction", (1, 4, 5), (CSAT, 1, 5)),
        ("Satisfaction sur 12 mois", (1, 4, 5), (CSAT, 1, 5)),
        ("Satisfaction sur les 3 derniers mois (1 à 5)", (1, 4, 5), (CSAT, 1, 5)),
        ("Service 7j/7, 24h/24 : satisfaction", (1, 4, 5), (CSAT, 1, 5)),
        ("Satisfaction 03/12/2025", (1, 4, 5), (CSAT, 1, 5)),
        ("Satisfaction sur 10", (7, 8, 9, 6, 10, 99), (CSAT, 0, 10)),
        ("Satisfaction en 4/5 jours, note /20", (12, 19), (CSAT, 0, 20)),
        ("Satisfaction (%)", (80, 95), (CSAT, 0, 100)),
        ("Was it easy? 1: très facile – 5: très difficile", (1, 3, 5), (CES, 5, 1)),
    ],
)
def test_scale_and_orientation_are_recognised(
    heading: str, values: tuple[int, ...], expected: tuple[Question, float, float]
) -> None:
    assert ends(asked(heading, *values)) == expected


def test_a_tool_that_asks_its_own_way_is_known() -> None:
    tool = Layout("Delighted", [], [], 0, high_is_easy=True)
    assert ends(asked("score", 1, 5, hints=["ces"], layout=tool)) == (CES, 1, 5)
    assert ends(asked("score", 1, 5, hints=["ces"])) == (CES, 5, 1)


def test_what_is_set_counts_first() -> None:
    assert ends(asked("CES", 1, 5, setting=Setting(easy="high"))) == (CES, 1, 5)
    assert ends(asked("Q5", 1, 5, setting=parse_setting("effort 5-1"))) == (CES, 5, 1)
    assert ends(asked("NPS", 9, setting=parse_setting("satisfaction 1-10"))) == (CSAT, 1, 10)
    assert asked("NPS", 9, setting=parse_setting("satisfaction 1-10")).why == "scale as set"
    with pytest.raises(SourceError):
        asked("NPS", 9, setting=Setting(worst=3, best=3))


@pytest.mark.parametrize("said", ["", "nps", "effort 5", "effort 5-5", "effort five-one", "EFFORT 1-5"])
def test_a_setting_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"effort|same"):
        parse_setting(said)


AGREEMENT_FR = ("Pas du tout d'accord", "Plutôt pas d'accord", "Ni d'accord ni pas d'accord", "Plutôt d'accord",
                "Tout à fait d'accord")  # fmt: skip
SCALES = [
    ("Very dissatisfied", "Dissatisfied", "Neither satisfied nor dissatisfied", "Satisfied", "Very satisfied"),
    ("Pas du tout satisfait", "Peu satisfait", "Neutre", "Satisfait", "Très satisfait"),
    (
        "Très insatisfaite",
        "Insatisfaite",
        "Moyennement satisfaite",
        "Plutôt satisfaite",
        "Tout à fait satisfaite",
    ),
    AGREEMENT_FR,
    ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"),
    ("Very difficult", "Difficult", "Neutral", "Easy", "Very easy"),
    ("Très difficile", "Plutôt difficile", "Ni facile ni difficile", "Plutôt facile", "Très facile"),
]


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale[0])
def test_answers_in_words_are_read_in_their_order(scale: tuple[str, ...]) -> None:
    found = asked("How satisfied are you?", *scale)
    assert (found.worst, found.best, found.why) == (1, 5, "scale from answers in words")
    assert [answer.value for word in scale if (answer := found.read(word))] == [1, 2, 3, 4, 5]


def test_seven_answers_in_words_are_seven() -> None:
    scale = ("Strongly disagree", "Disagree", "Somewhat disagree", "Neither agree nor disagree", "Somewhat agree",
             "Agree", "Strongly agree")  # fmt: skip
    found = asked("Lila made it easy for me to handle my issue", *scale)
    assert ends(found) == (CES, 1, 7)
    assert [answer.value for word in scale if (answer := found.read(word))] == [1, 2, 3, 4, 5, 6, 7]


def test_words_of_ease_are_the_good_end_whichever_way_the_numbers_run() -> None:
    easy = read_answer("Très facile", 5, 1, CES)
    assert easy is not None
    assert (easy.value, easy.normalised) == (1, 1)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(9, 9), ("9", 9), ("10 - Extremely likely", 10), ("0 - Pas du tout probable", 0), ("8/10", 8), ("7,0", 7)],
)
def test_numbers_are_read_with_their_labels(cell: object, value: float) -> None:
    answer = read_answer(cell, 0, 10, NPS)
    assert answer is not None
    assert (answer.value, answer.worst, answer.best, answer.question) == (value, 0, 10, NPS)


@pytest.mark.parametrize(
    "cell",
    ["", "rien à dire", "11", "-1", "Satisfait de la livraison mais pas du tout du reste, hélas", None, True,
     "3 jours", "2026-01-01", "facile à dire : trois semaines d'attente pour un colis, merci bien"],
)  # fmt: skip
def test_what_is_no_answer_is_none(cell: object) -> None:
    assert read_answer(cell, 0, 10, NPS) is None


SCALE = st.tuples(st.integers(-5, 20), st.integers(-5, 20)).filter(lambda ends: ends[0] != ends[1])


@given(cell=st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.none(), scale=SCALE)
def test_an_answer_is_on_its_scale_or_none(cell: object, scale: tuple[int, int]) -> None:
    answer = read_answer(cell, *scale, CES)
    if answer is not None:
        assert 0 <= answer.normalised <= 1


@given(heading=st.text(max_size=80), values=st.lists(st.integers(0, 10) | st.text(max_size=30), max_size=30))
def test_any_heading_and_any_values_give_a_scale(heading: str, values: list[object]) -> None:
    found = recognise(heading, "", values)
    assert found.worst != found.best
    if found.question is NPS:
        assert (found.worst, found.best) == (0, 10)
    if found.question is CSAT:
        assert found.worst < found.best


@given(heading=st.text(max_size=40), values=st.lists(st.integers(1, 7), max_size=20))
def test_turning_an_effort_scale_round_changes_nothing_else(heading: str, values: list[int]) -> None:
    low = recognise(heading, "", values, Setting(Question.EFFORT, easy="low"))
    high = recognise(heading, "", values, Setting(Question.EFFORT, easy="high"))
    assert (low.worst, low.best) == (high.best, high.worst)


@given(st.sampled_from(SCALES), st.integers(0, 4), st.integers(0, 4))
def test_a_better_word_is_a_better_answer(scale: tuple[str, ...], one: int, other: int) -> None:
    first, second = read_answer(scale[one], 1, 5), read_answer(scale[other], 1, 5)
    assert first is not None
    assert second is not None
    assert (first.value < second.value) == (one < other)
