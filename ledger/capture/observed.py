"""What was observed while a trial ran, from what its processes said."""

from ledger.capture.events import Events, Process
from ledger.model import Interpreter, Observed

_MOST_INTERPRETERS = 100
_STOPPED = "ledger.stopped_at"


def observed(
    events: Events,
    *,
    affinity: int,
    variables: tuple[tuple[str, str], ...] = (),
    known: Interpreter | None = None,
) -> Observed:
    """Return what is only known after the run.

    Parameters
    ----------
    events
        Of the trial's processes.
    affinity
        Processors that the trial was allowed to use.
    variables
        Those that place a trial.
    known
        The Python that the command was found to use.
    """
    return Observed(
        affinity=affinity,
        interpreters=_interpreters(events.processes, known),
        threads=events.threads,
        libraries=tuple(sorted(events.libraries)),
        seeded=events.seeded,
        entropy=events.entropy,
        variables=tuple(sorted(variables)),
        processes=len(events.processes),
        settings=_settings(events),
    )


def stopped_at(seen: Observed | None) -> int | None:
    """The step at which a search told the program to stop; None where none did."""
    text = dict(seen.settings).get(_STOPPED) if seen is not None else None
    try:
        return None if text is None else int(text)
    except ValueError:
        return None  # of a record that somebody else wrote


def _settings(events: Events) -> tuple[tuple[str, str], ...]:
    told = () if events.stopped is None else ((_STOPPED, str(events.stopped)),)
    return tuple(sorted((*events.settings, *told)))


def _interpreters(processes: tuple[Process, ...], known: Interpreter | None) -> tuple[Interpreter, ...]:
    found: dict[Interpreter, None] = {}
    for each in processes:
        if each.executable and len(found) < _MOST_INTERPRETERS:
            same = known is not None and (known.executable, known.version) == (each.executable, each.version)
            found[known if known and same else _interpreter(each)] = None
    return tuple(found)


def _interpreter(process: Process) -> Interpreter:
    base = process.executable
    if process.base_prefix is not None and process.base_prefix != process.prefix:
        short = ".".join(process.version.split(".")[:2])
        base = f"{process.base_prefix}/bin/python{short}"
    # Whether `import ledger` works there, only a look at its files could tell.
    return Interpreter(executable=process.executable, base=base, version=process.version, has_ledger=False)
