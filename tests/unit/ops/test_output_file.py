import os
from pathlib import Path

import pytest

from ledger.errors import UsageError
from ledger.ops.output_file import output_file


def test_files_and_links_to_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("x")
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "new").symlink_to("made")
    for name, target in (("there", "there"), ("link", "there"), ("new", "made"), ("not", "not")):
        assert output_file(Path(name), "proof") == tmp_path / target


def test_what_is_no_file_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "piped").symlink_to("pipe")
    (tmp_path / "nowhere").symlink_to("gone/x")
    for path, cause in (
        (tmp_path, "it is a directory"),
        (tmp_path / "pipe", "it is no regular file"),
        (tmp_path / "piped", "it is no regular file"),
        (tmp_path / "device", "it is no regular file"),
        (tmp_path / "gone" / "x", "there is no directory"),
        (tmp_path / "nowhere", "there is no directory"),
    ):
        with pytest.raises(UsageError, match="no proof can be written") as caught:
            output_file(path, "proof")
        assert caught.value.cause.startswith(cause)
