"""Scripts whose result secretly depends on one condition each: it is named, and no other."""

import os
import sys
import textwrap

import pytest

from ledger.errors import UsageError
from ledger.model import Verdict
from ledger.ops import namespace, query, vary_settings
from ledger.ops.replay import ReplayOptions
from ledger.ops.result_documents import vary_document
from ledger.ops.varied import Effect
from ledger.ops.vary import vary
from ledger.ops.vary_conditions import CONDITIONS, select

NAMES = [each.name for each in CONDITIONS]
FAKETIME = vary_settings._faketime()


@pytest.fixture
def varying(project, accept):
    """Return a function: (script, conditions) → what came of varying its trial."""

    def varying(script, *names, seed=None, variables=None, **options):
        (project.path / "train.py").write_text(textwrap.dedent(script))
        project.run("python", "train.py", seed=seed, variables=variables)
        return again(project.last, *names, **options)

    def again(trial, *names, progress=lambda _: None, **options):
        varied = vary(
            project.workspace,
            trial,
            select(names or ["all"]),
            ReplayOptions(**{"env": "current"} | options),
            progress=progress,
        )
        accept("vary.v1", vary_document(varied))
        return varied

    varying.again = again
    varying.project = project
    return varying


def effects(varied):
    return {each.condition: each.effect for each in varied.tried}


def one(varied, name):
    return next(each for each in varied.tried if each.condition == name)


SECRETS = {
    "hostname": "import socket; result = socket.gethostname()",
    "cwd": "result = os.getcwd()",
    "home": "result = os.path.expanduser('~')",
    "user": "result = os.environ.get('USER')",
    "umask": "open('made', 'w').close(); result = oct(os.stat('made').st_mode)",
    "variables": "result = len(''.join(name for name in os.environ if name.startswith('VARIED')))",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, ''); result = f'{1.5:n}'",
    "timezone": "import time; result = time.localtime(1e9).tm_hour",
    "hashseed": "result = [*{'a', 'b', 'c', 'd', 'e', 'f'}]",
    "threads": "result = os.environ.get('OMP_NUM_THREADS')",
    "processors": "result = len(os.sched_getaffinity(0))",
    "cpu": "result = os.environ.get('OPENBLAS_CORETYPE')",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SECRETS)
def test_the_one_condition_that_a_result_depends_on_is_named(varying, name):
    varied = varying(f"import os\n{SECRETS[name]}\nopen('result', 'w').write(str(result))\n")
    if one(varied, name).effect is Effect.IMPOSSIBLE:
        pytest.skip(one(varied, name).reason)
    assert varied.depends == (name,), varied.summary
    assert varied.stable
    found = one(varied, name)
    assert [(each.part, each.path) for each in found.differences if each.counted] == [("outputs", "result")]
    assert found.before != found.after
    assert found.hint


@pytest.mark.slow
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_a_date_in_a_result_is_named(varying):
    varied = varying("import datetime; open('result', 'w').write(str(datetime.date.today()))")
    # At midnight the control would show it too.
    assert "time" in varied.depends
    assert {*varied.depends} <= {"time", "timezone"}
    assert one(varied, "timezone").effect is Effect.DIFFERS  # it is another day there


@pytest.mark.slow
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_a_clock_time_that_never_is_the_same_is_named_with_the_clock_held_still(varying):
    varied = varying(
        """
        import datetime, time
        time.sleep(1.1)
        open('result', 'w').write(datetime.datetime.now().strftime('%H:%M:%S'))
        """,
        "hostname,time",
    )
    assert not varied.stable
    assert varied.depends == ("time",)
    assert "held still" in one(varied, "time").reason
    assert effects(varied)["hostname"] is Effect.UNCLEAR


HONEST = """
    import json, os
    import numpy
    numbers = numpy.arange(1000).reshape(10, 100) % 7
    json.dump({"sum": int(numbers.sum())}, open("metrics.json", "w"))
    os.makedirs("out", exist_ok=True)
    open("out/order", "w").write(",".join(sorted({"b", "a"})))
    numpy.save("out/numbers.npy", numbers)
    """


@pytest.mark.slow
def test_an_honest_script_depends_on_none(varying):
    varied = varying(HONEST)
    assert varied.control.verdict is Verdict.IDENTICAL
    assert varied.depends == ()
    assert len(varied.control.replays) == 1
    assert {*effects(varied).values()} <= {Effect.SAME, Effect.IMPOSSIBLE}
    assert varied.summary.startswith("the result does not depend on: ")


