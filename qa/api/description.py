"""Description: completes what FastAPI says of the routes in OpenAPI, for people and generators."""

import inspect
import re
from dataclasses import is_dataclass
from typing import Any

from fastapi import FastAPI

from qa.api.problem_response import ProblemDetails
from qa.service import replies

INTRODUCTION = """\
Answers questions from a folder of documents in the documents' own words. Each citation names the
exact characters, `document.text[start:end] == quote`, the document and the page; offsets count
Unicode code points. Where the documents do not say, `text` is null and `reason` tells why: that is
no error. Errors are problems of RFC 9457 with a stable `code`; 429 and 503 say in `Retry-After`
when to come again. Addresses are relative to the server.
"""

_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


def describe(app: FastAPI) -> None:
    """Complete the description of an application.

    It is told what problems look like, how a caller tells who it is, and what fields mean.
    """
    schema = app.openapi()
    schemas: dict[str, dict[str, Any]] = schema["components"]["schemas"]
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {}) | {"ProblemDetails": problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, kind in vars(replies).items():
        if name in schemas and is_dataclass(kind) and isinstance(kind, type):
            _describe_fields(schemas[name], kind)
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or a token."},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
    }
    # Where the server needs no key, none may be sent, too.
    schema["security"] = [{}, {"bearer": []}, {"key": []}]


def _describe_fields(schema: dict[str, Any], kind: type) -> None:
    """Say of each field what the class says, of which FastAPI takes the docstring as a whole."""
    schema["description"] = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    texts = attribute_texts(kind)
    for name, field in schema["properties"].items():
        if name in texts:
            field["description"] = texts[name]


def attribute_texts(kind: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each attribute.

    >>> attribute_texts(replies.PassageList)
    {'passages': 'Each with its place and its scores.'}
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(base.__doc__ or "").partition("\nAttributes:\n")
        found |= {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(section)}
    return found
