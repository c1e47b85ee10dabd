"""Source list: where the page's own scripts list, choose and change the documents.

The list is no component of Gradio's: ten thousand documents are searched and paged on the server,
a component would hold them all. What is chosen comes with each question.
"""

import gradio as gr

from qa.service.service import Service
from qa.web.html.source_list import ListOptions, limit_chip, source_list, welcome


class SourceList:
    """The parts of the list, each added to the page where it is to stand.

    Args:
        service: With the library.
        read_only: Whether to offer nothing that changes the library.
        storage_key: Under which the browser stores what is chosen.
    """

    def __init__(self, service: Service, read_only: bool, storage_key: str) -> None:
        limits = None if read_only else service.uploads.limits
        self.options = ListOptions(service.folder.name, storage_key, limits)

    def add_progress(self) -> None:
        """Add the line that says how far indexing has come, and what an empty library shows."""
        gr.HTML('<div class="cv-indexing"></div>', elem_id="indexing")
        gr.HTML(welcome(self.options), elem_id="welcome")

    def add_column(self) -> None:
        """Add the column with the list."""
        with gr.Column(elem_id="choosing"):
            gr.HTML(source_list(self.options), elem_id="source-list")

    def add_chip(self) -> None:
        """Add what the next question is limited to."""
        gr.HTML(limit_chip(), elem_id="limit-chip")
