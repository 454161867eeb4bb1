"""A ledger with a long search in it: two of its trials were run, and the others are like them.

Each trial has the three entries that a real one has, whole, with its own proposal, values and results.
"""

import os
import sys

from ledger import workspace as workspaces
from ledger.journal.log import standing
from ledger.journal.merkle import leaf_hash
from ledger.journal.tail import encode_frame
from ledger.model import Digest, Entry, Head, OriginHead, layout
from ledger.model.codec import encode_entry
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.points import hyperparameters
from ledger.ops.tune.proposing import Proposing, Setting
from ledger.ops.tune.words import Words
from ledger.tune.draws import Draws
from ledger.tune.space.unit import UnitSpace

TAIL = 100
"""Entries that are not sealed."""
PROGRAM = """
import json, sys
json.dump({"loss": len(sys.argv) / 7, "accuracy": 0.5, "epochs": 3}, open("metrics.json", "w"))
"""


class LongSearch:
    """A search with so many trials, and its ledger.

    Parameters
    ----------
    root
        A directory to make.
    problem
        Whose space is searched; trials have its losses.
    count
        How many trials there are.
    """

    def __init__(self, root, problem, count):
        root.mkdir()
        (root / "train.py").write_text(PROGRAM)
        self.root, self.problem, self.count = root, problem, count
        workspace, _ = workspaces.find_or_make(root)
        wanted = Wanted(
            name="long",
            command=(sys.executable, "train.py", "{*}"),
            space=problem.space,
            objectives=(Objective(metric="loss"),),
            seed=7,
        )
        self.now = tune(workspace, wanted, TuneOptions(executions=2), directory=root).standing
        self.journal = workspace.journal
        self.unit, self.words = UnitSpace(problem.space), Words(self.now.search)
        self.like = {each.entry.kind: each.entry for each in self.journal.entries()}
        self.log = layout.log(workspace.directory, self.journal.origin)
        self.frontier = standing(self.log).frontier
        self._write(range(2, max(2, count - TAIL // 3)))
        self.journal.seal()
        self._write(range(max(2, count - TAIL // 3), count))

    def proposing(self):
        """The search as a command that goes on with it has it: nothing is known yet."""
        setting = Setting(root=self.root, directory=self.root, command=self.now.search.command, variables={})
        return Proposing(workspaces.find(self.root), "long", self.now.id, self.now.search, setting)

    def ran(self, tried):
        """Write the trial of a proposal as one that has ended."""
        values = dict(tried.proposed.values)
        started = self.journal.append(self._start(tried.id, values))
        self.journal.append(self._end(started.id, values))

    def _write(self, numbers):
        with open(layout.tail(self.log, standing(self.log).first), "ab") as file:
            for number in numbers:
                values, proposal = self._proposal(number)
                id = self._put(file, proposal)
                id = self._put(file, self._start(id, values))
                self._put(file, self._end(id, values))

    def _proposal(self, number):
        draws = Draws(5, number, 99)
        point = self.unit.completed([draws.uniform() for _ in self.unit.axes])
        values = self.unit.values(point)
        seen = OriginHead(origin=self.journal.origin, size=self.frontier.size, root=self.frontier.root())
        changes = {"values": tuple(values.items()), "point": point, "head": Head(origins=(seen,))}
        return values, replace(self._like("trial.proposed"), number=number, adopted=None, **changes)

    def _start(self, proposal, values):
        like = self._like("trial.started")
        intent = replace(like.intent, argv=self.words.of(values))
        return replace(like, proposal=proposal, intent=intent, hyperparameters=self._shown(values))

    def _end(self, trial, values):
        like = self._like("trial.finished")
        loss = self.problem.loss(values)
        metrics = tuple(
            replace(each, last=loss, min=loss, max=loss) if each.name == "loss" else each
            for each in like.outcome.metrics
        )
        return replace(
            like,
            trial=trial,
            recipe=Digest(os.urandom(32)),
            hyperparameters=self._shown(values),
            outcome=replace(like.outcome, metrics=metrics),
        )

    def _like(self, kind):
        return self.like[kind].payload

    def _shown(self, values):
        return hyperparameters(self.now.search.space, values)

    def _put(self, file, payload):
        entry = Entry(
            time=self.like[payload.kind].time,
            nonce=os.urandom(16),
            origin=self.journal.origin,
            payload=payload,
        )
        body = encode_entry(entry)
        leaf = leaf_hash(body)
        file.write(encode_frame(self.frontier.size, leaf, body))
        self.frontier = self.frontier.append(leaf)
        return leaf
