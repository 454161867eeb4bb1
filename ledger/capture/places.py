"""What a file is by the place where it lies: data, or a library's, the system's or a cache's own affair.

Pure: paths go in, no file is looked at.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ledger.capture.leftovers import is_made_up
from ledger.capture.place_names import (
    CACHE_VARIABLES,
    CACHES,
    COPIES_IN_CACHE,
    IN_CACHE,
    IN_HOME,
    IN_TEMPORARY,
    PERSONAL,
    RUNNERS,
    SETTINGS,
    SETTINGS_VARIABLES,
    SOFTWARE,
    SOURCE_NAMES,
    SOURCES,
    TOOLS,
    WHOLE_IN_TEMPORARY,
)
from ledger.model.frozen import frozen

_NONE: Final = 0
"""Nobody's data: the kernel's files, caches, other tools' records, installed software."""
_DATA: Final = 1
_SHARE: Final = 2
"""Beneath it, what is not some software's own is data."""
_OPTIONAL: Final = 3
"""Data, save for programs and shared libraries."""
_TEMPORARY: Final = 4
"""Data, save for what libraries keep there."""
_HOME_CACHE: Final = 5
"""Data, save for what well-known software keeps there to be faster."""
_SETTINGS: Final = 6
"""Data to who reads it, and never a result: a tool's settings, or its own copy of a result."""

_SYSTEM: Final = (
    *("/proc", "/dev", "/sys", "/run", "/var/run", "/var/lock"),
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/boot"),
    *("/var/lib", "/var/cache", "/var/log", "/var/spool", "/nix/store", "/gnu/store", "/snap"),
)
_KINDS: Final = {
    "/": _DATA,
    **dict.fromkeys(_SYSTEM, _NONE),
    "/usr/share": _SHARE,
    "/usr/local/share": _SHARE,
    "/opt": _OPTIONAL,
    "/tmp": _TEMPORARY,
    "/var/tmp": _TEMPORARY,
}


@frozen
class Places:
    """What is where on this machine, as absolute paths without a trailing slash."""

    root: str
    """The trial's root as it is spelt; `Rules` takes its other spelling, without links."""
    prefixes: tuple[str, ...] = ()
    """Prefixes and base prefixes of the interpreters, and the directories that they import installed packages
    from; real paths, and those with links as well."""
    skip: tuple[str, ...] = ()
    """The ledger's directory, the spool, the recorder's own code."""
    repositories: tuple[str, ...] = ()
    """Other directories that were recorded as code."""
    home: str | None = None
    temporary: str | None = None
    """Directory for temporary files, where it is not /tmp."""
    cache_home: str | None = None
    """Where software keeps its caches, where that is not ~/.cache."""
    caches: tuple[str, ...] = ()
    """Other directories that only make software faster."""
    settings: tuple[str, ...] = ()
    """Other directories of tools' settings."""
    ignore: tuple[str, ...] = ()
    """Patterns of ``[inputs] ignore``, of paths from the root or absolute ones, or of directories above."""
    present: frozenset[str] = frozenset()
    """What lay under made-up names before the start, see `leftovers.present`."""

    @classmethod
    def of(
        cls,
        variables: Mapping[str, str],
        *,
        root: str,
        prefixes: Iterable[str] = (),
        skip: Iterable[str] = (),
        repositories: Iterable[str] = (),
        ignore: Iterable[str] = (),
        present: frozenset[str] = frozenset(),
    ) -> "Places":
        """Places of a command that runs with these variables; for the others see the fields."""

        def place(name: str) -> str | None:
            path = variables.get(name, "")
            return path.rstrip("/") if path.startswith("/") and path.strip("/") else None

        return cls(
            root=root,
            prefixes=tuple(prefixes),
            skip=tuple(skip),
            repositories=tuple(repositories),
            home=place("HOME"),
            temporary=place("TMPDIR"),
            cache_home=place("XDG_CACHE_HOME"),
            caches=tuple(path for name in CACHE_VARIABLES if (path := place(name)) is not None),
            settings=tuple(path for name in SETTINGS_VARIABLES if (path := place(name)) is not None),
            ignore=tuple(ignore),
            present=present,
        )

    def is_input(self, path: str) -> bool:
        """Whether a file that was read is an input, by its place alone."""
        return Rules(self).is_input(path)

    def is_output(self, path: str) -> bool:
        """Whether a file that was written is an output, by its place alone."""
        return Rules(self).is_output(path)


