"""Tables, trees and archives: what of them is shown, and what comes of hostile ones."""

import gzip
import io
import json
import tarfile

import numpy as np
import pyarrow
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from ledger.compare import fenced
from ledger.compare.base import Unfit
from ledger.compare.looks import columnar, packed


def table_of(rows):
    return pyarrow.table(
        {
            "n": range(rows),
            "text": pyarrow.array(["<b>x</b>", None, "y" * 1000][place % 3] for place in range(rows)),
            "list": pyarrow.array([list(range(place % 100)) for place in range(rows)]),
            "in": pyarrow.array([{"a": place, "when": place} for place in range(rows)]).cast(
                pyarrow.struct([("a", pyarrow.int8()), ("when", pyarrow.timestamp("ns"))])
            ),
            "word": pyarrow.array(["a"] * rows).dictionary_encode(),
            "raw": pyarrow.array([b"\0\xff"] * rows),
        }
    )


def saved(table, write, **options):
    file = io.BytesIO()
    write(table, file, **options)
    return file.getvalue()


def write_ipc(table, file, **options):
    options = pyarrow.ipc.IpcWriteOptions(**options)
    with pyarrow.ipc.new_file(file, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=50)


WRITERS = {
    "Parquet": pyarrow.parquet.write_table,
    "Arrow": write_ipc,
    "Feather": pyarrow.feather.write_feather,
}


@pytest.mark.parametrize("form", WRITERS)
def test_the_first_rows_of_a_file_of_columns(looked, form):
    found = looked(columnar.look, saved(table_of(120), WRITERS[form]))
    assert (found["kind"], found["format"]) == ("table", form.replace("Feather", "Arrow"))
    assert (found["count"], found["width"], found["more"], found["why"]) == (120, 6, False, None)
    assert found["columns"] == ["n", "text", "list", "in", "word", "raw"]
    assert found["types"][:2] == ["int64", "string"]
    assert found["rows"][0] == [
        "0",
        "<b>x</b>",
        "[]",
        "{a: 0, when: 1970-01-01 00:00:00.000000000}",
        "a",
        "00ff",
    ]
    assert found["rows"][1][1:3] == [None, "[0]"]
    assert found["rows"][2][1] == "y" * 199 + "…"
    assert found["rows"][99][2].endswith("18, 19, …]")
    assert len(found["rows"]) == 120


def test_the_rows_of_compressed_batches_are_counted(looked):
    content = saved(pyarrow.table({"x": range(1000)}), write_ipc, compression="zstd")
    found = looked(columnar.look, content)
    assert (found["count"], len(found["rows"]), found["more"]) == (1000, 200, True)


def test_orc(looked):
    found = looked(columnar.look, saved(pyarrow.table({"x": range(300)}), pyarrow.orc.write_table))
    assert (found["format"], found["count"], found["rows"][199]) == ("ORC", 300, ["199"])


@pytest.mark.parametrize("letter", ["x", "\N{GRINNING FACE}"])
def test_a_wide_table_fits_in_an_answer(looked, letter):
    wide = pyarrow.table({f"c{place}": [letter * 300] * 300 for place in range(60)})
    found = looked(columnar.look, saved(wide, pyarrow.parquet.write_table))
    assert (found["width"], len(found["columns"]), found["count"], found["more"]) == (60, 50, 300, True)
    assert found["rows"]


def test_columns_of_one_name_are_listed_without_rows(looked):
    twice = pyarrow.Table.from_arrays([pyarrow.array([1]), pyarrow.array([2])], ["a", "a"])
    found = looked(columnar.look, saved(twice, write_ipc))
    assert (found["columns"], found["rows"], found["count"]) == (["a", "a"], [], 1)
    assert found["why"] == "its rows cannot be read: two columns have one name"


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("keep", [10, 0.5, -1])
def test_a_torn_file_of_columns_has_a_reason(looked, form, keep):
    content = saved(table_of(50), WRITERS[form])
    keep = int(len(content) * keep) if isinstance(keep, float) else keep
    with pytest.raises(Unfit, match="no readable table: "):
        looked(columnar.look, content[:keep])


def tar_of(members, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "form"), [("w", "tar"), ("w:gz", "tar, packed by gzip"), ("w:xz", "tar, packed by xz")]
)
def test_members_of_a_tar_archive(looked, mode, form):
    found = looked(packed.look, tar_of({"../../a": b"x" * 100_000, "b\udcff": b""}, mode))
    assert (found["kind"], found["format"], found["more"], found["why"]) == ("archive", form, 0, None)
    assert [(each["path"], each["size"], each["what"]) for each in found["members"]] == [
        ("../../a", 100_000, "file"),
        ("b\udcff", 0, "file"),
        ("link", 0, "link"),
    ]


