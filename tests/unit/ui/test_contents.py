"""Streams, curves and files: shown as far as they go, and harmless whatever they hold."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"
HTML = b"<!doctype html><script>document.title = 'owned'</script>"


def png(width, height):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize("content", [SVG, HTML, b"GIF8", b"%PDF-1.7 (app.alert(1))", b"{}", b""])
def test_what_can_do_something_never_leaves_as_itself(served, put, content):
    digest = put(content)
    server = served()
    assert server.ask(f"/object/{digest}").status == 400
    found = server.data(f"artifact?digest={digest}&path=x.svg")
    assert found["kind"] == "text"
    assert found["text"].encode() == content


def test_an_image_leaves_in_a_sandbox_with_the_type_that_it_has(served, put):
    file = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(file, "PNG")
    got = served().ask(f"/object/{put(file.getvalue())}")
    assert got.status == 200
    assert got.body == file.getvalue()
    assert got.headers["content-type"] == "image/png"
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"


def test_markup_behind_the_header_of_an_image_is_served_as_that_image_alone(served, put):
    got = served().ask(f"/object/{put(png(9, 9) + HTML)}")
    assert got.headers["content-type"] == "image/png"
    assert "default-src 'none'; sandbox" in got.headers["content-security-policy"]


def test_a_huge_image_in_few_bytes_is_told_and_not_sent(served, put):
    digest = put(png(100_000, 100_000))
    server = served()
    assert server.ask(f"/object/{digest}").status == 400
    found = server.data(f"artifact?digest={digest}")
    assert (found["kind"], found["shown"], found["width"]) == ("image", False, 100_000)


def test_an_archive_is_listed_and_not_unpacked(served, put):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../bomb", bytes(50_000_000))
    found = served().data(f"artifact?digest={put(file.getvalue())}")
    assert found["kind"] == "archive"
    assert [(each["path"], each["size"]) for each in found["members"]] == [("../../bomb", 50_000_000)]


@pytest.mark.parametrize("cut", [4, 30, 60])
def test_a_torn_archive_is_bytes(served, put, cut):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"x" * 100)
    assert served().data(f"artifact?digest={put(file.getvalue()[:-cut])}")["kind"] == "other"


def test_arrays_are_read_without_what_could_run(served, put):
    def saved(array):
        file = io.BytesIO()
        np.save(file, array, allow_pickle=True)
        return put(file.getvalue())

    server = served()
    found = server.data(f"artifact?digest={saved(np.array([[1.5, np.nan], [np.inf, 2]]))}")
    assert (found["shape"], found["values"]) == ([2, 2], [1.5, "NaN", "Infinity", 2])
    found = server.data(f"artifact?digest={saved(np.array([{'a': 1}], object))}")
    assert (found["kind"], found["values"]) == ("array", None)
    deep = put(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535)
    found = server.data(f"artifact?digest={deep}")
    assert found["kind"] == "other"


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_tensors_are_listed_and_not_read(served, put):
    tensor = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    content = safetensors({"w": tensor, "__metadata__": {"by": "<b>ann</b>"}}, bytes(24))
    found = served().data(f"artifact?digest={put(content)}")
    assert found["columns"] == ["name", "type", "shape"]
    assert found["rows"] == [["__metadata__.by", "text", "<b>ann</b>"], ["w", "<f4", "2 × 3"]]
    many = {f"t{place}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for place in range(1000)}
    found = served().data(f"artifact?digest={put(safetensors(many))}")
    assert (len(found["rows"]), found["more"]) == (200, True)


@pytest.mark.parametrize(
    "content",
    [
        safetensors({"w": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}),
        safetensors({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}),
        safetensors({"w": []}),
        safetensors(b'{"a":' * 50_000),
        b"\xff\xff\xff\xff\xff\0\0\0{",
    ],
)
def test_what_lists_no_tensors_that_it_has_is_bytes(served, put, content):
    assert served().data(f"artifact?digest={put(content)}")["kind"] == "other"


def test_a_table_is_cut_to_what_can_be_shown(served, put):
    content = "a,b\n" + "".join(f"{row},<b>{row}</b>\n" for row in range(1000))
    found = served().data(f"artifact?digest={put(content.encode())}&path=x.csv")
    assert found["columns"] == ["a", "b"]
    assert found["rows"][3] == ["3", "<b>3</b>"]
    assert (len(found["rows"]), found["more"]) == (200, True)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "b3:00", "b3:" + "0" * 64, "", "b3:" + "G" * 64])
def test_what_is_no_digest_of_an_object_is_an_error(served, digest):
    for path in (f"/object/{digest}", f"/data/artifact?digest={digest}"):
        got = served().ask(path)
        assert got.status >= 400
        assert "root:" not in got.body.decode()


def test_curves_and_streams_of_a_trial(served, project):
    project.write(
        train="import ledger\nfor s in range(500): ledger.log(step=s, loss=1/(s+1))\nprint('ab' * 200_000)"
    )
    project.run("python", "train.py")
    server = served()
    import pyarrow

    got = server.ask("/data/series?trial=@&metric=loss&points=100")
    table = pyarrow.ipc.open_stream(got.body).read_all()
    assert 50 <= table.num_rows <= 100
    steps, values = table["step"].to_pylist(), table["value"].to_pylist()
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 499)
    assert values == [1 / (step + 1) for step in steps]
    found = server.data("stream?trial=@&name=stdout")
    assert len(found["text"]) == 1 << 18
    assert found["skipped"] == 400_001 - (1 << 18)
    assert server.ask("/data/series?trial=@&metric=nothing").status == 404
    assert server.ask("/data/stream?trial=@&name=stdin").status == 400
    assert server.ask("/data/series?trial=@&metric=loss&points=x").status == 400


def test_the_journal_is_paged_newest_first(served, project):
    for name in ("a", "b"):
        project.run("python", "-c", "", name=name)
    server = served()
    found = server.data("journal")
    assert found["head"]["size"] == 4
    assert [each["kind"] for each in found["entries"]] == ["trial.finished", "trial.started"] * 2
    assert found["entries"][0]["trial"] == str(project.last.id)
    assert [each["seq"] for each in server.data("journal?skip=3")["entries"]] == [0]
    assert server.data("journal?skip=9")["entries"] == []
    assert server.ask("/data/journal?skip=-1").status == 400


def test_a_ledger_that_grows_is_seen_and_one_that_is_damaged_answers_with_an_error(served, project):
    project.run("python", "-c", "print(1)")
    server = served()
    before = server.data("live")
    assert server.data(f"live?since={before['version']}")["changed"] is False
    project.run("python", "-c", "print(2)", name="second")
    assert server.data(f"live?since={before['version']}")["changed"] is True
    assert server.data("trial?ref=@")["name"] == "second"
    project.workspace.journal.seal()
    assert server.data("trial?ref=@")["name"] == "second"
    for file in project.ledger.rglob("*.arrow"):
        file.write_bytes(file.read_bytes()[:100])
    for path in ("trials", "trial?ref=@", "journal", "filtered?where=status=ok", "live"):
        got = server.ask(f"/data/{path}")
        assert got.status in (200, 404, 500)
        if got.status != 200:
            assert json.loads(got.body)["error"]
