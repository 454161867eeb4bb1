"""What the index finds is what reading the whole journal finds, whatever is written, damaged or put there."""

import math
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.errors import LedgerError, NotFoundError
from ledger.journal import origins
from ledger.journal.local import LocalJournal
from ledger.model import (
    CodeSnapshot,
    Digest,
    HealthLine,
    HealthState,
    Hyperparameter,
    HyperparameterRole,
    HyperparameterType,
    Intent,
    MetricSummary,
    Note,
    Observed,
    Outcome,
    Status,
    Tag,
    Tombstone,
    TrialFinished,
    TrialLost,
    TrialReplayed,
    TrialStarted,
    Verdict,
    layout,
)
from ledger.ops import query, search, sparse
from ledger.ops.columns import NAMES as FIELDS
from ledger.ops.search import Question

ONE = Digest.of(b"1")
NUMBERS = st.sampled_from(
    (0, 1, -1, 3, 2**53 + 1, -(2**63), 2**63, 2**70, -(2**70), 10**40)
) | st.sampled_from((0.0, -0.0, 1.0, 0.1, 1e-300, 1e300, 2.0**53, 2.0**63, math.nan, math.inf, -math.inf))
TEXTS = st.sampled_from(
    ["", "a", "adam", "b", "é", "\udc80", "\ud7ff", "\U0001f600", "ok", "1", str(ONE), "b3:"]
)
VALUES = st.recursive(
    NUMBERS | TEXTS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)
PARAMETERS = st.sampled_from(
    ["lr", "opt", "loss", "loss.min", "seed", "odd name", "status", "param.lr", "-lr"]
)
METRICS = st.sampled_from(["loss", "acc", "loss.min", "lr", "metric.acc"])
NAMES = (
    st.sampled_from(["metric.duration_s", "los", "nothing", *sorted(FIELDS)])
    | st.sampled_from(
        [
            "lr",
            "opt",
            "loss.min",
            "seed",
            "`odd name`",
            "status",
            "param.lr",
            "param.status",
            "param.loss",
            "acc",
        ]
    )
    | st.sampled_from(
        ["metric.loss", "metric.loss.max", "acc.count", "loss.last", "metric.lr", "metric.loss.min.min"]
    )
)
LITERALS = st.one_of(
    NUMBERS.map(str),
    TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["true", "false", "2023", "2023-11-14T22:13:20.000001Z", "ok", "lost", "x", "2023-11"]),
)
TESTS = st.one_of(
    st.tuples(
        NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains", "not contains"]), LITERALS
    ).map(" ".join),
    st.tuples(NAMES, st.sampled_from(["is null", "is not null"])).map(" ".join),
    st.tuples(NAMES, st.sampled_from(["in", "not in"]), st.lists(LITERALS, min_size=1, max_size=3)).map(
        lambda each: f"{each[0]} {each[1]} ({', '.join(each[2])})"
    ),
)
FILTERS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        inner.map(lambda each: f"not ({each})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda each: f"({' '.join(each)})"),
    ),
    max_leaves=4,
)
SORTS = st.lists(
    st.tuples(st.sampled_from(["", "-"]), NAMES.map(lambda name: name.replace("`", ""))).map("".join),
    min_size=1,
    max_size=3,
).map(",".join)
QUESTIONS = st.builds(
    Question,
    experiment=st.sampled_from([None, None, None, "x", "y", "z"]),
    where=st.none() | FILTERS,
    sort=st.none() | SORTS,
    limit=st.none() | st.integers(0, 4),
)
TIMES = st.sampled_from(
    [1_700_000_000_000_000_000, 1_700_000_000_000_001_000, 1_700_000_000_000_001_999, 0, -1]
)


def hyperparameters(values):
    return tuple(
        Hyperparameter(
            name=name,
            value=value,
            type=HyperparameterType.REAL,
            role=HyperparameterRole.SEED if name == "seed" else None,
            source="argument",
        )
        for name, value in values
    )


