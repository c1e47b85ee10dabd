"""Ask widgets: the components of the tab where questions are asked, and their layout."""

from dataclasses import dataclass

import gradio as gr

from qa.web.example_finder import MAX_EXAMPLES
from qa.web.html.page import alert, opening_panel
from qa.web.tabs.source_list import SourceList


@dataclass(frozen=True, slots=True)
class AskWidgets:
    """The components that events of the tab read or change.

    Attributes:
        chatbot: The conversation.
        examples: Example questions.
        examples_timer: Ticks while example questions are being looked for.
        question: Where the next question is typed.
        ask: Sends it.
        stop: Stops waiting for a reply.
        opinion: Asks for a note on an answer that was rated.
        rated: Says which answer that is.
        note: The note.
        save: Adds it to the rating.
        decline: Adds none.
        note_key: Names the rating that the note belongs to.
        notice: A line for what the conversation has no turn for.
        sources: The citations.
        request: What the page's script asks to be answered.
        outcome: What it is to store once that is answered.
        conversation: Changes when another conversation is to be shown.
        rating: A rating of an answer.
        limit: What questions are limited to, as ``Chat.parse_within`` reads it.
    """

    chatbot: gr.Chatbot
    examples: list[gr.Button]
    examples_timer: gr.Timer
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    opinion: gr.Column
    rated: gr.HTML
    note: gr.Textbox
    save: gr.Button
    decline: gr.Button
    note_key: gr.State
    notice: gr.HTML
    sources: gr.HTML
    request: gr.Textbox
    outcome: gr.Textbox
    conversation: gr.Textbox
    rating: gr.Textbox
    limit: gr.Textbox


def add_ask_widgets(source_list: SourceList) -> AskWidgets:
    """The components, laid out in the tab that is being built.

    Args:
        source_list: The documents to choose from.
    """
    note_key, examples_timer = gr.State(""), gr.Timer(1, active=False)
    request, outcome, conversation, rating = (
        gr.Textbox(elem_id=f"cv-{name}", label=name, visible="hidden")
        for name in ("request", "outcome", "conversation", "rating")
    )
    limit = gr.Textbox("{}", elem_id="cv-limit", label="limit", visible="hidden")
    with gr.Row(elem_id="columns"):
        source_list.add_column()
        with gr.Column(elem_id="asking"):
            chatbot = gr.Chatbot(
                elem_id="chat",
                label="Questions and answers",
                show_label=False,
                container=False,
                height="100%",
                placeholder="Ask in your own words. Each answer is quoted from the documents.",
                buttons=[],
                # Both: what is quoted is neither Markdown nor a formula.
                render_markdown=False,
                latex_delimiters=[],
            )
            with gr.Row(elem_id="examples"):
                examples = [gr.Button(size="sm", visible=False) for _ in range(MAX_EXAMPLES)]
            with gr.Column(elem_id="dock"):
                with gr.Column(elem_id="opinion", visible=False) as opinion:
                    rated = gr.HTML("", elem_id="rated")
                    with gr.Row(elem_id="opinion-row"):
                        note = gr.Textbox(
                            elem_id="note",
                            label="Your opinion of the answer",
                            show_label=False,
                            container=False,
                            max_lines=2,
                        )
                        save = gr.Button("Save", size="sm")
                        decline = gr.Button("No thanks", size="sm")
                source_list.add_chip()
                with gr.Row(elem_id="ask-row"):
                    question = gr.Textbox(
                        elem_id="question",
                        label="Your question",
                        show_label=False,
                        container=False,
                        placeholder="Ask the documents",
                        max_lines=4,
                        autofocus=True,
                    )
                    ask = gr.Button("Ask", elem_id="ask", variant="primary")
                    stop = gr.Button("Stop", elem_id="stop")
                notice_line = gr.HTML(alert(""), elem_id="notice")
        with gr.Column(elem_id="reading"):
            sources = gr.HTML(opening_panel(None), elem_id="sources")
    return AskWidgets(
        chatbot=chatbot,
        examples=examples,
        examples_timer=examples_timer,
        question=question,
        ask=ask,
        stop=stop,
        opinion=opinion,
        rated=rated,
        note=note,
        save=save,
        decline=decline,
        note_key=note_key,
        notice=notice_line,
        sources=sources,
        request=request,
        outcome=outcome,
        conversation=conversation,
        rating=rating,
        limit=limit,
    )
