import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger.errors import CannotRecordError
from ledger.model import HealthState, Manifest, Status
from ledger.model.codec import decode
from ledger.ops import ending
from ledger.ops.spool import is_held


def tree(project, trial=None):
    """Paths of a trial's code."""
    own = (trial or project.last).code[0]
    return {entry.path: entry for entry in decode(Manifest, project.read(own.tree))}


def test_a_run_records_what_it_was_and_what_came_of_it(project):
    project.write(
        train="""
        import sys
        open("model.bin", "wb").write(b"weights")
        print("out")
        print("error", file=sys.stderr)
        """
    )
    result = project.run("python", "train.py", "--lr", "0.1", name="first", experiment="x", tags=("a",))
    trial = project.last
    assert (result.trial, result.exit_code, result.reused) == (trial.id, 0, False)
    assert (trial.status, trial.name, trial.experiment, trial.tags) == (Status.OK, "first", "x", ("a",))
    assert trial.intent.argv == (sys.executable, "train.py", "--lr", "0.1")
    assert {each.name: each.value for each in trial.hyperparameters} == {"lr": 0.1}
    assert project.outputs() == {"model.bin": b"weights"}
    assert project.stdout() == b"out\n"
    assert project.read(trial.outcome.stderr.digest) == b"error\n"
    assert trial.outcome.duration_s > 0
    assert trial.outcome.peak_memory > 0
    assert not list((project.ledger / "spool").iterdir())
    assert not project.notes


@pytest.mark.parametrize("times", [1, 2])
def test_a_ctrl_c_while_the_end_is_recorded_is_told_and_a_second_one_gives_it_up(project, monkeypatch, times):
    record = ending.record

    def interrupted(call, ended):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        return record(call, ended)

    monkeypatch.setattr(ending, "record", interrupted)
    if times == 1:
        project.run("true")
        assert project.last.status is Status.OK
    else:
        with pytest.raises(KeyboardInterrupt):
            project.run("true")
        assert project.last.outcome is None
        assert project.notes[1].endswith("was not recorded: interrupted")
        (left,) = (project.ledger / "spool").iterdir()
        assert not is_held(left)  # a later command records it as lost
    assert project.notes[0].endswith("Ctrl-C again gives it up")
    assert len(project.notes) == times
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_hyperparameters_of_a_loop_over_a_script_are_partial(project):
    project.write(
        train="""
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        parser.parse_args()
        """
    )
    loop = f"for lr in %s; do {sys.executable} train.py --lr $lr; done"
    project.run("sh", "-c", loop % "1 2")
    assert {each.name: each.value for each in project.last.hyperparameters} == {"lr": 1}
    assert project.health("hyperparameters").state is HealthState.PARTIAL
    assert project.health("hyperparameters").reason.endswith("first one's value is recorded: lr")
    project.run("sh", "-c", loop % "1 1")
    assert project.health("hyperparameters").state is HealthState.COMPLETE


@pytest.mark.parametrize(
    ("words", "options", "reason"),
    [
        ("0.1 data 1.txt", {}, "a number of the command has no name: 0.1 (-p NAME=0.1 gives it one)"),
        ("0.1 1e-3", {}, "numbers of the command have no name: 0.1, 1e-3 (-p NAME=0.1 gives it one)"),
        ("0.10 7", {"parameters": (("rate", 0.1),), "seed": 7}, None),
        ("train 8.0 2", {}, None),
    ],
)
def test_numbers_that_nothing_has_a_name_for_make_hyperparameters_partial(project, words, options, reason):
    (project.path / "fit.sh").write_text("cat 8.0 > 2 2> 1.txt\n")
    (project.path / "8.0").write_text("data\n")
    project.run("sh", "fit.sh", *words.split(), **options)
    line = project.health("hyperparameters")
    assert (line.state, line.reason) == (HealthState.PARTIAL if reason else HealthState.COMPLETE, reason)


@pytest.mark.parametrize(
    "reading",
    [
        "import argparse; p = argparse.ArgumentParser(); p.add_argument('r', type=lambda t: 2 * float(t))",
        "import ledger; ledger.param('rate', 2 * float(sys.argv[1]))",
        "import random; random.seed(int(sys.argv[1]))",
        "",
    ],
    ids=["parsed", "told", "seed", "neither"],
)
def test_what_a_program_says_it_reads_has_names(project, reading):
    project.write(train=f"import sys\n{reading}\n{'p.parse_args()' if 'argparse' in reading else ''}\n")
    project.run("python", "train.py", "12")
    state = HealthState.COMPLETE if reading else HealthState.PARTIAL
    assert project.health("hyperparameters").state is state


