"""Why two trials differ: real scripts in real repositories, swapped part by part."""

import os
import re
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from ledger import workspace
from ledger.errors import IncomparableError
from ledger.model import Difference, Status
from ledger.ops import attempt, lost, query, run, why_words
from ledger.ops.differences import values
from ledger.ops.why import WhyOptions, why
from ledger.ops.why_parts import Part

PARSER = """
    import argparse, json
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=1.0)
    p.add_argument("--depth", type=float, default=1.0)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--data", default="data.txt")
    args = p.parse_args()
    """


class Asker:
    """A project, and the question."""

    def __init__(self, project):
        self.project = project
        self.told = []

    def write(self, body, **options):
        text = textwrap.dedent(PARSER) + textwrap.dedent(body)
        (self.project.path / "train.py").write_text(text)
        return self

    def run(self, *words, **options):
        self.project.run("python", "train.py", *words, **options)
        assert self.project.last.status is Status.OK, self.project.read(
            self.project.last.outcome.stderr.digest
        )
        return self.project.last

    def __call__(self, a, b, *, variables=None, **options):
        self.told.clear()
        return why(
            self.project.workspace,
            query.load(self.project.workspace.journal),
            a,
            b,
            WhyOptions(**{"env": "current"} | options),
            progress=self.told.append,
            variables={**os.environ, **(variables or {})},
        )


@pytest.fixture
def ask(git_project):
    (git_project.path / ".gitignore").write_text("metrics.json\nmodel\n*.bin\n")
    return Asker(git_project)


def loss(expression):
    return f'\njson.dump({{"loss": {expression}}}, open("metrics.json", "w"))\n'


def parts(found):
    return [each.name for each in found.parts]


def shares(found, name="loss"):
    metric = next(each for each in found.metrics if each.name == name)
    if metric.shares is None:
        return None
    return {part.name: each.value for part, each in zip(found.parts, metric.shares, strict=True)}


def hybrids(found):
    """Names of the swapped parts → how each hybrid was had."""
    names = parts(found)
    return {
        "+".join(names[number] for number in sorted(each.swapped)): str(each.how) for each in found.hybrids
    }


def adds_up(found):
    for metric in found.metrics:
        if metric.shares is not None:
            total = sum(each.value for each in metric.shares)
            assert total == pytest.approx(metric.difference, rel=1e-12)
            ends = (
                [next(e.last for e in t.outcome.metrics if e.name == metric.name) for t in found.trials]
                if (metric.name != "duration_s")
                else [t.outcome.duration_s for t in found.trials]
            )
            assert metric.difference == ends[1] - ends[0]
    return True


def test_a_change_of_code_alone_is_all_of_it_and_nothing_runs(ask):
    a = ask.write(loss("2 * args.lr")).run()
    b = ask.write(loss("5 * args.lr")).run()
    found = ask(a, b)
    assert parts(found) == ["code"]
    assert shares(found) == {"code": 3.0}
    assert hybrids(found) == {"": "recorded", "code": "recorded"}
    assert found.executions == 0
    assert found.summary == "loss differs by 3: 100 % is the code (train.py)"
    assert [(each.path, each.changed_by) for each in found.results] == [("metrics.json", (0,))]


def test_hyperparameters_alone(ask):
    ask.write(loss("args.lr"))
    a, b = ask.run("--lr", "1"), ask.run("--lr=3")
    found = ask(a, b)
    assert parts(found) == ["hyperparameters"]
    assert found.summary == "loss differs by 2: 100 % is hyperparameters (lr 1.0 → 3.0)"
    assert found.executions == 0


def test_a_product_is_shared_by_its_factors_and_the_second_time_nothing_runs(ask):
    a = ask.write(loss("2 * args.lr") + 'open("model", "w").write("2")').run("--lr", "1")
    b = ask.write(loss("5 * args.lr") + 'open("model", "w").write("5")').run("--lr", "3")
    found = ask(a, b)
    # v(∅) 2, v(code) 5, v(lr) 6, both 15
    assert shares(found) == {"code": 6.0, "hyperparameters": 7.0}
    assert adds_up(found)
    (metric, clock) = found.metrics
    assert metric.alone == (3.0, 4.0)
    assert metric.interaction == 6.0
    assert metric.interacts
    assert clock.clock
    assert hybrids(found) == {
        "": "recorded",
        "code": "run",
        "hyperparameters": "run",
        "code+hyperparameters": "recorded",
    }
    assert {each.path: each.changed_by for each in found.results} == {"metrics.json": (0, 1), "model": (0,)}
    assert (
        found.summary
        == "loss differs by 13: 54 % is hyperparameters (lr 1.0 → 3.0), 46 % the code (train.py)"
    )
    assert not found.warnings
    again = ask(a, b)
    assert again.executions == 0
    assert ask.told == []
    assert again.metrics[0] == metric
    assert set(hybrids(again).values()) == {"recorded", "reused"}


