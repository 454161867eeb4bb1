"""Heads in git: as text in an annotated tag, as a trailer in a commit's message."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ledger.errors import DamagedError, LedgerError, NotFoundError, UsageError
from ledger.model import Digest, Head, OriginHead
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen

TRAILER = "Ledger-Head"

_TRAILER = re.compile(rf"^{TRAILER}: (b3:[0-9a-f]{{64}})$", re.MULTILINE)
_ORIGIN = re.compile(r"^([0-9a-f]{32}) ([1-9][0-9]{0,17}) (b3:[0-9a-f]{64})$", re.MULTILINE)


@frozen
class Named:
    """A head that a tag or a commit names."""

    where: str
    digest: Digest
    head: Head | None
    """What the message says of it; None where it has the digest alone."""


def trailer(digest: Digest) -> str:
    """The line by which a message names a head."""
    return f"{TRAILER}: {digest}"


def text(head: Head) -> str:
    """A head as text: a line for each origin, and the trailer."""
    lines = [f"{each.origin.hex()} {each.size} {each.root}" for each in head.origins]
    return "\n".join([*lines, "", trailer(digest_of(head)), ""])


def parse(message: str, where: str) -> list[Named]:
    """The heads that a message names; of more than one, the digests alone.

    Raises
    ------
    DamagedError
        If the origins in it are not those of the digest.
    """
    digests = [Digest.parse(each) for each in _TRAILER.findall(message)]
    origins = tuple(
        OriginHead(origin=bytes.fromhex(origin), size=int(size), root=Digest.parse(root))
        for origin, size, root in _ORIGIN.findall(message)
    )
    if len(digests) != 1 or not origins:
        return [Named(where=where, digest=each, head=None) for each in digests]
    head = Head(origins=origins)
    if digest_of(head) != digests[0]:
        raise DamagedError(
            f"{where} names no head",
            cause=f"expected the origins of {digests[0]}, got those of {digest_of(head)}",
        )
    return [Named(where=where, digest=digests[0], head=head)]


def messages(root: Path) -> Iterator[tuple[str, str]]:
    """Where, and what is said there, for each annotated tag, and each commit that has the trailer.

    Raises
    ------
    LedgerError
        If git does not tell.
    """
    fields = "--format=%(objecttype)%00%(refname:short)%00%(contents)%00"
    words = iter(_git(root, "for-each-ref", fields, "refs/tags").split("\0"))
    for kind, name, message in zip(words, words, words, strict=False):
        if kind.strip() == "tag" and f"{TRAILER}: " in message:
            yield f"git tag {name}", message
    grep = f"--grep=^{TRAILER}: b3:"
    words = iter(_git(root, "log", "--all", "-E", grep, "--format=%H%x00%B%x00").split("\0"))
    for commit, message in zip(words, words, strict=False):
        yield f"commit {commit.strip()[:12]}", message


def tag(root: Path, name: str, head: Head) -> None:
    """Make an annotated tag of the commit that is checked out; its message holds the head.

    Raises
    ------
    UsageError
        If there is such a tag already, or git takes no such name.
    NotFoundError
        If there is no commit.
    """
    if name.startswith("-") or _failed(root, "check-ref-format", f"refs/tags/{name}"):
        raise UsageError(
            f"{name!r} is no name of a tag", hint="see what git allows: git help check-ref-format"
        )
    if _failed(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise NotFoundError(
            "there is no commit to tag", cause=f"{root} has none", hint='make one: git commit -m "…"'
        )
    if not _failed(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}"):
        raise UsageError(f"there is a tag {name} already", hint=f"see what it says: git tag -n99 -l {name}")
    message = f"Ledger head of {head.size:,} entries\n\n{text(head)}"
    _git(root, "tag", "--annotate", "--cleanup=verbatim", "--file=-", name, given=message)


def _failed(root: Path, *words: str) -> bool:
    return _done(root, *words).returncode != 0


def _git(root: Path, *words: str, given: str = "") -> str:
    done = _done(root, *words, given=given)
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        raise LedgerError(f"git {words[0]} failed", cause=lines[0] or f"it ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _done(root: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-c", "log.showSignature=false", *words],
            cwd=root,
            input=given.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise LedgerError(
            "there is no git", cause="heads are pinned in its tags", hint="on Debian: apt-get install git"
        ) from error
