from qa.reading.repetition import remove_repetitions, repetitions


def test_question_that_is_repeated_is_found_whatever_stands_between_its_words() -> None:
    text = "Notes. WHO  BUILT\nit? Ann built it."
    assert [text[start:end] for start, end in repetitions("Who built it?", text)] == [
        "WHO  BUILT\nit"
    ]
    assert remove_repetitions("Who built it?", text) == "Notes.  ? Ann built it."
    assert repetitions("Who built it?", "Who built items?") == []


def test_short_question_is_not_looked_for_because_an_answer_repeats_it() -> None:
    assert repetitions("Petrel ferry?", "The Petrel ferry is old.") == []
