"""Resolution: which wording of a follow-up is answered."""

from collections.abc import Callable, Iterable

from qa.conversation.understanding import Subquestion
from qa.conversation.wording import is_complete, refers_back

PASSAGES_TRIED = 2
"""Passages in which each wording of a follow-up is tried; the chosen one is read in all. With 2 to
12 the number of right answers to the 61 follow-ups over ``docs/`` differs by at most one."""

REFERRING_MARGIN = 0.1
"""How much higher the confidence of a question as it was typed must be where it refers back. Chosen
by hand on the follow-ups over ``docs/``."""


COMPLETE_CONFIDENCE = 0.6
"""Confidence from which a complete question is answered as it was typed: what could be added to it
need not be tried. Chosen by hand on the follow-ups over ``docs/``."""


def resolve(
    subquestion: Subquestion, measures: Iterable[Callable[[str], float]], threshold: float
) -> str:
    """The wording that the documents answer with the highest confidence.

    The words of "Which formats are read?" do not show whether it continues the conversation. Those
    of "When was it founded?" do; the question as typed then needs a margin over its rewritings,
    because it would be answered about something else. A complete question in which nothing refers
    back is answered as it was typed wherever the documents do answer it.

    Args:
        subquestion: With its wordings.
        measures: Each returns the confidence, 0 to 1, of the best answer to a wording. The next
            one is called where no wording reaches the threshold by the one before.
        threshold: Confidence from which a question counts as answered.
    """
    question = subquestion.question
    rewritings = [wording for wording in subquestion.wordings if wording != question]
    if not rewritings:
        return question
    margin = REFERRING_MARGIN if refers_back(question) else 0.0
    complete = is_complete(question)
    best = rewritings[0]
    for confidence_of in measures:
        if complete and confidence_of(question) >= COMPLETE_CONFIDENCE:
            return question
        confidences = {wording: confidence_of(wording) for wording in rewritings}
        best = max(rewritings, key=confidences.__getitem__)
        confidence = confidences[best]
        if confidence >= threshold and confidence + margin >= 1:
            # The question as typed cannot exceed this: it need not be read.
            return best
        as_typed = confidence_of(question)
        if max(confidence, as_typed) >= threshold:
            exceeds = confidence < threshold or as_typed > confidence + margin
            return question if as_typed >= threshold and exceeds else best
    return best
