"""Callers: who sent the request that is served."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from qa.access.caller import Caller
from qa.service.rights import require


def caller_of(scope: Scope) -> Caller:
    """Who sent a request, as the server's admission told it.

    Args:
        scope: Of the request.
    """
    caller: Caller = scope["state"]["caller"]
    return caller


def _asking(request: Request) -> Caller:
    caller = caller_of(request.scope)
    require(caller, "ask")
    return caller


def _writing(request: Request) -> Caller:
    caller = caller_of(request.scope)
    require(caller, "write")
    return caller


Asking = Annotated[Caller, Depends(_asking)]
"""A caller who may ask."""

Writing = Annotated[Caller, Depends(_writing)]
"""A caller who may change the library."""
