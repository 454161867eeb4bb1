"""The files of the page, read once: what a request names is looked up among them, and never a path."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from ledger.model.frozen import frozen

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
}
"""Media types by the end of a name; what has another end is a licence."""


@frozen
class Asset:
    """One file."""

    content: bytes
    media_type: str


def load() -> dict[str, Asset]:
    """All files of the page by their path beneath ``static``, with ``/`` between its parts."""
    found: dict[str, Asset] = {}
    _collect(files("ledger.ui") / "static", "", found)
    return found


def _collect(directory: Traversable, prefix: str, found: dict[str, Asset]) -> None:
    for each in directory.iterdir():
        name = f"{prefix}{each.name}"
        if each.is_dir():
            _collect(each, f"{name}/", found)
        else:
            kind = _TYPES.get(each.name.rpartition(".")[2], "text/plain; charset=utf-8")
            found[name] = Asset(content=each.read_bytes(), media_type=kind)