PARAMETER_SETS = st.lists(st.tuples(PARAMETERS, VALUES), max_size=4).map(hyperparameters)
FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, float("nan"), float("inf"), 2.0**53, 1e-300])
SUMMARIES = st.lists(
    st.builds(MetricSummary, name=METRICS, last=FLOATS, min=FLOATS, max=FLOATS, count=st.integers(1, 3)),
    max_size=3,
).map(tuple)
HEALTH = st.lists(
    st.builds(HealthLine, part=st.sampled_from(["code", "probe"]), state=st.sampled_from(HealthState)),
    max_size=3,
).map(tuple)
STARTS = st.builds(
    TrialStarted,
    name=st.none() | TEXTS,
    experiment=st.sampled_from([None, "x", "y", ""]),
    message=st.none() | TEXTS,
    tags=st.lists(st.sampled_from(["best", "old"]), max_size=2).map(tuple),
    parent=st.sampled_from([None, ONE]),
    root=st.just("/r"),
    intent=st.builds(
        Intent,
        argv=st.just(("x",)),
        directory=st.just("."),
        stdin=st.just("null"),
        code=st.just(()),
        environment=st.just(ONE),
        seed=st.sampled_from([None, 1, 2**70]),
        parameters=st.just(()),
        inputs=st.just(()),
    ),
    code=st.sampled_from([(), (CodeSnapshot(name=".", tree=ONE, commit="c0ffee", dirty=True),)]),
    environment=st.just(ONE),
    interpreter=st.none(),
    host=st.just(ONE),
    hyperparameters=PARAMETER_SETS,
    inputs=st.just(()),
    spool=st.just("0"),
    health=HEALTH,
)
OUTCOMES = st.builds(
    Outcome,
    status=st.sampled_from(Status),
    exit_code=st.sampled_from([None, 0, 1]),
    metrics=SUMMARIES,
    started=st.just(0),
    duration_s=FLOATS,
    cpu_user_s=FLOATS,
    cpu_system_s=FLOATS,
    peak_memory=st.integers(0, 3),
)


def finished(trial, parameters, outcome):
    return TrialFinished(
        trial=trial,
        recipe=ONE,
        recipe_complete=True,
        hyperparameters=parameters,
        inputs=(),
        observed=Observed(affinity=1),
        outcome=outcome,
        health=(),
    )


def ended(*metrics):
    return Outcome(
        status=Status.OK,
        exit_code=len(metrics),
        metrics=metrics,
        started=0,
        duration_s=1.0,
        cpu_user_s=1.0,
        cpu_system_s=0.0,
        peak_memory=1,
    )


def told(outcome):
    try:
        found = outcome()
    except LedgerError as error:
        return type(error), str(error)
    receipts = [found.trials.receipts.get(trial.id, ()) for trial in found.chosen]
    return repr(found.chosen), found.matching, found.all, repr(receipts)


ALWAYS = (
    Question(),
    Question(where="status = running or tag in (best, far)", sort="started"),
    Question(where="not status = ok", sort="-duration_s,tag", limit=3),
    Question(experiment="x", sort="exit_code,-name"),
    Question(where="replayed = identical or machines > 1 or health = absent", sort="-replays,lacking"),
)
"""Of names that are never wrong."""


READING = search._by_reading


def not_used(trials, question, store):
    """An experiment that the index does not know is looked for among searches, too."""
    try:
        READING(trials, question, store)
    except NotFoundError:
        if question.experiment is not None:
            raise
    raise AssertionError("the index was not used")


def same(journal, question):
    with mock.patch.object(search, "_by_reading", side_effect=not_used):
        got = told(lambda: search.find(journal, question))
    assert got == told(lambda: search._by_reading(query.load(journal), question))
    return got


class SearchMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="search"))
        self.ledger = self.folder / ".ledger"
        self.elsewhere = self.folder / "elsewhere" / ".ledger"
        self.trials = [ONE]
        self.machine = "a"
        self.patches = mock.patch.object(origins, "_machine", self.named)
        self.patches.start()
        self.small = mock.patch.multiple("ledger.journal.trial_index", _IDLE=2)
        self.small.start()
        self.batch = mock.patch.object(sparse, "BATCH", 3)
        self.batch.start()
        self.journal = LocalJournal(self.ledger)

    def named(self, _):
        return self.machine

    def teardown(self):
        if hasattr(self, "folder"):
            for patch in (self.patches, self.small, self.batch):
                patch.stop()
            shutil.rmtree(self.folder)

    @rule(start=STARTS, time=TIMES)
    def start(self, start, time):
        self.trials.append(self.journal.append(start, time=time).id)

    @rule(start=STARTS, time=TIMES, outcome=OUTCOMES, parameters=PARAMETER_SETS)
    def run(self, start, time, outcome, parameters):
        self.start(start, time)
        self.finish(-1, outcome, parameters)

    @rule(place=st.integers(0, 20), outcome=OUTCOMES, parameters=PARAMETER_SETS)
    def finish(self, place, outcome, parameters):
        self.journal.append(finished(self.trials[place % len(self.trials)], parameters, outcome))

    @rule(place=st.integers(0, 20), outcome=OUTCOMES, parameters=PARAMETER_SETS)
    def lose(self, place, outcome, parameters):
        self.journal.append(
            TrialLost(
                trial=self.trials[place % len(self.trials)],
                reason="x",
                hyperparameters=parameters,
                observed=Observed(affinity=1),
                outcome=outcome,
                health=(),
            )
        )

    @rule(place=st.integers(0, 20), name=st.sampled_from(["best", "new"]), removed=st.booleans())
    def tag(self, place, name, removed):
        self.journal.append(Tag(trial=self.trials[place % len(self.trials)], name=name, removed=removed))

    @rule(place=st.integers(0, 20))
    def remove(self, place):
        self.journal.append(Tombstone(target=self.trials[place % len(self.trials)], reason="x"))

    @rule(
        place=st.integers(0, 20),
        verdict=st.sampled_from(Verdict),
        host=st.sampled_from([ONE, Digest.of(b"2")]),
        varied=st.sampled_from([(), (), ("umask: 2 → 7",)]),
    )
    def replay(self, place, verdict, host, varied):
        self.journal.append(
            TrialReplayed(
                trial=self.trials[place % len(self.trials)],
                verdict=verdict,
                differences=(),
                causes=(),
                mode="recreate",
                rtol=0.0,
                atol=0.0,
                strict=False,
                environment=None,
                host=host,
                observed=None,
                outcome=None,
                varied=varied,
            )
        )

    @rule(place=st.integers(0, 20))
    def say(self, place):
        self.journal.append(Note(trial=self.trials[place % len(self.trials)], text="x", author="ann"))

    @rule(machine=st.sampled_from("abc"))
    def move(self, machine):
        """Go on as another machine, which has an origin of its own."""
        self.machine = machine
        self.journal = LocalJournal(self.ledger)

    @rule(place=st.integers(0, 20), start=STARTS, time=TIMES, tag=st.booleans())
    def write_elsewhere(self, place, start, time, tag):
        """Another ledger, which knows of nothing here, goes on."""
        there = LocalJournal(self.elsewhere)
        self.trials.append(there.append(start, time=time).id)
        if tag:
            there.append(Tag(trial=self.trials[place % len(self.trials)], name="far"))

    @precondition(lambda self: self.elsewhere.exists())
    @rule()
    def pull(self):
        """Copy the other ledger's logs, as they are by now."""
        for origin in origins.logs(self.elsewhere):
            shutil.copytree(
                layout.log(self.elsewhere, origin), layout.log(self.ledger, origin), dirs_exist_ok=True
            )

    @rule()
    def seal(self):
        self.journal.seal()

    @rule()
    def reopen(self):
        self.journal = LocalJournal(self.ledger)

    @precondition(lambda self: layout.index(self.ledger).is_dir())
    @rule(data=st.data())
    def damage_the_index(self, data):
        names = sorted(os.listdir(layout.index(self.ledger)))
        # How many there are is chance: what is merged depends on sizes, and these on nonces.
        path = layout.index(self.ledger) / names[data.draw(st.integers(0, 20)) % len(names)]
        content = path.read_bytes()
        ways = {
            "gone": path.unlink,
            "short": lambda: path.write_bytes(content[: len(content) * 2 // 3]),
            "flipped": lambda: path.write_bytes(flipped(content, data.draw(st.floats(0, 0.999)))),
            "other": lambda: path.write_bytes(b"other bytes"),
            "empty": lambda: path.write_bytes(b""),
        }
        ways[data.draw(st.sampled_from(sorted(ways)))]()
        self.journal = LocalJournal(self.ledger)

    @rule()
    def cannot_be_written(self):
        """Ask once where the index cannot be written."""
        with mock.patch("ledger.fs.try_lock", side_effect=PermissionError):
            self.same(Question(sort="lr" if self.knows("lr") else None))

    def knows(self, name):
        return any(each.name == name for trial in query.load(self.journal) for each in trial.hyperparameters)

    @rule(questions=st.lists(QUESTIONS, min_size=3, max_size=8))
    def ask_much(self, questions):
        for question in questions:
            self.same(question)

    def same(self, question):
        same(self.journal, question)

    @invariant()
    def what_every_trial_has_is_as_it_was_read(self):
        if hasattr(self, "journal"):
            for question in ALWAYS:
                self.same(question)


def flipped(content, where):
    if not content:
        return b"x"
    place = int(len(content) * where)
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


TestSearch = SearchMachine.TestCase
TestSearch.settings = settings(max_examples=40, stateful_step_count=20)


KNOWN = [
    "lr",
    "param.lr",
    "metric.loss",
    "loss.min",
    "opt",
    "name",
    "tag",
    "started",
    "id",
    "exit_code",
    "dirty",
]


@st.composite
def fitting(draw):
    """A question about names that are there."""
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        name, literal = draw(st.sampled_from(KNOWN)), draw(LITERALS)
        if name == "started":
            literal = draw(st.sampled_from(["2023", "2023-11-14T22:13:20.000001Z", "2023-11-14T22:13:20"]))
        operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains", "in"]))
        parts.append(f"{name} in ({literal}, 1, 'a')" if operator == "in" else f"{name} {operator} {literal}")
    where = draw(st.sampled_from([" and ", " or "])).join(parts)
    keys = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(KNOWN)).map("".join)
    return Question(
        where=draw(st.sampled_from([where, f"not ({where})"])),
        sort=draw(st.lists(keys, min_size=1, max_size=2).map(",".join)),
        limit=draw(st.none() | st.integers(0, 3)),
    )


@pytest.mark.slow
@settings(max_examples=80)
@given(
    trials=st.lists(st.tuples(STARTS, TIMES, VALUES, VALUES, FLOATS), min_size=2, max_size=8),
    batch=st.sampled_from([2, 100]),
    questions=st.lists(fitting(), min_size=20, max_size=20),
)
def test_values_of_all_kinds_compare_and_sort_as_one_by_one(trials, batch, questions):
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(sparse, "BATCH", batch):
        journal = LocalJournal(Path(folder) / ".ledger")
        for start, time, rate, option, loss in trials:
            id = journal.append(replace(start, tags=("1",)), time=time).id
            summary = MetricSummary(name="loss", last=loss, min=loss, max=1.0, count=1)
            parameters = hyperparameters([("lr", rate), ("opt", option)])
            journal.append(finished(id, parameters, ended(summary)))
        answers = [same(journal, question) for question in questions]
    event(f"{sum(isinstance(answer[0], str) for answer in answers) // 5} of 4 answered")
