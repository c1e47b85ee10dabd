"""Events: what the events of the page share."""

from typing import Any

import gradio as gr

from qa.access.caller import Caller
from qa.api.callers import caller_of
from qa.web.chat import Chat
from qa.web.chats import Chats

Changes = dict[Any, object]
"""What an event changes, by component; all others stay as they are. Gradio reads this type."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of every event."""

UNQUEUED: dict[str, Any] = {"queue": False, **QUIET}
"""Options of an event that is carried out at once, however many others are waiting."""


def chat_of(chats: Chats, request: gr.Request) -> Chat:
    """The chat for who sent an event.

    Args:
        chats: Of the server.
        request: Of the event.
    """
    return chats.of(caller_in(request))


def caller_in(request: gr.Request) -> Caller:
    """Who sent an event.

    Args:
        request: Of the event.
    """
    if request.request is None:
        raise ValueError("expected an event with the request that sent it")
    return caller_of(request.request.scope)
