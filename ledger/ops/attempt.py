"""Make a trial again in a scratch directory, from its record alone; what comes of it others judge."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ledger.capture import files, process
from ledger.capture.hyperparameters import from_argv
from ledger.capture.secrets import Secrets
from ledger.errors import IncomparableError, LedgerError, StorageError
from ledger.model import (
    Difference,
    Digest,
    Environment,
    HealthLine,
    HealthState,
    Hyperparameter,
    Observed,
    Outcome,
    Status,
    Trial,
)
from ledger.model.frozen import field, frozen
from ledger.ops import (
    abandoned,
    namespace,
    objects,
    replay_inputs,
    replay_launch,
    room,
    scratch,
    timeouts,
    whereabouts,
)
from ledger.ops.environments import Recreated
from ledger.ops.execute import Bind, Exit, Launch, execute
from ledger.ops.finish import absolute, collect
from ledger.ops.leavings import Leavings
from ledger.ops.namespace import NamespaceError
from ledger.ops.place import Place
from ledger.ops.traits import Traits
from ledger.workspace import Workspace

Progress = Callable[[str], None]

STEPS = ("restoring the code", "comparing")
"""What the progress of every attempt begins and ends with."""
_SHARED = ("/tmp", "/var/tmp", "/dev", "/proc", "/run")
"""Where every program may write."""
_CLOSE = ("tracer", "outer")
"""Ways of watching that see what every program writes."""
_NAMESPACES = (
    "the kernel has to allow user namespaces (sysctl kernel.unprivileged_userns_clone=1;"
    " user.max_user_namespaces, and of a container its seccomp profile, may refuse them too)"
)


@frozen
class Conditions:
    """Under which conditions a trial is made again; by default the recorded ones."""

    env: str = "recreate"
    """``recreate``: the recorded environment, made again; ``current``: today's."""
    maps: tuple[tuple[str, str], ...] = ()
    """(old, new): where an input from outside the root lies now."""
    timeout: float | None = None
    """Seconds after which the command is ended."""
    network: bool = True
    """Whether it may reach beyond its own loopback."""
    hostname: str | None = None
    """What it takes this machine's name for; None for its own."""
    secrets: tuple[str, ...] = ()
    """Names of the user's secrets that it is given where others say what is run; else it has all it names."""
    elsewhere: bool = False
    """Whether it is told of the scratch directory itself, rather than finding it where its root was."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Set in its environment above the recorded ones."""
    traits: Traits = Traits()
    """What it is given of what a process hands down."""
    scratch: Path | None = None
    """Where its scratch directory is to lie, and nothing yet does; None for a new one each time."""

    def __post_init__(self) -> None:
        timeouts.check(self.timeout, "--timeout")


@frozen
class Made:
    """What came of it."""

    outcome: Outcome
    observed: Observed
    drift: tuple[Difference, ...]
    """How the environment differs from the recorded one."""
    absent: tuple[str, ...]
    """Paths of the tree that were recorded without content, and were not there."""
    recreated: bool
    """Whether the environment was made again."""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    health: tuple[HealthLine, ...] = ()
    """Of what was collected."""
    protected: bool = False
    """Whether it could not write outside of its root, where nobody saw what the trial wrote."""
    cramped: str | None = None
    """Why it may have lacked room on the disk."""


@frozen
class Begun:
    """A trial of its own that has begun in the record, for an attempt that is one."""

    trial: Digest
    spool: Path
    lock: int
    """Descriptor that says that it is alive, held by whoever records its streams."""


