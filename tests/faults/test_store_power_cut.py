"""A store on real file systems that lose their power, and on those that can share blocks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words):
    """Run the scenario in a mount namespace of its own, so that nobody else holds its disk."""
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("it needs root and unshare")
    script = Path(__file__).with_name("power_cut.py")
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, script, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(done.stdout.strip() or done.stderr.strip())
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
@pytest.mark.parametrize("many", [2, 20, 200], ids=["each file synced", "all synced", "packs"])
def test_what_was_acknowledged_is_whole_after_a_power_cut(tmp_path, kind, many):
    run("power cut", kind, tmp_path, many)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_large_files_share_their_blocks_where_the_file_system_can(tmp_path, kind):
    run("reflink", kind, tmp_path)
