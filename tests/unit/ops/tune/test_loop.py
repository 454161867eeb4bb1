"""Searches whose trials are real programs."""

import sys
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from ledger import api, fs, model
from ledger.errors import MismatchError, NotFoundError, UsageError
from ledger.model import ProposalSource, layout
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import query, slots
from ledger.ops.search import Question, find
from ledger.ops.tune import earlier as tune_earlier
from ledger.ops.tune import verify as tune_verify
from ledger.ops.tune import workers as tune_workers
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune
from ledger.ops.tune.space import meant, of, pairs
from ledger.tune.base import State
from ledger.tune.samplers import tpe
from ledger.tune.space.language.read import space
from ledger.tune.space.unit import UnitSpace

TRAIN = """
    import json, sys
    lr, n = float(sys.argv[1]), int(sys.argv[2])
    if lr > float(sys.argv[3]):
        sys.exit("lr is too large")
    open("metrics.json", "w").write(json.dumps({"loss": lr + n, "size": n}))
"""
WORDS = ("{lr}", "{n}")
SPACE = ("lr=real(0, 1)", "n=int(1, 3)")


@pytest.fixture
def searched(git_project):
    git_project.write(train=TRAIN)
    told = git_project.told = []

    def search(
        executions, *, name="x", limit="2", definitions=SPACE, words=("{lr}", "{n}"), wanted=None, **options
    ):
        asked = {
            "command": (sys.executable, "train.py", *words, limit),
            "space": space(definitions),
            "objectives": (Objective(metric="loss"),),
            "sampler": "random",
            "seed": 7,
        } | (wanted or {})
        return tune(
            git_project.workspace,
            Wanted(name=name, **asked),
            TuneOptions(executions=executions, **options),
            directory=git_project.path,
            tell=lambda tried, now: told.append((tried.number, tried.state)),
            notify=git_project.notes.append,
        )

    return search


def found(project, name="x"):
    checked = tune_verify.check(project.workspace.journal, name)
    return [(each.what, each.got) for each in checked.findings], checked


def test_trials_are_recorded_and_their_proposals_can_be_made_again(searched, git_project):
    first = searched(2)
    assert first.begun
    assert [each.state for each in first.standing.own] == [State.DONE, State.DONE]
    again = searched(4, jobs=2)
    assert not again.begun
    own = again.standing.own
    assert [each.number for each in own] == [0, 1, 2, 3]
    assert own[:2] == first.standing.own
    (best,) = again.standing.best
    assert best.measured.values[0] == min(each.measured.values[0] for each in own)
    trials = query.load(git_project.workspace.journal)
    for each in own:
        trial = trials.by_id[each.trial]
        assert trial.proposal == each.id
        assert trial.experiment == "x"
        assert trial.intent.seed == 7
        lr, n = dict(each.proposed.values).values()
        assert trial.intent.argv[2:] == (repr(lr), str(n), "2")
        types = {each.name: each.type for each in trial.hyperparameters}
        assert types["lr"] is model.HyperparameterType.REAL
    problems, checked = found(git_project)
    assert problems == []
    assert (checked.proposals, checked.searches) == (4, 1)
    assert not (git_project.path / "metrics.json").exists()


@pytest.mark.slow
def test_a_search_ends_with_a_reason_where_it_finds_nothing_that_is_allowed(searched, git_project):
    large = replace(space(["lr=int(1, 1000)", "n=int(1, 1000)"]), constraints=("lr + n <= 1",))
    done = searched(3, wanted={"space": large})
    assert (done.stopped, done.standing.own) == ("nothing to try was found", ())
    assert found(git_project)[0] == []


def test_what_was_tried_is_not_run_again(searched, git_project):
    before = searched(2)
    count = len(git_project.trials)
    same = searched(2, name="y")
    assert [each.trial for each in same.standing.own] == [each.trial for each in before.standing.own]
    assert len(git_project.trials) == count
    assert found(git_project, "y")[0] == []
    journal = git_project.workspace.journal
    assert {each.id for each in find(journal, Question(experiment="y")).chosen} == {
        each.trial for each in before.standing.own
    }
    with pytest.raises(NotFoundError):
        find(journal, Question(experiment="z"))


def test_a_failing_trial_counts_as_failed(searched, git_project):
    tuned = searched(3, limit="0.5")
    states = {each.state for each in tuned.standing.own}
    assert State.FAILED in states
    failed = next(each for each in tuned.standing.own if each.state is State.FAILED)
    assert failed.measured.reason == "exit code 1"
    assert found(git_project)[0] == []


