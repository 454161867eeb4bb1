"""What a crash, a bad disk or a crowd does to a journal: acknowledged entries are recovered, in order."""

import errno
import itertools
import os
import random
import resource
import signal
import subprocess
import time
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from ledger import fs
from ledger.errors import DamagedError, LedgerError, StorageError
from ledger.journal import arrow, index, merkle, seal, state  # noqa: F401  forked children need them loaded
from ledger.journal.local import LocalJournal
from ledger.journal.tail import encode_frame
from ledger.model import Note, layout
from tests.patience import PATIENCE_S

WRITERS = 8


def note(text):
    return Note(text=text, author="ann")


def fork(work):
    """Run `work` in a forked process; returns its id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()  # nobody else will tell
        finally:
            os._exit(code)
    return child


def wait(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / ".ledger"
    path.mkdir()
    return path


@pytest.fixture
def journal(ledger):
    return LocalJournal(ledger)


def log_of(journal):
    return layout.log(journal._ledger, journal.origin)


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def restore(folder, files):
    for path in folder.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.write_bytes(content)


def check_whole(ledger, acknowledged):
    """Every acknowledged text is there once, each writer's in order; positions are dense; no findings."""
    journal = LocalJournal(ledger)
    entries = list(journal.entries())
    texts = [each.entry.payload.text for each in entries]
    assert not [text for text, count in Counter(texts).items() if count > 1]
    assert set(acknowledged) <= set(texts)
    places = {text: place for place, text in enumerate(texts)}
    for writer in {text.split()[0] for text in acknowledged}:
        own = [places[text] for text in acknowledged if text.split()[0] == writer]
        assert own == sorted(own)
    assert [each.seq for each in entries] == list(range(len(entries)))
    assert [finding for finding in journal.verify() if finding.what != "journal.head"] == []
    assert journal.head().size == len(entries)
    return texts


# A torn tail


@pytest.mark.slow
def test_a_tail_cut_at_every_byte_by_a_crash_is_repaired(ledger, journal):
    for place in range(2):
        journal.append(note(f"w {place}"))
    path = layout.tail(log_of(journal), 0)
    ends, head = [0], layout.log_head(log_of(journal)).read_bytes()
    for each in journal.entries():
        ends.append(ends[-1] + len(encode_frame(each.seq, each.id, each.body)))
    first = state.decode_head(head)._replace(offset=0, frontier=state.EMPTY)
    whole = contents(ledger)
    for length in range(ends[-1]):
        restore(ledger, whole)
        state.write_head(log_of(journal), first)  # none of them was known to be durable
        os.truncate(path, length)
        kept = sum(end <= length for end in ends[1:])
        assert [each.seq for each in journal.entries()] == list(range(kept))
        assert journal.verify() == []
        assert LocalJournal(ledger).append(note("w after")).seq == kept
        assert check_whole(ledger, ["w after"]) == [*(f"w {place}" for place in range(kept)), "w after"]


def test_a_tail_cut_at_every_byte_that_was_durable_is_a_finding(ledger, journal):
    for place in range(2):
        journal.append(note(f"w {place}"))
    path = layout.tail(log_of(journal), 0)
    origin, whole, size = journal.origin, contents(ledger), path.stat().st_size
    for length in range(0, size, 7):
        restore(ledger, whole)
        os.truncate(path, length)
        assert "journal.truncated" in {each.what for each in LocalJournal(ledger).verify()}
        recorded = LocalJournal(ledger).append(note("w after"))
        assert (recorded.seq, recorded.entry.origin == origin) == (0, False)
        texts = [each.entry.payload.text for each in LocalJournal(ledger).entries()]
        assert texts[-1] == "w after"
        assert texts[:-1] == ["w 0", "w 1"][: len(texts) - 1]


