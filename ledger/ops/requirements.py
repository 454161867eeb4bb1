"""What uv is asked for, to get one recorded distribution again."""

import os

from ledger.errors import IncomparableError
from ledger.model import Distribution
from ledger.ops.installer import CURRENT

_SYSTEMS = ("system", "conda", "debian", "rpm", "apk", "pacman", "portage", "nix")
_HASHED = "archive+"


def requirement(distribution: Distribution) -> str | None:
    """The line that asks uv for exactly this distribution; None for what lies in a directory.

    Raises
    ------
    IncomparableError
        If name, version or origin are such that they could be more than one requirement.
    """
    name, origin = distribution.name, distribution.origin
    by_version = pinned(distribution)
    if origin in ("path", "editable"):
        return None
    if origin.startswith("git+"):
        return f"{name} @ {origin}"
    if origin.startswith(_HASHED):
        url = origin.removeprefix(_HASHED)
        path = url.partition("#")[0].removeprefix("file://")
        if not url.startswith("file:") or os.path.exists(path):
            return f"{name} @ {url}"
        # A file that is gone: an index may have the same; its RECORD tells.
    elif "+" in origin and "://" in origin:
        return None  # a version control system that uv does not know
    return by_version


def pinned(distribution: Distribution) -> str:
    """The line that asks uv for this version, wherever it may be.

    Raises
    ------
    IncomparableError
        If name, version or origin are such that they could be more than one requirement.
    """
    name, version, origin = distribution.name, distribution.version, distribution.origin
    if any(letter.isspace() or letter in ";\\" for letter in name + version + origin):
        raise IncomparableError(
            "the environment cannot be made again",
            cause=f"expected a distribution, got {name!r} {version!r} from {origin!r}",
            hint=CURRENT,
        )
    return f"{name}==={version}"


def is_systems(distribution: Distribution) -> bool:
    """Whether an operating system or conda installed it, so that no index is sure to have it."""
    return distribution.origin in _SYSTEMS or (
        distribution.record is None and distribution.origin != "editable"
    )