class Attempt:
    """One try; what it has learned so far is kept, so that a receipt can be written wherever it stops.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        The one to make again.
    conditions
        How.
    today
        The user's own variables.
    progress
        Takes a line for each step.
    begin
        Called when all is there and the command is about to start; None for what is no trial of its own.
    """

    def __init__(
        self,
        workspace: Workspace,
        trial: Trial,
        conditions: Conditions,
        today: Mapping[str, str],
        progress: Progress,
        begin: Callable[[], Begun] | None = None,
    ) -> None:
        self.begin = begin
        self.workspace, self.trial, self.conditions = workspace, trial, conditions
        self.today, self.progress = dict(today), progress
        self.used: Environment | None = None
        """The Environment that was used; None where it was not reached."""
        self.drift: tuple[Difference, ...] = ()

    def make(self) -> Made:
        """Make the trial again.

        Raises
        ------
        IncomparableError
            If it cannot be made again.
        """
        made = self._with_all(dry=False)
        if made is None:
            raise ValueError("nothing ran")
        return made

    def check(self) -> None:
        """Have all that a trial needs, but run nothing.

        Raises
        ------
        IncomparableError
            If it cannot be made again.
        """
        self._with_all(dry=True)

    def _with_all(self, *, dry: bool) -> Made | None:
        can_be_made(self.trial)
        recorded = self._load(self.trial.environment, Environment)
        with room.explained(), abandoned.directory(at=self.conditions.scratch) as place:
            # 1. The tree as it was.
            self.progress(STEPS[0])
            tree, around = self._empty_tree(place)
            absent = self._restore(place, tree)

            # 2. The environment.
            env = self.conditions.env
            made = replay_launch.environment(
                self.trial, recorded, place, self.workspace, env, self.today, self.progress
            )
            self.used = made.environment
            self.drift = made.differences

            # 3. The inputs.
            binds, filled = replay_inputs.provide(
                self.workspace,
                self.trial,
                tree,
                place / "outside",
                dict(self.conditions.maps),
                replay_launch.prefixes(self.trial, made) if env == "recreate" else None,
                around,
            )
            if dry:
                return None

            # 4. The command.
            done = self._run(place, tree, made, recorded, binds)
            return replace(done, absent=tuple(path for path in absent if path not in filled))

    def _load(self, digest: Digest, kind: type[Environment]) -> Environment:
        loaded = objects.load(self.workspace.store, kind, digest, "environment")
        if loaded.noun is None:
            reason = loaded.problem.reason if loaded.problem else "not there"
            raise IncomparableError(
                "its record is damaged", cause=reason, hint="ledger verify names the damage"
            )
        return loaded.noun

    def _empty_tree(self, place: Path) -> tuple[Path, Path | None]:
        if self.trial.inputs or self.conditions.elsewhere:
            mounted = not self.conditions.elsewhere
            return scratch.empty_tree(place, Path(self.trial.root), mounted=mounted)
        tree = place / "tree"
        tree.mkdir()
        return tree, None

    def _restore(self, place: Path, tree: Path) -> list[str]:
        absent: list[str] = []
        trees: list[Digest] = []
        try:
            for snapshot in self.trial.code:
                into = tree if snapshot.name == "." else place / "code" / snapshot.name.replace("/", "-")
                into.mkdir(parents=True, exist_ok=True)
                own = [digest for digest in (snapshot.tree, snapshot.products) if digest is not None]
                trees += own
                spare = (snapshot.products,) if self.trial.recipe_complete else ()
                missing, _ = scratch.restore(self.workspace.store, own, into, spare=spare)
                absent += missing if snapshot.name == "." else []
        except LedgerError as error:
            told = ": ".join(filter(None, [error.message, error.cause]))
            hint = error.hint if isinstance(error, StorageError) else "ledger verify names the damage"
            again = None if isinstance(error, StorageError) else whereabouts.made_again(self.workspace, trees)
            raise IncomparableError(
                "its code cannot be restored",
                cause=f"{again[0]}: {told}" if again else told,
                hint=again[1] if again else hint,
            ) from error
        return absent

    def _run(
        self, place: Path, tree: Path, made: Recreated, recorded: Environment, binds: tuple[Bind, ...]
    ) -> Made:
        begun = self.begin() if self.begin is not None else None
        trial = self.trial if begun is None else replace(self.trial, id=begun.trial)
        conditions = self.conditions
        stand = scratch.placed(
            tree, Path(self.trial.root), self.trial.intent.directory, mounted=not conditions.elsewhere
        )
        stand = replay_launch.with_interpreter(stand, self.trial, made, self.conditions.env)
        stand = replay_launch.with_maps(stand, self.trial, self.conditions.maps)
        spool = seen = place / "spool"
        seen.mkdir()
        if begun is not None:
            spool = begun.spool
            if stand.binds:  # which hides what lies in the root, as the ledger may
                binds = (*binds, Bind(source=str(spool), target=str(seen)))
            else:
                seen = spool
        launch = replay_launch.launch(
            trial,
            stand,
            seen,
            place,
            made,
            recorded,
            self.today,
            self.workspace.store,
            given=conditions.secrets if self.workspace.foreign else None,
        )
        launch = replace(
            launch,
            spool=str(spool),
            timeout=conditions.timeout,
            binds=(*launch.binds, *binds),
            network=conditions.network,
            hostname=conditions.hostname,
            writable=_writable(self.trial, stand, place, spool, launch.variables),
            traits=conditions.traits,
            variables={**launch.variables, **conditions.variables},
            keep_fds=() if begun is None else (begun.lock,),
        )
        stand = replace(stand, before=files.scan(tree, frozenset({tree / ".ledger"})))
        self.progress(f"running: {shlex.join(self.trial.intent.argv)}")
        if begun is None:
            self.workspace.store.release()  # it may run for days; its receipt puts what it needs
        try:
            end = execute(launch)
        except NamespaceError as error:
            raise IncomparableError(
                "it cannot be run under these conditions here",
                cause=error.cause or error.message,
                hint=_NAMESPACES if conditions.network else f"leave --no-network out; or: {_NAMESPACES}",
            ) from error
        if end.timed_out:
            raise IncomparableError(
                "it did not end in time",
                cause=f"--timeout: {conditions.timeout:g} s are over",
                hint="give it more time, or leave --timeout out",
            )
        cramped = room.lacking(place, [spool / "stderr", spool / "stdout"])
        self.progress(STEPS[1])
        collected = collect(self.workspace.store, self._leavings(stand, spool, end, launch))
        for line in collected.health:
            if line.part in ("outputs", "metrics") and line.state is HealthState.ABSENT:
                raise IncomparableError(
                    f"its {line.part} could not be kept, and so not be compared",
                    cause=line.reason,
                    hint="free some room, or mend what the reason says, then replay again",
                )
        return Made(
            outcome=collected.outcome(end),
            observed=collected.observed,
            drift=made.differences,
            absent=(),
            recreated=conditions.env == "recreate",
            protected=launch.writable is not None,
            hyperparameters=collected.hyperparameters,
            health=collected.health,
            cramped=cramped,
        )

    def _leavings(self, stand: Place, spool: Path, end: Exit, launch: Launch) -> Leavings:
        argv = self.trial.intent.argv
        recorded = self.trial.outcome.outputs if self.trial.outcome else ()
        # What was declared as an output counts as one here too, even where it came out as it was before.
        declared = [each.path for each in recorded if (stand.root / each.path).exists()]
        return Leavings(
            spool=spool,
            root=stand.root,
            skip=frozenset({stand.root / ".ledger"}),
            before=stand.before,
            secrets=Secrets.find(launch.argv, launch.variables),
            raw=from_argv(argv, stand.seen_as(stand.directory), self.workspace.config.hyperparameters),
            parameters=self.trial.intent.parameters,
            interpreter=self.trial.interpreter,
            placing=process.placing_variables(launch.variables),
            declared=absolute(declared, stand.root),
            streams=end.streams,
            ended_ns=end.started_ns + int(end.duration_s * 1e9),
            killed=end.signal is not None,
            metrics=self.workspace.config.metrics,
        )


