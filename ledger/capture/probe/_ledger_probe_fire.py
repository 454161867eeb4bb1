"""What fire made of a command line: the arguments of the functions that it calls.

The event is that of ``_ledger_probe_arguments``, one for each call that takes arguments.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def watch(probe: Any, core: Any) -> None:
    """Wrap the function that shares out the words of a call among the called one's parameters."""
    arguments = probe.part("arguments")
    home = arguments.home_of(core)

    def begin(args: Any, _: Any) -> Any:
        names, defaults, required, named, words = args[:5]
        return list(names), list(defaults or ()), required, set(named), list(words)

    def end(before: Any, result: Any) -> None:
        if before is None or result is None:
            return
        names, defaults, required, named, words = before
        parsed, more, rest, _ = result
        if not names and not more:
            return
        values, taken = [], len(words) - len(rest)
        for place, (name, value) in enumerate(zip(names, parsed)):  # noqa: B905
            given = name in named
            if not given and taken > 0:
                given, taken = True, taken - 1
            default = defaults[place - required] if place >= required else None
            values.append(arguments.entry(probe, name, value, None, given, default))
        values += [arguments.entry(probe, str(name), value, None, True) for name, value in more.items()]
        event = arguments.event("fire", arguments.called_from(probe, home), values, rest)
        arguments.tell(probe, event)

    probe.tellers = (*getattr(probe, "tellers", ()), home)  # it reads its own options by argparse
    core._ParseArgs = probe.observed(core._ParseArgs, begin, end)
