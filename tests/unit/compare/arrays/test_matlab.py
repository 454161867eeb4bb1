import io
import struct
import zipfile
import zlib

import numpy
import pytest
import scipy.io
import scipy.sparse

from ledger.compare import registry, sniff
from ledger.compare.base import Tolerance
from ledger.model.media import media_type


def mat(variables, title=b"MATLAB 5.0 MAT-file, made then", **options):
    file = io.BytesIO()
    scipy.io.savemat(file, variables, **options)
    return titled(file.getvalue(), title)


def titled(content, title):
    return title.ljust(116) + content[116:]


def compare(expected, got, name="a.mat", **tolerance):
    return registry.find(media_type(name))(io.BytesIO(expected), io.BytesIO(got), Tolerance(**tolerance))


def element(kind, content, order="<"):
    return struct.pack(f"{order}II", kind, len(content)) + content + bytes(-len(content) % 8)


def variable(name, kind, shape, *parts, flags=0, order="<"):
    """As MATLAB writes it; of scipy only what all its versions do is known."""
    head = element(6, struct.pack(f"{order}II", kind | flags, 0), order)
    head += element(5, struct.pack(f"{order}{len(shape)}i", *shape), order)
    return element(14, head + element(1, name, order) + b"".join(parts), order)


def file_of(*variables, order="<"):
    version = struct.pack(f"{order}HH", 0x100, 0x4D49)
    return b"MATLAB 5.0 MAT-file, made then".ljust(116) + bytes(8) + version + b"".join(variables)


def doubles(*numbers, order="<"):
    return element(9, struct.pack(f"{order}{len(numbers)}d", *numbers), order)


def test_when_it_was_written_does_not_count():
    one, other = (mat({"a": 1.0}, f"MATLAB 5.0 MAT-file, made {each}".encode()) for each in ("then", "now"))
    found = compare(one, other)
    assert (found.same, found.exact, found.detail) == (True, False, "only dates and titles differ")


def test_how_it_is_packed_does_not_count():
    value = {"a": numpy.arange(5000.0), "b": {"c": "text"}}
    found = compare(mat(value), mat(value, do_compression=True))
    assert (found.same, found.detail) == (True, "the values are the same")


