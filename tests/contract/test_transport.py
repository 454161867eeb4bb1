"""What every transport does, against a server that speaks its real protocol."""

import getpass
import io
import os
import shutil
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import DamagedError, NotFoundError, RemoteError
from ledger.remotes.base import Blob
from ledger.remotes.locate import normal, reach
from ledger.remotes.probe import probe
from tests import servers

MIB = 1 << 20
CLOUDS = {"gs": "LEDGER_TEST_GS_URL", "az": "LEDGER_TEST_AZ_URL", "aws": "LEDGER_TEST_S3_URL"}
"""Variables that name a place in a real bucket, beside the provider's own credentials."""


@pytest.fixture(scope="module")
def s3():
    with servers.s3_server() as address:
        servers.make_bucket(address)
        yield address


@pytest.fixture
def place(request, tmp_path, monkeypatch):
    kind = request.param
    if kind == "directory":
        yield str(tmp_path / "remote")
    elif kind == "s3":
        for name, value in servers.s3_variables(request.getfixturevalue("s3")).items():
            monkeypatch.setenv(name, value)
        yield f"s3://{servers.BUCKET}/{uuid.uuid4().hex}/prefix"
    elif kind == "sftp":
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        with servers.sftp_server(home) as address:
            yield f"sftp://{getpass.getuser()}@{address}{tmp_path}/remote"
    else:
        if CLOUDS[kind] not in os.environ:
            pytest.skip(f"{CLOUDS[kind]} names no place")
        yield f"{os.environ[CLOUDS[kind]].rstrip('/')}/{uuid.uuid4().hex}"


@pytest.fixture
def transport(place):
    found = reach(normal(place, Path.cwd()))
    yield found
    found.close()


every = pytest.mark.parametrize("place", ["directory", "s3", "sftp", *CLOUDS], indirect=True)


@every
def test_what_was_put_is_there_after_a_flush(transport):
    contents = {f"objects/{number:02d}/x": os.urandom(number * 1000) for number in range(10)}
    for name, content in contents.items():
        transport.put(name, content)
    transport.flush()
    for name, content in contents.items():
        assert transport.get(name, len(content)) == content
        assert transport.size(name) == len(content)
        assert b"".join(transport.blocks(name)) == content
    assert set(transport.listed("objects/")) == {Blob(name, len(each)) for name, each in contents.items()}


@every
def test_putting_again_changes_nothing(transport):
    for _ in range(2):
        transport.put("objects/aa/b", b"the same")
        transport.flush()
    assert transport.get("objects/aa/b", 100) == b"the same"
    assert len(list(transport.listed("objects/"))) == 1


@every
def test_another_content_takes_the_place_of_the_first(transport):
    for content in (b"one", b"another"):
        transport.put("heartbeats/a/b", content)
        transport.flush()
        assert transport.get("heartbeats/a/b", 100) == content


@pytest.mark.parametrize("place", ["directory", "s3", "sftp"], indirect=True)
def test_who_has_little_patience_reaches_it_too(place):
    found = reach(normal(place, Path.cwd()), patience=5.0)
    found.create("heads/a", b"x")
    assert found.get("heads/a", 10) == b"x"
    found.close()


@pytest.mark.parametrize("scheme", ["s3://bucket/x", "sftp://127.0.0.1:{port}/x"])
def test_a_remote_that_never_answers_costs_no_more_than_the_patience(scheme, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket() as silent:  # it takes connections, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        for name, value in servers.s3_variables(f"http://127.0.0.1:{port}").items():
            monkeypatch.setenv(name, value)
        with pytest.raises(RemoteError, match="cannot"):
            reach(scheme.format(port=port), patience=0.5)


@every
def test_a_large_blob_goes_and_comes_in_blocks(transport):
    content = os.urandom(40 * MIB + 17)
    transport.put_from("objects/aa/large", io.BytesIO(content), len(content))
    transport.flush()
    blocks = list(transport.blocks("objects/aa/large"))
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) < 20 * MIB
    assert transport.size("objects/aa/large") == len(content)


@every
def test_a_source_that_fails_leaves_nothing(transport):
    class Failing(io.BytesIO):
        def read(self, size=-1):
            content = super().read(size)
            if self.tell() > 20 * MIB:
                raise OSError(5, "Input/output error")
            return content

    with pytest.raises((OSError, RemoteError)):
        transport.put_from("objects/aa/b", Failing(bytes(30 * MIB)), 30 * MIB)
    transport.flush()
    assert transport.size("objects/aa/b") is None
    assert list(transport.listed("objects/")) == []


@every
def test_what_is_not_there(transport):
    transport.put("objects/aa/b", b"something else")
    transport.flush()
    assert transport.size("objects/aa/c") is None
    with pytest.raises(NotFoundError):
        transport.get("objects/aa/c", 10)
    with pytest.raises(NotFoundError):
        list(transport.blocks("objects/aa/c"))
    assert list(transport.listed("heads/")) == []
    transport.delete("objects/aa/c")


