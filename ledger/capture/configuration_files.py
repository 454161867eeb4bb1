"""Configuration files that a command line names: JSON, TOML, YAML, as flat names and values."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.capture.credentials import looks_like_credentials
from ledger.capture.spooled_lines import LONGEST_TEXT, clean
from ledger.model import Value

if TYPE_CHECKING:
    import yaml

MOST_BYTES = 1_000_000
MOST_VALUES = 2_000
_MOST_FILES = 20
_MOST_NODES = 20_000
_MOST_EVENTS = 100_000
_DEEPEST = 32
SUFFIXES = (".json", ".toml", ".yaml", ".yml")


class _Unfit(Exception):
    """A file that is no configuration; the text says why."""


class ConfigurationFile(NamedTuple):
    """One file, read."""

    path: str
    """As the command line names it."""
    values: tuple[tuple[str, Value], ...]
    """Dotted names."""
    problem: str | None = None
    """Why it has no values."""


def named(arguments: Iterable[str], directory: Path) -> tuple[ConfigurationFile, ...]:
    """Read the files that arguments name: a word, or what stands behind its ``=``.

    Files over 1 MB are data, and left alone; so are those whose names say that they hold credentials.
    """
    found: dict[str, ConfigurationFile] = {}
    for argument in arguments:
        for word in (argument, argument.partition("=")[2]):
            if not word.lower().endswith(SUFFIXES) or looks_like_credentials(word):
                continue
            if word not in found and len(found) < _MOST_FILES:
                held = content(os.path.join(directory, word))
                if held is not None:
                    found[word] = read(word, held)
    return tuple(found.values())


def content(path: str, most: int = MOST_BYTES) -> bytes | None:
    """Bytes of a regular file that has at most `most`; None for anything else."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        with open(path, "rb") as file:
            return file.read(most)
    except (OSError, ValueError):
        return None  # no file that this user can read: the word means something else


def read(path: str, content: bytes) -> ConfigurationFile:
    """Read what a file holds, by the suffix of its name; never an error."""
    suffix = path.lower().rpartition(".")[2]
    try:
        text = content.decode("utf-8-sig")
        document = {"json": _json, "toml": _toml}.get(suffix, _yaml)(text)
        if not isinstance(document, dict):
            return ConfigurationFile(path=path, values=())  # a list or a text: data
        return ConfigurationFile(path=path, values=tuple(_Flat().of(document)))
    except RecursionError:
        problem = "it is nested too deep"
    except (_Unfit, ValueError) as error:
        problem = " ".join(str(error).split())[:200]
    return ConfigurationFile(path=path, values=(), problem=f"{path} was not read: {problem}")


def _json(text: str) -> Any:
    import json

    return json.loads(text)


def _toml(text: str) -> Any:
    import re
    import tomllib

    if re.search(r"""(?:[\w"'-]++\s*+\.\s*+){64}""", text):
        raise _Unfit("it is nested too deep")  # tomllib takes quadratic time for such keys
    return tomllib.loads(text)


def _yaml(text: str) -> Any:
    import yaml

    loader_of: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_shape(yaml, text, loader_of)
        loader = loader_of(text)
        try:
            root = loader.get_single_node()
            return None if root is None else _Built(yaml=yaml, loader=loader).of(root, 0)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _Unfit(str(error)) from error


def _check_shape(yaml: Any, text: str, loader: Any) -> None:
    """Refuse what would be too deep or too large, before anything is built of it."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _Unfit("it is nested too deep")
        if count > _MOST_EVENTS:
            raise _Unfit(f"it has more than {MOST_VALUES} values")


class _Built:
    """Values of a YAML document, aliases followed only as far as a configuration would need it."""

    def __init__(self, *, yaml: Any, loader: Any) -> None:
        self.yaml = yaml
        self.loader = loader
        self.nodes = 0

    def of(self, node: "yaml.Node", depth: int) -> Any:
        self.nodes += 1
        if self.nodes > _MOST_NODES or depth > _DEEPEST:
            raise _Unfit("its aliases make it too large")
        if isinstance(node, self.yaml.SequenceNode):
            return [self.of(each, depth + 1) for each in node.value]
        if isinstance(node, self.yaml.MappingNode):
            return self._mapping(node, depth)
        return self._scalar(node)

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                below = self.of(value, depth + 1)
                for each in reversed(below if isinstance(below, list) else [below]):
                    merged.update(each if isinstance(each, dict) else {})
            else:
                own[str(self.of(key, depth + 1))] = self.of(value, depth + 1)
        return merged | own

    def _scalar(self, node: Any) -> Any:
        try:
            value = self.loader.construct_object(node)
        except (self.yaml.YAMLError, ValueError):
            return str(node.value)
        if isinstance(value, str) and not node.style:
            return _real(value)  # YAML 1.1 holds 1e-3 to be a text
        return value


def _real(text: str) -> float | str:
    if len(text) > 40 or not text[-1:].isdigit() or "e" not in text.lower():
        return text
    try:
        return float(text)
    except ValueError:
        return text


class _Flat:
    """Leaves of nested maps and lists, each under its dotted name."""

    def __init__(self) -> None:
        self.nodes = 0
        self.leaves = 0

    def of(self, document: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Value]]:
        self.nodes += 1
        if depth > _DEEPEST:
            raise _Unfit("it is nested too deep")
        if isinstance(document, dict):
            children = [(str(key), each) for key, each in document.items()]
        elif isinstance(document, list) and any(isinstance(each, dict | list) for each in document):
            children = [(str(place), each) for place, each in enumerate(document)]
        else:
            self.leaves += 1
            yield clean(name)[:LONGEST_TEXT], _value(document)
            children = []
        if self.leaves > MOST_VALUES or self.nodes > _MOST_NODES:
            raise _Unfit(f"it has more than {MOST_VALUES} values")
        for key, each in children:
            yield from self.of(each, f"{name}.{key}" if name else key, depth + 1)


def _value(document: Any) -> Value:
    if isinstance(document, list):
        if len(document) > MOST_VALUES:
            raise _Unfit(f"it has more than {MOST_VALUES} values")
        return tuple(_value(each) for each in document)
    if document is None or isinstance(document, bool | float):
        return document
    if isinstance(document, int) and -(1 << 63) <= document < 1 << 64:
        return document
    text = document.isoformat() if hasattr(document, "isoformat") else str(document)
    return clean(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")
