"""Objects are removed while others write, and are killed: what an entry refers to is there all the time."""

import contextlib
import importlib.util
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.errors import DamagedError, StorageError
from ledger.model import Digest, layout
from ledger.ops import holding, query
from ledger.ops.gc import gc
from ledger.store.pins import Condemned, held_leases, read_condemned, write_condemned
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("gc_worker.py")
_SPEC = importlib.util.spec_from_file_location("gc_worker", WORKER)
worker = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(worker)


def start(what, directory, seed, **options):
    return subprocess.Popen(
        [sys.executable, WORKER, what, directory, str(seed)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        **options,
    )


@pytest.fixture
def ledger(tmp_path):
    directory = tmp_path / ".ledger"
    directory.mkdir()
    return directory


def fill(directory, *, recorded, orphans):
    """Put contents; the first ones are referred to by an entry."""
    place = worker.workspace(directory)
    digests = []
    for number in range(recorded + orphans):
        digests.append(place.store.put(worker.content(number)))
        if number % 3 == 0:  # several packs, and some files
            place.store.flush()
    place.store.flush()
    place.journal.append(worker.holds(digests[:recorded]))
    place.store.release()
    return set(digests[:recorded]), set(digests[recorded:])


def there(directory):
    return set(worker.workspace(directory).store.digests())


def whole(directory):
    """Everything that is recorded, after it was found to be there."""
    place = worker.workspace(directory)
    assert place.journal.verify() == []
    held = holding.held(place.journal, place.store, query.load(place.journal))
    for digest in held:
        place.store.check(digest)
    assert held.isdisjoint(place.store.pieces_of(()))
    return held


def race(directory, seconds, *, writers, collectors, seed, insist=False):
    """Let processes write and remove, kill them at random and start others; what was told to be recorded.

    Who insists goes on until something was recorded, and something removed.
    """
    choose = random.Random(seed)
    recorded, removed = set(), 0
    with contextlib.ExitStack() as stack:
        running = []

        def begin(what):
            running.append((what, stack.enter_context(start(what, directory, choose.randrange(10**6)))))

        def end(number):
            nonlocal removed
            what, process = running.pop(number)
            process.kill()
            lines = process.stdout.read().split(b"\n")[:-1]
            assert process.wait() == -9
            if what == "write":
                recorded.update(Digest(bytes.fromhex(line.decode())) for line in lines)
            else:
                removed += sum(map(int, lines))

        for what in ["write"] * writers + ["collect"] * collectors:
            begin(what)
        until, patient = time.monotonic() + seconds, 1.0
        # On a busy machine each is killed again and again before it has come to that: it is given longer.
        while time.monotonic() < until or (insist and not (recorded and removed) and patient < 30):
            time.sleep(patient * choose.uniform(0.3, 0.8))
            patient *= 1.2 if time.monotonic() > until else 1.0
            number = choose.randrange(len(running))
            what = running[number][0]
            end(number)
            begin(what)
        while running:
            end(0)
    return recorded, removed


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_that_was_recorded_is_lost_in_a_race(ledger, seed):
    recorded, removed = race(ledger, 15, writers=3, collectors=2, seed=seed, insist=True)
    held = whole(ledger)
    assert recorded
    assert recorded <= held
    assert removed, "nothing was removed, so that nothing was shown"
    worker.workspace(ledger).store.release()
    gc(worker.workspace(ledger), patience=0)
    assert there(ledger) == held == whole(ledger)
    assert held_leases(ledger) == ()


def test_a_short_race(ledger):
    recorded, _ = race(ledger, 3, writers=2, collectors=1, seed=3)
    assert recorded <= whole(ledger)


@pytest.mark.slow
def test_who_removes_may_be_killed_before_each_change_of_the_disk(ledger, tmp_path):
    kept, orphans = fill(ledger, recorded=5, orphans=6)
    for deadly in range(200):
        copy = tmp_path / str(deadly) / ".ledger"
        copy.parent.mkdir()
        subprocess.run(["cp", "-a", ledger, copy], check=True)
        place = worker.workspace(copy)
        with start("collect_once", copy, deadly) as process:
            said = process.stdout.read().decode()
        assert whole(copy) == kept
        if process.returncode == 0:
            break
        assert process.returncode == -9
        left = there(copy)
        assert kept <= left
        done = gc(place, patience=0)
        assert done.objects == len(left - kept)
        assert there(copy) == kept
        assert read_condemned(copy) is None
    else:
        pytest.fail("it never came to its end")
    assert said.startswith("6 removed, 0 waiting")
    assert deadly > 15, "its changes were not seen"
    assert there(copy) == kept
    assert orphans


def test_a_writer_that_is_killed_is_not_waited_for(ledger):
    kept, orphans = fill(ledger, recorded=2, orphans=3)
    code = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[2]); import gc_worker;"
        "place = gc_worker.workspace(Path(sys.argv[1])); place.store.put(gc_worker.content(3));"
        "print('ready', flush=True);"
        "time.sleep(100)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, ledger, WORKER.parent],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        assert gc(worker.workspace(ledger), patience=0).waiting == 1
        assert there(ledger) == kept | orphans
        process.kill()
    done = gc(worker.workspace(ledger), patience=0)
    assert (done.waiting, done.objects) == (0, 3)
    assert there(ledger) == kept
    assert list(layout.leases(ledger).iterdir()) == []


