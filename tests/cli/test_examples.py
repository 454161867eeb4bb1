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


SMALL = {
    "least_squares_and_lasso": ("val_error",),
    "polynomial_degree": ("train_loss", "val_loss"),
    "svm_tolerance": ("gamma", "duration_s"),
    "network_topology": ("units1", "activation"),
    "batch_size": ("batch_size × lr",),
    "seeds_in_rl": ("ddpg", "td3"),
    "implementations": ("scikit-learn", "scipy"),
    "gradient_descent_and_lbfgs": ("optimizer", "beta"),
    "random_seeds": ("discriminant",),
}
"""Words that each story's script prints, however few trials it is given."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SMALL)
def test_on_a_small_budget_a_story_comes_to_its_end(tmp_path, name):
    story = STORIES.told(name, tmp_path / name, budget="small")
    for words in SMALL[name]:
        assert words in story
    project = tmp_path / name / "project"
    assert document(project, "verify")["ok"]
    assert {each["status"] for each in document(project, "log")} == {"ok"}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_story_that_needs_torch(tmp_path, monkeypatch):
    if subprocess.run(["/usr/bin/python3", "-c", "import torch"], capture_output=True).returncode:
        pytest.skip("/usr/bin/python3 has no torch")
    uv, place = Path(sys.executable).with_name("uv"), tmp_path / "torch"
    make = [uv, "venv", "--quiet", "--system-site-packages", "--python", "/usr/bin/python3", place]
    subprocess.run(make, check=True)
    python = place / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", python]
    subprocess.run([*install, "scikit-learn", "numpy<2"], check=True)
    monkeypatch.setenv("STORY_PYTHON", str(python))
    story = STORIES.told("lstm_tunability", tmp_path / "story", budget="small")
    assert "momentum" in story
    assert document(tmp_path / "story" / "project", "verify")["ok"]


def test_every_story_has_its_place():
    told = {path.parent.name for path in STORIES.EXAMPLES.glob("*/demo.sh")}
    assert told == {*STORIES.STORIES, "digits"}
    assert set(SMALL) | {"drift", "paper", "lstm_tunability"} == set(STORIES.STORIES)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(1800)
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
