"""How a hybrid is marked in the ledger: by a tag that names the trials, or ends, that it is made of."""

from collections.abc import Iterable

from ledger.model import Digest, Trial
from ledger.model.pattern import Pattern

_TAG = Pattern(r"(why|ablation)-[0-9a-f]{12}-[0-9a-f]{12}|(seeds|robustness)-[0-9a-f]{12}")


def tag(a: Digest, b: Digest) -> str:
    """The tag of the hybrids of two trials."""
    return f"why-{a.short}-{b.short}"


def tag_of_one(verb: str, trial: Digest) -> str:
    """The tag of trials that are another one but for a seed (``seeds``) or a value (``robustness``)."""
    return f"{verb}-{trial.short}"


def message(parts: Iterable[str], a: Digest, b: Digest, *, whole: bool = False) -> str:
    """What a hybrid is, for people.

    Parameters
    ----------
    parts
        Names of those that are the second trial's.
    a, b
        The two trials.
    whole
        Whether these are all in which the two differ.
    """
    named = " and ".join(parts)
    if not named or whole:
        return f"all of {(b if named else a).short}, run anew"
    return f"{named} of {b.short}, the rest of {a.short}"


def is_hybrid(trial: Trial) -> bool:
    """Whether a trial was run to explain others, rather than by a person: ``@`` never means it."""
    return marks_hybrid(trial.tags)


def marks_hybrid(tags: Iterable[str]) -> bool:
    """Whether a trial with such tags is a hybrid."""
    return any(_TAG.fullmatch(each) for each in tags)
