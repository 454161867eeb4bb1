"""What a person writes for an option of ``run`` → its value."""

from collections.abc import Iterable

from ledger.capture import hyperparameters, seeds
from ledger.model import Value


def parameters(texts: Iterable[str]) -> tuple[tuple[str, Value], ...]:
    """Values of ``-p NAME=VALUE``; the last one of a name counts.

    Raises
    ------
    UsageError
        If one is not of that form.
    """
    return tuple(dict(map(hyperparameters.from_option, texts)).items())


def seed(text: str | None) -> int | None:
    """Value of ``--seed``; None where none is given.

    Raises
    ------
    UsageError
        If it is no whole number from 0 to 2**63 - 1.
    """
    return None if text is None else seeds.parse(text)


def seeds_of(texts: Iterable[str]) -> tuple[int | None, tuple[tuple[str, int], ...]]:
    """Values of ``--seed N`` and ``--seed NAME=N``.

    Raises
    ------
    UsageError
        If one is neither.
    """
    return seeds.parse_all(texts)
