"""Metrics and configurations that a program gives to another tracker: W&B, trackio, SwanLab, MLflow.

Numbers that are logged become points of the same series as those of ``ledger.log``, whatever mode the tracker
is in, before the tracker is called; what is no number (images, tables, texts) is left out. Members of nested
maps are named with dots, as W&B does. The step is the one that is given, else the tracker's own count. A
configuration becomes ``param`` events of ``ledger.record``, without a role.

A metric that a program gives to `ledger.log` and to a tracker has the points of both.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from operator import index
from os import environ, getpid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEPEST = 8
MOST_STEPS = 1 << 62
MOST_PARAMETERS = 1000
LONGEST_TEXT = 4096


class Writer:
    """Writes points and parameters of this process with the recorder's own writer."""

    def __init__(self, probe: Any) -> None:
        self.probe = probe
        self.record = record = load(probe)

        class Quiet(record._Spool):  # type: ignore[misc, name-defined]
            recording: bool

            def fail(self, error: Exception) -> None:
                """A program that did not call us is told nothing."""
                if self.recording:
                    self.recording = False
                    probe.failed("log", error)

        self.kind = Quiet
        self.spool = Quiet(environ.get("LEDGER_SPOOL"))

    def current(self) -> Any:
        """Return the files of this process, if it records."""
        spool = self.spool
        if spool.pid != getpid():
            spool = self.spool = self.kind(environ.get("LEDGER_SPOOL"))
        return spool if spool.recording else None

    def points(self, data: Any, step: Any) -> None:
        """Write the numbers of a map."""
        spool = self.spool
        if spool.pid != getpid():
            spool = self.current()
        found: dict[str, float] = {}
        flatten(data, "", found, 0)
        if found and spool is not None and spool.recording:
            spool.write(found, step if step is None or -MOST_STEPS <= step < MOST_STEPS else None)

    def parameters(self, data: Any) -> None:
        """Write the members of a configuration."""
        spool = self.current()
        if spool is None:
            return
        found: dict[str, Any] = {}
        flatten_parameters(data, "", found, 0)
        where = self.probe.where_own()
        for name, value in list(found.items())[:MOST_PARAMETERS]:
            try:
                kind = self.record._type_of(name, value)
            except (TypeError, ValueError):
                value, kind = "%s" % (value,), "categorical"
                value = value[:LONGEST_TEXT]
            shown = self.record._plain(value)
            event = {"event": "param", "name": name, "value": shown, "type": kind, "role": None}
            known = spool.seen.get(("param", name))
            if known is None or {**known, "where": None} != {**event, "where": None}:
                spool.seen[("param", name)] = event
                spool.emit({**event, "where": where})


def load(probe: Any) -> Any:
    """Load a recorder of our own: it stands two directories above, and needs the standard library only."""
    name = "_ledger_probe_record"
    module = sys.modules.get(name)
    if module is None:
        bootstrap, external = sys.modules["_frozen_importlib"], sys.modules["_frozen_importlib_external"]
        path = probe.directory.rpartition("/")[0].rpartition("/")[0] + "/record.py"
        module = bootstrap._load(external.spec_from_file_location(name, path))
    return module


def writer_of(probe: Any) -> Writer:
    """Return the one writer of this process."""
    if not hasattr(probe, "writer"):
        probe.writer = Writer(probe)
    writer: Writer = probe.writer
    return writer


def flatten(data: Any, front: str, found: dict[str, float], depth: int) -> None:
    """Collect the numbers of nested maps."""
    for name, value in data.items():
        key = front + name if type(name) is str else "%s%s" % (front, name)
        if type(value) is float and key:
            found[key] = value
            continue
        if isinstance(value, (float, int)):
            number = value
        elif hasattr(value, "items") and hasattr(value, "keys"):
            if depth < DEEPEST:
                flatten(value, key + ".", found, depth + 1)
            continue
        elif hasattr(value, "item") and all(each == 1 for each in getattr(value, "shape", (0,))):
            number = value.item()
        else:
            continue
        if key and isinstance(number, (float, int)):
            try:
                found[key] = float(number)
            except OverflowError:
                continue  # an integer beyond what a series holds


def flatten_parameters(data: Any, front: str, found: dict[str, Any], depth: int) -> None:
    """Collect the members of a nested configuration; keys that begin with _ are the tracker's."""
    for name, value in data.items():
        key = "%s%s" % (front, name)
        if key[:1] in ("_", "") or callable(value):
            continue
        if hasattr(value, "items") and hasattr(value, "keys") and depth < DEEPEST:
            flatten_parameters(value, key + ".", found, depth + 1)
        elif hasattr(value, "item") and all(each == 1 for each in getattr(value, "shape", (0,))):
            found[key] = value.item()
        else:
            found[key] = value


class Steps:
    """Counts the steps of a run as its tracker does: each call is one, unless more is to come."""

    def __init__(self) -> None:
        self.at: dict[int, int] = {}

    def next(self, run: Any, step: Any, commit: Any) -> int:
        """Return the step of a call."""
        number = id(run)
        if step is None:
            at = self.at.get(number)
            if at is None:
                at = first_step(run)
            self.at[number] = at if commit is False else at + 1
            return at
        at = index(step)
        more = commit is False or (commit is None and type(run).__module__[:5] == "wandb")
        self.at[number] = at if more else at + 1
        return at


