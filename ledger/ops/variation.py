"""One condition of a trial, changed: from what to what, and how a replay is told."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.ops.attempt import Conditions


@frozen
class Setting:
    """What a condition is changed from."""

    trial: Trial
    recorded: Mapping[str, str]
    """Variables of the recorded environment."""
    today: Mapping[str, str]
    """The user's own variables."""
    conditions: Conditions
    """Those of the control."""
    mounted: bool
    """Whether the control runs where its root was; else it is told of its scratch directory."""
    place: Path
    """A directory that lasts until all conditions were tried."""
    cache: Path
    """One that lasts longer, and can be deleted."""

    def variable(self, name: str) -> str | None:
        """What the control has for a variable; None where it is not set."""
        return self.conditions.variables.get(name, self.recorded.get(name))


@frozen
class Variation:
    """One condition, changed."""

    before: str
    """What it is for the control, for people."""
    after: str
    """What it is changed to."""
    conditions: Conditions
    """All conditions, with this one changed."""
    still: Conditions | None = None
    """For a condition that is another one at each run: conditions that are the same each time."""


@frozen
class Condition:
    """Something that a result should not depend on."""

    name: str
    """What ``--vary`` calls it."""
    about: str
    """What it is, in a few words."""
    vary: Callable[[Setting], tuple[Variation, ...]]
    """Changes it, in one way or in several that are tried until one makes a difference; raises
    `IncomparableError` where it cannot be changed."""
    hint: str
    """What helps a result that depends on it."""
