"""What the tests beside this file run in processes of their own: gc_worker.py WHAT LEDGER SEED …"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from ledger.errors import LedgerError
from ledger.journal.local import LocalJournal
from ledger.model import Digest, Unknown, layout
from ledger.ops.gc import gc
from ledger.store.local import LocalStore
from ledger.store.pinned import PinnedStore

POOL = 40
"""So few contents at a time that writers meet in them, and in what is about to be removed."""
PACE = 200
"""Contents that come anew in a second, and as many go: else all would soon be recorded, and none removed."""


_SHARED = random.Random(0).randbytes(200_000)


def content(number):
    """Small, or large with pieces that others have, too."""
    own = random.Random(number).randbytes(500)
    return own if number % 5 else _SHARED[number % POOL * 1000 :] + own * 100


def workspace(directory):
    """A store that soon begins a pack, and cuts what has 100 kB."""
    options = {"threshold": 100_000, "step": 300_000, "most_loose": 3}
    store = LocalStore(layout.objects(directory), layout.temporary(directory), **options)
    return SimpleNamespace(
        store=PinnedStore(store, directory), journal=LocalJournal(directory), directory=directory
    )


def holds(digests):
    """An entry that refers to objects: of whatever kind, each digest in it counts."""
    return Unknown(kind="test.holds", data={"digests": [bytes(each) for each in digests]})


def write(directory, seed):
    """Rely on objects in all ways, then refer to them, or not; tell what is recorded, until killed."""
    place, choose = workspace(directory), random.Random(seed)
    file = directory.parent / f"file-{os.getpid()}"
    while True:
        relied = set()
        first = int(time.monotonic() * PACE)
        for number in choose.sample(range(first, first + POOL), choose.choice([1, 3, 8])):
            digest = Digest.of(content(number))
            how = choose.randrange(4)
            if how == 0 and not place.store.has(digest):
                how = 2
            elif how == 1 and digest not in place.store.present([digest]):
                how = 3
            if how == 2:
                place.store.put(content(number))
            elif how == 3:
                file.write_bytes(content(number))
                place.store.put_file(file)
            relied.add(digest)
            time.sleep(choose.choice([0, 0, 0.002]))
        place.store.flush()
        if choose.random() < 0.3:  # else what it has put is left over
            time.sleep(choose.uniform(0, 0.02))
            place.journal.append(holds(relied))
            os.write(1, b"".join(each.hex().encode() + b"\n" for each in relied))
        place.store.release()


def collect(directory, seed):
    """Remove what nothing refers to, again and again; tell how many."""
    place, choose = workspace(directory), random.Random(seed)
    while True:
        try:
            done = gc(place, patience=choose.uniform(0, 0.1))
        except LedgerError as error:
            if "already" not in error.message:
                raise
        else:
            os.write(1, f"{done.objects}\n".encode())


def collect_once(directory, deadly):
    """Remove once, and be killed before the call of that number that changes something on the disk."""
    left = int(deadly)

    def counted(call):
        def instead(*arguments, **named):
            nonlocal left
            if call is not os.open or (len(arguments) > 1 and arguments[1] & os.O_CREAT):
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
            return call(*arguments, **named)

        return instead

    place = workspace(directory)
    # `Path` has its own names for them, bound when it was imported.
    for name in ("open", "write", "unlink", "rename", "replace", "link", "fsync", "mkdir", "ftruncate"):
        setattr(os, name, counted(getattr(os, name)))
    done = gc(place, patience=0)
    print(f"{done.objects} removed, {done.waiting} waiting, {left} left", flush=True)


if __name__ == "__main__":
    {"write": write, "collect": collect, "collect_once": collect_once}[sys.argv[1]](
        Path(sys.argv[2]), sys.argv[3]
    )
