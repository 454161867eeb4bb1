"""Push and pull against what they cannot do without: the store's own parallel put, a copy of the files."""

import asyncio
import importlib.util
import os
import shutil
import time
from pathlib import Path
from statistics import median

import pytest

from ledger.model import Manifest, ManifestEntry, Mode
from ledger.model.codec import encode
from ledger.ops.pull import pull
from ledger.ops.push import push
from ledger.remotes import names
from ledger.remotes.locate import reach
from ledger.remotes.remote import made, opened

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def _load(name, directory=Path(__file__).parents[1]):
    spec = importlib.util.spec_from_file_location(name, directory / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers, shared, bulk = _load("servers"), _load("shared"), _load("bulk", Path(__file__).parent)

OBJECTS, BYTES = 10_000, 2048
ROUNDS = 3
"""At most: the bound is held by what has been measured so far, or it is measured once more."""
MOST_PUSH, MOST_AGAIN_S, MOST_PULL_S = 1.3, 0.5, 5.0
MISSED = 1.4
"""Times the aim of pushing at which it fails: 1.01 to 1.10 were measured."""
ENTRIES = 100_000


@pytest.fixture(scope="module")
def s3():
    with servers.s3_process() as address:
        servers.make_bucket(address)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in servers.s3_variables(address).items():
                patch.setenv(name, value)
            yield f"s3://{servers.BUCKET}"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A ledger of one trial whose code is 10,000 files."""
    ledger = shared.Shared(tmp_path_factory.mktemp("many"))
    files = [
        ManifestEntry(path=f"f{number:05d}", mode=Mode.FILE, size=BYTES, digest=ledger.store.put(content))
        for number in range(OBJECTS)
        for content in [number.to_bytes(4, "big") + os.urandom(BYTES - 4)]
    ]
    ledger.trial(tree=encode(Manifest(entries=tuple(files))))
    return ledger


def test_pushing_costs_what_putting_costs(many, s3, report):
    contents = {names.of_object(digest): content for digest, content in many.objects().items()}
    taken = {"push": [], "put": []}
    for turn in range(ROUNDS):
        transport = reach(f"{s3}/push{turn}")
        remote = made(transport)
        began = time.perf_counter()
        done = push(many.workspace, remote, "s3")
        taken["push"].append(time.perf_counter() - began)
        assert done.objects == len(contents)
        taken["put"].append(asyncio.run(put_all(f"{s3}/put{turn}", contents)))
        ratio = median(taken["push"]) / median(taken["put"])
        if ratio <= MOST_PUSH:
            break
    report(
        f"push of {len(contents):,} objects to an S3 server ÷ obstore's own parallel put",
        f"{ratio:.2f} ({median(taken['push']):.1f} s ÷ {median(taken['put']):.1f} s)",
        f"aim: {MOST_PUSH}",
    )
    assert ratio <= MISSED * MOST_PUSH


async def put_all(url, contents):
    """What obstore takes for the same, as many at once."""
    import obstore

    store = reach(url)._store
    gate = asyncio.Semaphore(32)

    async def put(name, content):
        async with gate:
            await obstore.put_async(store, name, content, use_multipart=False)

    began = time.perf_counter()
    await asyncio.gather(*(put(name, content) for name, content in contents.items()))
    return time.perf_counter() - began


@pytest.fixture(scope="module")
def pushed(tmp_path_factory, s3):
    root = tmp_path_factory.mktemp("long")
    ledger = shared.Shared(root / "source")
    bulk.write(ledger.ledger, ENTRIES // 2, experiments=["digits"], parameters=20, metrics=10)
    ledger = ledger.again()
    url = f"{s3}/long"
    done = push(ledger.workspace, made(reach(url)), "s3")
    assert done.entries == ENTRIES
    os.sync()
    yield root, ledger, url
    shutil.rmtree(root)
    os.sync()


def test_a_second_push_with_nothing_new(pushed, report, slowness):
    root, _, url = pushed
    taken = []
    for _ in range(9):
        ledger = shared.Shared(root / "source")
        transport = reach(url)
        began = time.perf_counter()
        done = push(ledger.workspace, opened(transport), "s3")
        taken.append(time.perf_counter() - began)
        assert (done.entries, done.objects) == (0, 0)
    slow = slowness()
    report(
        f"a second push with nothing new, {ENTRIES:,} entries, S3 server",
        f"{median(taken) * 1000:.0f} ms",
        f"≤ {MOST_AGAIN_S * 1000:.0f} ms × {slow:.2f}",
    )
    assert median(taken) <= MOST_AGAIN_S * slow


def test_a_pull_checks_and_appends(pushed, report, slowness):
    root, source, url = pushed
    taken, elapsed, control = [], [], []
    for turn in range(3):
        ledger = shared.Shared(root / f"target{turn}")
        transport = reach(url)
        began, spent = time.perf_counter(), time.process_time()
        done = pull(ledger.workspace, opened(transport), "s3")
        taken.append(time.process_time() - spent)
        elapsed.append(time.perf_counter() - began)
        assert done.entries == ENTRIES
        assert ledger.journal.head() == source.journal.head()
        began = time.perf_counter()
        shutil.copytree(source.ledger, root / "copy")
        os.sync()
        control.append(time.perf_counter() - began)
        shutil.rmtree(root / "copy")
        shutil.rmtree(root / f"target{turn}")
    slow = slowness()
    # One thread does nearly all of it: on a machine that does nothing else, both are the same.
    beside = f"{median(elapsed):.1f} s elapsed; a copy of the files: {median(control):.1f} s"
    report(
        f"pull of {ENTRIES:,} entries from an S3 server, all checked, CPU",
        f"{median(taken):.1f} s ({beside})",
        f"≤ {MOST_PULL_S:.0f} s × {slow:.2f}",
    )
    assert median(taken) <= MOST_PULL_S * slow
