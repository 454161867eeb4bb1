"""Configuration files that a program opened without being told of them on its command line."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ledger.capture.accesses import Watched
from ledger.capture.configuration_files import SUFFIXES, ConfigurationFile, content, read
from ledger.capture.credentials import looks_like_credentials
from ledger.capture.events import Events
from ledger.capture.walk import raw
from ledger.model import Value

MOST_BYTES = 64 << 10
MOST_VALUES = 500
MOST_FILES = 32
MOST_ALIKE = 8
"""Files of one directory and suffix past which they are a data set."""
_LONGEST_LIST = 64
_LONGEST_TABLE = 32
_LEAST_VOCABULARY = 8
_OF_TOOLS = frozenset(
    {
        *("node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "cache", "caches"),
        *("mlruns", "wandb", "lightning_logs"),
    }
)
"""Directories whose files are no configuration of the program; nor are those that begin with a dot."""
_NO_NAME = (
    r"(package|composer|tsconfig|jsconfig|manifest|modules|conda|meta|pixi|logging)\.\w+"
    r"|(pyproject|ledger|poetry|cargo)\.toml|.*[.-]lock\.\w+|(docker-)?compose\.ya?ml|mkdocs\.yml|dvc\.yaml"
    r"|(metrics|results?|history|log|predictions|annotations|labels?|classes|splits?|vocab|tokenizer|merges"
    r"|added_tokens|special_tokens_map|preprocessor_config|trainer_state|all_results|train_results|eval_results"
    r"|dataset_infos?|state)([._-].*)?\.\w+|.*\.(index|schema)\.json|.*\.geojson"
)
"""Names of what tools keep, of results and of data."""
_KEY = r"[\w@+\-/$:][\w@+\-/$: ]{0,99}"
_DATA_KEYS = frozenset({"$schema", "nbformat", "dependencies", "features"})
"""Of schemas, notebooks, environments and maps."""


def from_watched(
    watched: Watched, events: Events, directory: Path, root: Path
) -> tuple[ConfigurationFile, ...]:
    """Read those among the files that a trial read; see `from_opened`."""
    read = [
        each
        for each in watched.accesses
        if each.read and each.existed and not each.executed and each.path.lower().endswith(SUFFIXES)
    ]
    if not read:
        return ()
    return from_opened(
        [os.fsdecode(raw(each.path)) for each in read],
        directory,
        root,
        composed=[path for parse in events.parses for path in parse.directories],
        copies={os.fsdecode(raw(each.path)): each.saved for each in read if each.saved},
    )


def from_opened(
    paths: Iterable[str],
    directory: Path,
    root: Path,
    *,
    composed: Iterable[str] = (),
    copies: Mapping[str, str] | None = None,
) -> tuple[ConfigurationFile, ...]:
    """Read those that look like configuration, in the order in which they were opened.

    These are JSON, TOML and YAML files beneath the root or the working directory that are small, hold a
    mapping of few values, and neither lie where tools keep theirs nor are named like results, vocabularies,
    lock files or credentials. Many of one kind in one directory are a data set. Of two that set the same
    name, the one that was opened later counts. What cannot be read is no configuration: it stays an input.

    Parameters
    ----------
    paths
        Absolute paths of the trial's inputs, the first opened first.
    directory
        Where the command started.
    root
        Top of the tree.
    composed
        Directories whose files some library composed, and told of: they are left out.
    copies
        Where the content of a path lies that was changed since.
    """
    bases = {f"{os.path.abspath(base)}/" for base in (directory, root)}
    bases |= {f"{os.path.realpath(base)}/" for base in (directory, root)}
    without = tuple(f"{os.path.normpath(each)}/" for each in composed)
    found: dict[str, str] = {}
    for path in paths:
        if path.lower().endswith(SUFFIXES):
            normal = os.path.normpath(path)
            if not normal.startswith(without) and _may_be(normal, bases):
                found.setdefault(normal, path)
    alike = Counter(map(_kind, found))
    files = []
    for normal, path in found.items():
        if alike[_kind(normal)] > MOST_ALIKE:
            continue
        held = content((copies or {}).get(path, normal), MOST_BYTES)
        if held is not None:
            file = read(_shown(normal, directory), held)
            if _is_configuration(file.values):
                files.append(file)
                if len(files) == MOST_FILES:
                    break
    return tuple(files)


def _may_be(path: str, bases: Iterable[str]) -> bool:
    base = next((each for each in sorted(bases) if path.startswith(each)), None)
    if base is None:
        return False
    if looks_like_credentials(path):
        return False
    *directories, name = path[len(base) :].split("/")
    if any(each.startswith(".") or each in _OF_TOOLS for each in (*directories, name)):
        return False
    return re.fullmatch(_NO_NAME, name, re.IGNORECASE) is None


def _kind(path: str) -> tuple[str, str]:
    return os.path.dirname(path), os.path.splitext(path)[1].lower()


def _shown(path: str, directory: Path) -> str:
    """The path as it is written from the working directory."""
    for base in (os.path.abspath(directory), os.path.realpath(directory)):
        if path.startswith(f"{base}/"):
            return path[len(base) + 1 :]
    return os.path.relpath(path, os.path.realpath(directory))


def _is_configuration(values: tuple[tuple[str, Value], ...]) -> bool:
    """Whether flat values are few, and no vocabulary, table or data set."""
    if not 0 < len(values) <= MOST_VALUES:
        return False
    tops = {name.partition(".")[0] for name, _ in values}
    if all(top.isdigit() for top in tops) or tops & _DATA_KEYS:
        return False
    for name, value in values:
        if isinstance(value, tuple) and len(value) > _LONGEST_LIST:
            return False
        for part in name.split("."):
            if not re.fullmatch(_KEY, part) or (part.isdigit() and int(part) >= _LONGEST_TABLE):
                return False
    numbers = sorted(value for _, value in values if type(value) is int)
    return len(numbers) < max(_LEAST_VOCABULARY, len(values)) or numbers not in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )
