"""What to call each of several trials."""

from collections.abc import Sequence

from ledger.model import Digest, HyperparameterRole, Trial
from ledger.ops.text import line, value

_COLUMNS = 8
_WIDEST = 60
"""Characters of a label, before the sign that there is more."""


def labels(trials: Sequence[Trial], *, seeds: bool = True) -> dict[Digest, str]:
    """What to call each trial where it is one of several: by its name, else by what it alone tries.

    Without `seeds` they are configurations, which have no name and no seed.
    """
    told = [
        {
            each.name: value(each.value)
            for each in trial.hyperparameters
            if seeds or each.role is not HyperparameterRole.SEED
        }
        for trial in trials
    ]
    names = dict.fromkeys(name for each in told for name in each)
    varying = [name for name in names if len({each.get(name) for each in told}) > 1]
    found = {}
    for trial, own in zip(trials, told, strict=True):
        tried = _fitting([f"{line(name)}={own[name]}" for name in varying if name in own])
        found[trial.id] = line(trial.name) if trial.name and seeds else tried or trial.id.short
    return found


def varying(trials: Sequence[Trial]) -> list[str]:
    """Hyperparameters, but seeds, in which some trials differ, or of one all: as many as fit in a table."""
    own = [
        {
            each.name: value(each.value)
            for each in one.hyperparameters
            if each.role is not HyperparameterRole.SEED
        }
        for one in trials
    ]
    names = dict.fromkeys(name for each in own for name in each)
    return [name for name in names if len(own) == 1 or len({each.get(name) for each in own}) > 1][:_COLUMNS]


def tried(trial: Trial, name: str) -> str:
    """What a trial tried of a hyperparameter."""
    found = next((each.value for each in trial.hyperparameters if each.name == name), None)
    return "" if found is None else value(found)


def _fitting(words: list[str]) -> str:
    """As many whole words as fit: a number that is cut off would be another number."""
    told = ""
    for word in words:
        longer = f"{told} {word}" if told else word
        if len(longer) > _WIDEST:
            return f"{told} …" if told else f"{word[:_WIDEST]}…"
        told = longer
    return told
