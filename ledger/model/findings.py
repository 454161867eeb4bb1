"""What a check has to say: health lines, findings, differences, causes, verdicts."""

from enum import StrEnum
from typing import Any

from ledger.model.frozen import frozen


class HealthState(StrEnum):
    """How much of a part was recorded."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"


@frozen
class HealthLine:
    """What a record has of one part."""

    part: str
    """code, environment, wheels, host, command, hyperparameters, seeds, inputs, outputs, metrics, streams,
    probe."""
    state: HealthState
    """Complete, partial or absent."""
    reason: str | None = None
    """What is missing and why; None when complete."""


class Verdict(StrEnum):
    """What a replay has shown."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIVERGED = "diverged"
    INCOMPARABLE = "incomparable"


@frozen
class Difference:
    """One thing that is not the same on two sides."""

    part: str
    """hyperparameters, seeds, code, environment, inputs, metrics, outputs, exit_code, streams, …"""
    path: str
    """Which one: a file's path, a metric's name, a distribution, …"""
    expected: Any
    """The recorded value; None where there was none."""
    got: Any
    """The other value; None where there is none."""
    detail: str | None = None
    """How they differ, in a few words."""
    counted: bool = True
    """Whether the verdict counts it (clock metrics and streams are only reported)."""


@frozen
class Cause:
    """Why a replay may have come out otherwise."""

    cause: str
    """In one line."""
    evidence: str
    """What was observed."""
    hint: str
    """What to do."""


@frozen
class Finding:
    """Something that verify holds to be wrong."""

    what: str
    """Kind of damage, such as ``object.damaged`` or ``journal.frame``."""
    where: str
    """Which object, file or entry."""
    expected: str | None = None
    """What the record says."""
    got: str | None = None
    """What was found."""
    trials: tuple[str, ...] = ()
    """Ids of the trials it belongs to."""


@frozen
class Notice:
    """Something worth knowing about a healthy ledger; it never changes an exit code."""

    what: str
    """Kind, such as ``recipe.nondeterministic`` or ``record.partial``."""
    where: str
    """Which trial or recipe."""
    detail: str
    """In one line."""
