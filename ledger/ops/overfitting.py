"""What overfits in the experiment of a trial."""

from ledger.analysis.importance import overfitting as analysis
from ledger.analysis.importance.overfitting import Overfitting
from ledger.errors import NotFoundError
from ledger.model import Trial
from ledger.ops.observations import Selection, gather
from ledger.workspace import Workspace


def around(workspace: Workspace, trial: Trial) -> tuple[Overfitting, ...]:
    """Hyperparameters that move a training metric and the same one of unseen data in opposite ways.

    Looked at are all trials of the trial's experiment, and pairs of metrics that the trial itself has;
    nothing where it has no experiment, or no such pair.
    """
    if trial.experiment is None or trial.outcome is None:
        return ()
    looked = analysis.pairs(each.name for each in trial.outcome.metrics)
    if not looked:
        return ()
    try:
        found = gather(workspace, Selection(experiment=trial.experiment))
    except NotFoundError:  # none of them ended well
        return ()
    known = [pair for pair in looked if all(name in found.metrics for name in pair)]
    return analysis.overfitting(found, known)
