import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import UsageError
from ledger.model import Digest, Status, TrialStarted, layout
from ledger.ops.diff import diff
from ledger.ops.replay import ReplayOptions, replay
from tests.patience import PATIENCE_S

REPOSITORY = str(Path(__file__).parents[3])


def counted(receipt):
    return [(each.part, each.path) for each in receipt.differences if each.counted]


def reported(receipt):
    return [(each.part, each.path) for each in receipt.differences if not each.counted]


def cause(receipt):
    return "\n".join(f"{each.cause}: {each.evidence} ({each.hint})" for each in receipt.causes)


def test_the_same_again_is_identical_and_leaves_the_users_files_alone(git_project):
    (git_project.path / "data").write_text("1 2 3")
    git_project.write(
        train="""
        import os
        open("model", "w").write(open("data").read())
        open("train.py", "a").write("# changed")
        os.remove("data")
        print("done")
        """
    )
    git_project.run("python", "train.py", "--lr", "0.1")
    trial = git_project.last
    (git_project.path / "data").write_text("other")
    (git_project.path / "train.py").write_text("broken(")
    (git_project.path / "model").write_text("own")
    before = git_project.look()
    receipt = git_project.replay(trial)
    assert receipt.verdict == "identical", receipt
    assert not receipt.differences
    assert git_project.look() == before
    assert git_project.outputs(trial)["model"] == b"1 2 3"
    assert receipt.outcome.exit_code == 0


def test_seeds_of_names_are_part_of_what_was_tried_and_are_given_again(project):
    project.write(
        train="""
        import ledger, json
        names = ("main", "data", "init")
        json.dump({name: ledger.seed(name) for name in names}, open("metrics.json", "w"))
        """
    )
    project.run("python", "train.py", seed=3)
    plain = project.last
    project.run("python", "train.py", seed=3, seeds=(("data", 7),))
    given = project.last
    assert given.intent.seeds == (("data", 7),)
    values = [{each.name: each.last for each in trial.outcome.metrics} for trial in (plain, given)]
    assert values[1] == {**values[0], "data": 7}
    assert project.replay(given).verdict == "identical"
    found = diff(plain, given, project.workspace.store).sections["seeds"]
    assert [(each.path, each.expected, each.got) for each in found if each.counted] == [
        ("--seed data", None, 7),
        ("ledger.seed(data) seeded", (str(int(values[0]["data"])),), ("7",)),
    ]


def test_what_comes_out_otherwise_has_diverged_with_the_line_that_drew(project):
    project.write(
        train="""
        import numpy
        open("model", "w").write(str(numpy.random.default_rng().random()))
        """
    )
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    assert counted(receipt) == [("outputs", "model")]
    assert "train.py:3" in cause(receipt)
    assert "--seed" in cause(receipt)


@pytest.mark.parametrize(
    ("generator", "code"),
    [
        ("random", "import random\n\nmade = random.random()"),
        ("numpy", "import numpy as np\n\nmade = np.random.rand()"),
        ("random", "import sys\n\nfrom random import random; made = random()"),
    ],
)
def test_the_line_that_uses_an_unseeded_global_generator_is_named(project, generator, code):
    (project.path / "train.py").write_text(f"{code}\nopen('model', 'w').write(str(made))\n")
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    assert f"{generator} drew fresh entropy" in cause(receipt)
    assert "train.py:3" in cause(receipt)


SEEDED = """
    import json, random
    import numpy
    drawn = [random.random(), numpy.random.rand(3).tolist(), numpy.random.default_rng().random()]
    json.dump([drawn, [*{"a", "b", "c"}]], open("result", "w"))
    """


def test_an_enforced_seed_makes_two_runs_and_the_replay_the_same(project):
    project.write(train=SEEDED)
    project.run("python", "train.py", seed=5)
    first = project.outputs()
    project.run("python", "train.py", seed=5)
    assert project.outputs() == first
    assert project.replay().verdict == "identical"
    project.run("python", "train.py", seed=6)
    assert project.outputs() != first


