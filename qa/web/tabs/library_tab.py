"""Library tab: what the library holds and, unless it is read only, what changes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from qa.library.listing import Listing
from qa.web.chat import Chat
from qa.web.html.library_page import library_table, maintenance_help, upload_help, uploads_list
from qa.web.html.page import alert
from qa.web.messages import LIBRARY_UNCHANGED
from qa.web.tabs.ask_tab import AskTab
from qa.web.tabs.events import QUIET, UNQUEUED, Changes


class LibraryTab:
    """The documents of the library, in the tab that is being built.

    Args:
        page: The page of the tab.
        chat: Answers from the library.
        listing: What the library holds at the start.
        read_only: Whether to offer nothing that changes the library.
        conversation: Shows the library, too: as the choice of documents, and as the sources
            before the first question.
    """

    def __init__(
        self,
        page: gr.Blocks,
        chat: Chat,
        listing: Listing,
        read_only: bool,
        conversation: AskTab,
    ) -> None:
        self.chat = chat
        self.conversation = conversation
        with gr.Row(elem_id="library"):
            with gr.Column(elem_id="holding"):
                self.search_box = gr.Textbox(
                    "",
                    elem_id="sought",
                    label="Search the library",
                    show_label=False,
                    container=False,
                    placeholder="Search titles and paths",
                )
                self.table = gr.HTML("", elem_id="documents")
            self.changes = None if read_only else _LibraryChanges(self, listing)
        self.shown = shown = [
            self.table,
            conversation.widgets.within,
            *([self.changes.removable] if self.changes else []),
        ]
        self.search_box.change(self.search, [self.search_box], [self.table], **UNQUEUED)
        page.load(self.show, [self.search_box], shown, **UNQUEUED)
        if self.changes:
            self.changes.connect(shown)

    def search(self, words: str) -> str:
        """The documents whose title or path has the words."""
        return library_table(self.chat.listing(), words)

    def show(self, words: str, **removal: Any) -> Changes:
        """Show what the library holds now.

        Args:
            words: To search for in the table.
            removal: What else changes about the documents chosen to be removed.
        """
        listing = self.chat.listing()
        changes: Changes = {
            self.table: library_table(listing, words),
            self.conversation.widgets.within: gr.update(choices=listing.choices),
        }
        if self.changes:
            # A choice made there is left as it is: an upload can end meanwhile.
            changes[self.changes.removable] = gr.update(choices=listing.removable, **removal)
        return changes


class _LibraryChanges:
    """The column with what changes the library: uploads, removal, indexing again."""

    def __init__(self, tab: LibraryTab, listing: Listing) -> None:
        self.tab = tab
        self.uploads = tab.chat.uploads
        folder = tab.chat.folder.name
        with gr.Column(elem_id="caring"):
            gr.HTML(upload_help(self.uploads.limits))
            self.files = gr.File(
                elem_id="files",
                label="Files to add",
                show_label=False,
                file_count="multiple",
                height=130,
            )
            self.upload_states = gr.HTML("", elem_id="arrived")
            gr.HTML(maintenance_help(folder))
            self.removable = gr.Dropdown(
                listing.removable,
                value=[],
                multiselect=True,
                elem_id="removable",
                label="Documents to remove",
            )
            with gr.Row(elem_id="changes"):
                self.remove_button = gr.Button("Remove", elem_id="remove", size="sm")
                self.index_button = gr.Button(f"Index {folder} again", elem_id="again", size="sm")
            self.notice = gr.HTML("", elem_id="changed")

    def connect(self, shown: list[Any]) -> None:
        """Attach the events.

        Args:
            shown: The components that show the library.
        """
        changing: dict[str, Any] = {
            "trigger_mode": "once",
            "concurrency_limit": 1,
            "concurrency_id": "library",
            **QUIET,
        }
        inputs = [self.tab.search_box]
        outputs = [*shown, self.files, self.upload_states, self.notice]
        for event in (
            self.files.upload(self.add, [self.files, *inputs], outputs, **changing),
            self.remove_button.click(self.remove, [self.removable, *inputs], outputs, **changing),
            self.index_button.click(self.index_again, inputs, outputs, **changing),
        ):
            # A quoted document may have changed or be gone.
            event.then(None, js="() => chapterAndVerse.refresh()", **UNQUEUED)
            event.failure(self.report_refusal, None, [self.files, self.notice], **UNQUEUED)

    def add(self, paths: list[str] | None, words: str) -> Iterator[Changes]:
        """Add files that were uploaded."""
        if not paths:
            return
        yield {self.files: gr.update(visible=False), self.notice: ""}
        for rows in self.uploads.add([Path(path) for path in paths]):
            yield {self.upload_states: uploads_list(rows)}
        yield self.tab.show(words) | {self.files: gr.update(value=None, visible=True)}

    def remove(self, paths: list[str], words: str) -> Changes:
        """Remove documents."""
        message: Changes = {self.notice: alert(self.uploads.remove(paths))}
        return message | self.tab.show(words, value=[])

    def index_again(self, words: str) -> Iterator[Changes]:
        """Index what has changed in the folder."""
        for message in self.uploads.index_again():
            yield {self.notice: alert(message)}
        yield self.tab.show(words)

    def report_refusal(self) -> Changes:
        """Say that Gradio did not accept an event."""
        return {
            self.files: gr.update(value=None, visible=True),
            self.notice: alert(LIBRARY_UNCHANGED),
        }
