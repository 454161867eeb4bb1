"""What git knows of a working tree: its plumbing is asked, and nothing of the user's is touched."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ledger.capture.plumbing import GitUnusable, ask, top_prefix
from ledger.capture.walk import place, raw
from ledger.model.frozen import frozen

_STATUS: Final = (
    *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"),
    *("--no-renames", "--no-ahead-behind", "--ignore-submodules=dirty"),
)
_LISTING: Final = ("ls-files", "-s", "-v", "-z")
_SETTINGS: Final = ("config", "-z", "--get-regexp", r"^(remote\..*\.url|core\.filemode)$")
_SUBMODULE: Final = "160000"


@frozen
class Repository:
    """One repository as git sees it; every path is relative to the root that was surveyed."""

    path: str
    """Where it lies; empty for the outermost one."""
    commit: str | None
    branch: str | None
    remote: str | None
    """Without credentials."""
    executable_bits: bool
    """Whether the file system's executable bits mean anything (core.fileMode)."""
    tracked: dict[str, int]
    """Path and index mode of each tracked file, whether it is there or not."""
    untracked: tuple[str, ...]
    """Neither tracked nor ignored."""
    differing: frozenset[str]
    """Paths that are not as the commit has them, untracked ones included."""
    inside: tuple["Repository", ...]
    """Submodules and other repositories in it."""
    closed: tuple[str, ...]
    """Submodules that are not checked out and repositories that git cannot read: nothing is known of them."""
    absent: tuple[str, ...]
    """Those of them that are not checked out, though nobody asked for that."""
    problems: tuple[str, ...]
    """What git could not look at."""

    def __iter__(self) -> Iterator["Repository"]:
        yield self
        for each in self.inside:
            yield from each


def survey(root: Path, paths: tuple[str, ...], left_out: Callable[[str], bool]) -> Repository:
    """Ask git about the working tree that holds `root`, and about the repositories inside.

    Parameters
    ----------
    root
        Top of a working tree, or a directory in one.
    paths
        Narrow it to these, relative to `root`; all if empty.
    left_out
        Whether an untracked path is no code, by rule.

    Raises
    ------
    GitUnusable
        If git is missing, refuses the repository, or finds it broken.
    """
    return _survey(root, "", paths, left_out)


def _survey(top: Path, path: str, paths: tuple[str, ...], left_out: Callable[[str], bool]) -> Repository:
    # 1. Three processes beside each other: what differs, what is tracked, how it is configured.
    root = place(top, path) if path else top
    outer = top_prefix(root)
    inner = f"{path}/" if path else ""
    narrowed = ("--", *paths) if paths else ("--", ".") if outer else ()
    status, listing, settings = ask(root, (*_STATUS, *narrowed), (*_LISTING, *narrowed), _SETTINGS)

    # 2. Tracked files, among them those whose changes git was told to overlook.
    tracked: dict[str, int] = {}
    overlooked: dict[str, str] = {}
    others: set[str] = set()
    submodules: set[str] = set()
    for row in listing.rows():
        about, _, name = row.partition("\t")
        tag, mode, identity, _ = about.split(" ")
        if mode == _SUBMODULE:
            others.add(name)
            if tag != "S":
                submodules.add(name)
        elif not _is_ledger(name):
            tracked[inner + name] = int(mode, 8)
            if tag.islower() or tag == "S":
                overlooked[name] = identity

    # 3. Commit and branch, what differs, what is untracked.
    commit = branch = upstream = None
    untracked: list[str] = []
    differing = {inner + name for name in _changed(root, overlooked)}
    for row in status.rows():
        kind, _, rest = row.partition(" ")
        if kind == "#":
            key, _, value = rest.partition(" ")
            if key == "branch.oid":
                commit = None if value == "(initial)" else value
            elif key == "branch.head":
                branch = None if value == "(detached)" else value
            elif key == "branch.upstream":
                upstream = value
        elif kind == "?":
            name = rest.removeprefix(outer).rstrip("/")
            if _is_ledger(name) or left_out(inner + name):
                continue
            differing.add(inner + name)
            if rest.endswith("/"):
                others.add(name)
            else:
                untracked.append(inner + name)
        elif kind in ("1", "u"):
            name = rest.split(" ", 7 if kind == "1" else 9)[-1].removeprefix(outer)
            if not _is_ledger(name):
                differing.add(inner + name)

    # 4. Remote and settings.
    urls: dict[str, str] = {}
    executable_bits = True
    for row in settings.rows():
        key, _, value = row.partition("\n")
        if key == "core.filemode":
            executable_bits = value.lower() not in ("false", "no", "off", "0")
        else:
            urls.setdefault(key.removeprefix("remote.").removesuffix(".url"), value)

    # 5. Repositories inside.
    inside: list[Repository] = []
    closed: list[str] = []
    problems = [line for line in status.errors.splitlines() if line.startswith("warning: could not")]
    for name in sorted(others):
        if not os.path.lexists(place(root, f"{name}/.git")):
            closed.append(inner + name)
            continue
        try:
            inside.append(_survey(top, inner + name, (), left_out))
        except GitUnusable as error:
            closed.append(inner + name)
            problems.append(f"{inner}{name}: {error}")
    return Repository(
        path=path,
        commit=commit,
        branch=branch,
        remote=_remote(urls, upstream),
        executable_bits=executable_bits,
        tracked=tracked,
        untracked=tuple(untracked),
        differing=frozenset(differing),
        inside=tuple(inside),
        closed=tuple(closed),
        absent=tuple(
            inner + name
            for name in sorted(submodules)
            if inner + name in closed and not os.path.lexists(place(root, f"{name}/.git"))
        ),
        problems=tuple(problems),
    )


def _is_ledger(path: str) -> bool:
    """Whether it lies in a ledger, which is no code even where it was added to git."""
    return ".ledger" in path and ".ledger" in path.split("/")


def _changed(root: Path, overlooked: dict[str, str]) -> list[str]:
    """Which of these files (path and object id) are there and are not what the index says.

    Files that are assumed unchanged, or skipped in the working tree, never show in git's status.
    """
    names = []
    for name in overlooked:
        file = place(root, name)
        if "\n" not in name and file.is_file() and not file.is_symlink():
            names.append(name)
    if not names:
        return []
    lines = b"".join(raw(name) + b"\n" for name in names)
    (answer,) = ask(root, ("hash-object", "--stdin-paths"), given=lines)
    identities = answer.output.decode("ascii").split()
    return [name for name, identity in zip(names, identities, strict=True) if overlooked[name] != identity]


def _remote(urls: dict[str, str], upstream: str | None) -> str | None:
    """The URL to name: of the branch's upstream, else of origin, else of the first remote."""
    if not urls:
        return None
    tracked = [name for name in urls if upstream and upstream.startswith(f"{name}/")]
    name = tracked[0] if tracked else "origin" if "origin" in urls else next(iter(urls))
    return without_credentials(urls[name])


def without_credentials(url: str) -> str:
    """A URL without password and token; a user's name stays where it is part of the address, as in ssh."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url  # a path, or host:path as ssh writes it, which has no room for a password
    host, slash, path = rest.partition("/")
    user, at, host = host.rpartition("@")
    if scheme.lower() in ("http", "https", "ftp", "ftps"):
        user = at = ""
        path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"
