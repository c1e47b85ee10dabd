"""Where the style sheets of a page put an element: off the page, or cut away."""

from embeddings.files.formats.css_values import FAINT, functions_of, pixels, words_of
from embeddings.files.formats.hidden_looks import is_moving

FAR_PIXELS = 4_999.0
"""This far to the left or above is off the page; what slides in is nearer. Chosen by hand."""

FAR_INDENT_PIXELS = 999.0
"""Of a first line, which nothing slides in."""

FAR_RIGHT_PIXELS = 9_999.0
"""Nobody scrolls this far to the right; pages may be longer than that. Chosen by hand."""

# They are as wide and as high as what is in them.
_UNSIZED = ("td", "th", "span", "a", "b", "i", "em", "strong", "small", "code", "font", "u", "s")


def is_off_the_page(styles: dict[str, str]) -> bool:
    """Whether an element is moved off the page, or shrunk to nothing."""
    across, down = [], []
    indent = pixels(styles.get("text-indent", ""))
    if indent is not None and not -FAR_INDENT_PIXELS < indent < FAR_RIGHT_PIXELS:
        return True
    # A share of the width is how pages of three columns are made.
    margins = {side: styles.get(f"margin-{side}", "") for side in ("left", "top", "right")}
    far = {side: pixels(value, whole=0.0) for side, value in margins.items()}
    if far["left"] == far["right"]:
        far["left"] = None  # As wide on both sides: a bar over the whole page.
    if styles.get("position") in ("absolute", "fixed", "relative"):
        across.append(styles.get("left", ""))
        down += [styles.get("top", "")]
        for side in ("right", "bottom"):
            moved = pixels(styles.get(side, ""))
            if moved is not None and (moved <= -FAR_PIXELS or moved >= FAR_RIGHT_PIXELS):
                return True
        if styles["position"] == "fixed":
            across += down
    moved_across, moved_down, shrunk = _moved(styles)
    across += moved_across
    down += moved_down
    rights = [far["left"], *map(pixels, across)]
    lefts = [*rights, far["top"], *map(pixels, down)]
    return (
        shrunk
        or any(value is not None and value <= -FAR_PIXELS for value in lefts)
        or any(value is not None and value >= FAR_RIGHT_PIXELS for value in rights)
    )


def _moved(styles: dict[str, str]) -> tuple[list[str], list[str], bool]:
    """How far something is moved across and down, and whether it is shrunk to nothing."""
    across, down = [], []
    scales = styles.get("scale", "").split()[:2]
    words = words_of(styles.get("translate", ""))
    across += words[:1]
    down += words[1:2]
    for name, values in functions_of(styles.get("transform", "")):
        if name in ("translate", "translate3d", "translatex"):
            across += values[:1]
        if name in ("translate", "translate3d"):
            down += values[1:2]
        elif name == "translatey":
            down += values[:1]
        elif name in ("scale", "scalex", "scaley", "scale3d"):
            scales += values[:2]
        elif name == "matrix" and len(values) == 6:
            scales += [values[0] if values[1:3] == ["0", "0"] else "1"]
            across.append(values[4])
    shrunk = any((scale := pixels(each, whole=1.0)) is not None and abs(scale) <= FAINT
                 for each in scales)  # fmt: skip
    return across, down, shrunk


def is_cut_away(tag: str, styles: dict[str, str]) -> bool:
    """Whether an element is clipped completely."""
    placed = styles.get("position") in ("absolute", "fixed")
    for name, values in functions_of(styles.get("clip", "") if placed else ""):
        edges = [pixels(length) for value in values for length in value.split()]
        if name == "rect" and edges and all(edge is not None and abs(edge) <= 1 for edge in edges):
            return True
    if any(map(_is_nothing, functions_of(styles.get("clip-path", "")))):
        return True
    unsized = tag in _UNSIZED and styles.get("display", "inline") == "inline"
    if unsized and not placed:
        return styles.get("float", "none") != "none" and _is_narrow(styles)
    return _is_narrow(styles)


def _is_narrow(styles: dict[str, str]) -> bool:
    overflow = styles.get("overflow-x", ""), styles.get("overflow-y", "")
    if not {"hidden", "clip"} & {*overflow} or is_moving(styles):
        return False
    # Made as large as there is room, or by what is around its content.
    grows = ("flex", "flex-grow", "padding", "padding-top", "padding-bottom")
    if any(styles.get(name, "none") not in ("none", "initial", "0", "0px") for name in grows):
        return False
    for side in ("width", "height"):
        least = pixels(styles.get(f"min-{side}", "0"))
        if least is None or least > 1:
            continue
        sizes = [pixels(styles.get(name, "")) for name in (side, f"max-{side}")]
        if any(size is not None and 0 <= size <= 1 for size in sizes):
            return True
    return False


def _is_nothing(shape: tuple[str, list[str]]) -> bool:
    """Whether a clipping shape is empty."""
    name, values = shape
    if name == "polygon":
        points = [tuple(map(pixels, value.split())) for value in values if value != "evenodd"]
        return any(
            len({point[axis] for point in points if len(point) == 2}) == 1 for axis in (0, 1)
        )
    words = words_of(values[0]) if values else []
    sizes = [pixels(word, whole=100.0) for word in words]
    if name in ("circle", "ellipse"):
        return bool(sizes) and sizes[0] == 0
    if name != "inset":
        return False
    sides = [size if "%" in word else 0.0 for size, word in zip(sizes, words, strict=True)]
    if not sides:
        return False
    top, right, bottom, left = (sides * 4)[:4] if len(sides) != 3 else (*sides, sides[1])
    return (top or 0) + (bottom or 0) >= 100 or (right or 0) + (left or 0) >= 100
