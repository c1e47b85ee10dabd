"""Tools: what an assistant can ask, with what, and what it gets.

They are the operations that HTTP has, with the same requests and replies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import SkipJsonSchema

from qa.access.caller import Caller
from qa.cancellation import IsWanted
from qa.service import operations
from qa.service.observing import observed
from qa.service.read_only import ReadOnlyService
from qa.service.replies import (
    Addresses,
    DocumentList,
    Excerpt,
    LinkedAnswer,
    PassageList,
    Verification,
)
from qa.service.requests import AskRequest, SearchRequest, Text, VerifyRequest, Within
from qa.service.service import Service

MAX_OFFSET = 10**9
"""No document's text is longer."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who calls a tool, and what there is for that caller.

    Attributes:
        caller: Who it is.
        service: Of the caller.
        addresses: Of the server.
    """

    caller: Caller
    service: ReadOnlyService
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes:
        name: By which it is called.
        title: For people.
        description: For the assistant: when to call it, and what to do with what it gets.
        arguments: What it is called with.
        reply: What it returns.
        run: Does the work, in a thread: for whom, with which arguments, and whether the caller
            still waits.
        has_place: Whether it keeps a core busy, so that it takes a place in the queue.
    """

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    reply: TypeAdapter[Any]
    run: Callable[[Asker, Any, IsWanted], Any]
    has_place: bool


class AskArguments(AskRequest):
    """A question to the documents; the passages that were read would fill a context window."""

    passages: SkipJsonSchema[Literal[False]] = False


class ListArguments(BaseModel):
    """What to list of the library."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within: Within = []
    matching: Text = Field("", description="Words that a document's title or path must have.")
    after: Text = Field("", description="`next` of the page before; empty for the first page.")
    limit: int = Field(100, ge=1, le=operations.MAX_LISTED, description="Most files of a page.")


class CitationArguments(BaseModel):
    """A place in a document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="`sha256` of the citation.")
    path: Text = Field(default="", description="`path` of the citation.")
    start: int = Field(ge=0, le=MAX_OFFSET, description="`start` of the citation.")
    end: int = Field(ge=0, le=MAX_OFFSET, description="`end` of the citation.")
    around: int = Field(
        500,
        ge=0,
        le=operations.MAX_AROUND,
        description="Characters before and behind it that are returned, too.",
    )


def _ask(asker: Asker, asked: AskArguments, is_wanted: IsWanted) -> LinkedAnswer:
    stages = operations.ask(asker.service, asked, asker.addresses, is_wanted)
    if isinstance(asker.service, Service):
        stages = observed(stages, asker.service.metrics, "mcp")
    *_, answer = stages
    assert isinstance(answer, LinkedAnswer)
    return answer


def _search(asker: Asker, asked: SearchRequest, is_wanted: IsWanted) -> PassageList:
    return PassageList(operations.search(asker.service, asked, is_wanted))


def _list_documents(asker: Asker, asked: ListArguments, _: IsWanted) -> DocumentList:
    return operations.list_documents(
        asker.service, asker.addresses, asked.within, asked.matching, asked.after, asked.limit
    )


def _open_citation(asker: Asker, asked: CitationArguments, _: IsWanted) -> Excerpt:
    return operations.excerpt(
        asker.service,
        asker.addresses,
        asked.sha256,
        asked.start,
        asked.end,
        asked.around,
        asked.path,
    )


def _verify(asker: Asker, asked: VerifyRequest, _: IsWanted) -> Verification:
    return operations.verify(asker.service, asked)


TOOLS = (
    Tool(
        "ask",
        "Ask the documents",
        "Answer a question from the user's documents, in the documents' own words, with exact "
        "citations. Call it first for whatever the documents may say. Where `text` is null, the "
        "documents do not say: tell the user so, with `sentence`, and do not invent an answer or "
        "take one from elsewhere. Otherwise quote `text` exactly as it is, and give for each "
        "citation its path, page and address. `confidence` is the estimated probability that the "
        "answer is right, `certainty` says it in words: below 0.6 tell the user that it is "
        "uncertain, and show what is quoted. Several questions in one message, four at most, are "
        "answered in `parts`. Where `unread` is not empty, not all files are in the library yet. "
        "Where `contradicted_by` is not empty, other documents say otherwise: "
        "tell that, too; `candidates` are less likely answers, which are not to be given as the "
        "answer. For a follow-up question pass the earlier answers as `history`.",
        AskArguments,
        TypeAdapter(LinkedAnswer),
        _ask,
        has_place=True,
    ),
    Tool(
        "search",
        "Search for passages",
        "Find the passages of the user's documents that are nearest to a question, best first, "
        "without reading an answer out of them. Call it to read more than `ask` quotes: for "
        "questions of several steps, or for an overview. A passage is near to the question; it "
        "need not answer it. Quote from `text` exactly, and give path and page.",
        SearchRequest,
        TypeAdapter(PassageList),
        _search,
        has_place=True,
    ),
    Tool(
        "list_documents",
        "List the documents",
        "List the files of the user's library, by path, page by page. Call it to find out what "
        "there is to ask, or the paths that `within` of other tools takes. A file with a "
        "`problem` and no title could not be read, and nothing is answered from it.",
        ListArguments,
        TypeAdapter(DocumentList),
        _list_documents,
        has_place=False,
    ),
    Tool(
        "open_citation",
        "Open a citation",
        "Return the characters of a document at the place of a citation, and what stands around "
        "them. Call it with `path`, `sha256`, `start` and `end` of a citation to prove it, where "
        "`text` equals its `quote`, or to read on; `before` and `after` show its context.",
        CitationArguments,
        TypeAdapter(Excerpt),
        _open_citation,
        has_place=False,
    ),
    Tool(
        "verify",
        "Verify earlier answers",
        "Compare each quote of an earlier answer with the documents of today: whether it still "
        "stands exactly where it was cited, stands elsewhere, or is gone. Call it before an "
        "answer of some time ago is used again.",
        VerifyRequest,
        TypeAdapter(Verification),
        _verify,
        has_place=True,
    ),
)
