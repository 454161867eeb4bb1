"""What recording costs, against controls that are measured in the same minute."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

AIMS = {200: 0.12, 5000: 0.20}
"""Files of a dirty repository → CPU seconds that `ledger run` is to add there, where click is imported in
`CONTROL`, and more on a slower one."""
MISSED = 1.4
"""Times an aim at which it fails: 0.65 to 0.99 of it were measured, on one machine at other times."""
CONTROL = 0.040
TRIES = 6
"""Machines are shared and noisy: one of so many measurements has to do."""
IMPORT_AIM, IMPORT_BOUND = 0.15, 0.25
"""What is wanted, and what fails: 0.10 to 0.16 were measured, on one machine at other times."""
IMPORT_TRIES = 18
"""Of five runs each; the quickest of all so far counts."""
HELP_BOUND = 2.5

PEERS = {
    "sciproof": ("sciproof", ["record", "--fast", "--force", "--name", "bench", "--"]),
    "dvc": ("dvc", ["exp", "run", "--force", "--quiet"]),
}
"""Each package's program and words; those of DVC name a stage that runs the command."""


def command(programs, *words):
    return [programs / words[0], *words[1:]]


@pytest.mark.bench
@pytest.mark.parametrize("files", AIMS)
def test_recording_adds_little(files, programs, furnished, project, medians, report):
    """Files are watched, the environment has 190 distributions, what can be kept in mind is."""
    root = project("project", files, dirty=True)
    bare = [furnished, "train.py"]
    aim, tries = AIMS[files], []
    for _ in range(TRIES):
        taken = medians(
            {
                "bare": (bare, root),
                "ledger": (["ledger", "run", "--quiet", *bare], root),
                "control": (command(programs, "python", "-c", "import click"), root),
            },
            path=programs,
        )
        over = taken["ledger"] - taken["bare"]
        slowness = max(1.0, taken["control"] / CONTROL)
        tries.append((over / slowness, over, slowness, taken))
        if over <= aim * slowness:
            break
    _, over, slowness, taken = min(tries, key=lambda each: each[0])
    figure = f"{over:.3f} s over bare {taken['bare']:.3f} s; control {taken['control']:.3f} s"
    report(f"`ledger run python train.py`, {files} files, dirty", figure, f"aim: {aim} s × {slowness:.2f}")
    assert over <= MISSED * aim * slowness


@pytest.mark.bench
def test_importing_slows_little(project, programs, timed, report):
    """Beyond what recording anything costs; of several runs the quickest."""
    pytest.importorskip("sklearn")
    root = project("project")
    trivial = command(programs, "python", "-c", "pass")
    imports = command(programs, "python", "-c", "import numpy, sklearn.ensemble, sklearn.neural_network")
    runs = {}
    for turn in range(IMPORT_TRIES):
        more = timed(
            {
                "trivial": (trivial, root),
                "imports": (imports, root),
                "our trivial": (["ledger", "run", "--quiet", *trivial], root),
                "our imports": (["ledger", "run", "--quiet", *imports], root),
            },
            path=programs,
            rounds=5,
            warm=0 if turn else 2,
        )
        runs = {name: runs.get(name, []) + turns for name, turns in more.items()}
        taken = {name: min(cpu for cpu, _ in turns) for name, turns in runs.items()}
        alone = taken["imports"] - taken["trivial"]
        slower = (taken["our imports"] - taken["our trivial"]) / alone - 1
        if slower <= IMPORT_AIM:
            break
    report("importing numpy and scikit-learn", f"{slower:+.1%} of {alone:.2f} s", f"aim: {IMPORT_AIM:.0%}")
    assert slower <= IMPORT_BOUND


@pytest.mark.bench
def test_help_costs_little_more_than_click(programs, tmp_path, medians, report):
    taken = medians(
        {
            "help": (command(programs, "ledger", "--help"), tmp_path),
            "control": (command(programs, "python", "-c", "import click"), tmp_path),
        }
    )
    ratio = taken["help"] / taken["control"]
    report("`ledger --help`", f"{ratio:.2f} × `import click` ({taken['control']:.3f} s)", f"{HELP_BOUND} ×")
    assert ratio <= HELP_BOUND


@pytest.fixture
def peer(request, tmp_path):
    """The program of a package in an environment of its own."""
    package, words = PEERS[request.param]
    uv, place = shutil.which("uv") or Path(sys.executable).with_name("uv"), tmp_path / "peer"
    variables = {**os.environ, "VIRTUAL_ENV": str(place)}
    try:
        made = subprocess.run([uv, "venv", "-q", "--python", sys.executable, place], capture_output=True)
        made = made.returncode == 0 and subprocess.run(
            [uv, "pip", "install", "-q", package], env=variables, capture_output=True, timeout=240
        )
    except subprocess.TimeoutExpired:
        made = None
    if not made or made.returncode != 0:
        pytest.skip(f"{package} cannot be installed here")
    return request.param, place / "bin" / package, words


@pytest.mark.bench
@pytest.mark.network
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("peer", PEERS, indirect=True)
def test_recording_adds_less_than_a_peer_does(peer, programs, project, git, medians, report):
    name, program, words = peer
    ours, theirs = project("ours"), project("theirs")
    bare = ["python", "train.py"]
    if name == "dvc":
        stage = ["stage", "add", "-q", "-n", "t", "-d", "train.py", "-o", "out.txt", " ".join(bare)]
        for each in (["init", "-q"], ["config", "core.analytics", "false"], stage):
            subprocess.run([program, *each], cwd=theirs, check=True, capture_output=True)
        git(theirs, "add", "-A")
        git(theirs, "commit", "-qm", "a stage")
        full = [program, *words]
    else:
        full = [program, *words, *bare]
    taken = medians(
        {"bare": (bare, ours), "ledger": (["ledger", "run", "-q", *bare], ours), name: (full, theirs)},
        path=programs,
        rounds=7,
        warm=1,
    )
    mine, other = taken["ledger"] - taken["bare"], taken[name] - taken["bare"]
    report(f"against `{program.name} {' '.join(words)}`", f"{mine:.3f} s and {other:.3f} s over bare", "less")
    assert mine < other
