"""Why a result may have come out otherwise: what was observed that can do that, the likeliest first."""

from collections.abc import Callable, Iterator

from ledger.model import Cause, Difference, Entropy, Host, Observed
from ledger.model.frozen import frozen
from ledger.ops.differences import changed_first
from ledger.ops.unrecorded_variables import VARIABLE

_SHOWN = 3
_UNGOVERNED = ("os.", "secrets", "uuid.", "random.SystemRandom")
"""How the names of generators begin that take all from the operating system."""
_THREADS = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "openmp": "OMP_NUM_THREADS"}
_NO_SETTINGS = (".features", ".version", "_seed")
"""How names end of what the processor, the environment and seeds tell."""
_HASH_SEED = "python.hash_seed"
_CLOCK, _PROCESS, _WORKERS = "clock", "process", "workers"
"""As generators, for whose uses the code is searched."""


@frozen
class Evidence:
    """What is known of the two executions, beside their results."""

    drift: tuple[Difference, ...] = ()
    """How the environment differs from the recorded one."""
    recreated: bool = False
    """Whether it was made again, so that what drifted is not to be had as it was."""
    seen: Observed | None = None
    """At the trial."""
    now: Observed | None = None
    """At its replay."""
    hosts: tuple[Host, Host] | None = None
    """Where it ran, and where it ran now, if both are known."""
    absent: tuple[str, ...] = ()
    """Paths of the tree that were recorded without content, and were not there at the replay."""
    unrecorded: str | None = None
    """Why the record of its inputs is not complete, if so."""
    problems: tuple[str, ...] = ()
    """What of the record could not be read."""
    protected: bool = False
    """Whether the replay could not write outside of its root, which the trial may have done unseen."""
    root: str = ""
    """Where the trial ran; places in it are told relative to it."""
    suspect: Callable[[str], str | None] = lambda _: None
    """Finds the line of the code that may use a generator, the clock, workers, the id of a process or a
    variable."""
    failure: str | None = None
    """What it said last at its replay, if that failed as the trial did not."""


def causes(evidence: Evidence) -> tuple[Cause, ...]:
    """What can have made the difference: environment, machine, chance, inputs; if not, what is possible.

    In front of them stands what a command itself said when it failed.

    What was not observed to differ is only named where nothing else was: it explains any result. Packages
    that came in another build, or are new, rarely change one, and do not hide it.
    """
    drifted, others = tuple(_environment(evidence)), (*_machine(evidence), *_draws(evidence))
    differed = (*drifted, *others)
    lacking = (*_inputs(evidence), *_damage(evidence), *_protection(evidence))
    failed = tuple(_failure(evidence))
    told = others or any(map(_is_telling, evidence.drift))
    possible = _variable(evidence) if failed else () if told else _possible(evidence)
    return (*failed, *differed, *lacking, *possible) or (_NOTHING,)


_NOTHING = Cause(
    cause="nothing that was observed explains it",
    evidence="environment, machine, threads, seeds and inputs were the same",
    hint="ledger replay REF --vary all finds what it depends on, -n 5 what varies by itself",
)


def _failure(evidence: Evidence) -> Iterator[Cause]:
    """A program that failed says itself why, and has not come to make the rest."""
    if evidence.failure is not None:
        yield Cause(
            cause="the command failed this time",
            evidence=evidence.failure,
            hint="what it needs and its record does not have: ledger run --input PATH … records a file",
        )


def _environment(evidence: Evidence) -> Iterator[Cause]:
    drift = evidence.drift
    if drift:
        more = f" and {len(drift) - _SHOWN} more" if len(drift) > _SHOWN else ""
        yield Cause(
            cause="the environment is not the recorded one",
            evidence="; ".join(map(_drifted, changed_first(drift)[:_SHOWN])) + more,
            hint="this is what the indexes have: UV_INDEX=URL or UV_FIND_LINKS=DIRECTORY names another"
            if evidence.recreated
            else "ledger replay --env recreate makes the recorded one again",
        )


