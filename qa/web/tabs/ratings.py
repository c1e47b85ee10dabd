"""Ratings: the events with which a user rates an answer and adds a note."""

import gradio as gr

from qa.api.clients import client_network
from qa.web.chats import Chats
from qa.web.html.page import alert, noted, rated_answer
from qa.web.page_requests import RateRequest, parse_request
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes, chat_of

HIDE = """() => [{ __type__: "update", visible: false }, ""]"""
"""Hides what asks for a note, and what was said of the last one."""

HIDE_ELSEWHERE = """(messages, rated) => {
    const turn = /cv-rated-([\\w-]+)/.exec(rated)?.[1];
    const shown = messages.some(
        message => message.content.some(part => part.text?.includes(`"cv-actions-${turn}"`)));
    return shown ? [{ __type__: "update" }, { __type__: "update" }]
        : [{ __type__: "update", visible: false }, ""];
}"""
"""Hides it where the answer that was rated is not in the chat any more."""


class Ratings:
    """The ratings of a conversation's answers.

    Args:
        chats: Record them.
        widgets: The conversation, and where the note is typed.
    """

    def __init__(self, chats: Chats, widgets: AskWidgets) -> None:
        self.chats = chats
        self.widgets = widgets
        key = widgets.note_key
        shown = [widgets.opinion, widgets.notice]
        widgets.rating.change(
            self.rate,
            [widgets.rating],
            [*shown, widgets.rated, widgets.note, key],
            js="rating => chapterAndVerse.completeRating(rating)",
            **UNQUEUED,
        )
        gr.on(
            [widgets.note.submit, widgets.save.click],
            self.add_note,
            [widgets.note, key],
            shown,
            **UNQUEUED,
        )
        gr.on(
            [widgets.decline.click, widgets.request.change], None, None, shown, js=HIDE, **UNQUEUED
        )
        widgets.chatbot.change(
            None, [widgets.chatbot, widgets.rated], shown, js=HIDE_ELSEWHERE, **UNQUEUED
        )

    def rate(self, text: str, request: gr.Request) -> Changes:
        """Record a rating, as ``RateRequest``, and offer to add a note."""
        rating = parse_request(RateRequest, text)
        chat = chat_of(self.chats, request)
        turns = chat.restore(rating.turns) if rating else ()
        liked = rating.liked if rating else None
        sender = client_network(request.client and (request.client.host,))
        key, message = chat.rate(
            turns[0] if turns else None, liked, str(request.session_hash), sender
        )
        placeholder = "What was good?" if liked else "What was wrong?"
        return {
            self.widgets.opinion: gr.update(visible=bool(key)),
            self.widgets.rated: rated_answer(turns[0].id, turns[0].question) if turns else "",
            self.widgets.note: gr.update(value="", placeholder=placeholder),
            self.widgets.notice: alert(message),
            self.widgets.note_key: key,
        }

    def add_note(self, text: str, key: str, request: gr.Request) -> Changes:
        """Record a note on a rating."""
        message = chat_of(self.chats, request).add_note(key, text)
        return {
            self.widgets.opinion: gr.update(visible=False),
            self.widgets.notice: alert(message) if message else noted(),
        }
