"""What is damaged here comes back from a remote, however it is stored."""

import pytest

from ledger.errors import NotFoundError
from ledger.model import Digest, layout
from ledger.ops import mentions, query, repair, sharing
from ledger.ops.verify import verify
from ledger.remotes import names
from tests import shared


@pytest.fixture
def ann(tmp_path):
    """A ledger whose objects share a pack, one of them in chunks, and that was pushed."""
    ledger = shared.Shared(tmp_path / "ann")
    for number in range(30):
        ledger.store.put(b"small %d" % number)
    ledger.trial("first", output=bytes(range(256)) * (40 << 10), code=b"print(2)\n")
    known = sharing.add(ledger.workspace, "lab", str(tmp_path / "lab"), here=tmp_path)
    ledger.push(known.url)
    return ledger


def check(ledger):
    return verify(ledger.journal, ledger.store, query.load(ledger.journal))


def test_a_whole_ledger_needs_no_remote(ann):
    report = check(ann)
    assert repair.wrong(report) == ()
    assert repair.repair(ann.workspace, ()) == ()


def test_objects_in_a_damaged_pack_come_back(ann):
    packs = list(layout.packs(layout.objects(ann.ledger)).glob("*.pack"))
    assert packs
    for path in packs:
        content = bytearray(path.read_bytes())
        for place in range(200, len(content) - 200, 97):
            content[place] ^= 0xFF
        path.chmod(0o644)
        path.write_bytes(content)
    report = check(ann.again())
    found = repair.wrong(report)
    assert len(found) > 3
    # The list of the code's files was among it: what it lists shows only when it is back.
    done = repair.mended(ann.workspace, report, lambda: check(ann.again()))
    back = {each.where for each in done.notices if each.what == "object.repaired"}
    assert back > {str(each) for each in found}
    assert done.ok
    assert check(ann.again()).ok
    assert list((ann.ledger / "tmp").glob("repaired.*")) == []


def test_no_more_is_taken_than_an_object_has(ann, tmp_path):
    """Neither of an input, nor of a list of files, nor of what such a list lists."""
    tree = next(each for each, content in ann.objects().items() if b"train.py" in content)
    found = [Digest.of(b"1,2\n"), Digest.of(b"print(2)\n")]
    for digest in (*found, tree):
        path = tmp_path / "lab" / names.of_object(digest)
        path.unlink()
        with open(path, "wb") as file:
            file.truncate(mentions.MOST_NOUN + 1)
    notices = {each.where: each for each in repair.repair(ann.workspace, (*found, tree))}
    for digest, most in ((found[0], 1 << 12), (found[1], 1 << 12), (tree, mentions.MOST_NOUN)):
        assert notices[str(digest)].what == "object.refused"
        assert f"at most {most} bytes" in notices[str(digest)].detail
    assert list((ann.ledger / "tmp").iterdir()) == []


def test_what_comes_back_is_as_large_as_it_was_and_read_only(ann):
    large = Digest.of(bytes(range(256)) * (40 << 10))
    (notice,) = repair.repair(ann.workspace, [large])
    assert notice.what == "object.repaired"
    path = layout.loose(layout.objects(ann.ledger), large)
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (10 << 20, 0o444)


def test_the_remote_that_has_it_is_named(ann, tmp_path):
    digest = Digest.of(b"1,2\n")
    report = check(ann)
    for path in layout.objects(ann.ledger).rglob("*"):
        if path.is_file():
            path.unlink()
    report = check(ann.again())
    named = repair.named(ann.again().workspace, report)
    assert {each.where for each in named.notices if each.what == "object.elsewhere"} == {
        str(each) for each in repair.wrong(report)
    }
    assert str(digest) in {each.where for each in named.notices}
    with pytest.raises(NotFoundError):
        ann.again().store.get(digest)
    assert repair.mended(ann.again().workspace, report, lambda: check(ann.again())).ok
    assert ann.again().store.get(digest) == b"1,2\n"
