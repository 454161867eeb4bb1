"""Who has signed a note.

What is signed is canonical bytes of what the entry tells, without its place: of the map of ``v``, ``kind``,
``time`` and ``data``, as the entry has them, where ``data`` lacks ``key`` and ``signature``. The time is in
it, so that a statement that was taken back does not pass for a new one. It is made of the stored bytes, so
that a field of a later release is part of it, too.
"""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import cbor2

from ledger.errors import DamagedError, IncomparableError
from ledger.model import Note
from ledger.model.codec import VERSION, to_document
from ledger.model.frozen import frozen, replace
from ledger.ops import signing
from ledger.ops.remarks import Remark


@frozen
class Signing:
    """With what a note is signed."""

    key: Path | str
    """As `ledger.ops.signing.default_key` returns it."""
    ask: bool = True
    """Whether ``ssh-keygen`` may ask for a passphrase."""


class State(StrEnum):
    """How a note's signature was found."""

    UNSIGNED = "unsigned"
    GOOD = "good"
    BAD = "bad"
    """It is no signature of that note by that key."""
    UNCHECKED = "unchecked"
    """There is no ``ssh-keygen`` here."""


@frozen
class Signed:
    """What a note's signature shows."""

    state: State
    key: str | None = None
    """Fingerprint of the key that the note names."""
    reason: str | None = None
    """Why, where it is bad or unchecked."""


def chosen(directory: Path, key: Path | None, wanted: bool | None) -> Signing | None:
    """With what to sign: with what is named, else with the key that git signs with in `directory`.

    Parameters
    ----------
    directory
        Where git is asked.
    key
        The file of a key, if one is named.
    wanted
        Whether it has to be signed; None: if a key is named or git has one set.

    Raises
    ------
    NotFoundError
        If it has to be, and there is no key.
    """
    if wanted is False:
        return None
    if key is not None:
        return Signing(key=key)
    found = signing.default_key(directory) if wanted else signing.git_key(directory)
    return None if found is None else Signing(key=found)


def sign(note: Note, time: int, by: Signing) -> Note:
    """A note with a signature.

    Parameters
    ----------
    note
        Without one.
    time
        Of its entry: UTC, nanoseconds since 1970.
    by
        The key.

    Raises
    ------
    NotFoundError, IncomparableError, LedgerError
        As `ledger.ops.signing.sign`.
    """
    message = _statement(VERSION, time, to_document(note))
    signature = signing.sign(message, by.key, namespace=signing.NOTES, ask=by.ask)
    key = signing.signer(signature, message, namespace=signing.NOTES)
    return replace(note, key=key.fingerprint, signature=signature)


def statement(body: bytes) -> bytes:
    """What is signed of the note in an entry's bytes."""
    document = cbor2.loads(body)
    data = {name: value for name, value in document["data"].items() if name not in ("key", "signature")}
    return _statement(document["v"], document["time"], data)


def _statement(version: int, time: int, data: dict[str, Any]) -> bytes:
    document = {"v": version, "kind": Note.kind, "time": time, "data": data}
    return cbor2.dumps(document, canonical=True)


def check(remark: Remark) -> Signed:
    """What the signature of a note shows; whose the key is, is for people to say."""
    note = remark.note
    if note.signature is None:
        return Signed(state=State.UNSIGNED)
    return _checked(note.signature, statement(remark.body), note.key)


@lru_cache(maxsize=4096)
def _checked(signature: str, message: bytes, key: str | None) -> Signed:
    try:
        found = signing.signer(signature, message, namespace=signing.NOTES)
    except DamagedError as error:
        return Signed(state=State.BAD, key=key, reason=error.cause or error.message)
    except IncomparableError as error:
        return Signed(state=State.UNCHECKED, key=key, reason=error.cause)
    if found.fingerprint != key:
        return Signed(state=State.BAD, key=key, reason=f"key: expected {found.fingerprint}, got {key}")
    return Signed(state=State.GOOD, key=key)
