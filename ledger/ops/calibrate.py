"""Make a trial again several times, and record as allowed what varies from run to run."""

from collections.abc import Mapping

from ledger.errors import UsageError
from ledger.model import Allowance, Digest, Trial, Verdict
from ledger.model.frozen import frozen
from ledger.ops.allowances import NONE, Allowances
from ledger.ops.noise import Varying, noise
from ledger.ops.replay import Progress, Replayed, ReplayOptions, replay
from ledger.workspace import Workspace


@frozen
class Calibrated:
    """What the replays have shown."""

    trial: Trial
    replays: tuple[Replayed, ...]
    varying: tuple[Varying, ...]
    allowances: tuple[tuple[Digest, Allowance], ...]
    """What was recorded: (id of the entry, what)."""
    unstable: str | None = None
    """What no tolerance can cover, such as another exit code; None where there is no such thing."""

    @property
    def incomparable(self) -> Replayed | None:
        """The replay that could not be made, if there is one: nothing is learned then."""
        return next((each for each in self.replays if each.result.verdict is Verdict.INCOMPARABLE), None)

    @property
    def refused(self) -> tuple[Varying, ...]:
        """What varies in a way that no tolerance covers: it counts when it does so again."""
        return tuple(each for each in self.varying if each.refused is not None)

    @property
    def coverage(self) -> float:
        """Probability that another run differs from the recorded one by no more than all of these did.

        Of n + 1 exchangeable runs each is as likely as the others to be the farthest: n / (n + 1).
        """
        return len(self.replays) / (len(self.replays) + 1)


def calibrate(
    workspace: Workspace,
    trial: Trial,
    count: int,
    options: ReplayOptions | None = None,
    *,
    progress: Progress = lambda _: None,
    variables: Mapping[str, str] | None = None,
    allowances: Allowances = NONE,
) -> Calibrated:
    """Make a trial again `count` times and record what may vary as allowances of its experiment.

    Parameters
    ----------
    workspace, trial, options, progress, variables, allowances
        As for `ledger.ops.replay.replay`; `allowances` are what was known before.
    count
        How many replays; each leaves its receipt.

    Raises
    ------
    UsageError
        If `count` is less than 2: one replay is no distribution.
    StorageError
        If the journal refuses.
    """
    if count < 2:
        raise UsageError(
            "too few replays to learn from", cause=f"expected 2 or more, got {count}", hint="-n 5"
        )
    replays: list[Replayed] = []
    for number in range(1, count + 1):
        progress(f"replay {number} of {count}")
        done = replay(
            workspace, trial, options, progress=progress, variables=variables, allowances=allowances
        )
        replays.append(done)
        if done.result.verdict is Verdict.INCOMPARABLE:
            return Calibrated(trial=trial, replays=tuple(replays), varying=(), allowances=())
    recorded = trial.outcome
    others = [each.result.outcome for each in replays if each.result.outcome is not None]
    if recorded is None:
        raise ValueError("a trial without outcome was replayed")
    codes = sorted({str(each.exit_code) for each in (recorded, *others)})
    if len(codes) > 1:
        return Calibrated(
            trial=trial,
            replays=tuple(replays),
            varying=(),
            allowances=(),
            unstable=f"its exit code is one of {', '.join(codes)}",
        )
    timing = workspace.config.replay.timing
    found = noise(workspace.store, recorded, others, timing)
    receipts = tuple(each.entry_id for each in replays if each.entry_id is not None)
    entries = [
        _allowance(trial, each, receipts)
        for each in found
        # What is refused needs an entry where an older one, which may allow it, would hold without.
        if each.refused is None or each.distance is not None or allowances.get(each.part, each.path)
    ]
    return Calibrated(
        trial=trial,
        replays=tuple(replays),
        varying=found,
        allowances=tuple((workspace.journal.append(each).id, each) for each in entries),
    )


def _allowance(trial: Trial, varying: Varying, receipts: tuple[Digest, ...]) -> Allowance:
    return Allowance(
        trial=trial.id,
        experiment=trial.experiment,
        part=varying.part,
        path=varying.path,
        rtol=varying.needed.rtol,
        atol=varying.needed.atol,
        masks=varying.masks,
        content=varying.distance is None and not varying.masks and varying.refused is None,
        replays=receipts,
    )
