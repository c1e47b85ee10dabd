"""Protection: whether a server asks for keys, which it does wherever others can reach it."""

from collections.abc import Sequence
from pathlib import Path

from embeddings.errors import ChapterAndVerseError, Remedy
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.access.tokens import TokenVerifier

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotProtected(ChapterAndVerseError):
    """Whoever can reach the server could read the documents, and nobody said that they may."""


def access_to(
    index: Path,
    host: str,
    allowed_hosts: Sequence[str],
    issuer: str | None,
    audience: str | None,
    open_to_all: bool,
) -> Access:
    """Who may reach a server.

    On the loopback address no key is needed, unless a proxy shows the server to others and there
    are keys or an issuer to tell them by.

    Args:
        index: Folder of the index that is served.
        host: Address that the server listens on.
        allowed_hosts: Names under which a proxy shows it.
        issuer: Address of an OpenID Connect issuer whose tokens are accepted.
        audience: For whom they must have been issued.
        open_to_all: Whether everybody is let in.

    Raises:
        ValueError: An issuer without audience, or the reverse, or one that is no address.
        NotProtected: The server can be reached from elsewhere, and there is no key.
        KeysUnusable: The keys cannot be read.
    """
    if (issuer is None) != (audience is None):
        raise ValueError("expected --oidc-issuer and --oidc-audience together, got one of them")
    tokens = TokenVerifier(issuer, audience) if issuer and audience else None
    keys = Keys(index)
    can_tell = tokens is not None or bool(keys.entries())
    if open_to_all:
        required = False
    elif host in LOOPBACK:
        # Whoever revokes the last key does not mean to let everybody in.
        required = bool(allowed_hosts) and (can_tell or keys.exist)
    elif can_tell:
        required = True
    else:
        raise NotProtected(
            f"Serving at {host} needs keys: there is none yet", remedy=Remedy.ADD_KEY
        )
    return Access.beside(index, tokens, required=required)