def garbage(frames):
    return {
        "zeros": bytes(4096),
        "random": random.Random(1).randbytes(1000),
        "magic": b"LDGF" * 100,
        "half a frame": frames[-1][: len(frames[-1]) // 2],
        "a header that promises more": encode_frame(3, bytes(32), b"x" * 1000)[:64],
        "a frame whose body was never written": encode_frame(3, bytes(32), bytes(500)),
    }


def again(frames):
    return {"the last again": frames[-1], "the first again": frames[0]}


@pytest.mark.parametrize("what", list(garbage([b""])))
def test_garbage_behind_the_last_frame_is_cut_off(ledger, journal, what):
    frames = []
    for place in range(3):
        recorded = journal.append(note(f"w {place}"))
        frames.append(encode_frame(recorded.seq, recorded.id, recorded.body))
    with open(layout.tail(log_of(journal), 0), "ab") as file:
        file.write(garbage(frames)[what])
    assert check_whole(ledger, ["w 2"]) == ["w 0", "w 1", "w 2"]
    assert LocalJournal(ledger).append(note("w 3")).seq == 3
    assert check_whole(ledger, ["w 3"]) == ["w 0", "w 1", "w 2", "w 3"]


@pytest.mark.parametrize("what", list(again([b""])))
def test_a_frame_that_stands_there_twice_is_a_finding_and_stays(ledger, journal, what):
    frames = []
    for place in range(3):
        recorded = journal.append(note(f"w {place}"))
        frames.append(encode_frame(recorded.seq, recorded.id, recorded.body))
    path = layout.tail(log_of(journal), 0)
    path.write_bytes(b"".join(frames) + again(frames)[what])
    assert LocalJournal(ledger).append(note("w 3")).seq == 3
    assert [each.entry.payload.text for each in journal.entries()] == ["w 0", "w 1", "w 2", "w 3"]
    assert [each.what for each in journal.verify()] == ["journal.frame"]


@pytest.mark.parametrize("what", [*garbage([b""]), *again([b""])])
def test_garbage_in_front_of_a_whole_frame_is_a_finding_and_stays(ledger, journal, what):
    frames = []
    for place in range(4):
        recorded = journal.append(note(f"w {place}"))
        frames.append(encode_frame(recorded.seq, recorded.id, recorded.body))
    path = layout.tail(log_of(journal), 0)
    found = garbage(frames[:3]) | again(frames[:3])
    content = b"".join(frames[:3]) + found[what] + frames[3]
    path.write_bytes(content)
    texts = [each.entry.payload.text for each in LocalJournal(ledger).entries()]
    assert texts == ["w 0", "w 1", "w 2", "w 3"]
    assert {each.what for each in journal.verify()} & {"journal.frame", "journal.entry"}
    LocalJournal(ledger).append(note("w 4"))
    assert path.read_bytes()[: len(content)] == content


# A bad disk


def test_a_full_disk_refuses_and_loses_nothing(ledger, journal):
    acknowledged = []
    journal.append(note("w first"))
    acknowledged.append("w first")
    report, told = os.pipe()

    def fill():
        # Writes beyond the limit come back short, then fail, as on a full disk.
        size = layout.tail(log_of(journal), 0).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, size + 5000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for place in range(100):
            text = f"w {place} {'x' * 700}"
            try:
                journal.append(note(text))
            except StorageError:
                os.write(told, b"refused\n")
                return
            os.write(told, f"{text}\n".encode())

    assert wait(fork(fill)) == 0
    os.close(told)
    with open(report, encoding="utf-8") as lines:
        said = lines.read().splitlines()
    assert said[-1] == "refused"
    acknowledged += said[:-1]
    assert len(acknowledged) > 3
    assert check_whole(ledger, acknowledged) == acknowledged
    journal.append(note("w last"))
    assert check_whole(ledger, acknowledged)[-1] == "w last"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_small_file_system_that_fills_up_loses_nothing(small_disk):
    ledger = small_disk / ".ledger"
    journal = LocalJournal(ledger)
    acknowledged = []

    def fill():
        for place in range(10_000):
            text = f"w {place} {'x' * 3000}"
            journal.append(note(text))
            acknowledged.append(text)

    with pytest.raises(StorageError) as caught:
        fill()
    assert caught.value.hint == "free some room, then run the command again"
    assert len(acknowledged) > 50
    with pytest.raises(LedgerError):
        journal.seal()
    assert journal.table().num_rows == len(acknowledged)
    assert check_whole(ledger, acknowledged) == acknowledged


@pytest.mark.parametrize("count", range(4))
def test_short_writes_that_then_fail_leave_no_trace(ledger, journal, monkeypatch, count):
    journal.append(note("w 0"))
    real, calls = os.write, []

    def write(descriptor, content):
        calls.append(1)
        if len(calls) > count:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, bytes(content)[:20])

    before = contents(ledger)
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StorageError):
        journal.append(note("w lost"))
    monkeypatch.undo()
    assert contents(ledger) == before
    assert journal.append(note("w 1")).seq == 1
    assert check_whole(ledger, ["w 0", "w 1"]) == ["w 0", "w 1"]


def test_writes_that_are_short_and_go_on_are_whole(ledger, journal, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, bytes(content)[:20]))
    for place in range(3):
        journal.append(note(f"w {place}"))
    monkeypatch.undo()
    assert check_whole(ledger, ["w 2"]) == ["w 0", "w 1", "w 2"]


@pytest.mark.parametrize("call", ["fsync", "replace", "fdatasync", "pwrite"])
def test_a_seal_that_a_disk_refuses_changes_nothing(ledger, journal, monkeypatch, call):
    for place in range(3):
        journal.append(note(f"w {place}"))

    def fail(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        if call == "replace":
            patched.setattr(Path, call, fail)
        with pytest.raises(StorageError, match=os.strerror(errno.EIO)):
            journal.seal()
    assert check_whole(ledger, ["w 0", "w 1", "w 2"]) == ["w 0", "w 1", "w 2"]
    assert LocalJournal(ledger).append(note("w 3")).seq == 3
    LocalJournal(ledger).seal()
    assert len(check_whole(ledger, ["w 3"])) == 4


def test_a_flipped_bit_in_every_kind_of_file_is_named_and_costs_at_most_an_entry_or_a_batch(
    ledger, journal, monkeypatch
):
    monkeypatch.setattr(arrow, "BATCH_ROWS", 2)
    for place in range(4):
        journal.append(note(f"w {place}"))
    journal.seal()
    for place in range(4, 8):
        journal.append(note(f"w {place}"))
    whole = contents(ledger)
    truth = [path for path in whole if path.is_relative_to(layout.journal(ledger)) and path.name != "lock"]
    truth += [path for path in whole if path.is_relative_to(layout.origins(ledger)) and path.name != ".lock"]
    assert {path.suffix or path.name.partition("-")[0] for path in truth} >= {
        ".arrow",
        "head",
        "sealed",
        "tail",
    }
    for path in truth:
        size = len(whole[path])
        for offset in sorted({*range(0, size, max(1, size // 40)), size - 1}):
            content = bytearray(whole[path])
            content[offset] ^= 1 << offset % 8
            path.write_bytes(content)
            damaged = LocalJournal(ledger)
            findings = damaged.verify()
            assert findings, f"{path.name} at {offset}"
            assert any(path.name in f"{each.where} {each.expected}" for each in findings)
            texts = [each.entry.payload.text for each in damaged.entries()]
            least = 6 if path.suffix == ".arrow" else 7  # what is compressed is one batch, or nothing
            assert len(texts) >= least, f"{path.name} at {offset}"
            assert texts == [f"w {place}" for place in range(8) if f"w {place}" in texts]
        path.write_bytes(whole[path])
    restore(ledger, whole)
    assert journal.verify() == []


# A read-only directory


def test_a_read_only_ledger_can_be_read(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make files that belong to another user")
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="ledger-read-only-"))  # pytest's folders let nobody else in
    try:
        folder.chmod(0o755)
        ledger = folder / ".ledger"
        journal = LocalJournal(ledger)
        for place in range(3):
            journal.append(note(f"w {place}"))
        journal.seal()
        journal.append(note("w 3"))

        def read():
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            other = LocalJournal(ledger)
            assert [each.seq for each in other.entries()] == [0, 1, 2, 3]
            assert other.table().num_rows == 4
            assert other.verify() == []
            assert other.head().size == 4
            assert not other.is_output("x", bytes(32))
            other.seal()
            with pytest.raises(StorageError) as caught:
                other.append(note("w 4"))
            assert "LEDGER_DIR" in caught.value.hint

        assert wait(fork(read)) == 0
    finally:
        shutil.rmtree(folder)


# A crowd


def append_for(ledger, writer, seconds, acknowledge):
    journal = LocalJournal(ledger)
    end, place = time.monotonic() + seconds, 0
    while place < 2 or time.monotonic() < end:
        text = f"{writer} {place}"
        recorded = journal.append(note(text))
        os.write(acknowledge, f"{text}\t{recorded.seq}\t{recorded.id}\n".encode())
        place += 1


def acknowledged_in(path):
    """The texts that were acknowledged."""
    return [line.split("\t")[0] for line in path.read_text("utf-8").splitlines()]


def check_places(ledger, path):
    """Every entry is where, and what, its writer was told that it is."""
    entries = list(LocalJournal(ledger).entries())
    for line in path.read_text("utf-8").splitlines():
        text, seq, id = line.split("\t")
        there = entries[int(seq)]
        assert (there.entry.payload.text, str(there.id)) == (text, id)


def watch_for(ledger, seen):
    """Write down every head that comes by, as readers see it and as the file tells it."""
    journal = LocalJournal(ledger)
    while True:
        for head in journal.head().origins:
            os.write(seen, f"{head.size} {head.root}\n".encode())
        try:
            told = state.read_head(log_of(journal))
        except DamagedError:
            continue  # it is being written
        os.write(seen, f"{told.frontier.size} {told.frontier.root()}\n".encode())


def check_heads(ledger, path):
    """Every head that was ever seen is that of a prefix; each proves to be part of the next."""
    leaves = [each.id for each in LocalJournal(ledger).entries()]
    heads = {(int(size), root) for size, root in (line.split() for line in path.read_text().splitlines())}
    frontier, before = merkle.EMPTY, (0, merkle.root(()))
    for size, root in sorted(heads):
        frontier = frontier.extend(leaves[frontier.size : size])
        now = size, frontier.root()
        assert (size, root) == (frontier.size, str(now[1]))
        if size % 7 == 0:
            proof = merkle.consistency_proof(leaves[:size], before[0])
            assert merkle.verify_consistency(before[0], size, before[1], now[1], proof)
            before = now
    return len(heads)


def open_log(path):
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def test_many_writers_a_sealer_and_readers_at_once(ledger, tmp_path):
    seconds = 2.0
    said = open_log(tmp_path / "acknowledged")

    def sealing():
        journal = LocalJournal(ledger)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            journal.seal()

    def reading():
        journal = LocalJournal(ledger)
        end, before = time.monotonic() + seconds, []
        while time.monotonic() < end:
            ids = [each.id for each in journal.entries()]
            assert ids[: len(before)] == before
            assert journal.table().num_rows >= len(ids)
            assert journal.head().size >= len(ids)
            before = ids
            assert journal.verify() == []

    children = [fork(lambda who=who: append_for(ledger, who, seconds, said)) for who in range(WRITERS)]
    children += [fork(sealing), fork(reading), fork(reading)]
    assert [wait(child) for child in children] == [0] * len(children)
    os.close(said)
    texts = check_whole(ledger, acknowledged_in(tmp_path / "acknowledged"))
    assert len(texts) == len(acknowledged_in(tmp_path / "acknowledged")) > WRITERS


def storm(ledger, folder, seconds, randomness):
    """Eight writers, a sealer and a watcher that are killed at any instant, and others in their place."""
    end, generation, children, pause = time.monotonic() + seconds, 0, {}, 0.02

    def enough():
        acknowledged, heads = (
            (folder / name).read_bytes().count(b"\n") for name in ("acknowledged", "heads")
        )
        return generation > 3 * WRITERS and acknowledged > 2 * generation and heads > 100

    def sealing():
        journal = LocalJournal(ledger)
        while True:
            journal.seal()

    roles = [*("write" for _ in range(WRITERS)), "seal", "watch"]
    while time.monotonic() < end or (not enough() and time.monotonic() < end + PATIENCE_S):
        for role in roles:
            said = open_log(folder / ("heads" if role == "watch" else "acknowledged"))
            if role == "seal":
                child = fork(sealing)
            elif role == "watch":
                child = fork(lambda said=said: watch_for(ledger, said))
            else:
                child = fork(lambda name=f"w{generation}", said=said: append_for(ledger, name, 1000, said))
            os.close(said)
            children[child] = role
            generation += 1
        time.sleep(randomness.random() * pause)
        if time.monotonic() > end:  # few come to it where the machine is busy: they are given longer
            pause *= 1.1
        victim = randomness.choice(list(children))
        os.kill(victim, signal.SIGKILL)
        assert wait(victim) == -signal.SIGKILL
        roles = [children.pop(victim)]
    for child in children:
        os.kill(child, signal.SIGKILL)
        assert wait(child) == -signal.SIGKILL
    return generation


@pytest.mark.parametrize("seconds", [1.5, pytest.param(20, marks=pytest.mark.slow)])
def test_writers_and_sealers_killed_at_random_lose_nothing_that_was_acknowledged(ledger, tmp_path, seconds):
    LocalJournal(ledger).append(note("w before"))
    kills = storm(ledger, tmp_path, seconds, random.Random(seconds))
    acknowledged = acknowledged_in(tmp_path / "acknowledged")
    assert kills > 2 * WRITERS
    assert len(acknowledged) > kills
    check_whole(ledger, acknowledged)
    check_places(ledger, tmp_path / "acknowledged")
    assert check_heads(ledger, tmp_path / "heads") > 10
    LocalJournal(ledger).append(note("w after"))
    assert check_whole(ledger, acknowledged)[-1] == "w after"


CALLS = {
    *("write", "pwrite", "open", "fsync", "fdatasync", "ftruncate"),
    *("link", "mkdir", "unlink", "rename", "replace"),
}


class Killer:
    """Kills this process in front of its n-th system call that changes something."""

    def __init__(self, place):
        self.left = place
        for name in CALLS:
            setattr(os, name, self.counted(getattr(os, name)))

    def counted(self, real):
        def call(*arguments, **options):
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.left -= 1
            return real(*arguments, **options)

        return call


@pytest.mark.slow
@pytest.mark.parametrize("sealed_before", [False, True])
@pytest.mark.parametrize("survivor", [None, "an old handle"])
def test_killed_in_front_of_every_system_call_nothing_acknowledged_is_lost(
    ledger, tmp_path, sealed_before, survivor
):
    if sealed_before:
        LocalJournal(ledger).append(note("w before"))
        LocalJournal(ledger).seal()
    if survivor:
        survivor = LocalJournal(ledger)
    write, said = os.write, open_log(tmp_path / "acknowledged")
    for place in itertools.count():
        if survivor:
            survivor.append(note(f"w {place} before"))

        def work(place=place):
            Killer(place)
            journal = LocalJournal(ledger)
            for count in range(2):
                journal.append(note(f"w {place} {count}"))
                write(said, f"w {place} {count}\n".encode())
            journal.seal()

        code = wait(fork(work))
        check_whole(ledger, acknowledged_in(tmp_path / "acknowledged"))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        # What the next one finds is what the dead one left, not what all of them have left.
        (survivor or LocalJournal(ledger)).append(note(f"w {place} after"))
        LocalJournal(ledger).seal()
    os.close(said)
    assert place > 30
    assert check_whole(ledger, acknowledged_in(tmp_path / "acknowledged"))[-1] == f"w {place} 1"


@pytest.mark.slow
def test_killed_in_front_of_every_system_call_of_the_first_append(tmp_path):
    write, said = os.write, open_log(tmp_path / "acknowledged")
    for place in itertools.count():
        ledger = tmp_path / str(place) / ".ledger"
        ledger.mkdir(parents=True)

        def work(ledger=ledger, place=place):
            Killer(place)
            LocalJournal(ledger).append(note("w first"))
            write(said, b"w first\n")

        code = wait(fork(work))
        acknowledged = acknowledged_in(tmp_path / "acknowledged")
        check_whole(ledger, acknowledged)
        LocalJournal(ledger).append(note("w second"))
        assert check_whole(ledger, acknowledged)[-1] == "w second"
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert acknowledged == []
    os.close(said)
    assert acknowledged == ["w first"]
    assert place > 15


class Failing:
    """Lets the n-th system call that changes something fail, or that and all later ones."""

    def __init__(self, patch, place, number, lasting):
        self.left, self.number, self.lasting, self.failed = place, number, lasting, False
        for name in CALLS:
            patch.setattr(os, name, self.counted(getattr(os, name)))

    def counted(self, real):
        def call(*arguments, **options):
            self.left -= 1
            if self.left == -1 or (self.lasting and self.left < 0):
                self.failed = True
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **options)

        return call


@pytest.mark.slow
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("sealed_before", [False, True])
def test_an_error_of_any_system_call_loses_nothing(tmp_path, monkeypatch, number, lasting, sealed_before):
    for place in itertools.count():
        ledger = tmp_path / str(place) / ".ledger"
        ledger.mkdir(parents=True)
        journal, acknowledged = LocalJournal(ledger), []

        def attempt(text, journal=journal, acknowledged=acknowledged):
            try:
                journal.append(note(text))
            except StorageError as error:
                return error.message
            acknowledged.append(text)
            return None

        if sealed_before:
            attempt("w 0")
            journal.seal()
        with monkeypatch.context() as patched:
            disk = Failing(patched, place, number, lasting)
            attempt("w 1")
            attempt("w 2")
            with suppress(StorageError):  # if it fails, everything is where it was
                journal.seal()
            attempt("w 3")
        check_whole(ledger, acknowledged)
        refused = attempt("w 4")
        if refused:  # a sync has failed
            assert "takes no more entries" in refused
            LocalJournal(ledger).append(note("w 4"))
        assert check_whole(ledger, [*acknowledged, "w 4"])[-1] == "w 4"
        LocalJournal(ledger).seal()
        check_whole(ledger, [*acknowledged, "w 4"])
        if not disk.failed:
            break
    assert place > 30


# What a machine does


@pytest.mark.parametrize("day", [1, -1])
def test_a_clock_that_jumps_a_day_reorders_nothing(ledger, tmp_path, day):
    """Order is by position and by what an entry has seen; times are for people."""
    import shutil

    step, now = day * 24 * 3600 * 10**9, time.time_ns()
    journal = LocalJournal(ledger)
    for place in range(4):
        journal.append(note(f"w {place}"), time=now + place * step)
    shutil.copytree(ledger, tmp_path / "copy")
    other = LocalJournal(tmp_path / "copy")
    other.append(note("v 0"), time=now - 10 * step)
    merged = [each.entry.payload.text for each in other.entries()]
    assert merged == ["w 0", "w 1", "w 2", "w 3", "v 0"]
    other.seal()
    assert [each.entry.payload.text for each in LocalJournal(tmp_path / "copy").entries()] == merged
    assert other.verify() == []
    check_whole(ledger, [f"w {place}" for place in range(4)])


def test_a_lock_whose_holder_was_killed_keeps_nobody_waiting(ledger, journal):
    journal.append(note("w 0"))
    holding, held = os.pipe()

    def hold():
        with fs.locked(layout.log_lock(log_of(journal))):
            os.write(held, b".")
            time.sleep(1000)

    child = fork(hold)
    os.read(holding, 1)
    assert fs.try_lock(layout.log_lock(log_of(journal))) is None
    os.kill(child, signal.SIGKILL)
    wait(child)
    journal.append(note("w 1"))
    check_whole(ledger, ["w 0", "w 1"])


def test_two_heads_of_one_size_with_two_roots_are_named(ledger, journal, tmp_path):
    """A log of which two versions were shown: whoever has seen the one finds the other out."""
    import shutil

    for place in range(3):
        journal.append(note(f"w {place}"))
    log = log_of(journal)
    shutil.copytree(ledger, tmp_path / "copy")
    other = LocalJournal(tmp_path / "copy")
    other.append(note("has seen three"))
    tail = layout.tail(log, 0)
    lines = list(journal.entries())
    os.truncate(tail, sum(len(encode_frame(each.seq, each.id, each.body)) for each in lines[:2]))
    frontier = merkle.EMPTY.extend(each.id for each in lines[:2])
    state.write_head(log, state.HeadRecord(frontier=frontier, first=0, offset=tail.stat().st_size))
    LocalJournal(ledger).append(note("w another 2"))
    assert LocalJournal(ledger).verify() == []  # by itself it is whole
    shutil.rmtree(layout.log(tmp_path / "copy", bytes.fromhex(log.name)))
    shutil.copytree(log, layout.log(tmp_path / "copy", bytes.fromhex(log.name)))
    assert [each.what for each in LocalJournal(tmp_path / "copy").verify()] == ["journal.seen"]
