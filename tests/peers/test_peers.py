"""The questions that the README's table answers: what the checks see, and this tool's own answers."""

import gzip
import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from asked import PEERS, QUESTIONS, ask
from asked.project import UNCOMMITTED, UNTRACKED, git, make
from asked.searching import spoil, texts

RESULTS = json.loads(Path(__file__).with_name("results.json").read_text("utf-8"))


def packed(content, how):
    if how == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", content)
        return file.getvalue()
    if how == "tar":
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            entry = tarfile.TarInfo("a.txt")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        return file.getvalue()
    if how == "zstd in a pack":
        frames = (zstandard.ZstdCompressor().compress(each) for each in (b"other" * 9, content))
        return b"head" + b"".join(frames)
    return {"plain": bytes, "gzip": gzip.compress, "zlib": zlib.compress}[how](content)


@pytest.mark.parametrize("how", ["plain", "gzip", "zlib", "zip", "tar", "zstd in a pack"])
def test_what_is_packed_is_seen_and_spoilt(tmp_path, how):
    content = b"a needle " * 40
    file = tmp_path / "record"
    file.write_bytes(packed(content, how))
    assert any(b"needle" in text for text in texts([tmp_path]))
    assert not any(b"noodle" in text for text in texts([tmp_path]))
    before = file.read_bytes()
    assert spoil([tmp_path], b"needle", b"noodle") == 1
    assert file.read_bytes() != before
    assert len(file.read_bytes()) == len(before)


def test_names_links_and_git_objects_are_seen(tmp_path):
    project = make(tmp_path)
    (project.root / "link").symlink_to("digest-of-it")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "all")
    git(project.root, "gc", "-q")  # into a pack
    assert any(UNTRACKED in text for text in texts([project.root / ".git"]))
    assert {b"link", b"digest-of-it"} <= {*texts([project.root])}


def test_the_project_is_as_hard_as_it_says(tmp_path):
    project = make(tmp_path)
    assert UNCOMMITTED.decode() in git(project.root, "diff")
    assert git(project.root, "status", "--porcelain").split() == ["M", "train.py", "??", "helper.py"]
    assert not project.data.is_relative_to(project.root)


def test_every_tool_answers_every_question():
    assert list(RESULTS) == list(PEERS)
    for each in RESULTS.values():
        assert list(each["cells"]) == list(QUESTIONS)
        assert all(each["cells"].values())


@pytest.mark.slow
def test_what_is_said_of_this_tool_is_so(tmp_path):
    ledger = PEERS["ledger"](tmp_path / "tool")
    ledger.install()
    cells, _ = ask(ledger, tmp_path / "asked")
    measured = {"cpu"}
    written = {name: cell for name, cell in RESULTS["ledger"]["cells"].items() if name not in measured}
    assert {name: cell for name, cell in cells.items() if name not in measured} == written
