"""Library page: what the library holds and what became of uploads, as HTML."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from embeddings.files.formats import FORMATS
from qa.library.listing import Listed, Listing
from qa.settings import UploadLimits
from qa.web.html.document_page import document_link
from qa.web.html.page import shown
from qa.web.upload_batch import Upload

MOST_ROWS = 200
"""Files shown; of more, those that are searched for."""

_STATES = {
    "waiting": "waiting",
    "reading": "being indexed",
    "taken": "in the library",
    "refused": "not taken",
}


def library_table(listing: Listing, sought: str = "") -> str:
    """The files of the library, those without a document first, with the reason.

    Args:
        listing: All of them.
        sought: Words of which each must be in the title or path of a file that is shown.
    """
    if listing.problem:
        return f'<p class="cv-problem" role="alert">{shown(listing.problem)}</p>'
    words = sought.casefold().split()
    found = [
        file
        for file in listing.files
        if all(word in f"{file.title or ''} {file.path}".casefold() for word in words)
    ]
    if not found:
        none = "Nothing in the library has these words." if words else "The library is empty."
        return f'<p class="cv-note" role="status">{none}</p>'
    found.sort(key=lambda one: one.problem is None)
    rows = "".join(map(_row, found[:MOST_ROWS]))
    documents = sum(one.title is not None for one in found)
    count = f"{documents:,} document{'s' * (documents != 1)}"
    problems = len(found) - documents
    troubled = f", {problems:,} not indexed" if problems else ""
    more = f", {MOST_ROWS} shown; search to see others" if len(found) > MOST_ROWS else ""
    heads = ("Document", "Folder", "Passages", "Pages", "Indexed (UTC)")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<p class="cv-note" role="status">{count}{troubled}{more}</p>'
        f'<table class="cv-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _row(one: Listed) -> str:
    folder, name = map(shown, (PurePosixPath(one.path).parent.as_posix(), one.path.split("/")[-1]))
    if one.title is None:
        reason = shown(one.problem or "has no document")
        return (
            f'<tr><th scope="row" dir="auto">{name}'
            f'<p class="cv-warning">Not indexed: it {reason}.</p></th>'
            f'<td class="cv-place">{folder}</td><td></td><td></td><td></td></tr>'
        )
    link = shown(document_link(one.path, one.sha256))
    return (
        f'<tr><th scope="row" dir="auto"><a href="{link}" target="_blank" rel="noopener">'
        f'{shown(one.title)}</a><p class="cv-place">{name}</p></th>'
        f'<td class="cv-place">{folder}</td><td class="cv-count">{one.passages:,}</td>'
        f'<td class="cv-count">{one.pages or ""}</td>'
        f'<td class="cv-place">{shown((one.indexed_at or "")[:16].replace("T", " "))}</td></tr>'
    )


def adding(limits: UploadLimits) -> str:
    """What is said above the place for files."""
    kinds = ", ".join(each.suffixes[0] for each in FORMATS)
    return (
        '<div class="cv-care"><h2>Add documents</h2><p class="cv-note">'
        f"Up to {limits.files} files at a time, {limits.file_bytes / 1e6:,.0f} MB each: {kinds}. "
        "They are kept on this computer and can be asked at once.</p></div>"
    )


def caring(folder: str) -> str:
    """What is said above the buttons that change the library."""
    return (
        '<div class="cv-care"><h2>Keep it up to date</h2><p class="cv-note">What has changed in '
        f"<strong>{shown(folder)}</strong> is read when it is indexed again. A file of that folder "
        "that is removed here stays in the folder, and is back then; a file that was added here "
        "is deleted.</p></div>"
    )


def uploads_list(uploads: Sequence[Upload]) -> str:
    """What has become of each file that was uploaded."""
    items = "".join(
        f'<li class="cv-upload cv-{upload.state}"><span dir="auto">{shown(upload.name)}</span> '
        f'<span class="cv-note">{_told(upload)}</span></li>'
        for upload in uploads
    )
    return f'<ul class="cv-uploads" role="status">{items}</ul>' if items else ""


def _told(one: Upload) -> str:
    if one.state == "refused":
        return f"{_STATES[one.state]}: it {shown(one.told)}"
    return f"{_STATES[one.state]}{': ' if one.told else ''}{shown(one.told)}"
