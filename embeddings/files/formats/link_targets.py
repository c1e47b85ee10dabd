"""Targets of links: told where their text does not say them and its reader would go there."""

import re

_ACTS = re.compile(
    r"\b(?:here|this|link|page|site|website|web ?site|form|download\w*|portal|online|pdf|click|"
    r"book(?:ing)?|regist\w+|appl(?:y|ication)|sign|order|shop|tickets?|map|video|hier|ici|aquí)\b",
    re.IGNORECASE,
)
_WEB = re.compile(r"(?:https?|ftp)://\S{1,300}")
_LONGEST_ADDRESS = 80
_LONGEST_TEXT = 300
_LONGEST_ACTION = 80
"""Characters of a link's text in which a word says that it is to be followed."""


def target_to_tell(target: str, text: str) -> str:
    """What to write behind a link; empty where its text says enough.

    >>> target_to_tell("mailto:office@club.example?subject=Boats", "the office")
    'office@club.example'
    >>> target_to_tell("https://club.example/form", "Apply here")
    'https://club.example/form'
    >>> target_to_tell("https://club.example/boats", "the boats of the club")
    ''
    """
    target, text = target.strip(), text[:_LONGEST_TEXT]
    scheme, _, rest = target.partition(":")
    if scheme.lower() in ("mailto", "tel"):
        address = rest.partition("?")[0].strip()
        digits = re.sub(r"\D", "", address)
        spelt = address in text or (len(digits) > 4 and digits[-5:] in re.sub(r"\D", "", text))
        return "" if spelt or len(address) > _LONGEST_ADDRESS else address
    if not _WEB.fullmatch(target):
        return ""
    bare = target.partition("://")[2].rstrip("/")
    text = text[:_LONGEST_ACTION]
    return target if _ACTS.search(text) and bare not in text else ""