def test_no_command_is_refused(project):
    with pytest.raises(CannotRecordError, match="no command") as raised:
        project.run()
    assert raised.value.exit_code == 125
    assert not project.trials


def test_a_command_that_is_not_found_is_recorded_as_failed(project):
    result = project.run("no-such-program", "--lr", "1")
    assert (result.exit_code, project.last.outcome.exit_code) == (127, 127)
    assert project.last.status is Status.FAILED
    assert project.health("command").state is HealthState.PARTIAL
    assert "no-such-program" in "\n".join(project.notes)


def test_a_command_that_is_not_executable_is_recorded_as_failed(project):
    (project.path / "plain").write_text("no program")
    result = project.run("./plain")
    assert (result.exit_code, project.last.outcome.exit_code) == (126, 126)
    assert project.last.status is Status.FAILED


def test_a_directory_is_not_executable(project):
    (project.path / "folder").mkdir()
    assert project.run("./folder").exit_code == 126


@pytest.mark.parametrize(("name", "number"), [("SIGTERM", 15), ("SIGKILL", 9), ("SIGSEGV", 11)])
def test_a_script_that_a_signal_kills_is_recorded_as_killed(project, name, number):
    project.write(
        train=f"""
        import os, resource, signal
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        print("before", flush=True)
        os.kill(os.getpid(), signal.{name})
        """
    )
    result = project.run("python", "train.py")
    outcome = project.last.outcome
    assert (result.exit_code, outcome.status, outcome.exit_code, outcome.signal) == (
        128 + number,
        Status.KILLED,
        128 + number,
        number,
    )
    assert project.stdout() == b"before\n"


def test_a_script_that_fails_is_recorded_with_its_code(project):
    assert project.run("sh", "-c", "echo x > made; exit 3").exit_code == 3
    assert (project.last.status, project.outputs()) == (Status.FAILED, {"made": b"x\n"})


def test_a_script_may_delete_its_own_working_directory(project):
    (project.path / "inside").mkdir()
    project.write(
        train="""
        import shutil
        open("../made", "w").write("x")
        shutil.rmtree("../inside")
        raise SystemExit(4)
        """
    )
    result = project.run("python", "../train.py", directory=project.path / "inside")
    assert (result.exit_code, project.last.outcome.exit_code) == (4, 4)
    assert project.outputs() == {"made": b"x"}


def test_a_script_may_delete_everything_and_the_ledger_too(project):
    project.write(
        train=f"""
        import shutil
        shutil.rmtree({str(project.path)!r})
        raise SystemExit(5)
        """
    )
    result = project.run("python", "train.py")
    assert (result.exit_code, result.outcome) == (5, None)
    assert len(project.notes) == 1
    assert "was not recorded" in project.notes[0]
    assert str(project.ledger) in project.notes[0]
    assert not project.ledger.exists(), "a ledger without its past was made"


def test_a_script_may_delete_the_spool(project):
    result = project.run("sh", "-c", "echo x > made; rm -rf .ledger/spool; exit 6")
    assert (result.exit_code, project.last.outcome.exit_code) == (6, 6)
    assert project.outputs() == {"made": b"x\n"}
    assert project.health("streams").state is not HealthState.COMPLETE


@pytest.mark.parametrize(
    "damage",
    [
        "rm -rf .ledger/journal",
        "rm -rf .ledger/objects .ledger/tmp; touch .ledger/objects .ledger/tmp",
        "rm -rf .ledger/journal; touch .ledger/journal",
        "rm -rf .ledger; touch .ledger",
    ],
)
def test_a_ledger_that_breaks_meanwhile_costs_the_program_nothing(project, damage):
    result = project.run("sh", "-c", f"echo x > made; {damage}; exit 7")
    assert result.exit_code == 7
    assert project.notes
    assert (project.path / "made").exists()


def test_a_ledger_that_is_no_directory_is_refused_before_the_start(project):
    workspace = project.workspace
    project.run("true")
    for name in ("journal", "objects"):
        (project.ledger / name).rename(project.ledger / f"{name}-away")
        (project.ledger / name).write_text("")
        with pytest.raises(CannotRecordError) as raised:
            project.run("touch", "made")
        assert raised.value.exit_code == 125
        assert not (project.path / "made").exists()
        (project.ledger / name).unlink()
        (project.ledger / f"{name}-away").rename(project.ledger / name)
    assert workspace.directory == project.ledger
    assert not list((project.ledger / "spool").iterdir())


