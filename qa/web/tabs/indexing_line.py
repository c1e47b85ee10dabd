"""Indexing line: how far the first indexing has come, above both tabs."""

from typing import Any

import gradio as gr

from qa.web.html.page import alert, progress_line
from qa.web.startup import StartupIndexing
from qa.web.tabs.events import UNQUEUED, Changes
from qa.web.tabs.library_tab import LibraryTab

SECONDS = 2
"""Interval at which a page that is open asks for the progress. Chosen by hand."""


class IndexingLine:
    """The line and the events that keep it up to date.

    Args:
        indexing: That is shown.
    """

    def __init__(self, indexing: StartupIndexing) -> None:
        self.indexing = indexing
        self.line = gr.HTML("", elem_id="indexing")
        self.timer = gr.Timer(SECONDS, active=False)
        # Ticks once, when all is indexed: showing the library needs more than the progress does.
        self.end = gr.Timer(SECONDS / 10, active=False)

    def connect(self, page: gr.Blocks, library: LibraryTab) -> None:
        """Attach the events.

        Args:
            page: The page of the line.
            library: Shows what the library holds once all is indexed.
        """
        changed = [self.line, self.timer]
        page.load(self.show, None, changed, **UNQUEUED)
        self.timer.tick(self.advance, None, [*changed, self.end], **UNQUEUED)

        def show_library(words: str) -> Changes:
            return library.show(words) | {self.end: gr.Timer(active=False)}

        inputs: list[Any] = [library.search_box]
        event = self.end.tick(show_library, inputs, [*library.shown, self.end], **UNQUEUED)
        event.then(None, js="() => chapterAndVerse.refresh()", **UNQUEUED)

    def show(self) -> Changes:
        """Show the progress or the problem, and go on as long as there is progress."""
        status, running = self.indexing.status, self.indexing.running
        return {
            self.line: progress_line(status) if running else alert(status),
            self.timer: gr.Timer(active=running),
        }

    def advance(self) -> Changes:
        """Show the progress; at the end have the library shown."""
        changes = self.show()
        return changes if self.indexing.running else changes | {self.end: gr.Timer(active=True)}
