"""Receiving: the route to which the page uploads files.

It replaces Gradio's route, which waits as long as a client likes, believes the declared length and
responds with paths on the disk. The response is a list of tokens instead of paths.
"""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from qa.api.callers import caller_of
from qa.api.problem_response import plain_response
from qa.api.receiving import receive
from qa.service.incoming import IncomingFiles
from qa.service.messages import MAY_NOT_WRITE
from qa.service.problems import Problem, Refused

UPLOAD = "/gradio_api/upload"


def add_receiving(server: FastAPI, files: IncomingFiles) -> None:
    """Add the route for uploads to a server; before the page, which has its own."""

    @server.post(UPLOAD)
    async def upload(request: Request) -> Response:
        if not caller_of(request.scope).may("write"):
            return plain_response(Problem("not-allowed", MAY_NOT_WRITE))
        try:
            received = await receive(request, files)
        except Refused as refused:
            return plain_response(refused.problem)
        return JSONResponse([writer.token for writer in received])
