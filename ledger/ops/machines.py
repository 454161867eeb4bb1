"""On how many machines a trial came out the same."""

from collections.abc import Iterable, Iterator

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
        Where the hosts are; without one, each host is a machine of its own.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._known: dict[Digest, tuple[str, ...]] = {}

    def that_agreed(self, receipts: Iterable[Receipt]) -> int:
        """How many machines made a trial again with the same results, or equivalent ones."""
        return self.among(self.hosts_that_agreed(receipts))

    def among(self, hosts: Iterable[Digest]) -> int:
        """How many machines some hosts are."""
        return len({self._machine(each) for each in hosts})

    @staticmethod
    def hosts_that_agreed(receipts: Iterable[Receipt]) -> Iterator[Digest]:
        """Of each replay with the same results, or equivalent ones, where it was made."""
        plain = (each.replay for each in receipts if each.plain)
        return (each.host for each in plain if each.verdict in _AGREED)

    def _machine(self, host: Digest) -> tuple[str, ...]:
        """A new kernel or driver makes no other machine; one that cannot be looked up is one of its own."""
        found = self._known.get(host)
        if found is None:
            noun = None if self._store is None else load(self._store, Host, host, "replays").noun
            found = (noun.hostname, noun.machine, noun.cpu) if noun else (str(host),)
            self._known[host] = found
        return found