def _is_telling(drift: Difference) -> bool:
    return drift.expected is not None and drift.expected != drift.got


def _drifted(each: Difference) -> str:
    if each.expected == each.got and each.detail is not None:
        return f"{each.path} {each.expected}: {each.detail}"
    expected, got = ("none" if side is None else side for side in (each.expected, each.got))
    return f"{each.path}: {expected} → {got}"


def _machine(evidence: Evidence) -> Iterator[Cause]:
    seen, now = evidence.seen, evidence.now
    if seen and now:
        counts = [{each.api: each.threads for each in side.threads} for side in (seen, now)]
        for api in sorted(counts[0].keys() & counts[1].keys()):
            if counts[0][api] != counts[1][api]:
                name = _THREADS.get(api)
                yield Cause(
                    cause="another number of threads, which changes the order of sums",
                    evidence=f"{api}: {counts[0][api]} then, {counts[1][api]} now",
                    hint=f"set {name}={counts[0][api]}" if name else "give it as many",
                )
        if seen.affinity != now.affinity:
            yield Cause(
                cause="another number of processors",
                evidence=f"{seen.affinity} then, {now.affinity} now",
                hint=f"taskset -c 0-{seen.affinity - 1} ledger replay … gives it as many",
            )
        settings = dict(seen.settings), dict(now.settings)
        changed = [
            f"{name}: {settings[0][name]} → {settings[1][name]}"
            for name in sorted(settings[0].keys() & settings[1].keys())
            if settings[0][name] != settings[1][name] and not name.endswith(_NO_SETTINGS)
        ]
        if changed:
            yield Cause(
                cause="libraries with other settings",
                evidence="; ".join(changed[:_SHOWN]),
                hint="set them in the program, or by the variables that were set then",
            )
    if evidence.hosts is not None:
        yield from _hardware(*evidence.hosts)


def _hardware(then: Host, now: Host) -> Iterator[Cause]:
    flags = set(then.cpu_flags), set(now.cpu_flags)
    if (then.machine, then.cpu) != (now.machine, now.cpu) or flags[0] != flags[1]:
        parts = [f"{then.cpu} then, {now.cpu} now"]
        for word, missing in (("missing now", flags[0] - flags[1]), ("new", flags[1] - flags[0])):
            if missing:
                parts.append(f"{', '.join(sorted(missing)[:_SHOWN])} {word}")
        yield Cause(
            cause="another processor, on which numeric libraries take other paths",
            evidence="; ".join(parts),
            hint="replay it on one like it, or allow a tolerance: --rtol, or ledger replay -n 5",
        )
    gpus = [tuple(each.name for each in side.gpus) for side in (then, now)]
    if gpus[0] != gpus[1] or then.driver != now.driver:
        shown = [
            f"{', '.join(names) or 'none'} (driver {side.driver})"
            for names, side in zip(gpus, (then, now), strict=True)
        ]
        yield Cause(
            cause="another accelerator or driver",
            evidence=f"{shown[0]} then, {shown[1]} now",
            hint="replay it on one like it, or allow a tolerance: --rtol, or ledger replay -n 5",
        )


def _draws(evidence: Evidence) -> Iterator[Cause]:
    for each in sorted(evidence.seen.entropy, key=_is_vague)[:_SHOWN] if evidence.seen else ():
        cause, hint = _about(each.generator)
        yield Cause(cause=cause, evidence=_drew(each, evidence.root, evidence.suspect), hint=hint)


def _is_vague(entropy: Entropy) -> bool:
    return entropy.where is None


def _about(generator: str) -> tuple[str, str]:
    """What is wrong with a draw, and what to do."""
    if generator.startswith(_UNGOVERNED):
        return "randomness that no seed governs", "draw from a generator that is seeded in its place"
    if " (seeded from the " in generator:
        return "a generator with another seed each time", "give the program a fixed seed"
    return "a generator without a seed", "seed it in the program, or record with: ledger run --seed 1 …"