@pytest.mark.parametrize(
    ("code", "cause", "evidence"),
    [
        ("import os; made = os.getpid()", "the id of the process", "asks for it"),
        ("import time; made = time.perf_counter()", "the clock", "asks for the time"),
        (
            "import os, multiprocessing as m; made = m.Pool(1).apply(os.urandom, [9])",
            "workers",
            "starts some",
        ),
    ],
)
def test_the_line_that_asks_for_what_is_another_each_time_is_named(project, code, cause, evidence):
    (project.path / "train.py").write_text(f"\n{code}\nopen('model', 'w').write(f'{{made}}')\n")
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    found = [each.evidence for each in receipt.causes if each.cause.startswith(cause)]
    assert found == [f"train.py:2 {evidence}"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("train.py", "import os\nvalue = os.environ.get('SCALE')\nopen('model', 'w').write(str(value))\n"),
        ("train.sh", "COUNT=3\necho $COUNT ${SCALE:-1} >model\n"),
    ],
)
def test_a_variable_that_is_in_no_record_is_named(project, name, code):
    (project.path / "other.py").write_text("import os\nos.environ['ANOTHER']\n")
    (project.path / name).write_text(code)
    command = {"py": "python", "sh": "sh"}[name[-2:]], name
    given = {"SCALE": "3"}
    project.run(*command, variables=given)
    receipt = project.replay(variables=given)
    assert receipt.verdict == "diverged"
    assert receipt.causes[0].evidence == f"{name}:2 reads SCALE"
    # What the hint says makes it whole.
    (project.path / "ledger.toml").write_text('[environment]\nvariables = ["SCALE"]\n')
    project.run(*command, variables=given)
    assert project.replay().verdict == "identical"


@pytest.mark.parametrize("name", ["SCALE", "HOME"])
def test_a_variable_that_the_code_sets_or_each_replay_has_is_not_named(project, name):
    own = f"os.environ['{name}'] = '3'\n" if name == "SCALE" else ""
    code = f"import os, time\n{own}os.environ['{name}']\nopen('model', 'w').write(str(time.time()))\n"
    (project.path / "train.py").write_text(code)
    project.run("python", "train.py")
    evidence = [each.evidence for each in project.replay().causes]
    assert not any(name in each for each in evidence)
    assert any(each.startswith("train.py:") for each in evidence)  # the clock


def test_a_line_of_code_that_the_command_does_not_reach_is_not_named(project):
    for name in ("a", "b"):
        (project.path / f"{name}.py").write_text("import time\nmade = time.time()\n")
    (project.path / "train.py").write_text("import c\nopen('model', 'w').write(f'{c.made}')\n")
    (project.path / "c.py").write_text("from b import (\n    made,\n)\n")
    project.run("python", "train.py")
    assert "b.py:2 asks for the time" in cause(project.replay())


@pytest.mark.parametrize(("target", "verdict"), [("run[5:]", "equivalent"), ("run", "diverged")])
def test_a_link_to_what_the_clock_named_leads_to_the_same(project, target, verdict):
    project.write(
        train=f"""
        import os, time
        run = "runs/" + str(time.time_ns())
        os.makedirs(run)
        open(run + "/model", "w").write("1")
        os.symlink({target}, "runs/latest")
        """
    )
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == verdict, receipt
    link = next(each for each in receipt.differences if each.path == "runs/latest")
    assert ("it leads to runs/" in (link.detail or "")) == (verdict == "equivalent")


def test_another_exit_code_has_diverged(project, tmp_path):
    flag = tmp_path / "flag"
    project.run("sh", "-c", f"test -e {flag} && exit 3; exit 0")
    flag.touch()
    receipt = project.replay()
    assert (receipt.verdict, counted(receipt)) == ("diverged", [("exit_code", "")])


def test_failed_and_killed_trials_replay_as_identical(project):
    project.run("sh", "-c", "echo x > made; exit 3")
    assert project.replay().verdict == "identical"
    project.run("sh", "-c", "echo x > made; kill -TERM $$")
    assert project.last.status is Status.KILLED
    assert project.replay().verdict == "identical"
    project.run("no-such-program")
    assert project.replay().verdict == "identical"


def logs(text):
    return f"""
        import sys
        sys.path.insert(0, {REPOSITORY!r})
        import ledger, time
        {textwrap.indent(textwrap.dedent(text), "        ").strip()}
        """