def test_another_search_of_that_name_is_refused_with_the_difference(searched, git_project):
    searched(1)
    git_project.write(train=TRAIN + "    print('other')\n")
    changed = ("lr=real(0, 2)", "n=int(1, 3)")
    with pytest.raises(MismatchError) as caught:
        searched(2, definitions=changed, wanted={"objectives": (Objective(metric="size"),), "seed": 8})
    for part in ("+ lr=real(0, 2)", "minimize loss → minimize size", "seed: 7 → 8", "code: train.py"):
        assert part in caught.value.cause
    assert "--fork" in caught.value.hint
    forked = searched(1, definitions=changed, fork=True)
    earlier = [each for each in forked.standing.tried if each.proposed.source is ProposalSource.EARLIER]
    assert [each.state for each in earlier] == [State.DONE]
    assert [each.number for each in forked.standing.own] == [1]
    assert found(git_project)[0] == []


def test_trials_run_the_code_as_it_was_when_the_search_began(searched, git_project):
    def change(tried, now):
        git_project.write(train="raise SystemExit(9)\n")
        (git_project.path / "new.py").write_text("")

    tuned = tune(
        git_project.workspace,
        Wanted(
            name="x",
            command=(sys.executable, "train.py", "{lr}", "1", "2"),
            space=space(SPACE[:1]),
            objectives=(Objective(metric="loss"),),
            sampler="random",
        ),
        TuneOptions(executions=2),
        directory=git_project.path,
        tell=change,
    )
    assert [each.state for each in tuned.standing.own] == [State.DONE, State.DONE]
    assert len({git_project.trials[place].code[0].tree for place in (-1, -2)}) == 1
    assert found(git_project)[0] == []


def test_values_may_come_in_a_file(searched, git_project):
    git_project.write(
        train="""
        import json, sys
        read = json.load(open(sys.argv[1]))
        open("metrics.json", "w").write(json.dumps({"loss": read["lr"] + read["n"]}))
        """
    )
    tuned = searched(2, words=("{params}",))
    own = tuned.standing.own
    assert [each.measured.values[0] for each in own] == [
        sum(dict(each.proposed.values).values()) for each in own
    ]
    assert found(git_project)[0] == []
    assert git_project.replay().verdict is model.Verdict.IDENTICAL
    same = searched(2, name="y", words=("{params}",))
    assert [each.trial for each in same.standing.own] == [each.trial for each in own]
    assert found(git_project, "y")[0] == []


def test_asked_for_values_come_first_and_once(searched):
    queue = (pairs("lr=1,n=2"),)
    tuned = searched(2, queue=queue)
    first = tuned.standing.own[0]
    assert first.proposed.source is ProposalSource.ENQUEUED
    assert dict(first.proposed.values) == {"lr": 1.0, "n": 2}
    again = searched(3, queue=queue)
    assert [each.proposed.source for each in again.standing.own].count(ProposalSource.ENQUEUED) == 1


def test_a_search_begins_with_the_defaults(searched):
    tuned = searched(1, definitions=("lr=real(0, 1, default=0.25)", "n=int(1, 3, default=2)"))
    assert tuned.standing.own[0].proposed.source is ProposalSource.DEFAULT
    assert dict(tuned.standing.own[0].proposed.values) == {"lr": 0.25, "n": 2}


def test_a_metric_that_no_trial_has_is_refused_after_the_first(searched, git_project):
    with pytest.raises(MismatchError) as caught:
        searched(5, wanted={"objectives": (Objective(metric="acc"),)})
    assert "duration_s, loss, peak_memory, size" in caught.value.cause
    assert len(git_project.trials) == 1
    assert searched(2).standing.own[0].state is State.DONE  # nothing counted, so it may begin anew


def test_a_metric_is_missed_of_a_trial_that_was_there_already_too(searched, git_project):
    searched(2)
    with pytest.raises(MismatchError) as caught:
        searched(9, name="y", wanted={"objectives": (Objective(metric="acc"),)})
    assert "'acc'" in caught.value.message
    assert "loss, peak_memory, size" in caught.value.cause
    assert len(git_project.trials) == 2


@pytest.mark.parametrize("maximize", [False, True])
def test_a_metric_is_one_objective(searched, maximize):
    twice = (Objective(metric="loss"), Objective(metric="size"), Objective(metric="loss", maximize=maximize))
    with pytest.raises(UsageError, match="loss is there twice"):
        searched(2, wanted={"objectives": twice})


