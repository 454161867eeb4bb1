"""Conditions of where and as whom a program runs: names, directories, permissions, variables."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ledger.errors import IncomparableError
from ledger.ops import namespace, scratch
from ledger.ops.attempt import Conditions
from ledger.ops.traits import Traits
from ledger.ops.variation import Setting, Variation

_HOSTNAME: Final = "somewhere-else"
_USER: Final = "somebody"
_FILLER: Final = "VARIED_ENVIRONMENT"
_FILLER_BYTES: Final = 4099


def with_variables(conditions: Conditions, variables: Mapping[str, str]) -> Conditions:
    """The conditions with more variables set."""
    return replace(conditions, variables={**conditions.variables, **variables})


def hostname(setting: Setting) -> tuple[Variation, ...]:
    """Another name of the machine."""
    reason = namespace.available()
    if reason is not None:
        raise IncomparableError(
            "the machine's name cannot be changed for one program here",
            cause=reason,
            hint="the kernel has to allow user namespaces (sysctl kernel.unprivileged_userns_clone)",
        )
    conditions = replace(setting.conditions, hostname=_HOSTNAME)
    return (Variation(before=os.uname().nodename, after=_HOSTNAME, conditions=conditions),)


def cwd(setting: Setting) -> tuple[Variation, ...]:
    """Another path of the root, and with it of the working directory."""
    root, place = Path(setting.trial.root), setting.place / "elsewhere"
    before = root if setting.mounted else (setting.conditions.scratch or setting.place) / "tree"
    conditions = replace(setting.conditions, elsewhere=True, scratch=place)
    after = scratch.elsewhere(place, root)
    return (Variation(before=str(before), after=str(after), conditions=conditions),)


def home(setting: Setting) -> tuple[Variation, ...]:
    """Another, empty, home directory."""
    path = setting.place / "home"
    path.mkdir(exist_ok=True)
    conditions = with_variables(setting.conditions, {"HOME": str(path)})
    return (Variation(before=setting.today.get("HOME", "-"), after=f"{path} (empty)", conditions=conditions),)


def user(setting: Setting) -> tuple[Variation, ...]:
    """Another user's name, as far as variables tell it."""
    conditions = with_variables(setting.conditions, {"USER": _USER, "LOGNAME": _USER})
    before = setting.today.get("USER") or setting.today.get("LOGNAME") or "not set"
    return (Variation(before=before, after=f"{_USER} (in variables)", conditions=conditions),)


def umask(setting: Setting) -> tuple[Variation, ...]:
    """Other permissions of new files."""
    now = os.umask(0o022)
    os.umask(now)
    other = 0o077 if now != 0o077 else 0o022
    conditions = replace(setting.conditions, traits=Traits(umask=other))
    return (Variation(before=f"{now:04o}", after=f"{other:04o}", conditions=conditions),)


def variables(setting: Setting) -> tuple[Variation, ...]:
    """One more variable, which moves what lies on the stack."""
    conditions = with_variables(setting.conditions, {_FILLER: "x" * _FILLER_BYTES})
    after = f"{_FILLER} added, {_FILLER_BYTES} bytes"
    return (Variation(before="the recorded ones", after=after, conditions=conditions),)
