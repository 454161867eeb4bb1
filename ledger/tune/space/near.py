"""Which name may have been meant."""

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str:
    """Which names may have been meant, as a hint."""
    from difflib import get_close_matches

    known = list(names)
    near = get_close_matches(name, known, 3, 0.5)
    if near:
        return f"did you mean: {', '.join(near)}"
    return (
        f"there are: {', '.join(known[:10])}{', …' if len(known) > 10 else ''}" if known else "there are none"
    )