def test_any_executor_runs_trials(searched, git_project):
    tuned = searched(2, jobs=2, executor=lambda: ProcessPoolExecutor(1, get_context("spawn")))
    assert [(each.state, each.measured.reason) for each in tuned.standing.own] == [(State.DONE, None)] * 2
    assert found(git_project)[0] == []


def test_several_objectives_have_a_front(searched):
    both = (Objective(metric="loss"), Objective(metric="size", maximize=True))
    tuned = searched(4, wanted={"objectives": both})
    assert len(tuned.standing.best) >= 1
    with pytest.raises(UsageError):
        searched(5, target=1.0, wanted={"objectives": both})


def test_it_stops_when_it_is_good_enough_or_gets_no_better(searched):
    assert searched(None, target=10.0).stopped.startswith("--target: loss is")
    assert searched(None, name="y", stop_after=1).stopped.startswith("--stop-after: ")
    assert searched(3, name="z", timeout=0.0).standing.own == ()
    with pytest.raises(UsageError):
        searched(None)


def test_a_space_with_nothing_left_ends_the_search(searched):
    tuned = searched(9, definitions=("lr=choice(0.5, 1.0)", "n=fixed(1)"), wanted={"sampler": "grid"})
    assert len(tuned.standing.own) == 2


def test_a_grid_goes_on_to_its_end_though_nothing_is_said_of_it(searched, git_project):
    grid = {"sampler": "grid"}
    searched(1, definitions=("lr=choice(0, 0.5)", "n=fixed(1)"), wanted=grid)
    rest = Wanted(name="x")
    done = tune(git_project.workspace, rest, TuneOptions(), directory=git_project.path)
    assert [each.state for each in done.standing.own] == [State.DONE] * 2
    with pytest.raises(UsageError, match="nothing says when to stop"):
        tune(git_project.workspace, Wanted(name="y"), TuneOptions(), directory=git_project.path)
    with pytest.raises(UsageError, match="n has too many values for a grid"):
        searched(1, name="y", definitions=("lr=fixed(0)", "n=int(1, 1000000000)"), wanted=grid)


def test_a_trial_that_takes_too_long_has_failed(searched, git_project):
    git_project.write(train="import time\ntime.sleep(60)\n")
    tuned = searched(1, wanted={"trial_timeout": 0.5})
    assert tuned.standing.own[0].measured.reason == "it did not end within 0.5 s"


def test_foreign_and_edited_trials_are_named(searched, git_project):
    tuned = searched(1)
    journal = git_project.workspace.journal
    git_project.run("python", "train.py", "0.1", "1", "2", experiment="x")
    stranger = git_project.last
    started = next(
        each.entry.payload
        for each in journal.entries()
        if isinstance(each.entry.payload, model.TrialStarted) and each.entry.payload.proposal
    )
    journal.append(replace(started, intent=replace(started.intent, argv=("python", "other.py"))))
    proposed = journal.get(tuned.standing.own[0].id).entry.payload
    journal.append(replace(proposed, number=1, head=journal.head()))
    problems, _ = found(git_project)
    kinds = [what for what, _ in problems]
    assert kinds == ["proposal.point", "trial.edited", "trial.foreign"]
    assert problems[1][1] == "python other.py"
    assert tune_verify.check(journal, "x").findings[-1].trials == (str(stranger.id),)


def test_what_another_processor_proposed_is_equivalent(searched, git_project, monkeypatch):
    def processor(rounding):
        """One on which many scores are the same but for what it rounds."""
        rounded = lambda scores: np.round(scores) + rounding * np.arange(len(scores))  # noqa: E731
        monkeypatch.setattr(tpe, "rounded", rounded)

    monkeypatch.setattr(tpe.TPESampler, "starting", 2)
    processor(1e-9)
    searched(5, wanted={"sampler": "tpe"})
    assert found(git_project)[1].notices == ()
    processor(-1e-9)
    problems, checked = found(git_project)
    assert problems == []
    assert {each.what for each in checked.notices} == {"proposal.equivalent"}
    processor(-1e-3)
    assert {what for what, _ in found(git_project)[0]} == {"proposal.point"}


