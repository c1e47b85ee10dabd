from random import Random

from qa.evaluation.datasets import Gold, Question
from qa.training.reader.templates import abbreviations, as_bullets, template_questions


def test_long_forms_are_found_before_their_abbreviations() -> None:
    text = "The Islamic Organization for Food Security (IOFS) and the odd (XQZ) met."
    assert [(text[a:b], short) for a, b, short in abbreviations(text)] == [
        ("Islamic Organization for Food Security", "IOFS")
    ]


def test_template_questions_quote_their_context() -> None:
    context = (
        "The World Food Fund (WFF) was led by President Alma Serik. "
        "Dana Omarova, director of the fund, named crops such as wheat, rye, oats and corn."
    )
    questions = list(template_questions([Question("1", "", context, "", ())], Random(0)))
    assert all(question.misaligned is None for question in questions)
    answers = {question.answers[0].text for question in questions}
    assert {"World Food Fund", "director of the fund", "President"} <= answers


def test_list_in_a_sentence_becomes_lines() -> None:
    context = "The tasks are hunger, aid and trade, it says."
    answer = "hunger, aid and trade"
    # Two commas at least make a list of it.
    assert as_bullets(Question("", "?", context, "", (Gold(answer, 14),))) is None
    context = "The tasks are hunger, aid, health and trade. It says so."
    answer = "hunger, aid, health and trade"
    changed = as_bullets(Question("", "?", context, "", (Gold(answer, 14),)))
    assert changed is not None and changed.misaligned is None
    assert changed.answers[0].text == "hunger\naid\nhealth\ntrade"
    assert changed.context == "The tasks are:\nhunger\naid\nhealth\ntrade\nIt says so."
