"""Each tab: one question put to each document, as a table of answers."""

from collections.abc import Iterator

import gradio as gr

from qa.web.chat import Chat
from qa.web.conversation_state import ConversationState
from qa.web.each import EachState
from qa.web.html.each_page import each_table
from qa.web.html.page import alert
from qa.web.messages import QUESTION_REFUSED
from qa.web.tabs.events import QUIET, UNQUEUED, Changes


class EachTab:
    """The question to each document, in the tab that is being built.

    Args:
        chat: Answers the question.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.state = ConversationState()
        with gr.Column(elem_id="each"):
            with gr.Row(elem_id="each-row"):
                self.question = gr.Textbox(
                    elem_id="each-question",
                    label="Question to each document",
                    show_label=False,
                    container=False,
                    placeholder="Ask each document by itself",
                    max_lines=4,
                )
                self.ask_button = gr.Button("Ask each", elem_id="ask-each", variant="primary")
                self.stop_button = gr.Button("Stop", elem_id="stop-each", visible=False)
            self.table = gr.HTML("", elem_id="each-answers")
            # What is asked, as the page's script tells it with the question.
            limit = gr.Textbox(visible="hidden", label="Documents to ask")
        shown = [self.ask_button, self.stop_button, self.table]
        gr.on(
            [self.question.submit, self.ask_button.click],
            self.ask,
            [self.question, limit],
            shown,
            js="async question => [question, await chapterAndVerse.within()]",
            trigger_mode="once",
            # It keeps a core busy for long: questions of the chat must not wait for several.
            concurrency_limit=1,
            concurrency_id="each",
            **QUIET,
        ).failure(self.report_refusal, None, shown, **UNQUEUED)
        self.stop_button.click(self.stop, None, [self.stop_button], **UNQUEUED)

    def ask(self, question: str, limit: str, request: gr.Request) -> Iterator[Changes]:
        """Ask each document, and show the answers as they come."""
        within: tuple[str, ...] = ()
        problem = self.chat.question_problem(question)
        try:
            within = self.chat.parse_within(limit)
        except ValueError as error:
            problem = problem or str(error)
        if problem:
            yield {self.table: alert(problem)}
            return
        pending = self.state.begin(request.session_hash)
        try:
            states = self.chat.document_asker.ask(
                question, within, lambda: self.state.is_awaited(pending)
            )
            for state in states:
                yield {
                    self.table: table_of(state),
                    self.ask_button: gr.update(visible=not state.running),
                    self.stop_button: gr.update(visible=state.running),
                }
        finally:
            self.state.end(pending)

    def stop(self, request: gr.Request) -> Changes:
        """Ask no other document; the answers so far stay."""
        self.state.abandon(request.session_hash)
        return {self.stop_button: gr.update(visible=False)}

    def report_refusal(self) -> Changes:
        """Say that Gradio did not accept the question."""
        return {
            self.table: alert(QUESTION_REFUSED),
            self.ask_button: gr.update(visible=True),
            self.stop_button: gr.update(visible=False),
        }


def table_of(state: EachState) -> str:
    """The table of a state."""
    return each_table(
        state.question,
        state.rows,
        state.titles or {},
        asked=len(state.rows),
        to_ask=state.to_ask,
        total=state.total,
        running=state.running,
        problem=state.problem,
    )