class Rules:
    """`Places`, with what was found out about each directory kept in mind: quick for many paths.

    Parameters
    ----------
    places
        What is where.
    real_root
        The root without links, if that is another path.
    """

    def __init__(self, places: Places, real_root: str | None = None) -> None:
        kinds = dict(_KINDS)
        home = places.home.rstrip("/") if places.home else ""
        if places.temporary:
            kinds[places.temporary] = _TEMPORARY
        if home:
            kinds.setdefault(home, _DATA)
            kinds.update((f"{home}/{name}", _SETTINGS) for name in SETTINGS)
            kinds.update((f"{home}/{name}", _NONE) for name in IN_HOME)
        for caches in (f"{home}/.cache" if home else None, places.cache_home):
            if caches:
                kinds[caches] = _HOME_CACHE
                kinds.update((f"{caches}/{name}", _SETTINGS) for name in COPIES_IN_CACHE)
                kinds.update((f"{caches}/{name}", _NONE) for name in IN_CACHE)
        for each, kind in (
            *((each, _NONE) for each in places.caches),
            *((each, _SETTINGS) for each in places.settings),
        ):
            # Some point such a variable at /tmp itself, or at the home directory: other things lie there too.
            if kinds.get(each, _SETTINGS) in (_NONE, _SETTINGS):
                kinds[each] = kind
        for directory in [each for each, kind in kinds.items() if kind == _TEMPORARY]:
            kinds.update((f"{directory}/{name}", _NONE) for name in WHOLE_IN_TEMPORARY)
        for prefix in places.prefixes:
            # A prefix of the whole system (/usr) has rules of its own, and none may swallow a home.
            if prefix not in _KINDS and prefix and not _beneath(prefix, home or "/"):
                kinds[prefix] = _NONE
        for repository in places.repositories:
            kinds[repository] = _DATA
        self._roots = [root.rstrip("/") or "/" for root in (places.root, real_root) if root]
        for root in self._roots:
            kinds[root] = _DATA
            parts = root.split("/")
            above = ["/".join(parts[:count]) for count in range(1, len(parts))]
            # The directory for temporary files that the root itself lies in holds the root's data.
            kinds.update((each, _DATA) for each in above if kinds.get(each.rpartition("/")[0]) == _TEMPORARY)
        for each in places.skip:
            kinds[each] = _NONE
        self._home = home
        self._temporary = [f"{each}/" for each, kind in kinds.items() if kind == _TEMPORARY]
        self._kinds_given = places.present.union(kinds)
        self._kinds = kinds
        self._ignore = _compiled(places.ignore)

    def is_input(self, path: str) -> bool:
        """Whether a file that was read is an input, by its place alone.

        Parameters
        ----------
        path
            Absolute, without ``..``.
        """
        return self._is_data(path) and not (self._ignore is not None and self._ignored(path))

    def is_output(self, path: str) -> bool:
        """Whether a file that was written is an output, by its place alone.

        Parameters
        ----------
        path
            Absolute, without ``..``.
        """
        return (
            self.is_input(path)
            and not is_bytecode(path)
            and self._kind(path.rpartition("/")[0] or "/") != _SETTINGS
            and self._kinds.get(path) != _SETTINGS
        )

    def made_up(self, path: str) -> str | None:
        """The file or directory with a made-up name, in one for temporary files, that a path is or lies in.

        None where there is none, or where it was there before the start: who started the trial may know it.
        """
        for directory in self._temporary:
            if path.startswith(directory):
                name = path[len(directory) :].partition("/")[0]
                if is_made_up(name) and directory + name not in self._kinds_given:
                    return directory + name
        return None

    def _is_data(self, path: str) -> bool:
        directory, _, name = path.rpartition("/")
        kind = self._kinds.get(directory)
        if kind is None:
            kind = self._kind(directory or "/")
        if kind == _NONE or name in TOOLS or name == "pyvenv.cfg" or name.startswith("fontlist-v"):
            return False
        if directory == self._home and name in PERSONAL:
            return False
        if kind == _OPTIONAL and is_library(name):
            return False
        in_bin = directory.endswith(("/bin", "/sbin"))
        if in_bin and (kind == _OPTIONAL or name in RUNNERS or _is_interpreter(name)):
            return False
        if kind == _TEMPORARY and name.endswith(".lock"):
            return False
        return not (name.startswith("libpython") and is_library(name)) and self._kinds.get(path) != _NONE

    def _kind(self, directory: str) -> int:
        """What a directory is: what was said of it, else what its name says, else what the one above is."""
        kind = self._kinds.get(directory)
        if kind is not None:
            return kind
        parent, _, name = directory.rpartition("/")
        above = self._kind(parent or "/")
        in_lib = parent.endswith(("/lib", "/lib64"))
        if name in TOOLS or above == _NONE or (in_lib and _is_interpreter(name)):
            kind = _NONE
        elif above == _SHARE:
            kind = _NONE if name in SOFTWARE or _is_versioned(name) else _DATA
        elif above == _HOME_CACHE:
            kind = _NONE if name in CACHES else _DATA
        elif above == _TEMPORARY:
            kind = _NONE if name.startswith(IN_TEMPORARY) else _DATA
        else:
            kind = above
        self._kinds[directory] = kind
        return kind

    def _ignored(self, path: str) -> bool:
        for root in self._roots:
            if path.startswith(root.rstrip("/") + "/"):
                path = path[len(root.rstrip("/")) + 1 :]
                break
        while path not in ("", "/"):
            if self._ignore is not None and self._ignore(path):
                return True
            path = path.rpartition("/")[0]
        return False


