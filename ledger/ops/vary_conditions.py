"""All conditions that ``--vary`` knows, and which of them a person means."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from ledger.errors import UsageError
from ledger.ops import vary_machine, vary_places, vary_settings
from ledger.ops.variation import Condition
from ledger.ops.vary_locale import locale

ALL: Final = "all"

CONDITIONS: Final = (
    Condition(
        name="hostname",
        about="name of the machine",
        vary=vary_places.hostname,
        hint="keep the machine's name out of results",
    ),
    Condition(
        name="cwd",
        about="path of the root",
        vary=vary_places.cwd,
        hint="write paths relative to the root",
    ),
    Condition(
        name="home",
        about="home directory",
        vary=vary_places.home,
        hint="put what it reads of a home directory beneath the root, or name it: ledger run --input",
    ),
    Condition(
        name="user",
        about="name of the user",
        vary=vary_places.user,
        hint="keep the user's name out of results",
    ),
    Condition(
        name="umask",
        about="permissions of new files",
        vary=vary_places.umask,
        hint="set permissions in the program: os.chmod, or os.umask at its start",
    ),
    Condition(
        name="variables",
        about="another variable",
        vary=vary_places.variables,
        hint="read variables by their names only",
    ),
    Condition(
        name="locale",
        about="language and region",
        vary=locale,
        hint="leave locale.setlocale out, sort by code points, name encodings",
    ),
    Condition(
        name="timezone",
        about="time zone",
        vary=vary_settings.timezone,
        hint="work with times in UTC: datetime.now(timezone.utc)",
    ),
    Condition(
        name="time",
        about="date",
        vary=vary_settings.time,
        hint="keep the date out of results, or make it a parameter",
    ),
    Condition(
        name="hashseed",
        about="order of sets",
        vary=vary_settings.hashseed,
        hint="sort what comes out of sets, or record with: ledger run --seed 1 …",
    ),
    Condition(
        name="threads",
        about="threads of numerical libraries",
        vary=vary_machine.threads,
        hint="fix their number in the program (torch.set_num_threads), or allow a tolerance: --rtol",
    ),
    Condition(
        name="processors",
        about="number of processors",
        vary=vary_machine.processors,
        hint="do not derive workers or sizes of batches from the number of processors",
    ),
    Condition(
        name="cpu",
        about="vector instructions",
        vary=vary_machine.cpu,
        hint="numbers differ in their last digits between processors: allow a tolerance: --rtol",
    ),
    Condition(
        name="addresses",
        about="addresses in memory",
        vary=vary_machine.addresses,
        hint="sort by something else than id() or the default hash of objects",
    ),
)
"""In the order in which they are tried."""


def names(text: Sequence[str]) -> list[str]:
    """The names that a person gives, with commas between."""
    return [name.strip() for part in text for name in part.split(",")]


def select(text: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions that a person names, each once, in the order of `CONDITIONS`; ``all`` for all of them.

    Raises
    ------
    UsageError
        If one is unknown, beside ``all`` too, or none is named.
    """
    wanted = names(text)
    known = [each.name for each in CONDITIONS]
    for name in wanted:
        if name not in (ALL, *known):
            near = get_close_matches(name, [*known, ALL], n=1)
            raise UsageError(
                f"no condition {name!r}" if name else "no condition is named",
                cause=f"--vary: expected {ALL} or some of {', '.join(known)}",
                hint=f"--vary {near[0]}" if near else "--vary hostname,locale,threads",
            )
    return tuple(each for each in CONDITIONS if ALL in wanted or each.name in wanted)
