"""What is shown of arrays in archives, pickles, databases, event files and sound, and of what zstd packs."""

import io
import pickle
import sqlite3
import struct
import tarfile
import wave
import zipfile

import numpy as np
import pyarrow
import pyarrow.feather
import pytest
import zstandard

from ledger.compare import sniff
from ledger.compare.base import Unfit
from ledger.compare.looks import columnar, database, events, leaves, packed
from ledger.formats.tfrecord import masked


def stream_of(table, **options):
    file = io.BytesIO()
    options = pyarrow.ipc.IpcWriteOptions(**options)
    with pyarrow.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=70)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"compression": "zstd"}, {"use_legacy_format": True}], ids=str)
def test_a_stream_of_arrow_is_a_table(looked, options):
    content = stream_of(pyarrow.table({"n": range(300), "t": ["a", None, "b"] * 100}), **options)
    assert sniff.media_type(io.BytesIO(content)) == "application/vnd.apache.arrow.stream"
    found = looked(columnar.look, content)
    assert (found["format"], found["count"], found["width"]) == ("Arrow stream", 300, 2)
    assert (found["columns"], found["types"]) == (["n", "t"], ["int64", "string"])
    assert (found["rows"][0], found["rows"][199]) == (["0", "a"], ["199", None])
    assert found["more"]


@pytest.mark.filterwarnings("ignore:Feather V1 files are deprecated")
def test_feather_from_before_arrow_is_a_table(looked):
    file = io.BytesIO()
    pyarrow.feather.write_feather(
        pyarrow.table({"n": range(300), "t": ["a", None, "b"] * 100}), file, version=1
    )
    assert sniff.media_type(file) == "application/x-feather"
    found = looked(columnar.look, file.getvalue())
    assert (found["format"], found["count"], found["rows"][199]) == ("Feather 1", 300, ["199", None])


@pytest.mark.parametrize("numbers", [(156, 16), (156, 16, 0, 0), range(64), (0,) * 64, (4, 2**31, 1, 1)])
def test_whole_numbers_are_no_early_stream(numbers):
    kind = sniff.media_type(io.BytesIO(np.array(list(numbers), "<u4").tobytes()))
    assert kind == "application/octet-stream"


@pytest.mark.parametrize("content", [b"\xff" * 8, b"\xff" * 4 + b"\x10\0\0\0" + b"x" * 60])
def test_noise_that_begins_like_a_stream_has_a_reason(looked, content):
    with pytest.raises(Unfit, match="no readable table"):
        looked(columnar.look, content)


def rows_of(found):
    return {row[0]: tuple(row[1:]) for row in found["rows"]}


def test_arrays_of_an_archive_are_listed(looked):
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros((3, 4), np.float32), b=np.arange(5), c=np.array(1j))
    found = looked(leaves.look, file.getvalue())
    assert (found["format"], found["more"], found["why"]) == ("NumPy arrays (npz)", False, None)
    assert rows_of(found) == {"a": ("float32", "3 × 4"), "b": ("int64", "5"), "c": ("complex128", "()")}


def test_another_archive_is_none_of_arrays(looked):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(Unfit, match="an archive of files"):
        looked(leaves.look, file.getvalue())


class Hostile:
    def __reduce__(self):
        return (print, ("owned",))


def test_values_of_a_pickle_are_listed_and_nothing_of_it_is_run(looked, capsys):
    value = {"w": np.ones((2, 3)), "lr": 0.5, "name": "n" * 300, "on": True, "bad": Hostile()}
    found = looked(leaves.look, pickle.dumps(value))
    told = rows_of(found)
    assert found["format"] == "pickle"
    assert next(each for name, each in told.items() if "w" in name) == ("float64", "2 × 3")
    assert ("float", "0.5") in told.values()
    assert ("text", "n" * 199 + "…") in told.values()
    assert capsys.readouterr().out == ""


def test_sound_is_told_by_its_samples(looked):
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(2)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(bytes(400))
    assert sniff.media_type(file) == "audio/wav"
    told = rows_of(looked(leaves.look, file.getvalue()))
    assert told == {
        "channels": ("integer", "2"),
        "rate": ("text", "8000 Hz"),
        "samples": ("int16", "100 × 2"),
    }


def database_of(tmp_path, *commands):
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as made:
        for command in commands:
            made.execute(command)
    made.close()
    return path.read_bytes()


