"""Spelling many paths by their directories gives what the file system says of each."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.capture.files import _recorded
from ledger.capture.spelling import Spelling

PARTS = st.lists(
    st.sampled_from(["root", "d", "e", "link", "up", "loop", "gone", "other", ".", "..", "", "ü"]), max_size=7
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("spelling").resolve()
    for name in ("root/d/e", "other/d", "d/root"):
        (base / name).mkdir(parents=True)
    for name, target in {
        "root/link": "../other",
        "root/d/up": "..",
        "other/link": "d",
        "other/up": base / "root" / "d",
        "loop": "loop",
        "link": "root",
        "root/loop": "d/loop",
        "root/d/loop": "../loop",
    }.items():
        (base / name).symlink_to(target)
    return base


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(parts=st.lists(PARTS, min_size=1, max_size=5), name=st.sampled_from(["x", "d", "link", "loop"]))
def test_as_one_by_one(base, parts, name):
    for root in (base / "root", base / "link"):
        spelling = Spelling(str(root))
        for each in parts:
            path = "/".join([str(base), *each, name])
            expected = _recorded(root, path)
            # The root itself is no file, and through a circle nothing is reached.
            if expected != "." and "loop" not in each:
                assert spelling.recorded(path) == expected
                assert spelling.recorded(path) == expected


@settings(deadline=None, max_examples=300)
@given(parts=PARTS)
def test_real(base, parts):
    path = "/".join([str(base), *parts])
    real = Spelling("/").real(path)
    if "loop" not in parts:  # of a circle both give up, somewhere
        assert (real or "/") == os.path.realpath(path)