def test_a_parent_that_is_no_trial_is_refused(project):
    with pytest.raises(CannotRecordError, match="LEDGER_TRIAL") as raised:
        project.run("touch", "made", variables={"LEDGER_TRIAL": "garbage"})
    assert "unset" in raised.value.hint
    assert not (project.path / "made").exists()


@pytest.mark.parametrize("name", ["with space", "new\nline", "\udcff\udcfe", "-dash", "a{b}'\""])
def test_a_root_may_have_an_odd_name(project, name):
    project.path = project.path.rename(project.path.parent / name)
    project.write(train="import sys; open(sys.argv[1], 'w').write('x')")
    project.run("python", str(project.path / "train.py"), str(project.path / "made"))
    assert project.outputs() == {"made": b"x"}
    assert project.replay().verdict == "identical"


def test_garbage_in_the_spool_costs_only_what_it_was(project):
    project.write(
        train="""
        import os
        spool = os.environ["LEDGER_SPOOL"]
        lines = b'{"event": []}\\n[]\\n{"event": "param", "name": 1}\\n\\xff\\n'
        lines += b'{"event": "artifact", "path": "no"}\\n{"ev'
        open(spool + "/events-1-1.jsonl", "wb").write(lines)
        open(spool + "/series-1-1.bin", "wb").write(os.urandom(333))
        open(spool + "/keys-1-1.jsonl", "wb").write(b'[]\\n{"')
        open("made", "w").write("x")
        """
    )
    assert project.run("python", "train.py").exit_code == 0
    assert project.outputs() == {"made": b"x"}
    for part in ("probe", "metrics", "outputs"):
        assert project.health(part).state is HealthState.PARTIAL


ODD = [b"with space", b"new\nline", b"\xff\xfe.bin", "ünïcødé".encode(), b"-dash", b"quote'\"", b"tab\t"]


@pytest.mark.parametrize("git", [True, False])
def test_odd_names_are_code_outputs_and_words(request, git):
    project = request.getfixturevalue("git_project" if git else "project")
    root = os.fsencode(project.path)
    for name in ODD:
        Path(os.fsdecode(os.path.join(root, b"code-" + name))).write_text("x")
    project.write(
        train="""
        import os, sys
        for word in sys.argv[1:]:
            open(b"out-" + os.fsencode(word), "wb").write(os.fsencode(word))
        """
    )
    words = [os.fsdecode(name) for name in ODD]
    project.run("python", "train.py", *words)
    assert project.last.status is Status.OK
    assert project.last.intent.argv[2:] == tuple(words)
    assert {f"code-{word}" for word in words} <= set(tree(project))
    assert project.outputs() == {f"out-{os.fsdecode(name)}": name for name in ODD}
    assert project.replay().verdict == "identical"


def test_an_empty_output(project):
    project.run("sh", "-c", ": > empty")
    assert project.outputs() == {"empty": b""}
    assert project.last.outcome.outputs[0].size == 0