def test_no_more_members_than_are_shown(looked):
    found = looked(packed.look, tar_of({f"m{place}": b"" for place in range(600)}, "w:gz"))
    assert (len(found["members"]), found["more"]) == (500, None)


@pytest.mark.slow
def test_a_bomb_is_unpacked_as_far_as_its_limit(looked):
    found = looked(packed.look, tar_of({"zeros": bytes(80 << 20), "behind": b""}, "w:gz"))
    assert [each["path"] for each in found["members"]] == ["zeros"]
    assert (found["more"], found["why"]) == (None, "only its first 64 MiB were unpacked")
    found = looked(packed.look, gzip.compress(bytes(80 << 20)))
    assert (found["kind"], found["whole"]) == ("packed", False)


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b\x08" + bytes(range(200)),
        gzip.compress(np.random.default_rng(1).bytes(5000))[:-2000],
        b"BZh9" + bytes(100),
        b"\xfd7zXZ\0" + bytes(100),
        bytes(257) + b"ustar" + bytes(range(250)),
    ],
)
def test_what_cannot_be_unpacked_has_a_reason(looked, content):
    with pytest.raises(Unfit, match=r"cannot be unpacked: |no readable tar archive: "):
        looked(packed.look, content)


def test_records_of_json_are_a_table(served, put):
    lines = "".join(json.dumps({"step": step, "loss": [step, None]}) + "\n" for step in range(300))
    listed = json.dumps([{"a": "<b>"}, {"b": None, "c": {"d": 1}}], indent=1)
    server = served()
    found = server.data(f"artifact?digest={put(lines.encode())}")
    assert (found["columns"], found["rows"][7], found["more"]) == (["step", "loss"], ["7", "[7, null]"], True)
    assert len(found["rows"]) == 200
    found = server.data(f"artifact?digest={put(listed.encode())}&path=a.json")
    assert found["columns"] == ["a", "b", "c"]
    assert (found["rows"], found["more"]) == ([["<b>", None, None], [None, None, '{"d": 1}']], False)
    long = json.dumps([{"x": place} for place in range(200_000)])
    found = server.data(f"artifact?digest={put(long.encode())}")
    assert (found["rows"][199], found["more"]) == (["199"], True)
    one = put(b'{"a": 1}')
    assert server.data(f"artifact?digest={one}&path=a.json")["kind"] == "text"
    assert server.data(f"artifact?digest={one}&path=a.jsonl")["rows"] == [["1"]]


@pytest.mark.parametrize(
    "content", [b"[1, 2]", b"[]", b"[{}]", b"{}\n{", b'{"a": 1}\n{"a"', b"[" * 70_000, b'[{"a": 1}, 2]']
)
def test_other_json_is_text(served, put, content):
    found = served().data(f"artifact?digest={put(content)}")
    assert (found["kind"], found["text"]) == ("text", content.decode()[: 1 << 16])


def test_a_packed_text_is_shown_as_what_it_is(served, put):
    server = served()
    rows = put(gzip.compress(b"a,b\n1,2\n"))
    found = server.data(f"artifact?digest={rows}&path=x.csv.gz")
    assert (found["kind"], found["packed"], found["rows"]) == ("table", "gzip", [["1", "2"]])
    found = server.data(f"artifact?digest={put(gzip.compress(b'word ' * 50_000))}&path=x.txt.gz")
    assert (found["kind"], found["more"], len(found["text"])) == ("text", None, 1 << 16)


@pytest.fixture
def hdf5():
    return pytest.importorskip("h5py")


def hdf5_of(h5py, fill):
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        fill(made)
    return file.getvalue()


def test_the_tree_of_an_hdf5_file(served, put, hdf5):
    def fill(made):
        made.attrs["config"] = "k" * 1000
        made["model/weights"] = np.zeros((100, 3), "f4")
        made["model/step"] = 7
        made["model/names"] = ["a", "é"]
        made["again"] = hdf5.SoftLink("/model")
        made["away"] = hdf5.ExternalLink("/etc/passwd", "x")
        made["model/loop"] = made

    found = served().data(f"artifact?digest={put(hdf5_of(hdf5, fill))}")
    assert (found["kind"], found["format"], found["more"], found["why"]) == ("tree", "HDF5", False, None)
    told = {
        each["path"]: (each["what"], each["type"], each["shape"], each["value"]) for each in found["entries"]
    }
    assert told["/model/weights"] == ("dataset", "float32", "100 × 3", None)
    assert told["/model/step"] == ("dataset", "int64", "", "7")
    assert told["/model/names"][3] == "[a, é]"
    assert told["/again"][3] == "/model"
    assert told["/away"] == ("link", None, None, "/etc/passwd:x")
    assert told["/model/loop"][:1] == ("group",)
    assert told["@config"][3] == "k" * 200
    assert len(told) == 8