def test_the_tables_of_a_database(looked, tmp_path):
    content = database_of(
        tmp_path,
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT, blob BLOB)",
        "CREATE VIEW seen AS SELECT load_extension('x')",
        'CREATE TABLE "<b>odd" (x)',
        *(f"INSERT INTO runs VALUES ({place}, 'r{place}', x'00ff')" for place in range(30)),
        "INSERT INTO runs VALUES (99, NULL, NULL)",
    )
    found = looked(database.look, content)
    assert (found["format"], found["more"]) == ("SQLite", 0)
    odd, runs = sorted(found["tables"], key=lambda each: each["name"])
    assert (runs["columns"], len(runs["rows"]), runs["more"]) == (["id", "name", "blob"], 20, True)
    assert runs["rows"][3] == ["3", "r3", "00ff"]
    assert (odd["name"], odd["columns"], odd["rows"], odd["why"]) == ("<b>odd", ["x"], [], None)


def test_a_damaged_database_has_a_reason(looked, tmp_path):
    content = database_of(tmp_path, "CREATE TABLE runs (id INTEGER)")
    with pytest.raises(Unfit, match="no readable database"):
        looked(database.look, content[:100] + b"\xff" * (len(content) - 100))


def record(payload):
    length = struct.pack("<Q", len(payload))
    checks = [struct.pack("<I", masked(each)) for each in (length, payload)]
    return length + checks[0] + payload + checks[1]


def scalar(tag, step, value):
    inside = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(inside)]) + inside
    return record(
        b"\x09" + struct.pack("<d", 1.0) + b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary
    )


def test_tags_of_events(looked):
    content = record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2")
    content += scalar(b"loss", 3, 0.5) + scalar(b"loss", 7, 0.25) + scalar(b"<b>", 1, 2.0)
    found = looked(events.look, content)
    assert (found["format"], found["more"], found["why"]) == ("TensorBoard events", False, None)
    assert found["rows"] == [["loss", "2", "3", "7", "0.25"], ["<b>", "1", "1", "1", "2"]]
    torn = looked(events.look, content[:-5])
    assert torn["more"]
    assert "torn" in torn["why"]
    assert [row[0] for row in torn["rows"]] == ["loss"]


def test_what_zstd_packs_is_unpacked(looked):
    pack = zstandard.ZstdCompressor().compress
    found = looked(packed.look, pack(b"one\n") + pack(b"two\n"))
    assert (found["kind"], found["format"], found["whole"], found["head"]) == (
        "packed",
        "zstd",
        True,
        "b25lCnR3bwo=",
    )
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("member"), io.BytesIO())
    found = looked(packed.look, pack(file.getvalue()))
    assert (found["format"], [each["path"] for each in found["members"]]) == (
        "tar, packed by zstd",
        ["member"],
    )
    with pytest.raises(Unfit, match="unpacked"):
        looked(packed.look, pack(b"0123456789" * 99)[:-3])


@pytest.mark.slow
def test_each_is_looked_into_by_the_page(served, put, tmp_path):
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    server = served()
    for content, path, expected in (
        (file.getvalue(), "made.npz", "NumPy arrays (npz)"),
        (pickle.dumps([1, 2]), "made.pkl", "pickle"),
        (database_of(tmp_path, "CREATE TABLE t (x)"), "made.db", "SQLite"),
        (scalar(b"loss", 1, 1.0), "events.out.tfevents.1.host", "TensorBoard events"),
        (stream_of(pyarrow.table({"x": [1]})), "made.arrows", "Arrow stream"),
    ):
        found = server.data(f"artifact?digest={put(content)}&path={path}")
        assert found.get("format") == expected, str(found)
    told = server.data(f"artifact?digest={put(zstandard.compress(b'a,b{}1,2{}'))}&path=made.csv.zst")
    assert told["packed"] == "zstd"


def test_text_of_two_bytes_a_letter_and_what_is_not_looked_into(served, put):
    server = served()
    found = server.data(f"artifact?digest={put('größe'.encode('utf-16'))}&path=a.txt")
    assert (found["kind"], found["text"]) == ("text", "größe")
    found = server.data(f"artifact?digest={put('größe'.encode('latin-1'))}&path=a.txt")
    assert (found["kind"], found["text"], found["more"]) == ("text", "größe", 0)
    assert "Latin-1" in found["why"]
    found = server.data(f"artifact?digest={put(b'%PDF-1.4' + bytes(20))}&path=a.pdf")
    assert (found["kind"], found["form"]) == ("other", "application/pdf")
    found = server.data(f"artifact?digest={put(b'II*' + bytes(20))}&path=a.tif")
    assert (found["kind"], found["form"]) == ("other", "image/tiff")
