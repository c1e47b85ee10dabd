"""Chat: ``python app.py [FOLDER]`` indexes a folder and answers questions about it on a page.

The page is served at once; it answers from what is indexed already. Gradio, which ``qa.web.tabs``
imports, is imported only once the folder is looked at: it reads its settings from the environment,
and a mistake on the command line is reported at once.
"""

import os
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa.cli.commands import ERROR, OK, report_errors
from qa.web.public_address import parse_host, parse_origin, parse_root_path

if TYPE_CHECKING:
    from embeddings.indexing_report import IndexingReport
    from qa.settings import Settings

DOCS = Path(__file__).resolve().parent / "docs"


def _root_path(context: click.Context, parameter: click.Parameter, path: str) -> str:
    try:
        return parse_root_path(path)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def _host_names(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        return tuple(map(parse_host, names))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def _origins(
    context: click.Context, parameter: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        return tuple(map(parse_origin, origins))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


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
    "--root-path",
    default="",
    metavar="PATH",
    callback=_root_path,
    help="Path below which a proxy shows the page, such as /qa.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    callback=_host_names,
    help="Host name under which a proxy shows the page; can be given several times. All others "
    "but this machine's are refused then.",
)
@click.option(
    "--read-only", is_flag=True, help="Offer nothing that changes the library, for public use."
)
@click.option("--api-only", is_flag=True, help="Serve programs and assistants, without the page.")
@click.option(
    "--open",
    "open_to_all",
    is_flag=True,
    help="Let everybody in who can reach the server, without a key.",
)
@click.option(
    "--oidc-issuer",
    metavar="URL",
    help="Accept tokens of this OpenID Connect issuer, too; with --oidc-audience.",
)
@click.option("--oidc-audience", metavar="NAME", help="For whom a token must have been issued.")
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="Origin, such as https://app.example.org, whose pages may send requests to /api/v1 and "
    "/mcp; can be given several times.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for warnings, which rotates; without it they are printed here.",
)
@report_errors
def main(
    folder: Path,
    host: str,
    port: int,
    root_path: str,
    allowed_hosts: tuple[str, ...],
    index: Path | None,
    read_only: bool,
    api_only: bool,
    open_to_all: bool,
    oidc_issuer: str | None,
    oidc_audience: str | None,
    cors: tuple[str, ...],
    log: Path | None,
) -> int:
    """Index FOLDER (without it, docs/ beside this file) and answer questions about it.

    The chat is a page at http://127.0.0.1:7860, which answers at once from what is indexed
    already and shows how far indexing has come. At the next start only what has changed in the
    folder is indexed.
    """
    from rich.console import Console

    from qa.cli.error_messages import error_message
    from qa.cli.terminal import indexing_bar, printable, show_missing, show_report
    from qa.library.listing import list_library
    from qa.pipeline import QuestionAnswerer
    from qa.service.service import Service
    from qa.service.services import Services
    from qa.settings import Settings
    from qa.web.chats import Chats
    from qa.web.logs import set_up_logs
    from qa.web.protection import LOOPBACK, access_to
    from qa.web.server import ServerOptions, build_server, listen
    from qa.web.serving import serve

    # A polite kill ends everything as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    set_up_logs(log)
    settings = Settings() if index is None else Settings(index=index)
    _stay_offline(settings)
    folder = Path(os.path.realpath(folder))
    console = Console()
    with (
        listen(host, port) as listener,
        QuestionAnswerer.open_folder(folder, settings) as answerer,
        closing(Service(answerer, folder)) as service,
        closing(Chats(Services(service))) as chats,
    ):
        access = access_to(
            settings.index, host, allowed_hosts, oidc_issuer, oidc_audience, open_to_all
        )
        service.uploads.open(read_only)

        def on_report(report: "IndexingReport") -> None:
            if report.added or report.changed or report.removed:
                service.audit.write("start", "index", report.name)
            show_report(console, report, index)
            if report.name == service.name:
                show_missing(console, list_library(service.index), index, service.name)

        service.indexing.start(
            bar=lambda: indexing_bar(console),
            on_report=on_report,
            on_error=lambda error: click.echo(error_message(error, index), err=True),
        )
        # The only folder whose files Gradio hands on; of a chat that only reads, none is.
        os.environ["GRADIO_TEMP_DIR"] = str(service.uploads.incoming.folder)
        page = None
        if not api_only:
            from qa.web.tabs.page import chat_page

            page = chat_page(chats, read_only)
        options = ServerOptions(host, read_only, allowed_hosts, root_path, cors)
        server = build_server(chats, access, options, page)
        # Where it has failed by now, nobody has seen the page.
        if service.indexing.failed:
            return ERROR
        address = f"[{host}]" if ":" in host else host
        click.echo(
            f"Chapter and Verse answers from {printable(str(folder))} at "
            f"http://{address}:{listener.getsockname()[1]} (Ctrl-C ends it)."
        )
        if not access.required and (host not in LOOPBACK or allowed_hosts):
            can = "read" if read_only else "read and add to"
            reach = "this machine" if host not in LOOPBACK else "the proxy"
            click.echo(f"Whoever can reach {reach} can {can} these documents.", err=True)
        serve(server, listener, service.queue.finish)
        if service.indexing.close():
            raise KeyboardInterrupt
    return OK


def _stay_offline(settings: "Settings") -> None:
    """Keep Gradio and the model libraries from the network; before they are imported."""
    from embeddings.models.encoder import DEFAULT_MODEL

    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if settings.encoder == DEFAULT_MODEL or Path(settings.encoder).is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"


if __name__ == "__main__":
    main()
