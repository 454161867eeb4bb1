"""What a bundle says of itself: entries, each with the way to a head, and the head with its signatures."""

from typing import Any

import cbor2

from ledger.errors import DamagedError, FormatError, NewerFormatError
from ledger.model.codec import decode, encode
from ledger.model.digest import Digest
from ledger.model.frozen import frozen
from ledger.model.head import Head
from ledger.model.items import check_items
from ledger.model.proof import MOST_SIGNATURES, ProvenEntry, Signature, SignedHead

FORMAT = "ledger.bundle"
VERSION = 1
MOST_BYTES = 1 << 28
"""Of the document."""

_MOST_NODES = 64
"""Of a path: no tree is deeper."""
_ASK = "ask who made it to make it again: ledger bundle REF -o FILE"


@frozen
class Bundle:
    """Entries about some trials, and what proves that they are in a head."""

    format: str
    """`FORMAT`."""
    version: int
    """`VERSION`."""
    head: Head
    signatures: tuple[Signature, ...]
    """Of the head."""
    trials: tuple[Digest, ...]
    """The trials that it was made for, oldest first."""
    entries: tuple[ProvenEntry, ...]
    """All that its maker's ledger had to say of them, in merged order; each with its whole path."""

    @property
    def signed(self) -> SignedHead:
        """The head with its signatures."""
        return SignedHead(head=self.head, signatures=self.signatures)


def write_bundle(signed: SignedHead, trials: tuple[Digest, ...], entries: tuple[ProvenEntry, ...]) -> bytes:
    """Canonical bytes of a bundle's document."""
    return encode(
        Bundle(
            format=FORMAT,
            version=VERSION,
            head=signed.head,
            signatures=signed.signatures,
            trials=trials,
            entries=entries,
        )
    )


def read_bundle(content: bytes, what: str) -> Bundle:
    """Read a bundle's document; that it holds is not looked at.

    Raises
    ------
    DamagedError
        If it is not of its form; the cause names the place.
    NewerFormatError
        If a later release wrote it.
    """
    try:
        check_items(content)
        _check_version(content, what)
        found = decode(Bundle, content)
        check_items(*(each.body for each in found.entries))
    except NewerFormatError:
        raise
    except FormatError as error:
        raise refused(what, f"{error.message}: {error.cause}") from error
    if encode(found) != content:
        raise refused(what, "its document: expected canonical bytes of the fields of a bundle, got others")
    if len(found.signatures) > MOST_SIGNATURES:
        raise refused(what, f"signatures: expected at most {MOST_SIGNATURES}, got {len(found.signatures):,}")
    names = [each.origin for each in found.head.origins]
    for place, each in enumerate(found.head.origins):
        if len(each.origin) != 16 or each.size < 1:
            raise refused(what, f"head.origins[{place}]: expected 16 bytes and 1 entry or more")
    if names != sorted(set(names)):
        raise refused(what, "head.origins: expected ascending ones, each once, got others")
    for place, entry in enumerate(found.entries):
        if len(entry.path) > _MOST_NODES or entry.index < 0:
            raise refused(
                what,
                f"entries[{place}]: expected an index and a path of at most {_MOST_NODES} nodes, got others",
            )
    return found


def refused(what: str, cause: str) -> DamagedError:
    """The refusal of a bundle that is not of its form, or not whole."""
    return DamagedError(f"{what} is refused", cause=cause, hint=_ASK)


def _check_version(content: bytes, what: str) -> None:
    """Whether it says that it is a bundle, and of which version: a later one may have any other field."""
    document: Any = None
    try:
        document = cbor2.loads(content)
    except (cbor2.CBORError, ValueError, TypeError, EOFError, OverflowError, RecursionError, MemoryError):
        pass  # as what is no map
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise refused(what, f"its first object: expected a map with format {FORMAT}, got something else")
    version = document.get("version")
    if type(version) is int and VERSION < version < 1 << 64:
        raise NewerFormatError(
            f"{what} has format {version}",
            cause=f"version: this release reads formats up to {VERSION}",
            hint="upgrade: python -m pip install --upgrade replay-ledger",
        )
    if type(version) is not int or version != VERSION:
        raise refused(what, f"version: expected {VERSION}, got another one")
