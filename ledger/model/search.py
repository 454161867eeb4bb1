"""What defines a search: all that its proposals and its trials follow from."""

from ledger.model.digest import Digest
from ledger.model.frozen import frozen
from ledger.model.space import Objective, Space
from ledger.model.trial import CodeSnapshot


@frozen
class Search:
    """A tuned experiment; it never changes, and another one begins where one of these is to be another."""

    space: Space
    objectives: tuple[Objective, ...]
    """One or more; of several, the best trials are those that none is better than in all."""
    requirements: tuple[str, ...] = ()
    """What an outcome has to meet, each a filter over metrics such as ``peak_memory < 8e9``."""
    sampler: str
    """Its name."""
    version: int
    """Of the sampler."""
    packages: tuple[tuple[str, str], ...] = ()
    """(name, version) of packages whose arithmetic its proposals come from, sorted."""
    scheduler: str | None = None
    """Which trials are stopped early, and with which options: ``asha:factor=3,min=1``; None for none."""
    scheduler_version: int | None = None
    """Of the scheduler."""
    seed: int
    """From which the sampler's random numbers are drawn; 0 to 2**63 - 1."""
    command: tuple[str, ...]
    """Words with ``{name}`` for values; secrets as ``secret:NAME``."""
    trial_seed: int | None = None
    """What seeds every generator of each trial; None where nobody asked for it."""
    code: tuple[CodeSnapshot, ...]
    """Of which every trial gets a copy; the root's own first."""
    environment: Digest
    """Of the Environment in which it began, an object."""
    directory: str = "."
    """Working directory relative to the root."""
    inputs: tuple[str, ...] = ()
    """Declared ones, as given."""
    outputs: tuple[str, ...] = ()
    """Declared ones, as given."""
    checkpoints: tuple[str, ...] = ()
    """Which outputs of a trial that was stopped another one gets that goes on from there, as given: files,
    directories, or patterns in which ``*`` stands for any text."""
    trial_timeout: float | None = None
    """Seconds after which a trial is ended, and has failed."""
    seeds: int = 1
    """With how many seeds a configuration is tried at most; 1 where all trials have the one above.

    A scheduler looks at the first trial of each only, which all have the same one.
    """
    racing: int = 0
    """Version of the rule that says which configuration is tried again; 0 where none is."""
    forked: Digest | None = None
    """The ``experiment.created`` that it goes on from; None where it began anew."""
