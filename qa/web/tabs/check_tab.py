"""Check tab: whether the documents still hold what a receipt quotes."""

import gradio as gr

from qa.service.messages import RECEIPT_REFUSED
from qa.service.problems import problem_of
from qa.service.receipt_check import MAX_RECEIPT_CHARACTERS, NoReceipt, check_receipt
from qa.web.chats import Chats
from qa.web.html.page import alert
from qa.web.html.receipt_page import receipt_help, receipt_table
from qa.web.tabs.events import QUIET, UNQUEUED, Changes, chat_of

READ_RECEIPT = (
    f"async () => [await window.chapterAndVerse.readReceipt({MAX_RECEIPT_CHARACTERS + 1})]"
)
"""The browser reads the file and sends its text: nothing is uploaded, and nothing is kept."""


class CheckTab:
    """The check of a receipt, in the tab that is being built.

    Args:
        chats: With the documents.
    """

    def __init__(self, chats: Chats) -> None:
        self.chats = chats
        with gr.Column(elem_id="check"):
            gr.HTML(receipt_help(), elem_id="receipt-drop")
            self.choose = gr.Button("Choose a receipt", elem_id="choose-receipt", size="sm")
            self.content = gr.Textbox(visible="hidden", label="Text of the receipt")
            self.checked = gr.HTML("", elem_id="checked")
        self.choose.click(
            self.check,
            [self.content],
            [self.checked],
            js=READ_RECEIPT,
            trigger_mode="once",
            concurrency_limit=1,
            concurrency_id="check",
            **QUIET,
        ).failure(self.report_refusal, None, [self.checked], **UNQUEUED)

    def check(self, content: str | None, request: gr.Request) -> Changes:
        """Check the receipt that was chosen; nothing if none was."""
        if not content:
            return {self.checked: gr.skip()}
        try:
            check = check_receipt(content, chat_of(self.chats, request).answerer)
        except NoReceipt as error:
            return {self.checked: receipt_table((), 0, str(error))}
        except Exception as error:  # The page would wait forever.
            return {self.checked: receipt_table((), 0, problem_of(error).sentence)}
        return {self.checked: receipt_table(check.quotes, check.total, "")}

    def report_refusal(self) -> Changes:
        """Say that Gradio did not accept the receipt."""
        return {self.checked: alert(RECEIPT_REFUSED)}
