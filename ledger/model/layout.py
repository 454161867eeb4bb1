"""Where everything lies inside a ledger directory; the only place that knows a name in it."""

from pathlib import Path

from ledger.model.digest import Digest

DIRECTORY = ".ledger"
FORMAT = 1
"""Version of the directory's layout."""


def format_file(ledger: Path) -> Path:
    """The layout's version, as text."""
    return ledger / "format"


def ignore_file(ledger: Path) -> Path:
    """Keeps git out of the directory."""
    return ledger / ".gitignore"


def origin_file(ledger: Path, owner: str) -> Path:
    """Names the origin that one machine writes from one place."""
    return ledger / "origins" / owner


def journal(ledger: Path) -> Path:
    """All origins' logs."""
    return ledger / "journal"


def log(ledger: Path, origin: bytes) -> Path:
    """One origin's log."""
    return journal(ledger) / origin.hex()


def tail(log: Path, first: int) -> Path:
    """Framed entries from position `first` on."""
    return log / f"tail-{first:020d}"


def segment(log: Path, first: int, end: int) -> Path:
    """Sealed entries of positions `first` to `end` - 1, an Arrow file."""
    return log / f"{first:020d}-{end:020d}.arrow"


def objects(ledger: Path) -> Path:
    """The content-addressed store."""
    return ledger / "objects"


def loose(objects: Path, digest: Digest) -> Path:
    """A whole object in a file of its own."""
    digits = digest.hex()
    return objects / digits[:2] / digits[2:]


def index(ledger: Path) -> Path:
    """Derived things, which can be deleted."""
    return ledger / "index"


def spool(ledger: Path) -> Path:
    """One directory for each trial that runs."""
    return ledger / "spool"


def temporary(ledger: Path) -> Path:
    """Half-written files; on the file system of the objects."""
    return ledger / "tmp"
