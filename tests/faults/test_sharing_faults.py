"""Push and pull when things go wrong: killed anywhere, answers lost, remotes that fail, forget or lie."""

import importlib.util
import os
import shutil
import signal
from pathlib import Path

import pytest

from ledger.errors import DamagedError, LedgerError, NotFoundError, RemoteError
from ledger.model import layout
from ledger.ops import query
from ledger.ops.pull import pull
from ledger.ops.push import push
from ledger.remotes.directory import DirectoryTransport
from ledger.remotes.locate import reach
from ledger.remotes.probe import probe
from ledger.remotes.remote import made, opened


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers, shared = _load("servers"), _load("shared")

CALLS = ("get", "blocks", "size", "put", "put_from", "flush", "create", "listed", "delete")
LARGE = bytes(range(256)) * (40 << 10)
"""An object that does not pass through memory in one piece."""


class Injected:
    """A transport with an act in front of or behind its call number `at`."""

    def __init__(self, inner, at=None, act=None, *, behind=False):
        self.inner, self.at, self.act, self.behind = inner, at, act, behind
        self.url, self.parallel = inner.url, 1
        self.count = 0

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name not in CALLS:
            return found

        def call(*arguments):
            number, self.count = self.count, self.count + 1
            if number == self.at and not self.behind:
                self.act()
            try:
                result = found(*arguments)
                return iter(list(result)) if name in ("listed", "blocks") else result
            finally:
                if number == self.at and self.behind:
                    self.act()

        return call


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise RemoteError("the answer was lost", cause="connection reset by peer")