def test_the_same_from_python(git_project):
    git_project.write(train=TRAIN)
    ledger = api.open(git_project.path, create=True)
    tuned = ledger.tune(
        f"{sys.executable} train.py {{lr}} {{n}} 2",
        {"lr": {"real": [0, 1]}, "n": 2},
        experiment="x",
        minimize="loss",
        sampler="random",
        executions=2,
    )
    assert [dict(each.proposed.values)["n"] for each in tuned.standing.own] == [2, 2]
    assert ledger.tune(experiment="x", executions=2).standing.own == tuned.standing.own
    assert ledger.verify(experiment="x").proposals == 2
    steps = []
    replayed = ledger.replay_search("x", env="current", progress=steps.append)
    assert (replayed.verdict, replayed.proposals) == ("identical", 2)
    assert [each.trial.id for each in replayed.members] == [each.trial for each in tuned.standing.own]
    assert any(each.startswith("2 of 2: number 1, trial ") for each in steps)
    again = ledger.replay_search("x", receipts=True)
    assert [each.receipt.id for each in again.members] == [
        each.replayed.entry_id for each in replayed.members
    ]
    with pytest.raises(MismatchError) as refused:
        ledger.tune(experiment="x", executions=3, seeds=2)
    assert "seeds of a configuration: 1 → 2" in refused.value.cause
    with pytest.raises(NotFoundError, match="no search 'y'"):
        ledger.replay_search("y")
    with pytest.raises(UsageError) as caught:
        ledger.replay_search("x", env="mine")
    assert "expected recreate or current" in caught.value.cause


def test_a_search_from_python_is_pushed_where_that_is_wanted(git_project, tmp_path):
    git_project.write(train=TRAIN)
    (git_project.path / "ledger.toml").write_text("[remote]\nauto_push = true\n")
    ledger = api.open(git_project.path, create=True)
    ledger.add_remote("lab", tmp_path / "lab")
    words = [sys.executable, "train.py", "{lr}", "{n}", "2"]
    ledger.tune(words, SPACE, experiment="x", minimize="loss", executions=1)
    assert ledger.push("lab").entries == 0


def test_a_space_that_is_put_together_by_hand_is_checked(git_project):
    whole = space(("opt=choice(a, b)", "x=real(0, 1) if opt = a"))
    by_hand = replace(whole, parameters=whole.parameters[::-1])
    assert of(by_hand) == of(whole) == whole
    with pytest.raises(UsageError, match="opt"):
        of(replace(whole, parameters=whole.parameters[1:]))


def test_trials_need_a_copy_of_the_tree_that_they_run_in(searched, git_project, tmp_path):
    with pytest.raises(UsageError) as caught:
        tune(
            git_project.workspace,
            Wanted(
                name="x",
                command=("true", "{lr}"),
                space=space(SPACE[:1]),
                objectives=(Objective(metric="duration_s"),),
                sampler="random",
            ),
            TuneOptions(executions=1),
            directory=tmp_path,
        )
    assert "outside of its ledger's root" in caught.value.message


def test_values_are_meant_as_the_space_has_them():
    searched = space(["opt=choice(1, sgd)", "lr=real(0, 2)", "k=choice('1', '2')"])
    assert meant(searched, pairs("opt=sgd,lr=1,k=1")) == {"opt": "sgd", "lr": 1.0, "k": "1"}
    counted = space(["n=int(1, 5)", "lr=real(0, 2)"])
    for given in (pairs("n=2.0,lr=0.5"), {"n": np.int64(2), "lr": np.float64(0.5)}):
        values = meant(counted, given)
        assert values == {"n": 2, "lr": 0.5}
        assert {name: type(each) for name, each in values.items()} == {"n": int, "lr": float}
    assert meant(counted, {"n": 2.5}) == {"n": 2.5}  # which the space refuses
    with pytest.raises(UsageError):
        pairs("lr")
    with pytest.raises(UsageError):
        pairs("lr=1,lr=2")


def test_a_forged_earlier_trial_is_a_finding(searched, git_project):
    searched(2)
    searched(3, fork=True)
    assert found(git_project)[0] == []
    journal = git_project.workspace.journal
    (*_, last) = [each for each in journal.entries() if isinstance(each.entry.payload, model.TrialProposed)]
    forged = last.entry.payload
    good, *_ = query.load(journal).ordered
    unit = UnitSpace(space(SPACE))
    values = (("lr", 0.77), ("n", 2))
    fields = {
        "head": journal.head(),
        "source": ProposalSource.EARLIER,
        "values": values,
        "point": unit.point(dict(values)),
    }
    journal.append(replace(forged, number=forged.number + 1, adopted=good.id, **fields))
    problems, _ = found(git_project)
    assert problems == [("proposal.earlier", str(dict(values)))]
    before = model.Head(origins=())  # no trial had ended by then
    own = dict(query.load(journal).proposals[good.proposal].values)
    point = unit.point(own)
    fields |= {"head": before, "values": tuple(own.items()), "point": point}
    journal.append(replace(forged, number=forged.number + 2, adopted=good.id, **fields))
    assert ("proposal.earlier", str(good.id)) in found(git_project)[0]


