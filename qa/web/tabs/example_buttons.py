"""Example buttons: the events that fill them with questions.

Before the first question they are about the library; after an answer, about what it cites.
"""

from collections.abc import Sequence
from contextlib import suppress

import gradio as gr

from qa.web.chats import Chats
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes, chat_of


class ExampleButtons:
    """The questions offered in the tab.

    Args:
        page: The page of the tab.
        chats: Find the questions.
        widgets: The buttons, and the timer that waits until there are questions.
    """

    def __init__(self, page: gr.Blocks, chats: Chats, widgets: AskWidgets) -> None:
        self.chats = chats
        self.buttons, self.timer = widgets.examples, widgets.examples_timer
        changed = [*self.buttons, self.timer]
        # Once an answer is complete, which waits for nothing here, a conversation is shown, or
        # questions are limited to other documents.
        for event in (
            page.load,
            widgets.outcome.change,
            widgets.conversation.change,
            widgets.limit.change,
        ):
            event(
                self.follow,
                [widgets.outcome, widgets.limit],
                changed,
                js="async (_, limit) => [await chapterAndVerse.turns(), limit]",
                **UNQUEUED,
            )
        self.timer.tick(self.show, [widgets.limit], changed, **UNQUEUED)

    def follow(self, stored: object, limit: str, request: gr.Request) -> Changes:
        """Look for follow-ups to the last answer, or for examples before the first.

        Args:
            stored: The conversation, for ``Chat.stored_turns``.
            limit: What questions are limited to, for ``Chat.parse_within``.
            request: Names the session.
        """
        chat, session = chat_of(self.chats, request), request.session_hash
        finder = chat.follow_up_finder
        answered = [(turn.id, turn.answer) for turn in chat.stored_turns(stored) if turn.answer]
        try:
            within = chat.parse_within(limit)
        except ValueError:  # No document is left, or chosen ones are gone: none could answer.
            answered, within = [], ()
        if answered:
            turn, _ = answered[-1]
            finder.begin(session, turn, [answer for _, answer in answered], within)
        else:
            finder.cancel(session)
            chat.example_finder.refresh()
        # Those that were shown before are about something else.
        return self._buttons(()) | self.show(limit, request)

    def show(self, limit: str, request: gr.Request) -> Changes:
        """Show the questions, or look again later if there are none yet.

        Args:
            limit: As for ``follow``.
            request: Names the session.
        """
        chat, session = chat_of(self.chats, request), request.session_hash
        finder = chat.follow_up_finder
        questions: list[str] | None = []
        if finder.is_following(session):
            questions = finder.questions(session)
        else:
            with suppress(ValueError):
                questions = chat.example_finder.examples(chat.parse_within(limit))
        if questions is None:
            return {self.timer: gr.Timer(active=True)}
        return self._buttons(questions) | {self.timer: gr.Timer(active=False)}

    def _buttons(self, questions: Sequence[str]) -> Changes:
        changes: Changes = {}
        for number, button in enumerate(self.buttons):
            visible = number < len(questions)
            changes[button] = gr.update(value=questions[number] if visible else "", visible=visible)
        return changes