def test_a_hybrid_is_a_trial_of_its_own_that_can_be_replayed(ask):
    a = ask.write(loss("2 * args.lr")).run("--lr", "1")
    b = ask.write(loss("5 * args.lr")).run("--lr", "3")
    before = ask.project.look()
    ask(a, b, experiment="causes")
    assert ask.project.look() == before
    hybrid = ask.project.last
    assert hybrid.tags == (f"why-{a.id.short}-{b.id.short}",)
    assert hybrid.message == f"hyperparameters of {b.id.short}, the rest of {a.id.short}"
    assert (hybrid.parent, hybrid.experiment, hybrid.root) == (None, "causes", a.root)
    assert hybrid.intent.code == a.intent.code
    assert hybrid.intent.argv == b.intent.argv
    assert {each.name: each.value for each in hybrid.hyperparameters}["lr"] == 3.0
    assert hybrid.outcome.metrics[0].last == 6
    assert ask.project.health("probe").state == "complete"
    assert ask.project.replay(hybrid).verdict == "identical"
    assert not list((ask.project.ledger / "spool").iterdir())


def test_what_a_person_ran_stands_for_a_hybrid(ask):
    a = ask.write(loss("2 * args.lr")).run("--lr", "1")
    ask.run("--lr", "3")
    b = ask.write(loss("5 * args.lr")).run("--lr", "3")
    found = ask(a, b)
    assert hybrids(found)["hyperparameters"] == "reused"
    assert found.executions == 1


class TestSeeds:
    def test_an_argument_and_a_hyperparameter(self, ask):
        ask.write(loss("args.lr * 10 + args.seed"))
        a, b = ask.run("--seed", "1", "--lr", "1"), ask.run("--lr", "2", "--seed=5")
        found = ask(a, b)
        assert shares(found) == {"hyperparameters": 10.0, "seeds": 4.0}
        assert {hybrid.trials[0].intent.argv[2:] for hybrid in found.hybrids} == {
            ("--seed", "1", "--lr", "1"),
            ("--lr", "2", "--seed", "1"),
            ("--seed=5", "--lr", "1"),
            ("--lr", "2", "--seed=5"),
        }
        assert not found.metrics[0].interacts

    def test_the_enforced_one(self, ask):
        ask.write("import random\n" + loss("random.random()"))
        a, b = ask.run(seed=1), ask.run("--lr", "2", seed=2)
        found = ask(a, b)
        assert parts(found) == ["hyperparameters", "seeds"]
        assert shares(found)["hyperparameters"] == 0
        assert found.summary.endswith("100 % is seeds (--seed 1 → 2)")
        assert not found.warnings

    def test_one_that_no_option_names_is_found_by_its_value(self, ask):
        ask.project.write(
            train="""
            import argparse, json
            p = argparse.ArgumentParser()
            p.add_argument("seed", type=int)
            p.add_argument("lr", type=float)
            args = p.parse_args()
            json.dump({"loss": args.lr * 10 + args.seed}, open("metrics.json", "w"))
            """
        )
        a, b = ask.run("1", "2"), ask.run("7", "3")
        assert shares(ask(a, b)) == {"hyperparameters": 10.0, "seeds": 6.0}

    def test_what_cannot_be_told_apart_is_one_part(self, ask):
        ask.project.write(
            train="""
            import argparse, json
            p = argparse.ArgumentParser()
            p.add_argument("-s", dest="seed", type=int, default=0)
            p.add_argument("-l", dest="lr", type=float, default=1)
            args = p.parse_args()
            json.dump({"loss": args.lr * 10 + args.seed}, open("metrics.json", "w"))
            """
        )
        a, b = ask.run("-l", "2"), ask.run("-s", "7")
        found = ask(a, b)
        assert parts(found) == ["hyperparameters and seeds"]
        assert found.parts[0].names == ("hyperparameters", "seeds")
        assert any("cannot be told apart" in each for each in found.warnings)
        assert shares(found) == {"hyperparameters and seeds": -3.0}


