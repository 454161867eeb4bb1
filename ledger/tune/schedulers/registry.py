"""Schedulers by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from ledger.errors import UsageError
from ledger.tune.schedulers.asha import Asha
from ledger.tune.schedulers.base import Scheduler
from ledger.tune.schedulers.hyperband import Hyperband
from ledger.tune.schedulers.median import Median

SCHEDULERS: Final[Mapping[str, type[Scheduler]]] = {each.name: each for each in (Asha, Hyperband, Median)}


def make(text: str, version: int | None = None) -> Scheduler:
    """The scheduler that ``--scheduler NAME[:OPTION=N,…]`` says; the newest version where none is asked for.

    Raises
    ------
    UsageError
        If there is none of that name or version, or it has no such option or value.
    """
    name, _, rest = text.partition(":")
    kind = SCHEDULERS.get(name)
    if kind is None:
        near = get_close_matches(name.lower(), SCHEDULERS, n=1)
        raise UsageError(
            f"no scheduler {name!r}",
            cause=f"there are {', '.join(SCHEDULERS)}",
            hint=f"did you mean: --scheduler {near[0]}" if near else "leave it out: then none is stopped",
        )
    options: dict[str, int | None] = {}
    for part in rest.split(",") if rest else ():
        key, _, value = part.partition("=")
        if key not in kind.defaults or key in options:
            raise UsageError(
                f"the scheduler {name} has no option {key!r}"
                if key not in kind.defaults
                else f"--scheduler {text} says {key} twice",
                cause=f"it has {', '.join(kind.defaults)}",
                hint=f"for example: --scheduler {name}:{next(iter(kind.defaults))}=4",
            )
        if not (value.isascii() and value.isdigit() and len(value) < 20):
            raise UsageError(
                f"--scheduler {text} does not parse",
                cause=f"{key}: expected a whole number, got {value!r}",
                hint=f"for example: --scheduler {name}:{key}=4",
            )
        options[key] = int(value)
    return kind(options, version)
