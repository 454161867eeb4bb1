"""The stories of ``examples/`` come out as their READMEs say."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest


def _script(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STORIES, TOUR = _script("stories"), _script("readme_tour")


def document(project, *words):
    command = [sys.executable, "-m", "ledger", *words, "--json"]
    done = subprocess.run(command, cwd=project, check=True, capture_output=True)
    return json.loads(done.stdout)


def lasting(story):
    """Lines without what differs between runs; shares of a duration are noise."""
    return [line for line in TOUR.masked(story) if not line.startswith("duration_s ")]


def test_what_was_printed_is_put_in_its_place():
    text = "# A\n\n<!-- story: made by tests/cli/stories.py -->\nold\n<!-- end -->\n\nb\n"
    new = STORIES.with_story(text, "1. x\n$ a\n")
    assert new == text.replace("old\n", "```console\n1. x\n$ a\n```\n")
    assert STORIES.story_of(new) == "1. x\n$ a\n"
    assert STORIES.with_story(new, "1. x\n$ a\n") == new


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_new_version_of_a_package_is_named(tmp_path, monkeypatch):
    place = tmp_path / "drift"
    story = STORIES.told("drift", place)
    assert lasting(story) == lasting(STORIES.story_of(STORIES.readme("drift").read_text("utf-8")))

    project = place / "project"
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    before, after, repaired = (document(project, "show", name) for name in ("before", "after", "repaired"))
    replays = [(each["mode"], each["verdict"]) for each in before["replays"]]
    assert replays == [("current", "diverged"), ("recreate", "identical")]
    then, now, mended = (each["metrics"]["mean_error"] for each in (before, after, repaired))
    assert mended == then < now

    why = document(project, "why", "before", "after")
    assert (why["executions"], why["reused"]) == (0, 2)
    assert [(each["name"], each["summary"]) for each in why["parts"]] == [
        ("environment", "pandas 2.3.3 → 3.1.1"),
        ("hyperparameters", "lr 0.05 → 0.03"),
    ]
    environment, rate = next(each["shares"] for each in why["metrics"] if each["name"] == "mean_error")
    assert environment["fraction"] > rate["fraction"] > 0
    assert environment["value"] + rate["value"] == pytest.approx(now - then)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("ssh_keygen")
def test_a_reviewer_with_a_file_and_a_key(tmp_path, monkeypatch):
    place = tmp_path / "paper"
    story = STORIES.told("paper", place)
    assert lasting(story) == lasting(STORIES.story_of(STORIES.readme("paper").read_text("utf-8")))

    opened = place / "reviewer" / "paper"
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "reviewer-cache"))
    shown = document(opened, "show", "paper")
    assert [each["verdict"] for each in shown["replays"]] == ["identical"]
    assert shown["metrics"]["accuracy"] > 0.9
    assert document(opened, "verify")["ok"]
    assert not (place / "laptop").exists()
