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
    from qa.access.policy import Access
    from qa.service.service import Service
    from qa.service.services import Services
    from qa.web.chats import Chats
    from qa.web.server import ServerOptions, build_server
    from qa.web.tabs.page import chat_page
    from tests.attacks.library import answering, make_documents
    from tests.builders import HashingEncoder

    logging.disable()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "town"
        make_documents(folder, 1)
        index = Index.open_or_create(Path(work) / "index", HashingEncoder())
        with answering(index, folder) as answerer:
            chats = Chats(Services(Service(answerer, folder)))
            access = Access.beside(index.folder, required=False)
            server = build_server(chats, access, ServerOptions(), chat_page(chats, False))
            print(json.dumps(sorted(set(_routes(server.routes)))))


if __name__ == "__main__":
    main()
