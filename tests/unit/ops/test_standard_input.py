import os

import pytest

from ledger.ops import standard_input
from ledger.store.memory import MemoryStore


@pytest.fixture
def opened():
    """Return a function: descriptor → the same as a child inherits it; all are closed in the end."""
    kept = []

    def keep(descriptor):
        os.set_inheritable(descriptor, True)
        kept.append(descriptor)
        return descriptor

    yield keep
    for descriptor in kept:
        os.close(descriptor)


def describe(descriptor, most=1000):
    store = MemoryStore()
    return standard_input.describe(store, most, descriptor), store


def test_a_file_is_stored_and_its_offset_stays(opened, tmp_path):
    file = tmp_path / "typed"
    file.write_bytes(b"one\ntwo\n")
    descriptor = opened(os.open(file, os.O_RDONLY))
    found, store = describe(descriptor)
    assert found.startswith("b3:")
    (digest,) = store.digests()
    assert (str(digest), store.get(digest)) == (found, b"one\ntwo\n")
    assert os.read(descriptor, 3) == b"one"
    # What is left of a file is not that file.
    assert describe(descriptor)[0] == "stream"


def test_a_file_that_is_too_large_is_a_stream(opened, tmp_path):
    file = tmp_path / "typed"
    file.write_bytes(bytes(1001))
    assert describe(opened(os.open(file, os.O_RDONLY)))[0] == "stream"


def test_a_file_that_was_deleted_is_still_read(opened, tmp_path):
    file = tmp_path / "typed"
    file.write_bytes(b"here document")
    descriptor = opened(os.open(file, os.O_RDONLY))
    file.unlink()
    found, store = describe(descriptor)
    assert [store.get(each) for each in store.digests()] == [b"here document"]
    assert found.startswith("b3:")


def test_other_kinds(opened):
    reader, writer = map(opened, os.pipe())
    os.write(writer, b"x")
    assert describe(reader)[0] == "stream"
    assert os.read(reader, 10) == b"x"
    assert describe(opened(os.open(os.devnull, os.O_RDONLY)))[0] == "null"
    _, slave = map(opened, os.openpty())
    assert describe(slave)[0] == "terminal"
    spare = os.dup(reader)
    assert describe(spare)[0] == "closed"  # ours: no child inherits it
    os.close(spare)
    assert describe(spare)[0] == "closed"


def test_a_pipe_is_read_to_its_end_where_it_is_asked_for(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b"one\ntwo")
    os.close(writer)
    store = MemoryStore()
    found = standard_input.spool(tmp_path / "stdin", store, reader)
    os.close(reader)
    assert (tmp_path / "stdin").read_bytes() == b"one\ntwo"
    assert [str(each) for each in store.digests()] == [found]
