import pytest

from ledger.model import Digest, OriginHead, layout
from ledger.remotes.note import Note

ID = bytes(range(16))
DIGESTS = [Digest.of(bytes([number])) for number in range(10)]


@pytest.fixture
def note(tmp_path):
    return Note(tmp_path, ID)


def test_nothing_is_known_at_first(note):
    assert note.heads() == {}
    assert note.there(DIGESTS) == set()
    assert not note.has_objects


def test_what_was_noted_is_known(note, tmp_path):
    note.add(DIGESTS[:3])
    note.add(DIGESTS[3:5])
    note.add([])
    again = Note(tmp_path, ID)
    assert again.there(DIGESTS[2:]) == set(DIGESTS[2:5])
    assert again.has_objects
    assert Note(tmp_path, bytes(16)).there(DIGESTS) == set()


def test_a_torn_note_is_forgotten(note, tmp_path):
    note.add(DIGESTS)
    path = layout.remote_objects(tmp_path, ID)
    path.write_bytes(path.read_bytes()[:-1])
    assert note.there(DIGESTS) == set()
    note.add(DIGESTS[:1])
    assert note.there(DIGESTS) == {DIGESTS[0]}


def test_what_was_left_out_is_replaced(note, tmp_path):
    assert note.left() == {}
    left = {DIGESTS[0]: True, DIGESTS[1]: False}
    note.set_left(left)
    again = Note(tmp_path, ID)
    assert again.left() == left
    assert again.there(DIGESTS) == set()
    again.set_left({})
    assert note.left() == {}


def test_a_torn_note_of_what_was_left_out_tells_the_rest(note, tmp_path):
    note.set_left({DIGESTS[0]: True, DIGESTS[1]: True})
    path = layout.remote_left(tmp_path, ID)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert len(note.left()) == size // 33


def test_heads_are_replaced_and_damage_is_left_out(note, tmp_path):
    heads = [
        OriginHead(origin=bytes([number]) * 16, size=number + 1, root=DIGESTS[number]) for number in (2, 1)
    ]
    note.set_heads(heads)
    assert note.heads() == {head.origin: head for head in heads}
    note.set_heads(heads[:1])
    assert note.heads() == {heads[0].origin: heads[0]}
    path = layout.remote_heads(tmp_path, ID)
    path.write_text(path.read_text() + "heads/nothing\n")
    assert note.heads() == {heads[0].origin: heads[0]}
    path.write_bytes(b"\xff\xfe")
    assert note.heads() == {}
