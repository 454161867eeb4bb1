import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model import Digest, OriginHead
from ledger.remotes import names
from ledger.remotes.names import Span

origins = st.binary(min_size=16, max_size=16)
digests = st.binary(min_size=32, max_size=32).map(Digest)
sizes = st.integers(1, names.MOST_ENTRIES)


@given(digests)
def test_an_objects_name_says_which_it_is(digest):
    assert names.object_of(names.of_object(digest)) == digest


@given(origins, sizes, digests)
def test_a_heads_name_says_all_of_it(origin, size, root):
    head = OriginHead(origin=origin, size=size, root=root)
    assert names.head_of(names.of_head(head)) == head


@given(origins, sizes, sizes, digests)
def test_a_segments_name_says_all_of_it(origin, one, other, root):
    first, end = min(one, other) - 1, max(one, other)
    span = Span(origin=origin, first=first, end=end, root=root)
    assert names.span_of(names.of_segment(span)) == span
    assert names.of_segment(span).startswith(names.segments_of(origin))


@given(st.text(max_size=200))
def test_another_name_is_nothing(name):
    for read in (names.object_of, names.head_of, names.span_of):
        found = read(name)
        assert found is None or name in (
            names.of_object(found) if isinstance(found, bytes) else "",
            names.of_head(found) if isinstance(found, OriginHead) else "",
            names.of_segment(found) if isinstance(found, Span) else "",
        )


def test_the_greatest_segment_sorts_last():
    root = Digest.of(b"")
    spans = [Span(origin=bytes(16), first=first, end=first + 1, root=root) for first in (0, 9, 10, 10**12)]
    listed = [names.of_segment(span) for span in spans]
    assert listed == sorted(listed)


@pytest.mark.parametrize("span", [(5, 5), (6, 5), (0, names.MOST_ENTRIES + 1)])
def test_a_segment_without_entries_or_with_too_many_is_none(span):
    name = f"logs/{'0' * 32}/{span[0]:020d}-{span[1]:020d}-{'0' * 64}"
    assert names.span_of(name) is None


@given(origins, digests)
def test_a_sign_of_life_is_named_after_its_trial(origin, trial):
    assert names.beat_of(names.of_beat(origin, trial)) == (origin, trial)


@given(st.text(max_size=120))
def test_another_name_is_no_sign_of_life(name):
    found = names.beat_of(name)
    assert found is None or names.of_beat(*found) == name