def test_a_trial_that_was_taken_back_stands_for_no_other(searched, git_project):
    (before,) = searched(1).standing.own
    assert [each.trial for each in searched(1, name="y").standing.own] == [before.trial]
    git_project.workspace.journal.append(model.Tombstone(target=before.trial, reason="wrong data"))
    (adopted, other) = searched(2, name="y").standing.own
    assert (adopted.state, adopted.measured.reason) == (State.FAILED, "it was taken back")
    assert [each.trial for each in searched(2, name="y").standing.best] == [other.trial]
    (again,) = searched(1, name="z").standing.own
    assert again.trial != before.trial
    for name in ("y", "z"):
        assert found(git_project, name)[0] == []


@pytest.mark.parametrize("secret", ["pw{7}x9QzLkV2", "pw{{7}}x9QzLkV2", "}pw{x9QzLkV2"])
def test_a_secret_with_braces_is_written_down_in_no_spelling(searched, git_project, monkeypatch, secret):
    monkeypatch.setenv("SERVICE_PASSWORD", secret)
    check = "    import os; assert sys.argv[4] == 'at=' + os.environ['SERVICE_PASSWORD'] + '{z}', sys.argv\n"
    git_project.write(train=TRAIN + check)
    spelled = secret.replace("{", "{{").replace("}", "}}")
    words = (sys.executable, "train.py", "{lr}", "{n}", "2", f"at={spelled}{{{{z}}}}")
    searched(1, wanted={"command": words})
    again = searched(2, wanted={"command": ()})
    assert [each.state for each in again.standing.own] == [State.DONE, State.DONE]
    for each in git_project.workspace.journal.entries():
        if isinstance(each.entry.payload, model.ExperimentCreated):
            said = str(each.entry.payload)
            assert "x9QzLkV2" not in said
            assert "secret:SERVICE_PASSWORD" in said
    assert found(git_project)[0] == []


def test_an_input_is_recorded_as_the_trials_copy_holds_it(git_project):
    folder = git_project.path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("before")
    git_project.write(train=TRAIN + "    print(open('data/a.txt').read())\n")

    def tell(tried, now):
        if tried.state is not State.PENDING:
            (folder / "a.txt").write_text("changed after")
            (folder / "b.txt").write_text("came later")

    workspace = git_project.workspace
    tuned = tune(
        workspace,
        Wanted(
            name="x",
            command=(sys.executable, "train.py", "{lr}", "1", "2"),
            space=space(("lr=real(0, 1)",)),
            objectives=(Objective(metric="loss"),),
            sampler="random",
            inputs=("data",),
        ),
        TuneOptions(executions=2),
        directory=git_project.path,
        tell=tell,
    )
    trials = query.load(workspace.journal).by_id
    for each in tuned.standing.own:
        trial = trials[each.trial]
        assert workspace.store.get(trial.outcome.stdout.digest) == b"before\n"
        assert trial.intent.inputs == (("data/a.txt", model.Digest.of(b"before")),)
    assert found(git_project)[0] == []


class Here(Executor):
    """Runs what it gets at once, where it is called."""

    def submit(self, what, /, *arguments):
        future = Future()
        future.set_result(what(*arguments))
        return future


def test_a_signal_while_a_trial_is_prepared_lets_it_not_start(searched, git_project, monkeypatch):
    monkeypatch.setattr(slots, "_told", [2])
    (only,) = searched(1, executor=Here).standing.own
    assert (only.state, only.trial) == (State.PENDING, None)
    assert git_project.trials == ()
    monkeypatch.setattr(slots, "_told", [])
    assert [each.state for each in searched(1).standing.own] == [State.DONE]


def test_a_signal_right_before_the_program_runs_is_passed_on(searched, git_project, monkeypatch):
    git_project.write(train="import time; time.sleep(300)")
    asked = []

    def stopping():
        asked.append(None)
        return len(asked) % 2 == 0

    monkeypatch.setattr(tune_workers, "stopping", stopping)
    (only,) = searched(1, executor=Here).standing.own
    assert only.state is State.PENDING
    assert {each.status for each in query.load(git_project.workspace.journal)} == {model.Status.KILLED}


