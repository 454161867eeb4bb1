"""Where everything lies inside a ledger directory; the only place that knows a name in it."""

from pathlib import Path

from ledger.model.digest import SIZE, Digest

DIRECTORY = ".ledger"
_STRETCH = "trials-"
_BATCH = "searches-"
FORMAT = 1
"""Version of the directory's layout, as it is made."""
FORMAT_WITH_PACKS = 2
"""And from its first pack or compressed segment on: who knows no packs would take their objects for missing,
and who goes by format 1 need not be able to decompress a segment."""
_PACK = ".pack"
_LOOKUP = ".lookup"
_SIGNATURE = ".sig"


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


def packs(objects: Path) -> Path:
    """Objects that share files."""
    return objects / "packs"


def pack_name(digest: Digest) -> str:
    """File name of the pack whose index has that digest."""
    return f"{digest.hex()}{_PACK}"


def is_pack(name: str) -> bool:
    """Whether a file name is a pack's."""
    return name.endswith(_PACK) and len(name) == 2 * SIZE + len(_PACK) and name[0] != "."


def lookup_name(digest: Digest) -> str:
    """File name of the lookup with that digest, which is derived."""
    return f"{digest.hex()}{_LOOKUP}"


def is_lookup(name: str) -> bool:
    """Whether a file name is a lookup's."""
    return name.endswith(_LOOKUP) and len(name) == 2 * SIZE + len(_LOOKUP) and name[0] != "."


def objects_temporary(objects: Path) -> Path:
    """Half-written objects, where `objects` lies on another file system than the ledger."""
    return objects / "tmp"


def index(ledger: Path) -> Path:
    """Derived things, which can be deleted."""
    return ledger / "index"


def output_index(ledger: Path) -> Path:
    """Which content trials made at which path."""
    return index(ledger) / "outputs"


def trial_index(ledger: Path) -> Path:
    """Which stretches the index of trials has, and how far the logs were read for them."""
    return index(ledger) / "trials"


def trial_index_lock(ledger: Path) -> Path:
    """Held by whoever writes the index of trials."""
    return index(ledger) / "trials.lock"


def trial_stretch(ledger: Path, name: str) -> Path:
    """Columns of some trials; `name` is 16 hexadecimal digits."""
    return index(ledger) / f"{_STRETCH}{name}"


def stretch_name(path: str) -> str | None:
    """`name` of the stretch of that file name; None if it is no stretch's."""
    name = path.removeprefix(_STRETCH)
    return name if name != path and len(name) == 16 else None


def search_index(ledger: Path) -> Path:
    """What searches need to know of entries: which batches there are, and how far the logs were read."""
    return index(ledger) / "searches"


def search_index_lock(ledger: Path) -> Path:
    """Held by whoever writes that."""
    return index(ledger) / "searches.lock"


def search_batch(ledger: Path, name: str) -> Path:
    """What searches need to know of some entries; `name` is 16 hexadecimal digits."""
    return index(ledger) / f"{_BATCH}{name}"


def batch_name(path: str) -> str | None:
    """`name` of the batch of that file name; None if it is no batch's."""
    name = path.removeprefix(_BATCH)
    return name if name != path and len(name) == 16 else None


def remotes_file(ledger: Path) -> Path:
    """Which remotes the ledger has."""
    return ledger / "remotes.toml"


def remotes_lock(ledger: Path) -> Path:
    """Held by whoever changes that."""
    return ledger / "remotes.lock"


def remote_notes(ledger: Path) -> Path:
    """What is known of remotes; derived."""
    return index(ledger) / "remotes"


def remote_objects(ledger: Path, remote: bytes) -> Path:
    """Digests of objects that a remote has, as far as they are known."""
    return remote_notes(ledger) / f"{remote.hex()}.objects"


def remote_left(ledger: Path, remote: bytes) -> Path:
    """Objects that a remote should have, and that were not whole here when they would have been sent."""
    return remote_notes(ledger) / f"{remote.hex()}.left"


def remote_heads(ledger: Path, remote: bytes) -> Path:
    """Heads that a remote was last seen with."""
    return remote_notes(ledger) / f"{remote.hex()}.heads"


def remote_beats(ledger: Path, remote: bytes) -> Path:
    """Heartbeats that a remote was last seen with."""
    return remote_notes(ledger) / f"{remote.hex()}.beats"