class TestInputs:
    BODY = loss("args.lr * float(open(args.data).read())")

    def test_a_file_that_git_ignores(self, ask):
        (ask.project.path / "x.bin").write_text("2")
        a = ask.write(self.BODY).run("--data", "x.bin", "--lr", "1")
        (ask.project.path / "x.bin").write_text("5")
        b = ask.run("--data", "x.bin", "--lr", "3")
        (ask.project.path / "x.bin").write_text("99")
        found = ask(a, b)
        assert shares(found) == {"hyperparameters": 7.0, "inputs": 6.0}
        assert "46 % inputs (x.bin)" in found.summary
        assert ask(a, b).executions == 0

    def test_a_file_in_the_code_is_cut_from_it_and_that_is_said(self, ask):
        (ask.project.path / "data.txt").write_text("2")
        a = ask.write(self.BODY).run()
        (ask.project.path / "data.txt").write_text("5")
        b = ask.write(loss("3 * float(open(args.data).read())")).run()
        found = ask(a, b)
        assert shares(found) == {"code": 7.0, "inputs": 6.0}
        assert [each.path for each in found.parts[0].differences] == ["train.py"]
        assert any("data.txt" in each and "taken for inputs" in each for each in found.warnings)
        assert ask(a, b).executions == 0

    def test_outside_of_the_root(self, ask, tmp_path):
        file = tmp_path / "outside.csv"
        file.write_text("2")
        a = ask.write(self.BODY).run("--data", file)
        file.write_text("5")
        b = ask.write(loss("3 * float(open(args.data).read())")).run("--data", file)
        found = ask(a, b)
        assert shares(found) == {"code": 7.0, "inputs": 6.0}
        assert file.read_text() == "5"

    def test_another_file_that_the_command_names_is_a_hyperparameter(self, ask):
        for name, value in (("x.bin", "2"), ("y.bin", "5")):
            (ask.project.path / name).write_text(value)
        a = ask.write(self.BODY).run("--data", "x.bin")
        b = ask.write(loss("3 * float(open(args.data).read())")).run("--data", "y.bin")
        found = ask(a, b)
        assert shares(found) == {"code": 7.0, "hyperparameters": 6.0}
        assert any("x.bin, y.bin: read by one of the two only" in each for each in found.warnings)

    def test_standard_input(self, ask, tmp_path):
        ask.write("import sys\n" + loss("args.lr * float(sys.stdin.read())"))
        trials = []
        for content, lr in (("2", "1"), ("5", "3")):
            (tmp_path / "given").write_text(content)
            with open(tmp_path / "given") as file:
                saved = os.dup(0)
                os.dup2(file.fileno(), 0)
                try:
                    trials.append(ask.run("--lr", lr))
                finally:
                    os.dup2(saved, 0)
                    os.close(saved)
        found = ask(*trials)
        assert shares(found) == {"hyperparameters": 7.0, "inputs": 6.0}
        assert why_words.part(found.parts[1]).endswith("given")

    def test_a_configuration_file_is_an_input_and_its_settings_are_named(self, ask):
        ask.write("args.lr = json.load(open('config.json'))['lr']\n" + loss("args.lr * args.depth"))
        (ask.project.path / "config.json").write_text('{"lr": 1}')
        a = ask.run("--depth", "2")
        (ask.project.path / "config.json").write_text('{"lr": 3}')
        b = ask.run("--depth", "5")
        found = ask(a, b)
        assert shares(found) == {"hyperparameters": 6.0, "inputs": 7.0}
        assert why_words.part(found.parts[1]) == "config.json (lr 1 → 3)"