def test_two_that_remove_at_once(ledger):
    kept, _ = fill(ledger, recorded=3, orphans=300)
    both = [start("collect_once", ledger, 10**9, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE_S) for process in both]
    ended = [process.returncode for process in both]
    assert 0 in ended
    for code, (out, err) in zip(ended, said, strict=True):
        assert code == 0 or b"objects are being removed already" in err, (out, err)
    assert sum(int(out.split()[0]) for out, _ in said if out) == 300
    assert there(ledger) == kept


class TestList:
    def test_a_damaged_list_removes_nothing_and_is_made_anew(self, ledger):
        kept, orphans = fill(ledger, recorded=2, orphans=3)
        layout.collection(ledger).mkdir(exist_ok=True)
        write_condemned(ledger, Condemned(digests=frozenset(kept), leases=()))
        path = layout.condemned(ledger)
        content = path.read_bytes()
        for at in range(0, len(content), 7):
            broken = bytearray(content)
            broken[at] ^= 1
            path.write_bytes(broken)
            assert read_condemned(ledger) is None
        for size in range(len(content)):
            path.write_bytes(content[:size])
            assert read_condemned(ledger) is None
        assert gc(worker.workspace(ledger), patience=0).objects == 3
        assert there(ledger) == kept
        assert orphans

    def test_what_is_held_by_now_is_not_removed_whatever_the_list_says(self, ledger):
        kept, orphans = fill(ledger, recorded=2, orphans=3)
        layout.collection(ledger).mkdir(exist_ok=True)
        write_condemned(ledger, Condemned(digests=frozenset(kept | orphans)))
        assert gc(worker.workspace(ledger), patience=0).objects == 3
        assert there(ledger) == kept


class TestDisk:
    @pytest.mark.parametrize("after", range(12))
    @pytest.mark.parametrize("name", ["unlink", "fsync", "write", "open"])
    def test_any_call_may_fail(self, ledger, monkeypatch, name, after):
        kept, _ = fill(ledger, recorded=2, orphans=3)
        original, calls = getattr(os, name), 0

        def failing(*arguments, **named):
            nonlocal calls
            if name != "open" or (len(arguments) > 1 and arguments[1] & os.O_CREAT):
                calls += 1
                if calls > after:
                    raise OSError(28, "No space left on device")
            return original(*arguments, **named)

        monkeypatch.setattr(os, name, failing)
        with contextlib.suppress(StorageError, DamagedError):
            gc(worker.workspace(ledger), patience=0)
        monkeypatch.undo()
        assert whole(ledger) == kept
        gc(worker.workspace(ledger), patience=0)
        assert there(ledger) == kept

    def test_a_full_disk_is_told_to_who_writes(self, ledger, monkeypatch):
        fill(ledger, recorded=2, orphans=3)
        place = worker.workspace(ledger)

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ledger.fs.try_lock", full)
        for rely in (lambda: place.store.put(b"x"), lambda: place.store.has(Digest.of(worker.content(0)))):
            with pytest.raises(StorageError, match="cannot write"):
                rely()

    def test_who_may_not_write_may_look(self, ledger, monkeypatch):
        kept, _ = fill(ledger, recorded=2, orphans=0)
        place = worker.workspace(ledger)

        def refused(*_, **__):
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr("ledger.fs.try_lock", refused)
        assert all(map(place.store.has, kept))
        assert place.store.present(kept) == kept
        with pytest.raises(StorageError, match="Read-only"):
            place.store.put(b"x")


def test_a_forked_process_has_a_lease_of_its_own(ledger):
    _, orphans = fill(ledger, recorded=1, orphans=1)
    place = worker.workspace(ledger)
    place.store.put(b"mine")
    (own,) = held_leases(ledger)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            place.store.put(b"the child's")
            os.write(writing, " ".join(held_leases(ledger)).encode())
            place.store.release()
            place.store.release()
            os.write(writing, b"," + " ".join(held_leases(ledger)).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    both, left = os.read(reading, 200).decode().split(",")
    os.close(reading)
    os.close(writing)
    assert own in both.split()
    assert len(both.split()) == 2
    assert left == own
    place.store.release()
    assert held_leases(ledger) == ()
    assert orphans
