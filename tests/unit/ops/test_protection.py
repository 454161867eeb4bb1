import os
import sys

import pytest

from ledger.ops import namespace
from ledger.ops.execute import Launch, execute

pytestmark = pytest.mark.skipif(namespace.available() is not None, reason=str(namespace.available()))

WRITE = """
import os, sys
for path in sys.argv[1:]:
    try:
        with open(path, "a") as file:
            file.write("x")
        print("written")
    except OSError as error:
        print(os.strerror(error.errno))
"""


def test_only_what_is_named_can_be_written(tmp_path):
    for name in ("spool", "open", "open/below", "closed"):
        (tmp_path / name).mkdir()
    places = [tmp_path / "open/a", tmp_path / "open/below/a", tmp_path / "closed/a", "/dev/null"]
    ended = execute(
        Launch(
            argv=(sys.executable, "-I", "-c", WRITE, *map(str, places)),
            directory=str(tmp_path),
            variables=dict(os.environ),
            spool=str(tmp_path / "spool"),
            forward=False,
            stdin=os.devnull,
            writable=(str(tmp_path / "open"), "/dev", str(tmp_path / "not there")),
            new_session=True,
        )
    )
    assert (ended.exit_code, ended.error) == (0, None)
    said = (tmp_path / "spool/stdout").read_text().splitlines()
    assert said == ["written", "written", "Read-only file system", "written"]
    (tmp_path / "closed/b").write_text("others still can")
