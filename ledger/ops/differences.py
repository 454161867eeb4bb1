"""What differs between two sides, as a value; and how two maps of facts are compared."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.model import Difference, Digest, Intent
from ledger.model.frozen import frozen
from ledger.ops.objects import Problem

SECTIONS = ("verdict", "hyperparameters", "seeds", "code", "environment", "inputs", "metrics", "outputs")


@frozen
class Diff:
    """What differs between two sides."""

    sections: Mapping[str, tuple[Difference, ...]]
    """By name, all of `SECTIONS` in their order; empty where nothing differs."""
    summary: str
    """What it comes to, in one line."""
    problems: tuple[Problem, ...] = ()
    """What could not be read, and so not be compared."""

    @property
    def same(self) -> bool:
        """Whether nothing that counts differs, and everything could be compared."""
        return not self.problems and not any(each.counted for part in self.sections.values() for each in part)


def values(
    part: str,
    expected: Mapping[str, Any],
    got: Mapping[str, Any],
    *,
    counted: bool = True,
    prefix: str = "",
) -> list[Difference]:
    """Compare two maps, by sorted names; digests are told as text."""
    return [
        Difference(
            part=part,
            path=prefix + name,
            expected=_plain(expected.get(name)),
            got=_plain(got.get(name)),
            detail=None if in_first and in_second else f"only the {'first' if in_first else 'second'} has it",
            counted=counted,
        )
        for name in sorted(expected.keys() | got.keys())
        for in_first, in_second in [(name in expected, name in got)]
        if not (in_first and in_second and same_value(expected[name], got[name]))
    ]


def enforced_seeds(intent: Intent) -> dict[str, int]:
    """Seeds that somebody asked for, as a person writes them: ``--seed``, and ``--seed NAME``."""
    main = {} if intent.seed is None else {"--seed": intent.seed}
    return main | {f"--seed {name}": seed for name, seed in intent.seeds}


def changed_first(found: Iterable[Difference]) -> list[Difference]:
    """What both sides have, then what the second lacks, then what it has more: the likelier reasons first."""
    return sorted(found, key=lambda each: (each.expected is None, each.got is None))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Digest) else value


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are the same: 1 and 1.0 are, 1 and true are not, NaN and NaN are."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    return bool(a == b) or (a != a and b != b)