def first_step(run: Any) -> int:
    """Return where a run goes on that was begun by another process."""
    step = getattr(run, "step", None)
    if type(step) is not int:
        step = getattr(run, "_next_step", 0)
    return step if type(step) is int else 0


def cover_log(probe: Any, kind: Any, data: str) -> None:
    """Watch the method ``log`` of a class of runs; `data` is the name of its map."""
    if "log" not in vars(kind):
        return
    writer = writer_of(probe)
    if not hasattr(probe, "steps"):
        probe.steps = Steps()
    steps = probe.steps

    def by_log(args: Any, kwargs: Any) -> None:
        given = len(args)
        values = args[1] if given > 1 else kwargs[data]
        step = args[2] if given > 2 else kwargs.get("step")
        commit = args[3] if given > 3 else kwargs.get("commit")
        if hasattr(values, "items"):
            writer.points(values, steps.next(args[0], step, commit))

    kind.log = probe.observed(kind.log, by_log)


def watch_wandb_run(probe: Any, module: Any) -> None:
    """Watch W&B's runs; those of the mode ``disabled`` are a class of their own."""
    for name in ("Run", "NoopRun"):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            cover_log(probe, kind, "data")


def watch_wandb_init(probe: Any, module: Any) -> None:
    """Watch the configurations that W&B's runs begin with."""
    writer = writer_of(probe)

    def after(_: Any, run: Any) -> None:
        if run is not None:
            writer.parameters(dict(run.config.items()))

    module.init = probe.observed(module.init, nothing, after)


def watch_wandb_config(probe: Any, module: Any) -> None:
    """Watch later changes of a configuration of W&B."""
    writer = writer_of(probe)
    kind = module.Config

    def by_item(args: Any, _: Any) -> None:
        name, value = args[1:]
        if isinstance(name, str):
            writer.parameters({name: value})

    def by_update(args: Any, kwargs: Any) -> None:
        data = args[1] if len(args) > 1 else kwargs.get("d")
        if hasattr(data, "items"):
            writer.parameters(data)

    kind.update = probe.observed(kind.update, by_update)
    kind.__setitem__ = probe.observed(kind.__setitem__, by_item)
    kind.__setattr__ = probe.observed(kind.__setattr__, by_item)


def nothing(args: Any, kwargs: Any) -> None:
    """What is to be done before a call of which only the result counts."""


def watch_trackio(probe: Any, module: Any) -> None:
    """Watch trackio's runs."""
    cover_log(probe, module.Run, "metrics")
    cover_configuration(probe, module.Run)


def watch_swanlab(probe: Any, module: Any) -> None:
    """Watch SwanLab's runs."""
    cover_log(probe, module.Run, "data")


def cover_configuration(probe: Any, kind: Any) -> None:
    """Watch a class of runs whose constructor takes a map ``config``."""
    writer = writer_of(probe)

    def by_init(_: Any, kwargs: Any) -> None:
        config = kwargs.get("config")
        if hasattr(config, "items"):
            writer.parameters(config)

    kind.__init__ = probe.observed(kind.__init__, by_init)


def watch_mlflow(probe: Any, module: Any) -> None:
    """Watch MLflow's functions, and its client for what is logged in other ways."""
    writer = writer_of(probe)
    inside: set[int] = set()

    def wrap(owner: Any, name: str, names: tuple[str, ...], take: Any, skip: int) -> None:
        def before(args: Any, kwargs: Any) -> bool:
            thread = get_ident()
            if thread in inside:
                return False
            inside.add(thread)
            given = dict(zip(names, args[skip:]))  # noqa: B905 - strict= came with 3.10
            given.update(kwargs)
            probe.guard(name, take, given)
            return True

        def after(began: Any, _: Any) -> None:
            if began:
                inside.discard(get_ident())

        if hasattr(owner, name):
            setattr(owner, name, probe.observed(getattr(owner, name), before, after))

    def metric(given: Any) -> None:
        writer.points({given["key"]: given["value"]}, stepped(given))

    def metrics(given: Any) -> None:
        writer.points(given["metrics"], stepped(given))

    def parameter(given: Any) -> None:
        writer.parameters({given["key"]: given["value"]})

    def parameters(given: Any) -> None:
        writer.parameters(given["params"])

    def batch(given: Any) -> None:
        for each in given.get("metrics") or ():
            writer.points({each.key: each.value}, each.step)
        writer.parameters({each.key: each.value for each in given.get("params") or ()})

    wrap(module, "log_metric", ("key", "value", "step"), metric, 0)
    wrap(module, "log_metrics", ("metrics", "step"), metrics, 0)
    wrap(module, "log_param", ("key", "value"), parameter, 0)
    wrap(module, "log_params", ("params",), parameters, 0)
    client = getattr(module, "MlflowClient", None)
    if client is not None:
        wrap(client, "log_metric", ("run_id", "key", "value", "timestamp", "step"), metric, 1)
        wrap(client, "log_param", ("run_id", "key", "value"), parameter, 1)
        wrap(client, "log_batch", ("run_id", "metrics", "params"), batch, 1)


def stepped(given: Any) -> int | None:
    """Return the step of a call of MLflow; None lets the recorder count where nobody does."""
    step = given.get("step")
    return None if step is None else index(step)
