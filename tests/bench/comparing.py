"""What comparing two checkpoints of 1 GiB takes, by what is in them and by where they lie.

python tests/bench/comparing.py [DIRECTORY]

All numbers differ, each by about a millionth of itself (by a hundredth in two bytes; integers by 1 to 8). The
control reads both in blocks of 1 MiB, over and over into the same memory: from the disk, and out of the page
cache, where that is a copy from one cache to another. The last column loads them, one and then the other.
"""

import json
import os
import struct
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from ledger.compare import registry
from ledger.compare.base import Tolerance

SIZE = 1 << 30
BLOCKS = 64
TURNS = 3
KINDS = (("F32", 1), ("F32", 256), ("F64", 1), ("F16", 1), ("BF16", 256), ("I32", 1))
"""What the numbers are, and in how many tensors."""
BYTES = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I32": 4}


def header(kind, size, tensors):
    """What a file of safetensors begins with: so many numbers of one size, `SIZE` bytes in all."""
    each = SIZE // tensors
    told = {
        f"w{place}": {
            "dtype": kind,
            "shape": [each // size],
            "data_offsets": [place * each, place * each + each],
        }
        for place in range(tensors)
    }
    text = json.dumps(told).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def read(*paths):
    """Do nothing else."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def load(*paths):
    """Bring each into memory as a whole."""
    for path in paths:
        Path(path).read_bytes()


def compare(*paths):
    """Compare two that differ."""
    with open(paths[0], "rb") as expected, open(paths[1], "rb") as got:
        assert not registry.find("application/x-safetensors")(expected, got, Tolerance()).same


def pairs(kind):
    """Blocks of one checkpoint and of the other."""
    random = np.random.default_rng(0)
    for _ in range(BLOCKS):
        count = SIZE // BLOCKS // BYTES[kind]
        if kind == "I32":
            block = random.integers(0, 1 << 20, count, dtype="i4")
            yield block, block + random.integers(1, 9, count, dtype="i4")
            continue
        block = random.standard_normal(count, dtype="f4")
        noise = random.standard_normal(count, dtype="f4")
        other = block * (1 + np.float32(0.01 if BYTES[kind] == 2 else 1e-6) * noise)
        if kind == "BF16":
            yield tuple((each.view("u4") >> 16).astype("u2") for each in (block, other))
        else:
            yield block.astype(f"f{BYTES[kind]}"), other.astype(f"f{BYTES[kind]}")


def write(paths, kind, tensors):
    """Make two checkpoints that are on the disk."""
    with open(paths[0], "wb") as one, open(paths[1], "wb") as other:
        for file in (one, other):
            file.write(header(kind, BYTES[kind], tensors))
        for blocks in pairs(kind):
            one.write(blocks[0].tobytes())
            other.write(blocks[1].tobytes())
        for file in (one, other):
            file.flush()
            os.fsync(file.fileno())


def elapsed(call, paths, cold):
    """What a call takes, the files being in the page cache or not."""
    for path in paths if cold else ():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began = time.perf_counter()
    call(*paths)
    return time.perf_counter() - began


def measured(paths, cold, *calls):
    """Seconds that each call takes."""
    turns = [[elapsed(call, paths, cold) for call in calls] for _ in range(TURNS)]
    return [median(each) for each in zip(*turns, strict=True)]


def main(place):
    """Print the table."""
    print("| numbers | tensors | from the disk: reading | comparing | from the page cache | comparing |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=place) as directory:
        paths = [Path(directory, name) for name in ("one.safetensors", "other.safetensors")]
        for kind, tensors in KINDS:
            write(paths, kind, tensors)
            cells = []
            for cold in (True, False):
                reading, comparing, loading = measured(paths, cold, read, compare, load)
                ratios = f"{comparing / reading:.2f} ×; {comparing / loading:.2f} × loading"
                cells += [f"{reading:.2f} s", f"{comparing:.2f} s ({ratios})"]
            print(f"| {kind} | {tensors} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
