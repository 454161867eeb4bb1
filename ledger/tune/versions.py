"""Versions of the rules by which searches propose and decide."""

from typing import ClassVar

from ledger.errors import UsageError


class Versioned:
    """What goes by rules of some version.

    A search begins with the newest and records it; it goes on, is verified and is made again by that one. So
    where a rule changes there is one more version, and the former rule stays.

    Parameters
    ----------
    version
        By whose rules; None for the newest.

    Raises
    ------
    UsageError
        If that one is not known here.
    """

    kind: ClassVar[str]
    """What people call it, such as ``sampler``."""
    name: ClassVar[str]
    versions: ClassVar[tuple[int, ...]] = (1,)
    """Those that are known, the newest last."""

    def __init__(self, version: int | None) -> None:
        self.version = self.versions[-1] if version is None else version
        if self.version not in self.versions:
            raise UsageError(
                f"the {self.kind} {self.name} has no version {self.version} here",
                cause=f"known: {', '.join(map(str, self.versions))}",
                hint="take a release that knows it: python -m pip install -U replay-ledger",
            )
