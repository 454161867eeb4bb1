"""The words of a trial's command, from a search's template and the values to try."""

import json
from collections.abc import Mapping, Sequence

from ledger.model import Value
from ledger.model.search import Search
from ledger.tune.space.conditions import decided
from ledger.tune.template import Template

FILE = ".ledger-params.json"
"""What ``{params}`` is the path of: a file in the trial's copy of the working directory."""


def is_file(path: str) -> bool:
    """Whether a path is that of such a file."""
    return path.rpartition("/")[2] == FILE


class Words:
    """A search's command, as each of its trials has it.

    Parameters
    ----------
    search
        The search.
    words
        Its command, secrets filled in; as it is recorded by default.

    Raises
    ------
    UsageError
        If the command names what is not there, or a parameter is named by no word.
    """

    def __init__(self, search: Search, words: Sequence[str] | None = None) -> None:
        names = [each.name for each in search.space.parameters]
        self._template = Template(
            search.command if words is None else words, names, deciding=decided(search.space)
        )
        self._seed = search.seed if search.trial_seed is None else search.trial_seed
        self._space = search.space

    def of(self, values: Mapping[str, Value], seed: int | None = None) -> tuple[str, ...]:
        """The command of a trial, with a seed of its own or the search's."""
        return self._template.arguments(values, seed=self._seed if seed is None else seed, file=FILE)

    def file(self, values: Mapping[str, Value]) -> bytes | None:
        """Content of the file that it names; None where it names none."""
        if not self._template.uses_file:
            return None
        ordered = {each.name: values[each.name] for each in self._space.parameters if each.name in values}
        return (json.dumps(ordered, ensure_ascii=False, indent=2) + "\n").encode()
