"""What is known of a document, as a fragment beside the chat; its words link to their places."""

from collections.abc import Iterable
from dataclasses import dataclass

from qa.library.about import About, Place
from qa.library.listing import not_read_words
from qa.service.document_links import document_link
from qa.web.html.rendering import render


@dataclass(frozen=True, slots=True)
class _Linked:
    """Words of a document with the address at which they are marked."""

    place: Place
    link: str


def document_about(known: About) -> str:
    """The fragment.

    Args:
        known: Of the document.
    """

    def linked(places: Iterable[Place]) -> list[_Linked]:
        return [
            _Linked(place, document_link(known.path, known.sha256, [(place.start, place.end)]))
            for place in places
        ]

    return str(
        render(
            "document_about.html",
            known=known,
            kind=known.kind[:1].upper() + known.kind[1:],
            indexed=f"{known.indexed_at[:16].replace('T', ' ')} UTC",
            not_read=not_read_words(known.not_read),
            sentences=linked(known.sentences),
            headings=linked(known.headings),
        )
    )
