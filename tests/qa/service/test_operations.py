"""What programs can ask of a service."""

from qa import QuestionAnswerer
from qa.service import operations
from qa.service.read_only import ReadOnlyService
from qa.service.replies import Addresses, LinkedAnswer
from qa.service.requests import AskRequest


def test_answer_says_of_what_is_unread_and_is_signed_as_it_was_sent(
    answerer: QuestionAnswerer,
) -> None:
    service = ReadOnlyService(answerer)
    service.warm_up()
    asked = AskRequest(question="When was the IOFS founded?")
    *_, answer = operations.ask(service, asked, Addresses())
    assert isinstance(answer, LinkedAnswer)
    assert (answer.text, answer.unread, len(answer.signature)) == ("2013", "", 64)
