"""Whether the trials of a search, and those that stand for some, are what it proposed."""

from collections.abc import Iterator

from ledger.journal.base import Journal
from ledger.model import Digest, Finding, ProposalSource, Trial, TrialProposed, TrialStarted
from ledger.model.search import Search
from ledger.ops import query
from ledger.ops.trials import Trials
from ledger.ops.tune import earlier as tune_earlier
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.facts import Proposed, identity, identity_in
from ledger.ops.tune.history import Tried
from ledger.ops.tune.words import FILE, Words, is_file

Said = Iterator[Finding]


def check(journal: Journal, history: Entries) -> Said:
    """Hold each trial of a search against its proposal.

    Parameters
    ----------
    journal
        Where they are.
    history
        Of the search, to the end of the ledger.
    """
    yield from _Members(journal, history).all()


class _Members:
    def __init__(self, journal: Journal, history: Entries) -> None:
        self.journal, self.history, self.search = journal, history, history.search
        self.words = Words(history.search)
        self.trials: Trials | None = None
        """All of the ledger, once they are needed."""

    def all(self) -> Said:
        """All that there is to say."""
        history = self.history
        for trial, proposal in history.own.items():
            yield from self._trial(trial, history.started[trial], history.proposed[proposal])
        for each in self.history.at():
            if each.proposed.adopted is not None and each.proposed.source is not ProposalSource.EARLIER:
                yield from self._adopted(each)
            elif each.proposed.adopted is not None:
                yield from self._earlier(each)

    def _trial(self, trial: Digest, started: TrialStarted, proposed: TrialProposed) -> Said:
        search, intent = self.search, started.intent
        values = dict(proposed.values)
        checks = (
            ("experiment", proposed.experiment, str(started.experiment)),
            ("command", " ".join(self.words.of(values, proposed.seed)), " ".join(intent.argv)),
            ("code", _trees(search), " ".join(f"{name} {tree}" for name, tree in intent.code)),
            ("seed", str(_trial_seed(search, proposed)), str(intent.seed)),
            ("directory", search.directory, intent.directory),
        )
        for part, expected, got in checks:
            if expected != got:
                yield _edited(trial, part, expected, got)
        content = self.words.file(values)
        if content is not None:
            wanted = str(Digest.of(content))
            held = [str(digest) for path, digest in intent.inputs if is_file(path)]
            if held != [wanted]:
                yield _edited(trial, FILE, wanted, " ".join(held) or "no such file")

    def _earlier(self, tried: Tried) -> Said:
        """One that was learnt from has to be what a trial was that had ended well by then."""
        trial = tried.proposed.adopted
        if self.trials is None:
            self.trials = query.load(self.journal)
        known = None if trial is None else self._known(self.trials, trial)
        if trial is None or known is None:
            yield _finding("proposal.earlier", tried.id, "a trial of this ledger", str(trial))
            return
        if not self.history.was_good(trial, self.history.proposed[tried.id].head):
            yield _finding("proposal.earlier", tried.id, "a trial that had ended well", str(trial))
        values = dict(tried.proposed.values)
        told = [
            {each.name: found[each.name] for each in self.search.space.parameters if each.name in found}
            for found in tune_earlier.told(self.trials, known, self.search.forked)
        ]
        if values not in told:
            yield _finding("proposal.earlier", tried.id, " or ".join(map(str, told)), str(values))

    def _known(self, trials: Trials, id: Digest) -> Trial | None:
        removed = trials.removed.get(id)  # since then, maybe
        return trials.by_id.get(id) if removed is None else removed[0]

    def _adopted(self, tried: Tried) -> Said:
        """A trial that stands for one of a search has to be what that would have been."""
        search = self.search
        trial = tried.proposed.adopted
        started = None if trial is None else self.history.started.get(trial)
        if trial is None or started is None:
            yield _finding("proposal.adopted", tried.id, "a trial of this ledger", str(trial))
            return
        values, seed = dict(tried.proposed.values), tried.proposed.seed
        if identity(started.intent) != identity_in(search, self.words, values, seed):
            wanted = " ".join(self.words.of(values, seed))
            yield _edited(trial, "command", wanted, " ".join(started.intent.argv))


def _trial_seed(search: Search, proposed: TrialProposed | Proposed) -> int | None:
    return search.trial_seed if proposed.seed is None else proposed.seed


def _trees(search: Search) -> str:
    return " ".join(f"{name} {tree}" for name, tree in sorted((each.name, each.tree) for each in search.code))


def _finding(what: str, id: Digest, expected: str, got: str) -> Finding:
    return Finding(what=what, where=f"proposal {id}", expected=expected, got=got)


def _edited(trial: Digest, part: str, expected: str, got: str) -> Finding:
    return Finding(
        what="trial.edited", where=f"trial {trial}: {part}", expected=expected, got=got, trials=(str(trial),)
    )
