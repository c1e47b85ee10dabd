"""Chat: ``python app.py [FOLDER]`` indexes a folder and answers questions about it on a page.

The only module that imports Gradio, and only once the folder is indexed: its settings in the
environment must be there first, and a mistake on the command line is told at once.
"""

import errno
import logging
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from embeddings.errors import ChapterAndVerseError
from qa.cli import explained
from qa.document_page import POLICY as DOCUMENT_POLICY
from qa.document_page import ROUTE
from qa.page import STYLE, Turn, header, notice, panel, typed

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qa.chat import Chat
    from qa.settings import Settings

DOCS = Path(__file__).resolve().parent / "docs"

AT_ONCE = 2
"""Questions answered at a time; one already keeps more than one core busy."""

MOST_WAITING = 32
"""Questions that wait for their turn; at a second each the last one waits half a minute."""

MOST_SESSIONS = 200
"""Open pages whose state is kept; of one left alone longest, only a note may get lost."""

SECONDS_TO_END = 1
"""How long open connections may hold up the end; each open page holds one for ever."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
"""Content-Security-Policy: nothing from or to another host. Gradio needs the two unsafe ones."""

# Routes of Gradio that the page does not use. The first two also fetch public addresses.
_REFUSED = re.compile(r"/+gradio_api/+(file|proxy|upload|stream|process_recording)")

_LOOPBACK = ("127.0.0.1", "localhost")

Changes = dict[Any, object]
"""What an event changes, by component; all else stays as it is. Gradio must be able to read it."""


class AddressError(ChapterAndVerseError):
    """The chat cannot be served at that address."""


NOT_TAKEN = (
    "The question was not answered: too many others are waiting, or the server cannot be "
    "reached. Ask again in a moment."
)


def build_page(chat: "Chat") -> "gr.Blocks":
    """The page; its events need no JavaScript of ours and lock no input."""
    import gradio as gr

    from qa.chat import EXAMPLES, MOST_TURNS, kept

    # Which reply a session waits for. The conversation itself is in the browser alone: it
    # outlives the session, and a reply that nobody waits for any more must not write to it.
    awaited: dict[str | None, object] = {}

    def reply(
        asked: str, before: tuple[Turn, ...], within: Sequence[str], session: str | None
    ) -> Iterator[Changes]:
        """Answer a question behind the turns before."""
        mine = awaited[session] = object()
        try:
            yield {said: "", button: gr.update(visible=False), stop: gr.update(visible=True)}
            for turn in chat.replies(len(before) + 1, asked, within):
                if awaited.get(session) is not mine:
                    # What comes last is sent once more at the end: it must change nothing.
                    yield {said: gr.skip()}
                    return
                turns = (*before, turn)[-MOST_TURNS:]
                yield {conversation: _messages(turns)} | (
                    {sources: panel(turns, chat.titles, awaiting=True)} if turn.sources else {}
                )
            yield shown(turns) | written(turns)
        finally:
            if awaited.get(session) is mine:
                del awaited[session]

    def shown(turns: tuple[Turn, ...]) -> Changes:
        return {
            conversation: _messages(turns),
            sources: panel(turns, chat.titles),
            said: "",
            button: gr.update(visible=True),
            stop: gr.update(visible=False),
        }

    def written(turns: tuple[Turn, ...]) -> Changes:
        return {saved: kept(turns)}

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
            yield {question: ""}
            yield from reply(entered, chat.restored(kept), within, request.session_hash)

    def ask_example(at: int) -> Callable[..., Iterator[Changes]]:
        def ask_it(kept: object, within: list[str], request: gr.Request) -> Iterator[Changes]:
            asked = (chat.examples or [])[at]
            yield from reply(asked, chat.restored(kept), within, request.session_hash)

        return ask_it

    def show_examples() -> Changes:
        found = chat.examples
        if found is None:
            return {looking: gr.Timer(active=True)}
        return {looking: gr.Timer(active=False)} | {
            each: gr.update(value=found[at] if at < len(found) else "", visible=at < len(found))
            for at, each in enumerate(examples)
        }

    # A turn without an answer is shown but not kept: it is the last one, and asked by its text.
    def retry(
        kept: object, within: list[str], event: gr.RetryData, request: gr.Request
    ) -> Iterator[Changes]:
        before = chat.restored(kept)[: _turn_of(event.index)]
        yield from reply(typed(str(event.value)), before, within, request.session_hash)

    def edit(
        kept: object, within: list[str], event: gr.EditData, request: gr.Request
    ) -> Iterator[Changes]:
        edited, turns = typed(str(event.value)), chat.restored(kept)
        objection = chat.objection(edited)
        if objection:
            yield shown(turns) | {said: notice(objection)}
        else:
            before = turns[: _turn_of(event.index)]
            yield from reply(edited, before, within, request.session_hash)

    def undo(kept: object, event: gr.UndoData, request: gr.Request) -> Changes:
        awaited.pop(request.session_hash, None)
        before = chat.restored(kept)[: _turn_of(event.index)]
        return shown(before) | written(before) | {question: typed(str(event.value))}

    def clear(request: gr.Request) -> Changes:
        awaited.pop(request.session_hash, None)
        return shown(()) | written(())

    def like(kept: object, event: gr.LikeData, request: gr.Request) -> Changes:
        turns, at = chat.restored(kept), _turn_of(event.index)
        # Neither, where a reader takes an opinion back.
        liking = event.liked if isinstance(event.liked, bool) else None
        answer = turns[at].answer if at < len(turns) else None
        key, sentence = chat.like(answer, liking, str(request.session_hash))
        words = "What was good?" if liking else "What was wrong?"
        asking = gr.update(visible=bool(key), value="", placeholder=words)
        return {opinion: asking, said: notice(sentence), liked: key}

    def note(text: str, key: str) -> Changes:
        return {opinion: gr.update(visible=False), said: notice(chat.note(key, text))}

    def recover(kept: object) -> Changes:
        return shown(chat.restored(kept)) | {said: notice(NOT_TAKEN)}

    page: gr.Blocks
    with gr.Blocks(title="Chapter and Verse", analytics_enabled=False, fill_width=True) as page:
        liked, looking = gr.State(""), gr.Timer(1, active=False)
        # In this browser alone, one conversation for each folder of a library; a new start of
        # the server finds it again.
        library = chat.index.store.header.library
        key = f"conversation-{library}-{chat.name}"
        saved = gr.BrowserState("[]", storage_key=key, secret=library)
        gr.HTML(header(chat.folder.name), elem_id="header")
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
                with gr.Accordion(
                    "Answer from certain documents only",
                    open=False,
                    elem_id="within",
                    visible=len(chat.paths) > 1,
                ):
                    within = gr.Dropdown(
                        chat.places,
                        value=[],
                        multiselect=True,
                        label="Documents and folders to answer from; all if none is chosen",
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
                sources = gr.HTML(panel((), chat.titles), elem_id="sources")
        # What does not change the conversation cannot lose it.
        showing = [question, conversation, sources, said, button, stop]
        outputs = [*showing, saved]
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {"queue": False, **quiet}
        answering: dict[str, Any] = {
            # A second press of Enter while an answer is awaited is ignored by the page.
            "trigger_mode": "once",
            "concurrency_limit": AT_ONCE,
            # All that answer share the places.
            "concurrency_id": "answer",
            **quiet,
        }
        asked = [question.submit, button.click]
        for event in (
            gr.on(asked, ask, [question, saved, within], outputs, **answering),
            conversation.retry(retry, [saved, within], outputs, **answering),
            conversation.edit(edit, [saved, within], outputs, **answering),
            *(
                example.click(ask_example(at), [saved, within], outputs, **answering)
                for at, example in enumerate(examples)
            ),
        ):
            event.failure(recover, [saved], showing, **at_once)
        stop.click(give_up, [saved], showing, **at_once)
        conversation.undo(undo, [saved], outputs, **at_once)
        conversation.clear(clear, None, outputs, **at_once)
        conversation.like(like, [saved], [opinion, said, liked], **at_once)
        opinion.submit(note, [opinion, liked], [opinion, said], **at_once)
        page.load(show_examples, None, [*examples, looking], **at_once)
        looking.tick(show_examples, None, [*examples, looking], **at_once)
        page.load(lambda kept: shown(chat.restored(kept)), [saved], showing, **at_once)
    page.queue(max_size=MOST_WAITING)
    page.state_session_capacity = MOST_SESSIONS
    return page


def _turn_of(message: object) -> int:
    """Position of the turn to which a message of the chat belongs; each turn has two."""
    return (message[0] if isinstance(message, Sequence) else int(str(message))) // 2


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [
        {"role": role, "content": content}
        for turn in turns
        for role, content in (("user", turn.question), ("assistant", turn.reply))
    ]


def build_server(chat: "Chat", host: str) -> "FastAPI":
    """The web server: the page, and ``/healthz`` for whoever watches over it."""
    import gradio as gr
    from fastapi import FastAPI, Query
    from fastapi.responses import HTMLResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chat.warm_up()
        yield

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @server.get(f"/{ROUTE}")
    def document(
        path: Annotated[str, Query(max_length=5_000)],
        sha256: Annotated[str, Query(max_length=64)] = "",
        quote: Annotated[list[str] | None, Query()] = None,
        part: Annotated[int | None, Query(ge=0)] = None,
        at: Annotated[int, Query(ge=1)] = 1,
    ) -> HTMLResponse:
        status, content = chat.document(path, sha256, quote or (), part, at)
        headers = {"Content-Security-Policy": DOCUMENT_POLICY}
        return HTMLResponse(content, status, headers)

    gr.mount_gradio_app(
        server,
        build_page(chat),
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
    server.add_middleware(Guard)
    if host in _LOOPBACK:
        # Otherwise any web site could name itself 127.0.0.1 (DNS rebinding) and read along.
        server.add_middleware(TrustedHostMiddleware, allowed_hosts=list(_LOOPBACK))
    return server


class Guard:
    """Adds the security headers and refuses the routes that the page does not use."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one request."""
        from starlette.datastructures import MutableHeaders
        from starlette.responses import PlainTextResponse

        async def guarded(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        refused = scope["type"] == "http" and _REFUSED.match(scope["path"])
        app = PlainTextResponse("Not found", status_code=404) if refused else self.app
        await app(scope, receive, guarded)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, held from before indexing until the end.

    Raises:
        AddressError: It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is in use; choose another with --port."
        elif error.errno == errno.EACCES:
            message = f"Port {port} needs more rights; choose one from 1024 on with --port."
        else:
            message = f"{host} is no address of this machine; choose another with --host."
        raise AddressError(message) from error


def _stay_offline(settings: "Settings") -> None:
    """Keep Gradio and the model libraries from the network; before they are imported."""
    from embeddings.encoder import DEFAULT_MODEL

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
@explained
def main(folder: Path, host: str, port: int, index: Path | None) -> int:
    """Index FOLDER (without it, docs/ beside this file) and answer questions about it.

    The chat is a page at http://127.0.0.1:7860. At the next start only what has changed in the
    folder is indexed.
    """
    import uvicorn
    from rich.console import Console

    from qa.answering import QuestionAnswerer
    from qa.chat import Chat
    from qa.settings import Settings
    from qa.terminal import indexing_bar, printable, show_report

    # A polite kill ends everything as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
            chat = Chat(answerer, folder)
            config = uvicorn.Config(
                build_server(chat, host),
                log_level="warning",
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
            server = uvicorn.Server(config)
            at = f"[{host}]" if ":" in host else host
            click.echo(
                f"Chapter and Verse answers from {printable(str(folder))} at "
                f"http://{at}:{listener.getsockname()[1]} (Ctrl-C ends it)."
            )
            if host not in (*_LOOPBACK, "::1"):
                click.echo("Whoever can reach this machine can read these documents.", err=True)
            # At the end open pages are cut off on purpose: nothing to log, no traceback.
            logging.getLogger("uvicorn.error").addFilter(lambda _: not server.should_exit)
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
            chat.close()
    return 0


if __name__ == "__main__":
    main()
