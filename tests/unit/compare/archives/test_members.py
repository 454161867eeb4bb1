import gzip
import io
import tarfile
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from ledger.compare import registry
from ledger.compare.archives import members
from ledger.compare.base import Tolerance


def archive(value):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("é", value)
    return out.getvalue()


def test_a_name_that_is_no_text_makes_it_no_archive():
    damaged = archive("2").replace("é".encode(), b"\x80\x80")
    found = registry.find("application/zip")(io.BytesIO(archive("1")), io.BytesIO(damaged), Tolerance())
    assert not found.same
    assert "compared as bytes: no zip archive" in found.detail


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "x,y\n1,{}\n"),
        ("a.txt", "loss {}\n"),
        ("a.log", "loss {}\n"),
        ("a.json", '{{"x": {}}}'),
        ("a.jsonl", '{{"x": {}}}\n'),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><g x="{}"/></svg>'),
        ("a.ps", "%!PS\n{} 1 moveto\n"),
    ],
)
def test_members_are_compared_as_their_names_ask_for_however_they_are_packed(name, content, packing):
    sides = []
    for value in (1.5, 1.5000001):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", packing) as made:
            made.writestr(name, content.format(value))
        sides.append(io.BytesIO(out.getvalue()))
    found = registry.find("application/zip")(*sides, Tolerance(rtol=1e-6, atol=0))
    assert found.same, found
    assert found.distance.differing == 1


def parquet(value):
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"x": [value]}), out)
    return out.getvalue()


def packed_text(value):
    return gzip.compress(f"loss {value}\n".encode())


def tar_of_text(value):
    out, content = io.BytesIO(), f"loss {value}\n".encode()
    with tarfile.open(fileobj=out, mode="w") as made:
        member = tarfile.TarInfo("a.txt")
        member.size = len(content)
        made.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("a.parquet", parquet, marks=pytest.mark.slow),
        ("a.txt.gz", packed_text),
        ("a.tar", tar_of_text),
    ],
)
def test_members_that_are_files_of_other_kinds_are_compared_as_those(name, make, packing):
    sides = []
    for value in (1.5, 1.5000001):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", packing) as made:
            made.writestr(name, make(value))
        sides.append(out.getvalue())
    compare = registry.find("application/zip")
    near, far = (compare(*map(io.BytesIO, sides), Tolerance(rtol=rtol, atol=0)) for rtol in (1e-6, 1e-9))
    assert near.same, near
    assert near.distance.differing == 1
    assert not far.same
    assert "1.5 and 1.5000001" in far.detail


def test_archives_in_one_another_end():
    sides = [b"1", b"2"]
    for number in range(40):
        for place, content in enumerate(sides):
            out = io.BytesIO()
            if number % 2:
                sides[place] = gzip.compress(content, mtime=0)
                continue
            with zipfile.ZipFile(out, "w") as made:
                made.writestr("a.gz", content)
            sides[place] = out.getvalue()
    found = registry.find("application/gzip")(*map(io.BytesIO, sides), Tolerance())
    assert not found.same
    assert "more than 4 layers" in found.detail


def test_small_bombs_in_one_another_are_bounded_together(monkeypatch):
    monkeypatch.setattr(members, "_MOST_BYTES", 1 << 22)
    sides = []
    for value in (b"1", b"2"):
        content = bytes(1 << 20) + value
        for number in range(3):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
                for member in range(3):
                    made.writestr(f"{member}.zip" if number else f"{member}.bin", content)
            content = out.getvalue()
        sides.append(io.BytesIO(content))
    found = registry.find("application/zip")(*sides, Tolerance())
    assert not found.same
    assert "archives in one another that unpack to far more than they are" in found.detail
