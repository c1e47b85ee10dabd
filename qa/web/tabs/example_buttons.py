"""Example buttons: the events that fill them with questions."""

import gradio as gr

from qa.web.example_finder import ExampleFinder
from qa.web.tabs.ask_widgets import AskWidgets
from qa.web.tabs.events import UNQUEUED, Changes


class ExampleButtons:
    """The example questions of the tab.

    Args:
        page: The page of the tab.
        finder: Finds the questions.
        widgets: The buttons, and the timer that waits until there are questions.
    """

    def __init__(self, page: gr.Blocks, finder: ExampleFinder, widgets: AskWidgets) -> None:
        self.finder = finder
        self.buttons, self.timer = widgets.examples, widgets.examples_timer
        changed = [*self.buttons, self.timer]
        page.load(self.refresh, None, changed, **UNQUEUED)
        self.timer.tick(self.show, None, changed, **UNQUEUED)

    def refresh(self) -> Changes:
        """Look for questions if the library has changed."""
        self.finder.refresh()
        return self.show()

    def show(self) -> Changes:
        """Show the questions, or look again later if there are none yet."""
        examples = self.finder.examples
        if examples is None:
            return {self.timer: gr.Timer(active=True)}
        changes: Changes = {self.timer: gr.Timer(active=False)}
        for number, button in enumerate(self.buttons):
            visible = number < len(examples)
            changes[button] = gr.update(value=examples[number] if visible else "", visible=visible)
        return changes