def test_a_fork_that_died_before_it_learnt_does_so_when_it_goes_on(searched, git_project, monkeypatch):
    first = searched(2).standing
    changed = ("lr=real(0, 2)", "n=int(1, 3)")
    with monkeypatch.context() as patch:
        patch.setattr(tune_earlier, "take", lambda *_: exit(9))  # as if it was killed there
        with pytest.raises(SystemExit):
            searched(1, definitions=changed, fork=True)
    fork = searched(1, definitions=changed).standing
    earlier = [each.proposed.adopted for each in fork.tried if each.proposed.source == "earlier"]
    assert earlier == [each.trial for each in first.own]
    assert len(searched(1, definitions=changed).standing.tried) == len(fork.tried)


def test_a_search_learns_from_no_trial_that_breaks_a_constraint(searched, git_project):
    git_project.write(train="")
    for lr, n in (("0.5", "1"), ("0.9", "3")):
        git_project.run("python", "train.py", "--lr", lr, "--n", n, experiment="before")
    bound = space(SPACE, ["lr * n <= 1"])
    tuned = searched(
        0,
        name="y",
        wanted={"space": bound, "objectives": (Objective(metric="duration_s"),)},
        earlier=("before",),
    )
    assert [dict(each.proposed.values) for each in tuned.standing.tried] == [{"lr": 0.5, "n": 1}]


def test_the_same_command_with_fork_goes_on_with_its_fork(searched, git_project):
    first = searched(1)
    fork = searched(1, fork=True)
    again = searched(2, fork=True)
    assert first.standing.id != fork.standing.id == again.standing.id
    assert (fork.begun, again.begun) == (True, False)
    assert len(again.standing.own) == 2
    assert any("it goes on" in each for each in git_project.notes)


def test_another_search_does_not_begin_while_one_runs(searched, git_project):
    git_project.write(train="raise SystemExit(1)")
    first = searched(1).standing.id  # which has no trial that counts
    changed = ("lr=real(0, 2)", "n=int(1, 3)")
    place = layout.search_runners(git_project.workspace.directory, first)
    runs = fs.try_lock(place)
    try:
        with pytest.raises(MismatchError, match="by another process"):
            searched(1, definitions=changed)
    finally:
        fs.release(runs)
    assert searched(1, definitions=changed).standing.id != first


def test_who_is_alone_is_found_out_under_the_lock_of_the_search(searched, git_project, monkeypatch):
    share, held = fs.share, []

    first = searched(1).standing.id

    def seen(descriptor):
        other = fs.try_lock(layout.search_lock(git_project.workspace.directory, first))
        held.append(other is None)
        share(descriptor)

    monkeypatch.setattr(fs, "share", seen)
    searched(2)
    assert held == [True]


def test_the_last_trial_of_a_grid_is_tried_again_where_its_process_died(searched, git_project):
    submitted = []

    class Dying(Here):
        def submit(self, what, /, *arguments):
            submitted.append(arguments)
            if len(submitted) != 2:
                return super().submit(what, *arguments)
            future = Future()
            future.set_exception(BrokenExecutor())
            return future

    tuned = searched(
        None,
        definitions=("n=int(1, 2)",),
        words=("0.5", "{n}"),
        wanted={"sampler": "grid"},
        jobs=3,
        executor=Dying,
    )
    assert [each.state for each in tuned.standing.own] == [State.DONE, State.DONE]
    assert len(submitted) == 3


@pytest.mark.parametrize("knew", [False, True])
def test_a_run_elsewhere_is_foreign_where_the_search_was_known(searched, git_project, knew):
    searched(1)
    git_project.run("python", "train.py", "0.1", "1", "2", experiment="x")
    stranger = git_project.last.id
    journal = git_project.workspace.journal
    heads = journal.head().origins

    class Elsewhere:
        """The journal as if another clone had written that trial."""

        tree = staticmethod(journal.tree)

        def entries(self):
            for each in journal.entries():
                if each.id == stranger:
                    seen = heads if knew else ()
                    each = replace(each, seq=0, entry=replace(each.entry, origin=b"e" * 16, seen=seen))
                yield each

    checked = tune_verify.check(Elsewhere(), "x")
    assert [each.what for each in checked.findings] == ["trial.foreign"] * knew
    assert [each.what for each in checked.notices] == ["trial.foreign"] * (not knew)
