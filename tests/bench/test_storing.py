"""What it costs to store files, against ``cp -r`` and a sync of the file system."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from ledger.store.local import LocalStore

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

MIB = 1 << 20
LARGE = 1024 * MIB
ROUNDS = 5
BEYOND = 2.5
"""Times the aim at which storing fails: from one minute to the next the same code took 0.71 to 2.60 times as
long as its control for a large file, 0.07 to 0.80 times for many small ones, on a shared disk."""
TRIES = 3
"""Others on the machine use the disk: one of so many medians has to do."""
MOST_CHUNKED, MOST_WHOLE, MOST_MANY = 2.0, 1.4, 1.0
MOST_INSERTED = 4_000_000
"""Bytes on disk."""
MOST_CHANGED = 0.09
"""Of a checkpoint's size."""
MOST_MEMORY = 300 << 10
"""kB."""


@pytest.fixture
def place(tmp_path):
    """A directory that is emptied, and the disk left idle, before anything else is measured."""
    yield tmp_path
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    os.sync()


def write(path, size, seed=0):
    """Fill a file with bytes that nothing compresses."""
    import numpy

    random = numpy.random.default_rng(seed)
    with open(path, "wb") as file:
        for start in range(0, size, 16 * MIB):
            file.write(random.bytes(min(16 * MIB, size - start)))


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    """A directory with nothing but a file of 1 GiB."""
    source = tmp_path_factory.mktemp("large") / "source"
    source.mkdir()
    write(source / "file", LARGE)
    yield source
    shutil.rmtree(source)
    os.sync()


def store_in(place, **options):
    return LocalStore(place / "objects", place / "tmp", **options)


def store(source, target, **options):
    """Store all files of a directory."""
    began = time.perf_counter()
    ledger = store_in(target, **options)
    for path in sorted(source.iterdir()):
        ledger.put_file(path)
    ledger.flush()
    return time.perf_counter() - began


def copy(source, target):
    """The control."""
    began = time.perf_counter()
    subprocess.run(["sh", "-c", 'cp -r "$0" "$1" && sync -f "$1"', source, target], check=True)
    return time.perf_counter() - began


def ratio(source, place, most, **options):
    """Median seconds of storing, over those of copying, measured in turns; the best of some tries."""
    best = []
    for _ in range(TRIES):
        taken = {"store": [], "copy": []}
        for _ in range(ROUNDS):
            for name, call in (("copy", copy), ("store", lambda *given: store(*given, **options))):
                target = place / name
                target.mkdir()
                os.sync()
                taken[name].append(call(source, target))
                shutil.rmtree(target)
                os.sync()
        best.append((median(taken["store"]) / median(taken["copy"]), median(taken["store"])))
        if best[-1][0] <= most:
            break
    return min(best)


@pytest.mark.parametrize(("large", "most"), [("chunk", MOST_CHUNKED), ("whole", MOST_WHOLE)])
def test_storing_a_large_file(place, large_file, report, large, most):
    found, seconds = ratio(large_file, place, most, large=large)
    report(f"1 GiB stored, {large}", f"{found:.2f} × ({seconds:.2f} s)", f"aim: {most} × `cp -r` + sync")
    assert found <= BEYOND * most


@pytest.mark.parametrize("count", [2_000, 10_000])
def test_storing_many_small_files(place, report, count):
    source = place / "source"
    source.mkdir()
    for number in range(count):
        (source / f"{number:05}").write_bytes(os.urandom(10_000))
    found, seconds = ratio(source, place, MOST_MANY)
    report(
        f"{count} files of 10 kB stored",
        f"{found:.2f} × ({seconds:.2f} s)",
        f"aim: {MOST_MANY} × `cp -r` + sync",
    )
    assert found <= BEYOND * MOST_MANY


def used(directory):
    return sum(path.stat().st_blocks * 512 for path in directory.rglob("*"))


def test_bytes_inserted_into_a_large_file(place, large_file, report):
    path = large_file / "file"
    target = place / "ledger"
    store = store_in(target)
    store.put_file(path)
    store.flush()
    before = used(target)
    edited = place / "edited"
    with open(path, "rb") as source, open(edited, "wb") as file:
        for _ in range(LARGE // 2 // MIB):
            file.write(source.read(MIB))
        file.write(os.urandom(1000))
        shutil.copyfileobj(source, file)
    store.put_file(edited)
    store.flush()
    grown = used(target) - before
    report("1 kB inserted into 1 GiB", f"{grown / 1e6:.2f} MB", f"{MOST_INSERTED / 1e6:.0f} MB")
    assert grown <= MOST_INSERTED


def test_a_checkpoint_some_of_which_changed(place, report):
    import numpy

    weights = numpy.random.default_rng(0).standard_normal(64 * MIB, dtype="f4")
    weights.tofile(place / "file")
    target = place / "ledger"
    store = store_in(target)
    store.put_file(place / "file")
    store.flush()
    first = used(target)
    changed = slice(0, int(len(weights) * 0.08))
    weights[changed] *= numpy.float32(1.001)
    (place / "file").write_bytes(b"a longer header than before" + weights.tobytes())
    store.put_file(place / "file")
    store.flush()
    grown = (used(target) - first) / weights.nbytes
    figure = f"{grown:.1%}; the first one {first / weights.nbytes:.1%}"
    report(
        "a checkpoint of 256 MiB, 8% changed, its header longer", figure, f"{MOST_CHANGED:.0%} of its size"
    )
    assert grown <= MOST_CHANGED


def test_memory_while_storing_5_gib(place, report):
    code = """
import os, random, sys
from pathlib import Path
from ledger.store.local import LocalStore
place = Path(sys.argv[1])
block = random.Random(0).randbytes(1 << 20)
with open(place / "file", "wb") as file:
    for number in range(5 << 10):
        # No two blocks are the same, so that every chunk is stored.
        cut = number * 199
        file.write(number.to_bytes(8, "big") + block[cut % (1 << 20) + 8 :] + block[: cut % (1 << 20)])
store = LocalStore(place / "objects", place / "tmp")
digest, size = store.put_file(place / "file")
store.flush()
store.check(digest)
assert size == 5 << 30
# Not ru_maxrss, which begins with the size of the process that started this one.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code, place], env=environment, stdout=subprocess.PIPE, check=True
    )
    peak = int(done.stdout)
    report("peak memory, 5 GiB stored and checked", f"{peak >> 10} MiB", f"{MOST_MEMORY >> 10} MiB")
    assert peak < MOST_MEMORY
