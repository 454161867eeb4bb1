"""The page's server on this machine's loopback."""

import secrets
import socket
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

from ledger.errors import LedgerError, UsageError
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.ui.source import Source

LOOPBACK = "127.0.0.1"
_TOKEN_BYTES = 32


def serve(workspace: Workspace, *, port: int, write: bool, ready: Callable[[str], None]) -> None:
    """Serve a ledger until an interrupt.

    Parameters
    ----------
    workspace
        The ledger.
    port
        Of 127.0.0.1; any free one for 0.
    write
        Whether notes may be written on the page.
    ready
        Told the address once the server listens; what is asked then may wait for it to be ready.

    Raises
    ------
    UsageError
        If the port cannot be had.
    """
    with _listening(port) as listener:
        number = listener.getsockname()[1]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        hosts = (f"{LOOPBACK}:{number}", f"localhost:{number}")
        # The kernel takes connections from here on: a browser starts while the rest is imported.
        ready(f"http://{LOOPBACK}:{number}/{token}/")
        from ledger.ui.source import Source

        source = Source(workspace)
        Thread(target=_look_ahead, args=(source,), daemon=True).start()
        import uvicorn

        from ledger.ui.app import make_app

        app = make_app(source, token=token, hosts=hosts, write=write)
        config = uvicorn.Config(app, log_level="error", access_log=False, server_header=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


def _look_ahead(source: "Source") -> None:
    """Make what the page asks first, before it does."""
    from ledger.ui.data import trials

    try:
        trials.answer(source, {})
    except (LedgerError, OSError, ValueError, ArithmeticError, LookupError, TypeError, MemoryError):
        return  # it is said to who asks


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"port {port} cannot be had", cause=str(error), hint="any free one: leave --port out"
        ) from error
    return listener
