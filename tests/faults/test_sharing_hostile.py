"""A remote that somebody has prepared: refused with the place and the reason, and nothing here is harmed."""

import os
import struct

import pytest
import zstandard
from blake3 import blake3

from ledger.errors import DamagedError, LedgerError, NewerFormatError, RemoteError
from ledger.journal.merkle import Frontier, leaf_hash
from ledger.model import Digest, Entry, Note, OriginHead
from ledger.model.codec import encode_entry
from ledger.ops.pull import pull
from ledger.remotes import forms, names
from ledger.remotes.directory import DirectoryTransport
from ledger.remotes.names import Span
from ledger.remotes.remote import made, opened
from tests import shared

ORIGIN = bytes(range(16))


class Prepared:
    """A remote whose blobs a test writes as it likes."""

    def __init__(self, path):
        self.path = path
        self.transport = DirectoryTransport(path)
        made(self.transport)

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def only(self, directory):
        (found,) = [path for path in (self.path / directory).rglob("*") if path.is_file()]
        return found

    def entries(self, bodies, *, origin=ORIGIN, size=None, root=None):
        """A log of these bodies, and its head, which may say something else."""
        true = Frontier().extend(map(leaf_hash, bodies))
        root = true.root() if root is None else root
        span = Span(origin=origin, first=0, end=len(bodies), root=root)
        self.write(names.of_segment(span), forms.encode_segment(span, bodies))
        head = OriginHead(origin=origin, size=len(bodies) if size is None else size, root=root)
        self.write(names.of_head(head), forms.encode_head(head))
        return span, head


def body(text="x", origin=ORIGIN):
    payload = Note(text=text, author="eve", experiment="x")
    return encode_entry(Entry(time=1, nonce=os.urandom(16), origin=origin, payload=payload))


@pytest.fixture
def remote(tmp_path):
    return Prepared(tmp_path / "remote")


@pytest.fixture
def ben(tmp_path):
    """A ledger that has something; whatever a test does, that stays."""
    ledger = shared.Shared(tmp_path / "ben")
    ledger.trial("mine")
    before, bodies = shared.snapshot(ledger.ledger), ledger.bodies()
    outside = sorted(tmp_path.iterdir())
    yield ledger
    after = shared.snapshot(ledger.ledger)
    del before["format"]  # what is pulled comes as a compressed segment, which raises it
    assert {path: after.get(path) for path in before} == before
    assert ledger.again().bodies()[ledger.origin] == bodies[ledger.origin]
    assert ledger.again().journal.verify() == []
    assert sorted(tmp_path.iterdir()) in (outside, sorted({*outside, tmp_path / "remote"}))


def refused(ledger, remote, *words, what="remote.damaged"):
    before = shared.snapshot(ledger.ledger)
    found = pull(ledger.workspace, opened(remote.transport), "lab")
    (finding,) = found.findings
    assert finding.what == what
    for word in words:
        assert word in f"{finding.where} {finding.expected} {finding.got}", finding
    assert found.entries == 0
    assert shared.snapshot(ledger.ledger) == before
    return finding


def test_the_double_itself_is_believed(ben, remote):
    remote.entries([body("a"), body("b")])
    assert pull(ben.workspace, opened(remote.transport), "lab").entries == 2


@pytest.mark.slow
def test_a_bit_that_flips_anywhere_in_a_segment_or_head(ben, remote):
    bodies = [body("a"), body("b")]
    span, head = remote.entries(bodies)
    harmless = 0
    for name in (names.of_segment(span), names.of_head(head)):
        content = (remote.path / name).read_bytes()
        for place in range(len(content)):
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            remote.write(name, flipped)
            if name == names.of_segment(span) and _decoded(span, bytes(flipped)) == bodies:
                harmless += 1  # zstd does not look at every bit
                continue
            refused(ben, remote, ORIGIN.hex())
        for length in range(len(content)):
            remote.write(name, content[:length])
            refused(ben, remote, ORIGIN.hex())
        remote.write(name, content)
    assert harmless < 3
    assert pull(ben.workspace, opened(remote.transport), "lab").entries == 2


def _decoded(span, content):
    try:
        return forms.decode_segment(span, content, "here")
    except DamagedError:
        return None


def test_entries_that_are_not_under_the_root(ben, remote):
    remote.entries([body("a"), body("b")], root=Digest.of(b"another"))
    refused(ben, remote, "root", str(Digest.of(b"another")))


def test_an_entry_of_another_origin(ben, remote):
    remote.entries([body("a"), body("b", origin=ben.origin)])
    refused(ben, remote, "an entry of this origin at 1")


def test_bytes_that_are_no_entry(ben, remote):
    remote.entries([body("a"), b"\xff\x00nothing"])
    refused(ben, remote, "an entry of this origin at 1")


