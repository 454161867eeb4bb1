"""What makes a search another one: where its definition is not the recorded one."""

from ledger.errors import LedgerError
from ledger.model import CodeSnapshot, Digest, Manifest
from ledger.model.codec import decode
from ledger.model.search import Search
from ledger.tune.space.language import spelled
from ledger.workspace import Workspace

_SHOWN = 5
"""Files that are named where the code differs."""


def between(workspace: Workspace, before: Search, now: Search) -> list[str]:
    """What makes a search another one than it was, a line for each difference.

    Parameters
    ----------
    workspace
        The ledger, which has the lists of both searches' files.
    before, now
        The searches.
    """
    found = list(spelled.difference(before.space, now.space))
    told = (
        ("objective", _objectives(before), _objectives(now)),
        ("requirements", " and ".join(before.requirements), " and ".join(now.requirements)),
        ("sampler", _sampler(before), _sampler(now)),
        ("scheduler", _scheduler(before), _scheduler(now)),
        ("seed", str(before.seed), str(now.seed)),
        ("seed of the trials", str(before.trial_seed), str(now.trial_seed)),
        ("seeds of a configuration", _racing(before), _racing(now)),
        ("command", " ".join(before.command), " ".join(now.command)),
        ("directory", before.directory, now.directory),
        ("inputs", " ".join(before.inputs), " ".join(now.inputs)),
        ("outputs", " ".join(before.outputs), " ".join(now.outputs)),
        ("checkpoints", " ".join(before.checkpoints), " ".join(now.checkpoints)),
        ("trial timeout", str(before.trial_timeout), str(now.trial_timeout)),
    )
    found += [f"{what}: {a or 'none'} → {b or 'none'}" for what, a, b in told if a != b]
    return found + _code(workspace, before.code, now.code)


def _objectives(search: Search) -> str:
    return " ".join(
        f"{'maximize' if each.maximize else 'minimize'} {each.metric}" for each in search.objectives
    )


def _racing(search: Search) -> str:
    return str(search.seeds) + (f" (version {search.racing})" if search.racing else "")


def _sampler(search: Search) -> str:
    packages = "".join(f", {name} {version}" for name, version in search.packages)
    return f"{search.sampler} (version {search.version}{packages})"


def _scheduler(search: Search) -> str:
    return "" if search.scheduler is None else f"{search.scheduler} (version {search.scheduler_version})"


def _code(workspace: Workspace, before: tuple[CodeSnapshot, ...], now: tuple[CodeSnapshot, ...]) -> list[str]:
    old, new = ({each.name: each.tree for each in some} for some in (before, now))
    found = []
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        if name == "." and b is not None and not held(workspace, b):
            continue  # a ledger without its tree, such as a clone: trials run in copies of the pinned one
        what = "code" if name == "." else f"code of {name}"
        if a is None or b is None:
            found.append(f"{what}: {'not there before' if a is None else 'not there now'}")
            continue
        one, other = held(workspace, a), held(workspace, b)
        paths = sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        found.append(f"{what}: {', '.join(paths[:_SHOWN])}{more}")
    return found


def held(workspace: Workspace, tree: Digest) -> dict[str, object]:
    """What a tree holds, by path; something that equals no tree where that is not to be had."""
    try:
        manifest = decode(Manifest, workspace.store.get(tree))
    except LedgerError:
        return {"(its list of files is not whole)": None}
    return {each.path: (each.mode, each.digest) for each in manifest}
