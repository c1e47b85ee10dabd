"""Charts of Office files as tables: a row for each category, a column for each series.

What the file itself keeps of the values is read (ISO 29500-1, 21.2), not the embedded workbook.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from embeddings.document import DocumentBuilder
from embeddings.files.formats.number_formats import displayed
from embeddings.files.formats.ooxml import DRAWING

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
_MAX_POINTS = 100_000  # of a series; a spreadsheet has up to a million rows
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_DAY_ZERO, _DAY_ZERO_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_LAST_DAY = 2_958_465  # 9999-12-31
_Points = dict[int, str]


def add_chart(builder: DocumentBuilder, root: Any) -> bool:
    """Append a chart: its title, then its table.

    Args:
        builder: To which to append.
        root: Element of the chart's part; none if that is lost.

    Returns:
        Whether there was anything to append.
    """
    if root is None:
        return False
    is_new = root.tag.startswith(_CX)
    series = list(_new_series(root) if is_new else _series(root))
    titles = _new_titles(root) if is_new else _titles(root)
    rows = list(_rows(series))
    if not rows:
        return False
    if not titles and len(series) == 1 and series[0][0]:
        titles = [series[0][0]]
    builder.add("paragraph", "\n".join(titles))
    names = [name or (titles[0] if titles else "") for name, *_ in series]
    has_x = any(x for _, x, _ in series)
    builder.add_table([([_category_name(root)] if has_x else []) + names, *rows], header_rows=1)
    return True


def _rows(series: list[tuple[str, _Points, _Points]]) -> Iterator[list[str]]:
    has_x = any(x for _, x, _ in series)
    same = all(x == series[0][1] or not x for _, x, _ in series)
    if not same:
        # Each series of a scatter chart has its own places on the axis.
        for at, (_, x, y) in enumerate(series):
            for index in sorted(x.keys() | y.keys()):
                values = [""] * len(series)
                values[at] = y.get(index, "")
                yield [x.get(index, ""), *values]
        return
    indices = sorted(set().union(*(x.keys() | y.keys() for _, x, y in series)))
    for index in indices:
        first = [series[0][1].get(index, "")] if has_x else []
        yield first + [y.get(index, "") for _, _, y in series]


def _series(root: Any) -> Iterator[tuple[str, _Points, _Points]]:
    """Name, categories and values of each series."""
    after_1904 = root.find(f"{_C}date1904")
    zero = _DAY_ZERO
    if after_1904 is not None and after_1904.get("val", "1") in ("1", "true"):
        zero = _DAY_ZERO_1904
    for series in root.iter(f"{_C}ser"):
        name = " ".join(_points(series.find(f"{_C}tx"), zero).values())
        x, y = (
            _points(next(series.iterchildren(*names), None), zero)
            for names in ((f"{_C}cat", f"{_C}xVal"), (f"{_C}val", f"{_C}yVal"))
        )
        yield name, x, y


def _points(element: Any, zero: datetime) -> _Points:
    """What stands at each place of a series; the levels of categories are joined."""
    if element is None:
        return {}
    levels = [
        [(point, level) for point in level.iterchildren(f"{_C}pt")]
        for level in element.iter(f"{_C}strCache", f"{_C}numCache", f"{_C}strLit", f"{_C}numLit")
    ]
    if multiple := list(element.iter(f"{_C}lvl")):
        return _levels(multiple)
    if not levels:
        text = element.findtext(f"{_C}v")
        return {0: text} if text else {}
    found: _Points = {}
    for point, level in levels[0][:_MAX_POINTS]:
        format = point.get("formatCode") or level.findtext(f"{_C}formatCode") or ""
        found[_index(point)] = formatted(point.findtext(f"{_C}v") or "", format, zero)
    return found


def _levels(levels: list[Any]) -> _Points:
    """Categories of several levels, the outermost last: each covers the places up to the next."""
    columns = []
    count = 0
    for level in reversed(levels[:5]):
        points = {_index(point): point.findtext(f"{_C}v") or "" for point in level}
        columns.append(points)
        count = max(count, *(at + 1 for at in points))
    found: _Points = {}
    current = [""] * len(columns)
    for index in range(min(count, _MAX_POINTS)):
        current = [points.get(index, above) for points, above in zip(columns, current, strict=True)]
        found[index] = " ".join(current)
    return found


def _index(point: Any) -> int:
    text = point.get("idx", "")
    return min(int(text), _MAX_POINTS) if text.isdecimal() and len(text) < 9 else 0


def formatted(value: str, format: str, zero: datetime = _DAY_ZERO) -> str:
    r"""A value of a chart as its number format shows it.

    >>> formatted("4180", "#,##0"), formatted("0.256", "0%"), formatted("0.1", "General")
    ('4,180', '26%', '0.1')
    >>> formatted("45000", "yyyy\\-mm\\-dd"), formatted("12.5", '"€"0.00')
    ('2023-03-15', '€12.50')
    """
    try:
        number = float(value)
    except ValueError:
        return value
    bare = _LITERAL.sub("", format.split(";")[0])
    is_date = re.search("[ymdhs]", bare, re.IGNORECASE) and "General" not in bare
    if not is_date or not 0 <= number <= _LAST_DAY:
        return displayed(number, format)
    moment = zero + timedelta(days=number)
    return displayed(moment.time() if number < 1 else moment, format)


def _titles(root: Any) -> list[str]:
    """The chart's title, and that of the axis of values."""
    chart = root.find(f"{_C}chart")
    found = [] if chart is None else [chart.find(f"{_C}title")]
    found += [axis.find(f"{_C}title") for axis in root.iter(f"{_C}valAx")]
    return [text for title in found if (text := _title(title))]


def _title(title: Any) -> str:
    if title is None:
        return ""
    text = " ".join(each.text or "" for each in title.iter(f"{DRAWING}t"))
    return " ".join((text or " ".join(_points(title, _DAY_ZERO).values())).split())


def _category_name(root: Any) -> str:
    axes = [*root.iter(f"{_C}catAx", f"{_C}dateAx")]
    return next((text for axis in axes if (text := _title(axis.find(f"{_C}title")))), "")


def _new_series(root: Any) -> Iterator[tuple[str, _Points, _Points]]:
    """As ``_series`` for the kinds of charts that Office 2016 added."""
    data = {each.get("id"): each for each in root.iter(f"{_CX}data")}
    for series in root.iter(f"{_CX}series"):
        name = " ".join(each.text or "" for each in series.iterfind(f"{_CX}tx//{_CX}v"))
        reference = series.find(f"{_CX}dataId")
        source = data.get("" if reference is None else reference.get("val"))
        if source is None:
            continue
        labels = [
            {_index(point): point.text or "" for point in level.iterchildren(f"{_CX}pt")}
            for level in source.iterfind(f"{_CX}strDim/{_CX}lvl")
        ]
        values = source.find(f"{_CX}numDim/{_CX}lvl")
        points = () if values is None else values.iterchildren(f"{_CX}pt")
        format = "" if values is None else values.get("formatCode", "")
        x = {
            index: " ".join(filter(None, (level.get(index, "") for level in reversed(labels))))
            for index in sorted(set().union(*labels))
        }
        yield name, x, {_index(point): formatted(point.text or "", format) for point in points}


def _new_titles(root: Any) -> list[str]:
    titles = root.iterfind(f"{_CX}chart/{_CX}title")
    texts = (" ".join(each.text or "" for each in title.iter(f"{DRAWING}t")) for title in titles)
    return [text for text in texts if text.strip()]
