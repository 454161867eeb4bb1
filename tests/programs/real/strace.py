"""What a program did to files, by an independent reading of the log of ``strace -f -y``.

Nothing of the package is imported: this is the judge of what it records.
"""

import re
from dataclasses import dataclass, field

CALLS = (
    *("open", "openat", "openat2", "creat", "execve", "execveat", "truncate", "ftruncate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
    *("chdir", "fchdir", "clone", "clone3", "fork", "vfork", "io_uring_setup"),
)
"""What is asked for: the calls that open, make, move or remove a file, and those that move a process."""

COMMAND = ("strace", "-f", "-y", "-qq", "-s", "16", "-e", f"trace={','.join(f'?{each}' for each in CALLS)}")
"""To be followed by ``-o LOG -- PROGRAM``."""

_LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
_UNFINISHED = re.compile(r"(?P<head>.*?) *<unfinished \.\.\.>$")
_RESUMED = re.compile(r"<\.\.\. (?P<call>\w+) resumed>(?P<tail>.*)$")
_CALL = re.compile(r"(?P<call>\w+)\((?P<words>.*)\) += (?P<result>-?\d+|\?)(?P<behind>.*)$", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')
_DIRECTORY = re.compile(r"(?:AT_FDCWD|-?\d+)(?:<(?P<path>(?:[^<>\\]|\\.)*)>)?")
_ANGLE = re.compile(r"<(?P<path>(?:[^<>\\]|\\.)*)>(?P<deleted>\(deleted\))?")
_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", "v": b"\v", "f": b"\f", "\\": b"\\", '"': b'"'}


@dataclass
class Touch:
    """What was done to one path, all processes together."""

    path: str
    """Absolute, as the kernel or the program spelt it."""
    read: bool = False
    """Opened so that what it held could come out: for reading, or for writing without being emptied."""
    executed: bool = False
    written: bool = False
    """Made, emptied, opened for writing, or the target of a rename or a link."""
    removed: bool = False
    """Whether its name was taken away, by the last thing that was done to it."""
    made: bool = False
    """Whether the first thing that was done to it certainly made it: an exclusive creation, or a rename."""


@dataclass
class Log:
    """What a log tells."""

    touches: dict[str, Touch] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Lines that were not understood."""
    io_uring: bool = False

    def touch(self, path: str) -> Touch:
        """The record of a path, a new one where there is none."""
        return self.touches.setdefault(path, Touch(path))


def read(lines: list[str], directory: str) -> Log:
    """Read a log.

    Parameters
    ----------
    lines
        As ``strace -f -y -o LOG`` writes them.
    directory
        Where the program was started.
    """
    log = Log()
    directories: dict[str, str] = {}
    halves: dict[str, str] = {}
    parent_of_new = directory
    for line in lines:
        found = _LINE.match(line.rstrip("\n"))
        if found is None:
            log.unread.append(line)
            continue
        pid, rest = found["pid"], found["rest"]
        if rest.startswith(("+++", "---")):
            continue
        if half := _UNFINISHED.match(rest):
            halves[pid] = half["head"]
            continue
        if back := _RESUMED.match(rest):
            rest = halves.pop(pid, back["call"] + "(") + back["tail"]
        call = _CALL.match(rest)
        if call is None:
            log.unread.append(line)
            continue
        # A process that was not announced yet starts where the one that was last heard of is.
        here = directories.setdefault(pid, parent_of_new)
        moved = _apply(log, call["call"], call["words"], call["result"], call["behind"], here)
        if moved is not None:
            directories[pid] = moved
        if call["call"] in ("clone", "clone3", "fork", "vfork") and call["result"] not in ("?", "-1"):
            directories.setdefault(call["result"], here)
        parent_of_new = directories[pid]
    return log


def _apply(log: Log, call: str, words: str, result: str, behind: str, here: str) -> str | None:
    """Note one call; return the new working directory if it changed that."""
    if call == "io_uring_setup":
        log.io_uring = log.io_uring or not result.startswith("-")
        return None
    if result == "?" or result.startswith("-"):
        return None
    if call in ("clone", "clone3", "fork", "vfork"):
        return None
    if call == "fchdir":
        return _angle(words)
    texts = [_plain(each[0]) for each in _QUOTED.findall(words)]
    if call == "chdir":
        return _join(here, texts[0])
    if call == "ftruncate":
        path = _angle(words)
        if path is not None and path.startswith("/"):
            log.touch(path).written = True
        return None
    if call in ("open", "openat", "openat2", "creat"):
        _opened(log, call, words, behind)
        return None
    bases = _bases(words, here)
    if call in ("execve", "execveat"):
        path = _join(bases[0] if call == "execveat" else here, texts[0])
        log.touch(path).executed = True
    elif call == "truncate":
        touch = log.touch(_join(here, texts[0]))
        touch.written = True
    elif call in ("unlink", "unlinkat"):
        if "AT_REMOVEDIR" not in words:
            log.touch(_join(bases[0] if call == "unlinkat" else here, texts[0])).removed = True
    else:  # a rename or a link: what was there before is gone, or stands under a second name
        apart = call not in ("rename", "link")
        source = _join(bases[0] if apart else here, texts[0])
        target = _join(bases[1] if apart else here, texts[1])
        known = target in log.touches
        touch = log.touch(target)
        touch.written, touch.removed = True, False
        touch.made = touch.made or not known
        if call.startswith("rename"):
            exchanged = "RENAME_EXCHANGE" in words
            log.touch(source).removed = not exchanged
            if exchanged:
                log.touch(source).written = True
    return None


def _opened(log: Log, call: str, words: str, behind: str) -> None:
    angle = _ANGLE.search(behind)
    if angle is None or angle["deleted"]:
        return
    path = _plain(angle["path"])
    flags = set(re.findall(r"\bO_\w+|\b__O_\w+", re.sub(_QUOTED, "", words)))
    if not path.startswith("/") or flags & {"O_PATH", "O_DIRECTORY", "O_TMPFILE", "__O_TMPFILE"}:
        return
    emptied = call == "creat" or "O_TRUNC" in flags
    writing = call == "creat" or bool(flags & {"O_WRONLY", "O_RDWR"})
    known = path in log.touches
    touch = log.touch(path)
    touch.made = touch.made or (not known and {"O_CREAT", "O_EXCL"} <= flags)
    touch.removed = False
    touch.read = touch.read or not emptied
    touch.written = touch.written or writing or emptied


def _bases(words: str, here: str) -> list[str]:
    """The directories that the relative paths of a call with ``at`` start from, in order."""
    bases = []
    for each in re.sub(_QUOTED, '""', words).split(", "):
        found = _DIRECTORY.fullmatch(each)
        if found and (each.startswith("AT_FDCWD") or found["path"] is not None):
            bases.append(_plain(found["path"]) if found["path"] is not None else here)
    return [*bases, here, here]


def _angle(words: str) -> str | None:
    found = _ANGLE.search(words)
    return None if found is None else _plain(found["path"])


def _join(directory: str, path: str) -> str:
    joined = path if path.startswith("/") else f"{directory.rstrip('/')}/{path}"
    parts: list[str] = []
    for part in joined.split("/"):
        if part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)  # `..` stays: only the file system knows what it means behind a link


def _plain(text: str) -> str:
    """Undo strace's escapes."""
    if "\\" not in text:
        return text
    plain, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            plain += text[at].encode("utf-8", "surrogateescape")
            at += 1
        elif found := re.compile(r"[0-7]{1,3}").match(text, at + 1):
            plain += bytes([int(found[0], 8)])
            at = found.end()
        elif found := re.compile(r"x([0-9a-f]{2})").match(text, at + 1):
            plain += bytes([int(found[1], 16)])
            at = found.end()
        else:
            plain += _ESCAPES.get(text[at + 1], text[at + 1].encode())
            at += 2
    return plain.decode("utf-8", "surrogateescape")
