import io
import tarfile

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.compare import nested
from ledger.compare.archives import tar
from ledger.compare.base import Tolerance


def packed(members, form=tarfile.PAX_FORMAT, **header):
    """An archive of files, or of what a function makes of a member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            for key, value in header.items():
                setattr(member, key, value)
            if callable(content):
                content(member)
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def link(target, kind=tarfile.SYMTYPE):
    def make(member):
        member.type, member.linkname = kind, target

    return make


def device(minor):
    def make(member):
        member.type, member.devmajor, member.devminor = tarfile.CHRTYPE, 1, minor

    return make


def compare(expected, got, **tolerance):
    return tar.compare(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def array(*numbers):
    file = io.BytesIO()
    numpy.save(file, numpy.array(numbers))
    return file.getvalue()


FILES = [("a.txt", b"loss 0.5\n"), ("b/c.json", b'{"x": 1}')]


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        ({"mtime": 7.5}, "only time stamps differ"),
        ({"uid": 7, "uname": "me"}, "only owners differ"),
        ({"mtime": 7, "gname": "us"}, "only time stamps and owners differ"),
    ],
)
def test_headers_do_not_count(other, detail):
    result = compare(packed(FILES), packed(FILES, **other))
    assert (result.same, result.exact, result.detail) == (True, False, detail)


def test_the_format_does_not_count():
    result = compare(packed(FILES), packed(FILES, form=tarfile.GNU_FORMAT))
    assert (result.same, result.detail) == (True, "the values are the same")


def test_the_order_of_members_does_not_count():
    assert compare(packed(FILES), packed(FILES[::-1])).detail == "only orders of members differ"


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (FILES, FILES[:1], "b/c.json: only the first has it"),
        ([("a", b"x")], [("a", b"y")], "a: line 1: 'x' and 'y'"),
        ([("a", b'{"x": 1}')], [("a", b'{"x": 2}')], "a: x: 1 and 2"),
        ([("a", link("b"))], [("a", link("c"))], "a: links to b and c"),
        ([("a", link("b"))], [("a", link("b", tarfile.LNKTYPE))], "a: another kind of member"),
        ([("a", link("b"))], [("a", b"b")], "a: another kind of member"),
        ([("a", device(3))], [("a", device(5))], "a: another device"),
        ([("a", b"1"), ("a", b"2")], [("a", b"1"), ("a", b"3")], "a (2): line 1: 2 and 3"),
    ],
)
def test_what_differs_is_said(expected, got, detail):
    result = compare(packed(expected), packed(got))
    assert (result.same, result.detail) == (False, detail)


def test_modes_count():
    assert (
        compare(packed(FILES[:1], mode=0o644), packed(FILES[:1], mode=0o755)).detail
        == "a.txt: modes 644 and 755"
    )


def test_numbers_inside_are_compared_within_the_tolerance():
    one, other = packed([("a", b"x 0.5"), ("b", b"y 2.0")]), packed([("a", b"x 0.625"), ("b", b"y 2.5")])
    apart, near = compare(one, other), compare(one, other, atol=1)
    assert (apart.same, apart.distance.absolute, apart.distance.differing) == (False, 0.5, 2)
    assert (near.same, near.distance.relative) == (True, 0.25)
    assert near.detail == "a: within rtol 0, atol 1: line 1: 0.5 and 0.625; 1 more"
    assert compare(one, packed([("a", b"z 0.5"), ("b", b"y 2.5")])).distance is None


def test_a_device_or_link_in_it_is_never_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    one, other = (packed([("a", link(str(tmp_path / "secret"))), ("b", each)]) for each in (b"1", b"2"))
    assert compare(one, other).detail == "b: line 1: 1 and 2"


def sparse(size):
    """An archive of a file that is one hole."""
    header = bytearray(packed([("a", b"")], form=tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[483:495] = b"%011o\0" % size
    header[386:410] = b"%011o\0%011o\0" % (size, 0)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header)


def test_a_file_of_holes_is_compared_as_bytes():
    assert compare(sparse(1 << 20), sparse(1 << 21)).detail.startswith("a: ")
    result = compare(sparse(1 << 32), sparse(3 << 30))
    assert "compared as bytes: it unpacks to more than 4096 MiB" in result.detail


def test_a_header_that_says_it_is_large_is_not_read(monkeypatch):
    monkeypatch.setattr(tar, "_LONGEST_HEADER", 4096)
    one, other = (packed([(f"{each}" * 9000, b"")]) for each in "ab")
    assert "compared as bytes: no readable tar archive: " in compare(one, other).detail


def test_layers_end():
    one, other = b"x", b"y"
    for _ in range(nested._DEEPEST + 1):
        one, other = packed([("a", one)]), packed([("a", other)])
    assert "more than 4 layers" in compare(one, other).detail


ARCHIVE = packed([*FILES, ("d" * 200, b"long"), ("l", link("x"))])


@given(st.integers(0, len(ARCHIVE) - 1))
def test_a_truncated_archive_is_no_crash(size):
    result = compare(ARCHIVE, ARCHIVE[:size])
    assert result.exact is False
    assert result.detail


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), min_size=1, max_size=9))
def test_a_corrupted_archive_is_no_crash(changes):
    content = bytearray(ARCHIVE)
    for place, byte in changes:
        content[place] = byte
    for start in range(0, len(content) - 511, 512):  # so that a header that was changed is believed
        block = content[start : start + 512]
        if block[257:262] == b"ustar":
            content[start + 148 : start + 156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * 32)
    result = compare(ARCHIVE, bytes(content))
    assert result.exact is (bytes(content) == ARCHIVE)