def test_two_dependences_are_told_apart(varying):
    varied = varying(
        """
        import os, socket
        open("host", "w").write(socket.gethostname())
        open("set", "w").write(str({"a", "b", "c", "d", "e"}))
        """,
        "hostname,umask,hashseed",
    )
    assert varied.depends == (("hostname", "hashseed") if namespace.available() is None else ("hashseed",))
    assert [each.path for each in one(varied, "hashseed").differences] == ["set"]
    assert effects(varied)["umask"] is Effect.SAME


def test_a_hash_seed_left_to_chance_is_held_still(varying):
    varied = varying("open('set', 'w').write(str({'a', 'b', 'c', 'd', 'e', 'f', 'g'}))", "umask,hashseed")
    assert varied.control.held == ("hashseed: random → 0",)
    assert varied.control.verdict is Verdict.DIVERGED  # but for one chance in thousands
    assert varied.stable
    assert len(varied.control.replays) == 2
    assert varied.depends == ("hashseed",)
    assert varied.summary.startswith("it does not come out as recorded, with nothing changed; ")


def test_an_enforced_hash_seed_is_said(varying):
    varied = varying("open('set', 'w').write(str({'a', 'b', 'c', 'd', 'e', 'f'}))", "hashseed", seed=7)
    assert varied.control.held == ()
    assert varied.control.verdict is Verdict.IDENTICAL
    assert one(varied, "hashseed").before == "7 (by --seed)"
    assert varied.depends == ("hashseed",)


def test_what_differs_from_run_to_run_is_blamed_on_no_condition(varying):
    varied = varying(
        """
        import os
        open("chance", "wb").write(os.urandom(8))
        open("mask", "w").write(str(os.umask(0)))
        """,
        "home,umask",
    )
    assert not varied.stable
    assert [each.path for each in varied.control.varying] == ["chance"]
    assert effects(varied) == {"home": Effect.UNCLEAR, "umask": Effect.DIFFERS}
    assert any("os.urandom" in each.evidence for each in varied.control.causes)


def test_what_only_seems_to_matter_is_seen_by_running_the_control_once_more(varying, tmp_path):
    flag = tmp_path / "flag"

    def progress(line):
        if line.endswith(": home"):
            flag.touch()

    varied = varying(
        f"import os; open('result', 'w').write(str(os.path.exists({str(flag)!r})))", "home", progress=progress
    )
    assert varied.control.verdict is Verdict.IDENTICAL
    assert len(varied.control.replays) == 2
    assert not varied.stable
    assert varied.depends == ()
    assert effects(varied) == {"home": Effect.UNCLEAR}


