"""Whether two runs of a program left the same, what is known to vary aside."""

import fnmatch
import re

from .catalogue import Program
from .running import Ran


def differences(program: Program, a: Ran, b: Ran) -> list[str]:
    """What differs between two runs: exit code, streams, files; each in words."""
    found = []
    if a.exit_code != b.exit_code:
        found.append(f"exit code: {a.exit_code} and {b.exit_code}")
    for name in ("stdout", "stderr"):
        one, other = (_masked(program, getattr(run, name)) for run in (a, b))
        if one != other:
            found.append(f"{name}: {_parting(one, other)}")
    ones, others = (_by_masked_path(program, run.files) for run in (a, b))
    found += [f"file {path} is missing from one" for path in sorted(ones.keys() ^ others.keys())]
    for path in sorted(ones.keys() & others.keys()):
        if any(fnmatch.fnmatchcase(path, each.path) for each in program.unequal):
            continue
        one, other = (_masked(program, each[path]) for each in (ones, others))
        if one != other:
            found.append(f"file {path}: {_parting(one, other)}")
    return found


def masked_paths(program: Program, paths: frozenset[str]) -> list[str]:
    """Paths without what varies in them, sorted."""
    return sorted(_masked(program, path.encode("utf-8", "surrogateescape")).decode() for path in paths)


def _by_masked_path(program: Program, files: dict[str, bytes]) -> dict[str, bytes]:
    return {_masked(program, path.encode()).decode(): content for path, content in files.items()}


def _masked(program: Program, text: bytes) -> bytes:
    for mask in program.masks:
        text = re.sub(mask.pattern.encode(), mask.text.encode(), text)
    return text


def _parting(one: bytes, other: bytes) -> str:
    """Where two texts part."""
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    begin = max(0, at - 60)
    return f"{one[begin : at + 100]!r} and {other[begin : at + 100]!r}"
