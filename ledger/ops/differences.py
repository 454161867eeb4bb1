"""Two maps of facts → what differs between them."""

from collections.abc import Mapping
from typing import Any

from ledger.model import Difference, Digest


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


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Digest) else value


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are the same: 1 and 1.0 are, 1 and true are not, NaN and NaN are."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    return bool(a == b) or (a != a and b != b)
