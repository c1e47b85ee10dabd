"""Ratings: the events with which a user rates an answer and adds a note."""

import gradio as gr

from qa.web.addresses import client_network
from qa.web.chat import Chat
from qa.web.html.page import alert
from qa.web.page_requests import RateRequest, parse_request
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes


class Ratings:
    """The ratings of a conversation's answers.

    Args:
        chat: Records them.
        widgets: The conversation, and where the note is typed.
    """

    def __init__(self, chat: Chat, widgets: AskWidgets) -> None:
        self.chat = chat
        self.widgets = widgets
        note, key = widgets.note, widgets.note_key
        changed = [note, widgets.notice]
        widgets.rating.change(
            self.rate,
            [widgets.rating],
            [*changed, key],
            js="rating => chapterAndVerse.completeRating(rating)",
            **UNQUEUED,
        )
        note.submit(self.add_note, [note, key], changed, **UNQUEUED)

    def rate(self, text: str, request: gr.Request) -> Changes:
        """Record a rating, as ``RateRequest``, and offer to add a note."""
        rating = parse_request(RateRequest, text)
        turns = self.chat.restore(rating.turns) if rating else ()
        liked = rating.liked if rating else None
        sender = client_network(request.client and (request.client.host,))
        key, message = self.chat.rate(
            turns[0] if turns else None, liked, str(request.session_hash), sender
        )
        placeholder = "What was good?" if liked else "What was wrong?"
        return {
            self.widgets.note: gr.update(visible=bool(key), value="", placeholder=placeholder),
            self.widgets.notice: alert(message),
            self.widgets.note_key: key,
        }

    def add_note(self, text: str, key: str) -> Changes:
        """Record a note on a rating."""
        message = self.chat.add_note(key, text)
        return {
            self.widgets.note: gr.update(visible=False),
            self.widgets.notice: alert(message),
        }