def test_threads_seen_in_libraries_are_what_is_changed(varying):
    varied = varying(
        """
        import os
        import numpy
        numpy.ones((2, 2)) @ numpy.ones((2, 2))
        open("result", "w").write(os.environ.get("OPENBLAS_NUM_THREADS", "-"))
        """,
        "threads",
        variables={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    found = one(varied, "threads")
    assert found.before.startswith("1 (")
    assert found.after == "2"
    assert varied.depends == ("threads",)


def test_within_the_tolerance_is_equivalent(varying):
    script = """
        import json, os
        loss = 0.5 + 1e-9 * ("OMP_NUM_THREADS" in os.environ)
        json.dump({"loss": loss}, open("metrics.json", "w"))
        """
    varied = varying(script, "threads", rtol=1e-6)
    assert effects(varied) == {"threads": Effect.EQUIVALENT}
    assert varied.depends == ()
    trial = varying.project.last
    assert varying.again(trial, "threads", rtol=1e-6, strict=True).depends == ("threads",)
    assert varying.again(trial, "threads").depends == ("threads",)


def test_another_exit_code_is_a_difference(varying):
    varied = varying("import os, sys; sys.exit(os.environ.get('USER') == 'somebody')", "home,user")
    assert varied.depends == ("user",)
    assert one(varied, "user").differences[0].part == "exit_code"


def test_what_cannot_be_changed_is_said_with_the_reason(varying, monkeypatch):
    monkeypatch.setattr(vary_settings, "_faketime", lambda: None)
    monkeypatch.setattr(namespace, "available", lambda: "refused by the kernel")
    varied = varying("print(1)", "hostname,time,umask")
    assert effects(varied) == {
        "hostname": Effect.IMPOSSIBLE,
        "umask": Effect.SAME,
        "time": Effect.IMPOSSIBLE,
    }
    assert "refused by the kernel" in one(varied, "hostname").reason
    assert "apt-get install faketime" in one(varied, "time").hint
    assert varied.summary.endswith("not tried here: hostname, time")


def test_inputs_from_outside_are_where_relative_paths_lead_to(varying, project, tmp_path):
    (tmp_path / "data").write_text("1")
    assert varying("open('result', 'w').write(open('../data').read())", "cwd").depends == ()


def test_without_namespaces_the_path_is_still_the_same_each_time(varying, monkeypatch):
    monkeypatch.setattr(namespace, "available", lambda: "refused by the kernel")
    varied = varying("import os; open('result', 'w').write(os.getcwd())", "cwd,umask")
    assert varied.control.verdict is Verdict.DIVERGED
    assert varied.stable
    assert varied.depends == ("cwd",)


def test_one_processor_cannot_be_fewer(varying):
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        varied = varying("print(1)", "processors")
    finally:
        os.sched_setaffinity(0, allowed)
    assert effects(varied) == {"processors": Effect.IMPOSSIBLE}


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
def test_a_program_that_hangs_under_another_clock_ends_in_time(varying, monkeypatch):
    monkeypatch.setattr(vary_settings, "_SLACK_S", 0.5)
    script = """
        import os, time
        if os.environ.get("FAKETIME"):
            time.sleep(60)
        """
    varied = varying(script, "time")
    assert effects(varied) == {"time": Effect.IMPOSSIBLE}
    assert "did not end in time" in one(varied, "time").reason


def test_a_trial_that_cannot_be_made_again_is_not_varied(varying, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    project = varying.project
    project.run("cat", outside, inputs=(str(outside),))
    outside.unlink()
    varied = varying.again(project.last, "umask")
    assert varied.control.verdict is Verdict.INCOMPARABLE
    assert varied.tried == ()
    assert varied.control.causes[0].hint


def test_a_dry_run_only_says_what_could_be_changed(varying):
    varied = varying("print(1)", "umask,threads", dry_run=True)
    assert varied.control.ready
    assert effects(varied) == {"umask": Effect.POSSIBLE, "threads": Effect.POSSIBLE}
    assert varied.summary == "can be changed here: umask, threads"
    assert query.load(varying.project.workspace.journal).receipts == {}


def test_each_run_leaves_a_receipt_that_tells_what_was_changed(varying):
    varied = varying("print(1)", "umask,hashseed")
    trials = query.load(varying.project.workspace.journal)
    receipts = trials.receipts[varied.trial.id]
    told = [(each.plain, [line.partition(":")[0] for line in each.replay.varied]) for each in receipts]
    assert told == [
        (False, ["hashseed"]),
        (False, ["hashseed", "umask"]),
        (False, ["hashseed"]),
        (False, ["hashseed"]),
    ]
    ids = {*varied.control.replays, *(id for each in varied.tried for id in each.replays)}
    assert ids == {each.id for each in trials.receipts[varied.trial.id]}


def test_the_users_files_stay_as_they_are_and_nothing_is_left_over(varying, monkeypatch, tmp_path):
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    project = varying.project
    (project.path / "train.py").write_text("open('result', 'a').write('x')")
    project.run("python", "train.py")
    before = project.look()
    varying.again(project.last, "cwd,home,locale")
    assert project.look() == before
    assert list(scratch.iterdir()) == []


def test_names_are_checked():
    assert [each.name for each in select(["threads, cwd", "umask"])] == ["cwd", "umask", "threads"]
    for text in (["all"], ["all, cwd", "all"], ["cwd", "all"]):
        assert [each.name for each in select(text)] == NAMES
    assert [each.name for each in select(["cwd", "umask, cwd"])] == ["cwd", "umask"]
    with pytest.raises(UsageError, match="no condition 'main'"):
        select(["all,main"])
    with pytest.raises(UsageError, match="no condition 'tread'") as raised:
        select(["tread"])
    assert raised.value.hint == "--vary threads"
    with pytest.raises(UsageError, match="no condition is named"):
        select([""])


def test_traits_are_handed_down(tmp_path):
    from ledger.ops.execute import Launch, execute
    from ledger.ops.traits import Traits

    spool = tmp_path / "spool"
    spool.mkdir()
    processor = min(os.sched_getaffinity(0))
    traits = Traits(umask=0o027, processors=(processor,), fixed_addresses=True)
    told = "oct(os.umask(0)), *os.sched_getaffinity(0), open('/proc/self/personality').read()"
    script = f"import os; print({told})"
    launch = Launch(
        argv=(sys.executable, "-c", script),
        directory=str(tmp_path),
        variables={},
        spool=str(spool),
        forward=False,
        traits=traits,
    )
    assert execute(launch).exit_code == 0
    assert (spool / "stdout").read_text().split() == ["0o27", str(processor), "00040000"]
