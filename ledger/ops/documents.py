"""Trials as JSON documents: what ``--json`` prints, in the form of ``schemas/json/``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ledger.capture.directories import expanded, is_group, members
from ledger.errors import LedgerError
from ledger.model import (
    Artifact,
    CodeSnapshot,
    Digest,
    Environment,
    Host,
    HyperparameterRole,
    Recorded,
    Trial,
    TrialDecided,
    Unknown,
)
from ledger.model.codec import VERSION, digest_of
from ledger.model.jsonform import rfc3339, to_json, with_bytes
from ledger.ops import searches
from ledger.ops.allowances import holding
from ledger.ops.machines import Machines
from ledger.ops.note_documents import note_document
from ledger.ops.objects import Loaded, Problem, load, unique
from ledger.ops.trials import Receipt, Trials
from ledger.store.base import Store

Document = dict[str, Any]


def trial_document(trial: Trial, trials: Trials, store: Store) -> Document:
    """All that is known of one trial: the form ``trial.v1``.

    An object that is missing or damaged leaves its part null and a line in ``problems``.
    """
    environment = load(store, Environment, trial.environment, "environment")
    host = load(store, Host, trial.host, "host")
    receipts, problems = _receipts(trials.receipts.get(trial.id, ()), store)
    document = _head(trial) | {
        "parent": to_json(trial.parent),
        "children": [str(each.id) for each in trials.children(trial.id)],
        "continues": to_json(trial.continues),
        "continued": [str(each.id) for each in trials.continuations(trial.id)],
        "signal": trial.outcome.signal if trial.outcome else None,
        "directory": trial.intent.directory,
        "stdin": trial.intent.stdin,
        "root": trial.root,
    }
    # Text that may be no UTF-8 goes through with_bytes, which puts NAME_bytes beside it.
    return with_bytes(document | {"command": trial.intent.argv}) | {
        "code": _code(trial.code),
        "environment": _environment(trial.environment, environment),
        "interpreter": to_json(trial.interpreter),
        "observed": to_json(trial.observed),
        "host": _host(trial.host, host),
        "hyperparameters": hyperparameters(trial),
        "parameters": [to_json(each) for each in trial.hyperparameters],
        "seeds": _seeds(trial),
        "locks": to_json(trial.locks),
        "wheels": to_json(trial.wheels),
        "inputs": to_json(trial.inputs),
        "outputs": to_json(trial.outcome.outputs) if trial.outcome else [],
        "dropped": _dropped(trial, trials),
        "metrics": metrics(trial),
        "metric_summaries": to_json(trial.outcome.metrics) if trial.outcome else [],
        "series": to_json(trial.outcome.series) if trial.outcome else None,
        "stdout": to_json(trial.outcome.stdout) if trial.outcome else None,
        "stderr": to_json(trial.outcome.stderr) if trial.outcome else None,
        "intent": str(digest_of(trial.intent)),
        "recipe": to_json(trial.recipe),
        "recipe_complete": trial.recipe_complete,
        **_times(trial),
        "health": to_json(trial.health),
        "replays": receipts,
        "allowances": [
            {"id": str(id), **to_json(each)} for id, each in holding(trial, trials.allowances).known
        ],
        "notes": [note_document(each) for each in trials.notes.get(trial.id, ())],
        "proposal": _proposal(trial, trials),
        "reports": _reports(trial, trials),
        "problems": to_json(unique([environment.problem, host.problem, *problems])),
    }


def in_full(trial: Trial, store: Store) -> Trial:
    """The trial with each directory that stands for many files replaced by these.

    One whose list cannot be read stays; `file_counts` says so.
    """
    outcome = trial.outcome
    if outcome is not None:
        outcome = replace(outcome, outputs=_expanded(outcome.outputs, store))
    return replace(trial, inputs=_expanded(trial.inputs, store), outcome=outcome)


def file_counts(trial: Trial, store: Store) -> dict[str, int | None]:
    """How many files each directory among inputs and outputs stands for, by its digest as text.

    Returns
    -------
    dict of str to int or None
        None where the list of its files cannot be read.
    """
    counts: dict[str, int | None] = {}
    for each in (*trial.inputs, *(trial.outcome.outputs if trial.outcome else ())):
        if each.digest is not None and is_group(each):
            try:
                counts[str(each.digest)] = sum(1 for _ in members(each, store.get(each.digest)))
            except LedgerError:
                counts[str(each.digest)] = None  # damaged or gone, which the page says, and verify at length
    return counts


def host_class(host: Host) -> str:
    """What of a machine can change a result: its processor and accelerators."""
    gpus = [each.name for each in host.gpus]
    return ", ".join([f"{host.cpu} ({host.machine})", *gpus])


def log_document(chosen: Iterable[Trial], trials: Trials, store: Store) -> list[Document]:
    """Trials in their short form: ``trials.v1``."""
    machines = Machines(store)
    return [
        with_bytes(_head(trial))
        | {
            "hyperparameters": hyperparameters(trial),
            "metrics": metrics(trial),
            **_times(trial),
            "verdict": str(receipts[-1].replay.verdict) if receipts else None,
            "machines": machines.that_agreed(receipts),
            "notes": len(trials.notes.get(trial.id, ())),
        }
        for trial in chosen
        for receipts in [[each for each in trials.receipts.get(trial.id, ()) if each.plain]]
    ]


def entry_document(recorded: Recorded) -> Document:
    """An entry, every field written out: the form ``entry.v1``."""
    entry = recorded.entry
    payload = entry.payload
    return {
        "id": str(recorded.id),
        "seq": recorded.seq,
        "v": VERSION,
        "kind": entry.kind,
        "time": rfc3339(entry.time),
        "nonce": entry.nonce.hex(),
        "origin": entry.origin.hex(),
        "seen": to_json(entry.seen),
        "data": to_json(payload.data if isinstance(payload, Unknown) else payload),
    }


def hyperparameters(trial: Trial) -> Document:
    """Values by name."""
    return {to_json(each.name): to_json(each.value) for each in trial.hyperparameters}


def metrics(trial: Trial) -> Document:
    """Last values by name."""
    return {to_json(each.name): to_json(each.last) for each in trial.outcome.metrics} if trial.outcome else {}


def _expanded(artifacts: Iterable[Artifact], store: Store) -> tuple[Artifact, ...]:
    found: list[Artifact] = []
    for each in artifacts:
        try:
            found += list(expanded((each,), store.get))
        except LedgerError:
            found.append(each)
    return tuple(found)


def _head(trial: Trial) -> Document:
    return {
        "id": trial.id,
        "name": trial.name,
        "experiment": trial.experiment,
        "message": trial.message,
        "tags": list(trial.tags),
        "status": trial.status,
        "exit_code": trial.outcome.exit_code if trial.outcome else None,
    }


def _times(trial: Trial) -> Document:
    names = ("duration_s", "cpu_user_s", "cpu_system_s", "peak_memory")
    outcome = trial.outcome
    return {
        "started": rfc3339(trial.started),
        **{name: to_json(getattr(outcome, name)) if outcome else None for name in names},
    }


def _code(snapshots: tuple[CodeSnapshot, ...]) -> Document | None:
    if not snapshots:
        return None
    return {**to_json(snapshots[0]), "others": [to_json(each) for each in snapshots[1:]]}


def _environment(digest: Digest, loaded: Loaded[Environment]) -> Document:
    noun = loaded.noun
    if noun is None:
        names = ("python", "implementation", "platform", "packages", "distributions", "variables")
        return {"digest": str(digest), **dict.fromkeys(names)}
    return {
        "digest": str(digest),
        "python": noun.python,
        "implementation": noun.implementation,
        "platform": noun.platform,
        "packages": {each.name: each.version for each in noun.distributions},
        "distributions": to_json(noun.distributions),
        "variables": with_bytes({to_json(name): value for name, value in noun.variables}),
    }


def _host(digest: Digest, loaded: Loaded[Host]) -> Document:
    names = Host.__dataclass_fields__
    return {"digest": str(digest), **(to_json(loaded.noun) if loaded.noun else dict.fromkeys(names))}


def _seeds(trial: Trial) -> Document:
    observed = trial.observed
    return {
        "enforced": trial.intent.seed,
        "named": {to_json(name): value for name, value in trial.intent.seeds},
        "hyperparameters": {
            to_json(each.name): to_json(each.value)
            for each in trial.hyperparameters
            if each.role is HyperparameterRole.SEED
        },
        "seeded": to_json(observed.seeded) if observed else [],
        "entropy": to_json(observed.entropy) if observed else [],
    }


def _proposal(trial: Trial, trials: Trials) -> Document | None:
    """What of a search it tries, each value with its domain."""
    proposed = None if trial.proposal is None else trials.proposals.get(trial.proposal)
    if proposed is None:
        return None
    search = searches.definition(trials.experiments.get(proposed.search))
    parameters = {each.name: each for each in search.space.parameters} if search else {}
    return {
        "id": str(trial.proposal),
        "search": str(proposed.search),
        "number": proposed.number,
        "source": str(proposed.source),
        "sampler": search.sampler if search else None,
        "version": search.version if search else None,
        "objectives": to_json(search.objectives) if search else [],
        "values": [
            {
                "name": to_json(name),
                "value": to_json(value),
                "domain": to_json(parameters[name].domain) if name in parameters else None,
                "condition": to_json(parameters[name].condition) if name in parameters else None,
            }
            for name, value in proposed.values
        ],
        "point": to_json(proposed.point),
        "head": {"size": proposed.head.size, "origins": to_json(proposed.head.origins)},
    }


def _reports(trial: Trial, trials: Trials) -> list[Document]:
    """What it reported at rungs, and what the scheduler of its search made of that."""
    decided: dict[int, list[TrialDecided]] = {}
    for made in trials.decisions.get(trial.id, ()):
        decided.setdefault(made.rung, []).append(made)
    found = []
    for each in trials.reports.get(trial.id, ()):
        made_here = decided.get(each.rung, [])
        decision = made_here[0] if made_here else None
        later = [each.head.size for each in made_here[1:] if not each.stop]
        found.append(
            {
                "rung": each.rung,
                "step": each.step,
                "value": to_json(each.value),
                "decision": None if decision is None else "stop" if decision.stop else "go",
                "head": None if decision is None else decision.head.size,
                "promoted": later[0] if later else None,
            }
        )
    return found


def _dropped(trial: Trial, trials: Trials) -> list[Document]:
    """Outputs whose content was let go of."""
    end = trials.ends.get(trial.id)
    return [
        {"digest": str(digest), "reason": each.reason, "time": rfc3339(each.time)}
        for each in (trials.dropped.get(end, ()) if end is not None else ())
        for digest in sorted(each.digests)
    ]


def _receipts(receipts: Iterable[Receipt], store: Store) -> tuple[list[Document], list[Problem | None]]:
    documents, problems = [], []
    for each in receipts:
        host = load(store, Host, each.replay.host, "replays")
        problems.append(host.problem)
        documents.append(
            {
                "id": str(each.id),
                "verdict": str(each.replay.verdict),
                "time": rfc3339(each.time),
                "host": to_json(host.noun.hostname) if host.noun else None,
                "host_class": host_class(host.noun) if host.noun else None,
                "mode": each.replay.mode,
                "strict": each.replay.strict,
                "differences": sum(difference.counted for difference in each.replay.differences),
                "varied": to_json(each.replay.varied),
            }
        )
    return documents, problems
