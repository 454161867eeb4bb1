"""What must not be written down: secret values in arguments, variables and streams; files of credentials."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from ledger.capture.credentials import looks_like_credentials
from ledger.capture.secret_words import is_secret_name, secrets_in, words_of
from ledger.errors import NotFoundError
from ledger.model.frozen import field, frozen

__all__ = ["MARK", "Secrets", "looks_like_credentials", "mask_value", "refill"]

MARK = "secret:"
_STREAM = 6
"""Shortest value that is looked for inside other text; a shorter one is masked only where it stands alone."""
_BLOCK = 1 << 20
_SETTINGS = (".env", ".env.local")
"""Files that programs read variables from by themselves."""
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"


@frozen
class Secrets:
    """The secret values of one command, and the command without them."""

    argv: tuple[str, ...]
    """The command; each secret value as ``secret:NAME``, NAME being the variable to refill it from."""
    known: tuple[tuple[str, str], ...] = field(repr=False)
    """(value, NAME), longest value first."""

    @classmethod
    def find(
        cls, argv: Sequence[str], variables: Mapping[str, str], directories: Iterable[Path] = ()
    ) -> "Secrets":
        """Find the secrets of a command, of the variables that it will see, and of ``.env`` files.

        Parameters
        ----------
        argv
            The command.
        variables
            Its variables.
        directories
            Where a ``.env`` may lie that the command reads.
        """
        search = _Search(variables)
        for directory in dict.fromkeys(directories):
            for file in _SETTINGS:
                if os.path.exists(path := f"{directory}/{file}"):
                    search.settings(path)
        masked = tuple(search.words(argv))
        known = sorted(search.names.items(), key=lambda item: (-len(item[0]), item[0]))
        return cls(argv=masked, known=tuple(known))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for in a text or a stream."""
        return not self._sought()

    def also_in(self, source: Path) -> "Secrets":
        """With what is secret by its form in a file, such as a stream that is to be masked.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        from ledger.capture.printed_secrets import found_in  # once the command has ended

        more = {value: name for value, name in found_in(source).items() if value not in dict(self.known)}
        if not more:
            return self
        known = sorted([*self.known, *more.items()], key=lambda item: (-len(item[0]), item[0]))
        return Secrets(argv=self.argv, known=tuple(known))

    def mask_text(self, text: str) -> str:
        """`text` with each secret value of six characters or more as ``secret:NAME``."""
        sought = self._sought()
        if not any(value in text for value in sought):
            return text
        masked: str = _pattern(tuple(sought)).sub(lambda match: MARK + sought[match[0]], text)
        return masked

    def mask_file(self, source: Path, target: Path) -> None:
        """Copy a file with its secret values masked: in bounded memory, everything else byte for byte.

        Raises
        ------
        OSError
            If `source` cannot be read or `target` not be written.
        """
        sought = {os.fsencode(value): os.fsencode(MARK + name) for value, name in self._sought().items()}
        with open(source, "rb", buffering=0) as reading, open(target, "wb", buffering=0) as writing:
            if not sought:
                while block := reading.read(_BLOCK):
                    _write(writing.fileno(), block)
                return
            longest = max(map(len, sought))
            kept = b""
            while block := reading.read(max(_BLOCK, 2 * longest)):
                kept += block
                # A match that starts further on could be cut short here, or be a longer one.
                done, masked = _mask(kept, len(kept) - longest, sought)
                _write(writing.fileno(), masked)
                kept = kept[done:]
            _write(writing.fileno(), _mask(kept, len(kept), sought)[1])

    def _sought(self) -> dict[str, str]:
        sought: dict[str, str] = {}
        for value, name in self.known:
            if len(value) >= _STREAM:
                sought[value] = name
                if "\n" in value:  # a terminal writes a line's end as two characters
                    sought[value.replace("\n", "\r\n")] = name
        return sought


def mask_value(name: str, value: str) -> str:
    """A variable's value with what is secret in it as ``secret:NAME``."""
    if is_secret_name(name, value, variable=True):
        return MARK + _variable(name)
    for kind, secret in secrets_in(value):
        value = value.replace(secret, MARK + (_variable(name) if secret == value else kind))
    return value


def refill(argv: Iterable[str], variables: Mapping[str, str]) -> tuple[str, ...]:
    """Put today's values where a recorded command (or any recorded texts) has ``secret:NAME``.

    Raises
    ------
    NotFoundError
        If variables are not set; it names all of them.
    """
    missing: dict[str, None] = {}
    words: list[str] = []
    for word in argv:
        first, *rest = word.split(MARK)
        for each in rest:
            name = each[: len(each) - len(each.lstrip(_NAME))]
            if not name:
                first += MARK + each
            elif name in variables:
                first += variables[name] + each[len(name) :]
            else:
                missing[name] = None
        words.append(first)
    if missing:
        names = ", ".join(missing)
        raise NotFoundError(
            "the command needs secrets that are not set",
            cause=f"expected the variables {names}, which were left out of the record",
            hint="; ".join(f"export {name}=…" for name in missing) + ", then run the command again",
        )
    return tuple(words)


