"""What comparing two large checkpoints costs, against reading both in blocks of 1 MiB."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from statistics import median

import numpy
import pytest

from tests.bench import comparing as script
from tests.bench.comparing import SIZE, compare, elapsed, header, read, write

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

AIM, MOST_RATIO = 2.0, 3.0
"""Of elapsed time: what is wanted, and what fails. Where the page cache holds files in large folios, as
it does while memory is free, reading 2 GiB takes 0.07 s rather than 0.2 s: the ratio was 1.6 to 1.9."""
MOST_FROM_DISK = 3.0
ROUNDS = 3
"""From a page cache both are memory traffic, which others on the machine slow; so do they a disk, or its own
cache makes it quick: one round has to do."""
MOST_MEMORY = 500 << 10
"""kB."""


OTHERS = {
    "few": "few numbers differ",
    "all": "all numbers differ",
    "shares": "all numbers differ, each by a share of itself",
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Paths of a checkpoint, and of others: with other numbers here and there, and with all others."""
    place = tmp_path_factory.mktemp("checkpoints")
    paths = {name: place / f"{name}.safetensors" for name in ("one", *OTHERS)}
    with ExitStack() as stack:
        files = {name: stack.enter_context(open(path, "wb")) for name, path in paths.items()}
        _write(files)
    os.sync()  # and this would slow what is measured here
    yield paths
    for path in paths.values():
        path.unlink()
    os.sync()  # what is still to be written would slow whatever is measured next


def _write(files):
    random = numpy.random.default_rng(0)
    for file in files.values():
        file.write(header("F32", 4, 1))
    for _ in range(64):
        block = random.standard_normal(SIZE // 64 // 4, dtype="f4")
        files["one"].write(block.tobytes())
        noise = random.standard_normal(len(block), dtype="f4") * numpy.float32(1e-6)
        files["all"].write((block + noise).tobytes())
        files["shares"].write((block * (1 + noise)).tobytes())
        block[::100_000] += 1
        files["few"].write(block.tobytes())


def seconds(call, *paths):
    began, cpu = time.perf_counter(), time.process_time()
    call(*paths)
    return time.process_time() - cpu, time.perf_counter() - began


def peak(*paths):
    """Largest memory in kB of a process that does nothing else."""
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1])['compare'](*sys.argv[2:]);"
        # Not ru_maxrss: that of the process that started this one counts in it.
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    words = [sys.executable, "-c", code, script.__file__, *map(str, paths)]
    return int(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


@pytest.mark.parametrize("other", OTHERS)
def test_comparing_costs_little_more_than_reading(checkpoints, report, other):
    paths = checkpoints["one"], checkpoints[other]
    read(*paths)
    found = []
    for _ in range(ROUNDS):
        turns = [(seconds(read, *paths), seconds(compare, *paths)) for _ in range(5)]
        cpu = median(compared[0] for _, compared in turns) / median(control[0] for control, _ in turns)
        wall = median(compared[1] for _, compared in turns) / median(control[1] for control, _ in turns)
        found.append((wall, cpu))
        if wall <= AIM:
            break
    wall, cpu = min(found)
    memory = peak(*paths)
    figure = f"{cpu:.2f} × (CPU), {wall:.2f} × (elapsed), {memory >> 10} MiB"
    report(f"comparing 2 × 1 GiB, {OTHERS[other]}", figure, f"aim: {AIM} × reading; 500 MiB")
    assert memory < MOST_MEMORY
    assert wall <= MOST_RATIO


@pytest.mark.parametrize(("kind", "tensors"), [("F16", 1), ("BF16", 256)])
def test_comparing_costs_little_more_than_reading_from_the_disk(tmp_path, report, kind, tensors):
    paths = [tmp_path / name for name in ("one", "other")]
    write(paths, kind, tensors)
    found = []
    for _ in range(ROUNDS):
        turns = [(elapsed(read, paths, cold=True), elapsed(compare, paths, cold=True)) for _ in range(3)]
        reading, comparing = (median(each) for each in zip(*turns, strict=True))
        found.append((comparing / reading, reading, comparing))
        if found[-1][0] <= AIM:
            break
    ratio, reading, comparing = min(found)
    many = "one tensor" if tensors == 1 else f"{tensors} tensors"
    what = f"comparing 2 × 1 GiB on the disk, {many} of {kind}, all numbers differ"
    report(what, f"{ratio:.2f} × (elapsed): {comparing:.2f} s, {reading:.2f} s", f"aim: {AIM} × reading")
    assert ratio <= MOST_FROM_DISK
