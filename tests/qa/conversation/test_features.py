"""Features of the words that the rewriting model reads."""

from qa.conversation.features import content_stems


def test_content_has_no_function_words_and_no_endings() -> None:
    assert content_stems("What are the IOFS's members, and who met?") == {"iof", "member", "meet"}