def _writable(
    trial: Trial, stand: Place, place: Path, spool: Path, variables: Mapping[str, str]
) -> tuple[str, ...] | None:
    """Where a replay may write, if nobody saw where the trial wrote: a file of the user's may be there."""
    seen = trial.observed.watching if trial.observed else None
    if seen in _CLOSE or namespace.available() is not None:
        return None
    home = variables.get("HOME")
    named = [variables.get(name) for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")]
    named.append(f"{home}/.cache" if home else None)
    own = (str(place), str(spool), *(bind.target for bind in stand.binds))
    return (*own, *(each for each in named if each), *_SHARED)


def can_be_made(trial: Trial) -> Outcome:
    """The outcome of a trial that can be made again, as far as its record alone tells.

    Raises
    ------
    IncomparableError
        If it cannot.
    """
    outcome = trial.outcome
    if outcome is None or outcome.status is Status.LOST:
        state = "is still running" if outcome is None else "was lost: its recorder died"
        raise IncomparableError(
            "there is nothing to compare with",
            cause=f"trial {trial.id.short} {state}",
            hint=f"run it anew: ledger show {trial.id.short} has its command",
        )
    outside = [each.path for each in outcome.outputs if each.path.startswith("/")]
    if outside:
        raise IncomparableError(
            "it wrote outside of its root, where a replay would overwrite your files",
            cause=f"outputs: {', '.join(outside[:3])}",
            hint="let the program write beneath its root, then record it again",
        )
    if not Path(trial.intent.directory).is_absolute():
        return outcome
    raise IncomparableError(
        "it was started outside of its root",
        cause=f"its working directory was {trial.intent.directory}",
        hint="start it in its project's directory, then record it again",
    )
