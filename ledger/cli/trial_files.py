"""Files of a trial on its page: how their paths are told, and how many of them."""

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ledger.capture.recorder import CHANGED, CREDENTIALS, SECRET, SIZE, UNREADABLE
from ledger.cli.page import Page
from ledger.ops.text import line, short, size

_SHOWN = 20
"""Files of a kind that are listed unless all are asked for."""
_DIRECTORY = 0o040000
_WITHOUT = {
    SIZE: "not kept: too large",
    CREDENTIALS: "not kept: it looks like credentials",
    SECRET: "not kept: it holds a secret",
    CHANGED: "not kept: it was changed meanwhile",
    UNREADABLE: "not kept: it could not be read",
}
"""Why there is no content."""

Document = dict[str, Any]


class Names:
    """Paths as short as a page can tell them: relative to the root, or to today's home directory.

    Parameters
    ----------
    root
        The trial's.
    """

    def __init__(self, root: str) -> None:
        self._root = f"{root.rstrip('/')}/"
        home = os.path.expanduser("~").rstrip("/")
        self._home = f"{home}/" if home.startswith("/") else None

    def short(self, path: str) -> str:
        """One path."""
        if path.startswith(self._root):
            return line(path[len(self._root) :])
        return self.absolute(path)

    def absolute(self, path: str) -> str:
        """One path that means the same from everywhere."""
        if self._home is not None and path.startswith(self._home):
            return line(f"~/{path[len(self._home) :]}")
        return line(path)


def files(
    page: Page,
    title: str,
    artifacts: Sequence[Document],
    names: Names,
    counts: Mapping[str, int | None],
    *,
    every: bool = False,
    dropped: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Add a table of files.

    Parameters
    ----------
    page
        Takes it.
    title
        Of the section.
    artifacts
        The files; one may be a directory that stands for many.
    names
        How paths are told.
    counts
        How many files the directory of a digest stands for; None where its list cannot be read.
    every
        Whether all are listed.
    dropped
        When the content of a digest was let go of.
    """
    if not artifacts:
        return
    amount = sum(_count(each, counts) or 1 for each in artifacts)
    page.heading(f"{title} ({amount:,}, {size(sum(each['size'] for each in artifacts))})")
    shown = artifacts if every else artifacts[:_SHOWN]
    page.table(
        ("path", "size", "digest", "type", "content"),
        [
            (
                names.short(each["path"]) + ("/" if each["mode"] == _DIRECTORY else ""),
                size(each["size"]),
                short(each["digest"]) if each["digest"] else "",
                line(each["media_type"]),
                _content(each, counts, dropped),
            )
            for each in shown
        ],
        right=["size"],
    )
    if len(shown) < len(artifacts):
        page.line((f"  … and {len(artifacts) - len(shown):,} more: --all, --json", "dim"))


def _count(artifact: Document, counts: Mapping[str, int | None]) -> int | None:
    return counts.get(artifact["digest"]) if artifact["mode"] == _DIRECTORY else None


def _content(artifact: Document, counts: Mapping[str, int | None], dropped: Mapping[str, str]) -> str:
    if artifact["digest"] in dropped:
        return f"let go of on {dropped[artifact['digest']][:10]}"
    if artifact["mode"] != _DIRECTORY or artifact["digest"] is None:
        return _WITHOUT.get(artifact["omitted"], line(artifact["omitted"] or ""))
    count = _count(artifact, counts)
    return "the list of its files cannot be read" if count is None else f"{count:,} files"