def remote_news(ledger: Path, remote: bytes) -> Path:
    """Empty; its time says when a remote's news were last taken."""
    return remote_notes(ledger) / f"{remote.hex()}.news"


def remote_tried(ledger: Path, remote: bytes) -> Path:
    """Empty; there once a remote has shown that it does what is relied on."""
    return remote_notes(ledger) / f"{remote.hex()}.tried"


def upstream_file(ledger: Path) -> Path:
    """Names the remote that the directory is a copy of; only copies have it."""
    return ledger / "upstream"


def copies(cache: Path) -> Path:
    """Copies of remotes that are used as ledgers, in the user's cache."""
    return cache / "remotes"


def copy(cache: Path, remote: bytes, place: Digest) -> Path:
    """The copy of one remote at one place: who copies a remote has two, which nobody else may mix up."""
    return copies(cache) / f"{remote.hex()}-{place.hex()[:16]}"


def copied_url(cache: Path, url: Digest) -> Path:
    """Names the remote that was last found at a URL, which goes by its digest."""
    return copies(cache) / "urls" / url.hex()


def nodes(ledger: Path, origin: bytes) -> Path:
    """Roots of parts of a log's Merkle tree."""
    return index(ledger) / f"nodes-{origin.hex()}"


def heads(ledger: Path) -> Path:
    """Heads that were signed or pinned, and their signatures."""
    return ledger / "heads"


def kept_head(ledger: Path, digest: Digest) -> Path:
    """The canonical bytes of a head."""
    return heads(ledger) / digest.hex()


def head_signature(ledger: Path, digest: Digest, key: Digest) -> Path:
    """The signature of a head by one key."""
    return heads(ledger) / f"{digest.hex()}.{key.hex()[:16]}{_SIGNATURE}"


def kept_head_digest(name: str) -> Digest | None:
    """Digest of the head of that file name; None if it is no head's."""
    return Digest(bytes.fromhex(name)) if _is_digest(name) else None


def signed_head_digest(name: str) -> Digest | None:
    """Digest of the head that the signature of that file name is of; None if it is no signature's."""
    digits, dot, rest = name.partition(".")
    return Digest(bytes.fromhex(digits)) if dot and rest.endswith(_SIGNATURE) and _is_digest(digits) else None


def proven(ledger: Path) -> Path:
    """What bundles that were opened here say: entries of logs that are elsewhere."""
    return ledger / "proven"


def proven_file(ledger: Path, digest: Digest) -> Path:
    """The document of one bundle, under its digest."""
    return proven(ledger) / digest.hex()


def proven_lock(ledger: Path) -> Path:
    """Held by whoever adds one."""
    return proven(ledger) / "lock"


def proven_digest(name: str) -> Digest | None:
    """Digest of the document of that file name; None if it is no document's."""
    return kept_head_digest(name)


def _is_digest(text: str) -> bool:
    return len(text) == 2 * SIZE and not set(text) - set("0123456789abcdef")


def spool(ledger: Path) -> Path:
    """One directory for each trial that runs."""
    return ledger / "spool"


def collection(ledger: Path) -> Path:
    """What those who write objects and those who remove them tell each other."""
    return ledger / "gc"


def collection_lock(ledger: Path) -> Path:
    """Held by whoever removes objects."""
    return collection(ledger) / "lock"


def condemned(ledger: Path) -> Path:
    """Objects that are about to be removed."""
    return collection(ledger) / "condemned"


def condemned_lock(ledger: Path) -> Path:
    """Held by whoever takes an object off that list, and while one on it is removed."""
    return collection(ledger) / "condemned.lock"


def leases(ledger: Path) -> Path:
    """One locked file for each writer that relies on objects which no entry refers to yet."""
    return collection(ledger) / "leases"


def temporary(ledger: Path) -> Path:
    """Half-written files; on the file system of the objects."""
    return ledger / "tmp"


def search_lock(ledger: Path, search: Digest) -> Path:
    """Held by whoever proposes a trial of a search."""
    return ledger / "tune" / f"{search.short}.lock"


def search_runners(ledger: Path, search: Digest) -> Path:
    """Held, shared, by all who run trials of a search."""
    return ledger / "tune" / f"{search.short}.runners"


def searches_lock(ledger: Path) -> Path:
    """Held by whoever begins a search."""
    return ledger / "tune" / "lock"
