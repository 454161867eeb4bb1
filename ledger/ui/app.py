"""The addresses of the page's server."""

import json
from collections.abc import Collection
from functools import partial
from importlib import import_module
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.errors import AmbiguousError, LedgerError, NotFoundError, UsageError
from ledger.ui import assets, posting
from ledger.ui.assets import Asset
from ledger.ui.guard import CONTENT_POLICY, Guard
from ledger.ui.posting import NotJsonError, TooLargeError
from ledger.ui.source import Source

DATA = {
    "algorithm": "algorithm",
    "brush": "brush",
    "compared": "compared",
    "experiment": "experiment",
    "experiments": "experiments",
    "filtered": "filtered",
    "importance": "importance",
    "input": "data_set",
    "journal": "journal",
    "live": "live",
    "marks": "marks",
    "notes": "notes",
    "pareto": "pareto",
    "progress": "progress",
    "running": "running",
    "seeded": "seeded",
    "series": "series",
    "stream": "streams",
    "trial": "trial",
    "trials": "trials",
    "artifact": "artifact",
    "curves": "curves",
    "diff": "diff",
}
"""What ``data/NAME`` is answered by: a module of `ledger.ui.data`, imported when it is first asked."""
ARROW = "application/vnd.apache.arrow.stream"

_STATUS = {TooLargeError: 413, NotJsonError: 415, UsageError: 400, NotFoundError: 404, AmbiguousError: 409}


def make_app(source: Source, *, token: str, hosts: Collection[str], write: bool = False) -> Guard:
    """The page's server, as an ASGI application.

    Parameters
    ----------
    source
        The ledger that is shown.
    token
        What each path begins with.
    hosts
        Values of ``Host`` that mean this server.
    write
        Whether notes may be written.
    """
    files = assets.load()
    if write:
        files["index.html"] = posting.told(files["index.html"])
    routes = [
        Route("/", partial(_index, files), methods=["GET"]),
        Route("/static/{name:path}", partial(_static, files), methods=["GET"]),
        Route("/data/{name}", partial(_data, source), methods=["GET"]),
        Route("/object/{digest}", partial(_object, source), methods=["GET"]),
        *(Route(path, partial(_posted, source, do), methods=["POST"]) for path, do in posting.DOINGS.items()),
    ]
    return Guard(Starlette(routes=routes), token=token, hosts=hosts, write=write)


async def _index(files: dict[str, Asset], request: Request) -> Response:  # noqa: ARG001
    return _file(files["index.html"])


async def _static(files: dict[str, Asset], request: Request) -> Response:
    found = files.get(request.path_params["name"])
    return Response("no such file\n", 404, media_type="text/plain") if found is None else _file(found)


def _file(asset: Asset) -> Response:
    return Response(asset.content, media_type=asset.media_type)


async def _data(source: Source, request: Request) -> Response:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(_answered, source, request)


def _answered(source: Source, request: Request) -> Response:
    name = request.path_params["name"]
    if name not in DATA:
        return _error(NotFoundError(f"no data {name!r}"))
    try:
        answer = import_module(f"ledger.ui.data.{DATA[name]}").answer(source, request.query_params)
        return _json(answer) if isinstance(answer, dict) else _arrow(answer)
    except LedgerError as error:
        return _error(error)
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, MemoryError) as error:
        # A ledger that is being changed or damaged must not end the page: the next question may fare better.
        return _error(_unforeseen(error))


async def _object(source: Source, request: Request) -> Response:
    from starlette.concurrency import run_in_threadpool

    from ledger.ui.data.artifact import image

    try:
        content, kind = await run_in_threadpool(image, source, request.path_params["digest"])
    except LedgerError as error:
        return _error(error)
    except (OSError, ValueError) as error:
        return _error(_unforeseen(error))
    headers = {"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "private, max-age=3600, immutable"}
    return Response(content, media_type=kind, headers=headers)


async def _posted(source: Source, do: posting.Doing, request: Request) -> Response:
    from starlette.concurrency import run_in_threadpool

    try:
        content = await posting.body(request)
        return _json(await run_in_threadpool(do, source, content))
    except LedgerError as error:
        return _error(error)
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, MemoryError) as error:
        return _error(posting.unforeseen(error))


def _json(document: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def _arrow(table: Any) -> Response:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Response(memoryview(sink.getvalue()), media_type=ARROW)


def _error(error: LedgerError) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return _json({"error": error.message, "cause": error.cause, "hint": error.hint}, status)


def _unforeseen(error: Exception) -> LedgerError:
    return LedgerError(
        "the ledger cannot be read",
        cause=f"{type(error).__name__}: {error}",
        hint="see what is damaged: ledger verify",
    )
