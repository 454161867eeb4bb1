"""Which trials may lose the content of their outputs, because somebody said so."""

import re
from collections import defaultdict

from ledger.errors import NotFoundError, UsageError
from ledger.model import Trial, Verdict
from ledger.model.frozen import frozen
from ledger.ops import references
from ledger.ops.trials import Trials

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


@frozen
class Policy:
    """Trials that all of this is true of; nothing said is none at all."""

    keep_last: int | None = None
    """Not among so many of the last trials of their experiment."""
    older_than: float | None = None
    """Started longer ago than so many seconds."""
    experiment: str | None = None
    """Of this experiment."""
    tag: str | None = None
    """With this tag; without it those that bear any tag are kept."""
    reproducible: bool = False
    """The newest replay under their own conditions came out identical."""

    @property
    def words(self) -> str:
        """As on the command line."""
        said = [
            f"-x {self.experiment}" if self.experiment is not None else "",
            f"--tag {self.tag}" if self.tag is not None else "",
            f"--keep-last {self.keep_last}" if self.keep_last is not None else "",
            f"--older-than {self.older_than:g}s" if self.older_than is not None else "",
            "--reproducible" if self.reproducible else "",
        ]
        return " ".join(filter(None, said))


def age(text: str) -> float:
    """Seconds that an age such as ``90d``, ``12h`` or ``1.5w`` means.

    Raises
    ------
    UsageError
        If it is none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            "a bad age",
            cause=f"--older-than: expected a number and one of s, m, h, d, w, got {text!r}",
            hint="--older-than 90d",
        )
    return float(found[1]) * _UNITS[found[2]]


def select(trials: Trials, policy: Policy, now: int) -> tuple[Trial, ...]:
    """The trials that a policy is about, oldest first; one that has not ended is none of them.

    Parameters
    ----------
    trials
        All there are.
    policy
        Which.
    now
        UTC, nanoseconds since 1970.

    Raises
    ------
    NotFoundError
        If there is no such experiment or tag.
    """
    if not policy.words:
        return ()
    if policy.experiment is not None:
        references.experiment(trials, policy.experiment)
    if policy.tag is not None and policy.tag not in trials.tagged:
        known = ", ".join(sorted(trials.tagged)[:5])
        raise NotFoundError(
            f"no trial has the tag {policy.tag!r}",
            cause=f"there are {known}" if known else "there are no tags",
            hint="see who has which: ledger log",
        )
    last: set[object] = set()
    if policy.keep_last is not None:
        grouped: dict[str | None, list[Trial]] = defaultdict(list)
        for trial in trials:
            grouped[trial.experiment].append(trial)
        for some in grouped.values():
            last.update(trial.id for trial in some[max(len(some) - policy.keep_last, 0) :])
    return tuple(
        trial
        for trial in trials
        if trial.outcome is not None
        and trial.id not in last
        and (policy.experiment is None or trial.experiment == policy.experiment)
        and (policy.tag in trial.tags if policy.tag is not None else not trial.tags)
        and (policy.older_than is None or trial.started < now - policy.older_than * 1e9)
        and (not policy.reproducible or _is_reproducible(trial, trials))
    )


def _is_reproducible(trial: Trial, trials: Trials) -> bool:
    verdicts = [each.replay.verdict for each in trials.receipts.get(trial.id, ()) if each.plain]
    shown = [verdict for verdict in verdicts if verdict is not Verdict.INCOMPARABLE]
    return bool(shown) and shown[-1] is Verdict.IDENTICAL
