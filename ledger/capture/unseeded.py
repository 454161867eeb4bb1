"""What a run says at its end of randomness that nothing pins, by the line that drew it."""

from pathlib import Path

from ledger.capture.events import Events
from ledger.model import Entropy

MOST = 3
_SEEDABLE = {
    "random": "random",
    "numpy": "numpy.random",
    "torch": "torch",
    "tensorflow": "tensorflow",
}
"""Generators that ``--seed`` pins: how a program calls them."""
_DIFFERS = "another run may differ"


def warnings(events: Events, enforced: int | None, root: Path) -> list[str]:
    """One line a place, at most `MOST` and a count of the others.

    Parameters
    ----------
    events
        Of the trial's processes.
    enforced
        The value of ``--seed``; what it pinned is no news.
    root
        Paths beneath it are told relative to it.
    """
    places: dict[str, str] = {}
    for each in events.entropy:
        if "(used by libraries" in each.generator or (enforced is not None and each.generator == "numpy"):
            continue
        if each.where is None and any(
            other.generator == each.generator and other.where is not None for other in events.entropy
        ):
            continue  # some process knew the line
        place = _place(each.where, root)
        if place is None or place not in places:
            places[place or each.generator] = _text(each, place, enforced)
    told = list(places.values())
    more = len(told) - MOST
    return told if more <= 0 else [*told[: MOST - 1], f"{told[MOST - 1]}; and {more} more like these"]


def _text(entropy: Entropy, place: str | None, enforced: int | None) -> str:
    name, _, origin = entropy.generator.partition(" (seeded from the ")
    if origin:
        chance = origin.removesuffix(")")
        hint = "give the program a fixed seed"
        return f"{place} seeds {name} from the {chance}: {_DIFFERS} ({hint})"
    early = name.removesuffix(" (before it was seeded)")
    if early != name:
        hint = "seed it earlier" if enforced is not None else "seed it earlier, or ledger run --seed N"
        return (
            f"something draws from {_SEEDABLE.get(early, early)} before {place} seeds it: {_DIFFERS} ({hint})"
        )
    forked = name.removesuffix(" (in a forked process)")
    if forked != name:
        where = place if place is not None else "the program"
        hint = "seed it there" if enforced is not None else "seed it there, or ledger run --seed N"
        return (
            f"{where} draws from {forked} in a forked process, which Python seeds anew: {_DIFFERS} ({hint})"
        )
    if name in _SEEDABLE and place is None:
        subject = f"a library, or code without a file, draws from the global {_SEEDABLE[name]}"
        return f"{subject} without a seed: {_DIFFERS}{_seeding(enforced)}"
    subject = f"{place} draws from" if place is not None else "the program draws from"
    if name in _SEEDABLE:
        return f"{subject} {_SEEDABLE[name]} without a seed: {_DIFFERS}{_seeding(enforced)}"
    if name == "random.Random":
        return f"{subject} random.Random() without a seed: {_DIFFERS} (give it one)"
    return f"{subject} {name}, which no seed governs: {_DIFFERS}"


def _seeding(enforced: int | None) -> str:
    return " (ledger run --seed N seeds it)" if enforced is None else " (--seed does not reach it)"


def _place(where: str | None, root: Path) -> str | None:
    if where is None:
        return None
    start = f"{root}/"
    return where.removeprefix(start)
