"""Servers that tests start for themselves: S3's protocol by moto, SFTP by asyncssh."""

import asyncio
import contextlib
import http.client
import http.server
import os
import random
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

BUCKET = "ledgers"
_SERVER = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""


def free_ports(count):
    """Ports that nobody has, below those that the system gives to connections: they stay free until used."""
    found = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 1000):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"of 1000 ports only {found} are free")


@contextlib.contextmanager
def s3_server():
    """A moto server in a thread of its own; yields its address. Its contents are this process's."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextlib.contextmanager
def s3_process():
    """The same in a process of its own, so that it shares no lock with who measures."""
    words = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            port = process.stdout.readline().strip()
            assert port, "moto's server does not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def s3_variables(address):
    """What a client needs to reach it."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def make_bucket(address, name=BUCKET):
    request = urllib.request.Request(f"{address}/{name}", method="PUT")
    with contextlib.suppress(urllib.error.HTTPError):  # it is there
        urllib.request.urlopen(request).close()


@contextlib.contextmanager
def sftp_server(home: Path):
    """An SSH server in a thread of its own, and a home whose keys it takes; yields ``HOST:PORT``."""
    asyncssh = pytest.importorskip("asyncssh")
    ssh = home / ".ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    user_key.write_private_key(str(ssh / "id_ed25519"))
    user_key.write_public_key(str(ssh / "id_ed25519.pub"))
    os.chmod(ssh / "id_ed25519", 0o600)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen():
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=str(ssh / "id_ed25519.pub"),
            sftp_factory=True,
            gss_host=None,
        )

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    port = server.get_port()
    public = host_key.export_public_key().decode()
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    try:
        yield f"127.0.0.1:{port}"
    finally:

        async def close():
            server.close()
            await server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Server(http.server.ThreadingHTTPServer):
    """Lets go of every connection at its end, also of those that a client keeps open."""

    daemon_threads = False

    def __init__(self, *arguments):
        self.connections = set()
        super().__init__(*arguments)

    def get_request(self):
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self):
        for each in tuple(self.connections):
            with contextlib.suppress(OSError):  # it has ended by itself
                each.shutdown(socket.SHUT_RDWR)
        super().server_close()  # which waits for the threads


class Faulty:
    """A proxy in front of an S3 server: `fault` says of each request what becomes of it.

    ``None`` passes it on; a number answers with that status; ``lost`` passes it on and breaks the connection.
    """

    def __init__(self, address, fault):
        self.behind = address.removeprefix("http://")
        self.fault = fault
        self.seen = []
        faulty = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with faulty.turn:
                    faulty.seen.append((self.command, self.path))
                    decided = faulty.fault(self.command, self.path, len(faulty.seen))
                if isinstance(decided, int):
                    code = "ConditionalRequestConflict" if decided == 409 else "InternalError"
                    return self.answer(decided, {}, f"<Error><Code>{code}</Code></Error>".encode())
                connection = http.client.HTTPConnection(faulty.behind, timeout=60)
                with contextlib.closing(connection):
                    connection.request(self.command, self.path, body, dict(self.headers))
                    got = connection.getresponse()
                    content = got.read()
                if decided == "lost":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return None
                return self.answer(got.status, dict(got.headers), content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def answer(self, status, headers, content):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in (
                        "content-length",
                        "transfer-encoding",
                        "connection",
                        "date",
                        "server",
                    ):
                        self.send_header(name, value)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.turn = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
