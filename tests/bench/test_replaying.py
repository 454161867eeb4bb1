"""What a replay costs over the bare rerun of its command, once its environment has been made."""

import shutil
from statistics import median

import pytest

BOUND = 1.0
"""Seconds, elapsed and of CPU, where click is imported in `CONTROL`, and more on a slower machine."""
CONTROL = 0.040


@pytest.mark.bench
def test_a_replay_in_a_made_environment_adds_little(programs, furnished, project, timed, tmp_path, report):
    """190 distributions, whose wheels were kept: no index has them."""
    root = project("project")
    (root / "ledger.toml").write_text("[environment]\nkeep_wheels = true\n")
    bare = [furnished, "train.py"]
    cache = tmp_path / "cache"
    how = {"path": programs, "XDG_CACHE_HOME": str(cache), "UV_OFFLINE": "1", "UV_NO_INDEX": "1"}
    timed({"once": (["ledger", "run", "--quiet", *bare], root)}, rounds=1, warm=0, **how)
    timed({"made": (["ledger", "replay", "@"], root)}, rounds=1, warm=0, **how)
    assert list((cache / "ledger/environments").glob("*/complete"))
    taken = timed(
        {
            "bare": (bare, root),
            "replay": (["ledger", "replay", "@"], root),
            "control": ([programs / "python", "-c", "import click"], root),
        },
        **how,
    )
    cpu = {name: median(each for each, _ in turns) for name, turns in taken.items()}
    elapsed = {name: min(each for _, each in turns) for name, turns in taken.items()}
    slowness, waiting = (max(1.0, each["control"] / CONTROL) for each in (cpu, elapsed))
    over, waited = cpu["replay"] - cpu["bare"], elapsed["replay"] - elapsed["bare"]
    figure = (
        f"{over:.2f} s, {waited:.2f} s elapsed, over bare {cpu['bare']:.3f} s; control {cpu['control']:.3f} s"
    )
    report(
        "`ledger replay`, its environment made before, 190 packages", figure, f"{BOUND} s × {slowness:.2f}"
    )
    assert over <= BOUND * slowness
    assert waited <= BOUND * waiting


@pytest.mark.bench
def test_keeping_wheels_costs_the_first_trial_only(programs, furnished, project, timed, tmp_path, report):
    kept, plain = project("kept"), project("plain")
    (kept / "ledger.toml").write_text("[environment]\nkeep_wheels = true\n")
    run = ["ledger", "run", "--quiet", furnished, "train.py"]
    how = {"path": programs, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = timed({"kept": (run, kept)}, rounds=1, warm=0, **how)["kept"][0][1]
    taken = timed({"kept": (run, kept), "plain": (run, plain)}, **how)
    cpu = {name: median(each for each, _ in turns) for name, turns in taken.items()}
    over = cpu["kept"] - cpu["plain"]
    shutil.rmtree(kept / ".ledger")
    figure = f"{over:+.3f} s over {cpu['plain']:.3f} s; the first trial {first:.1f} s elapsed"
    report("`[environment] keep_wheels`, 190 packages, kept before", figure, "0.1 s")
    assert over <= 0.1
