"""A reproducibility ledger: what exactly produced this number, can I get it again, why is it different now.

A training script calls `param`, `log`, `artifact`, `seed` and `report`: they write into the trial that is
running and only check their arguments where none is. Importing them costs little of the standard library.
The operator's side, `open`, `clone`, `tune`, `Ledger` and `LedgerError`, is loaded when it is first used.
"""

from __future__ import annotations

import sys

from ledger.record import artifact, log, param, report, seed

TYPE_CHECKING = False  # importing typing costs more than this package
if TYPE_CHECKING:
    from types import ModuleType

    from ledger.api import Ledger as Ledger
    from ledger.api import check_proof as check_proof
    from ledger.api import clone as clone
    from ledger.api import open as open
    from ledger.api import open_bundle as open_bundle
    from ledger.api import tune as tune
    from ledger.errors import LedgerError as LedgerError

    __version__: str
else:
    ModuleType = type(sys)  # importing types costs, too

__all__ = ["artifact", "log", "param", "report", "seed"]  # not `open`, which `import *` would hide

_LAZY = {
    "Ledger": "ledger.api",
    "LedgerError": "ledger.errors",
    "check_proof": "ledger.api",
    "clone": "ledger.api",
    "open": "ledger.api",
    "open_bundle": "ledger.api",
    "tune": "ledger.api",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("replay-ledger")
        except PackageNotFoundError:
            return "unknown"  # run from a checkout, or at replay, where only the script's calls are present
    if name not in _LAZY:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if error.name != _LAZY[name]:
            raise
        raise AttributeError(f"ledger.{name} is not here: this copy holds only a script's calls") from None


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY, "__version__"])


class _Package(ModuleType):
    """The package itself, in which `tune` stays the call once the package of that name is imported."""

    @property
    def tune(self) -> object:
        return __getattr__("tune")

    @tune.setter
    def tune(self, package: ModuleType) -> None:
        """Leave out what importing the package sets: ``from ledger.tune import`` does not look here."""


sys.modules[__name__].__class__ = _Package
