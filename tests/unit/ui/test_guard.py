"""Who is let in, and what goes out with each answer."""

import pytest

HOST = ("host", "127.0.0.1:8000")


@pytest.mark.parametrize("token", ["", "t0kem", "t0ken0", "T0KEN", "t\udcff"])
def test_without_the_token_nothing_is_said(served, token):
    for path in ("/", "/static/index.html", "/data/live"):
        got = served().ask(path, token=token)
        assert got.status == 403
        assert b"data" not in got.body


@pytest.mark.parametrize(
    "headers",
    [[], [("host", "evil.example")], [("host", "127.0.0.1")], [HOST, ("host", "evil.example")]],
)
def test_another_host_is_refused_token_or_not(served, headers):
    assert served().ask("/", headers=headers).status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_a_server_that_reads_refuses_what_does_not(served, method):
    got = served().ask("/note", method=method)
    assert got.status == 405
    assert got.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([], 403),
        ([("x-ledger-token", "t0ken")], 403),
        ([("origin", "http://127.0.0.1:8000")], 403),
        ([("x-ledger-token", "t0ken"), ("origin", "http://evil.example")], 403),
        ([("x-ledger-token", "wrong"), ("origin", "http://127.0.0.1:8000")], 403),
        ([("x-ledger-token", "t0ken"), ("origin", "http://127.0.0.1:8000")], 404),  # let in; nobody is there
    ],
)
def test_one_that_writes_takes_it_from_its_own_page_alone(served, more, status):
    assert served(write=True).ask("/nobody", method="POST", headers=[HOST, *more]).status == status
    assert served(write=True).ask("/nobody", method="PUT", headers=[HOST, *more]).status == 405


def test_a_socket_of_the_web_is_closed(served):
    assert served().ask("/", kind="websocket") == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("path", ["/", "/data/live", "/data/nothing", "/static/js/main.js", "/object/b3:00"])
def test_each_answer_forbids_what_the_page_does_not_need(served, path):
    found = served().ask(path).headers
    assert "default-src 'none'" in found["content-security-policy"]
    assert "unsafe" not in found["content-security-policy"]
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert found["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["../../pyproject.toml", "%2e%2e/app.py", "/etc/passwd", "js/../../app.py", "js", ""]
)
def test_a_path_in_a_request_is_only_ever_a_name_in_a_list(served, path):
    assert served().ask(f"/static/{path}").status == 404