def _drew(entropy: Entropy, root: str, suspect: Callable[[str], str | None]) -> str:
    place = None if entropy.where is None else entropy.where.removeprefix(f"{root}/")
    if entropy.generator.endswith(")") and place is not None:  # it says why itself
        return f"{entropy.generator} at {place}"
    if place is not None:
        return f"{entropy.generator} drew fresh entropy at {place}"
    name = entropy.generator.removesuffix(" (used by libraries only)")
    if name != entropy.generator:
        return f"libraries drew from the global generator of {name}, which was never seeded"
    line = suspect(entropy.generator)
    where = f"the first line that uses it is {line}" if line else "at an unknown place"
    return f"the global generator of {entropy.generator} was never seeded; {where}"


def _inputs(evidence: Evidence) -> Iterator[Cause]:
    if evidence.unrecorded is not None:
        yield Cause(
            cause="an input that is not in its record",
            evidence=f"inputs: {evidence.unrecorded}",
            hint="name what it reads: ledger run --input PATH …; --input - is standard input",
        )
    if evidence.absent:
        yield Cause(
            cause="files were recorded without their content",
            evidence=", ".join(evidence.absent[:_SHOWN]),
            hint="name what the program reads: ledger run --input PATH …",
        )


def _protection(evidence: Evidence) -> Iterator[Cause]:
    if evidence.protected:
        yield Cause(
            cause="files outside of the root, if it wrote any: there it could only read",
            evidence="the trial was recorded without seeing what every program wrote, so yours are protected",
            hint="record it with its files watched: ledger run without --no-trace",
        )


def _damage(evidence: Evidence) -> Iterator[Cause]:
    for problem in evidence.problems:
        yield Cause(cause="a record is damaged", evidence=problem, hint="ledger verify")


def _possible(evidence: Evidence) -> Iterator[Cause]:
    yield from _variable(evidence)
    yield from _workers(evidence)
    yield from _order(evidence)
    yield from _clock(evidence)
    yield from _process(evidence)


def _variable(evidence: Evidence) -> Iterator[Cause]:
    """A replay has the recorded variables alone."""
    read = evidence.suspect(VARIABLE)
    if read is not None:
        name = read.rpartition(" ")[2]
        yield Cause(
            cause="a variable that is not in its record, if it was set",
            evidence=read,
            hint=f'to record it: variables = ["{name}"] beneath [environment] in ledger.toml',
        )


def _workers(evidence: Evidence) -> Iterator[Cause]:
    """They race, and one that is killed does not tell what it drew."""
    line = evidence.suspect(_WORKERS)
    if line is not None:
        yield Cause(
            cause="workers: the order in which they end, or what they draw without a seed of their own",
            evidence=f"{line} starts some",
            hint="take their results in a fixed order, and seed each of them: ledger run --seed 1 …",
        )


def _order(evidence: Evidence) -> Iterator[Cause]:
    """Sets of text come in another order in each Python process that is given no hash seed."""
    seen = evidence.seen
    if seen is not None and dict(seen.settings).get(_HASH_SEED) == "random":
        yield Cause(
            cause="the order of sets, if the program goes through one of text",
            evidence="PYTHONHASHSEED was not set: each process has an order of its own",
            hint="ledger replay REF --vary hashseed tells; sorted(…) or ledger run --seed 1 … cures it",
        )


def _clock(evidence: Evidence) -> Iterator[Cause]:
    line = evidence.suspect(_CLOCK)
    if line is not None:
        yield Cause(
            cause="the clock, if what it says gets into a result",
            evidence=f"{line} asks for the time",
            hint="keep it out of outputs, or call the metric something with time in its name",
        )


def _process(evidence: Evidence) -> Iterator[Cause]:
    line = evidence.suspect(_PROCESS)
    if line is not None:
        yield Cause(
            cause="the id of the process, if it gets into a result",
            evidence=f"{line} asks for it",
            hint="keep it out of outputs, or write it as pid=N",
        )