@pytest.mark.slow
def test_a_name_that_is_listed_and_cannot_be_found_leaves_the_others(served, put, hdf5):
    def fill(made):
        for name in ("kk", "mm", "zz_name"):
            made[name] = 1

    content = hdf5_of(hdf5, fill).replace(b"kk\0", b"zz\0")
    found = served().data(f"artifact?digest={put(content)}")
    assert ("/zz", "(unreadable)") in [(each["path"], each["value"]) for each in found["entries"]]
    assert "/mm" in [each["path"] for each in found["entries"]]


def test_without_h5py_it_says_what_to_install(served, put, monkeypatch):
    monkeypatch.setattr("ledger.ui.data.looks.find_spec", lambda name: None)
    digest = put(b"\x89HDF\r\n\x1a\n" + bytes(99))
    found = served().data(f"artifact?digest={digest}")
    assert (found["kind"], found["why"]) == (
        "other",
        "pip install 'replay-ledger[hdf5]' would show what is in it",
    )


@pytest.mark.slow
@pytest.mark.parametrize("begins", [b"PAR1", b"ARROW1\0\0", b"ORC", b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08"])
def test_noise_behind_a_known_beginning_is_bytes_with_a_reason(served, put, begins):
    if begins.startswith(b"\x89HDF"):
        pytest.importorskip("h5py")
    content = begins + np.random.default_rng(len(begins)).bytes(3000) + begins
    found = served().data(f"artifact?digest={put(content)}")
    assert (found["kind"], found["hex"][:8]) == ("other", content[:3].hex(" "))
    assert "unpacked" in found["why"] or "readable" in found["why"]


@pytest.mark.slow
def test_a_bomb_in_a_column_leaves_its_schema(served, put):
    bomb = pyarrow.table({"n": [1] * 600, "x": pyarrow.array(["x" * (1 << 20)] * 600)})
    options = {"use_dictionary": False, "data_page_size": 1 << 40, "compression": "zstd"}
    found = served().data(f"artifact?digest={put(saved(bomb, pyarrow.parquet.write_table, **options))}")
    assert (found["count"], found["types"], found["rows"]) == (600, ["int64", "string"], [])
    assert found["why"] == "its first rows take too much memory"


@pytest.mark.slow
@pytest.mark.parametrize("form", WRITERS)
def test_a_file_with_flipped_bytes_ends_no_server(served, put, form):
    content = bytearray(saved(table_of(50), WRITERS[form]))
    random = np.random.default_rng(7)
    server = served()
    for _ in range(2):
        hostile = content.copy()
        for place in random.integers(8, len(content) - 8, 30):
            hostile[place] = random.integers(256)
        found = server.data(f"artifact?digest={put(bytes(hostile))}")
        assert found["kind"] == "table" or found["why"]


TRAP = """
import os, signal

def look(file):
    {}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "its reader crashed"),
        ("return {'a': bytearray(2 << 30)}", "reading it takes more than 500 MiB"),
        ("return {'a': 'x' * (2 << 20)}", "its reader says too much"),
        ("while True: os.write(1, bytes(1 << 20))", "its reader says too much"),
        ("while True: pass", "reading it takes more than 1 s"),
    ],
)
def test_a_look_that_fails_harms_nothing(tmp_path, monkeypatch, does, why):
    (tmp_path / "trap.py").write_text(TRAP.format(does))
    (tmp_path / "sitecustomize.py").write_text(
        f"import ledger.compare; ledger.compare.__path__.append({str(tmp_path)!r})"
    )
    monkeypatch.syspath_prepend(tmp_path)
    if why.endswith(" 1 s"):
        monkeypatch.setattr(fenced, "_GLANCE", 1)
    with pytest.raises(Unfit, match=why):
        fenced.look("trap", io.BytesIO(b"x"))


def test_a_large_content_is_not_copied_for_a_look(monkeypatch):
    monkeypatch.setattr(fenced, "_COPIED", 1 << 20)
    with pytest.raises(Unfit, match="more than 1 MiB, which would have to be copied first"):
        fenced.look("looks.packed", io.BytesIO(bytes((1 << 20) + 1)))
