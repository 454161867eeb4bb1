"""A trial that is in a bundle, for ``ledger replay FILE``."""

from pathlib import Path

from ledger import workspace as workspaces
from ledger.cli import plain
from ledger.cli.open import TRUST, tell
from ledger.errors import NotFoundError
from ledger.model import Trial, layout
from ledger.ops import query, references
from ledger.ops.open_bundle import open_in_cache
from ledger.ops.text import line
from ledger.ops.trials import Trials
from ledger.workspace import Workspace

_SHOWN = 10


def opened(file: str, reference: str | None) -> tuple[Workspace, Trials, Trial]:
    """Open a bundle in the user's cache; the ledger there, its trials, and the one that is meant.

    Raises
    ------
    NotFoundError
        If it has several trials and none of them is named.
    """
    found = open_in_cache(Path(file), progress=plain.say)
    tell(found)
    plain.say(f"opened in {found.directory}; {TRUST}")
    workspace = workspaces.find(found.directory, str(found.directory / layout.DIRECTORY))
    trials = query.load(workspace.journal)
    if reference is not None:
        return workspace, trials, references.resolve(trials, reference)
    if len(found.checked.trials) != 1:
        there = [line(references.describe(each)) for each in found.checked.trials]
        more = f"; {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        raise NotFoundError(
            f"no trial of {file} is named",
            cause=f"it has {len(there)}: {'; '.join(there[:_SHOWN])}{more}",
            hint=f"name one: ledger replay {file} REF",
        )
    return workspace, trials, references.resolve(trials, str(found.checked.trials[0].id))
