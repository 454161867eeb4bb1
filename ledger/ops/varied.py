"""What changed conditions have shown of a trial, as values."""

from enum import StrEnum

from ledger.model import Cause, Difference, Digest, Trial, Verdict
from ledger.model.frozen import frozen


class Effect(StrEnum):
    """What a changed condition did to the result."""

    SAME = "same"
    EQUIVALENT = "equivalent"
    """Other bytes, the same content or within the tolerance."""
    DIFFERS = "differs"
    UNCLEAR = "unclear"
    """It differs in nothing but what differs from run to run anyway."""
    IMPOSSIBLE = "impossible"
    """The condition cannot be changed here, or the program could not be run to its end under it."""
    POSSIBLE = "possible"
    """Nothing ran: it could be changed here."""


@frozen
class Tried:
    """One condition, and what came of changing it."""

    condition: str
    about: str
    effect: Effect
    before: str | None = None
    """What it was; None where it could not be changed."""
    after: str | None = None
    """What it was changed to: the change that made a difference, else the last one that was tried."""
    replays: tuple[Digest, ...] = ()
    """Receipts, one for each run."""
    differences: tuple[Difference, ...] = ()
    """Between the control and the run under this condition."""
    reason: str | None = None
    """Why it is impossible or unclear, or how it was found."""
    hint: str | None = None
    """What helps."""


@frozen
class Control:
    """Runs with nothing changed, that the others are compared with."""

    verdict: Verdict
    """On the first one against the record; incomparable also of a dry run."""
    held: tuple[str, ...] = ()
    """What the record leaves to chance and all runs have alike, as ``NAME: BEFORE → AFTER``."""
    replays: tuple[Digest, ...] = ()
    differences: tuple[Difference, ...] = ()
    """Between the record and the first one."""
    causes: tuple[Cause, ...] = ()
    """Why that may be, or why it could not be run."""
    varying: tuple[Difference, ...] = ()
    """Between two runs with nothing changed: what differs from run to run."""
    ready: bool = False
    """Whether a dry run found everything that a replay needs."""


@frozen
class Varied:
    """What came of all."""

    trial: Trial
    control: Control
    tried: tuple[Tried, ...]
    mode: str
    rtol: float
    atol: float
    strict: bool

    def named(self, *effects: Effect) -> tuple[str, ...]:
        """Names of the conditions with one of these effects."""
        return tuple(each.condition for each in self.tried if each.effect in effects)

    @property
    def stable(self) -> bool:
        """Whether runs with nothing changed agree with one another."""
        return not any(each.counted for each in self.control.varying)

    @property
    def depends(self) -> tuple[str, ...]:
        """Conditions that the result depends on; with `strict`, equivalent is not enough."""
        return self.named(Effect.DIFFERS, *([Effect.EQUIVALENT] if self.strict else []))

    @property
    def summary(self) -> str:
        """All of it in a sentence."""
        if self.control.verdict is Verdict.INCOMPARABLE and not self.control.ready:
            return "it cannot be made again here, so nothing was changed"
        parts = []
        if not self.stable:
            parts.append("it does not come out the same twice, with nothing changed")
        elif self.control.verdict is Verdict.DIVERGED:
            parts.append("it does not come out as recorded, with nothing changed")
        if possible := self.named(Effect.POSSIBLE):
            parts.append(f"can be changed here: {', '.join(possible)}")
        fine = self.named(Effect.SAME, Effect.EQUIVALENT)
        if depends := self.depends:
            parts.append(f"the result depends on: {', '.join(depends)}")
            fine = tuple(name for name in fine if name not in depends)
            parts += [f"not on: {', '.join(fine)}"] if fine else []
        elif fine:
            parts.append(f"the result does not depend on: {', '.join(fine)}")
        if unclear := self.named(Effect.UNCLEAR):
            parts.append(f"it varies anyway, so that nothing is known of: {', '.join(unclear)}")
        if impossible := self.named(Effect.IMPOSSIBLE):
            parts.append(f"not tried here: {', '.join(impossible)}")
        return "; ".join(parts)
