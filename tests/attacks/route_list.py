"""Route list: every route of the chat's server, Gradio's included, as JSON on standard output.

``python -m tests.attacks.route_list`` builds the server in a process of its own, with a chat about
a folder of one file, so that the process of the tests does not import Gradio.
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path


def _routes(routes: Sequence[object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        # A router that was included keeps its routes to itself, whose paths are whole.
        included = getattr(route, "original_router", None)
        if included:
            yield from _routes(included.routes, prefix)
            continue
        path = prefix + str(getattr(route, "path", ""))
        methods = getattr(route, "methods", None)
        inner = getattr(route, "routes", None)
        if inner:
            yield from _routes(inner, path.rstrip("/"))
        else:
            yield from ((method, path) for method in sorted(methods or ["GET"]))


def main() -> None:
    """Print the methods and paths."""
    from embeddings.index.index import Index
    from qa.web.chat import Chat
    from qa.web.server import build_server
    from qa.web.tabs.page import chat_page
    from tests.attacks.library import answering, make_documents
    from tests.builders import HashingEncoder

    logging.disable()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "town"
        make_documents(folder, 1)
        index = Index.open_or_create(Path(work) / "index", HashingEncoder())
        with answering(index, folder) as answerer:
            chat = Chat(answerer, folder)
            server = build_server(chat, "127.0.0.1", False, chat_page(chat, False))
            print(json.dumps(sorted(set(_routes(server.routes)))))


if __name__ == "__main__":
    main()
