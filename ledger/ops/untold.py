"""What tells configurations apart although no hyperparameter does: words of commands, and the code."""

import shlex
from collections.abc import Mapping, Sequence

from ledger.analysis.observations import Observations, Variable
from ledger.model import Digest, HyperparameterType, Trial, Value
from ledger.model.frozen import replace
from ledger.ops.arguments import unnamed
from ledger.ops.hybrid_names import marks_hybrid

CODE = "code"
"""What a hyperparameter is called that tells the code of trials apart."""
WORDS = "command"
"""What one is called that tells apart words of their commands that nothing has a name for."""


def with_untold(observed: Observations, trials: Mapping[Digest, Trial]) -> Observations:
    """The same with code and words as further hyperparameters, where trials differ in them."""
    known = [trials[each] for each in observed.trials]
    trees = tuple(" ".join(str(tree) for _, tree in each.intent.code) for each in known)
    return _with(_with(observed, CODE, trees), WORDS, _words(known))


def with_words(sides: Sequence[Observations], trials: Mapping[Digest, Trial]) -> list[Observations]:
    """The same with words as a further hyperparameter of all sides, where any of their trials differ in them.

    Not with the code, in which sides differ on purpose.
    """
    words = _words([trials[each] for side in sides for each in side.trials])
    if len(set(words)) < 2:
        return list(sides)
    ends = [sum(map(len, sides[: place + 1])) for place in range(len(sides))]
    return [
        _with(side, WORDS, words[end - len(side) : end], always=True)
        for side, end in zip(sides, ends, strict=True)
    ]


def _with(
    observed: Observations, name: str, values: tuple[Value, ...], *, always: bool = False
) -> Observations:
    if len(set(values)) < 2 and not always:
        return observed
    if any(each.name == name for each in observed.variables):
        name = f"{name} (untold)"
    more = Variable(name=name, type=HyperparameterType.CATEGORICAL, values=values)
    return replace(observed, variables=(*observed.variables, more))


def _words(trials: Sequence[Trial]) -> tuple[str | None, ...]:
    """Words that nothing has a name for, as one text; None of a trial that has none.

    Of trials that a search made, or reruns with other seeds, only those that all of them have: the others are
    values that have names, seeds, or checkpoints.
    """
    words = [unnamed(each) for each in trials]
    makers = [_maker(each) for each in trials]
    common: dict[str, set[str]] = {}
    for maker, own in zip(makers, words, strict=True):
        if maker is not None:
            common.setdefault(maker, set(own)).intersection_update(own)
    told = [
        own if maker is None else [word for word in own if word in common[maker]]
        for maker, own in zip(makers, words, strict=True)
    ]
    return tuple(shlex.join(each) or None for each in told)


def _maker(trial: Trial) -> str | None:
    """What made a trial like others: a search, or reruns of one with other seeds; None of all others."""
    if trial.proposal is not None:
        return f"search {trial.experiment}"
    return next((tag for tag in trial.tags if tag.startswith("seeds-") and marks_hybrid((tag,))), None)
