"""SmartArt: the text of a diagram as a list, in the order and depth of its points."""

from typing import Any

from embeddings.document import DocumentBuilder
from embeddings.files.formats.ooxml import DRAWING

_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MAX_POINTS = 20_000


def add_diagram(builder: DocumentBuilder, root: Any) -> bool:
    """Append the text of a diagram.

    Args:
        builder: To which to append.
        root: Element of the part with the diagram's data; none if that is lost.

    Returns:
        Whether there was any.
    """
    if root is None:
        return False
    texts = {}
    for point in root.iterfind(f"{_DGM}ptLst/{_DGM}pt"):
        if point.get("type", "node") in ("node", "asst"):
            texts[point.get("modelId")] = _text(point)
    children: dict[str, list[tuple[int, str]]] = {}
    inner = set()
    for link in root.iterfind(f"{_DGM}cxnLst/{_DGM}cxn"):
        above, below = link.get("srcId"), link.get("destId")
        if link.get("type", "parOf") == "parOf" and below in texts:
            order = link.get("srcOrd", "0")
            children.setdefault(above, []).append((int(order) if order.isdecimal() else 0, below))
            inner.add(below)
    roots = [id for id in children if id not in inner]
    lines: list[str] = []
    seen: set[str] = set()
    stack = [*(id for id in texts if id not in inner and id not in children), *reversed(roots)]
    while stack and len(seen) < _MAX_POINTS:
        id = stack.pop()
        if id in seen:
            continue
        seen.add(id)
        if texts.get(id):
            lines.append(f"- {texts[id]}")
        stack += [below for _, below in sorted(children.get(id, ()), reverse=True)]
    builder.add("list", "\n".join(lines))
    return bool(lines)


def _text(point: Any) -> str:
    paragraphs = (
        "".join(text.text or "" for text in paragraph.iter(f"{DRAWING}t"))
        for paragraph in point.iterfind(f"{_DGM}t/{DRAWING}p")
    )
    return " ".join(" ".join(paragraphs).split())
