"""Ask tab: a conversation with its sources, and the events that change it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from qa.library.listing import Listing
from qa.library.receipts import answer_as_markdown
from qa.web.chat import Chat
from qa.web.conversation_state import ConversationState
from qa.web.html.page import RenderedTurn, alert, documents_panel, sources_panel, unescape_question
from qa.web.messages import CONVERSATION_CHANGED, QUESTION_REFUSED
from qa.web.queue_limits import CONCURRENT_ANSWERS
from qa.web.stored_turns import MAX_TURNS, serialize_turns
from qa.web.tabs.ask_widgets import COPY_LABEL, add_ask_widgets
from qa.web.tabs.events import QUIET, UNQUEUED, Changes, turn_index
from qa.web.tabs.example_buttons import ExampleButtons
from qa.web.tabs.ratings import Ratings
from qa.web.tabs.source_list import WITHIN_SCRIPT, SourceList

COPY_SCRIPT = (Path(__file__).parent / "copy.js").read_text(encoding="utf-8")
"""The page's one script: only the browser can reach its clipboard."""


class AskTab:
    """The conversation, in the tab that is being built.

    Args:
        page: The page of the tab.
        chat: Answers the questions.
        listing: What the library holds at the start.
        stored: The conversation as the browser stores it.
        source_list: The documents to choose from.
    """

    def __init__(
        self,
        page: gr.Blocks,
        chat: Chat,
        listing: Listing,
        stored: gr.BrowserState,
        source_list: SourceList,
    ) -> None:
        self.chat = chat
        self.stored = stored
        self.state = ConversationState()
        self.widgets = add_ask_widgets(listing, source_list)
        self._connect(page)
        source_list.on_change(self.show_sources, [stored], [self.widgets.sources])

    def _connect(self, page: gr.Blocks) -> None:
        """Attach the events; none of them locks an input."""
        widgets, stored, within = self.widgets, self.stored, self.widgets.within
        # An event that leaves the stored conversation out cannot lose it.
        shown = widgets.conversation
        outputs = [*shown, stored]
        answering: dict[str, Any] = {
            # A second press of Enter while an answer is awaited is ignored by the page.
            "trigger_mode": "once",
            "concurrency_limit": CONCURRENT_ANSWERS,
            # All events that answer share one limit.
            "concurrency_id": "answer",
            "js": WITHIN_SCRIPT,
            **QUIET,
        }
        asking = [widgets.question.submit, widgets.ask.click]
        standalone = widgets.standalone_question
        for event in (
            gr.on(asking, self.ask, [widgets.question, stored, within], outputs, **answering),
            standalone.submit(
                self.ask_standalone, [standalone, stored, within], outputs, **answering
            ),
            widgets.chatbot.retry(self.retry, [stored, within], outputs, **answering),
            widgets.chatbot.edit(self.edit, [stored, within], outputs, **answering),
            *(
                button.click(self.example_asker(number), [stored, within], outputs, **answering)
                for number, button in enumerate(widgets.examples)
            ),
        ):
            event.failure(self.report_refusal, [stored], shown, **UNQUEUED)
        widgets.copy.click(
            lambda text: "Copied", [widgets.copy_text], [widgets.copy], js=COPY_SCRIPT, **UNQUEUED
        )
        widgets.stop.click(self.stop, [stored], shown, **UNQUEUED)
        widgets.chatbot.undo(self.undo, [stored], outputs, **UNQUEUED)
        widgets.chatbot.clear(self.clear, None, outputs, **UNQUEUED)
        Ratings(self.chat, widgets, stored)
        ExampleButtons(page, self.chat.example_finder, widgets)
        page.load(self.restore, [stored], shown, **UNQUEUED)

    def ask(
        self, question: str, stored: object, within: str, request: gr.Request
    ) -> Iterator[Changes]:
        """Answer the question that was typed."""
        problem = self.chat.question_problem(question)
        if problem:
            yield {self.widgets.notice: alert(problem)}
        else:
            if not self.state.is_stale(request.session_hash, stored):
                yield {self.widgets.question: ""}
            before = self.chat.restore(stored)
            yield from self._reply(question, before, stored, within, request.session_hash)

    def example_asker(self, number: int) -> Callable[..., Iterator[Changes]]:
        """The event that asks one of the example questions.

        Args:
            number: Its position, from 0.
        """

        def ask_example(stored: object, within: str, request: gr.Request) -> Iterator[Changes]:
            question = (self.chat.example_finder.examples or [])[number]
            before = self.chat.restore(stored)
            yield from self._reply(question, before, stored, within, request.session_hash)

        return ask_example

    def ask_standalone(
        self, standalone: str, stored: object, within: str, request: gr.Request
    ) -> Iterator[Changes]:
        """Answer the last question anew, as the user corrected what it was understood as."""
        turns = self.chat.restore(stored)
        problem = self.chat.question_problem(standalone)
        if problem or not turns:
            yield {self.widgets.notice: alert(problem)}
        else:
            *before, last = turns
            session = request.session_hash
            yield from self._reply(
                last.question, tuple(before), stored, within, session, standalone
            )

    # A turn without an answer is shown but not stored: it is the last one, and its question comes
    # with the event.
    def retry(
        self, stored: object, within: str, event: gr.RetryData, request: gr.Request
    ) -> Iterator[Changes]:
        """Answer a question of the conversation once more; the turns after it are dropped."""
        before = self.chat.restore(stored)[: turn_index(event.index)]
        question = unescape_question(str(event.value))
        yield from self._reply(question, before, stored, within, request.session_hash)

    def edit(
        self, stored: object, within: str, event: gr.EditData, request: gr.Request
    ) -> Iterator[Changes]:
        """Answer a question of the conversation as edited; the turns after it are dropped."""
        question, turns = unescape_question(str(event.value)), self.chat.restore(stored)
        problem = self.chat.question_problem(question)
        if problem:
            yield self._show(turns) | {self.widgets.notice: alert(problem)}
        else:
            before = turns[: turn_index(event.index)]
            yield from self._reply(question, before, stored, within, request.session_hash)

    def undo(self, stored: object, event: gr.UndoData, request: gr.Request) -> Changes:
        """Drop a turn and those after it; its question can be edited."""
        self.state.cancel(request.session_hash)
        before = self.chat.restore(stored)[: turn_index(event.index)]
        changes = self._show(before) | self._store(before, request.session_hash)
        return changes | {self.widgets.question: unescape_question(str(event.value))}

    def clear(self, request: gr.Request) -> Changes:
        """Drop the conversation."""
        self.state.cancel(request.session_hash)
        return self._show(()) | self._store((), request.session_hash)

    def stop(self, stored: object, request: gr.Request) -> Changes:
        """Stop waiting for a reply."""
        self.state.cancel(request.session_hash)
        return self._show(self.chat.restore(stored))

    def restore(self, stored: object) -> Changes:
        """Show the conversation that the browser stored."""
        return self._show(self.chat.restore(stored))

    def show_sources(self, stored: object) -> str:
        """The sources as they are now; a quoted document may have changed or be gone."""
        turns = self.chat.restore(stored)
        return sources_panel(turns) if turns else documents_panel(self.chat.listing().titles)

    def report_refusal(self, stored: object) -> Changes:
        """Say that Gradio did not accept an event, and show the conversation as it was."""
        return self.restore(stored) | {self.widgets.notice: alert(QUESTION_REFUSED)}

    def _reply(
        self,
        question: str,
        before: tuple[RenderedTurn, ...],
        stored: object,
        within: str,
        session: str | None,
        standalone: str | None = None,
    ) -> Iterator[Changes]:
        """Answer a question that follows the turns before it.

        Args:
            question: As it was typed.
            before: The turns, the first ones of the stored conversation.
            stored: The stored conversation, as the event brings it.
            within: Documents and folders to answer from, as ``Chat.parse_within`` reads it.
            session: The browser's session.
            standalone: What to answer in place of the question, if the user corrected it.
        """
        widgets = self.widgets
        if self.state.is_stale(session, stored):
            yield {widgets.notice: alert(CONVERSATION_CHANGED)}
            return
        try:
            paths = self.chat.parse_within(within)
        except ValueError as error:
            yield {widgets.notice: alert(str(error)), widgets.question: question}
            return
        # Gradio sends the last value again when the generator ends: where the reply is no longer
        # awaited, that value must change nothing.
        nothing: Changes = {widgets.notice: gr.skip()}
        pending = self.state.begin(session)
        turns = before
        try:
            yield {
                widgets.notice: "",
                widgets.ask: gr.update(visible=False),
                widgets.stop: gr.update(visible=True),
            }
            for turn in self.chat.replies(len(before) + 1, question, paths, before, standalone):
                if not self.state.is_awaited(pending):
                    yield nothing
                    return
                turns = (*before, turn)[-MAX_TURNS:]
                yield {widgets.chatbot: _messages(turns)} | (
                    {widgets.sources: sources_panel(turns, pending=True)} if turn.sources else {}
                )
            if self.state.is_awaited(pending):
                # A turn without an answer is not stored, and what is stored stays as it is.
                answered = turns[-1].answer is not None
                yield self._show(turns) | (self._store(turns, session) if answered else {})
            else:
                yield nothing
        finally:
            self.state.end(pending)

    def _show(self, turns: tuple[RenderedTurn, ...]) -> Changes:
        """A conversation for which no reply is awaited."""
        widgets = self.widgets
        last = turns[-1].answer if turns else None
        rewritten = last.rewritten if last else None
        return {
            widgets.chatbot: _messages(turns),
            widgets.sources: sources_panel(turns)
            if turns
            else documents_panel(self.chat.listing().titles),
            widgets.notice: "",
            widgets.ask: gr.update(visible=True),
            widgets.stop: gr.update(visible=False),
            widgets.copy_text: answer_as_markdown(last) if last else "",
            widgets.copy: gr.update(visible=last is not None, value=COPY_LABEL),
            widgets.standalone_question: gr.update(
                visible=rewritten is not None, value=rewritten or ""
            ),
        }

    def _store(self, turns: tuple[RenderedTurn, ...], session: str | None) -> Changes:
        """Have the browser store a conversation."""
        conversation = serialize_turns(turns)
        self.state.store(session, conversation)
        return {self.stored: conversation}


def _messages(turns: Sequence[RenderedTurn]) -> list[dict[str, str]]:
    return [
        {"role": role, "content": content}
        for turn in turns
        for role, content in (("user", turn.question_html), ("assistant", turn.reply))
    ]