def test_an_entry_of_a_later_format(ben, remote):
    import cbor2

    document = {**cbor2.loads(body("a")), "v": 9}
    remote.entries([cbor2.dumps(document, canonical=True)])
    with pytest.raises(NewerFormatError, match=r"entry 0 of origin .* has format 9"):
        pull(ben.workspace, opened(remote.transport), "lab")


@pytest.mark.parametrize("size", [3, 1000, 1 << 40, 1 << 62])
def test_a_head_that_promises_more_than_there_is(ben, remote, size):
    remote.entries([body("a"), body("b")], size=size)
    refused(ben, remote, "entries from 2 on are missing", str(size))


def test_a_smaller_head_that_is_no_prefix_of_the_greater_one(ben, remote):
    remote.entries([body("a"), body("b"), body("c")])
    other = OriginHead(origin=ORIGIN, size=2, root=Digest.of(b"another story"))
    remote.write(names.of_head(other), forms.encode_head(other))
    refused(ben, remote, str(other.root), "at 2 entries", what="remote.split")


def packed(span, plain, *, length=None, digest=None, count=None, version=1, packing=None):
    """A segment whose header says what the test wants, with a check that holds."""
    fields = struct.pack(
        "<4sI16sQQQ32s32s",
        b"LDRS",
        version,
        span.origin,
        span.first,
        span.first + (span.end - span.first if count is None else count),
        len(plain) if length is None else length,
        Digest.of(plain) if digest is None else digest,
        span.root,
    )
    content = packing if packing is not None else zstandard.ZstdCompressor().compress(plain)
    return fields + blake3(fields).digest(16) + content


def bomb(size):
    """A frame of few bytes that decodes to many."""
    return zstandard.ZstdCompressor(level=3).compress(bytes(size))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda span, plain: packed(span, plain, length=1 << 60), "entries in at most"),
        (lambda span, plain: packed(span, plain, length=8), "a frame of 8 bytes"),
        (lambda span, plain: packed(span, plain, packing=bomb(1 << 28)), "one of 268435456"),
        (lambda span, plain: packed(span, plain, digest=Digest.of(b"")), str(Digest.of(b""))),
        (lambda span, plain: packed(span, plain, packing=b"not zstd"), "decoded"),
        (lambda span, plain: packed(span, plain, count=1 << 50), "the entries that its name says"),
        (lambda span, plain: packed(span, struct.pack("<2I", 1 << 31, 5)), "bytes of entries"),
        (lambda span, plain: packed(span, plain + b"more"), "bytes of entries"),
    ],
)
def test_a_segment_that_says_one_thing_and_holds_another(ben, remote, made, said):
    bodies = [body("a"), body("b")]
    span, _ = remote.entries(bodies)
    plain = struct.pack("<2I", *map(len, bodies)) + b"".join(bodies)
    remote.write(names.of_segment(span), packed(span, plain))
    remote.write(names.of_segment(span), made(span, plain))
    refused(ben, remote, said, names.of_segment(span))


def test_a_name_that_promises_entries_without_end(ben, remote):
    head = OriginHead(origin=ORIGIN, size=1 << 40, root=Digest.of(b"x"))
    span = Span(origin=ORIGIN, first=0, end=1 << 40, root=head.root)
    remote.write(names.of_head(head), forms.encode_head(head))
    remote.write(names.of_segment(span), packed(span, bytes(100), length=1 << 28))
    refused(ben, remote, f"{1 << 40} entries")


def test_a_later_format_of_the_remote_its_segments_and_heads(ben, remote):
    bodies = [body("a")]
    span, head = remote.entries(bodies)
    plain = struct.pack("<I", len(bodies[0])) + bodies[0]
    whole = (remote.path / names.of_segment(span)).read_bytes()
    remote.write(names.of_segment(span), packed(span, plain, version=2))
    with pytest.raises(NewerFormatError, match="format 2"):
        pull(ben.workspace, opened(remote.transport), "lab")
    remote.write(names.of_segment(span), whole)
    fields = struct.pack("<4sI16sQ32s", b"LDRH", 2, ORIGIN, 1, head.root)
    remote.write(names.of_head(head), fields + blake3(fields).digest(16))
    with pytest.raises(NewerFormatError, match="format 2"):
        pull(ben.workspace, opened(remote.transport), "lab")
    remote.write(names.FORMAT, b"ledger remote 2\nand more\n")
    with pytest.raises(NewerFormatError, match="format 2"):
        opened(remote.transport)
    remote.write(names.FORMAT, b"x" * 10_000)
    with pytest.raises(DamagedError):
        opened(remote.transport)


class Listing(DirectoryTransport):
    """Lists names beside those that are there."""

    strange = ()

    def listed(self, directory):
        yield from super().listed(directory)
        for name in self.strange:
            yield type(next(iter(super().listed(names.HEADS))))(name, 100)


