"""Who may ask the page's server, and for what: everything else is refused before the application sees it.

A page of another site can make a browser send requests here. It knows neither the token, which is part of
each address, nor can it pass for this host: a name that was made to point at 127.0.0.1 (DNS rebinding) is
another ``Host``. What writes needs a header and an ``Origin`` besides, which only this page can send.
"""

from collections.abc import Collection
from secrets import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of all but contents: nothing but what this server has, and no script within a document."""
CONTENT_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Of recorded contents, which anybody may have written: they can do nothing at all."""
TOKEN_HEADER = "X-Ledger-Token"

_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Of each answer; one that the application sets itself stands."""
_READING = ("GET", "HEAD")


class Guard:
    """Lets through what has the token, comes to this host, and reads; of what writes, only what is asked for.

    Parameters
    ----------
    app
        What answers; its paths do not have the token in front.
    token
        The first part of each path.
    hosts
        Values of ``Host`` that mean this server, in small letters.
    write
        Whether a POST may come through.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Collection[str], write: bool) -> None:
        self._app, self._token, self._hosts, self._write = app, token, frozenset(hosts), write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        _, token, rest = [*str(scope["path"]).split("/", 2), "", ""][:3]
        refusal = self._refusal(scope["method"], headers, token)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        inner = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode(), "root_path": ""}
        await self._app(inner, receive, guarded)

    def _refusal(self, method: str, headers: Headers, token: str) -> PlainTextResponse | None:
        """What is answered instead; None where a request may come through."""
        if headers.getlist("host") not in [[each] for each in self._hosts]:
            return PlainTextResponse("this server has another name\n", 421)
        if not self._is_token(token):
            return PlainTextResponse("the address lacks the token that `ledger ui` printed\n", 403)
        if method in _READING:
            return None
        if method != "POST" or not self._write:
            allowed = ", ".join([*_READING, *(["POST"] if self._write else [])])
            return PlainTextResponse("this server only reads\n", 405, {"Allow": allowed})
        if not self._is_token(headers.get(TOKEN_HEADER, "")) or not self._is_own(headers):
            return PlainTextResponse("only this server's own page may write\n", 403)
        return None

    def _is_token(self, given: str) -> bool:
        return compare_digest(given.encode("utf-8", "surrogateescape"), self._token.encode())

    def _is_own(self, headers: Headers) -> bool:
        return headers.getlist("origin") == [f"http://{headers['host']}"]
