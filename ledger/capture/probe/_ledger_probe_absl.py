"""What absl's flags are after they were parsed.

The event is that of ``_ledger_probe_arguments``. Flags that absl or another installed library defined
are told only if they were given.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = {"float": float, "multi float": float, "int": int, "multi int": int}


def watch(probe: Any, module: Any) -> None:
    """Wrap the call that parses."""
    arguments = probe.part("arguments")
    home = arguments.home_of(module)

    def end(flags: Any, rest: Any) -> None:
        if rest is None or flags is None:
            return
        values = []
        for owner, defined in list(flags.flags_by_module_dict().items()):
            library = is_library(probe, owner)
            for flag in defined:
                if not library or flag.present:
                    values += entries(probe, arguments, flag)
        where = arguments.called_from(probe, home)
        arguments.tell(probe, arguments.event(str(rest[0]) if rest else "", where, values, rest[1:]))

    kind = module.FlagValues
    kind.__call__ = probe.observed(kind.__call__, lambda args, _: args[0], end)


def is_library(probe: Any, owner: str) -> bool:
    """Whether flags of this module are no affair of the program."""
    if owner.partition(".")[0] == "absl":
        return True
    file = getattr(sys.modules.get(owner), "__file__", None)
    return file is not None and bool(probe.is_library(file))


def entries(probe: Any, arguments: Any, flag: Any) -> list[dict[str, Any]]:
    """Return the values of a flag: several where it holds a configuration."""
    declared = KINDS.get(flag.flag_type())
    given = bool(flag.present)
    leaves = arguments.flat(flag.value, flag.name)
    if len(leaves) == 1 and leaves[0][0] == flag.name:
        return [arguments.entry(probe, flag.name, flag.value, declared, given, flag.default)]
    return [arguments.entry(probe, name, value, None, given) for name, value in leaves]
