"""The process that reads files, so that a hostile one can break only this process.

Started by ``DocumentLoader`` as ``python -m embeddings.files.worker``. One request a
line comes in on standard input and one answer a line goes out on standard
output, both JSON; it ends when its input ends. An answer has two lines: what was
found, and the text that it is about, so that the parent knows how many lists the
first one can hold before it parses it. Where there is no text, it is empty.

    {"path": "/files/aid.pdf", "limits": {"seconds": 60.0, ...}}
    {"document": {"title": "Aid", "blocks": [["heading", 0, 3, 1, 0], ...], "page_starts": [0],
     "page_labels": ["iii"], "not_read": ["2 pictures"]},
     "final": false}
    "Aid..."
    {"reason": "is empty", "final": false}
    ""

A request with ``splitting`` asks for the document's passages, too. They come as they stand in
the text: for each section the places of its headings among the blocks, the length of its context,
and where its passages start and end;
before the length, the place of the table or list that they are cut from, or -1.

    {"path": "/files/aid.pdf", "limits": {...},
     "splitting": {"tokenizer": "/models/minilm/tokenizer.json", "max_tokens": 256}}
    {"document": {...}, "sections": [[[0], -1, 3, [[5, 212], [214, 400]]]], "final": false}
    "..."

A request with ``picture`` asks for a page of a PDF, in which quotes are marked:

    {"path": "/files/aid.pdf", "limits": {...},
     "picture": {"page": 2, "quotes": [["50 tons", "sent ", " of aid"]]}}
    {"picture": {"marked": 1}, "final": false}
    "iVBORw0KGgo…"

``final`` says that this process should be replaced before the next file.
"""

import contextlib
import json
import os
import signal
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from embeddings.document import Block, Document
from embeddings.errors import UnreadableFile
from embeddings.files.formats import format_of, unsupported
from embeddings.files.limits import Limits

if sys.platform != "win32":
    import resource

_SECONDS_AFTER_PARENT = 5
REASON_CHARACTERS = 160
"""Longest reason, which is shown in one line."""


def main() -> None:
    """Answer requests until standard input ends."""
    # Ctrl-C is for the parent, which then closes our input or kills us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Libraries and their C code print; only answers may reach the parent's pipe.
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        limits = Limits(**request["limits"])
        answer = respond(
            Path(request["path"]), limits, request.get("splitting"), request.get("picture")
        )
        contents = answer.pop("contents", "")
        for line in (answer, contents):
            # A reason may quote a file name that is not valid Unicode.
            answers.write(json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n")
        answers.flush()


def respond(
    path: Path,
    limits: Limits,
    splitting: dict[str, Any] | None = None,
    picture: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The answer to one request: the document or picture, or the reason why there is none.

    Its second line is in ``contents``.
    """
    _limit_this_process(limits)
    final = False
    try:
        answer = _picture(path, picture) if picture else _document(path, limits, splitting)
    except UnreadableFile as error:
        answer = {"reason": error.what}
    except MemoryError:
        # What is left of the heap may be too fragmented for the next file.
        final = True
        answer = {"reason": f"needs more than {limits.memory_bytes / 2**30:g} GiB of memory"}
    except RecursionError:
        answer = {"reason": "is nested too deeply to read"}
    except Exception as error:
        # The outermost boundary: parsers raise errors of every kind on damaged input,
        # and each of them means that this file cannot be read and the next one can.
        answer = {"reason": _reason(error, path)}
    return answer | {"final": final or _is_large(limits)}


def _document(path: Path, limits: Limits, splitting: dict[str, Any] | None) -> dict[str, Any]:
    document = _read(path, limits)
    answer: dict[str, Any] = {"document": _encode(document), "contents": document.text}
    if splitting:
        answer["sections"] = _sections(document, limits, splitting)
    return answer


def _sections(document: Document, limits: Limits, splitting: dict[str, Any]) -> list[Any]:
    # Not needed for a picture, nor by those who want the text alone.
    from embeddings.models.model_folder import token_starts
    from embeddings.passages import Section
    from embeddings.splitting import sections

    found: list[Any] = []
    values = _values_of(Section)
    count = 0
    tokenize = token_starts(Path(splitting["tokenizer"]))
    for section in sections(document, tokenize, splitting["max_tokens"]):
        count += len(section.spans)
        limits.check_passages(count)
        found.append(values(section))
    return found


def _read(path: Path, limits: Limits) -> Document:
    format = format_of(path)
    if format is None:
        raise UnreadableFile(unsupported(path))
    document = format.read(path, limits)
    if not document.text:
        raise UnreadableFile("has no text")
    return document


def _picture(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    from embeddings.files.formats.pdf_picture import Quoted, picture

    quotes = [Quoted(*quote) for quote in request["quotes"]]
    png, marked = picture(path, request["page"], quotes)
    return {"picture": {"marked": marked}, "contents": b64encode(png).decode("ascii")}


def _values_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of a dataclass; ``dataclasses.astuple`` copies each of them."""
    return attrgetter(*(field.name for field in fields(kind)))


def _encode(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "blocks": list(map(_values_of(Block), document.blocks)),
        "page_starts": document.page_starts,
        "page_labels": document.page_labels,
        "not_read": document.not_read,
    }


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened ({error.strerror})"
    # By its text: lxml's code for it, ERR_RESOURCE_LIMIT, stands for other limits as well, and
    # libxml2 before 2.13 reports an internal error.
    if "Excessive depth" in str(error):
        return "is nested too deeply to read"
    format = format_of(path)
    name = format.name if format else "file"
    details = " ".join(str(error).replace(str(path), path.name).split())
    verdict = f"is damaged or not a valid {name}"
    cause = ": ".join(filter(None, (type(error).__name__, details)))
    room = REASON_CHARACTERS - len(f"{verdict} ()")
    return f"{verdict} ({cause if len(cause) <= room else f'{cause[: room - 1]}…'})"


def _limit_this_process(limits: Limits) -> None:
    if sys.platform == "win32":  # The parent's time limit alone bounds a file there.
        return
    # The parent keeps the time; this ends us should the parent be gone.
    signal.alarm(int(limits.seconds) + _SECONDS_AFTER_PARENT)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    # macOS refuses the limit; the time limit still holds there.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, hard))


def _is_large(limits: Limits) -> bool:
    """Whether this process has grown so much that the next file would have too little left."""
    if sys.platform != "linux":  # Only Linux keeps to the limit.
        return False
    # Not ru_maxrss, which begins with what the parent had when it started this process.
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(peak.split()[1]) * 1024 > limits.memory_bytes // 2


if __name__ == "__main__":
    main()
