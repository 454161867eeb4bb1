"""A search's history, read on or from its index, is that of all entries, whatever is written or damaged."""

import math
import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.journal import origins
from ledger.journal.local import LocalJournal
from ledger.model import (
    Digest,
    Head,
    Intent,
    MetricSummary,
    Note,
    Observed,
    Outcome,
    ProposalSource,
    Status,
    Tombstone,
    TrialDecided,
    TrialFinished,
    TrialLost,
    TrialProposed,
    TrialReported,
    TrialStarted,
    layout,
)
from ledger.model.frozen import replace
from ledger.ops import searches
from ledger.ops.tune.entries import Entries
from ledger.ops.tune.history import History, observations
from ledger.ops.tune.reading import Reading
from tests.searches import search

ONE = Digest.of(b"1")
SEARCHES = (search(), search(requirements=("acc > 0.5 and peak_memory < 2",)))
FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, math.nan, math.inf, 1e-300])
COORDINATES = st.sampled_from([0.0, 0.25, 1.0, None, math.nan])
WHOLE = st.sampled_from([0, 1, 3, -1, 2**62, -(2**63), 2**70])
VALUES = st.sampled_from([0.5, 1, "a", "\udc80", None, True, ("a", 2)])
NAMES = st.sampled_from(["loss", "loss", "acc", "odd \udc80", "duration_s"])
PLACES = st.integers(0, 20)
OUTCOMES = st.builds(
    Outcome,
    status=st.sampled_from([Status.OK, Status.OK, *Status]),
    exit_code=st.sampled_from([None, 0, 1]),
    signal=st.sampled_from([None, None, 2, 9]),
    metrics=st.lists(
        st.builds(MetricSummary, name=NAMES, last=FLOATS, min=FLOATS, max=FLOATS, count=st.just(1)),
        max_size=3,
    ).map(tuple),
    started=st.just(0),
    duration_s=FLOATS,
    cpu_user_s=FLOATS,
    cpu_system_s=FLOATS,
    peak_memory=WHOLE,
)


def told(history, head=None):
    """All that a search goes by; as text, in which NaN is NaN."""
    tried = history.at(head)
    facts = [
        tried,
        [each.proposed.values for each in tried],
        observations(history.search, tried),
        history.rungs.reported(head),
        history.stopped(tried, head),
        [history.is_removed(each.trial) for each in tried],
    ]
    rungs = history.rungs
    return repr([*facts, history.good, history.own, rungs.stops, rungs.promotions] if head is None else facts)


class ReadingMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="reading"))
        self.ledger = self.folder / ".ledger"
        self.elsewhere = self.folder / "elsewhere" / ".ledger"
        self.machine = "a"
        self.patches = (
            mock.patch.object(origins, "_machine", self.named),
            mock.patch.multiple("ledger.ops.tune.reading", _IDLE=2, SEAL_AT=12),
        )
        for patch in self.patches:
            patch.start()
        self.journal = LocalJournal(self.ledger)
        self.ids = [self.journal.append(searches.created("x", each)).id for each in SEARCHES]
        self.proposals, self.trials, self.heads = [ONE], [ONE], []
        self.logs = []
        """In the order in which they came: their names are chance."""
        self.readings = [self.reading(place) for place in (0, 1)]

    def named(self, _):
        return self.machine

    def teardown(self):
        if hasattr(self, "folder"):
            for patch in self.patches:
                patch.stop()
            shutil.rmtree(self.folder)

    def append(self, payload, far):
        """Write it here; or into another ledger, which knows of nothing here."""
        if not far:
            return self.journal.append(payload).id
        with mock.patch.object(self, "machine", "far"):
            return LocalJournal(self.elsewhere).append(payload).id

    def reading(self, place):
        id, searched = self.ids[place], SEARCHES[place]
        return Reading(self.journal, self.ledger, lambda: History(id, searched))

    @rule(
        which=st.integers(0, 1),
        number=WHOLE | st.integers(0, 5),
        point=st.lists(COORDINATES, max_size=2).map(tuple) | st.just((0.5,)),
        value=VALUES,
        source=st.sampled_from(ProposalSource),
        adopted=st.none() | PLACES,
        seed=st.none() | WHOLE,
        far=st.booleans(),
    )
    def propose(self, which, number, point, value, source, adopted, seed, far):
        self.proposals.append(
            self.append(
                TrialProposed(
                    experiment="x",
                    search=self.ids[which],
                    number=number,
                    values=(("lr", value), ("odd \udc80", value)),
                    point=point,
                    head=Head(origins=()),
                    source=source,
                    adopted=None if adopted is None else self.trials[adopted % len(self.trials)],
                    seed=seed,
                ),
                far,
            )
        )

    @rule(
        place=st.just(-1) | PLACES,
        word=st.sampled_from("abc"),
        far=st.booleans(),
        former=st.none() | st.just(-1) | PLACES,
    )
    def start(self, place, word, far, former):
        intent = Intent(
            argv=("x", word),
            directory=".",
            stdin="null",
            code=(),
            environment=ONE,
            seed=None,
            parameters=(),
            inputs=(),
        )
        started = TrialStarted(
            proposal=self.proposals[place % len(self.proposals)],
            continues=None if former is None else self.trials[former % len(self.trials)],
            root="/r",
            intent=intent,
            code=(),
            environment=ONE,
            interpreter=None,
            host=ONE,
            hyperparameters=(),
            inputs=(),
            spool="0",
            health=(),
        )
        self.trials.append(self.append(started, far))

    @rule(place=st.just(-1) | PLACES, outcome=OUTCOMES, complete=st.booleans(), lost=st.booleans())
    def end(self, place, outcome, complete, lost):
        about = {
            "trial": self.trials[place % len(self.trials)],
            "hyperparameters": (),
            "observed": Observed(affinity=1),
            "outcome": outcome,
            "health": (),
        }
        if lost:
            self.journal.append(TrialLost(reason="x", **about))
        else:
            self.journal.append(TrialFinished(recipe=ONE, recipe_complete=complete, inputs=(), **about))

    @rule(value=st.sampled_from("abc"), outcome=OUTCOMES)
    def run(self, value, outcome):
        self.propose(0, len(self.proposals), (0.5,), value, ProposalSource.SAMPLER, None, None, False)
        self.start(-1, value, False, None)
        self.end(-1, outcome, True, False)

    @rule(place=st.just(-1) | PLACES, rung=WHOLE, value=FLOATS)
    def report(self, place, rung, value):
        trial = self.trials[place % len(self.trials)]
        self.journal.append(TrialReported(trial=trial, rung=rung, step=rung, value=value))

    @rule(place=st.just(-1) | PLACES, rung=WHOLE, stop=st.booleans(), former=st.none() | PLACES)
    def decide(self, place, rung, stop, former):
        head = self.heads[former % len(self.heads)] if former is not None and self.heads else None
        trial = self.trials[place % len(self.trials)]
        head = self.journal.head() if head is None else head
        self.journal.append(TrialDecided(trial=trial, rung=rung, stop=stop, head=head))

    @rule(rung=st.sampled_from([1, 3]), value=FLOATS, outcome=OUTCOMES, far=st.booleans())
    def go_on(self, rung, value, outcome, far):
        """A trial is stopped at a rung, and goes on."""
        pruned = replace(outcome, status=Status.PRUNED)
        self.propose(0, len(self.proposals), (0.5,), 0.5, ProposalSource.SAMPLER, None, None, False)
        self.start(-1, "a", False, None)
        self.report(-1, rung, value)
        self.decide(-1, rung, True, None)
        self.end(-1, pruned, True, False)
        self.decide(-1, rung, False, None)
        self.start(-1, "a", far, -1)

    @rule(place=PLACES)
    def remove(self, place):
        self.journal.append(Tombstone(target=self.trials[place % len(self.trials)], reason="x"))

    @rule()
    def say(self):
        self.journal.append(Note(text="x", author="ann"))

    @rule(machine=st.sampled_from("abc"))
    def move(self, machine):
        """Go on as another machine, which has an origin of its own."""
        self.machine = machine
        self.reopen()

    @rule()
    def reopen(self):
        self.journal = LocalJournal(self.ledger)
        self.readings = [self.reading(place) for place in (0, 1)]

    @precondition(lambda self: self.elsewhere.exists())
    @rule()
    def pull(self):
        """Copy the log of the other ledger as it is by now."""
        for origin in origins.logs(self.elsewhere):
            shutil.copytree(
                layout.log(self.elsewhere, origin), layout.log(self.ledger, origin), dirs_exist_ok=True
            )

    @precondition(lambda self: len(self.logs) > 1)
    @rule(place=PLACES)
    def lose_a_log(self, place):
        shutil.rmtree(layout.log(self.ledger, self.logs.pop(place % len(self.logs))))
        shutil.rmtree(layout.origins(self.ledger))
        self.heads.clear()
        self.journal = LocalJournal(self.ledger)

    @rule()
    def seal(self):
        self.journal.seal()

    @rule()
    def finish(self):
        for each in self.readings:
            each.keep()

    @rule(data=st.data())
    def damage_the_index(self, data):
        folder = layout.index(self.ledger)
        names = sorted(each for each in os.listdir(folder) if each.startswith("searches"))
        # How many there are is chance: what is merged depends on sizes, and these on nonces.
        path = folder / names[data.draw(PLACES) % len(names)] if names else folder / "searches"
        content = path.read_bytes() if path.exists() else b""
        ways = {
            "gone": lambda: path.unlink(missing_ok=True),
            "short": lambda: path.write_bytes(content[: len(content) * 2 // 3]),
            "flipped": lambda: path.write_bytes(flipped(content, data.draw(st.floats(0, 0.999)))),
            "other": lambda: path.write_bytes(b"other bytes"),
        }
        folder.mkdir(exist_ok=True)
        ways[data.draw(st.sampled_from(sorted(ways)))]()

    @rule()
    def cannot_be_written(self):
        with mock.patch("ledger.fs.try_lock", side_effect=PermissionError):
            self.all_know_the_same()

    @invariant()
    def all_know_the_same(self):
        if not hasattr(self, "journal"):
            return
        self.logs += (each for each in origins.logs(self.ledger) if each not in self.logs)
        entries = list(self.journal.entries())
        for place, read in enumerate(self.readings):
            whole = Entries(self.ids[place], SEARCHES[place])
            for each in entries:
                whole.add(each)
            for history, head in (read.up_to_now(), self.reading(place).up_to_now()):
                assert head == self.journal.head()
                assert told(history) == told(whole)
                for former in self.heads[-3:]:
                    assert told(history, former) == told(whole, former)
        self.heads.append(self.journal.head())


def flipped(content, where):
    if not content:
        return b"x"
    place = int(len(content) * where)
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


TestReadings = ReadingMachine.TestCase
TestReadings.settings = settings(max_examples=25, stateful_step_count=15)