STRANGE = [
    "../../../../etc/passwd",
    "/etc/passwd",
    "heads/../../x",
    f"heads/{'0' * 32}/../../../x",
    f"heads/{'0' * 31}/{1:020d}-{'0' * 64}",
    f"heads/{'0' * 32}/{0:020d}-{'0' * 64}",
    f"heads/{'0' * 32}/{10**20 - 1}-{'0' * 64}",
    f"heads/{'0' * 32}/{1:020d}-{'0' * 64}\n",
    f"heads/{'g' * 32}/{1:020d}-{'0' * 64}",
    "heads/\x1b[31mred",
]


def test_names_that_lead_out_are_left_alone(ben, remote):
    remote.entries([body("a")])
    listing = Listing(remote.path)
    listing.strange = STRANGE
    found = pull(ben.workspace, opened(listing), "lab")
    assert found.ok
    assert found.entries == 1
    (notice,) = found.notices
    assert notice.what == "remote.name"
    assert "\x1b" not in notice.detail


@pytest.mark.parametrize("name", STRANGE)
def test_only_what_is_named_as_it_should_be_is_anything(name):
    assert names.head_of(name) is None
    assert names.span_of(name.replace("heads", "logs")) is None
    assert names.object_of(name.replace("heads", "objects")) is None


def test_an_object_that_is_another_one(ben, remote, tmp_path):
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers", output=b"true weights")
    assert ann.push(remote.transport).ok
    digest = Digest.of(b"true weights")
    remote.write(names.of_object(digest), b"lies weights")
    found = pull(ben.workspace, opened(remote.transport), "lab")
    (finding,) = found.findings
    assert finding.what == "remote.object"
    assert names.of_object(digest) in finding.where
    assert not ben.store.has(digest)
    assert not ben.store.has(Digest.of(b"lies weights"))
    assert found.entries == 2  # what is recorded is true; only this content is not to be had


def test_an_object_that_has_no_end(ben, remote, tmp_path):
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers", output=b"true weights")
    assert ann.push(remote.transport).ok
    digest = Digest.of(b"true weights")
    path = remote.path / names.of_object(digest)
    path.unlink()
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    (finding,) = pull(ben.workspace, opened(remote.transport), "lab").findings
    assert f"got {1 << 40}" in finding.got
    assert sum(each.stat().st_size for each in ben.ledger.rglob("*") if each.is_file()) < 10 << 20


def test_a_link_or_a_pipe_in_the_place_of_an_object(ben, remote, tmp_path):
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers", output=b"true weights")
    assert ann.push(remote.transport).ok
    path = remote.path / names.of_object(Digest.of(b"true weights"))
    path.unlink()
    path.symlink_to("/etc/passwd")
    (finding,) = pull(ben.workspace, opened(remote.transport), "lab").findings
    assert finding.what == "remote.object"
    path.unlink()
    os.mkfifo(path)
    other = shared.Shared(tmp_path / "remote" / "other")
    with pytest.raises(RemoteError, match="cannot read"):
        pull(other.workspace, opened(remote.transport), "lab")
    assert other.bodies() == {}


def test_an_object_that_nobody_has_is_told_and_no_error(ben, remote, tmp_path):
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers", output=b"true weights")
    assert ann.push(remote.transport).ok
    (remote.path / names.of_object(Digest.of(b"true weights"))).unlink()
    found = pull(ben.workspace, opened(remote.transport), "lab")
    assert found.ok
    (notice,) = found.notices
    assert notice.what == "remote.absent"
    assert Digest.of(b"true weights").short in notice.detail


def test_a_log_that_is_refused_keeps_no_other_from_coming(ben, remote, tmp_path):
    remote.entries([body("a")], root=Digest.of(b"another"))
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers")
    assert ann.push(remote.transport).ok
    found = pull(ben.workspace, opened(remote.transport), "lab")
    assert [each.what for each in found.findings] == ["remote.damaged"]
    assert ben.bodies()[ann.origin] == ann.bodies()[ann.origin]
    assert ORIGIN not in ben.bodies()


def test_random_bytes_for_every_blob(ben, remote, tmp_path):
    ann = shared.Shared(tmp_path / "remote" / "ann")
    ann.trial("hers")
    assert ann.push(remote.transport).ok
    blobs = sorted(path for path in remote.path.rglob("*") if path.is_file() and "ann" not in path.parts)
    for number, path in enumerate(blobs):
        content = path.read_bytes()
        path.write_bytes(os.urandom(200))
        eve = shared.Shared(tmp_path / "remote" / f"eve{number}")
        try:
            assert not pull(eve.workspace, opened(remote.transport), "lab").ok
        except LedgerError:
            assert path.name == names.FORMAT
        assert eve.journal.verify() == []
        path.write_bytes(content)
        assert pull(eve.workspace, opened(remote.transport), "lab").ok