@pytest.mark.slow
def test_an_output_of_three_gigabytes_needs_little_memory(project):
    driver = f"""
from pathlib import Path
from ledger import workspace
from ledger.ops.run import run
place = workspace.find_or_make(Path({str(project.path)!r}))[0]
run(place, ["truncate", "-s", "3G", "large"], directory=Path({str(project.path)!r}), forward=False)
# Not ru_maxrss: that of the process that started this one counts in it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    done = subprocess.run([sys.executable, "-c", driver], capture_output=True, check=True, text=True)
    assert int(done.stdout) < 200_000  # kB
    assert project.last.outcome.outputs[0].size == 3 << 30
    assert project.last.outcome.outputs[0].omitted is None


def test_links_are_recorded_as_links(project, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("precious")
    project.run("sh", "-c", f"echo x > real; ln -s real inside; ln -s {outside} outside; ln -s gone dangling")
    assert project.outputs() == {
        "real": b"x\n",
        "inside": b"real",
        "outside": os.fsencode(outside),
        "dangling": b"gone",
    }
    assert project.replay().verdict == "identical"
    assert outside.read_text() == "precious"


def test_a_nested_repository_is_code(git_project):
    inner = git_project.path / "inner"
    inner.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=inner, check=True)
    (inner / "library.py").write_text("value = 7")
    git_project.write(train="import sys; sys.path.append('inner'); import library; print(library.value)")
    git_project.run("python", "-B", "train.py")
    assert git_project.stdout() == b"7\n"
    assert "inner/library.py" in tree(git_project)
    assert [each.path for each in git_project.last.code[0].nested] == ["inner"]
    assert git_project.replay().verdict == "identical"


def test_a_repository_without_a_commit(git_project):
    git_project.write(train="print(1)")
    git_project.run("python", "train.py")
    own = git_project.last.code[0]
    assert (own.commit, set(tree(git_project))) == (None, {"train.py"})
    assert git_project.last.status is Status.OK


@pytest.mark.parametrize("ignored", [True, False])
def test_a_second_run_has_the_same_intent_though_outputs_lie_there(git_project, ignored):
    git_project.write(train="open('model.bin', 'wb').write(b'weights' * 100)")
    if ignored:
        (git_project.path / ".gitignore").write_text("*.bin\n")
    for words in (["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=git_project.path, check=True)
    for _ in range(3):
        git_project.run("python", "train.py")
    trials = git_project.trials
    assert len({trial.intent for trial in trials}) == 1
    assert len({trial.recipe for trial in trials}) == 1
    assert not any(trial.code[0].dirty for trial in trials)
    assert all(git_project.outputs(trial) for trial in trials)


def test_a_product_that_another_script_reads_is_there_at_its_replay(git_project):
    (git_project.path / ".gitignore").write_text("*.bin\n")
    git_project.write(
        first="open('model.bin', 'wb').write(b'weights')",
        second="print(open('model.bin').read()); open('result', 'w').write('x')",
    )
    git_project.run("python", "first.py")
    git_project.run("python", "second.py")
    (git_project.path / "model.bin").write_bytes(b"other")
    receipt = git_project.replay()
    assert receipt.verdict == "identical", receipt
    assert git_project.stdout() == b"weights\n"


NESTED = """
import os, sys
from pathlib import Path
from ledger import workspace
from ledger.ops.run import run
here = Path.cwd()
run(workspace.find_or_make(here)[0], [sys.executable, "inner.py"], directory=here, forward=False)
"""


def test_a_run_inside_a_run_has_a_parent_and_none_of_its_variables(project):
    (project.path / "ledger.toml").write_text('[environment]\nvariables = ["*"]\n')
    project.write(
        outer=NESTED,
        inner="""
            import os
            names = ("LEDGER_TRIAL", "LEDGER_SEED", "PYTHONHASHSEED", "PYTHONPATH")
            print([os.environ.get(each, "-") for each in names])
            """,
    )
    root = str(Path(__file__).parents[3])
    project.run("python", "outer.py", variables={"PYTHONPATH": root}, seed=3)
    outer, inner = project.trials
    assert (outer.parent, inner.parent) == (None, outer.id)
    assert inner.intent.seed is None
    recorded = dict(_environment(project, inner).variables)
    assert not [name for name in recorded if name.startswith("LEDGER_")]
    assert recorded.get("PYTHONPATH") == root
    seen = eval(project.stdout(inner))
    assert seen[0] == str(inner.id)
    assert seen[1:3] == ["-", "-"], "the outer seed leaked into the inner trial"
    assert len(seen[3].split(":")) == 2
    assert project.health("outputs", outer).state is HealthState.COMPLETE
    assert project.health("outputs", inner).state is HealthState.COMPLETE


def _environment(project, trial):
    from ledger.model import Environment

    return decode(Environment, project.read(trial.environment))


def test_only_what_is_said_is_added_to_the_childs_variables(project):
    project.write(train="import os; print(sorted(os.environ.items()))")
    project.run("python", "train.py", variables={"LEDGER_SEED": "9"})
    seen = dict(eval(project.stdout()))
    added = {name for name in seen if name not in os.environ}
    assert added <= {"LEDGER_TRIAL", "LEDGER_SPOOL", "LEDGER_DIR", "PYTHONPATH", "LC_CTYPE"}, added


def stored(project):
    """The bytes of everything in the ledger."""
    return b"\0".join(path.read_bytes() for path in project.ledger.rglob("*") if path.is_file())


def test_secrets_are_nowhere_in_the_ledger(project):
    project.write(
        train="""
        import os, sys
        print(sys.argv, os.environ["WANDB_API_KEY"])
        print(len(sys.argv[2]), len(os.environ["WANDB_API_KEY"]))
        """
    )
    secrets = {"WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567"}
    token = "hunter2-very-secret-token"
    project.run("python", "train.py", "--api-token", token, variables=secrets, parameters=(("note", token),))
    assert project.last.status is Status.OK
    for value in (token, *secrets.values()):
        assert value.encode() not in stored(project)
    assert b"25 40" in project.stdout()


def test_outputs_that_are_declared_are_recorded_even_if_nothing_changed(project, tmp_path):
    (project.path / "kept").write_text("as it was")
    project.run("true", outputs=("kept",))
    assert project.outputs() == {"kept": b"as it was"}
    project.run("true", outputs=("missing",))
    assert project.health("outputs").state is HealthState.PARTIAL
    assert "missing" in project.health("outputs").reason


def test_an_input_that_is_missing_is_refused(project):
    with pytest.raises(CannotRecordError) as raised:
        project.run("touch", "made", inputs=("no-such-file",))
    assert raised.value.exit_code == 125
    assert "no-such-file" in str(raised.value)
    assert not (project.path / "made").exists()
    assert not project.trials


def test_isolated_runs_leave_the_users_tree_alone(git_project):
    (git_project.path / ".gitignore").write_text("data/\n")
    (git_project.path / "data").mkdir()
    (git_project.path / "data" / "values").write_text("1 2 3")
    git_project.write(
        train="""
        print(open("data/values").read())
        open("data/values", "a").write("more")
        open("model", "w").write("x")
        open("train.py", "a").write("#")
        """
    )
    git_project.run("true")
    before = git_project.look()
    git_project.run("python", "train.py", isolate=True)
    assert git_project.look() == before
    assert git_project.last.status is Status.OK, git_project.read(git_project.last.outcome.stderr.digest)
    assert git_project.stdout() == b"1 2 3\n"
    outputs = git_project.outputs()
    assert outputs["model"] == b"x"
    assert outputs["data/values"] == b"1 2 3more"
    assert git_project.replay().verdict in ("identical", "diverged")


def test_enforce_clean_refuses_changed_code(git_project):
    git_project.write(train="print(1)")
    with pytest.raises(CannotRecordError, match="differs"):
        git_project.run("python", "train.py", enforce_clean=True)
    for words in (["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=git_project.path, check=True)
    git_project.run("python", "train.py", enforce_clean=True)
    git_project.write(train="print(2)")
    with pytest.raises(CannotRecordError, match="differs") as raised:
        git_project.run("python", "train.py", enforce_clean=True)
    assert raised.value.exit_code == 125
    assert len(git_project.trials) == 1


def test_reuse_runs_nothing_that_ran_already(project):
    (project.path / "data").write_text("1")
    project.write(train="open('count', 'a').write('x')")
    command = ("python", "train.py")
    first = project.run(*command, reuse=True, inputs=("data",))
    assert not first.reused
    again = project.run(*command, reuse=True, inputs=("data",))
    assert (again.reused, again.exit_code) == (True, 0)
    assert again.trial == project.last.id
    assert (project.path / "count").read_text() == "x"
    assert not list((project.ledger / "spool").iterdir())
    # Another input, another argument, another seed: it runs.
    assert not project.run(*command, "--x", "1", reuse=True, inputs=("data",)).reused
    assert not project.run(*command, reuse=True, inputs=("data",), seed=1).reused
    (project.path / "data").write_text("2")
    assert not project.run(*command, reuse=True, inputs=("data",)).reused


def test_what_may_be_incomplete_is_not_reused(project):
    project.write(train="open('made', 'w').write('x')")
    for _ in range(2):
        assert not project.run("python", "train.py", reuse=True, trace=False).reused
    assert not project.run("python", "train.py", reuse=True).reused
    assert project.run("python", "train.py", reuse=True).reused


def test_trials_that_overlap_in_one_directory_say_so(project):
    long = "touch started; while [ ! -e stop ]; do sleep 0.02; done; echo x > long"
    workspace = project.workspace

    def run_long():
        driver = f"""
