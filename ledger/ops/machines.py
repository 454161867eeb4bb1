"""On how many machines a trial came out the same."""

from collections.abc import Iterable

from ledger.model import Digest, Host, Verdict
from ledger.ops.objects import load
from ledger.ops.trials import Receipt
from ledger.store.base import Store

_AGREED = (Verdict.IDENTICAL, Verdict.EQUIVALENT)


class Machines:
    """Tells the machines of receipts apart; what was looked up once is known.

    Parameters
    ----------
    store
        Where the hosts are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Digest, tuple[str, ...]] = {}

    def that_agreed(self, receipts: Iterable[Receipt]) -> int:
        """How many machines made a trial again with the same results, or equivalent ones."""
        plain = (each.replay for each in receipts if each.plain)
        return len({self._machine(each.host) for each in plain if each.verdict in _AGREED})

    def _machine(self, host: Digest) -> tuple[str, ...]:
        """A new kernel or driver makes no other machine; one that cannot be looked up is one of its own."""
        found = self._known.get(host)
        if found is None:
            noun = load(self._store, Host, host, "replays").noun
            found = (noun.hostname, noun.machine, noun.cpu) if noun else (str(host),)
            self._known[host] = found
        return found
