"""Example buttons: the events that fill them with questions.

Before the first question they are about the library; after an answer, about what it cites.
"""

from collections.abc import Sequence

import gradio as gr

from qa.web.chat import Chat
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes


class ExampleButtons:
    """The questions offered in the tab.

    Args:
        page: The page of the tab.
        chat: Finds the questions.
        widgets: The buttons, and the timer that waits until there are questions.
    """

    def __init__(self, page: gr.Blocks, chat: Chat, widgets: AskWidgets) -> None:
        self.chat = chat
        self.buttons, self.timer = widgets.examples, widgets.examples_timer
        changed = [*self.buttons, self.timer]
        # Once an answer is complete, which waits for nothing here, or a conversation is shown.
        for event in (page.load, widgets.outcome.change, widgets.conversation.change):
            event(
                self.follow,
                [widgets.outcome],
                changed,
                js="() => chapterAndVerse.turns()",
                **UNQUEUED,
            )
        self.timer.tick(self.show, None, changed, **UNQUEUED)

    def follow(self, stored: object, request: gr.Request) -> Changes:
        """Look for follow-ups to the last answer, or for examples before the first.

        Args:
            stored: The conversation, for ``Chat.restore``.
            request: Names the session.
        """
        answers = [turn.answer for turn in self.chat.restore(stored) if turn.answer]
        if answers:
            self.chat.follow_up_finder.begin(request.session_hash, answers)
            return self._buttons(()) | {self.timer: gr.Timer(active=True)}
        self.chat.follow_up_finder.cancel(request.session_hash)
        self.chat.example_finder.refresh()
        return self.show(request)

    def show(self, request: gr.Request) -> Changes:
        """Show the questions, or look again later if there are none yet."""
        finder, session = self.chat.follow_up_finder, request.session_hash
        questions = (
            finder.questions(session)
            if finder.is_following(session)
            else self.chat.example_finder.examples
        )
        if questions is None:
            return {self.timer: gr.Timer(active=True)}
        return self._buttons(questions) | {self.timer: gr.Timer(active=False)}

    def _buttons(self, questions: Sequence[str]) -> Changes:
        changes: Changes = {}
        for number, button in enumerate(self.buttons):
            visible = number < len(questions)
            changes[button] = gr.update(value=questions[number] if visible else "", visible=visible)
        return changes
