"""Commands on API keys: ``qa keys add``, ``list`` and ``revoke``."""

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from qa.cli.commands import COMMAND_LINE, OK, index_option, report_errors, settings_of

if TYPE_CHECKING:
    from qa.access.caller import Right


@click.group("keys")
def keys() -> None:
    """Add, list and revoke API keys, with which programs ask over the network."""


@keys.command("add")
@click.argument("name")
@click.option(
    "--may", default="ask", show_default=True, help="What it allows: ask, write or ask,write."
)
@click.option(
    "--within",
    multiple=True,
    help="The only document or folder that exists for it; can be given several times.",
)
@click.option("--rate", help="How often it may ask, such as 60/minute; without it 120/minute.")
@index_option
@report_errors
def add(name: str, may: str, within: tuple[str, ...], rate: str | None, index: Path | None) -> int:
    """Add a key under NAME, and print it; it cannot be shown again."""
    from qa.access.audit import AuditLog
    from qa.access.caller import limit_of
    from qa.access.keys import Keys
    from qa.access.rates import DEFAULT_RATE
    from qa.cli.error_messages import command
    from qa.cli.terminal import printable

    place = settings_of(index).index
    rights = [cast("Right", right.strip()) for right in may.split(",")]
    key = Keys(place).add(name, rights, within, DEFAULT_RATE if rate is None else rate)
    AuditLog(place).write(COMMAND_LINE, "key-added", name)
    click.echo(key)
    revoke = command(f"keys revoke {shlex.quote(name)}", index)
    click.echo(f"Keep this key: it is shown this once. To end it: {revoke}", err=True)
    if "write" in rights and within:
        click.echo(
            "Its holder can remove what lies there. What is added lies in a folder of its own, "
            "which --within has to name, too.",
            err=True,
        )
    for path in _empty(place, limit_of(within)):
        click.echo(
            f"Nothing is indexed at {printable(path)} now; see what is: {command('list', index)}",
            err=True,
        )
    return OK


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@index_option
@report_errors
def list_keys(as_json: bool, index: Path | None) -> int:
    """List the keys: what each allows, on what, how often, and when it was added."""
    import json

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from qa.access.caller import RIGHTS
    from qa.access.keys import Keys
    from qa.cli.terminal import printable

    rows = [
        {
            "name": entry.name,
            "may": [right for right in RIGHTS if right in entry.rights],
            "within": list(entry.within),
            "rate": entry.rate,
            "added": entry.added,
        }
        for entry in Keys(settings_of(index).index).entries()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return OK
    table = Table(box=None, pad_edge=False)
    for column in ("name", "may", "within", "rate", "added (UTC)"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["name"]),
            ", ".join(row["may"]),
            escape(printable(", ".join(row["within"]))) or "everything",
            str(row["rate"]),
            str(row["added"])[:16].replace("T", " "),
        )
    Console().print(table, highlight=False)
    return OK


@keys.command("revoke")
@click.argument("name")
@index_option
@report_errors
def revoke(name: str, index: Path | None) -> int:
    """Revoke the key of NAME: a server that runs refuses it from now on."""
    from qa.access.audit import AuditLog
    from qa.access.keys import Keys
    from qa.cli.error_messages import command

    place = settings_of(index).index
    try:
        Keys(place).revoke(name)
    except ValueError as error:
        raise ValueError(f"{error}; see what there is: {command('keys list', index)}") from error
    AuditLog(place).write(COMMAND_LINE, "key-revoked", name)
    click.echo(f"revoked {name}")
    return OK


def _empty(index: Path, within: tuple[str, ...]) -> list[str]:
    """Those of the paths at which no document is indexed; none if the index cannot tell."""
    from embeddings.errors import IndexProblem
    from embeddings.index.index import Index
    from embeddings.index.paths import lies_within
    from qa.library.listing import list_library

    if not within:
        return []
    with suppress(IndexProblem):
        opened = Index.open(index)
        try:
            documents = list_library(opened, within).documents
        finally:
            opened.close()
        return [
            path
            for path in within
            if not any(lies_within(document.path, [path]) for document in documents)
        ]
    return []