@pytest.mark.parametrize(
    ("expected", "got", "detail"),
    [
        (1.0, 1.5, "a: 1.0 and 1.5"),
        (numpy.float32([1, 2]), numpy.float32([1, 2.5]), "a: 1 of 2 numbers differ, by up to 0.5"),
        ([1, 2], [1, 3], "a: 1 of 2 numbers differ, by up to 1"),
        ([1 + 1j, 2], [1 + 1j, 2 + 4j], "a: 1 of 2 numbers differ, by up to 4"),
        ([True, False], [True, True], "a: 1 of 2 numbers differ"),
        (numpy.zeros((2, 3)), numpy.zeros((3, 2)), "a: shapes [2, 3] and [3, 2]"),
        (numpy.float32([1, 2]), numpy.float64([1, 2]), "a: types <f4 and <f8"),
        ("größe", "grüße", "a: 'größe' and 'grüße'"),
        (["one", "two"], ["one", "too"], "a: 'one\\ntwo' and 'one\\ntoo'"),
        ({"x": {"y": 1.0}}, {"x": {"y": 2.0}}, "a.x.y: 1.0 and 2.0"),
        ({"x": 1.0}, {"x": 1.0, "z": 1.0}, "a.z: only the second has it"),
        (
            numpy.array([1.0, "s"], object),
            numpy.array([1.0, "t"], object),
            "a.1: 's' and 't'",
        ),
        (
            numpy.array([(1.0,), (2.0,)], [("f", object)]),
            numpy.array([(1.0,), (3.0,)], [("f", object)]),
            "a.1.f: 2.0 and 3.0",
        ),
        (
            scipy.sparse.csc_array([[0, 1.0], [2.0, 0]]),
            scipy.sparse.csc_array([[0, 1.0], [2.5, 0]]),
            "a.data: 1 of 2 numbers differ, by up to 0.5",
        ),
        (
            scipy.sparse.csc_array([[0, 1.0], [2.0, 0]]),
            scipy.sparse.csc_array([[1.0, 0], [2.0, 0]]),
            "a.row: 2 of 2 numbers differ",
        ),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_values_of_any_kind_are_compared(expected, got, detail, packed):
    one, other = (mat({"b": [1, 2], "a": each}, do_compression=packed) for each in (expected, got))
    found = compare(one, other)
    assert not found.same
    assert found.detail.startswith(detail), found.detail
    assert compare(one, titled(one, b"")).detail == "only dates and titles differ"


def test_numbers_may_lie_as_smaller_ones():
    small = file_of(variable(b"a", 6, (1, 3), element(2, b"\1\2\3")))
    large = file_of(variable(b"a", 6, (1, 3), doubles(1, 2, 3.5)))
    found = compare(small, large, atol=0.5)
    assert (found.same, found.distance.absolute, found.distance.compared) == (True, 0.5, 3)


def test_the_order_of_bytes_does_not_count():
    sides = (
        file_of(variable(b"a", 6, (1, 2), doubles(1, 2, order=each), order=each), order=each) for each in "<>"
    )
    assert compare(*sides).detail == "the values are the same"


def test_parts_of_complex_whole_numbers_are_of_types_of_their_own():
    sides = [
        file_of(variable(b"a", 12, (1, 2), element(2, b"\1\2"), element(3, last), flags=0x800))
        for last in (struct.pack("<2h", 1, 300), struct.pack("<2h", 1, 301))
    ]
    assert compare(*sides).detail.startswith("a.imag: 1 of 2 numbers differ, by up to 1,")


def test_logical_values_of_a_sparse_array_take_a_byte_each():
    places = element(5, struct.pack("<2i", 0, 1)), element(5, struct.pack("<3i", 0, 1, 2))
    one, other = (
        file_of(variable(b"a", 5, (2, 2), *places, element(9, last), flags=0x200))
        for last in (b"\1\1", b"\1\0")
    )
    assert compare(one, other).detail.startswith("a.data: 1 of 2 numbers differ")


def test_what_is_not_documented_is_compared_as_it_lies():
    one, other = (
        file_of(
            element(14, element(6, struct.pack("<II", 17, 0)) + element(1, b"t") + element(1, last)),
            variable(b"a", 6, (1, 1), doubles(1)),
        )
        for last in (b"MCOS", b"MCOT")
    )
    found = compare(one, other)
    assert not found.same
    assert found.detail == "t: its items differ from 11 on"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (file_of()[:100], "no MATLAB file of version 5"),
        (file_of()[:124] + b"\0\2IM", "a MATLAB file of version 2.0 of its format, not 1.0"),
        (file_of(element(9, bytes(8))), "an element of type 9 where a variable must be"),
        (file_of(variable(b"a", 6, (1, 2), doubles(1))), "an array of shape [1, 2] has 8 bytes"),
        (file_of(variable(b"a", 6, (-1, 2), doubles(1))), "a negative length"),
        (file_of(variable(b"a", 6, (2**31 - 1,) * 9, doubles(1))), "an array of shape ["),
        (file_of(variable(b"a", 1, (1, 2**31 - 1))), "it ends early"),
        (file_of(variable(b"a", 6, (1, 1), doubles(1), doubles(2))), "more in an array than is known"),
        (file_of(variable(b"a", 6, (1, 1), doubles(1))) + bytes(4), "it ends early"),
        (file_of(*[variable(b"a", 6, (1, 1), doubles(1))] * 2), "a is there twice"),
        (file_of(element(15, b"no zlib!")), "a compressed part of it is damaged"),
    ],
)
def test_what_is_none_is_compared_as_bytes(content, why):
    found = compare(file_of(variable(b"a", 6, (1, 1), doubles(3))), content)
    assert not found.same
    assert f"(compared as bytes: {why}" in found.detail


def nested(depth):
    inside = variable(b"", 6, (1, 1), doubles(1))
    for _ in range(depth):
        inside = variable(b"", 1, (1, 1), inside)
    return file_of(variable(b"a", 1, (1, 1), inside))


def test_cells_in_one_another_have_a_depth_that_is_looked_at():
    assert compare(nested(98), titled(nested(98), b"")).same
    found = compare(nested(101), titled(nested(101), b""))
    assert found.detail.endswith("(compared as bytes: nested too deep)")


def cells(count, item):
    return file_of(variable(b"a", 1, (1, count), item * count))


@pytest.mark.parametrize(
    ("item", "count", "why"),
    [
        (variable(b"", 7, (1, 1), element(7, bytes(4))), 100_001, "more than 100000 arrays"),
        (variable(b"", 4, (1, 4096), element(1, bytes(4096))), 4096, "more than 16 MiB of names and text"),
    ],
)
def test_how_much_of_small_things_is_held_is_bounded(item, count, why):
    content = cells(count, item)
    assert compare(content, titled(content, b"")).detail.endswith(f"(compared as bytes: {why})")


def test_a_bomb_is_not_unpacked():
    packer = zlib.compressobj(9)
    packed = packer.compress(struct.pack("<II", 14, 1 << 30))
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    bomb = file_of(element(15, packed)[: 8 + len(packed)])
    assert "it unpacks to more than 256 MiB" in compare(bomb, titled(bomb, b"")).detail


def test_one_in_an_archive_is_told_by_how_it_begins():
    assert sniff.media_type(io.BytesIO(mat({"a": 1.0}))) == "application/x-matlab"
    sides = []
    for number in (1.0, 1.5):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inside", mat({"a": number}))
            archive.writestr("inside.mat", mat({"a": number}))
        sides.append(file.getvalue())
    detail = compare(*sides, name="a.zip").detail
    assert "inside: a: 1.0 and 1.5" in detail
    assert "inside.mat.a: 1.0 and 1.5" in detail
