"""How a path is spelt in a record, for very many paths: each directory is looked at once."""

import os
from stat import S_ISLNK

from ledger.capture.walk import raw, text


class Spelling:
    """Paths from the root where they lie beneath it by their spelling, else absolute and without links.

    A path beneath the root stays as it is spelt, even if it leads out through a link: so a replay can put the
    file where the program looks for it.

    Parameters
    ----------
    root
        Absolute path of the root.
    """

    def __init__(self, root: str) -> None:
        self._root = os.path.normpath(root)
        self._real: dict[str, str] = {"": "", "/": ""}
        self._prefixes: dict[str, str] = {}
        self.real_root = self.real(self._root)
        """The root without links; the empty text for ``/``."""

    def recorded(self, path: str) -> str:
        """The form in which an absolute path is recorded."""
        directory, _, name = path.rpartition("/")
        prefix = self._prefixes.get(directory)
        if prefix is None:
            prefix = self._prefixes[directory] = self._prefix(directory)
        if name in (".", "..", "") or path == self._root:  # a directory
            return self._prefix(path).rstrip("/") or ("/" if path == "/" else ".")
        return prefix + name

    def absolute(self, recorded: str) -> str:
        """The absolute path that a recorded one means."""
        return recorded if recorded.startswith("/") else f"{self._root}/{recorded}"

    def plain(self, path: str) -> str:
        """An absolute path without ``..`` and the like: as it is spelt, else with links resolved."""
        if "/../" in path or "/./" in path or "//" in path:
            return self.resolved(path)
        return path

    def resolved(self, path: str) -> str:
        """An absolute path without links in its directory; a link that it is itself stays."""
        directory, _, name = path.rpartition("/")
        return f"{self.real(directory)}/{name}"

    def real(self, directory: str) -> str:
        """An absolute directory without links; the empty text for ``/``. It need not be there."""
        found = self._real.get(directory)
        if found is None:
            above, _, name = directory.rpartition("/")
            within = self.real(above)
            if name in ("", "."):
                found = within
            elif name == "..":
                found = within.rpartition("/")[0]
            else:
                found = f"{within}/{name}"
                if _is_link(found):
                    found = text(os.path.realpath(raw(found))).rstrip("/")
            self._real[directory] = found
        return found

    def _prefix(self, directory: str) -> str:
        """What stands before the names in a directory when they are recorded."""
        if "/../" not in f"{directory}/":
            plain = os.path.normpath(directory) if directory else "/"
            if plain == self._root:
                return ""
            if plain.startswith(self._root.rstrip("/") + "/"):
                return plain[len(self._root.rstrip("/")) + 1 :] + "/"
        real = self.real(directory)
        if real == self.real_root:
            return ""
        if real.startswith(self.real_root + "/"):
            return real[len(self.real_root) + 1 :] + "/"
        return real + "/"


def _is_link(path: str) -> bool:
    try:
        return S_ISLNK(os.lstat(raw(path)).st_mode)
    except (OSError, ValueError):
        return False  # what is not there, or may not be looked at, stays as it is spelt
