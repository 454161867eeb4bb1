"""What is said of a trial's hyperparameters beside their values: the same of many trials, so said once."""

import json
from functools import lru_cache
from types import MappingProxyType

from ledger.model import HyperparameterRole, HyperparameterType, Trial
from ledger.model.frozen import frozen

_KEPT = 4096
"""Forms that are not read twice."""


@frozen
class Form:
    """What is said of one hyperparameter of one trial."""

    type: HyperparameterType
    role: HyperparameterRole | None
    default: bool
    """Whether it has its value because nobody chose another one."""

    @property
    def is_seed(self) -> bool:
        """Whether it tells no configurations apart."""
        return self.role is HyperparameterRole.SEED


def of(trial: Trial) -> dict[str, Form]:
    """The forms of a trial's hyperparameters, by name, in their order."""
    return {
        each.name: Form(type=each.type, role=each.role, default=each.source == "default")
        for each in trial.hyperparameters
    }


def text(trial: Trial) -> str:
    """The forms of a trial as an index holds them."""
    found = [
        [name, str(form.type), None if form.role is None else str(form.role), form.default]
        for name, form in of(trial).items()
    ]
    return json.dumps(found, separators=(",", ":"))


@lru_cache(_KEPT)
def read(text: str) -> MappingProxyType[str, Form]:
    """The forms in such a text."""
    found = {
        name: Form(
            type=HyperparameterType(type),
            role=None if role is None else HyperparameterRole(role),
            default=default,
        )
        for name, type, role, default in json.loads(text)
    }
    return MappingProxyType(found)
