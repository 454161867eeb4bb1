"""Many trials in a sealed log, written directly: a template of each entry, whose values are put in."""

import os
import struct
from dataclasses import replace
from itertools import cycle

import numpy as np

from ledger.journal import arrow, events, origins, pieces, state
from ledger.journal.held import HELD, MARK, RECIPE, START, Held
from ledger.journal.merkle import Frontier, leaf_hash
from ledger.journal.news import Place
from ledger.journal.pieces import Piece
from ledger.journal.positions import Logs
from ledger.journal.rows import Row
from ledger.journal.state import HeadRecord, SealedRecord, SegmentRecord
from ledger.journal.stretch import Stretch
from ledger.journal.trial_index import TrialIndex
from ledger.model import (
    CodeSnapshot,
    Digest,
    Entry,
    HealthLine,
    HealthState,
    Hyperparameter,
    HyperparameterRole,
    HyperparameterType,
    Intent,
    Interpreter,
    MetricSummary,
    Observed,
    Outcome,
    Recorded,
    Status,
    Stream,
    TrialFinished,
    TrialStarted,
    layout,
)
from ledger.model.codec import decode_entry, encode_entry
from ledger.ops import query, sparse

SEGMENT = 1 << 16
"""Trials in a segment."""

BLOCK = 4096
"""Trials of one experiment before one of the next."""

_PARTS = ("code", "environment", "wheels", "host", "command", "hyperparameters")
_PARTS += ("seeds", "inputs", "outputs", "metrics", "streams", "probe")


class Template:
    """An entry whose marked values are replaced: floats by their order, digests and the nonce by theirs."""

    def __init__(self, entry, floats, marks):
        self.body = encode_entry(entry)
        self.floats = [self._place(struct.pack(">d", value)) for value in floats]
        self.marks = [self._place(bytes(mark)) for mark in marks]

    def _place(self, mark):
        assert self.body.count(mark) == 1, mark
        return self.body.index(mark)

    def filled(self, floats, marks):
        """Bodies, with a row of floats and a list of marks each."""
        rows = np.tile(np.frombuffer(self.body, np.uint8), (len(floats), 1))
        raw = floats.astype(">f8").view(np.uint8).reshape(len(floats), -1, 8)
        for place, offset in enumerate(self.floats):
            rows[:, offset : offset + 8] = raw[:, place]
        for offset, mark in zip(self.marks, marks, strict=True):
            rows[:, offset : offset + mark.shape[1]] = mark
        return [row.tobytes() for row in rows]


def templates(origin, experiment, parameters, metrics, *, repeated, inputs=(), algorithm=None):
    """Of both entries of a trial; `repeated`: the command line shows the hyperparameters already.

    All trials read the artifacts `inputs`, and have the choice `algorithm`, if there is one.
    """
    nonce, trial, recipe, tree = os.urandom(16), os.urandom(32), os.urandom(32), Digest(os.urandom(32))
    floats = list(np.random.default_rng(7).random(parameters + 3 * metrics))
    given = tuple(
        Hyperparameter(
            name=f"{experiment}_rate{place}",
            value=floats[place],
            type=HyperparameterType.REAL,
            source="argument",
        )
        for place in range(parameters)
    )
    chosen = Hyperparameter(
        name="optimizer",
        value=algorithm,
        type=HyperparameterType.CATEGORICAL,
        role=HyperparameterRole.ALGORITHM,
        source="argument",
    )
    environment, host = Digest(os.urandom(32)), Digest(os.urandom(32))
    health = tuple(HealthLine(part=part, state=HealthState.COMPLETE) for part in _PARTS)
    started = TrialStarted(
        experiment=experiment,
        root="/home/ann/project",
        intent=Intent(
            argv=("python", "train.py", "--config", "config.yaml"),
            directory=".",
            stdin="null",
            code=((".", tree),),
            environment=environment,
            seed=None,
            parameters=(),
            inputs=(),
        ),
        code=(CodeSnapshot(name=".", tree=tree, commit="c0ffee" * 6 + "c0ff", branch="main"),),
        environment=environment,
        interpreter=Interpreter(
            executable="/home/ann/project/.venv/bin/python",
            base="/usr/bin/python3",
            version="3.11.7",
            has_ledger=True,
        ),
        host=host,
        hyperparameters=given if repeated else (),
        inputs=(),
        spool="0123456789abcdef",
        health=health[:5],
    )
    summaries = tuple(
        MetricSummary(name=f"metric{place}", last=last, min=low, max=high, count=100)
        for place, (last, low, high) in enumerate(np.reshape(floats[parameters:], (metrics, 3)).tolist())
    )
    finished = TrialFinished(
        trial=Digest(trial),
        recipe=Digest(recipe),
        recipe_complete=True,
        hyperparameters=given if algorithm is None else (*given, chosen),
        inputs=tuple(inputs),
        observed=Observed(affinity=2),
        outcome=Outcome(
            status=Status.OK,
            exit_code=0,
            metrics=summaries,
            stdout=Stream(digest=Digest.of(b""), size=0),
            started=1_700_000_000_000_000_000,
            duration_s=12.5,
            cpu_user_s=11.25,
            cpu_system_s=0.5,
            peak_memory=1 << 28,
        ),
        health=health,
    )
    entries = [
        Entry(time=1_700_000_000_000_000_000, nonce=nonce, origin=origin, payload=payload)
        for payload in (started, finished)
    ]
    return (
        Template(entries[0], floats[:parameters] if repeated else [], [nonce]),
        Template(entries[1], floats, [nonce, trial, recipe]),
    )


