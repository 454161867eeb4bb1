"""Two command lines taken apart: interpreter, seeds and the rest; and put together from both."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.capture.command_line import name_of, script_words, typed, words
from ledger.capture.seeds import is_seed_name
from ledger.model import HyperparameterRole, Trial, Value
from ledger.model.frozen import frozen
from ledger.model.pattern import Pattern
from ledger.ops.differences import same_value
from ledger.ops.place import Place

_PYTHON = Pattern(r"(python|pypy)[0-9.]*t?")
REST, SEED, PROGRAM = "rest", "seed", "program"


@frozen
class Piece:
    """Words that go together."""

    kind: str
    """``program`` of the environment, ``seed``, or the ``rest``."""
    name: str = ""
    """Of a seed."""
    words: tuple[str, ...]


Line = tuple[Piece, ...]


@frozen
class Commands:
    """The command lines of two trials, by pieces."""

    lines: tuple[Line, Line]
    hyperparameters: bool
    """Whether they differ in anything but seeds."""
    seeds: bool
    """Whether they differ in seeds."""
    separable: bool
    """Whether seeds and the rest can be had from different sides."""

    @property
    def rests(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Of both: what is neither a program nor a seed."""
        return _rest(self.lines[0]), _rest(self.lines[1])

    def composed(self, *, program: int, rest: int, seeds: int) -> tuple[str, ...]:
        """The command line with each kind of piece from the side of that number."""
        return _composed(self.lines[rest], self.lines[program], self.lines[seeds])


def read(a: Trial, b: Trial) -> Commands:
    """Take the command lines of two trials apart.

    A seed is an option or assignment whose name says so, or that the trial's record knows as a seed; else,
    where the command lines have the same form, the word that differs as the seed does. Words of the second
    trial that name its root name the first one's instead.
    """
    argvs = a.intent.argv, _moved(b, a.root)
    names = _seed_names(a) | _seed_names(b)
    lines = tuple(_pieces(argv, trial, names) for argv, trial in zip(argvs, (a, b), strict=True))
    left, right = _by_value(lines[0], lines[1], a, b)
    found = [{name for name in names if any(each.name == name for each in line)} for line in (left, right)]
    located = all(name in found[0] | found[1] for name in _differing(a, b, seeds=True))
    other_rest = _meant(_rest(left)) != _meant(_rest(right))
    other_seeds = _seeds(left) != _seeds(right)
    commands = Commands(lines=(left, right), hyperparameters=other_rest, seeds=other_seeds, separable=located)
    return commands if _is_sound(commands) else _inseparable(commands)


def _pieces(argv: tuple[str, ...], trial: Trial, seeds: frozenset[str]) -> Line:
    tail = script_words(argv)
    if tail and argv[-len(tail) :] != tail:
        tail = ()
    head = argv[: len(argv) - len(tail)]
    found = [Piece(kind=PROGRAM if _is_program(word, trial) else REST, words=(word,)) for word in head]
    return (*found, *_tail(tail, seeds))


def _tail(tail: Sequence[str], seeds: frozenset[str]) -> Iterator[Piece]:
    place = 0
    while place < len(tail):
        word, place = tail[place], place + 1
        if word == "--":
            yield from (Piece(kind=REST, words=(each,)) for each in tail[place - 1 :])
            return
        named = name_of(word)
        if named is None or not (named[0] in seeds or is_seed_name(named[0])):
            yield Piece(kind=REST, words=(word,))
        elif named[1] or place == len(tail) or name_of(tail[place]):
            yield Piece(kind=SEED, name=named[0], words=(word,))
        else:
            yield Piece(kind=SEED, name=named[0], words=(word, tail[place]))
            place += 1


def _is_program(word: str, trial: Trial) -> bool:
    """Whether a word names the interpreter, or a program beside it, by its path."""
    if trial.interpreter is None:
        return False
    if "/" not in word:
        return _PYTHON.fullmatch(word) is not None
    path = os.path.normpath(os.path.join(trial.root, trial.intent.directory, word))
    return os.path.dirname(path) == os.path.dirname(trial.interpreter.executable)


