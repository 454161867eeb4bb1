import sys
from pathlib import Path

import pytest

from ledger.errors import UsageError
from ledger.remotes.locate import is_url, normal, reach, written

HERE = Path("/home/ann/project")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("../lab", "/home/ann/lab"),
        ("/media/disk/", "/media/disk"),
        ("file:///media/a%20disk", "/media/a disk"),
        ("file:///media/a%23%3F", "/media/a#?"),
        ("file://localhost/media/disk", "/media/disk"),
        ("FILE:///media/disk", "/media/disk"),
        ("S3://Bucket/A", "s3://Bucket/A"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3://bucket", "s3://bucket"),
        ("gs://bucket/x", "gs://bucket/x"),
        ("az://container/x", "az://container/x"),
        ("sftp://ann@host:2222/srv/x", "sftp://ann@host:2222/srv/x"),
        ("sftp://host/~/x", "sftp://host/~/x"),
    ],
)
def test_the_form_in_which_a_remote_is_kept(url, kept):
    assert normal(url, HERE) == kept
    assert normal(kept, Path("/elsewhere")) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a\0b",
        "https://host/x",
        "s3://",
        "s3:/bucket/x",
        "S3:/key:secret@bucket/x",
        "S3://key:secret@bucket/x",
        "file:/media",
        "file://media/disk",
        "file://ann:secret@host/x",
        "HTTPS://ann:secret@host/x",
        "s3://key@bucket/x",
        "s3://key:secret@bucket/x",
        "s3://bucket/x?versionId=1",
        "s3://bucket/a#b",
        "file:///a#b",
        "file:///a?b",
        "sftp://ann:secret@host/x",
        "sftp://[host/x",
        "sftp://ann:secret@[host/x",
        "sftp://host:port/x",
        "sftp://ann:secret@host:port/x",
        "sftp://host:65536/x",
        "sftp://host/a#b",
        "sftp://host/a#",
        "sftp://host",
        "sftp://host/",
    ],
)
def test_what_is_none_or_holds_a_secret_is_refused(url):
    with pytest.raises(UsageError) as raised:
        normal(url, HERE)
    assert "secret@" not in str(raised.value)


def test_what_stands_in_the_place_of_a_port_is_not_told():
    with pytest.raises(UsageError) as raised:
        normal("sftp://ann:secret/x", HERE)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["/media/\udcff", "file:///media/%FF", "s3://bucket/\udcff"])
def test_what_is_not_utf_8_is_refused(url):
    with pytest.raises(UsageError, match="UTF-8"):
        normal(url, HERE)


def test_a_directory_that_is_not_utf_8_has_no_relative_remotes():
    with pytest.raises(UsageError, match="UTF-8"):
        normal("../lab/x", HERE / "\udcff" / "y")
    assert normal("../lab", HERE / "\udcff") == "/home/ann/project/lab"


def test_home_is_meant_as_in_a_shell(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ben")
    assert normal("~/lab", HERE) == "/home/ben/lab"


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("s3://bucket/x", "obstore", "s3"), ("sftp://host/x", "asyncssh", "ssh")]
)
def test_what_is_not_installed_is_named_with_the_way_to_get_it(url, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # as if it was not there
    with pytest.raises(UsageError, match=f"needs the package {package}") as raised:
        reach(url)
    assert f"replay-ledger[{extra}]" in raised.value.hint


@pytest.mark.parametrize("place", ["/media/a disk", "/media/a#?", "s3://bucket/x", "sftp://host/~/x"])
def test_a_place_is_written_as_a_url_that_means_it(place):
    assert is_url(written(place))
    assert normal(written(place), HERE) == place


@pytest.mark.parametrize("url", ["s3://b", "S3://b", "s3:/b", "SFTP:/b", "file:/b", "https:/b", "no://b"])
def test_a_url_that_is_off_is_no_plain_path(url):
    assert is_url(url)


@pytest.mark.parametrize("path", ["lab", "/a/s3://b", "./s3://b", "s3:b", "a:b", "a:/b", "3s://b"])
def test_a_plain_path_is_no_url(path):
    assert not is_url(path)
