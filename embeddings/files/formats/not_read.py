"""What of a web page is not read: its pictures, videos and the pages that it embeds."""

import re
from typing import Any

from embeddings.document import DocumentBuilder

_NAMES = {
    "img": ("picture", "pictures"),
    "canvas": ("picture", "pictures"),
    "video": ("video", "videos"),
    "audio": ("sound recording", "sound recordings"),
    "iframe": ("embedded page", "embedded pages"),
    "object": ("embedded object", "embedded objects"),
    "embed": ("embedded object", "embedded objects"),
    "applet": ("embedded object", "embedded objects"),
}
_ICON_PIXELS = 48
"""A smaller picture is an icon or counts visits. Chosen by hand."""
_FILE_NAME = re.compile(r"\S+\.\w{2,4}|(?:image|img|photo|picture|logo|icon|\W|\d)*", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,6})(?:px)?")


def count_not_read(builder: DocumentBuilder, element: Any, tag: str) -> None:
    """Note an element that holds something which is not read, if it does."""
    if tag == "svg":
        if element.get("role") == "img" or element.find(".//{*}text") is not None:
            builder.leave_out(*_NAMES["img"])
    elif tag in _NAMES and not _is_small(element) and (tag != "img" or _is_content(element)):
        builder.leave_out(*_NAMES[tag])


def words_of_picture(picture: Any) -> str:
    """What a picture's description says; empty for the name of a file or a single word of it."""
    words = "" if picture.text else " ".join((picture.get("alt") or "").split())
    return "" if " " not in words or _FILE_NAME.fullmatch(words) or _is_small(picture) else words


def _is_content(picture: Any) -> bool:
    alternative = picture.get("alt")
    if picture.text:
        return False  # Its description stands in the text.
    has_source = any(picture.get(name) for name in ("src", "data-src", "srcset"))
    # An empty description says that the picture is for decoration.
    return has_source and not (alternative is not None and not alternative.strip())


def _is_small(element: Any) -> bool:
    for side in ("width", "height"):
        size = _SIZE.fullmatch((element.get(side) or "").strip())
        if size and int(size[1]) < _ICON_PIXELS:
            return True
    return False
