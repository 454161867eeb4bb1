"""Shell scripts as text: the commands in them, as far as they can be told without running them."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence

_BEFORE = frozenset(
    {"then", "do", "else", "elif", "if", "while", "until", "!", "{", "exec", "command", "time"}
)
_ENDS = frozenset(";|&()\n")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_USED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\}|([@*]))")
_BESIDE = re.compile(r"\$\(dirname (?:-- )?([^$)]+)\)")
_MOST = 1 << 18
"""Bytes of a script that are looked at."""


def script(argv: Sequence[str], directory: str) -> tuple[str, tuple[str, ...]] | None:
    """Text of the script that a shell is given, and the script's ``$0``, ``$1``, …; None if none."""
    place = 1
    while place < len(argv) and argv[place][:1] in ("-", "+") and len(argv[place]) > 1:
        word = argv[place]
        place += 1
        if word == "--":
            break
        if word.startswith("--"):
            place += word in ("--rcfile", "--init-file")
        elif "c" in word:
            rest = argv[place:]
            return (rest[0], tuple(rest[1:]) or ("",)) if rest else None
        elif word[-1] in "oO":
            place += 1
    if place >= len(argv):
        return None
    text = read(os.path.join(directory, argv[place]))
    return None if text is None else (text, tuple(argv[place:]))


def read(path: str) -> str | None:
    """A script's text; None where it cannot be read, or is none."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST)
    except OSError:
        return None
    return None if b"\0" in content else content.decode("utf-8", "surrogateescape")


class Commands:
    """The simple commands of a script, one after the other, and what holds where each of them stands.

    What a condition decides is not known: every branch is looked at. Words that only running it would tell
    keep their ``$``.
    """

    def __init__(self, directory: str, variables: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self.directory = directory
        self.variables = dict(variables)
        """Exported ones, as a program that is started now would have them."""
        self._own = {str(place): each for place, each in enumerate(arguments)}
        self._arguments = tuple(arguments[1:])

    def __call__(self, text: str) -> Iterator[tuple[str, ...]]:
        """Go through a script's text; the attributes change meanwhile."""
        for words in _simple(text):
            expanded = [each for word in words for each in self._expanded(word)]
            while expanded and expanded[0] in _BEFORE:
                expanded.pop(0)
            own: dict[str, str] = {}
            while expanded and (match := _ASSIGNED.fullmatch(expanded[0])):
                own[match[1]] = match[2]
                expanded.pop(0)
            if not expanded:
                self._own |= own
                self.variables |= {name: value for name, value in own.items() if name in self.variables}
            elif not self._builtin(expanded):
                yield (*(("env", *(f"{k}={v}" for k, v in own.items())) if own else ()), *expanded)

    def _builtin(self, words: list[str]) -> bool:
        name, first = words[0], words[1] if len(words) > 1 else ""
        if name in ("cd", "pushd"):
            if beside := _BESIDE.fullmatch(first):  # cd "$(dirname "$0")"
                first = os.path.dirname(beside[1]) or "."
            if first and "$" not in first and not first.startswith("-"):
                self.directory = os.path.normpath(os.path.join(self.directory, os.path.expanduser(first)))
        elif name in (".", "source"):
            self._source(first)
        elif name in ("export", "declare", "local", "readonly"):
            for word in words[1:]:
                match = _ASSIGNED.fullmatch(word)
                if match:
                    self._own[match[1]] = match[2]
                if name == "export" and (variable := match[1] if match else word) in self._own:
                    self.variables[variable] = self._own[variable]
        elif name == "unset":
            for word in words[1:]:
                self.variables.pop(word, None)
                self._own.pop(word, None)
        elif name in ("conda", "mamba", "micromamba") and first == "activate":
            self._conda(words[2] if len(words) > 2 else "base")
        else:
            return False
        return True

    def _source(self, file: str) -> None:
        """``source venv/bin/activate`` puts an environment in front."""
        path = os.path.join(self.directory, os.path.expanduser(file))
        place, name = os.path.split(path)
        if name == "activate" and os.path.basename(place) == "bin" and os.path.exists(path):
            self._activate(os.path.dirname(place), "VIRTUAL_ENV")

    def _conda(self, name: str) -> None:
        home = self.variables.get("MAMBA_ROOT_PREFIX")
        if self.variables.get("CONDA_EXE"):
            home = os.path.dirname(os.path.dirname(self.variables["CONDA_EXE"]))
        if "/" in name:
            prefix = os.path.join(self.directory, os.path.expanduser(name))
        else:
            prefix = (home or "") if name == "base" else f"{home}/envs/{name}"
        if home or "/" in name:
            self._activate(prefix, "CONDA_PREFIX")

    def _activate(self, prefix: str, variable: str) -> None:
        self.variables[variable] = prefix
        self.variables["PATH"] = f"{prefix}/bin{os.pathsep}{self.variables.get('PATH', os.defpath)}"
        self.variables.pop("PYTHONHOME", None)

    def _expanded(self, word: "_Word") -> tuple[str, ...]:
        """A word with the variables in it as they are; one that is nothing but ``$@`` becomes many."""
        if word.text in ("$@", "$*"):
            return self._arguments
        if word.literal or "$" not in word.text:
            return (word.text,)

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if match[4]:
                return " ".join(self._arguments)
            found = self._own.get(name, self.variables.get(name))
            return found if found else match[0] if match[3] is None and found is None else match[3] or ""

        return (_USED.sub(value, word.text),)


class _Word:
    """A word of a script, quotes taken off."""

    __slots__ = ("literal", "text")

    def __init__(self, text: str, literal: bool) -> None:
        self.text, self.literal = text, literal


def _simple(text: str) -> Iterator[list[_Word]]:
    """Simple commands: what stands between ends of lines and the signs that join commands."""
    words: list[_Word] = []
    heredoc: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        if heredoc:
            if line.strip() == heredoc[0]:
                heredoc.pop(0)
            continue
        for token in _tokens(line):
            if isinstance(token, str):
                if words:
                    yield words
                words = []
            else:
                words.append(token)
        if words:
            yield words
        words = []
        heredoc += re.findall(r"(?<!<)<<-?\s*[\"']?(\w+)", line)


def _tokens(line: str) -> Iterator["_Word | str"]:
    """Words of a line, and the signs between commands as text; redirections are left out."""
    place, text, quoted, started, skip = 0, "", False, False, False
    while place <= len(line):
        letter = line[place : place + 1]
        if letter in ("'", '"'):
            end = line.find(letter, place + 1)
            end = len(line) if end < 0 else end
            text += line[place + 1 : end]
            quoted = quoted or letter == "'"
            started, place = True, end + 1
            continue
        if letter == "\\" and place + 1 < len(line):
            text += line[place + 1]
            started, place = True, place + 2
            continue
        ends = not letter or letter in " \t" or letter in _ENDS or letter in "<>"
        if letter == "(" and text.endswith("$"):
            ends = False  # a command's output: not known
        if ends:
            stream = letter in ("<", ">") and text.isdigit()  # 2>errors.txt
            if started and not skip and not (letter and stream):
                yield _Word(text, quoted)
            skip = skip and not started
            if letter in ("<", ">"):
                skip = True
                while line[place + 1 : place + 2] in ("<", ">", "&") and line[place + 1 : place + 2]:
                    place += 1
            elif letter and letter in _ENDS:
                yield letter
                skip = False
            text, quoted, started = "", False, False
        elif letter == "#" and not started:
            break
        else:
            text += letter
            started = True
        place += 1
