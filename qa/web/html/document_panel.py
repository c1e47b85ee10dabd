"""Document panel: a stored document to read beside the chat, as a fragment of the chat's page.

It has the text of the document's own page, and the offsets by which ``scripts/reader.js`` steps
through quotes, pages and what was found.
"""

import json
from urllib.parse import urlencode

from qa.service.document_links import (
    ABOUT_ROUTE,
    FIND_ROUTE,
    PICTURE_ROUTE,
    ROUTE,
    Fields,
    document_link,
    link_fields,
    part_link,
)
from qa.web.html.document_page import DocumentView, LinkedQuote, rows_of
from qa.web.html.rendering import render


def document_panel(view: DocumentView, at: int) -> str:
    """The document, as a fragment of the chat's page.

    Args:
        view: What is shown.
        at: Offset at which it opens, into ``Document.text``.
    """
    path, facts, quotes = view.path, view.facts, view.quotes
    part = view.part
    fields = link_fields(path, facts.sha256, quotes)
    return str(
        render(
            "document_panel.html",
            title=facts.title_at(path),
            path=path,
            changed=view.changed,
            facts=facts,
            quotes=[
                LinkedQuote(start, end, document_link(path, facts.sha256, quotes, number))
                for number, (start, end) in enumerate(quotes)
            ],
            rows=list(rows_of(view)),
            part=view.number + 1,
            parts=facts.parts,
            previous_part=f"{ROUTE}{part_link(path, facts.sha256, quotes, view.number - 1)}",
            next_part=f"{ROUTE}{part_link(path, facts.sha256, quotes, view.number + 1)}",
            link=document_link(path, facts.sha256, quotes),
            find=_address(FIND_ROUTE, link_fields(path, facts.sha256)),
            about=_address(ABOUT_ROUTE, [("path", path)]),
            picture=_address(PICTURE_ROUTE, fields) if view.pictured else "",
            start=part.start,
            end=part.end,
            at=at,
            spans=json.dumps(quotes),
            pages=json.dumps(facts.page_starts),
        )
    )


def _address(route: str, fields: Fields) -> str:
    """An address to which the script adds what it wants to see."""
    return f"{route}?{urlencode(fields)}"


def problem_panel(sentence: str) -> str:
    """The fragment where there is no document to show."""
    return str(render("document_panel_problem.html", sentence=sentence))
