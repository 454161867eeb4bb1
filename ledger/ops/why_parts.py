"""What differs between two trials, as parts of which each can be swapped from one to the other."""

from ledger.errors import FormatError
from ledger.model import Difference, Trial
from ledger.model.frozen import frozen
from ledger.ops import diff_code, why_command, why_inputs
from ledger.ops.differences import Diff, enforced_seeds, values
from ledger.ops.why_command import SEED, Commands
from ledger.ops.why_inputs import Data
from ledger.store.base import Store

CODE, ENVIRONMENT, HYPERPARAMETERS, SEEDS, INPUTS = ALL = (
    "code",
    "environment",
    "hyperparameters",
    "seeds",
    "inputs",
)


_GIVEN = ("argument", "option", "environment")
"""Sources of what is given with a command, rather than by its code or a file."""


@frozen
class Part:
    """What is swapped as one."""

    names: tuple[str, ...]
    """Of `ALL`; more than one where they cannot be separated."""
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        """For people: ``code``, or ``code and inputs``."""
        return " and ".join(self.names)


@frozen
class Pair:
    """Two trials, taken apart."""

    trials: tuple[Trial, Trial]
    parts: tuple[Part, ...]
    """Those that differ."""
    notes: tuple[str, ...]
    """How they were taken apart, where that can be doubted."""
    commands: Commands
    data: Data


def split(a: Trial, b: Trial, diff: Diff, store: Store) -> Pair:
    """Find the parts that differ.

    Parameters
    ----------
    a, b
        Two trials.
    diff
        What `diff` finds between them.
    store
        Where their objects are.

    Raises
    ------
    LedgerError
        If a list of files cannot be read.
    """
    commands, data = why_command.read(a, b), why_inputs.read(a, b, store)
    found = {
        CODE: tuple(each for each in _code(a, b, store) if each.path not in data.paths),
        ENVIRONMENT: _environment(diff, data),
        HYPERPARAMETERS: _hyperparameters(a, b, diff, commands),
        SEEDS: _seeds(a, b, diff, commands),
        INPUTS: data.differences,
    }
    groups: list[tuple[str, ...]] = [(name,) for name in ALL]
    notes = [*data.notes]
    if found[CODE] and found[INPUTS] and not _apart(data):
        groups = [(CODE, INPUTS), *((name,) for name in ALL if name not in (CODE, INPUTS))]
        notes.append("code and inputs cannot be separated: a file of one is a directory of the other")
    if not commands.separable and (found[HYPERPARAMETERS] or found[SEEDS]):
        groups = [each for each in groups if each[0] not in (HYPERPARAMETERS, SEEDS)]
        groups.append((HYPERPARAMETERS, SEEDS))
        notes.append("hyperparameters and seeds cannot be told apart in the command line: they are one part")
    parts = [
        Part(names=names, differences=tuple(each for name in names for each in found[name]))
        for names in groups
        if any(found[name] for name in names)
    ]
    return Pair(trials=(a, b), parts=tuple(parts), notes=tuple(notes), commands=commands, data=data)


def _apart(data: Data) -> bool:
    try:
        for code in (0, 1):
            data.tree(code, 1 - code)
    except FormatError:
        return False
    return True


def _code(a: Trial, b: Trial, store: Store) -> list[Difference]:
    return [each for each in diff_code.compare(a, b, store)[0] if each.counted]


def _environment(diff: Diff, data: Data) -> tuple[Difference, ...]:
    edited = [{f"edited {each.path}": each.digest for each in side.installed} for side in data.sides]
    found = (each for each in diff.sections[ENVIRONMENT] if each.counted)
    return (*found, *values(ENVIRONMENT, edited[0], edited[1]))


def _hyperparameters(a: Trial, b: Trial, diff: Diff, commands: Commands) -> tuple[Difference, ...]:
    if not commands.hyperparameters and _call(a) == _call(b):
        return ()
    given = {each.name for trial in (a, b) for each in trial.hyperparameters if each.source in _GIVEN}
    found = [each for each in diff.sections[HYPERPARAMETERS] if each.counted and each.path in given]
    rests = commands.rests
    if commands.hyperparameters and (not found or rests[0][:1] != rests[1][:1]):
        found += values(HYPERPARAMETERS, {"command": rests[0]}, {"command": rests[1]})
    places = {"directory": a.intent.directory}, {"directory": b.intent.directory}
    return (*found, *values(HYPERPARAMETERS, places[0], places[1]))


def _call(trial: Trial) -> tuple[object, ...]:
    return trial.intent.directory, trial.intent.parameters


def _seeds(a: Trial, b: Trial, diff: Diff, commands: Commands) -> tuple[Difference, ...]:
    known = (
        {each.name for line in commands.lines for each in line if each.kind == SEED} if commands.seeds else ()
    )
    enforced = values(SEEDS, enforced_seeds(a.intent), enforced_seeds(b.intent))
    named = [each for each in diff.sections[SEEDS] if each.counted and each.path in known]
    if commands.seeds and not named:  # a program that is not looked into
        words = [
            tuple(word for each in line if each.kind == SEED for word in each.words)
            for line in commands.lines
        ]
        named = values(SEEDS, {"command": words[0]}, {"command": words[1]})
    return (*enforced, *named)
