"""What of two trials' files is data and what is code, so that each can be had without the other."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from ledger.capture import directories
from ledger.model import Artifact, Difference, Digest, Manifest, ManifestEntry, Trial
from ledger.model.codec import decode
from ledger.model.frozen import frozen
from ledger.ops.differences import values
from ledger.store.base import Store

_SHOWN = 3


@frozen
class Side:
    """The files of one trial."""

    trial: Trial
    tree: Mapping[str, ManifestEntry]
    """Of the root's code, by path."""
    products: Mapping[str, ManifestEntry]
    """What earlier trials had made, by path."""
    read: Mapping[str, Artifact]
    """Its inputs by path, file by file, without those of the environment."""
    installed: tuple[Artifact, ...]
    """Inputs that lie among the installed packages: they go with the environment."""

    def holds(self, path: str) -> tuple[int, Digest | str | None] | None:
        """What a path of the root held before the start; None where that is not known."""
        artifact = self.read.get(path)
        found = artifact or self.tree.get(path) or self.products.get(path)
        return None if found is None else (found.mode, found.digest or found.omitted)


@frozen
class Data:
    """The inputs of two trials, and where they are cut from the code."""

    sides: tuple[Side, Side]
    paths: frozenset[str]
    """What either read as data; of the code's trees these paths go with the inputs."""
    shared: frozenset[str]
    """What only one side has because its command or code asks for it: every hybrid has it."""
    differences: tuple[Difference, ...]
    """Of content; standard input is the path ``standard input``."""
    notes: tuple[str, ...]
    """How it was cut, where that can be doubted."""

    def given(self, side: int) -> tuple[Artifact, ...]:
        """The inputs of a hybrid that has them from that side; those of the environment are apart."""
        own, other = self.sides[side], self.sides[1 - side]
        kept = [each for each in own.trial.inputs if each not in own.installed]
        return (*kept, *(other.read[path] for path in sorted(self.shared) if path in other.read))

    def tree(self, code: int, side: int) -> Manifest:
        """The root's tree with code and data from the sides of these numbers.

        Raises
        ------
        FormatError
            If a path of one is a directory of the other.
        """
        entries = dict(self.sides[code].tree)
        for path in self.paths if code != side else ():
            found = self.sides[side].tree.get(path)
            if found is not None:
                entries[path] = found
            elif path not in self.shared:
                entries.pop(path, None)
        return Manifest.of(entries.values())

    def products(self, side: int, tree: Manifest) -> Manifest:
        """What earlier trials had made; without what is made anew, so that nothing old is taken for it."""
        made = {each.path for one in self.sides if one.trial.outcome for each in one.trial.outcome.outputs}
        there = {each.path for each in tree}
        return Manifest.of(
            each
            for path, each in self.sides[side].products.items()
            if path not in there and (path in self.paths or path not in made)
        )


def read(a: Trial, b: Trial, store: Store) -> Data:
    """Compare what two trials read, and cut it from their code.

    Raises
    ------
    LedgerError
        If a list of files cannot be read.
    """
    sides = _side(a, store), _side(b, store)
    paths = frozenset(sides[0].read.keys() | sides[1].read.keys())
    other_code = _other_code(sides, paths)
    shared: set[str] = set()
    differences: list[Difference] = []
    for path in sorted(paths):
        held = [each.holds(path) for each in sides]
        if held[0] == held[1]:
            continue
        if None in held and (other_code or _asked_by_one(path, sides)):
            shared.add(path)
            continue
        shown = [None if each is None else str(each[1]) for each in held]
        only = None if None not in held else f"only the {'second' if held[0] is None else 'first'} has it"
        detail = only or _settings(path, (a, b))
        differences.append(
            Difference(part="inputs", path=path, expected=shown[0], got=shown[1], detail=detail)
        )
    stdin = [each.intent.stdin if each.intent.stdin.startswith("b3:") else None for each in (a, b)]
    if stdin[0] != stdin[1] and not any([each.expected, each.got] == stdin for each in differences):
        differences.append(Difference(part="inputs", path="standard input", expected=stdin[0], got=stdin[1]))
    return Data(
        sides=sides,
        paths=paths,
        shared=frozenset(shared),
        differences=tuple(differences),
        notes=tuple(_notes(sides, differences, sorted(shared))),
    )


def _side(trial: Trial, store: Store) -> Side:
    own = trial.code[0]
    trees = [decode(Manifest, store.get(each)) if each else () for each in (own.tree, own.products)]
    installed = tuple(each for each in trial.inputs if _is_installed(each.path, trial))
    data = (each for each in trial.inputs if each not in installed)
    return Side(
        trial=trial,
        tree={each.path: each for each in trees[0]},
        products={each.path: each for each in trees[1]},
        read={each.path: each for each in directories.expanded(data, store.get)},
        installed=installed,
    )


def _is_installed(path: str, trial: Trial) -> bool:
    if trial.interpreter is None:
        return False
    prefix = str(Path(trial.interpreter.executable).parent.parent)
    return prefix != trial.root and os.path.join(trial.root, path).startswith(prefix + "/")


def _other_code(sides: tuple[Side, Side], paths: frozenset[str]) -> bool:
    left, right = (
        {path: (each.mode, each.digest) for path, each in side.tree.items() if path not in paths}
        for side in sides
    )
    others = [{each.name: each.tree for each in side.trial.code[1:]} for side in sides]
    return left != right or others[0] != others[1]


def _asked_by_one(path: str, sides: tuple[Side, Side]) -> bool:
    return _is_named(path, sides[0].trial) is not _is_named(path, sides[1].trial)


def _is_named(path: str, trial: Trial) -> bool:
    """Whether a command names a path, or a directory above it."""
    full = os.path.normpath(os.path.join(trial.root, path))
    start = os.path.join(trial.root, trial.intent.directory)
    for word in trial.intent.argv:
        for text in (word, word.partition("=")[2]):
            named = os.path.normpath(os.path.join(start, text)) if text else ""
            if named and named != trial.root and (full == named or full.startswith(named + "/")):
                return True
    return False


def _settings(path: str, trials: tuple[Trial, Trial]) -> str | None:
    """What a configuration file sets that differs."""
    found = [
        {each.name: each.value for each in trial.hyperparameters if each.source == f"file:{path}"}
        for trial in trials
    ]
    told = [f"{each.path} {each.expected} → {each.got}" for each in values("inputs", found[0], found[1])]
    return _few(told, quoted=False) or None


def _notes(sides: tuple[Side, Side], differences: list[Difference], shared: list[str]) -> list[str]:
    notes: list[str] = []
    inside = [each.path for each in differences if any(each.path in side.tree for side in sides)]
    if inside:
        notes.append(f"{_few(inside)}: read as data, and so taken for inputs, although they lie in the code")
    if shared:
        notes.append(f"{_few(shared)}: read by one of the two only, and there in every hybrid")
    return notes


def _few(names: list[str], *, quoted: bool = True) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(shlex.quote, names[:_SHOWN]) if quoted else names[:_SHOWN]) + more
