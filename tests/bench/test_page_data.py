"""What the pages of a data set and of an algorithm take to be told of 100,000 trials.

All trials read one file, and one directory of many. The control decompresses the same entries and looks for
the digest in them, which is the least that finding the trials takes without an index of digests.
"""

import time
from importlib import import_module
from statistics import median

import pyarrow.ipc
import pytest

from ledger import workspace
from ledger.model import Artifact, ArtifactRole, Digest, Manifest, ManifestEntry, Mode, layout
from ledger.model.codec import encode
from ledger.ui.source import Source
from tests.bench import bulk

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

TRIALS, PARAMETERS, METRICS, TURNS = 100_000, 9, 8, 3
ANSWER_MS = 1000
MISSED, TRIES = 1.5, 3
"""Times what is allowed at which it fails; and of so many tries the best counts."""
TIMES = 8
"""Times the control that are allowed where that is more than `ANSWER_MS`."""
FILE, INSIDE = b"a,b\n1,2\n", Digest.of(b"picture")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    found = workspace.find_or_make(tmp_path_factory.mktemp("data"))[0]
    files = [
        ManifestEntry(path=f"{n:03d}.png", mode=Mode.FILE, size=8, digest=Digest.of(b"%d" % n))
        for n in range(200)
    ]
    files.append(ManifestEntry(path="last.png", mode=Mode.FILE, size=8, digest=INSIDE))
    digests = found.store.put(encode(Manifest(entries=tuple(files)))), found.store.put(FILE)
    found.store.flush()
    bulk.write(
        found.directory,
        TRIALS,
        experiments=["x", "y"],
        parameters=PARAMETERS,
        metrics=METRICS,
        indexed=True,
        algorithms=("sgd", "adam"),
        inputs=tuple(
            Artifact(
                role=ArtifactRole.INPUT, path=path, digest=digest, size=8, mode=mode, media_type="text/csv"
            )
            for path, mode, digest in zip(
                ("images", "train.csv"), (Mode.DIRECTORY, Mode.FILE), digests, strict=True
            )
        ),
    )
    return found


def control(found):
    """Milliseconds to decompress all entries and to look for a digest."""
    began = time.perf_counter()
    hits = 0
    for path in layout.journal(found.directory).rglob("*.arrow"):
        reader = pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))
        for place in range(reader.num_record_batches):
            bodies = reader.get_batch(place).column("body").buffers()[2].to_pybytes()
            hits += bodies.count(bytes(Digest.of(FILE)))
    assert hits == TRIALS
    return 1000 * (time.perf_counter() - began)


@pytest.mark.parametrize(
    ("name", "module", "query"),
    [
        ("a file", "data_set", {"digest": str(Digest.of(FILE))}),
        ("a file of a directory", "data_set", {"digest": str(INSIDE)}),
        ("an algorithm", "algorithm", {"by": "optimizer", "is": "sgd", "metric": "metric0"}),
    ],
)
def test_it_is_told_within_a_second(large, report, name, module, query):
    answer = import_module(f"ledger.ui.data.{module}").answer
    answer(Source(large), query)  # what is imported then stays
    tries = []
    for _ in range(TRIES):
        ours, bare = [], []
        for _ in range(TURNS):
            began = time.perf_counter()
            found = answer(Source(large), query)
            ours.append(1000 * (time.perf_counter() - began))
            bare.append(control(large))
        assert found["count"] == (TRIALS if module == "data_set" else 50_848)
        allowed = max(ANSWER_MS, TIMES * median(bare))
        tries.append((median(ours) / allowed, median(ours), median(bare), allowed))
        if tries[-1][0] <= 1:
            break
    share, own, other, allowed = min(tries)
    figure = f"{own:.0f} ms; entries looked through {other:.0f} ms"
    aim = f"aim: {ANSWER_MS} ms; {allowed:.0f} ms on this machine now"
    report(f"page, {TRIALS:,} trials: {name}", figure, aim)
    assert share <= MISSED
