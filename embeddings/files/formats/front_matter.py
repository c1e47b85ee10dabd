"""Front matter: the names and values at the beginning of a Markdown file, as they are written.

Read by lines. PyYAML (MIT) was refused: it makes the number 3.1 of version 3.10 and a truth value
of "no", and what a typo makes invalid would be lost.
"""

import re

_ENDS = {"---": ("---", "..."), "+++": ("+++",)}
_PAIR = re.compile(r"([A-Za-z_][\w .-]{0,60}?)\s*([:=])(?:\s+(.*)|\s*)$")
_MAX_LINES = 500
_BLOCK_SIGNS = ("", "|", ">", "|-", ">-")


def split_front_matter(text: str) -> tuple[list[tuple[str, str]], str]:
    r"""The names and values of the front matter, and the text behind it.

    >>> split_front_matter("---\ntitle: Eels\ntags:\n- fish\n- nets\n---\nThey swim.")
    ([('title', 'Eels'), ('tags', 'fish, nets')], 'They swim.')
    """
    lines = text.split("\n")
    fence = lines[0].rstrip()
    if fence not in _ENDS:
        return [], text
    for number, line in enumerate(lines[1 : _MAX_LINES + 1], start=1):
        if line.rstrip() in _ENDS[fence]:
            inner = lines[1:number]
            # Text between two rules is a part of the page.
            if not _begins_with_name(inner):
                break
            return _pairs(inner), "\n".join(lines[number + 1 :])
    return [], text


def _begins_with_name(lines: list[str]) -> bool:
    """Whether the first line that says something is a name and its value; true if none does."""
    says = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    first = next(says, None)
    return first is None or bool(_PAIR.match(first))


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, list[str]]] = []
    for line in lines:
        match = None if line[:1].isspace() else _PAIR.match(line)
        if match:
            first = _plain(match[3] or "")
            pairs.append((match[1], [] if first in _BLOCK_SIGNS else [first]))
        elif line.strip() and not line.lstrip().startswith("#") and pairs:
            pairs[-1][1].append(_plain(line.strip().removeprefix("- ")))
    return [(name, ", ".join(values)) for name, values in pairs if values]


def _plain(value: str) -> str:
    """A value without its quotation marks, brackets and comment."""
    value = value.strip()
    if value[:1] in ("'", '"') and value.count(value[0]) > 1:
        return value[1 : value.rindex(value[0])]
    value = value.partition(" # ")[0].rstrip()
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(_plain(part) for part in value[1:-1].split(","))
    return value
