"""Each tab: one question put to each document, as a table of answers."""

from collections.abc import Iterator

import gradio as gr

from qa.service.messages import EACH_GOES_ON, EACH_NOT_BEGUN, QUESTION_REFUSED
from qa.web.chats import Chats
from qa.web.each import EachRuns, EachState
from qa.web.html.each_page import each_opening, each_table
from qa.web.html.page import alert
from qa.web.tabs.events import QUIET, UNQUEUED, Changes, caller_in, chat_of


class EachTab:
    """The question to each document, in the tab that is being built.

    It is accepted, or refused, at once; then it waits for its turn.

    Args:
        page: The page of the tab.
        chats: Answer the question.
    """

    def __init__(self, page: gr.Blocks, chats: Chats) -> None:
        self.chats = chats
        self.runs = EachRuns()
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
            self.notice = gr.HTML(visible=False, elem_id="each-notice")
            self.table = gr.HTML(each_opening(), elem_id="each-answers")
            # What is asked, as the page's script tells it with the question.
            limit = gr.Textbox(visible="hidden", label="Documents to ask")
            accepted = gr.Textbox(visible="hidden", label="Accepted question")
        shown = [self.ask_button, self.stop_button, self.notice, self.table]
        self.accepted = accepted
        gr.on(
            [self.question.submit, self.ask_button.click],
            self.accept,
            [self.question, limit],
            [*shown, accepted],
            js="async question => [question, await chapterAndVerse.within()]",
            **UNQUEUED,
        )
        accepted.change(
            self.ask,
            [accepted],
            shown,
            # A question is not kept waiting by one that was given up.
            trigger_mode="multiple",
            # It takes long, and for each document a place in turn with all other questions, which
            # must not wait for several.
            concurrency_limit=1,
            concurrency_id="each",
            **QUIET,
        ).failure(self.report_refusal, None, shown, **UNQUEUED)
        self.stop_button.click(self.stop, None, shown, **UNQUEUED)
        page.unload(self.leave)

    def accept(self, question: str, limit: str, request: gr.Request) -> Changes:
        """Accept a question, which then waits for its turn, or say why not."""
        within: tuple[str, ...] = ()
        chat = chat_of(self.chats, request)
        problem = chat.question_problem(question)
        try:
            within = chat.parse_within(limit)
        except ValueError as error:
            problem = problem or str(error)
        if problem:
            return {self.notice: gr.update(value=alert(problem), visible=True)}
        waiting = self.runs.any_started
        run = self.runs.accept(request.session_hash, question, within)
        if run is None:
            return {self.notice: gr.update(value=alert(EACH_GOES_ON), visible=True)}
        return self._shown(table_of(EachState(question), waiting), True) | {self.accepted: run.id}

    def ask(self, accepted: str, request: gr.Request) -> Iterator[Changes]:
        """Ask each document, and show the answers as they come.

        Args:
            accepted: Id of the run.
            request: Names the session.
        """
        run = self.runs.start(request.session_hash, accepted)
        if run is None:
            yield {self.table: gr.skip()}
            return
        try:
            asker = chat_of(self.chats, request).document_asker
            caller = caller_in(request).name
            for state in asker.ask(run.question, run.within, lambda: run.awaited, caller):
                changes = self._shown(table_of(state), state.running)
                if state.running:
                    del changes[self.notice]
                yield changes
        finally:
            self.runs.end(run)

    def stop(self, request: gr.Request) -> Changes:
        """Ask no other document; the answers so far stay."""
        run = self.runs.stop(request.session_hash)
        if run is None or run.started:
            return {self.stop_button: gr.update(visible=False)}
        return self._shown(alert(EACH_NOT_BEGUN), False)

    def leave(self, request: gr.Request) -> None:
        """Ask no other document for a page that is gone."""
        self.runs.forget(request.session_hash)

    def report_refusal(self, request: gr.Request) -> Changes:
        """Say that Gradio did not accept the question."""
        self.runs.forget(request.session_hash)
        return self._shown(alert(QUESTION_REFUSED), False)

    def _shown(self, table: str, running: bool) -> Changes:
        return {
            self.table: table,
            self.notice: gr.update(visible=False),
            self.ask_button: gr.update(visible=not running),
            self.stop_button: gr.update(visible=running),
        }


def table_of(state: EachState, waiting: bool = False) -> str:
    """The table of a state.

    Args:
        state: How far the question has come.
        waiting: Whether that of another session comes first.
    """
    return each_table(
        state.question,
        state.rows,
        state.titles or {},
        asked=len(state.rows),
        to_ask=state.to_ask,
        total=state.total,
        running=state.running,
        waiting=waiting,
        within=state.within_notice,
        problem=state.problem,
    )