def _by_value(left: Line, right: Line, a: Trial, b: Trial) -> tuple[Line, Line]:
    """Find seeds that no option names, where both lines have the same form."""
    named = {each.name for line in (left, right) for each in line if each.kind == SEED}
    if [each.kind for each in left] != [each.kind for each in right]:
        return left, right
    others = list(_differing(a, b, seeds=False).values())
    for name, pair in _differing(a, b, seeds=True).items():
        if name in named or any(same_value(pair, each) for each in others):
            continue
        places = [
            place
            for place, pieces in enumerate(zip(left, right, strict=True))
            if pieces[0].kind == REST and same_value(tuple(typed(each.words[0]) for each in pieces), pair)
        ]
        if len(places) == 1:
            left, right = (_marked(line, places[0], name) for line in (left, right))
    return left, right


def _marked(line: Line, place: int, name: str) -> Line:
    return (*line[:place], Piece(kind=SEED, name=name, words=line[place].words), *line[place + 1 :])


def _differing(a: Trial, b: Trial, *, seeds: bool) -> dict[str, tuple[Value, Value]]:
    """Values of the hyperparameters of command lines that differ: seeds, or all others."""
    sides: list[dict[str, Value]] = []
    for trial in (a, b):
        sides.append(
            {
                each.name: each.value
                for each in trial.hyperparameters
                if (each.role is HyperparameterRole.SEED) is seeds and each.source in ("argument", "default")
            }
        )
    given = {each.name for trial in (a, b) for each in trial.hyperparameters if each.source == "argument"}
    return {
        name: (sides[0][name], sides[1][name])
        for name in sorted(sides[0].keys() & sides[1].keys() & given)
        if not same_value(sides[0][name], sides[1][name])
    }


def _rest(line: Line) -> tuple[str, ...]:
    return tuple(word for each in line if each.kind == REST for word in each.words)


def _seed_names(trial: Trial) -> frozenset[str]:
    return frozenset(each.name for each in trial.hyperparameters if each.role is HyperparameterRole.SEED)


def _seeds(line: Line) -> dict[str, tuple[Value, ...]]:
    found: dict[str, tuple[Value, ...]] = {}
    for each in line:
        if each.kind == SEED:
            value = each.words[-1]
            named = name_of(value)
            found[each.name] = (*found.get(each.name, ()), typed(value.partition("=")[2] if named else value))
    return found


def _meant(rest: Sequence[str]) -> tuple[object, ...]:
    """What words say, whatever their spelling: ``--lr=1`` is ``--lr 1``."""
    plain: list[str] = []
    for word in rest:
        if name_of(word):
            break
        plain.append(word)
    return (
        plain,
        {each.name: each.value for each in words(rest)},
        rest[rest.index("--") :] if "--" in rest else [],
    )


def _composed(rest: Line, program: Line, seeds: Line) -> tuple[str, ...]:
    programs = [each.words for each in program if each.kind == PROGRAM]
    same_form = len(programs) == sum(each.kind == PROGRAM for each in rest)
    given: dict[str, list[tuple[str, ...]]] = {}
    for each in seeds:
        if each.kind == SEED:
            given.setdefault(each.name, []).append(each.words)
    found: list[tuple[str, ...]] = []
    for each in rest:
        if each.kind == PROGRAM and same_form:
            found.append(programs.pop(0))
        elif each.kind == SEED:
            found += [given[each.name].pop(0)] if given.get(each.name) else []
        else:
            found.append(each.words)
    place = found.index(("--",)) if ("--",) in found else len(found)
    found[place:place] = [words for left in given.values() for words in left]
    return tuple(word for words in found for word in words)


def _is_sound(commands: Commands) -> bool:
    """Whether what is put together is taken apart again into what it was made of."""
    if not (commands.hyperparameters and commands.seeds):
        return True
    for rest, seeds in ((0, 1), (1, 0)):
        line = _composed(commands.lines[rest], commands.lines[rest], commands.lines[seeds])
        again = words(script_words(line))
        wanted = words(script_words(_composed(*[commands.lines[rest]] * 3)))
        names = {each.name for side in commands.lines for each in side if each.kind == SEED}
        kept = [
            {each.name: each.value for each in many if each.name not in names} for many in (again, wanted)
        ]
        if kept[0] != kept[1]:
            return False
    return True


def _inseparable(commands: Commands) -> Commands:
    return Commands(
        lines=commands.lines,
        hyperparameters=commands.hyperparameters,
        seeds=commands.seeds,
        separable=False,
    )


def _moved(trial: Trial, root: str) -> tuple[str, ...]:
    if trial.root == root:
        return trial.intent.argv
    place = Place(root=Path(root), directory=Path(root), replacing=((trial.root, root),))
    return tuple(map(place.rewritten, trial.intent.argv))
