"""The command of a trial: words with ``{name}`` → arguments.

===========  =============================================================================================
``{name}``   the value: a number in its shortest form that reads as itself again, text as it is, ``true``,
             ``false``, ``null``, a list as JSON. A word that names a parameter without a value is left out,
             and the ``-option`` directly in front of it too
``{name*}``  the values of name1, name2, … as far as they have one: an argument each where the word is nothing
             else, joined by commas inside of a word; with none, left out like a parameter without a value
``{*}``      every parameter with a value that no other word names, as ``--name value``; as a whole word only
``{params}`` path of a JSON file with all of them
``{seed}``   the trial's seed
``{{ }}``    braces
===========  =============================================================================================
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from ledger.errors import UsageError
from ledger.model import Value
from ledger.model.frozen import frozen
from ledger.tune.space.near import nearest

RESERVED: Final = ("params", "seed")
"""What ``{…}`` means beside parameters."""
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@frozen
class _Word:
    """One word, as a list of texts and names."""

    pieces: tuple[tuple[bool, str], ...]
    """Whether it is a name, and the name or the text."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it names, ``units*`` as such."""
        return tuple(text for is_name, text in self.pieces if is_name)

    @property
    def only(self) -> str | None:
        """The one name of which it consists; None where there is more."""
        return self.pieces[0][1] if len(self.pieces) == 1 and self.pieces[0][0] else None


class Template:
    """A command that was checked against the parameters.

    Parameters
    ----------
    words
        The command.
    parameters
        Names of all parameters of the space.
    deciding
        Of each parameter that decides whether others have a value: those others. Where the command names one
        of them, it need not name what decides.
    seeds
        Whether each trial has a seed.

    Raises
    ------
    UsageError
        If a word names what is not there, or a parameter is named by no word.
    """

    def __init__(
        self,
        words: Sequence[str],
        parameters: Iterable[str],
        *,
        deciding: Mapping[str, Collection[str]] | None = None,
        seeds: bool = True,
    ) -> None:
        self._parameters = tuple(parameters)
        self._words = tuple(_word(each) for each in words)
        self._seeds = seeds
        for name in self._parameters:
            if name in RESERVED:
                raise UsageError(
                    f"a parameter that is called {name}",
                    cause=f"{{{name}}} in a command means something else: {_meaning(name)}",
                    hint=f"choose another name, such as {name}_",
                )
        for text, word in zip(words, self._words, strict=True):
            self._check(text, word)
        named = {name for word in self._words for each in word.names for name in self._named(each)}
        self._rest = tuple(name for name in self._parameters if name not in named)
        every = {each for word in self._words for each in word.names}
        silent = [name for name in self._rest if not named & {*(deciding or {}).get(name, ())}]
        if silent and not every & {"*", "params"}:
            first = silent[0]
            raise UsageError(
                "a parameter that the command does not use",
                cause=f"no word of the command names {', '.join(silent)}",
                hint=f"add: --{first} {{{first}}}, or {{*}} for all that have no word of their own",
            )
        self.uses_file = "params" in every
        """Whether it names the JSON file."""
        self.uses_seed = "seed" in every
        """Whether it names the seed."""

    def arguments(self, values: Mapping[str, Value], *, seed: int | None, file: str) -> tuple[str, ...]:
        """The command of one trial.

        Parameters
        ----------
        values
            Of the parameters that have one.
        seed
            Of the trial; None where it has none.
        file
            Path of the JSON file.
        """
        texts = {"params": file, "seed": None if seed is None else str(seed)}
        found: list[str] = []
        option: int | None = None  # place of an option directly in front, of which this may be the value
        for word in self._words:
            made = self._made(word, values, texts)
            if made is None:
                if option is not None:
                    del found[option:]
                option = None
                continue
            found += made
            option = len(found) - 1 if _is_option(word) else None
        return tuple(found)

    def _made(
        self, word: _Word, values: Mapping[str, Value], texts: Mapping[str, str | None]
    ) -> list[str] | None:
        """The arguments of a word; None where it names what has no value."""
        if word.only == "*":
            return [
                text
                for name in self._rest
                if name in values
                for text in (f"--{name}", rendered(values[name]))
            ]
        if word.only is not None and word.only.endswith("*"):
            return [rendered(values[each]) for each in self._named(word.only) if each in values] or None
        parts = []
        for is_name, text in word.pieces:
            part = self._text(text, values, texts) if is_name else text
            if part is None:
                return None
            parts.append(part)
        return ["".join(parts)]

    def _text(self, name: str, values: Mapping[str, Value], texts: Mapping[str, str | None]) -> str | None:
        if name in texts:
            return texts[name]
        if name.endswith("*"):
            return ",".join(rendered(values[each]) for each in self._named(name) if each in values) or None
        return rendered(values[name]) if name in values else None

    def _named(self, name: str) -> list[str]:
        """The parameters that a name stands for."""
        if not name.endswith("*"):
            return [name] if name in self._parameters else []
        numbers = {
            int(each[len(name) - 1 :]): each
            for each in self._parameters
            if each.startswith(name[:-1]) and re.fullmatch(r"\d+", each[len(name) - 1 :], re.ASCII)
        }
        return [numbers[each] for each in sorted(numbers)] if name != "*" else []

    def _check(self, text: str, word: _Word) -> None:
        for name in word.names:
            if name == "*":
                if word.only is None:
                    raise UsageError(
                        "{*} inside of a word",
                        cause=f"it stands for several arguments, got {text}",
                        hint="let it be a word of its own: -- python train.py {*}",
                    )
            elif name == "seed" and not self._seeds:
                raise UsageError(
                    "{seed} without a seed", cause=f"no trial of this search has one, got {text}"
                )
            elif name not in RESERVED and not self._named(name):
                what = "no parameters are called so, with a number behind" if name.endswith("*") else ""
                raise UsageError(
                    f"an unknown name in the command: {{{name}}}",
                    cause=f"{what or 'no parameter is called so'}, in {text}",
                    hint=f"{nearest(name, [*self._parameters, *RESERVED])}; for braces: {{{{{name}}}}}",
                )


