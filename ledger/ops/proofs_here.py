"""Hold a proof's head against the ledger at hand, where its reader has named nothing else."""

from ledger.errors import DamagedError, MismatchError
from ledger.model import Head, OriginHead
from ledger.workspace import Workspace

_LOOK = "see whether the ledger is whole: ledger verify"


def goes_on_from(workspace: Workspace, head: Head, what: str) -> bool:
    """Whether a ledger has all that a head says, and maybe more.

    Parameters
    ----------
    workspace
        The ledger.
    head
        Some head.
    what
        What it stands in, for errors.

    Returns
    -------
    bool
        Not if one of its logs is not here, or not all of it: then this ledger says nothing of it.

    Raises
    ------
    MismatchError
        If a log here is another one than the head says.
    DamagedError
        If a log here has lost entries.
    """
    sizes = {each.origin: each.size for each in workspace.journal.head().origins}
    known = [each for each in head.origins if each.size <= sizes.get(each.origin, 0)]
    for each in known:
        _compare(workspace, each, what)
    return len(known) == len(head.origins)


def _compare(workspace: Workspace, claim: OriginHead, what: str) -> None:
    with workspace.journal.tree(claim.origin) as tree:
        root = tree.roots({claim.size}).get(claim.size)
    where = f"origin {claim.origin.hex()}, its first {claim.size:,} entries"
    if root is None:
        raise DamagedError(
            "the ledger at hand cannot vouch for it", cause=f"{where}: some are lost or damaged", hint=_LOOK
        )
    if root != claim.root:
        raise MismatchError(
            f"{what} is not of the ledger at hand, or one of both was changed",
            cause=f"{where}: expected root {claim.root}, got {root}",
            hint=_LOOK,
        )
