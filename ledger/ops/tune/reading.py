"""Read a journal on from where it was read, up to a Head."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ledger.journal.base import Journal
from ledger.journal.news import ChangedError, News, Places, known
from ledger.journal.positions import IrregularError, Logs
from ledger.model import Head, Recorded
from ledger.ops.tune.history import History


class Reading:
    """A search's history, which grows as its ledger does.

    Parameters
    ----------
    journal, directory
        The ledger's.
    begin
        Makes a history that has nothing yet.
    """

    def __init__(self, journal: Journal, directory: Path, begin: Callable[[], History]) -> None:
        self._journal, self._directory, self._begin = journal, directory, begin
        self._places: Places = {}
        self._waiting: list[Recorded] = []
        """Read already, and beyond the Head up to which was asked for."""
        self.history = begin()

    def up_to_now(self) -> tuple[History, Head]:
        """The history of all that is there, and how far that is."""
        head = self._journal.head()
        sizes = {each.origin: each.size for each in head.origins}
        try:
            self._take([*self._waiting, *self._news()], sizes)
        except ChangedError:  # something older has come, from another machine
            self._anew(sizes)
        except (IrregularError, OSError):
            self._all(sizes)
        return self.history, head

    def _news(self) -> Iterator[Recorded]:
        logs = Logs(self._directory, known(self._places))
        try:
            news = News(logs, self._places)
            yield from news
            self._places = news.places()
        finally:
            logs.close()

    def _take(self, entries: Iterable[Recorded], sizes: Mapping[bytes, int]) -> None:
        self._waiting = []
        for each in entries:
            if each.seq < sizes.get(each.entry.origin, 0):
                self.history.add(each)
            else:
                self._waiting.append(each)

    def _anew(self, sizes: Mapping[bytes, int]) -> None:
        self.history, self._places, self._waiting = self._begin(), {}, []
        try:
            self._take(list(self._news()), sizes)
        except (ChangedError, IrregularError, OSError):
            self._all(sizes)

    def _all(self, sizes: Mapping[bytes, int]) -> None:
        """Entry by entry, as a damaged log is read; all of it again each time."""
        self.history, self._places, self._waiting = self._begin(), {}, []
        try:
            self._take(self._journal.entries(), sizes)
        finally:
            self._waiting = []
