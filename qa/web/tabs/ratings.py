"""Ratings: the events with which a user rates an answer and adds a note."""

import gradio as gr

from qa.web.addresses import client_network
from qa.web.chat import Chat
from qa.web.html.page import alert
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes, turn_index


class Ratings:
    """The ratings of a conversation's answers.

    Args:
        chat: Records them.
        widgets: The conversation, and where the note is typed.
        stored: The conversation as the browser stores it.
    """

    def __init__(self, chat: Chat, widgets: AskWidgets, stored: gr.BrowserState) -> None:
        self.chat = chat
        self.widgets = widgets
        note, key = widgets.note, widgets.note_key
        changed = [note, widgets.notice]
        widgets.chatbot.like(self.rate, [stored], [*changed, key], **UNQUEUED)
        note.submit(self.add_note, [note, key], changed, **UNQUEUED)

    def rate(self, stored: object, event: gr.LikeData, request: gr.Request) -> Changes:
        """Record a rating, and offer to add a note."""
        turns, index = self.chat.restore(stored), turn_index(event.index)
        # Neither true nor false where a user withdraws the rating.
        liked = event.liked if isinstance(event.liked, bool) else None
        turn = turns[index] if index < len(turns) else None
        sender = client_network(request.client and (request.client.host,))
        key, message = self.chat.rate(turn, liked, str(request.session_hash), sender)
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
