"""Questions of a load: as many as needed, no two alike."""

from itertools import islice

from qa.conversation.splitting import split_questions
from tests.benchmarks.load.questions import questions, slow_question

TEXTS = ["One two three four five six seven eight nine ten.", "Too short."]


def test_questions_are_distinct_and_the_same_for_the_same_seed() -> None:
    asked = list(islice(questions(TEXTS, 1), 500))
    assert len(set(asked)) == 500
    assert asked == list(islice(questions(TEXTS, 1), 500))
    assert asked != list(islice(questions(TEXTS, 2), 500))
    assert all(question.endswith("?") and "short" not in question for question in asked)


def test_slow_question_is_answered_as_many() -> None:
    asked = [split_questions(slow_question(number)) for number in range(2)]
    assert [len(questions) for questions in asked] == [4, 4]
    assert not {*asked[0]} & {*asked[1]}