class TestBudget:
    @pytest.fixture
    def three(self, ask):
        (ask.project.path / "data.txt").write_text("2")
        a = ask.write(loss("args.lr * 2 * float(open(args.data).read())")).run("--lr", "1")
        (ask.project.path / "data.txt").write_text("3")
        b = ask.write(loss("args.lr * 5 * float(open(args.data).read())")).run("--lr", "3")
        return a, b

    def test_too_few_for_all_orders(self, ask, three):
        found = ask(*three, budget=4)
        assert found.executions == 4
        assert found.sampled
        assert found.summary.endswith("(from 2 of 6 orders of the parts)")
        assert (found.metrics[0].orders, found.metrics[0].possible) == (2, 6)
        assert found.metrics[0].shares[0].error is None
        assert adds_up(found)
        assert found.answered
        one = ask(*three, budget=0)
        assert one.executions == 0
        more = ask(*three, budget=2)  # what is missing to all
        assert more.executions == 2
        assert not more.sampled
        assert more.metrics[0].shares[0].error == 0.0
        assert adds_up(more)

    def test_too_few_for_a_single_order(self, ask, three):
        found = ask(*three, budget=1)
        assert found.executions == 0
        assert shares(found) is None
        assert not found.answered
        assert "--budget" in " ".join(found.warnings)

    def test_a_dry_run_runs_nothing_and_lists_what_would_be_run(self, ask, three):
        before = len(ask.project.trials)
        found = ask(*three, dry_run=True)
        assert len(ask.project.trials) == before
        assert found.summary.startswith("6 hybrids would be run; a took 0.")
        assert list(hybrids(found).values()).count("planned") == 6
        assert found.planned
        assert found.answered

    def test_a_dry_run_that_knows_one_order_misses_nothing(self, ask):
        a = ask.write(loss("args.lr")).run("--lr", "1")
        ask.run("--lr", "3")
        b = ask.write(loss("2 * args.lr")).run("--lr", "3")
        found = ask(a, b, dry_run=True)
        assert hybrids(found) == {
            "": "recorded",
            "code": "planned",
            "hyperparameters": "reused",
            "code+hyperparameters": "recorded",
        }
        assert found.warnings == ()

    def test_without_a_metric_each_part_is_swapped_alone(self, ask):
        (ask.project.path / "data.txt").write_text("2")
        a = ask.write("open('model', 'w').write(f'1 {args.lr}')").run("--lr", "1")
        b = ask.write("open('model', 'w').write(f'2 {min(args.lr, 1)}')").run("--lr", "3")
        found = ask(a, b)
        assert found.executions == 2
        assert [(each.kind, each.path, each.changed_by) for each in found.results] == [
            ("output", "model", (0, 1))
        ]
        assert found.summary.startswith("model is changed by the code (train.py)")


class TestWhatFails:
    def test_a_hybrid_that_fails_leaves_the_orders_without_it(self, ask):
        # The new code needs the new depth, and says so.
        a = ask.write(loss("args.lr")).run("--lr", "1")
        b = ask.write(
            "if args.depth < 2: raise SystemExit('too shallow')\n" + loss("args.lr + args.depth")
        ).run("--lr", "1", "--depth", "3")
        found = ask(a, b)
        assert hybrids(found)["code"] == "failed"
        assert shares(found) == {"code": 3.0, "hyperparameters": 0.0}
        assert (found.metrics[0].orders, found.metrics[0].possible) == (1, 2)
        assert any("code of b failed: exit code 1: too shallow" in each for each in found.warnings)
        assert any("over the 1 of 2 orders" in each for each in found.warnings)
        assert {each.path: (each.changed_by, each.unknown) for each in found.results} == {
            "metrics.json": ((), (0,))
        }

    def test_no_order_is_left(self, ask):
        ask.write("if args.depth != args.lr: raise SystemExit(3)\n" + loss("args.lr"))
        a = ask.run("--lr", "1", "--depth", "1")
        b = ask.write("if args.depth != args.lr + 1: raise SystemExit(3)\n" + loss("args.lr")).run(
            "--lr", "1", "--depth", "2"
        )
        b = ask.write("if args.depth != args.lr + 1: raise SystemExit(3)\n" + loss("9")).run(
            "--lr", "1", "--depth", "2"
        )
        found = ask(a, b)
        assert shares(found) is None
        assert not found.answered
        assert "cannot be told" in found.summary

    def test_other_exit_codes_are_a_result(self, ask):
        ask.write("raise SystemExit(args.depth > 2)")
        a = ask.run()
        ask.project.run("python", "train.py", "--depth", "3")
        found = ask(a, ask.project.last)
        assert [(each.kind, each.changed_by) for each in found.results] == [("exit_code", (0,))]
        assert found.summary == "the exit code is changed by hyperparameters (depth 1.0 → 3.0)"

    def test_trials_that_failed_alike_have_values(self, ask):
        ask.write(loss("args.lr") + "raise SystemExit(3)")
        trials = []
        for lr in ("1", "3"):
            ask.project.run("python", "train.py", "--lr", lr)
            trials.append(ask.project.last)
        assert shares(ask(*trials)) == {"hyperparameters": 2.0}

    def test_a_trial_without_an_end(self, ask, maker):
        id, _ = maker.start()
        done = maker.trial()
        trials = maker.trials
        with pytest.raises(IncomparableError, match="nothing to compare"):
            why(ask.project.workspace, trials, trials.by_id[id], trials.by_id[done])

    def test_time_runs_out(self, ask):
        a = ask.write(loss("args.lr")).run()
        b = ask.write(
            "import time\nif args.depth == 1: time.sleep(600)\n" + loss("args.lr * args.depth")
        ).run("--depth", "3")
        for timeout in (1.5, 30.0):  # the other one ends in that time, on a busy machine in a longer one
            found = ask(a, b, timeout=timeout)
            assert hybrids(found)["code"] == "failed"
            if hybrids(found)["hyperparameters"] != "failed":
                break
        assert any("did not end in time" in each for each in found.warnings)
        assert ask.project.trials[-2].status is Status.LOST
        assert shares(found) == {"code": 2.0, "hyperparameters": 0.0}


