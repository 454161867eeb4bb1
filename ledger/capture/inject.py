"""The variables that a child is given beside the user's own: nothing else of its world changes."""

import os
from collections.abc import Mapping
from pathlib import Path

PROBE = Path(__file__).parent / "probe"
"""Directory that holds the probe's sitecustomize."""

PACKAGE = PROBE.parent.parent
"""Where this package lies; the probe in a child reads from it."""

PREFIX = "LEDGER_"
_USERS = ("LEDGER_IMAGE",)
"""Variables of that name which are no trial's but the user's."""

_SEEDS = ("LEDGER_SEED", "LEDGER_SEEDS")
"""What an enforced seed sets, and what is not handed on to a trial without one."""

RUNGS = "LEDGER_RUNGS"
"""Variable with the steps at which a search looks at a trial, and may stop it."""

STOP = "LEDGER_STOP"
"""Variable with the step at which a replay stops, as its trial was stopped."""

WATCH = "LEDGER_WATCH"
"""Variable that asks the probe to tell which files Python opens, where nothing else can."""


def child_variables(
    variables: Mapping[str, str],
    *,
    trial: str,
    spool: Path,
    ledger: Path,
    seed: Mapping[str, str],
    stopping: Mapping[str, str] | None = None,
    probe: Path = PROBE,
) -> dict[str, str]:
    """Return the child's environment.

    Parameters
    ----------
    variables
        The user's own.
    trial
        Id of the trial, under which a nested run records itself.
    spool
        Directory into which the probe and the script's calls write.
    ledger
        The ``.ledger`` directory of a nested run.
    seed
        What an enforced seed sets; empty without one.
    stopping
        What says when it is to stop early; None where nothing does.
    probe
        Directory to put in front of PYTHONPATH.
    """
    paths = [str(probe)]
    if variables.get("PYTHONPATH"):
        paths.append(variables["PYTHONPATH"])
    return {
        **{name: value for name, value in variables.items() if name not in _SEEDS},
        "LEDGER_TRIAL": trial,
        "LEDGER_SPOOL": str(spool),
        "LEDGER_DIR": str(ledger),
        "PYTHONPATH": os.pathsep.join(paths),
        **seed,
        **(stopping or {}),
    }


def without_ours(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables as they were before an outer trial added its own.

    Inside a trial a nested one must not take the outer probe, spool or seed for the user's.
    """
    paths = [each for each in variables.get("PYTHONPATH", "").split(os.pathsep) if not _is_probe(each)]
    kept = {name: value for name, value in variables.items() if not name.startswith(PREFIX) or name in _USERS}
    if "LEDGER_SEED" in variables:
        kept.pop("PYTHONHASHSEED", None)  # set beside it; what the user had before is not known any more
    if "PYTHONPATH" in kept:
        kept["PYTHONPATH"] = os.pathsep.join(paths)
        if not kept["PYTHONPATH"]:
            del kept["PYTHONPATH"]
    return kept


def _is_probe(path: str) -> bool:
    return bool(path) and (Path(path) / "_ledger_probe.py").is_file()
