"""``ledger ui`` as a person starts and ends it; what it shows is tried in tests/unit/ui and tests/browser."""

import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.patience import PATIENCE_S
from tests.servers import free_ports


@pytest.fixture
def started(tool, project):
    """Return a function: options of ``ledger ui`` → its process and the address that it printed."""
    running = []

    def start(*options):
        words = [*tool.words, "ui", "--no-browser", *options]
        made = subprocess.Popen(
            words, cwd=project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(made)
        return made, made.stdout.readline().strip()

    yield start
    for each in running:
        each.kill()
        each.communicate()


def test_it_serves_on_the_port_that_is_named_until_an_interrupt_and_leaves_nothing(started, project):
    project.run("python", "-c", "print(1)")
    before = sorted(path for path in project.ledger.rglob("*") if "index" not in path.parts)
    (port,) = free_ports(1)
    process, address = started("--port", str(port))
    assert address.startswith(f"http://127.0.0.1:{port}/")
    with urllib.request.urlopen(f"{address}data/trials", timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (130, "", "")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=PATIENCE_S)
    assert sorted(path for path in project.ledger.rglob("*") if "index" not in path.parts) == before


def test_a_port_that_is_taken_is_told_with_what_helps(tool, project):
    project.run("python", "-c", "print(1)")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = tool("ui", "--no-browser", "--port", port, code=2)
    assert done.out == ""
    assert f"error: port {port} cannot be had" in done.err
    assert "cause: " in done.err
    assert "Address already in use" in done.err
    assert "hint: " in done.err
    assert "leave --port out" in done.err


def test_without_a_ledger_it_says_what_every_command_says(tool, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shown = tool("log", directory=elsewhere, code=3)
    assert tool("ui", "--no-browser", directory=elsewhere, code=3).err == shown.err


@pytest.mark.parametrize("port", ["65536", "-1", "x"])
def test_a_port_that_is_none_is_a_usage_error(tool, port):
    assert "--port" in tool("ui", "--port", port, code=2).err
