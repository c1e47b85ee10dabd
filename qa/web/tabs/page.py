"""Page: the conversation and the documents in one Gradio page, mounted on the chat's server."""

from collections.abc import Iterator
from typing import NoReturn

import gradio as gr
from fastapi import FastAPI
from gradio import processing_utils

from qa.service.answer_queue import MAX_WAITING
from qa.web.chats import Chats
from qa.web.events import EventKind, Input
from qa.web.html.page import STYLE, page_header
from qa.web.server import ChatPage
from qa.web.sessions import MAX_SESSIONS
from qa.web.tabs.ask_tab import AskTab
from qa.web.tabs.check_tab import CheckTab
from qa.web.tabs.each_tab import EachTab
from qa.web.tabs.source_list import SourceList

INPUTS: dict[type, Input] = {
    gr.Textbox: "text",
    gr.State: "state",
}
"""What the components hold that are inputs of an event."""


def chat_page(chats: Chats, read_only: bool) -> ChatPage:
    """The page, as the server mounts it and checks its events.

    Args:
        chats: Answer the questions.
        read_only: Whether to offer nothing that changes the library.
    """
    refuse_addresses()
    page = _build_page(chats, read_only)
    # Only a page that was launched checks where the files lie that a client names, and a
    # mounted one never is.
    page.has_launched = True
    events = {
        number: EventKind(
            inputs=tuple(INPUTS[type(component)] for component in event.inputs),
            queued=event.queue,
        )
        for number, event in page.fns.items()
        # The others are carried out by the page's script.
        if event.fn is not None
    }

    def mount(server: FastAPI) -> None:
        gr.mount_gradio_app(
            server,
            page,
            path="/",
            theme=gr.themes.Base(
                primary_hue=gr.themes.colors.cyan,
                neutral_hue=gr.themes.colors.stone,
                font=["system-ui", "sans-serif"],
                font_mono=["ui-monospace", "monospace"],
            ),
            css=STYLE,
            footer_links=[],
            run_history=False,
            show_error=False,
        )

    def waiting() -> Iterator[str]:
        # Gradio tells it of no other than itself.
        for queue in page._queue.event_queue_per_concurrency_id.values():
            yield from (event.session_hash for event in queue.queue)

    return ChatPage(events, waiting, mount)


def _build_page(chats: Chats, read_only: bool) -> gr.Blocks:
    service = chats.service
    page: gr.Blocks
    with gr.Blocks(title="Chapter and Verse", analytics_enabled=False, fill_width=True) as page:
        # The browser keeps the conversations of each folder of a library; a new start of the
        # server finds them again.
        library = f"{service.index.library_id}-{service.name}"
        gr.HTML(page_header(service.folder.name, library), elem_id="header")
        source_list = SourceList(service, read_only, f"limit-{library}")
        source_list.add_progress()
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask", elem_id="ask-tab"):
                AskTab(page, chats, source_list)
            with gr.Tab("Ask each", elem_id="each-tab"):
                EachTab(page, chats)
            with gr.Tab("Check", elem_id="check-tab"):
                CheckTab(chats)
    page.queue(max_size=MAX_WAITING)
    page.state_session_capacity = MAX_SESSIONS
    return page


def refuse_addresses() -> None:
    """Have Gradio fetch no address that is named as the file of an input; it has no setting."""
    processing_utils.async_ssrf_protected_get = _fetch_nothing


async def _fetch_nothing(url: str) -> NoReturn:
    """Stands in for what fetches addresses in Gradio."""
    raise ValueError("expected a file that was uploaded, got an address")
