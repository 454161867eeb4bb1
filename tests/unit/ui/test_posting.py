"""Notes that are posted, as the server takes them."""

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from ledger.ops import verify
from ledger.ui.data.posted_note import MOST
from tests.unit.ui.conftest import Server

OWN = (
    ("host", "127.0.0.1:8000"),
    ("origin", "http://127.0.0.1:8000"),
    ("x-ledger-token", "t0ken"),
)
JSON = (("content-type", "application/json"),)


@pytest.fixture
def server(maker, ledger_environment):
    """A server that writes, of a ledger with one trial."""
    maker.trial(name="first", metrics={"loss": 1.0})
    here = SimpleNamespace(journal=maker.journal, store=maker.store, root=maker.folder.parent)
    return Server(here, write=True)


def post(server, content, path="/note", headers=JSON):
    parts = content if isinstance(content, tuple) else (content,)
    return server.ask(path, method="POST", headers=[*OWN, *headers], content=parts)


def standing(maker):
    return maker.trials.standing_notes


def body(**fields):
    return json.dumps(fields).encode()


def test_a_note_is_written_and_told(maker, server):
    got = post(server, body(text="a *note*", trials=["first"]))
    assert got.status == 200
    assert got.document["html"] == "<p>a <em>note</em></p>\n"
    assert got.headers["cache-control"] == "no-store"
    (found,) = standing(maker)
    assert found.note.text == "a *note*"
    (shown,) = server.data("notes?trials=first")["notes"]
    assert shown["id"] == got.document["id"] == str(found.id)


def test_a_preview_writes_nothing(maker, server):
    got = post(server, body(text="<script>*a*"), path="/preview")
    assert got.document == {"html": "<p>&lt;script&gt;<em>a</em></p>\n"}
    assert standing(maker) == ()


OFF = {
    "unknown": (body(text="x", trials=["nobody"]), JSON, 404),
    "empty": (body(text="", trials=["first"]), JSON, 400),
    "field": (body(text="x", author="boss", trials=["first"]), JSON, 400),
    "no json": (b"not json", JSON, 400),
    "no type": (body(text="x", trials=["first"]), (), 415),
    "form": (b"text=x", (("content-type", "application/x-www-form-urlencoded"),), 415),
    "text": (body(text="x", trials=["first"]), (("content-type", "text/plain"),), 415),
    "stated": (b"{}", (*JSON, ("content-length", str(MOST + 1))), 413),
    "stated more": (b"{}", (*JSON, ("content-length", "9" * 5000)), 413),
    "sent": ((b"[", b" " * MOST, b"]"), JSON, 413),
}


def test_what_is_off_is_told_and_nothing_is_written(maker, server):
    for name, (content, headers, status) in OFF.items():
        got = post(server, content, headers=headers)
        assert got.status == status, name
        assert got.document.keys() == {"error", "cause", "hint"}, name
    assert standing(maker) == ()


def test_reading_ends_where_it_is_too_long(server):
    asked = []

    class Parts(tuple):
        def __iter__(self):
            for place in range(100):
                asked.append(place)
                yield b"x" * (MOST // 4)

    assert post(server, Parts((b"", b""))).status == 413
    assert len(asked) == 5


def test_a_browser_that_hangs_up_writes_nothing(maker, server):
    content = body(text="x", trials=["first"])
    # What comes is whole JSON, but more was said to follow.
    got = server.ask("/note", method="POST", headers=[*OWN, *JSON], content=_Cut((content,)))
    assert got.status == 400
    assert standing(maker) == ()


class _Cut(tuple):
    """Parts behind which another one was to come."""

    __slots__ = ()

    def __getitem__(self, place):
        return None


def test_a_ledger_that_cannot_be_written_is_told(maker, server, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(server.source.workspace.journal, "append", refuse)
    got = post(server, body(text="x", trials=["first"]))
    assert got.status == 500
    assert got.document["error"] == "the note was not written"
    assert "No space left" in got.document["cause"]
    assert "still in its field" in got.document["hint"]


def test_many_at_once_are_all_written(maker, server):
    with ThreadPoolExecutor(8) as pool:
        posted = pool.map(lambda n: post(server, body(text=f"note {n}", trials=["first"])), range(16))
        assert {got.status for got in posted} == {200}
    assert {each.note.text for each in standing(maker)} == {f"note {n}" for n in range(16)}
    assert verify.verify(maker.journal, maker.store, maker.trials).findings == ()


def test_the_frame_tells_whether_notes_may_be_written(served):
    assert b'name="ledger-write" content="no"' in served().ask("/").body
    assert b'name="ledger-write" content="yes"' in served(write=True).ask("/").body
    reading = served().ask("/note", method="POST", headers=[*OWN, *JSON], content=(b"{}",))
    assert reading.status == 405