class _Search:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.names: dict[str, str] = {}
        for name, value in sorted(self.variables.items()):
            if is_secret_name(name, value, variable=True):
                self._name(value, name)
        for value in self.variables.values():
            self._by_form(value)

    def settings(self, path: str) -> None:
        """Take the secrets of a ``.env`` file for known."""
        from ledger.capture.printed_secrets import in_settings

        for name, value in in_settings(path):
            if is_secret_name(name, value, variable=True):
                self._name(value, name)
            self._by_form(value)

    def words(self, argv: Sequence[str]) -> list[str]:
        """The command's words, masked."""
        alone: dict[int, tuple[str, str]] = {}
        for place, word in enumerate(argv):
            self._by_form(word)
            option, equals, value = word.partition("=")
            if place and equals and not set(option) & set(" \"'{"):
                name = option.rpartition(".")[2] if not option.startswith("-") else option
                if is_secret_name(name, value, variable=False):
                    alone[place] = (option + "=", self._name(value, name))
            self._in_json(word)
        for place, (option, value) in enumerate(pairwise(argv)):
            follows = place and len(option) > 2 and option.startswith("-") and "=" not in option
            if follows and not value.startswith("--") and is_secret_name(option, value, variable=False):
                alone[place + 1] = ("", self._name(value, option))
        return [
            alone[place][0] + MARK + alone[place][1] if place in alone else self._within(place, word)
            for place, word in enumerate(argv)
        ]

    def _by_form(self, text: str) -> None:
        for name, value in secrets_in(text):
            self._name(value, name)

    def _in_json(self, word: str) -> None:
        if '":' in word or '": ' in word:
            for name, value in _json_pair().findall(word):
                if is_secret_name(name, value, variable=False):
                    self._name(value, name)

    def _within(self, place: int, word: str) -> str:
        """`word` with the known values in it masked."""
        present = [each for each in self.names if each in word and (len(each) >= _STREAM or each == word)]
        if not present:
            return word
        result, position = "", 0
        for match in _pattern(tuple(sorted(present, key=len, reverse=True))).finditer(word):
            value, end = match[0], match.end()
            rest = word[end:]
            tail = rest[: len(rest) - len(rest.lstrip(_NAME))]
            if tail:  # the name would run on into what follows: the two are one secret
                name = self._name(value + tail, f"ARGUMENT_{place}")
            else:
                name = self.names[value]
            if match.start() < position:
                continue
            result += word[position : match.start()] + MARK + name
            position = end + len(tail)
        return result + word[position:]

    def _name(self, value: str, hint: str) -> str:
        if value not in self.names:
            self.names[value] = self._free(hint, value)
        return self.names[value]

    def _free(self, hint: str, value: str) -> str:
        """A variable's name that means no other value, today or for this command."""
        name = stem = _variable(hint)
        number = 1
        taken = set(self.names.values())
        while name in taken or (name in self.variables and self.variables[name] != value):
            number += 1
            name = f"{stem}_{number}"
        return name


def _variable(hint: str) -> str:
    """The variable that an option's secret is refilled from: ``--api-key`` → ``API_KEY``."""
    name = hint.strip("-+~@")
    if name.isascii() and name.replace("_", "").isalnum() and name.isupper() and not name[0].isdigit():
        return name
    ascii_only = ["".join(letter for letter in word if letter.isascii()) for word in words_of(name)]
    return "_".join(filter(None, ascii_only)).upper() or "SECRET"


def _mask(content: bytes, end: int, sought: Mapping[bytes, bytes]) -> tuple[int, bytes]:
    """Mask the matches that start at or before `end`.

    Returns
    -------
    tuple of int and bytes
        How many bytes of `content` are dealt with, and what becomes of them.
    """
    if not any(value in content for value in sought):
        done = max(0, end + 1)
        return min(done, len(content)), content[:done]
    result: list[bytes] = []
    position = 0
    for match in _pattern(tuple(sought)).finditer(content):
        if match.start() > end:
            break
        result += (content[position : match.start()], sought[match[0]])
        position = match.end()
    done = min(max(position, end + 1), len(content))
    result.append(content[position:done])
    return done, b"".join(result)


@cache
def _pattern(values: tuple[str, ...] | tuple[bytes, ...]) -> re.Pattern:  # type: ignore[type-arg]
    """Finds the leftmost of `values`, of several at one place the longest."""
    ordered = sorted(values, key=len, reverse=True)
    joint = "|" if isinstance(ordered[0], str) else b"|"
    return re.compile(joint.join(map(re.escape, ordered)))  # type: ignore[arg-type]


@cache
def _json_pair() -> re.Pattern[str]:
    return re.compile(r'"([^"]+)"\s*:\s*"((?:[^"\\]|\\.)+)"')


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
