"""What jsonargparse, and so LightningCLI, made of a command line and of its configuration files.

The event is that of ``_ledger_probe_arguments``, nested values under dotted names.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def watch(probe: Any, core: Any) -> None:
    """Wrap the methods that parse; argparse's own hook tells them which options were given."""
    arguments = probe.part("arguments")
    kind, home = vars(core).get("ArgumentParser"), arguments.home_of(core)
    if kind is None or kind.__module__ != core.__name__:
        return  # this release has its parser elsewhere

    def begin(args: Any, kwargs: Any) -> Any:
        thread = get_ident()
        if thread in probe.parses:
            return None
        probe.parses[thread] = parse = arguments.Parse(args[0], None, arguments.called_from(probe, home))
        words = args[1] if len(args) > 1 else kwargs.get("args")
        parse.given.update(words_of(sys.argv[1:] if words is None else words))
        return parse

    def end(parse: Any, result: Any) -> None:
        if parse is None:
            return
        del probe.parses[get_ident()]
        if result is None:
            return
        actions = {each.dest: each for each in parse.parser._actions}
        values = []
        for name, value in arguments.flat(result):
            if "ActionConfigFile" in type(actions.get(name)).__name__ or name.startswith("__"):
                continue  # a file, told by what it set
            short = name.replace(".init_args.", ".")
            has = any(each in (name, short) or name == each + ".class_path" for each in parse.given)
            declared = getattr(actions.get(name), "type", None)
            values.append(arguments.entry(probe, name, value, declared, has))
        arguments.tell(probe, arguments.event(parse.parser.prog, parse.where, values))

    for name in ("parse_args", "parse_object", "parse_string", "parse_path"):
        if hasattr(kind, name):
            setattr(kind, name, probe.observed(getattr(kind, name), begin, end))


def words_of(words: Any) -> set[str]:
    """Return the names of the options among words, those behind a subcommand with its name too."""
    names: set[str] = set()
    command = ""
    for word in words if isinstance(words, (list, tuple)) else ():
        if isinstance(word, str) and word.startswith("--"):
            name = word[2:].partition("=")[0].replace("-", "_")
            names.update((name, command + name))
        elif isinstance(word, str) and not command:
            command = word + "."
    return names
