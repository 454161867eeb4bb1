"""What the tests beside this file do in a mount namespace of their own: power_cut.py WHAT KIND DIRECTORY …

Exits with 77 where that cannot be: it needs root, loop devices, and the tools that make file systems.
"""

import fcntl
import importlib.util
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

from blake3 import blake3

from ledger.store.local import LocalStore

_SPEC = importlib.util.spec_from_file_location("packs", Path(__file__).parents[1] / "packs.py")
packs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(packs)

MIB = 1 << 20
LARGE = random.Random(0).randbytes(400_000)
# Linux include/uapi/linux/fs.h and fs/xfs/libxfs/xfs_fs.h: the file system stops, and its log is not written.
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2


class Disk:
    """A file system in a file."""

    def __init__(self, directory, kind):
        self.image, self.place, self.kind = directory / "image", directory / "disk", kind
        tool = shutil.which(f"mkfs.{kind}", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if tool is None or os.geteuid():
            skip(f"mkfs.{kind} or root is missing")
        self.image.touch()
        os.truncate(self.image, 320 * MIB)
        self.place.mkdir()
        subprocess.run([tool, self.image], check=True, capture_output=True)
        if subprocess.run(["mount", "-o", "loop", self.image, self.place]).returncode:
            skip("nothing can be mounted here")

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.place], check=True)

    def unmount(self):
        subprocess.run(["umount", self.place], check=True)

    def cut(self):
        """Stop the file system: nothing that it has not yet written reaches the disk."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        except OSError as error:
            skip(f"{self.kind} cannot be stopped: {error}")
        finally:
            os.close(descriptor)

    def store(self):
        return LocalStore(self.place / "objects", self.place / "tmp", large="whole")


def skip(reason):
    print(reason)
    os._exit(77)


def objects(disk):
    return packs.contents(disk.place / "objects")  # which fails where any pack is not whole


def power_cut(disk, many):
    """Cut the power while a process stores; after the next mount all that it acknowledged has to be whole."""
    choose = random.Random(3)
    known = set()
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, __file__, "write", disk.kind, disk.place, str(many)], stdout=subprocess.PIPE
        ) as process:
            known.add(bytes.fromhex(process.stdout.readline().decode()))
            time.sleep(choose.uniform(0, 0.3))
            disk.cut()
            known |= {bytes.fromhex(line.decode()) for line in process.stdout.read().split(b"\n")[:-1]}
        disk.unmount()
        disk.mount()
        there = objects(disk)
        assert known <= set(there), f"{len(known - set(there))} of {len(known)} acknowledged objects are lost"
        wrong = [name for name, content in there.items() if packs.hashed(content) != name]
        assert not wrong, f"{len(wrong)} of {len(there)} objects have other bytes"
    store = disk.store()
    store.put(b"the next writer")
    store.flush()
    assert not os.listdir(disk.place / "tmp")


def write(disk_place, many):
    """Store and acknowledge until the disk is gone."""
    options = {"threshold": 100_000, "step": 300_000} if many > 100 else {"most_loose": many}
    store = LocalStore(disk_place / "objects", disk_place / "tmp", **options)
    try:
        while True:
            digests = [store.put(os.urandom(3000)) for _ in range(many)]
            if many > 100:  # they share a pack; and so do chunks, of which some were stored before
                large = os.urandom(150_000) + LARGE
                digests.append(store.put(large))
            store.flush()
            os.write(1, b"".join(digest.hex().encode() + b"\n" for digest in digests))
    except Exception:
        os._exit(0)


def reflink(disk):
    """Store and restore a large file; it has to share its blocks with both, and to be independent of them."""
    content = os.urandom(60 * MIB + 1000)
    file = disk.place / "file"
    file.write_bytes(content)
    os.sync()
    before = shutil.disk_usage(disk.place).free
    store = disk.store()
    digest, size = store.put_file(file)
    assert (bytes(digest), size) == (blake3(content).digest(), len(content))
    store.flush()
    store.restore(digest, disk.place / "copy")
    os.sync()
    used = before - shutil.disk_usage(disk.place).free
    assert used < 20 * MIB, f"{used} bytes were used"
    assert (disk.place / "copy").read_bytes() == content
    (disk.place / "copy").write_bytes(b"changed")
    file.write_bytes(b"changed")
    store.check(digest)


def main(what, kind, directory, *rest):
    if what == "write":
        write(Path(directory), int(rest[0]))
    disk = Disk(Path(directory), kind)
    try:
        {"power cut": power_cut, "reflink": reflink}[what](disk, *map(int, rest))
    finally:
        disk.unmount()


if __name__ == "__main__":
    main(*sys.argv[1:])
