"""Chat: ``python app.py [FOLDER]`` indexes a folder and answers questions about it on a page.

The only module that imports Gradio, and only once the folder is indexed: its settings in the
environment must be there first, and a mistake on the command line is told at once.
"""

import logging
import os
import signal
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from qa.cli.main import report_errors
from qa.web.addresses import network_of
from qa.web.html.page import STYLE, RenderedTurn, header, notice, opening, panel, typed
from qa.web.sessions import MOST_SESSIONS

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from qa.library.listing import Listing
    from qa.settings import Settings
    from qa.web.chat import Chat
    from qa.web.events import Input
    from qa.web.server import ChatPage

DOCS = Path(__file__).resolve().parent / "docs"

AT_ONCE = os.cpu_count() or 1
"""Questions answered at a time; more would only wait for each other."""

MOST_WAITING = 32
"""Questions that wait for their turn; at a second each the last one waits half a minute."""

SECONDS_TO_END = 1
"""How long open connections may hold up the end; each open page holds one for ever."""

Changes = dict[Any, object]
"""What an event changes, by component; all else stays as it is. Gradio must be able to read it."""


NOT_TAKEN = (
    "The question was not answered: too many others are waiting, or a document that was chosen "
    "is gone. Choose again, or ask again in a moment."
)


NOT_CHANGED = (
    "The library was not changed: the server is busy, or a file is too large or of a format that "
    "is not read. Try again in a moment."
)

CHANGED_MEANWHILE = "The conversation had changed before it was this question's turn; ask it again."

COPY = "Copy answer and sources"

COPYING = """async text => {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
    } else {
        // Over plain HTTP from another machine there is no clipboard but this one.
        const area = document.body.appendChild(document.createElement("textarea"));
        area.value = text;
        area.select();
        document.execCommand("copy");
        area.remove();
    }
    return [text];
}"""
"""The one script of ours: only the browser can reach its clipboard."""