def in_child(work):
    """Do it in a forked process; whether it came to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except LedgerError:
            code = 3
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) in (0, 3), status
    return status == 0


@pytest.fixture
def ann(tmp_path):
    found = shared.Shared(tmp_path / "ann")
    found.trial("first")
    found.trial("second", output=LARGE)
    return found


@pytest.fixture
def remote(tmp_path):
    return tmp_path / "remote"


def count_calls(work):
    transport = work(None, None, False)
    return transport.count


def pushing(ledger, remote):
    def work(at, act, behind):
        transport = Injected(DirectoryTransport(remote), at, act, behind=behind)
        push(ledger.workspace, made(transport), "lab")
        return transport

    return work


def pulling(ledger, remote):
    def work(at, act, behind):
        transport = Injected(DirectoryTransport(remote), at, act, behind=behind)
        pull(ledger.workspace, opened(transport), "lab")
        return transport

    return work


def check_whole(ledger, other):
    assert ledger.bodies() == other.bodies()
    assert ledger.journal.verify() == []
    assert ledger.objects() == other.objects()


@pytest.mark.slow
@pytest.mark.parametrize("behind", [False, True], ids=["before", "after"])
def test_a_push_that_is_killed_at_any_call_is_done_by_the_next(ann, tmp_path, behind):
    total = count_calls(pushing(shared.Shared(ann.root), tmp_path / "counted"))
    shutil.rmtree(layout.index(ann.ledger))
    assert total > 10
    for at in range(total):
        place = tmp_path / f"remote{at}"
        ledger = ann.again()
        assert not in_child(lambda at=at, place=place, ledger=ledger: pushing(ledger, place)(at, die, behind))
        # What is there is whole: whoever pulls now gets all of it or nothing.
        if (place / "format").exists():
            early = shared.Shared(tmp_path / f"early{at}")
            assert early.pull(str(place)).ok
            assert early.bodies() in ({}, ann.bodies())
            assert early.journal.verify() == []
        assert ann.again().push(str(place)).ok
        late = shared.Shared(tmp_path / f"late{at}")
        assert late.pull(str(place)).ok
        check_whole(late, ann)


@pytest.mark.slow
@pytest.mark.parametrize("behind", [False, True], ids=["before", "after"])
def test_a_pull_that_is_killed_at_any_call_is_done_by_the_next(ann, tmp_path, remote, behind):
    ann.push(str(remote))
    total = count_calls(pulling(shared.Shared(tmp_path / "counted"), remote))
    assert total > 10
    for at in range(total):
        ledger = shared.Shared(tmp_path / f"ben{at}")
        in_child(lambda at=at, ledger=ledger: pulling(ledger, remote)(at, die, behind))
        assert ledger.again().bodies() in ({}, ann.bodies())
        assert ledger.again().journal.verify() == []
        assert ledger.again().pull(str(remote)).ok
        check_whole(ledger.again(), ann)


WRITING = (
    "write",
    "pwrite",
    "ftruncate",
    "rename",
    "replace",
    "unlink",
    "mkdir",
    "link",
    "fsync",
    "fdatasync",
)


def counting(at):
    """Die at the call number `at` of those that change the disk; returns where they are counted."""
    count = [0]

    def wrap(name):
        real = getattr(os, name)

        def call(*arguments, **named):
            count[0] += 1
            if count[0] == at:
                die()
            return real(*arguments, **named)

        setattr(os, name, call)

    for name in WRITING:
        wrap(name)
    return count


@pytest.mark.slow
def test_a_pull_that_is_killed_at_any_write_is_done_by_the_next(ann, tmp_path, remote):
    ann.push(str(remote))
    ben = shared.Shared(tmp_path / "ben")
    ben.trial("here")
    ben.pull(str(remote))
    ann.trial("third", output=b"more")
    ann.push(str(remote))
    at = 0
    while True:
        at += 1
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(ben.root, tmp_path / "copy")
        ledger = shared.Shared(tmp_path / "copy")

        def work(ledger=ledger, at=at):
            counting(at)
            ledger.pull(str(remote))

        ended = in_child(work)
        again = ledger.again()
        assert again.journal.verify() == [], at
        assert again.bodies()[ann.origin] in (ann.bodies()[ann.origin][:4], ann.bodies()[ann.origin]), at
        assert again.pull(str(remote)).ok
        assert again.bodies()[ann.origin] == ann.bodies()[ann.origin]
        assert set(ann.objects()) <= set(again.objects())
        if ended:
            break
    assert at > 20


@pytest.mark.slow
def test_an_answer_that_is_lost_after_the_work_was_done(ann, tmp_path):
    total = count_calls(pushing(shared.Shared(ann.root), tmp_path / "counted"))
    for at in range(total):
        shutil.rmtree(layout.index(ann.ledger), ignore_errors=True)
        place = tmp_path / f"remote{at}"
        try:
            pushing(ann.again(), place)(at, fail, True)
        except RemoteError:
            pass  # told; what counts is what comes of it
        assert ann.again().push(str(place)).ok
        late = shared.Shared(tmp_path / f"late{at}")
        assert late.pull(str(place)).ok
        check_whole(late, ann)


def test_ones_own_write_that_is_answered_as_another_ones(ann, tmp_path, remote):
    class Own(DirectoryTransport):
        def create(self, name, content):
            super().create(name, content)
            return False

    assert push(ann.workspace, made(Own(remote)), "lab").ok
    ben = shared.Shared(tmp_path / "ben")
    assert ben.pull(str(remote)).ok
    check_whole(ben, ann)


def test_another_ones_entries_under_ones_own_name_are_an_error(ann, remote):
    class Taken(DirectoryTransport):
        def create(self, name, content):
            return super().create(
                name, b"LDRS" + content[4:-1] if name.startswith("logs/") else content
            ) and (not name.startswith("logs/"))

    with pytest.raises(DamagedError, match="logs/"):
        push(ann.workspace, made(Taken(remote)), "lab")
    assert not list(DirectoryTransport(remote).listed("heads/"))


def test_a_listing_that_is_behind(ann, tmp_path, remote):
    class Stale(DirectoryTransport):
        def listed(self, directory):
            return iter(self.before[directory])

    ann.push(str(remote))
    stale = Stale(remote)
    there = DirectoryTransport(remote)
    stale.before = {"heads/": list(there.listed("heads/"))}
    stale.before[f"logs/{ann.origin.hex()}/"] = list(there.listed(f"logs/{ann.origin.hex()}/"))
    ben = shared.Shared(tmp_path / "ben")
    for number in range(3):
        ann.trial(f"more {number}")
        assert push(ann.workspace, made(stale), "lab").ok
    assert ben.pull(str(remote)).ok
    check_whole(ben, ann)
    # What is behind takes nothing away.
    found = pull(ben.workspace, opened(stale), "lab")
    assert [each.what for each in found.notices] == ["remote.rollback"]
    check_whole(ben, ann)
    eve = shared.Shared(tmp_path / "eve")
    pull(eve.workspace, opened(stale), "lab")
    assert eve.pull(str(remote)).ok
    check_whole(eve, ann)


def test_clocks_decide_nothing(tmp_path, remote):
    day = 24 * 3600 * 10**9
    now = 1_700_000_000 * 10**9
    ann, ben = shared.Shared(tmp_path / "ann"), shared.Shared(tmp_path / "ben")
    for turn in range(3):
        ann.trial(f"ann {turn}", time=now + day)
        ann.push(str(remote))
        ben.pull(str(remote))
        ben.trial(f"ben {turn}", time=now - day)
        ben.push(str(remote))
        ann.pull(str(remote))
    expected = [f"{who} {turn}" for turn in range(3) for who in ("ann", "ben")]
    for each in (ann, ben):
        assert [trial.name for trial in query.load(each.journal)] == expected


def test_a_remote_that_was_rolled_back_is_noticed_and_made_whole(ann, tmp_path, remote):
    ann.push(str(remote))
    ben = shared.Shared(tmp_path / "ben")
    ben.pull(str(remote))
    shutil.copytree(remote, tmp_path / "backup")
    ann.trial("third", output=b"third")
    ann.push(str(remote))
    ben.pull(str(remote))
    shutil.rmtree(remote)
    shutil.move(tmp_path / "backup", remote)
    for _ in range(2):
        found = ben.pull(str(remote))
        assert found.ok
        (notice,) = found.notices
        assert notice.what == "remote.rollback"
        assert ann.origin.hex() in notice.where
        assert "it had 6 entries" in notice.detail
        assert "now it has 4" in notice.detail
    check_whole(ben, ann)
    pushed = ann.push(str(remote))
    assert "remote.rollback" in [each.what for each in pushed.notices]
    eve = shared.Shared(tmp_path / "eve")
    assert eve.pull(str(remote)).ok
    check_whole(eve, ann)


def test_two_stories_of_one_origin_at_one_remote(ann, tmp_path, remote):
    """A backup that was put back, and written to: both copies push."""
    shutil.copytree(ann.root, tmp_path / "copy")
    ann.trial("one story")
    ann.push(str(remote))
    shutil.copytree(remote, tmp_path / "other")
    ben = shared.Shared(tmp_path / "ben")
    ben.pull(str(remote))
    # The other story, as the same origin tells it.
    liar = shared.Shared(tmp_path / "copy")
    here = layout.origin_file(liar.ledger, _owner(liar))
    here.write_text(f"{ann.origin.hex()}\n")
    liar.trial("another story")
    assert liar.origin == ann.origin
    before = shared.snapshot(ben.ledger)
    for place in (remote, tmp_path / "other"):
        found = liar.push(str(place))
        assert not found.ok
        assert found.findings[0].what == "remote.split"
        assert "at entry 4" in found.findings[0].where
    shutil.rmtree(tmp_path / "other")
    liar.push(str(tmp_path / "other"))
    for ledger in (ben, ann):
        found = ledger.pull(str(tmp_path / "other"))
        assert [each.what for each in found.findings] == ["remote.split"]
        assert f"origin {ann.origin.hex()} at entry 4" in found.findings[0].where
    assert shared.snapshot(ben.ledger) == before
    # Both at one remote, of one size: whoever knows neither is told, too.
    for path in (tmp_path / "other").rglob("*"):
        if path.is_file():
            target = remote / path.relative_to(tmp_path / "other")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    eve = shared.Shared(tmp_path / "eve")
    found = eve.pull(str(remote))
    assert [each.what for each in found.findings] == ["remote.split"]
    assert eve.bodies() == {}


def _owner(ledger):
    from ledger.journal import origins

    return origins.owner(ledger.ledger)


class Overwriting(DirectoryTransport):
    """Says of every write that it was the first."""

    def create(self, name, content):
        path = self._base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return True


class Forgetting(DirectoryTransport):
    """Takes what it is given, and does not have it."""

    def create(self, name, content):
        created = super().create(name, content)
        (self._base / name).unlink(missing_ok=True)
        return created


class Unlisted(DirectoryTransport):
    """Does not list what it has."""

    def listed(self, directory):
        return iter(())


class Refusing(DirectoryTransport):
    """Says of every write that somebody else was first."""

    def create(self, name, content):
        super().create(name, content)
        return False


@pytest.mark.parametrize("liar", [Overwriting, Forgetting, Unlisted, Refusing])
def test_a_remote_that_lies_about_writes_is_refused(tmp_path, liar):
    remote = tmp_path / "remote"
    with pytest.raises(RemoteError, match="is refused") as raised:
        probe(liar(remote))
    assert "expected" in raised.value.cause
    assert [path for path in remote.rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def s3():
    with servers.s3_server() as address:
        servers.make_bucket(address)
        yield address


@pytest.fixture
def through(s3, monkeypatch):
    """Reach the bucket through a proxy with faults."""
    made = []

    def through(fault):
        proxy = servers.Faulty(s3, fault)
        made.append(proxy)
        for name, value in servers.s3_variables(proxy.address).items():
            monkeypatch.setenv(name, value)
        return proxy

    yield through
    for each in made:
        each.close()


def url(name):
    return f"s3://{servers.BUCKET}/{name}"


def first_of_each(answer, chosen=lambda method, path: True):
    """Answer so the first time that a request is seen; then pass it on."""
    seen = set()

    def fault(method, path, _number):
        if (method, path) in seen or not chosen(method, path):
            return None
        seen.add((method, path))
        return answer

    return fault


@pytest.mark.parametrize("answer", [500, 503, 409, "lost"])
def test_a_server_that_fails_at_first_is_asked_again(ann, tmp_path, through, answer):
    def chosen(method, path):
        return method == "PUT" and (answer != 409 or "/heads/" in path or "/logs/" in path)

    proxy = through(first_of_each(answer, chosen))
    name = f"again-{answer}"
    assert ann.push(url(name)).ok
    puts = [path for method, path in proxy.seen if method == "PUT"]
    assert len(puts) > len(set(puts))
    proxy.fault = (
        first_of_each(500, lambda method, path: method == "GET") if answer == 500 else lambda *_: None
    )
    ben = shared.Shared(tmp_path / "ben")
    assert ben.pull(url(name)).ok
    check_whole(ben, ann)


@pytest.mark.slow
def test_a_large_object_whose_upload_breaks_off_is_not_there(ann, tmp_path, through):
    huge = os.urandom(40 << 20)
    ann.trial("huge", output=huge)
    proxy = through(lambda method, path, _: 403 if "partNumber=2" in path else None)
    with pytest.raises(RemoteError):
        ann.push(url("aborted"))
    assert any(method == "DELETE" and "uploadId" in path for method, path in proxy.seen)
    assert list(reach(url("aborted")).listed("heads/")) == []
    proxy.fault = lambda *_: None
    assert ann.push(url("aborted")).ok
    ben = shared.Shared(tmp_path / "ben")
    assert ben.pull(url("aborted")).ok
    check_whole(ben, ann)


def test_a_server_that_is_gone_is_an_error_that_says_so(ann, monkeypatch):
    for name, value in servers.s3_variables("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ledger.remotes.objectstore._TRIES", 1)
    with pytest.raises(RemoteError, match="cannot read format"):
        ann.push(url("gone"))


def test_nothing_is_there_until_the_head_is(ann, tmp_path, remote):
    ann.push(str(remote))
    (head,) = (remote / "heads" / ann.origin.hex()).iterdir()
    head.unlink()
    ben = shared.Shared(tmp_path / "ben")
    assert ben.pull(str(remote)).entries == 0
    with pytest.raises(NotFoundError):
        ben.pull(str(tmp_path / "nothing"))
