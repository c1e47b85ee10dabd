"""Whether a server asks for keys."""

from pathlib import Path

import pytest

from qa.access.keys import Keys
from qa.web.protection import NotProtected, access_to


def required(
    index: Path, host: str, names: tuple[str, ...] = (), issuer: str = "", open_to_all: bool = False
) -> bool:
    audience = "qa" if issuer else None
    return access_to(index, host, names, issuer or None, audience, open_to_all).required


@pytest.mark.usefixtures("quick_hashing")
def test_keys_are_required_wherever_others_reach_the_server(tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert not required(index, "127.0.0.1")
    assert not required(index, "127.0.0.1", ("qa.example.org",))
    assert required(index, "127.0.0.1", ("qa.example.org",), issuer="https://issuer.example")
    for host in ("0.0.0.0", "::", "192.0.2.7"):
        with pytest.raises(NotProtected, match=r"needs keys: there is none yet"):
            required(index, host)
        assert not required(index, host, open_to_all=True)
        assert required(index, host, issuer="https://issuer.example")
    Keys(index).add("reports", ["ask"])
    assert not required(index, "127.0.0.1") and not required(index, "::1")
    assert required(index, "127.0.0.1", ("qa.example.org",))
    assert required(index, "0.0.0.0")
    assert not required(index, "0.0.0.0", open_to_all=True)
    # Whoever revokes the last key does not mean to let everybody in.
    Keys(index).revoke("reports")
    assert required(index, "127.0.0.1", ("qa.example.org",))
    with pytest.raises(NotProtected):
        required(index, "0.0.0.0")


def test_issuer_and_audience_come_together(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--oidc-issuer and --oidc-audience together"):
        access_to(tmp_path / "index", "127.0.0.1", (), "https://issuer.example", None, False)