def rendered(value: Value) -> str:
    """How a value is given to a program."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return float.__repr__(value)  # numpy's own floats name their type
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _word(text: str) -> _Word:
    pieces: list[tuple[bool, str]] = []
    position = 0
    for match in _PIECE.finditer(text):
        pieces.append((False, text[position : match.start()]))
        mark = match.group()
        if mark in ("{", "}"):
            raise UsageError(
                "a brace that stands alone",
                cause=f"{mark} at character {match.start() + 1} of {text}",
                hint=f"{{name}} for a parameter, {mark * 2} for a brace",
            )
        pieces.append((False, mark[0]) if mark in ("{{", "}}") else (True, match.group(1).strip()))
        position = match.end()
    pieces.append((False, text[position:]))
    return _Word(pieces=_joined(pieces))


def _joined(pieces: Iterable[tuple[bool, str]]) -> tuple[tuple[bool, str], ...]:
    """Texts that stand beside each other as one, and none that is empty."""
    found: list[tuple[bool, str]] = []
    for is_name, text in pieces:
        if not is_name and found and not found[-1][0]:
            found[-1] = (False, found[-1][1] + text)
        elif is_name or text:
            found.append((is_name, text))
    return tuple(found)


def _is_option(word: _Word) -> bool:
    """Whether the next word can be its value: ``-o`` and ``--option``, but neither ``--`` nor ``-o=1``."""
    text = "".join(text for _, text in word.pieces)
    return not word.names and re.fullmatch(r"--?[^\W\d][^=]*", text) is not None


def _meaning(name: str) -> str:
    return "the trial's seed" if name == "seed" else "the path of a file with all parameters"
