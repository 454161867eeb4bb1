"""Whether a directory lies on a file system that other machines may write, too.

There no two machines share a log: a machine does not see at once how far another one has written, and its
locks may not reach it. Machine ids do not keep them apart, for images are cloned with theirs, so a log there
belongs to one running kernel. Within one, locks and files are as on a disk; that is tried before one is made.
"""

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_KINDS = frozenset(
    {
        *(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "gpfs",
            "lustre",
            "ncpfs",
            "nfs",
            "nfs4",
            "orangefs",
        ),
        *("panfs", "pvfs2", "smb2", "smb3", "smbfs", "virtiofs"),
    }
)


def kind(path: Path) -> str | None:
    """Name of the network file system that holds `path`; None on a local one, or where it cannot be told."""
    if os.major(os.stat(path).st_dev):
        return None  # a block device's
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    name = ""
    inside = os.path.realpath(path) + "/"
    longest = -1
    for line in lines:
        fields = line.split(" ")
        place = _unescaped(fields[4]).rstrip("/") + "/"
        if inside.startswith(place) and len(place) >= longest:  # of two on one place, the later one covers
            longest, name = len(place), fields[fields.index("-") + 1]
    return name if name in _KINDS or name.startswith("fuse.") else None


def kernel() -> str:
    """Id of the kernel that runs; where it has none, the machine's name."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return os.uname().nodename


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