OF_A_MESSAGE = ("edit", "like", "retry", "undo")
"""Events of the chat that name a message."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE_AND_QUIET: dict[str, Any] = {"queue": False, **QUIET}


def build_page(chat: "Chat", read_only: bool) -> "gr.Blocks":
    """The page; its events lock no input.

    Args:
        chat: That replies.
        read_only: Whether nothing is offered that changes the library.
    """
    import gradio as gr

    page: gr.Blocks
    with gr.Blocks(title="Chapter and Verse", analytics_enabled=False, fill_width=True) as page:
        # In this browser alone, one conversation for each folder of a library; a new start of
        # the server finds it again.
        library = chat.index.store.header.library
        key = f"conversation-{library}-{chat.name}"
        saved = gr.BrowserState("[]", storage_key=key, secret=library)
        listing = chat.listing()
        gr.HTML(header(chat.folder.name), elem_id="header")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask"):
                within, sources = _add_conversation(page, chat, listing, saved)
            with gr.Tab("Library"):
                _add_library(page, chat, listing, read_only, saved, within, sources)
    page.queue(max_size=MOST_WAITING)
    page.state_session_capacity = MOST_SESSIONS
    return page


def _add_conversation(
    page: "gr.Blocks", chat: "Chat", listing: "Listing", saved: "gr.BrowserState"
) -> "tuple[gr.Dropdown, gr.HTML]":
    """The conversation with its sources; where it is limited, and where the sources are."""
    import gradio as gr

    from qa.library.receipts import answer_as_markdown
    from qa.web.chat import EXAMPLES, MOST_TURNS, as_kept

    # Which reply a session waits for. The conversation itself is in the browser alone: it
    # outlives the session, and a reply that nobody waits for any more must not write to it.
    awaited: dict[str | None, object] = {}
    # What a session's browser was last given to keep. An event brings what was kept when it was
    # queued: it may have waited while the conversation was cleared, or went on.
    newest: OrderedDict[str | None, int] = OrderedDict()

    def is_stale(kept: object, session: str | None) -> bool:
        return newest.get(session, hash(str(kept))) != hash(str(kept))

    def reply(
        asked: str,
        before: tuple[RenderedTurn, ...],
        kept: object,
        within: Sequence[str],
        session: str | None,
        rewritten: str | None = None,
    ) -> Iterator[Changes]:
        """Answer a question behind the turns before.

        Args:
            asked: The question.
            before: Those turns, a part of what is kept.
            kept: As the event brings it.
            within: Where to look.
            session: Of the browser.
            rewritten: The question to answer in its place.
        """
        if is_stale(kept, session):
            yield {said: notice(CHANGED_MEANWHILE)}
            return
        mine = awaited[session] = object()
        try:
            yield {said: "", button: gr.update(visible=False), stop: gr.update(visible=True)}
            for turn in chat.replies(len(before) + 1, asked, within, before, rewritten):
                if awaited.get(session) is not mine:
                    # What comes last is sent once more at the end: it must change nothing.
                    yield {said: gr.skip()}
                    return
                turns = (*before, turn)[-MOST_TURNS:]
                yield {conversation: _messages(turns)} | (
                    {sources: panel(turns, awaiting=True)} if turn.sources else {}
                )
            if awaited.get(session) is mine:
                # What could not be answered is not kept, and takes nothing with it.
                yield shown(turns) | (written(turns, session) if turns[-1].answer else {})
            else:
                yield {said: gr.skip()}
        finally:
            if awaited.get(session) is mine:
                del awaited[session]

    def shown(turns: tuple[RenderedTurn, ...]) -> Changes:
        last = turns[-1].answer if turns else None
        rewritten = last.rewritten if last else None
        return {
            conversation: _messages(turns),
            sources: panel(turns) if turns else opening(chat.listing().titles),
            said: "",
            button: gr.update(visible=True),
            stop: gr.update(visible=False),
            copied: answer_as_markdown(last) if last else "",
            copy: gr.update(visible=last is not None, value=COPY),
            understood: gr.update(visible=rewritten is not None, value=rewritten or ""),
        }

    def written(turns: tuple[RenderedTurn, ...], session: str | None) -> Changes:
        text = as_kept(turns)
        newest[session] = hash(text)
        newest.move_to_end(session)
        while len(newest) > MOST_SESSIONS:
            newest.popitem(last=False)
        return {saved: text}

    def give_up(kept: object, request: gr.Request) -> Changes:
        awaited.pop(request.session_hash, None)
        return shown(chat.restored(kept))

    def ask(
        entered: str, kept: object, within: list[str], request: gr.Request
    ) -> Iterator[Changes]:
        objection = chat.objection(entered)
        if objection:
            yield {said: notice(objection)}
        else:
            if not is_stale(kept, request.session_hash):
                yield {question: ""}
            yield from reply(entered, chat.restored(kept), kept, within, request.session_hash)

    def ask_example(at: int) -> Callable[..., Iterator[Changes]]:
        def ask_it(kept: object, within: list[str], request: gr.Request) -> Iterator[Changes]:
            asked = (chat.examples or [])[at]
            yield from reply(asked, chat.restored(kept), kept, within, request.session_hash)

        return ask_it

    def ask_instead(
        meant: str, kept: object, within: list[str], request: gr.Request
    ) -> Iterator[Changes]:
        turns = chat.restored(kept)
        objection = chat.objection(meant)
        if objection or not turns:
            yield {said: notice(objection)}
        else:
            *before, last = turns
            yield from reply(last.asked, tuple(before), kept, within, request.session_hash, meant)

    def show_examples() -> Changes:
        found = chat.examples
        if found is None:
            return {looking: gr.Timer(active=True)}
        return {looking: gr.Timer(active=False)} | {
            each: gr.update(value=found[at] if at < len(found) else "", visible=at < len(found))
            for at, each in enumerate(examples)
        }

    def look_again() -> Changes:
        chat.renew_examples()
        return show_examples()

    # A turn without an answer is shown but not kept: it is the last one, and asked by its text.
    def retry(
        kept: object, within: list[str], event: gr.RetryData, request: gr.Request
    ) -> Iterator[Changes]:
        before = chat.restored(kept)[: _turn_of(event.index)]
        yield from reply(typed(str(event.value)), before, kept, within, request.session_hash)

    def edit(
        kept: object, within: list[str], event: gr.EditData, request: gr.Request
    ) -> Iterator[Changes]:
        edited, turns = typed(str(event.value)), chat.restored(kept)
        objection = chat.objection(edited)
        if objection:
            yield shown(turns) | {said: notice(objection)}
        else:
            before = turns[: _turn_of(event.index)]
            yield from reply(edited, before, kept, within, request.session_hash)

    def undo(kept: object, event: gr.UndoData, request: gr.Request) -> Changes:
        awaited.pop(request.session_hash, None)
        before = chat.restored(kept)[: _turn_of(event.index)]
        changed = shown(before) | written(before, request.session_hash)
        return changed | {question: typed(str(event.value))}

    def clear(request: gr.Request) -> Changes:
        awaited.pop(request.session_hash, None)
        return shown(()) | written((), request.session_hash)

    def like(kept: object, event: gr.LikeData, request: gr.Request) -> Changes:
        turns, at = chat.restored(kept), _turn_of(event.index)
        # Neither, where a reader takes an opinion back.
        liking = event.liked if isinstance(event.liked, bool) else None
        turn = turns[at] if at < len(turns) else None
        sender = network_of(request.client and (request.client.host,))
        key, sentence = chat.like(turn, liking, str(request.session_hash), sender)
        words = "What was good?" if liking else "What was wrong?"
        asking = gr.update(visible=bool(key), value="", placeholder=words)
        return {opinion: asking, said: notice(sentence), liked: key}

    def note(text: str, key: str) -> Changes:
        return {opinion: gr.update(visible=False), said: notice(chat.note(key, text))}

    def recover(kept: object) -> Changes:
        return shown(chat.restored(kept)) | {said: notice(NOT_TAKEN)}

    liked, looking = gr.State(""), gr.Timer(1, active=False)
    with gr.Row(elem_id="columns"):
        with gr.Column(elem_id="asking"):
            conversation = gr.Chatbot(
                elem_id="chat",
                label="Questions and answers",
                show_label=False,
                container=False,
                height="100%",
                placeholder="Ask in your own words. Each answer is quoted from the documents.",
                buttons=[],
                editable="user",
                # Both: what is quoted is neither Markdown nor a formula.
                render_markdown=False,
                latex_delimiters=[],
            )
            with gr.Row(elem_id="examples"):
                examples = [gr.Button(size="sm", visible=False) for _ in range(EXAMPLES)]
            with gr.Row(elem_id="ask-row"):
                question = gr.Textbox(
                    elem_id="question",
                    label="Your question",
                    show_label=False,
                    container=False,
                    placeholder="Ask the documents",
                    max_lines=4,
                    autofocus=True,
                )
                button = gr.Button("Ask", elem_id="ask", variant="primary")
                stop = gr.Button("Stop", elem_id="stop", visible=False)
            with gr.Accordion("Answer from certain documents only", open=False, elem_id="within"):
                within = gr.Dropdown(
                    listing.choices,
                    value=[],
                    multiselect=True,
                    label="Documents and folders to answer from; all if none is chosen",
                )
            understood = gr.Textbox(
                elem_id="understood",
                label="Understood as; change it and press Enter if something else was meant",
                visible=False,
                max_lines=3,
            )
            opinion = gr.Textbox(
                elem_id="opinion",
                label="Your opinion of the answer, if you want to give it",
                visible=False,
                max_lines=2,
                submit_btn="Keep",
            )
            said = gr.HTML(notice(""), elem_id="notice")
        with gr.Column(elem_id="reading"):
            copy = gr.Button(COPY, elem_id="copy", size="sm", visible=False)
            copied = gr.Textbox(visible="hidden", label="What is copied")
            sources = gr.HTML(opening(listing.titles), elem_id="sources")
    # What does not change the conversation cannot lose it.
    showing = [question, conversation, sources, said, button, stop, copied, copy, understood]
    outputs = [*showing, saved]
    answering: dict[str, Any] = {
        # A second press of Enter while an answer is awaited is ignored by the page.
        "trigger_mode": "once",
        "concurrency_limit": AT_ONCE,
        # All that answer share the places.
        "concurrency_id": "answer",
        **QUIET,
    }
    asked = [question.submit, button.click]
    for event in (
        gr.on(asked, ask, [question, saved, within], outputs, **answering),
        understood.submit(ask_instead, [understood, saved, within], outputs, **answering),
        conversation.retry(retry, [saved, within], outputs, **answering),
        conversation.edit(edit, [saved, within], outputs, **answering),
        *(
            example.click(ask_example(at), [saved, within], outputs, **answering)
            for at, example in enumerate(examples)
        ),
    ):
        event.failure(recover, [saved], showing, **AT_ONCE_AND_QUIET)
    copy.click(lambda text: "Copied", [copied], [copy], js=COPYING, **AT_ONCE_AND_QUIET)
    stop.click(give_up, [saved], showing, **AT_ONCE_AND_QUIET)
    conversation.undo(undo, [saved], outputs, **AT_ONCE_AND_QUIET)
    conversation.clear(clear, None, outputs, **AT_ONCE_AND_QUIET)
    conversation.like(like, [saved], [opinion, said, liked], **AT_ONCE_AND_QUIET)
    opinion.submit(note, [opinion, liked], [opinion, said], **AT_ONCE_AND_QUIET)
    page.load(look_again, None, [*examples, looking], **AT_ONCE_AND_QUIET)
    looking.tick(show_examples, None, [*examples, looking], **AT_ONCE_AND_QUIET)
    page.load(lambda kept: shown(chat.restored(kept)), [saved], showing, **AT_ONCE_AND_QUIET)
    return within, sources


def _add_library(
    page: "gr.Blocks",
    chat: "Chat",
    held: "Listing",
    read_only: bool,
    saved: "gr.BrowserState",
    within: "gr.Dropdown",
    sources: "gr.HTML",
) -> None:
    """What the library holds, and unless it is only read, what changes it.

    Args:
        page: On which it is.
        chat: That answers from it.
        held: What is in it at the start.
        read_only: Whether nothing is offered that changes it.
        saved: The conversation; before it begins the sources show the library.
        within: Where a question is limited to a part of it.
        sources: Of the conversation.
    """
    import gradio as gr

    from qa.web.html.library_page import adding, caring, library_table, uploads_list

    def held_now(sought: str, kept: object, **removal: Any) -> Changes:
        """What the library holds; ``removal`` is what else changes where documents are removed."""
        listing = chat.listing()
        turns = chat.restored(kept)
        changes: Changes = {
            table: library_table(listing, sought),
            within: gr.update(choices=listing.choices),
            # What was quoted may be gone.
            sources: panel(turns) if turns else opening(listing.titles),
        }
        if not read_only:
            # What is chosen there stays so: an upload can end meanwhile.
            changes[removable] = gr.update(choices=listing.removable, **removal)
        return changes

    def search(sought: str) -> str:
        return library_table(chat.listing(), sought)

    def take(paths: list[str] | None, sought: str, kept: object) -> Iterator[Changes]:
        if not paths:
            return
        yield {files: gr.update(visible=False), changed: ""}
        for rows in chat.uploads.add([Path(path) for path in paths]):
            yield {arrived: uploads_list(rows)}
        yield held_now(sought, kept) | {files: gr.update(value=None, visible=True)}

    def remove(paths: list[str], sought: str, kept: object) -> Changes:
        done: Changes = {changed: notice(chat.uploads.remove(paths))}
        return done | held_now(sought, kept, value=[])

    def index_again(sought: str, kept: object) -> Iterator[Changes]:
        for sentence in chat.uploads.index_again():
            yield {changed: notice(sentence)}
        yield held_now(sought, kept)

    def recover() -> Changes:
        return {files: gr.update(value=None, visible=True), changed: notice(NOT_CHANGED)}

    with gr.Row(elem_id="library"):
        with gr.Column(elem_id="holding"):
            sought = gr.Textbox(
                "",
                elem_id="sought",
                label="Search the library",
                show_label=False,
                container=False,
                placeholder="Search titles and paths",
            )
            table = gr.HTML("", elem_id="documents")
        if not read_only:
            with gr.Column(elem_id="caring"):
                gr.HTML(adding(chat.uploads.limits))
                files = gr.File(
                    elem_id="files",
                    label="Files to add",
                    show_label=False,
                    file_count="multiple",
                    height=130,
                )
                arrived = gr.HTML("", elem_id="arrived")
                gr.HTML(caring(chat.folder.name))
                removable = gr.Dropdown(
                    held.removable,
                    value=[],
                    multiselect=True,
                    elem_id="removable",
                    label="Documents to remove",
                )
                with gr.Row(elem_id="changes"):
                    removing = gr.Button("Remove", elem_id="remove", size="sm")
                    again = gr.Button(f"Index {chat.folder.name} again", elem_id="again", size="sm")
                changed = gr.HTML("", elem_id="changed")
    showing = [table, within, sources, *([] if read_only else [removable])]
    sought.change(search, [sought], [table], **AT_ONCE_AND_QUIET)
    page.load(held_now, [sought, saved], showing, **AT_ONCE_AND_QUIET)
    if read_only:
        return
    changing: dict[str, Any] = {
        "trigger_mode": "once",
        "concurrency_limit": 1,
        "concurrency_id": "library",
        **QUIET,
    }
    outputs = [*showing, files, arrived, changed]
    for event in (
        files.upload(take, [files, sought, saved], outputs, **changing),
        removing.click(remove, [removable, sought, saved], outputs, **changing),
        again.click(index_again, [sought, saved], outputs, **changing),
    ):
        event.failure(recover, None, [files, changed], **AT_ONCE_AND_QUIET)


def _turn_of(message: object) -> int:
    """Position of the turn to which a message of the chat belongs; each turn has two."""
    return (message[0] if isinstance(message, Sequence) else int(str(message))) // 2


def _messages(turns: Sequence[RenderedTurn]) -> list[dict[str, str]]:
    return [
        {"role": role, "content": content}
        for turn in turns
        for role, content in (("user", turn.question), ("assistant", turn.reply))
    ]


def refuse_addresses() -> None:
    """Have Gradio fetch no address that is named as the file of an input; it has no setting."""
    from gradio import processing_utils

    processing_utils.async_ssrf_protected_get = _fetch_nothing


async def _fetch_nothing(url: str) -> NoReturn:
    """Stands in for what fetches addresses in Gradio."""
    raise ValueError("expected a file that was uploaded, got an address")


def chat_page(chat: "Chat", read_only: bool) -> "ChatPage":
    """The page, and what its events take."""
    import gradio as gr

    from qa.web.events import EventKind
    from qa.web.server import ChatPage

    refuse_addresses()
    page = build_page(chat, read_only)
    # Only a page that was launched checks where the files lie that a client names, and a
    # mounted one never is.
    page.has_launched = True
    kinds: dict[type, Input] = {
        gr.Textbox: "text",
        gr.BrowserState: "text",
        gr.Dropdown: "texts",
        gr.State: "state",
        gr.File: "files",
    }
    events = {
        number: EventKind(
            inputs=tuple(kinds[type(one)] for one in event.inputs),
            queued=event.queue,
            of_message=any(trigger in OF_A_MESSAGE for _, trigger in event.targets),
        )
        for number, event in page.fns.items()
    }

    def mount(server: "FastAPI") -> None:
        gr.mount_gradio_app(
            server,
            page,
            path="/",
            theme=gr.themes.Base(
                primary_hue=gr.themes.colors.cyan,
                neutral_hue=gr.themes.colors.stone,
                font=["system-ui", "sans-serif"],
                font_mono=["ui-monospace", "monospace"],
            ),
            css=STYLE,
            footer_links=[],
            run_history=False,
            show_error=False,
        )

    return ChatPage(events, mount)


def _stay_offline(settings: "Settings") -> None:
    """Keep Gradio and the model libraries from the network; before they are imported."""
    from embeddings.models.encoder import DEFAULT_MODEL

    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if settings.encoder == DEFAULT_MODEL or Path(settings.encoder).is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(path_type=Path), default=DOCS)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Port to serve at; 0 takes any that is free.",
)
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="Folder of the index; without it the default place, see `qa list`.",
)
@click.option(
    "--read-only", is_flag=True, help="Offer nothing that changes the library, for public use."
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for warnings, which rotates; without it they are told here.",
)
@report_errors
def main(
    folder: Path, host: str, port: int, index: Path | None, read_only: bool, log: Path | None
) -> int:
    """Index FOLDER (without it, docs/ beside this file) and answer questions about it.

    The chat is a page at http://127.0.0.1:7860. At the next start only what has changed in the
    folder is indexed.
    """
    import uvicorn
    from rich.console import Console

    from qa.cli.terminal import indexing_bar, printable, show_report
    from qa.pipeline import QuestionAnswerer
    from qa.settings import Settings
    from qa.web.chat import Chat
    from qa.web.connections import BACKLOG, LimitedConnection
    from qa.web.logs import set_up_logs
    from qa.web.server import LOOPBACK, build_server, listen

    # A polite kill ends everything as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    set_up_logs(log)
    settings = Settings() if index is None else Settings(index=index)
    _stay_offline(settings)
    folder = Path(os.path.realpath(folder))
    console = Console()
    with listen(host, port) as listener:
        with indexing_bar(console) as tell:
            answerer = QuestionAnswerer.from_documents(folder, settings=settings, on_progress=tell)
        with answerer:
            assert answerer.report is not None
            show_report(console, answerer.report)
            answerer.report.check()
            with closing(Chat(answerer, folder)) as chat:
                uploaded = chat.uploads.open(read_only)
                if uploaded:
                    show_report(console, uploaded)
                # The only folder whose files Gradio hands on; of a chat that only reads, none is.
                os.environ["GRADIO_TEMP_DIR"] = str(chat.uploads.incoming.folder)
                config = uvicorn.Config(
                    build_server(chat, host, read_only, chat_page(chat, read_only)),
                    http=LimitedConnection,
                    ws="none",
                    backlog=BACKLOG,
                    log_config=None,
                    # A client could name any address as its own.
                    proxy_headers=False,
                    server_header=False,
                    timeout_graceful_shutdown=SECONDS_TO_END,
                )
                server = uvicorn.Server(config)
                at = f"[{host}]" if ":" in host else host
                click.echo(
                    f"Chapter and Verse answers from {printable(str(folder))} at "
                    f"http://{at}:{listener.getsockname()[1]} (Ctrl-C ends it)."
                )
                if host not in LOOPBACK:
                    can = "read" if read_only else "read and add to"
                    click.echo(
                        f"Whoever can reach this machine can {can} these documents.", err=True
                    )
                # At the end open pages are cut off on purpose: nothing to log, no traceback.
                logging.getLogger("uvicorn.error").addFilter(lambda _: not server.should_exit)
                with suppress(KeyboardInterrupt):
                    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    main()
