"""Which of the touched files are a trial's inputs and outputs: the rules in words, and their reading here.

Written from the statement of the rules alone, and from no code of the package:

* An **input** is a regular file that was there before and whose content could reach the program: it was
  opened other than to empty it, or executed.
* An **output** is a regular file that is there at the end, and that is new or holds other bytes.
* Neither are: the system's own files (data beneath /usr/share aside), what belongs to interpreters and
  installed packages, bytecode, caches and histories that software keeps for itself in the home directory,
  records of other tools (.git, .ledger), and files that a library makes in /tmp for itself.
* No input is source code in the root: that is the code's record.
* No output are the settings of tools in the home directory, which they write by themselves at the first use.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from .strace import Log

SYSTEM = ("/proc", "/dev", "/sys", "/run", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc")
SYSTEM_STATE = ("/var/lib", "/var/cache", "/var/run", "/var/log")
SHARED_DATA = ("/usr/share/dict",)
"""What beneath /usr/share is data; here only what the programs of the catalogue could read."""
SOURCES = frozenset(
    {".py", ".ipynb", ".sh", ".bash", ".r", ".c", ".cc", ".cpp", ".h", ".hpp", ".pl", ".m", ".mk"}
)
TOOLS = frozenset({".git", ".hg", ".svn", ".ledger", "__pycache__", ".ipynb_checkpoints"})
HOME_OWN = (
    *(
        ".cache/matplotlib",
        ".cache/fontconfig",
        ".local/share/jupyter",
        ".jupyter/migrated",
    ),
    *(f".ipython/profile_default/{name}" for name in ("history.sqlite", "db", "log", "pid", "security")),
)
"""What the programs of the catalogue keep there for themselves: font lists, histories, connections."""
HOME_SETTINGS = (".ipython", ".jupyter", ".config")
"""Where they have their settings."""


@dataclass(frozen=True)
class Before:
    """What was there when the program started."""

    root: Path
    home: Path
    files: dict[str, bytes]
    """Real path → content, of the regular files beneath root and home."""
    executable: frozenset[str]
    """Those that the owner may execute."""
    prefixes: tuple[str, ...]
    """Real paths of the interpreters' and environments' directories."""
    started: float
    """Seconds since the epoch."""


def look(root: Path, home: Path, prefixes: tuple[str, ...], started: float) -> Before:
    """Look at the root and the home directory."""
    files, executable = {}, set()
    for base in (root, home):
        for path in regular(base):
            files[path] = Path(path).read_bytes()
            if os.stat(path).st_mode & 0o100:
                executable.add(path)
    return Before(root, home, files, frozenset(executable), prefixes, started)


def regular(base: Path) -> list[str]:
    """The real paths of the regular files beneath a directory, other tools' records aside."""
    found = []
    for directory, names, files in os.walk(os.path.realpath(base)):
        names[:] = sorted(set(names) - TOOLS)
        for name in sorted(files):
            path = f"{directory}/{name}"
            if stat.S_ISREG(os.lstat(path).st_mode):
                found.append(path)
    return found


def inputs(log: Log, before: Before) -> set[str]:
    """The real paths of the inputs that a log shows."""
    found = set()
    for touch in log.touches.values():
        path = os.path.realpath(touch.path)
        out = (touch.read or touch.executed) and _was_there(path, touch.made, before)
        if out and is_data(path, before) and not _is_code(path, before):
            found.add(path)
    return found


def outputs(log: Log, before: Before) -> set[str]:
    """The real paths of the outputs that a log shows."""
    found = set()
    for touch in log.touches.values():
        path = os.path.realpath(touch.path)
        if not touch.written or any(_beneath(path, f"{before.home}/{each}") for each in HOME_SETTINGS):
            continue
        if is_data(path, before) and os.path.isfile(path) and _differs(path, before):
            found.add(path)
    return found


def is_data(path: str, before: Before) -> bool:
    """Whether a file may be an input or an output, by where it is."""
    parts = path.split("/")
    if TOOLS.intersection(parts) or path.endswith((".pyc", ".pyo")):
        return False
    if _beneath(path, str(before.root)):
        return True
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    if any(_beneath(path, each) for each in before.prefixes):
        return False
    if any(_beneath(path, each) for each in SHARED_DATA):
        return True
    if any(_beneath(path, each) for each in (*SYSTEM, *SYSTEM_STATE)):
        return False
    return not any(_beneath(path, f"{before.home}/{each}") for each in HOME_OWN)


def _is_code(path: str, before: Before) -> bool:
    if not _beneath(path, str(before.root)):
        return False
    name = os.path.basename(path)
    return Path(name).suffix.lower() in SOURCES or name == "Makefile" or path in before.executable


def _was_there(path: str, made: bool, before: Before) -> bool:
    if _beneath(path, str(before.root)) or _beneath(path, str(before.home)):
        return path in before.files
    if made or not os.path.isfile(path):
        return False  # it is gone: made and removed again, or no regular file
    return os.stat(path).st_ctime < before.started


def _differs(path: str, before: Before) -> bool:
    if path in before.files:
        return Path(path).read_bytes() != before.files[path]
    if _beneath(path, str(before.root)) or _beneath(path, str(before.home)):
        return True
    return os.stat(path).st_ctime >= before.started


def _beneath(path: str, base: str) -> bool:
    return path == base or path.startswith(base.rstrip("/") + "/")
