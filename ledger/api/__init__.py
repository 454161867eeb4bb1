"""The operator's Python: open a ledger; run, replay, compare, look at, keep and share trials."""

from ledger.api.opening import Ledger, check_proof, clone, open, open_bundle, tune
from ledger.errors import LedgerError

__all__ = ["Ledger", "LedgerError", "check_proof", "clone", "open", "open_bundle", "tune"]
