import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DamagedError, NewerFormatError
from ledger.model import Digest, OriginHead
from ledger.remotes import forms
from ledger.remotes.names import Span

ROOT = Digest.of(b"root")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=30), st.integers(0, 1 << 40))
def test_a_segment_gives_back_its_bodies(bodies, first):
    span = Span(origin=bytes(16), first=first, end=first + len(bodies), root=ROOT)
    assert forms.decode_segment(span, forms.encode_segment(span, bodies), "here") == bodies


def test_a_segment_is_smaller_than_what_it_holds():
    bodies = [b"the same entry again and again, number %d" % number for number in range(1000)]
    span = Span(origin=bytes(16), first=0, end=1000, root=ROOT)
    assert len(forms.encode_segment(span, bodies)) < sum(map(len, bodies)) // 4


def test_a_segment_is_not_another_one():
    span = Span(origin=bytes(16), first=0, end=1, root=ROOT)
    content = forms.encode_segment(span, [b"a"])
    for other in (
        Span(origin=bytes(15) + b"x", first=0, end=1, root=ROOT),
        Span(origin=bytes(16), first=1, end=2, root=ROOT),
        Span(origin=bytes(16), first=0, end=1, root=Digest.of(b"")),
    ):
        with pytest.raises(DamagedError, match="here is damaged"):
            forms.decode_segment(other, content, "here")


def test_a_head_is_read_against_its_name():
    head = OriginHead(origin=bytes(16), size=7, root=ROOT)
    content = forms.encode_head(head)
    assert len(content) == forms.HEAD_BYTES
    forms.check_head(head, content, "here")
    for other in (
        OriginHead(origin=bytes(15) + b"x", size=7, root=ROOT),
        OriginHead(origin=bytes(16), size=8, root=ROOT),
        OriginHead(origin=bytes(16), size=7, root=Digest.of(b"")),
    ):
        with pytest.raises(DamagedError, match="here is damaged"):
            forms.check_head(other, content, "here")


def test_a_marker_gives_back_its_id():
    assert forms.decode_marker(forms.encode_marker(bytes(range(16))), "here") == bytes(range(16))
    assert len(forms.encode_marker(bytes(16))) <= forms.MOST_MARKER


@pytest.mark.parametrize(
    "content", [b"", b"1\n", b"ledger remote 1\n", b"ledger remote 0\n" + b"0" * 32, b"ledger remote x\n"]
)
def test_what_is_no_marker_is_refused(content):
    with pytest.raises(DamagedError, match="no ledger's remote"):
        forms.decode_marker(content, "here")


def test_a_later_marker_says_to_upgrade():
    with pytest.raises(NewerFormatError) as raised:
        forms.decode_marker(b"ledger remote 2\nanything", "here")
    assert "upgrade" in raised.value.hint


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**6 - 1))
def test_a_sign_of_life_says_its_count_and_seconds(count, every):
    assert forms.decode_beat(forms.encode_beat(count, every), "here") == (count, every)
    assert len(forms.encode_beat(count, every)) <= forms.MOST_BEAT


@given(st.binary(max_size=100))
def test_what_is_no_sign_of_life_is_refused(content):
    with pytest.raises(DamagedError, match="here is damaged"):
        forms.decode_beat(content, "here")


def test_a_sign_of_life_of_a_later_release_is_refused():
    with pytest.raises(NewerFormatError):
        forms.decode_beat(b"ledger heartbeat 2\nanything", "here")
