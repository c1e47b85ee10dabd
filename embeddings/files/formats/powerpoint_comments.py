"""Comments on slides: those of PowerPoint up to 2019, and the threads of later versions."""

from collections.abc import Iterator
from typing import Any

from embeddings.files.formats.ooxml import element_of, parts_of_kind
from embeddings.files.formats.powerpoint_text import texts_of

_OLD = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_NEW = "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}"


class Comments:
    """The comments of a presentation."""

    def __init__(self, part: Any) -> None:
        """Find the names of the authors.

        Args:
            part: The presentation's main part.
        """
        self._names = {
            author.get("id"): author.get("name", "").strip()
            for kind, tag in (("commentAuthors", f"{_OLD}cmAuthor"), ("authors", f"{_NEW}author"))
            for authors in parts_of_kind(part, kind)
            if (root := element_of(authors)) is not None
            for author in root.iterchildren(tag)
        }

    def of_slide(self, part: Any) -> Iterator[str]:
        """The comments on a slide, each with its author, answers behind what they answer."""
        for comments in parts_of_kind(part, "comments"):
            root = element_of(comments)
            tags = (f"{_OLD}cm", f"{_NEW}cm", f"{_NEW}reply")
            for comment in () if root is None else root.iter(*tags):
                body = comment.find(f"{_NEW}txBody")
                text = comment.findtext(f"{_OLD}text") if body is None else texts_of(body)
                if text and text.strip():
                    name = self._names.get(comment.get("authorId"))
                    yield f"{f'Comment ({name})' if name else 'Comment'}: {text.strip()}"
