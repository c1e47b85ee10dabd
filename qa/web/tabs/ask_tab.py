"""Ask tab: a conversation with its sources, and the events that change it.

The browser holds the conversation; its script (``scripts/chat.js``) writes what it asks of the
server into hidden text boxes, whose changes are the events.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from qa.service.answer_queue import CONCURRENT_ANSWERS, MAX_WAITING_OF_ONE
from qa.service.messages import QUESTION_REFUSED
from qa.web.chat import Chat
from qa.web.chats import Chats
from qa.web.conversation_state import ConversationState
from qa.web.html.page import RenderedTurn, opening_panel, sources_panel
from qa.web.page_requests import AskRequest, ShowRequest, parse_request
from qa.web.stored_turns import MAX_TURNS, serialize_turn
from qa.web.tabs.ask_widgets import add_ask_widgets
from qa.web.tabs.events import QUIET, UNQUEUED, Changes, caller_in, chat_of
from qa.web.tabs.example_buttons import ExampleButtons
from qa.web.tabs.ratings import Ratings
from qa.web.tabs.source_list import SourceList

OTHER_THREADS = 8
"""Of the 40 that the whole server has, those that questions leave to all else. Chosen by hand."""

ANSWERS_BEGUN = min(CONCURRENT_ANSWERS + 2 * MAX_WAITING_OF_ONE, 40 - OTHER_THREADS)
"""Questions that Gradio begins, first come first served; each keeps a thread.

More than are answered at a time, so that the service's queue decides who is next: one caller has
at most ``MAX_WAITING_OF_ONE`` there, and is told so of any other, which gives others their turn.
"""


class AskTab:
    """The conversation, in the tab that is being built.

    Args:
        page: The page of the tab.
        chats: Answer the questions.
        source_list: The documents to choose from.
    """

    def __init__(self, page: gr.Blocks, chats: Chats, source_list: SourceList) -> None:
        self.chats = chats
        self.state = ConversationState()
        self.widgets = add_ask_widgets(source_list)
        self._connect(page)

    def _connect(self, page: gr.Blocks) -> None:
        """Attach the events; none of them locks an input."""
        widgets = self.widgets
        shown = [widgets.chatbot, widgets.sources]
        # The question stands in the chat at once, however long the server takes to reply.
        widgets.request.change(
            None,
            [widgets.request, widgets.chatbot],
            [widgets.chatbot],
            js="(request, messages) => chapterAndVerse.showQuestion(request, messages)",
            **UNQUEUED,
        )
        answering = widgets.request.change(
            self.answer,
            [widgets.request],
            [*shown, widgets.outcome],
            js="request => chapterAndVerse.complete(request)",
            # A question is not kept waiting by one that was given up.
            trigger_mode="multiple",
            concurrency_limit=ANSWERS_BEGUN,
            **QUIET,
        )
        refused = json.dumps(QUESTION_REFUSED)
        answering.failure(None, js=f"() => chapterAndVerse.refuse({refused})", **UNQUEUED)
        widgets.outcome.change(
            None,
            [widgets.outcome],
            None,
            js="outcome => chapterAndVerse.settle(outcome)",
            **UNQUEUED,
        )
        page.load(None, js="() => chapterAndVerse.showFirst()", **UNQUEUED)
        widgets.conversation.change(
            self.show,
            [widgets.conversation],
            shown,
            js="() => chapterAndVerse.showConversation()",
            trigger_mode="multiple",
            **UNQUEUED,
        ).then(
            None,
            [widgets.chatbot],
            [widgets.chatbot],
            js="messages => chapterAndVerse.shown(messages)",
            **UNQUEUED,
        )
        Ratings(self.chats, widgets)
        ExampleButtons(page, self.chats, widgets)

    def answer(self, text: str, request: gr.Request) -> Iterator[Changes]:
        """Answer a question, as ``AskRequest``."""
        asked = parse_request(AskRequest, text)
        if asked is None:
            return
        chat = chat_of(self.chats, request)
        before = chat.restore(asked.turns)
        problem = chat.question_problem(asked.question)
        problem = problem or (
            "" if asked.standalone is None else chat.question_problem(asked.standalone)
        )
        within: tuple[str, ...] = ()
        try:
            within = chat.parse_within(asked.within)
        except ValueError as error:
            problem = problem or str(error)
        if problem:
            outcome = {"id": asked.id, "problem": problem}
            yield self._shown(chat, before) | {self.widgets.outcome: json.dumps(outcome)}
        else:
            yield from self._reply(chat, asked, within, before, request)

    def show(self, text: str, request: gr.Request) -> Changes:
        """Show a conversation, as ``ShowRequest``; gives up the replies that it names."""
        shown = parse_request(ShowRequest, text)
        self.state.abandon(request.session_hash, shown.abandoned if shown else ())
        chat = chat_of(self.chats, request)
        return self._shown(chat, chat.restore(shown.turns if shown else None))

    def _reply(
        self,
        chat: Chat,
        asked: AskRequest,
        within: Sequence[str],
        before: tuple[RenderedTurn, ...],
        request: gr.Request,
    ) -> Iterator[Changes]:
        widgets = self.widgets
        # Gradio sends the last value again when the generator ends: where the reply is no longer
        # awaited, that value must change nothing.
        nothing: Changes = {widgets.sources: gr.skip()}
        pending = self.state.begin(request.session_hash, asked.id)
        turns = before
        try:
            for turn in chat.replies(
                len(before) + 1,
                asked.question,
                within,
                before,
                asked.standalone,
                asked.id,
                caller_in(request).name,
                lambda: self.state.is_awaited(pending),
            ):
                if not self.state.is_awaited(pending):
                    yield nothing
                    return
                turns = (*before, turn)[-MAX_TURNS:]
                yield {widgets.chatbot: _messages(turns)} | (
                    {widgets.sources: sources_panel(turns, pending=True)} if turn.sources else {}
                )
            if self.state.is_awaited(pending):
                outcome = {"id": asked.id, "turn": serialize_turn(turns[-1])}
                yield self._shown(chat, turns) | {widgets.outcome: json.dumps(outcome)}
            else:
                yield nothing
        finally:
            self.state.end(pending)

    def _shown(self, chat: Chat, turns: tuple[RenderedTurn, ...]) -> Changes:
        """A conversation for which no reply is awaited."""
        return {
            self.widgets.chatbot: _messages(turns),
            self.widgets.sources: sources_panel(turns) if turns else _opening(chat),
        }


def _opening(chat: Chat) -> str:
    """What the sources panel holds before the first question."""
    indexing = chat.indexing.running
    return opening_panel(None if indexing else len(chat.listing().documents))


def _messages(turns: Sequence[RenderedTurn]) -> list[dict[str, Any]]:
    return [
        {"role": role, "content": content}
        for turn in turns
        for role, content in (("user", turn.question_html), ("assistant", turn.reply))
    ]
