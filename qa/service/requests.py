"""Requests: what programs ask of a service, checked; HTTP and MCP take the same."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from qa.conversation.context import Turn
from qa.library.limit import MAX_PATHS

MAX_TEXT = 20_000
"""Characters of any text in a request; a setting says how long a question may be."""

MAX_HISTORY = 30
"""Earlier answers sent with a question."""

MAX_HITS = 50
"""Passages of a search."""

LibraryPath = Annotated[
    str,
    StringConstraints(min_length=1, max_length=5_000),
    AfterValidator(lambda path: path.rstrip("/")),
]
"""Path of a document or folder in the library."""

Within = Annotated[
    list[LibraryPath],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    Field(
        max_length=MAX_PATHS,
        description="Library paths of the documents and folders to answer from; all if empty.",
    ),
]

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EarlierCitation(BaseModel):
    """A citation of an earlier answer; other fields of a citation are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    passage: Text = ""
    passage_start: int = 0
    sentence_start: int = 0
    sentence_end: int = 0

    @property
    def sentence(self) -> str:
        """The sentence that holds the answer; empty if it was left out."""
        first = max(0, self.sentence_start - self.passage_start)
        return self.passage[first : max(first, self.sentence_end - self.passage_start)]


class EarlierAnswer(BaseModel):
    """An earlier answer of the conversation, as it was sent; other fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    question: Text
    rewritten: Text | None = None
    text: Text | None = None
    remark: Text = Field(
        default="", description="Of small talk, which is no part of the conversation."
    )
    citations: Annotated[list[EarlierCitation], Field(max_length=200)] = []

    @property
    def turn(self) -> Turn:
        """For the pipeline."""
        sentences = dict.fromkeys(each.sentence for each in self.citations if each.sentence)
        return Turn(
            self.question, self.rewritten or self.question, self.text or "", tuple(sentences)
        )


class AskRequest(_Request):
    """A question to the documents."""

    question: Text = Field(
        description="In any words; up to four questions are answered one by one."
    )
    within: Within = []
    history: Annotated[list[EarlierAnswer], Field(max_length=MAX_HISTORY)] = Field(
        default=[], description="The answers of the conversation so far, oldest first."
    )
    rewritten: Text | None = Field(
        default=None, description="The standalone question to answer in place of a rewritten one."
    )
    passages: bool = Field(
        default=False,
        description="Whether to return all passages that were read, not only those quoted.",
    )

    @property
    def turns(self) -> list[Turn]:
        """The conversation so far, without small talk."""
        return [each.turn for each in self.history if not each.remark]


class SearchRequest(_Request):
    """A search for passages, which are not read."""

    question: Text = Field(description="In any words.")
    within: Within = []
    limit: int = Field(default=12, ge=1, le=MAX_HITS, description="Most passages returned.")


class VerifyRequest(_Request):
    """Answers whose quotes are compared with the documents of today."""

    receipt: list[dict[str, Any]] | dict[str, Any] = Field(
        description="An answer as it was sent, or a list of answers."
    )


class FeedbackRequest(_Request):
    """A rating of an answer."""

    answer: dict[str, Any] = Field(description="As it was sent, with its signature.")
    liked: bool | None = Field(description="Null withdraws the rating.")
    note: Text = Field(default="", description="The reason, in the user's words.")