@pytest.mark.parametrize("place", ["directory", "sftp"], indirect=True)
def test_a_write_into_a_place_that_is_gone_is_an_error_of_the_remote(transport, tmp_path):
    transport.put("objects/aa/b", b"x")
    transport.flush()
    shutil.rmtree(tmp_path / "remote")
    (tmp_path / "remote").write_bytes(b"a file")
    _refuse_every_write(transport)


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_a_write_that_is_answered_with_not_found_is_an_error_of_the_remote(place, s3, monkeypatch):
    proxy = servers.Faulty(s3, lambda method, *_: None if method == "GET" else 404)
    for name, value in servers.s3_variables(proxy.address).items():
        monkeypatch.setenv(name, value)
    try:
        _refuse_every_write(reach(place))
    finally:
        proxy.close()


def _refuse_every_write(transport):
    with pytest.raises(RemoteError):
        transport.put("objects/aa/b", b"y")
    with pytest.raises(RemoteError):
        transport.put_from("objects/aa/c", io.BytesIO(bytes(MIB)), MIB)
    with pytest.raises(RemoteError):
        transport.create("heads/a", b"z")


@every
def test_a_blob_that_is_too_large_is_refused(transport):
    transport.create("heads/a", bytes(101))
    with pytest.raises(DamagedError, match="bad heads/a"):
        transport.get("heads/a", 100)


@every
def test_one_of_many_creates_a_blob(transport):
    contents = [f"writer {number}".encode() for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda content: transport.create("heads/a/b", content), contents))
    assert won.count(True) == 1
    assert transport.get("heads/a/b", 100) == contents[won.index(True)]
    assert not transport.create("heads/a/b", b"late")
    assert transport.get("heads/a/b", 100) == contents[won.index(True)]


@every
def test_what_was_deleted_is_gone_and_can_be_made_again(transport):
    transport.create("heads/a", b"one")
    transport.delete("heads/a")
    assert transport.size("heads/a") is None
    assert transport.create("heads/a", b"two")


@every
def test_a_listing_has_a_directory_and_all_beneath(transport):
    for name in ("logs/a/1", "logs/a/2", "logs/ab/1", "logs-2/a"):
        transport.create(name, b"x")
    assert {each.name for each in transport.listed("logs/")} == {"logs/a/1", "logs/a/2", "logs/ab/1"}
    assert {each.name for each in transport.listed("logs/a/")} == {"logs/a/1", "logs/a/2"}


@pytest.mark.slow
@every
def test_a_listing_is_longer_than_a_page(transport):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: transport.put(f"objects/aa/{number}", b""), range(1100)))
    transport.flush()
    assert len(list(transport.listed("objects/"))) == 1100


@every
def test_threads_use_one_at_once(transport):
    contents = {f"objects/{number:03d}/x": os.urandom(5000) for number in range(100)}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: transport.put(*each), contents.items()))
        transport.flush()
        assert dict(
            zip(contents, pool.map(lambda name: transport.get(name, 5000), contents), strict=True)
        ) == (contents)


@every
def test_an_honest_one_passes_the_probe_and_keeps_nothing_of_it(transport):
    probe(transport)
    assert list(transport.listed("probe/")) == []


def test_where_a_flush_breaks_off_in_a_directory_nothing_half_is_left(tmp_path):
    transport = reach(str(tmp_path / "lab"))
    transport.put("objects/aa/b", b"whole")
    transport.put("objects/aa/c", b"whole")
    transport.put("objects/aa/d", b"whole")
    (tmp_path / "lab" / "objects" / "aa" / "c").mkdir(parents=True)
    with pytest.raises(RemoteError):
        transport.flush()
    assert list((tmp_path / "lab" / "tmp").iterdir()) == []
    assert transport.get("objects/aa/b", 10) == b"whole"
    transport.put("objects/aa/d", b"whole")
    transport.flush()
    assert transport.get("objects/aa/d", 10) == b"whole"


def test_what_was_not_flushed_is_nowhere_in_a_directory(tmp_path):
    transport = reach(str(tmp_path / "remote"))
    transport.put("objects/aa/b", b"half")
    assert transport.size("objects/aa/b") is None
    transport.close()
    assert [path for path in (tmp_path / "remote").rglob("*") if path.is_file()] == []


def test_a_directory_whose_parent_is_gone_is_not_made(tmp_path):
    transport = reach(str(tmp_path / "unmounted" / "remote"))
    with pytest.raises(RemoteError, match="cannot reach"):
        transport.create("format", b"x")
    assert not (tmp_path / "unmounted").exists()


def test_a_bucket_that_is_not_there(s3, monkeypatch):
    for name, value in servers.s3_variables(s3).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RemoteError, match="cannot"):
        reach("s3://nobody-has-made-this/prefix").create("format", b"x")


def test_a_host_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RemoteError, match="cannot reach"):
        reach("sftp://127.0.0.1:1/tmp/x")
