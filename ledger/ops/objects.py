"""Nouns that lie in the store, read so that a damaged one is a fact and not the end."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from ledger.errors import LedgerError
from ledger.model import Digest
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.store.base import Store

T = TypeVar("T")


@frozen
class Problem:
    """A part of a record that could not be read."""

    part: str
    """Which part."""
    object: str
    """Digest of the object."""
    reason: str
    """Why, in one line."""


@frozen
class Loaded(Generic[T]):
    """A noun, or why there is none."""

    noun: T | None
    problem: Problem | None


def load(store: Store, kind: type[T], digest: Digest, part: str) -> Loaded[T]:
    """Read the noun of type `kind` that `digest` names."""
    try:
        return Loaded(noun=decode(kind, store.get(digest)), problem=None)
    except LedgerError as error:
        return Loaded(noun=None, problem=Problem(part=part, object=str(digest), reason=one_line(error)))


def one_line(error: LedgerError) -> str:
    """Message and cause of an error in one line."""
    return f"{error.message}: {error.cause}" if error.cause else error.message


def problems(*loaded: Loaded[T]) -> tuple[Problem, ...]:
    """What could not be read, each object once."""
    return unique(each.problem for each in loaded)


def unique(found: Iterable[Problem | None]) -> tuple[Problem, ...]:
    """The problems among `found`, each once."""
    return tuple(dict.fromkeys(each for each in found if each))