def test_metrics_that_measure_the_clock_are_reported_and_not_counted(project):
    project.write(train=logs("ledger.log(step=1, loss=0.5, train_time=time.time())"))
    project.run("python", "train.py")
    assert {each.name for each in project.last.outcome.metrics} == {"loss", "train_time"}
    receipt = project.replay()
    assert receipt.verdict == "identical", receipt
    assert reported(receipt) == [("metrics", "train_time")]


def test_a_metric_that_differs_is_counted_unless_it_is_near(project):
    project.write(train=logs("ledger.log(loss=1 + time.time_ns() % 1000 * 1e-9)"))
    project.run("python", "train.py")
    receipt = project.replay()
    assert (receipt.verdict, counted(receipt)) == ("diverged", [("metrics", "loss")])
    receipt = project.replay(rtol=1e-3)
    assert (receipt.verdict, counted(receipt)) == ("equivalent", [])
    assert receipt.rtol == 1e-3


def test_the_clock_in_a_metrics_file_is_reported_and_not_counted(project):
    project.write(
        train="""
        import json, sys, time
        epoch = {"fit_time": time.time(), "loss": 1.0}
        json.dump({"accuracy": 0.5, "epochs": [epoch]}, open("metrics.json", "w"))
        """
    )
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == "equivalent", receipt
    assert not counted(receipt)
    file = next(each for each in receipt.differences if each.part == "outputs")
    assert (file.path, file.counted) == ("metrics.json", False)
    assert "epochs.0.fit_time" in file.detail


def test_another_value_in_a_metrics_file_is_counted(project):
    project.write(
        train="""
        import json, time
        json.dump({"accuracy": time.time(), "fit_time": time.time()}, open("metrics.json", "w"))
        """
    )
    project.run("python", "train.py")
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    assert ("metrics", "accuracy") in counted(receipt)
    assert ("outputs", "metrics.json") in counted(receipt)


def test_other_json_that_only_lies_otherwise_is_equivalent(project):
    project.write(
        train="""
        import json, time
        json.dump({"a": 1}, open("result.json", "w"), indent=time.time_ns() % 9 + 1)
        """
    )
    project.run("python", "train.py")
    verdicts = {str(project.replay().verdict) for _ in range(4)}
    assert verdicts <= {"equivalent", "identical"}


def test_variables_that_were_not_recorded_are_not_passed_on(project):
    project.write(train="import os; open('made', 'w').write(os.environ.get('FLIP', '-'))")
    project.run("python", "train.py")
    assert project.replay(variables={"FLIP": "1"}).verdict == "identical"
    (project.path / "ledger.toml").write_text('[environment]\nvariables = ["FLIP"]\n')
    project.run("python", "train.py", variables={"FLIP": "1"})
    assert project.replay(variables={"FLIP": "2"}).verdict == "identical"


def test_streams_are_compared_and_count_only_if_strict(project):
    project.write(train="import os; print('process', os.getpid())")
    project.run("python", "train.py")
    receipt = project.replay()
    assert (receipt.verdict, reported(receipt)) == ("identical", [("streams", "stdout")])
    receipt = project.replay(strict=True)
    assert (receipt.verdict, counted(receipt)) == ("diverged", [("streams", "stdout")])


def test_clock_text_in_a_stream_never_counts(project):
    project.write(train="import time; print(time.strftime('%Y-%m-%d %H:%M:%S'), f'{time.time():.6f} s')")
    project.run("python", "train.py")
    receipt = project.replay(strict=True)
    assert receipt.verdict != "diverged"
    assert reported(receipt) == [("streams", "stdout")]


def test_standard_input_from_a_file_is_there_again(project, tmp_path):
    source = tmp_path / "typed"
    source.write_text("one\ntwo\n")
    project.write(train="import sys; open('made', 'w').write(sys.stdin.read().upper())")
    run_with_stdin(project, source.read_bytes(), "<")
    assert project.outputs() == {"made": b"ONE\nTWO\n"}
    assert project.last.intent.stdin.startswith("b3:")
    source.unlink()
    assert project.replay().verdict == "identical"


