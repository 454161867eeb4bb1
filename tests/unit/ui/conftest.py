import asyncio
import json
from typing import NamedTuple

import pytest

from ledger.ui.app import make_app
from ledger.ui.source import Source

TOKEN = "t0ken"
HOST = "127.0.0.1:8000"


class Got(NamedTuple):
    status: int
    headers: dict
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)


class Server:
    """The application, asked without a socket."""

    def __init__(self, workspace, **options):
        self.source = Source(workspace)
        self.app = make_app(self.source, token=TOKEN, hosts=[HOST], **options)

    def ask(self, path, *, method="GET", token=TOKEN, headers=(("host", HOST),), kind="http", content=(b"",)):
        path, _, query = path.partition("?")
        scope = {
            "type": kind,
            "method": method,
            "path": f"/{token}{path}",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        }
        sent, parts = [], iter(content)

        async def receive():
            part = next(parts, None)
            if part is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": part != content[-1]}

        async def send(message):
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        if kind != "http":
            return sent
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Got(sent[0]["status"], found, b"".join(each.get("body", b"") for each in sent[1:]))

    def data(self, path):
        got = self.ask(f"/data/{path}")
        assert got.status == 200, got.body
        return got.document


@pytest.fixture
def served(project):
    """Return a function that makes the server of the project's ledger."""
    return lambda **options: Server(project.workspace, **options)


@pytest.fixture
def put(project):
    store = project.workspace.store

    def put(content):
        digest = store.put(content)
        store.flush()
        return str(digest)

    return put


@pytest.fixture
def looked(tmp_path):
    """What a look at a content says, without a process of its own."""

    def looked(look, content):
        path = tmp_path / "content"
        path.write_bytes(content)
        with path.open("rb") as file:
            found = look(file.fileno())
        assert len(json.dumps(found)) < 1 << 20
        return found

    return looked