def write(
    ledger,
    trials,
    *,
    experiments,
    parameters,
    metrics,
    repeated=False,
    indexed=False,
    inputs=(),
    algorithms=(None,),
):
    """Write a log of whole trials, of the experiments in turn, and its index; returns the segments' bytes.

    All read `inputs`; the trials of one experiment after the other have one of `algorithms`.
    """
    origin = origins.claim(ledger)
    log = layout.log(ledger, origin)
    random = np.random.default_rng(1)
    made = [
        templates(origin, name, parameters, metrics, repeated=repeated, inputs=inputs, algorithm=algorithm)
        for name, algorithm in zip(experiments, cycle(algorithms), strict=False)
    ]
    frontier, segments = Frontier(), []
    all_ids, all_floats = [], []
    for first in range(0, trials, SEGMENT):
        rows = []
        count = min(SEGMENT, trials - first)
        for begin in range(0, count, BLOCK):
            size = min(BLOCK, count - begin)
            start, finish = made[(first + begin) // BLOCK % len(made)]
            floats = random.random((size, parameters + 3 * metrics))
            nonces = random.integers(0, 256, (2, size, 16), np.uint8)
            recipes = random.integers(0, 256, (size, 32), np.uint8)
            starts = start.filled(floats[:, : len(start.floats)], [nonces[0]])
            ids = [leaf_hash(body) for body in starts]
            names = np.frombuffer(b"".join(ids), np.uint8).reshape(size, 32)
            ends = finish.filled(floats, [nonces[1], names, recipes])
            all_ids.append(names)
            all_floats.append(floats)
            for id, body, end in zip(ids, starts, ends, strict=True):
                seq = 2 * first + len(rows)
                rows += [Row(seq, id, body), Row(seq + 1, leaf_hash(end), end)]
        frontier = frontier.extend(row.leaf for row in rows)
        path = layout.segment(log, 2 * first, 2 * first + len(rows))
        arrow.write(
            path,
            arrow.batches(rows),
            arrow.metadata(origin, 2 * first, 2 * first + len(rows), frontier.root()),
        )
        digest = Digest.of(path.read_bytes())
        segments.append(SegmentRecord(first=2 * first, end=2 * first + len(rows), digest=digest))
    sealed = SealedRecord(frontier=frontier, segments=tuple(segments))
    layout.log_sealed(log).write_bytes(state.encode_sealed(sealed))
    state.write_head(log, HeadRecord(frontier=frontier, first=2 * trials, offset=0))
    if indexed:
        parts = map(np.concatenate, (all_ids, all_floats))
        index(ledger, *parts, [first_of(each) for each in made], parameters, metrics)
    return sum(layout.segment(log, each.first, each.end).stat().st_size for each in segments)


def first_of(made):
    """The entries of a pair of templates as they are, the second about the first."""
    start, finish = (decode_entry(each.body) for each in made)
    id = leaf_hash(made[0].body)
    ended = Entry(
        time=finish.time, nonce=finish.nonce, origin=finish.origin, payload=replace(finish.payload, trial=id)
    )
    return [
        Recorded(id=id, seq=0, entry=start, body=made[0].body),
        Recorded(id=leaf_hash(made[1].body), seq=1, entry=ended, body=made[1].body),
    ]


def index(ledger, ids, floats, made, parameters, metrics):
    """Write the index of such trials, of one log, as the ledger would; `made` says whose values each has."""
    held = Held(total=len(ids), origins=origins.logs(ledger))
    every = range(len(ids))
    columns = {
        HELD: [Piece(pieces.NULL, every, np.empty(0, np.int8))],
        MARK: [Piece(pieces.INT, every, np.ascontiguousarray(ids[:, :4]).view("<i4")[:, 0])],
        START: [Piece(pieces.INT, every, np.broadcast_to(np.array([0]), len(ids)))],
        RECIPE: [Piece(pieces.INT, every, np.broadcast_to(np.array([1]), len(ids)))],
    }
    parts = {}
    for place, fold in enumerate(made):
        numbers = np.flatnonzero(np.arange(len(ids)) // BLOCK % len(made) == place).astype(np.uint32)
        trial = query.fold(fold).ordered[0]
        of = dict.fromkeys(columns)
        for key, value in sparse.described(trial, ()).items():
            if key not in of:
                (piece,) = pieces.pack([(0, value)])
                values = np.broadcast_to(piece.values, len(numbers))
                order = _place(key, trial, parameters)
                if order is not None:
                    values = floats[numbers, order]
                parts.setdefault(key, []).append(Piece(piece.kind, numbers, values, piece.table))
    columns |= {key: [pieces.joined(each)] for key, each in parts.items()}
    twice = np.repeat(np.arange(len(ids), dtype=np.uint32), 2)
    told = events.Events(twice, np.zeros(2 * len(ids), np.int64), np.arange(2 * len(ids)))
    held.add(Stretch(columns | events.columns(told)))
    trials = TrialIndex(ledger)
    with trials.writing():
        logs = Logs(ledger, frozenset())
        held.places = {
            origin: Place(seq=log.size, leaf=log.row(log.size - 1).leaf, segments=log.segments)
            for origin, log in logs.by_origin.items()
        }
        logs.close()
        trials.write(held)


def _place(key, trial, parameters):
    """Which of the floats of its row a trial has under a key."""
    space, name = key
    if space == "param":
        place = [each.name for each in trial.hyperparameters].index(name)
        return place if place < parameters else None
    if space in ("last", "min", "max"):
        metric = [each.name for each in trial.outcome.metrics].index(name)
        return parameters + 3 * metric + ("last", "min", "max").index(space)
    return None
