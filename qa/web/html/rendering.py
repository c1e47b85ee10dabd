"""Rendering: HTML from the templates in ``templates/``, in which every value is escaped.

Escaping is done where a template writes a value, not in the templates: a filter that somebody
forgets is no hole. Only HTML that was itself rendered from a template is written as it is.
"""

import html
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from embeddings.rendering import rendered
from qa.results import confidence_in_words

# Gradio's HTML component evaluates ${…} and {{…}} in its value. Character references reach the
# browser as the characters themselves, whatever the component evaluates.
_GRADIO_TEMPLATE_CHARACTERS = str.maketrans({letter: f"&#{ord(letter)};" for letter in "$`{}\\"})


def escape_text(value: object) -> Markup:
    """The value as HTML that shows exactly these characters; HTML from a template is unchanged.

    >>> escape_text("<b>${x}</b>")
    Markup('&lt;b&gt;&#36;&#123;x&#125;&lt;/b&gt;')
    """
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(str(value)).translate(_GRADIO_TEMPLATE_CHARACTERS))


def render(template: str, **values: object) -> Markup:
    """The HTML of a template.

    Args:
        template: Its file in ``templates/``.
        values: By the names that the template uses; one that is missing is an error.
    """
    return Markup(_ENVIRONMENT.get_template(template).render(values))


class _JoinLines(Extension):
    """Removes line breaks and indentation from HTML templates, so that they can be laid out."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        if name is None or not name.endswith(".html"):
            return source
        return "".join(line.strip() for line in source.splitlines())


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        # Runs before autoescape, which then leaves the escaped value as it is.
        finalize=escape_text,
        undefined=StrictUndefined,
        extensions=[_JoinLines],
        auto_reload=False,
    )
    environment.filters["confidence_in_words"] = confidence_in_words
    environment.filters["cells"] = lambda text: rendered(text).text
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["megabytes"] = lambda size: f"{size / 1e6:,.0f}"
    return environment


_ENVIRONMENT = _environment()
