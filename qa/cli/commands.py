"""Commands: the exit codes, errors and options that they share."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, ParamSpec

import click

if TYPE_CHECKING:
    from qa.settings import Settings

OK, NOT_SAID, ERROR = 0, 1, 2

COMMAND_LINE = "command line"
"""Who changes the library and its keys here, in the audit log."""

INTERRUPTED = "Interrupted; what was finished is kept. Run the same command again to go on."

_Parameters = ParamSpec("_Parameters")


def report_errors(command: Callable[_Parameters, int]) -> Callable[_Parameters, None]:
    """Wrap a command: its return value is the exit code, each error is printed as one sentence."""

    @wraps(command)
    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        from pydantic import ValidationError

        from embeddings.errors import ChapterAndVerseError
        from qa.cli.error_messages import error_message

        try:
            code = command(*args, **kwargs)
        except ValidationError as error:
            first = error.errors()[0]
            name = "QA_" + "__".join(str(part) for part in first["loc"]).upper()
            fail(f"The setting {name} is invalid: {first['msg']} (got {first['input']!r}).")
        except ChapterAndVerseError as error:
            index = kwargs.get("index")
            fail(error_message(error, index if isinstance(index, Path) else None))
        except ValueError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
        except KeyboardInterrupt:
            fail(INTERRUPTED)
        sys.exit(code)

    return run


def fail(message: str) -> NoReturn:
    """Print a message to standard error, and end with ``ERROR``."""
    click.echo(message, err=True)
    sys.exit(ERROR)


def settings_of(index: Path | None) -> "Settings":
    """The settings, with the index that the user named.

    Args:
        index: What the user gave as ``--index``.
    """
    from qa.settings import Settings

    return Settings() if index is None else Settings(index=index)


index_option = click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="Folder of the index; without it the default place, see `qa list`.",
)