def is_source(path: str) -> bool:
    """Whether a file is source code by its name."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return (bool(dot and stem) and suffix.lower() in SOURCES) or name in SOURCE_NAMES


def is_bytecode(path: str) -> bool:
    """Whether a file is Python's bytecode, or what numba makes of it, by its name."""
    return path.endswith((".pyc", ".pyo", ".nbi", ".nbc")) or ("/__pycache__/" in path and ".pyc." in path)


def is_library(name: str) -> bool:
    """Whether a file is a shared library by its name."""
    return name.endswith((".so", ".dylib")) or ".so." in name


def source_of(path: str) -> str | None:
    """The source that a file of bytecode was made from, as PEP 3147 names it; None of any other file."""
    if not path.endswith((".pyc", ".pyo")):
        return None
    directory, slash, name = path.rpartition("/")
    if directory == "__pycache__" or directory.endswith("/__pycache__"):
        stem, dot, _ = name[:-4].partition(".")
        return f"{directory[:-11]}{stem}.py" if dot and stem else None
    return f"{directory}{slash}{name[:-4]}.py" if len(name) > 4 else None


def _beneath(base: str, path: str) -> bool:
    return path == base or path.startswith(base.rstrip("/") + "/")


def _is_interpreter(name: str) -> bool:
    """Whether a name is ``python``, ``python3.11`` or the like."""
    if not name.startswith(("python", "pypy")):
        return False
    version = name.removeprefix("python").removeprefix("pypy").rstrip("tdm")
    return not version.replace(".", "") or version.replace(".", "").isdigit()


def _is_versioned(name: str) -> bool:
    """Whether a directory of /usr/share is some software's with its version behind the name: ``tcl8.6``."""
    stem = name.rstrip("0123456789.-_")
    return stem != name and stem in SOFTWARE


def _compiled(patterns: tuple[str, ...]) -> Callable[[str], object] | None:
    if not patterns:
        return None
    import re
    from fnmatch import translate

    joint = "|".join(translate(each.rstrip("/")) for each in patterns)
    return re.compile(joint).match