def test_an_interrupted_hybrid_is_lost_and_is_run_again(ask, monkeypatch):
    a = ask.write(loss("2 * args.lr")).run("--lr", "1")
    b = ask.write(loss("5 * args.lr")).run("--lr", "3")

    def interrupted(_launch):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(attempt, "execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(a, b)
    assert ask.project.last.status is Status.RUNNING
    assert lost.recover(ask.project.workspace) == 1
    assert ask.project.last.status is Status.LOST
    assert shares(ask(a, b)) == {"code": 6.0, "hyperparameters": 7.0}


class TestDoubts:
    def test_the_same_results(self, ask):
        ask.write(loss("1"))
        a, b = ask.run("--lr", "1"), ask.run("--lr", "2")
        found = ask(a, b)
        assert found.same
        assert found.answered
        assert (found.parts, found.hybrids) == ((), ())
        assert "the same" in found.summary

    def test_randomness_that_no_seed_governs_is_a_warning(self, ask):
        ask.write("import random\n" + loss("random.random()"))
        a, b = ask.run(), ask.run("--lr", "2")
        found = ask(a, b)
        assert sum("draws without a seed" in each and "train.py" in each for each in found.warnings) == 2

    def test_nothing_differs_but_the_results(self, ask):
        ask.write("import random\n" + loss("random.random()"))
        found = ask(ask.run(), ask.run())
        assert not found.same
        assert found.parts == ()
        assert "ledger replay" in found.summary
        assert found.warnings

    def test_a_replay_that_diverged(self, ask):
        ask.write("import random\n" + loss("random.random()"))
        a, b = ask.run(), ask.run("--lr", "2")
        ask.project.replay(a)
        assert any(f"replay of {a.id.short} diverged" in each for each in ask(a, b).warnings)

    def test_repeating_takes_means_and_tells_the_noise(self, ask):
        body = "import random\n" + loss("args.lr * 100 + random.random()")
        ask.write(body)
        a, b = ask.run("--lr", "1"), ask.run("--lr", "2")
        found = ask(a, b, repeat=3)
        assert found.executions == 4
        assert [len(each.trials) for each in found.hybrids] == [3, 3]
        metric = found.metrics[0]
        values = [[e.outcome.metrics[0].last for e in each.trials] for each in found.hybrids]
        assert metric.a == pytest.approx(sum(values[0]) / 3)
        assert metric.noise is not None
        assert 0 < metric.noise < 1
        assert ask(a, b, repeat=3).executions == 0

    def test_the_two_run_anew(self, ask):
        ask.write("import random\n" + loss("args.lr + random.random()"))
        a, b = ask.run("--lr", "1"), ask.run("--lr", "2")
        found = ask(a, b, rerun=True)
        assert hybrids(found) == {"": "run", "hyperparameters": "run"}
        assert any(re.search(f"run anew, {a.id.short} has loss", each) for each in found.warnings)
        assert ask.project.trials[-2].message == f"all of {a.id.short}, run anew"
        assert ask.project.trials[-1].message == f"all of {b.id.short}, run anew"
        assert ask(a, b, rerun=True, budget=1).executions == 0


def test_metrics_that_measure_the_clock_are_left_out(ask):
    ask.write(
        'import time\njson.dump({"loss": args.lr, "train_time": time.time()}, open("metrics.json", "w"))'
    )
    found = ask(ask.run("--lr", "1"), ask.run("--lr", "2"))
    assert [each.name for each in found.metrics] == ["loss", "duration_s"]


def test_a_metric_that_is_logged_and_one_of_no_number(ask):
    repository = str(Path(__file__).parents[3])
    ask.write(
        f"import sys\nsys.path.insert(0, {repository!r})\nimport ledger\n"
        "ledger.log(loss=args.lr * args.depth, odd=float('nan') if args.lr == 1 else 1.0)\n"
    )
    a = ask.run("--lr", "1")
    text = (ask.project.path / "train.py").read_text()
    (ask.project.path / "train.py").write_text(text.replace("args.lr * args.depth", "args.lr * 7"))
    b = ask.run("--lr", "3")
    found = ask(a, b)
    assert shares(found) == {"code": 12.0, "hyperparameters": 8.0}
    odd = next(each for each in found.metrics if each.name == "odd")
    assert (odd.a, odd.b, odd.shares) == (None, 1.0, None)
    assert found.answered


def test_metrics_that_cannot_be_divided_are_told(ask):
    a = ask.write("open('metrics.jsonl', 'w').write('{\"loss\": 1}\\n{\"loss\": 3}\\n')\n").run()
    b = ask.write("open('metrics.jsonl', 'w').write('{\"loss\": 2}\\n{\"loss\": 3, \"more\": 1}\\n')\n").run()
    found = ask(a, b)
    assert [each.name for each in found.metrics] == ["duration_s"]
    assert "only one of the two has more" in found.warnings
    assert "loss: other on the way, the same at the end" in found.warnings
    assert found.answered


def test_another_script(ask):
    for name, factor in (("one", 2), ("two", 5)):
        (ask.project.path / f"{name}.py").write_text(
            f"import json, sys\nvalue = {factor} * float(sys.argv[1])\n"
            "json.dump({'loss': value}, open('metrics.json', 'w'))"
        )
    trials = []
    for name in ("one", "two"):
        ask.project.run("python", f"{name}.py", "3", seed=len(name + name[0]))
        trials.append(ask.project.last)
    found = ask(*trials)
    assert parts(found) == ["hyperparameters"]
    assert "one.py 3 → two.py 3" in found.summary


def test_programs_that_are_no_python(ask):
    for value, lr in (("2", "1"), ("5", "3")):
        (ask.project.path / "factor.sh").write_text(
            f'echo "{{\\"loss\\": $(({value} * $1))}}" > metrics.json\n'
        )
        ask.project.run("sh", "factor.sh", lr)
    found = ask(*ask.project.trials)
    assert shares(found) == {"code": 6.0, "hyperparameters": 7.0}


def test_todays_environment_has_to_be_that_of_both(ask, monkeypatch):
    ask.write("import os\n" + loss("float(os.environ['OMP_NUM_THREADS']) * args.lr"))
    ask.project.run(sys.executable, "train.py", variables={"OMP_NUM_THREADS": "2"})
    a = ask.project.last
    ask.project.run(sys.executable, "train.py", variables={"OMP_NUM_THREADS": "3"})
    with pytest.raises(IncomparableError, match="cannot stand for both"):
        ask(a, ask.project.last)


class TestPlaces:
    def test_outputs_that_lie_about_in_the_tree(self, ask):
        """Without a .gitignore what one trial made is there when the next one starts."""
        (ask.project.path / ".gitignore").unlink()
        body = 'open("model", "w").write("FACTOR")\n' + loss("FACTOR * args.lr")
        a = ask.write(body.replace("FACTOR", "2")).run("--lr", "1")
        ask.run("--lr", "2")
        b = ask.write(body.replace("FACTOR", "5") + "open('extra', 'w').write('x')").run("--lr", "3")
        assert b.code[0].products is not None
        found = ask(a, b)
        assert shares(found) == {"code": 6.0, "hyperparameters": 7.0}
        assert {each.path: each.changed_by for each in found.results} == {
            "extra": (0,),
            "metrics.json": (0, 1),
            "model": (0,),
        }
        assert not found.warnings
        assert ask(a, b).executions == 0

    def test_an_old_output_is_never_taken_for_a_new_one(self, ask):
        (ask.project.path / ".gitignore").unlink()
        a = ask.write(loss("args.lr")).run("--lr", "1")
        # The new code writes its metrics only where it is asked for more than 2.
        b = ask.write("if args.lr > 2:" + loss("5 * args.lr").replace("\n", "")).run("--lr", "3")
        found = ask(a, b)
        assert shares(found) == {"code": 12.0, "hyperparameters": 2.0}
        assert (found.metrics[0].orders, found.metrics[0].possible) == (1, 2)

    def test_a_model_of_an_earlier_trial_is_an_input(self, ask):
        (ask.project.path / ".gitignore").unlink()
        ask.project.write(fit="import sys\nopen('weights', 'w').write(sys.argv[1])")
        ask.write(loss("args.lr * float(open('weights').read())"))
        ask.project.run("python", "fit.py", "2")
        a = ask.run("--lr", "1")
        ask.project.run("python", "fit.py", "5")
        b = ask.run("--lr", "3")
        found = ask(a, b)
        assert shares(found) == {"hyperparameters": 7.0, "inputs": 6.0}
        assert ask(a, b).executions == 0

    def test_without_namespaces(self, ask, monkeypatch):
        from ledger.ops import namespace

        monkeypatch.setattr(namespace, "available", lambda: "not here")
        repository = str(Path(__file__).parents[3])
        body = f"import sys\nsys.path.insert(0, {repository!r})\nimport ledger\n"
        body += "ledger.log(loss={} * args.lr)\n"
        a = ask.write(body.format(2)).run("--lr", "1")
        b = ask.write(body.format(5)).run("--lr", "3")
        found = ask(a, b)
        assert shares(found) == {"code": 6.0, "hyperparameters": 7.0}
        assert ask(a, b).executions == 0

    def test_two_roots(self, ask, tmp_path, monkeypatch):
        """The second trial ran in a copy of the project, into the same ledger."""
        body = "import sys\n" + loss("float(open(args.data).read()) * 1")
        (ask.project.path / "x.bin").write_text("2")
        a = ask.write(body).run("--data", ask.project.path / "x.bin")
        other = tmp_path / "copy"
        shutil.copytree(ask.project.path, other, ignore=shutil.ignore_patterns(".ledger"))
        (other / "x.bin").write_text("5")
        (other / "train.py").write_text((other / "train.py").read_text().replace("* 1", "* 3"))
        second = workspace.find_or_make(other, str(ask.project.ledger))[0]
        run.run(
            second,
            [sys.executable, "train.py", "--data", str(other / "x.bin")],
            run.RunOptions(),
            directory=other,
            forward=False,
        )
        b = ask.project.last
        assert b.root == str(other)
        found = ask(a, b)
        assert shares(found) == {"code": 7.0, "inputs": 6.0}
        assert {each.trials[0].root for each in found.hybrids[1:3]} == {a.root}

    def test_code_beside_the_root(self, ask, tmp_path):
        library = tmp_path / "library"
        library.mkdir()
        trials = []
        for factor, lr in ((2, "1"), (5, "3")):
            (library / "mine.py").write_text(f"FACTOR = {factor}\n")
            ask.write("from mine import FACTOR\n" + loss("FACTOR * args.lr"))
            trials.append(ask.run("--lr", lr, variables={"PYTHONPATH": str(library)}))
        found = ask(*trials)
        assert shares(found) == {"code": 6.0, "hyperparameters": 7.0}
        assert "mine.py" in why_words.part(found.parts[0])


def test_of_a_part_what_changed_is_named_first():
    found = values("environment", {"b": "1", "c": "1"}, {"a": "1", "c": "2"}, prefix="package ")
    part = Part(names=("environment",), differences=tuple(found))
    assert why_words.part(part) == "c 1 → 2, b 1 → none and 1 more"


def test_a_boolean_is_written_as_everywhere():
    flag = Difference(part="hyperparameters", path="wide", expected=False, got=True)
    assert why_words.part(Part(names=("hyperparameters",), differences=(flag,))) == "wide false → true"
