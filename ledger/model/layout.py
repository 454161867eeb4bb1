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


def origins(ledger: Path) -> Path:
    """Who writes which origin."""
    return ledger / "origins"


def origins_lock(ledger: Path) -> Path:
    """Held by whoever makes an origin."""
    return origins(ledger) / ".lock"


def origin_file(ledger: Path, owner: str) -> Path:
    """Names the origin that one machine writes from one place."""
    return origins(ledger) / owner


def journal(ledger: Path) -> Path:
    """All origins' logs."""
    return ledger / "journal"


def log(ledger: Path, origin: bytes) -> Path:
    """One origin's log."""
    return journal(ledger) / origin.hex()


def log_lock(log: Path) -> Path:
    """Held by whoever writes to a log."""
    return log / "lock"


def log_head(log: Path) -> Path:
    """How far a log is known to be durable."""
    return log / "head"


def log_sealed(log: Path) -> Path:
    """What a log has in segments."""
    return log / "sealed"


def tail(log: Path, first: int) -> Path:
    """Framed entries from position `first` on."""
    return log / f"tail-{first:020d}"


def segment(log: Path, first: int, end: int) -> Path:
    """Sealed entries of positions `first` to `end` - 1, an Arrow file."""
    return log / f"{first:020d}-{end:020d}.arrow"


def segment_span(name: str) -> tuple[int, int] | None:
    """`first` and `end` of the segment of that file name; None if it is no segment's."""
    stem, dot, kind = name.partition(".")
    first, dash, end = stem.partition("-")
    if (dot + kind, dash) != (".arrow", "-") or not (_is_position(first) and _is_position(end)):
        return None
    return int(first), int(end)


def tail_first(name: str) -> int | None:
    """`first` of the tail of that file name; None if it is no tail's."""
    label, dash, first = name.partition("-")
    return int(first) if (label, dash) == ("tail", "-") and _is_position(first) else None


def _is_position(text: str) -> bool:
    return len(text) == 20 and text.isascii() and text.isdigit()


def objects(ledger: Path) -> Path:
    """The content-addressed store."""
    return ledger / "objects"


def loose(objects: Path, digest: Digest) -> Path:
    """A whole object in a file of its own."""
    return objects / loose_name(digest)


def loose_name(digest: Digest) -> str:
    """Path of a whole object relative to the objects' directory."""
    digits = digest.hex()
    return f"{digits[:2]}/{digits[2:]}"


def objects_temporary(objects: Path) -> Path:
    """Half-written objects, where `objects` lies on another file system than the ledger."""
    return objects / "tmp"


def index(ledger: Path) -> Path:
    """Derived things, which can be deleted."""
    return ledger / "index"


def output_index(ledger: Path) -> Path:
    """Which content trials made at which path."""
    return index(ledger) / "outputs"


def spool(ledger: Path) -> Path:
    """One directory for each trial that runs."""
    return ledger / "spool"


def temporary(ledger: Path) -> Path:
    """Half-written files; on the file system of the objects."""
    return ledger / "tmp"
