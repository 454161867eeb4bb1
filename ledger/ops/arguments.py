"""A recorded command line: with other values of its hyperparameters, and what of it is none."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from ledger.capture.command_line import name_of, script_words, typed
from ledger.model import Artifact, Hyperparameter, Intent, Observed, Trial
from ledger.ops.differences import same_value


def replaced(trial: Trial, values: Mapping[str, str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Give hyperparameters of a trial's command line other values.

    A word sets one by its form (``--lr 1``, ``--lr=1``, ``lr=1``); where none does, that word does which
    alone has its value, as for a positional argument or an option of another name.

    Parameters
    ----------
    trial
        Whose command.
    values
        What each is to be, as the program reads it.

    Returns
    -------
    tuple of tuple of str, and frozenset of str
        The command, and names that no word of it sets: their values are as they were.
    """
    argv = list(trial.intent.argv)
    tail = script_words(argv)
    if not tail or tuple(argv[-len(tail) :]) != tail:
        return tuple(argv), frozenset(values)
    first = len(argv) - len(tail)
    end = argv.index("--", first) if "--" in argv[first:] else len(argv)
    places = _by_form(argv, first, end)
    missing: set[str] = set()
    for name, text in values.items():
        found = places.get(name) or _by_value(trial, name, argv, first)
        if not found:
            missing.add(name)
        for place in found:
            word = argv[place]
            named = name_of(word)
            argv[place] = f"{word[: word.index('=') + 1]}{text}" if named and named[1] else text
    return tuple(argv), frozenset(missing)


def unnamed(trial: Trial) -> tuple[str, ...]:
    """Words of a command that no option takes, and that are no hyperparameter's value, no seed and no output.

    Those of a program that is not looked into, such as ``0.1`` in ``./fit.sh 0.1``, are told by nothing else.
    Paths within the trial's root are told from there.
    """
    made = trial.outcome.outputs if trial.outcome else ()
    return unnamed_words(trial.intent, trial.root, trial.hyperparameters, trial.observed, made)


def unnamed_words(
    intent: Intent,
    root: str,
    hyperparameters: Sequence[Hyperparameter],
    observed: Observed | None,
    files: Iterable[Artifact],
) -> tuple[str, ...]:
    """The same by what a trial is made of; words that name one of some files, or its directory, are none."""
    tail = list(script_words(intent.argv))
    rest = tail[tail.index("--") + 1 :] if "--" in tail else []
    plain = takewhile(lambda word: name_of(word) is None and word != "--", tail)
    words = (*plain, *rest)
    if not words:
        return ()
    given = _by_form(tail, 0, len(tail) - len(rest))
    named = [each.value for each in hyperparameters if each.name not in given]
    named += [one for each in named if isinstance(each, tuple) for one in each]
    named += [seed for seed in (intent.seed, *dict(intent.seeds).values()) if seed is not None]
    seeded = {each.value for each in observed.seeded} if observed else set()
    paths = [_full(root, each.path) for each in files]
    return tuple(
        word.removeprefix(f"{root}/")
        for word in words
        if word not in seeded
        and not any(same_value(typed(word), value) for value in named)
        and not _is_among(_full(root, intent.directory, word), paths)
    )


def _full(root: str, *path: str) -> str:
    return posixpath.normpath(posixpath.join(root, *path))


def _is_among(path: str, paths: Sequence[str]) -> bool:
    """Whether it is one of some paths, or the directory of one."""
    return any(each == path or each.startswith(f"{path}/") for each in paths)


def _by_form(argv: list[str], first: int, end: int) -> dict[str, list[int]]:
    """Places of the words that have a value, by the name that it is set for."""
    places: dict[str, list[int]] = {}
    for place in range(first, end):
        named = name_of(argv[place])
        if named is None:
            continue
        if named[1]:
            places.setdefault(named[0], []).append(place)
        elif place + 1 < end and name_of(argv[place + 1]) is None:
            places.setdefault(named[0], []).append(place + 1)
    return places


def _by_value(trial: Trial, name: str, argv: list[str], first: int) -> list[int]:
    """The one word that has the value which the trial's record knows, if no other hyperparameter has it."""
    own = next((each for each in trial.hyperparameters if each.name == name), None)
    if own is None or own.source != "argument":
        return []
    others = (each.value for each in trial.hyperparameters if each.name != name)
    if any(same_value(each, own.value) for each in others):
        return []
    words = trial.intent.argv  # as they were: a value that was put in is no hint
    found = [place for place in range(first, len(argv)) if same_value(typed(words[place]), own.value)]
    return found if len(found) == 1 else []
