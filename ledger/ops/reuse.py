"""A trial that stands in for one that need not be run again."""

from ledger.model import Intent, Status, Trial
from ledger.model.codec import digest_of
from ledger.ops.query import load
from ledger.ops.replay_inputs import unchanged
from ledger.workspace import Workspace


def find(workspace: Workspace, intent: Intent) -> Trial | None:
    """The newest trial of this Intent that ended well, with all its inputs known and still the same."""
    wanted = digest_of(intent)
    for trial in reversed(tuple(load(workspace.journal))):
        outcome = trial.outcome
        if outcome is None or outcome.exit_code != 0 or not trial.recipe_complete:
            continue
        if outcome.status is Status.PRUNED:  # a search stopped it before its end
            continue
        if digest_of(trial.intent) == wanted and unchanged(workspace, trial.inputs):
            return trial
    return None
