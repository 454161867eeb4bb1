"""The files of the page: whose they are, that they are whole, and that none asks for anything else."""

import json
import re
from pathlib import Path

import pytest

from ledger.model import Digest
from ledger.ui import assets

VENDOR = "vendor/"


@pytest.fixture(scope="module")
def files():
    return assets.load()


def test_what_others_wrote_is_as_the_lock_says_and_has_its_licence(files):
    lock = json.loads(files["vendor/lock.json"].content)
    locked = {path: digest for package in lock["packages"] for path, digest in package["files"].items()}
    held = {name.removeprefix(VENDOR): each for name, each in files.items() if name.startswith(VENDOR)}
    del held["lock.json"]
    assert {name: str(Digest.of(each.content)) for name, each in held.items()} == locked
    for package in lock["packages"]:
        assert package["licence"] in ("MIT", "BSD-3-Clause", "Apache-2.0")
        assert any(path.endswith("/LICENSE") for path in package["files"])


def test_it_is_at_most_500_kb(files):
    assert sum(len(each.content) for name, each in files.items() if name.startswith(VENDOR)) <= 500_000


def test_our_own_files_reach_for_nothing_outside_and_make_no_markup_of_text(files):
    own = {name: each.content.decode() for name, each in files.items() if not name.startswith(VENDOR)}
    assert len(own) > 10
    for name, text in own.items():
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name


def test_each_module_that_is_imported_is_there(files):
    for name, each in files.items():
        if name.endswith(".js") and not name.startswith(VENDOR):
            for path in re.findall(r'(?:from|import|import\()\s*"(\.[^"]+)"', each.content.decode()):
                found = Path("/", name).parent.joinpath(path)
                assert str(found.resolve()).lstrip("/") in files, f"{name}: {path}"