def run_with_stdin(project, content, kind, **options):
    """Run train.py in a process with that standard input."""
    driver = f"""
from pathlib import Path
import sys
from ledger import workspace
from ledger.ops.run import RunOptions, run
place = Path({str(project.path)!r})
run(workspace.find_or_make(place)[0], [sys.executable, "train.py"], RunOptions(**{options!r}),
    directory=place, forward=False)
print(repr(sys.stdin and sys.stdin.read()))
"""
    file = project.path.parent / "stdin"
    file.write_bytes(content)
    (project.path.parent / "driver.py").write_text(driver)
    words = {"<": f"< {file}", "|": "", "closed": "<&-"}[kind]
    pipe = f"cat {file} |" if kind == "|" else ""
    done = subprocess.run(
        ["bash", "-c", f"{pipe} {sys.executable} {project.path.parent}/driver.py {words}"],
        env={**os.environ, "PYTHONPATH": REPOSITORY},
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_a_pipe_that_is_asked_for_is_recorded_and_there_again(project):
    project.write(train="import sys; open('made', 'w').write(sys.stdin.read().upper())")
    run_with_stdin(project, b"one\n" * 1000, "|", inputs=("-",))
    assert project.outputs() == {"made": b"ONE\n" * 1000}
    assert project.last.intent.stdin.startswith("b3:")
    assert project.replay().verdict == "identical"


def test_a_pipe_that_is_not_asked_for_is_not_read(project):
    project.write(train="print(1)")
    assert b"two" in run_with_stdin(project, b"one\ntwo\n", "|")
    assert project.last.intent.stdin == "stream"
    assert "not recorded" in project.health("inputs").reason


def test_a_pipe_that_was_not_recorded_is_why_a_replay_comes_out_otherwise(project):
    project.write(train="import sys; open('made', 'w').write(sys.stdin.read())")
    run_with_stdin(project, b"one\n", "|")
    receipt = project.replay()
    assert receipt.verdict == "diverged"
    assert "an input that is not in its record: inputs: standard input is a stream" in cause(receipt)


def test_a_command_is_said_as_a_shell_takes_it(project):
    said = []
    project.write()
    project.run("python", "-c", "a = 1")
    replayed = replay(project.workspace, project.last, ReplayOptions(env="current"), progress=said.append)
    assert replayed.result.verdict == "identical"
    assert said[-2].endswith("python -c 'a = 1'")


def test_a_loop_that_reads_lines_keeps_its_lines(project):
    project.write(train="print(1)")
    run = f"""
from pathlib import Path
import sys
from ledger import workspace
from ledger.ops.run import run
place = Path({str(project.path)!r})
run(workspace.find_or_make(place)[0], [sys.executable, "train.py"], directory=place, forward=False)
"""
    loop = 'while read line; do "$0" -c "$1" && echo got $line; done'
    done = subprocess.run(
        ["bash", "-c", loop, sys.executable, run],
        input=b"a\nb\n",
        env={**os.environ, "PYTHONPATH": REPOSITORY},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"got a\ngot b\n", done.stderr
    assert len(project.trials) == 2


def test_a_closed_standard_input_stays_closed(project):
    project.write(train="import sys; print(sys.stdin)")
    run_with_stdin(project, b"", "closed")
    assert project.last.intent.stdin == "closed"
    assert project.stdout() == b"None\n"
    assert project.last.status is Status.OK


def test_a_declared_input_in_an_ignored_directory_is_there_again(git_project):
    (git_project.path / ".gitignore").write_text("data/\n")
    (git_project.path / "data").mkdir()
    (git_project.path / "data" / "values").write_text("1 2 3")
    git_project.write(train="open('made', 'w').write(open('data/values').read())")
    git_project.run("python", "train.py", inputs=("data",))
    (git_project.path / "data" / "values").unlink()
    assert git_project.replay().verdict == "identical"


def test_an_undeclared_input_that_git_ignores_is_there_again(git_project):
    (git_project.path / ".gitignore").write_text("data\nlink\n")
    (git_project.path / "data").write_text("1")
    (git_project.path / "link").symlink_to("data")
    git_project.write(train="open('made', 'w').write(open('data').read() + open('link').read())")
    git_project.run("python", "train.py")
    for name in ("data", "link"):
        (git_project.path / name).unlink()
    assert git_project.replay().verdict == "identical"


def test_an_input_outside_of_the_root_is_used_where_it_lies(project, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("1")
    project.write(train="import sys; open('made', 'w').write(open(sys.argv[1]).read())")
    project.run("python", "train.py", str(outside), inputs=(str(outside),))
    trial = project.last
    assert project.replay(trial).verdict == "identical"
    # One that was changed is mounted over, for the command alone.
    outside.write_text("2")
    assert project.replay(trial).verdict == "identical"
    assert outside.read_text() == "2"
    outside.unlink()
    receipt = project.replay(trial)
    assert receipt.verdict == "incomparable"
    assert f"--map {outside}=" in cause(receipt)
    assert f"ledger cat {trial.id.short} {outside} > {outside}" in cause(receipt)
    moved = tmp_path / "moved"
    moved.write_text("1")
    assert project.replay(trial, maps=((str(outside), str(moved)),)).verdict == "identical"
    moved.write_text("2")
    receipt = project.replay(trial, maps=((str(outside), str(moved)),))
    assert receipt.verdict == "incomparable"
    assert "ledger cat" not in cause(receipt)


def test_a_variable_is_looked_for_where_a_shell_is_told_what_to_do(project):
    (project.path / "other.py").write_text("import os\nos.environ['ANOTHER']\n")
    (project.path / "train.sh").write_text("echo $SCALE >model\n")
    for command, place in (("sh train.sh", "train.sh:1"), ("echo $SCALE >model", "-c:1")):
        project.run("sh", "-c", command, variables={"SCALE": "3"})
        receipt = project.replay(variables={"SCALE": "3"})
        assert receipt.verdict == "diverged"
        assert f"{place} reads SCALE" in cause(receipt)
        assert "ANOTHER" not in cause(receipt)


@pytest.mark.parametrize(
    "tolerance", [{"rtol": math.nan}, {"atol": math.nan}, {"rtol": math.inf}, {"atol": -1}]
)
def test_what_is_no_tolerance_is_refused(project, tolerance):
    project.write(train="open('made', 'w').write('1')")
    project.run("python", "train.py")
    with pytest.raises(UsageError, match="no tolerance"):
        project.replay(**tolerance)


def test_an_input_that_has_moved_is_found_by_a_program_that_knows_its_place(project, tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    data.write_text("1")
    project.write(train="open('made', 'w').write(open('../data').read())")
    project.run("python", "train.py")
    data.rename(other)
    data.write_text("2")
    maps = ((str(data), str(other)),)
    assert project.replay(maps=maps).verdict == "identical"
    assert data.read_text() == "2"
    data.unlink()  # nothing is there that could be mounted over
    receipt = project.replay(maps=maps)
    assert receipt.verdict == "incomparable"
    assert f"cp {other} {data}" in cause(receipt)


@pytest.mark.parametrize("kind", ["no namespaces", "the project has moved"])
def test_an_input_outside_of_the_root_is_found_by_a_relative_path(project, tmp_path, monkeypatch, kind):
    (tmp_path / "data").mkdir()
    for name in "ab":
        (tmp_path / "data" / name).write_text(name)
    project.write(
        train="""
        import glob
        open("made", "w").write("".join(open(each).read() for each in sorted(glob.glob("../data/*"))))
        """
    )
    project.run("python", "train.py")
    assert project.outputs()["made"] == b"ab"
    if kind == "no namespaces":
        from ledger.ops import namespace

        monkeypatch.setattr(namespace, "_reason", ["refused for this test"])
    else:
        project.path = project.path.rename(tmp_path / "moved")
    receipt = project.replay()
    assert receipt.verdict == "identical", receipt
    (tmp_path / "data").rename(tmp_path / "other")
    maps = ((str(tmp_path / "data"), str(tmp_path / "other")),)
    assert project.replay(maps=maps).verdict == "identical"


def test_an_input_that_has_moved_is_written_anew_as_the_command_spells_it(project, tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    data.write_text("1")
    project.write(train="import sys; open('made', 'w').write(open(sys.argv[1]).read())")
    for name in (str(data), "../data"):
        project.run("python", "train.py", name)
        data.rename(other)
        for old in (str(data), "../data"):
            assert project.replay(maps=((old, str(other)),)).verdict == "identical"
        other.rename(data)


@pytest.mark.parametrize("kind", ["relative", "absolute", "twice", "within"])
def test_an_input_behind_a_link_to_a_directory_is_as_it_was(git_project, tmp_path, kind):
    project, outside = git_project, tmp_path / "outside"
    if kind == "within":
        outside = project.path / "inner"
        (project.path / ".gitignore").write_text("inner\n")
    (outside / "deep").mkdir(parents=True)
    data = outside / "deep" / "data.txt"
    data.write_text("1")
    relative = os.path.relpath(outside, project.path)
    (project.path / "link").symlink_to(outside if kind == "absolute" else relative)
    name = "link/deep/data.txt"
    if kind == "twice":
        (project.path / "again").symlink_to("link")
        name = "again/deep/data.txt"
    project.write(train=f"open('made', 'w').write(open({name!r}).read())")
    project.run("python", "train.py")
    assert [each.digest for each in project.last.inputs] == [Digest.of(b"1")]
    assert project.replay().verdict == "identical"
    data.write_text("2")
    assert project.replay().verdict == "identical"
    assert data.read_text() == "2"
    data.unlink()
    receipt = project.replay()
    assert receipt.verdict == ("identical" if kind == "within" else "incomparable")
    assert kind == "within" or f"{name} > {data}, or --map {data}=" in cause(receipt)


def test_a_directory_of_inputs_that_has_moved_is_named_once(project, tmp_path, monkeypatch):
    data, moved = tmp_path / "data", tmp_path / "elsewhere"
    (data / "a").mkdir(parents=True)
    for path in (data / "a" / "1", data / "2"):
        path.write_text("1")
    project.write(
        train="""
        import glob, sys
        open("made", "w").write(" ".join(open(each).read() for each in glob.glob(sys.argv[1] + "/**/[12]")))
        """
    )
    for name in (str(data), os.path.relpath(data, project.path)):
        project.run("python", "train.py", name)
        data.rename(moved)
        monkeypatch.chdir(tmp_path)
        assert project.replay().verdict == "incomparable"
        assert project.replay(maps=((str(tmp_path / "dat"), str(moved)),)).verdict == "incomparable"
        assert project.replay(maps=((name, "elsewhere"),)).verdict == "identical"
        moved.rename(data)


def test_a_declared_output_counts_even_if_it_comes_out_as_it_was(project):
    (project.path / "kept").write_text("x")
    project.run("true", outputs=("kept",))
    assert project.outputs() == {"kept": b"x"}
    assert project.replay().verdict == "identical"


def test_a_trial_that_wrote_outside_of_its_root_is_not_run_again(project, tmp_path):
    outside = tmp_path / "outside"
    project.run("sh", "-c", f"echo x > {outside}", outputs=(str(outside),))
    outside.unlink()
    receipt = project.replay()
    assert receipt.verdict == "incomparable"
    assert str(outside) in cause(receipt)
    assert not outside.exists()


def test_a_program_finds_its_own_absolute_path(project):
    project.write(
        train=f"""
        import os
        here = os.path.dirname(os.path.abspath(__file__))
        open(os.path.join(here, "made"), "w").write(here)
        open({str(project.path / "absolute")!r}, "w").write(os.getcwd())
        """
    )
    before = project.look()
    project.run("python", str(project.path / "train.py"))
    assert project.outputs()["made"] == os.fsencode(project.path)
    for name in ("made", "absolute"):
        (project.path / name).unlink()
    assert {path.name for path in before} == {"train.py"}
    assert project.replay().verdict == "identical"
    assert not (project.path / "made").exists()
    assert not (project.path / "absolute").exists()


def test_without_namespaces_paths_in_the_command_are_written_anew(project, monkeypatch):
    from ledger.ops import namespace

    monkeypatch.setattr(namespace, "_reason", ["refused for this test"])
    project.write(
        train="""
        import os, sys
        open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "made"), "w").write("x")
        open(sys.argv[1], "w").write("y")
        """
    )
    project.run("python", str(project.path / "train.py"), str(project.path / "named"))
    for name in ("made", "named"):
        (project.path / name).unlink()
    receipt = project.replay()
    assert receipt.verdict == "identical", receipt
    assert not (project.path / "made").exists()


def test_a_working_directory_inside_the_tree(git_project):
    (git_project.path / "inside").mkdir()
    git_project.write(train="open('made', 'w').write('x'); import os; print(os.getcwd())")
    git_project.run("python", "../train.py", directory=git_project.path / "inside")
    assert git_project.last.intent.directory == "inside"
    assert set(git_project.outputs()) == {"inside/made"}
    receipt = git_project.replay(strict=True)
    assert receipt.verdict == "identical", receipt


def test_a_project_that_has_moved(project):
    (project.path / "inside").mkdir()
    project.write(train="import sys; open(sys.argv[1], 'w').write('x'); open('made', 'w').write('y')")
    absolute = str(project.path / "absolute")
    project.run("python", "../train.py", absolute, directory=project.path / "inside")
    project.path = project.path.rename(project.path.parent / "moved")
    before = project.look()
    receipt = project.replay()
    assert receipt.verdict == "identical", receipt
    assert project.look() == before
    assert not os.path.exists(os.path.dirname(absolute))


def test_an_input_that_was_too_large_to_keep_is_taken_from_where_it_was(project):
    limits = "[store]\nmax_input_bytes = 4\n[code]\nmax_untracked_bytes = 4000\n"
    (project.path / "ledger.toml").write_text(limits)
    (project.path / "data").write_text("1" * 5000)
    project.write(train="open('made', 'w').write(open('data').read()[:3])")
    project.run("python", "train.py", inputs=("data",))
    assert project.last.inputs[0].omitted is not None
    assert project.replay().verdict == "identical"
    (project.path / "data").write_text("2" * 5000)
    receipt = project.replay()
    assert receipt.verdict == "incomparable"
    assert "recorded by its digest only" in cause(receipt)


def test_an_environment_inside_of_the_root(git_project):
    (git_project.path / ".gitignore").write_text(".venv/\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=git_project.path, check=True)
    git_project.write(train="import sys; print(sys.prefix); open('made', 'w').write('x')")
    git_project.run(".venv/bin/python", "train.py")
    assert git_project.stdout().decode().strip() == str(git_project.path / ".venv")
    receipt = git_project.replay(strict=True)
    assert receipt.verdict == "identical", receipt


def test_secrets_are_refilled_or_named(project):
    project.write(
        train="""
        import os, sys
        open("made", "w").write(f"{len(sys.argv[2])} {len(os.environ['WANDB_API_KEY'])}")
        """
    )
    key, token = "0123456789abcdef0123456789abcdef01234567", "hunter2-very-secret-token"
    today = {"WANDB_API_KEY": key, "API_TOKEN": token}
    (project.path / "ledger.toml").write_text('[environment]\nvariables = ["WANDB_*"]\n')
    project.run("python", "train.py", "--api-token", token, variables=today)
    assert project.outputs() == {"made": b"25 40"}
    assert project.last.intent.argv[-1] == "secret:API_TOKEN"
    receipt = project.replay(variables=today)
    assert receipt.verdict == "identical", receipt
    receipt = project.replay()
    assert receipt.verdict == "incomparable"
    assert "API_TOKEN" in cause(receipt)
    assert token.encode() not in b"".join(
        path.read_bytes() for path in project.ledger.rglob("*") if path.is_file()
    )


def test_a_program_that_does_not_end_in_time_is_ended(project, tmp_path):
    flag = tmp_path / "flag"
    project.run("sh", "-c", f"test -e {flag} && {{ sleep {SLEPT} & sleep {SLEPT}; }}; exit 0")
    flag.touch()
    receipt = project.replay(timeout=0.5)
    assert receipt.verdict == "incomparable"
    assert "--timeout" in cause(receipt)
    gone(SLEPT)


SLEPT = f"4242.{os.getpid()}"
"""Seconds that programs sleep: by this they are found, and told from those of other tests of this machine."""


def gone(word):
    """Wait until no process has that word."""
    end = time.monotonic() + PATIENCE_S
    while left := running(word):
        assert time.monotonic() < end, left
        time.sleep(0.01)


def running(word):
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if word.encode() in (path / "cmdline").read_bytes().split(b"\0"):
                    found.append(path.name)
            except OSError:
                continue
    return found


def test_ctrl_c_leaves_nothing_running_and_nothing_lying_about(project, tmp_path):
    flag, scratch = tmp_path / "flag", tmp_path / "scratch"
    scratch.mkdir()
    project.run(
        "sh", "-c", f"test -e {flag} && {{ touch {flag}.up; sleep {SLEPT} & sleep {SLEPT}; }}; exit 0"
    )
    flag.touch()
    driver = f"""
from pathlib import Path
from ledger import workspace
from ledger.ops import query, replay
place = workspace.find_or_make(Path({str(project.path)!r}))[0]
replay.replay(place, query.load(place.journal).ordered[-1], replay.ReplayOptions(env="current"))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", driver],
        env={**os.environ, "PYTHONPATH": REPOSITORY, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
    )
    while not Path(f"{flag}.up").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert b"KeyboardInterrupt" in errors
    gone(SLEPT)
    assert not list(scratch.iterdir())
    assert len(list(project.workspace.journal.entries())) == 2


@pytest.mark.parametrize("how", ["missing", "damaged"])
@pytest.mark.parametrize("what", ["tree", "file", "environment"])
def test_a_damaged_record_is_named(project, how, what):
    (project.path / "data").write_text("1 2 3")
    project.run("cat", "data")
    trial = project.last
    digest = {
        "tree": trial.code[0].tree,
        "environment": trial.environment,
        "file": project.workspace.store.put(b"1 2 3"),
    }[what]
    path = layout.loose(layout.objects(project.ledger), digest)
    if how == "missing":
        path.unlink()
    else:
        path.chmod(0o600)
        path.write_bytes(b"\0" + path.read_bytes()[1:] + b"x")
    receipt = project.replay(trial)
    assert receipt.verdict == "incomparable", receipt
    assert digest.short in cause(receipt) or str(digest) in cause(receipt)
    assert "ledger verify" in cause(receipt)


def test_a_trial_that_still_runs_is_incomparable(project):
    project.run("true")
    started = next(
        each.entry.payload
        for each in project.workspace.journal.entries()
        if isinstance(each.entry.payload, TrialStarted)
    )
    project.workspace.journal.append(replace(started, spool="elsewhere"))
    assert project.last.status is Status.RUNNING
    receipt = project.replay()
    assert receipt.verdict == "incomparable"
    assert "running" in cause(receipt)


def test_a_dry_run_says_that_all_is_there_and_records_nothing(project):
    from ledger.ops import replay

    project.run("sh", "-c", "echo x > made")
    (project.path / "made").unlink()
    found = replay.replay(
        project.workspace,
        project.last,
        replay.ReplayOptions(env="current", dry_run=True),
        variables=os.environ,
    )
    assert (found.ready, found.entry_id) == (True, None)
    assert len(list(project.workspace.journal.entries())) == 2


def test_a_receipt_is_an_entry(project):
    from ledger.ops import query

    project.run("true")
    receipt = project.replay()
    (found,) = query.load(project.workspace.journal).receipts[project.last.id]
    assert found.replay == receipt


def test_a_run_inside_a_replay_is_not_recorded_in_the_users_ledger(project):
    project.write(
        outer=f"""
        import os, sys
        sys.path.insert(0, {REPOSITORY!r})
        from pathlib import Path
        from ledger import workspace
        from ledger.ops.run import run
        here = Path.cwd()
        place = workspace.find_or_make(here, os.environ.get("LEDGER_DIR"))[0]
        run(place, ["sh", "-c", "echo x > made"], directory=here, forward=False)
        """
    )
    project.run("python", "outer.py")
    outer, inner = project.trials
    assert inner.parent == outer.id
    receipt = project.replay(outer)
    assert receipt.verdict == "identical", receipt
    assert len(project.trials) == 2


@pytest.mark.network
@pytest.mark.slow
def test_the_recorded_environment_is_made_again(project):
    project.write(train="open('made', 'w').write('x')")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=project.path, check=True)
    project.run(".venv/bin/python", "train.py")
    receipt = project.replay(env="recreate")
    assert receipt.verdict == "identical", receipt
    assert not receipt.differences


@pytest.mark.network
@pytest.mark.slow
def test_a_distribution_is_there_again_after_it_was_removed(project, tmp_path):
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install = [str(place / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*install, "install", "six==1.16.0"], check=True)
    project.write(train="import six; open('made', 'w').write(six.__version__)")
    project.run(str(place / "bin" / "python"), "train.py")
    subprocess.run([*install, "uninstall", "-y", "six"], check=True)
    assert project.outputs() == {"made": b"1.16.0"}
    assert project.replay().verdict == "diverged"
    receipt = project.replay(env="recreate")
    assert receipt.verdict == "identical", receipt
