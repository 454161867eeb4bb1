"""Python functions as what a search makes small."""

import functools
import subprocess
import sys

import pytest

import ledger
from ledger import model
from ledger.errors import UsageError
from ledger.ops.tune import function as tune_function
from ledger.tune.space.language.read import space

OBJECTIVE = """
    import sys
    import ledger
    from helper import OFFSET

    def loss(lr, n=1):
        return lr + OFFSET + n

    def several(lr, **rest):
        return {"loss": lr, "size": len(rest)}

    def logs(lr):
        ledger.log(loss=lr, step=0)

    def odd(lr):
        return "text"

    if __name__ == "__main__":
        tuned = ledger.tune(
            loss, ["lr=real(0, 1)"], experiment="main", minimize="loss", executions=2, sampler="random"
        )
        print([each.measured.values[0] - dict(each.proposed.values)["lr"] for each in tuned.standing.own])
        print(len(ledger.tune(experiment="main", executions=3).standing.own))
"""


@pytest.fixture
def module(git_project, monkeypatch):
    """A module of the project, imported from `src` in it."""
    place = git_project.path / "src"
    place.mkdir()
    git_project.write(**{"src/objective": OBJECTIVE, "src/helper": "OFFSET = 10\n"})
    monkeypatch.syspath_prepend(str(place))
    yield __import__("objective")
    for name in ("objective", "helper"):
        sys.modules.pop(name, None)


@pytest.fixture
def tuned(git_project):
    mine = ledger.open(git_project.path, create=True)

    def tune(function, definitions=("lr=real(0, 1)", "n=int(1, 3)"), **more):
        asked = {"experiment": "x", "minimize": "loss", "executions": 2, "sampler": "random"} | more
        return mine.tune(function, definitions, **asked).standing

    return tune


def test_a_number_that_a_function_returns_is_the_objective(module, tuned, git_project):
    now = tuned(module.loss)
    asked = [dict(each.proposed.values) for each in now.own]
    assert [each.measured.values[0] for each in now.own] == [each["lr"] + 10 + each["n"] for each in asked]
    assert git_project.replay().verdict is model.Verdict.IDENTICAL
    assert tuned(module.loss).own == now.own  # it goes on, and has enough


def test_a_function_may_return_metrics_or_log_them(module, tuned):
    both = tuned(module.several, minimize="loss", maximize="size")
    assert [each.measured.values[1] for each in both.own] == [1.0, 1.0]
    logged = tuned(module.logs, ("lr=real(0, 1)",), experiment="y")
    assert len(logged.best) == 1
    odd = tuned(module.odd, ("lr=real(0, 1)",), experiment="z")
    assert [each.measured.reason for each in odd.own] == ["exit code 1"] * 2


def test_a_script_searches_over_its_own_function(module, git_project):
    words = [sys.executable, "objective.py"]
    done = subprocess.run(words, cwd=git_project.path / "src", capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("[11.0, 11.0]\n3\n", 0), done.stderr


def test_a_search_within_the_import_of_its_own_function_is_refused(git_project):
    git_project.write(
        bare="""
        import ledger
        def loss(lr):
            return lr
        ledger.tune(loss, ["lr=real(0, 1)"], experiment="x", minimize="loss", executions=1, sampler="random")
        """
    )
    words = [sys.executable, "bare.py"]
    subprocess.run(words, cwd=git_project.path, capture_output=True, timeout=60)
    (trial,) = git_project.trials
    assert trial.status is model.Status.FAILED
    said = git_project.workspace.store.get(trial.outcome.stderr.digest).decode()
    assert 'if __name__ == "__main__"' in said


@pytest.mark.parametrize("what", ["lambda", "nested", "partial", "text", "elsewhere"])
def test_what_cannot_be_imported_by_a_trial_is_refused(module, tuned, what):
    def nested(lr):
        return lr

    typed = {}
    exec("def typed(lr): return lr", {"__name__": "__main__"}, typed)  # as a notebook has it
    function = {
        "lambda": lambda lr: lr,
        "nested": nested,
        "partial": functools.partial(module.loss, n=1),
        "text": typed["typed"],
        "elsewhere": subprocess.run,
    }[what]
    with pytest.raises(UsageError) as caught:
        tuned(function)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("definitions", "said"),
    [
        (("lr=real(0, 1)", "m=real(0, 1)"), r"does not take m"),
        (("n=int(1, 3)",), "needs what the space does not have"),
    ],
)
def test_a_function_has_to_take_what_is_searched(module, git_project, definitions, said):
    with pytest.raises(UsageError, match=said):
        tune_function.command(module.loss, space(definitions), ["loss"], git_project.path)