from pathlib import Path
from ledger import workspace
from ledger.ops.run import run
place = Path({str(project.path)!r})
run(workspace.find_or_make(place)[0], ["sh", "-c", {long!r}], directory=place, forward=False)
"""
        subprocess.run([sys.executable, "-c", driver], check=True)

    thread = threading.Thread(target=run_long)
    thread.start()
    while not (project.path / "started").exists():
        assert thread.is_alive()
    project.run("sh", "-c", "echo y > short")
    project.run("sh", "-c", "echo y > second")
    project.run("sh", "-c", "echo y > apart", isolate=True)
    (project.path / "stop").touch()
    thread.join()
    first, short, second, apart = project.trials
    project.run("sh", "-c", "echo z > later")
    assert workspace.directory == project.ledger
    for trial in (first, short):
        line = project.health("outputs", trial)
        assert line.state is HealthState.PARTIAL
        assert line.reason.startswith("overlapped")
    assert (
        f"used by trials {short.id.short}, {second.id.short} meanwhile"
        in project.health("outputs", first).reason
    )
    assert f"used by trial {first.id.short} meanwhile" in project.health("outputs", short).reason
    assert apart.id.short not in project.health("outputs", first).reason
    assert project.health("outputs", apart).state is HealthState.COMPLETE
    assert project.health("outputs").state is HealthState.COMPLETE
