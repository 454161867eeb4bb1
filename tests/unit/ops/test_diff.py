import math
from dataclasses import replace

import pytest

from ledger.compare import registry
from ledger.compare.base import Comparison, Tolerance
from ledger.errors import NotFoundError
from ledger.model import (
    ArtifactRole,
    Digest,
    Distribution,
    Entropy,
    Manifest,
    Mode,
    Observed,
    SeededGenerator,
    Status,
    ThreadPool,
    Tombstone,
)
from ledger.model.codec import decode
from ledger.ops.diff import compare, diff
from ledger.ops.diff_code import MAX_TEXT_BYTES, unified
from ledger.ops.differences import SECTIONS, same_value


def compared(maker, **options):
    """Compare the last two trials."""
    *_, a, b = maker.trials
    return diff(a, b, maker.store, **options)


def told(result, section):
    return [
        (each.path, each.expected, each.got, each.detail, each.counted) for each in result.sections[section]
    ]


def counted(result):
    return {
        name: [each.path for each in found if each.counted]
        for name, found in result.sections.items()
        if any(each.counted for each in found)
    }


FULL = {
    "params": {"lr": 0.1, "seed": 1},
    "metrics": {"loss": [(0, 1.0), (1, math.nan)]},
    "outputs": {"model": b"weights"},
    "inputs": {"data": b"rows"},
}


def test_the_same_twice(maker):
    maker.trial(**FULL)
    maker.trial(**FULL)
    result = compared(maker)
    assert result.same
    assert tuple(result.sections) == SECTIONS
    assert not any(result.sections.values())
    assert result.summary == "the same in all that counts"


def test_a_trial_against_itself(maker):
    maker.trial(**FULL)
    (trial,) = maker.trials
    result = diff(trial, trial, maker.store)
    assert result.same
    assert result.summary == "one and the same trial"


def test_everything_differs(maker):
    maker.trial(**FULL)
    maker.trial(
        params={"lr": 0.2, "depth": 3, "seed": 2},
        metrics={"loss": [(0, 1.0), (1, 2.0)]},
        outputs={"model": b"wEights"},
        inputs={"data": b"others"},
        code={"train.py": b"print(2)\n"},
        environment=replace(maker.environment, python="3.12.1"),
        status=Status.FAILED,
    )
    result = compared(maker)
    assert not result.same
    assert counted(result) == {
        "verdict": ["exit_code", "status"],
        "hyperparameters": ["depth", "lr"],
        "seeds": ["seed"],
        "code": ["train.py"],
        "environment": ["python"],
        "inputs": ["data"],
        "metrics": ["loss"],
        "outputs": ["model"],
    }
    assert result.summary == (
        "other hyperparameters, seeds, code, environment, inputs; other status, metrics, outputs"
    )


def test_hyperparameters(maker):
    maker.trial(params={"a": 1, "b": True, "c": (1, 2), "d": None, "e": 0.1})
    maker.trial(params={"a": 1.0, "b": 1, "c": (1, 2), "e": 0.2, "f": "x"}, argv=("python", "-u", "train.py"))
    assert told(compared(maker), "hyperparameters") == [
        ("b", True, 1, None, True),
        ("d", None, None, "only the first has it", True),
        ("e", 0.1, 0.2, None, True),
        ("f", None, "x", "only the second has it", True),
        ("command", ("python", "train.py"), ("python", "-u", "train.py"), None, False),
    ]


def test_two_spellings_of_a_command_are_the_same(maker):
    maker.trial(argv=("python", "train.py", "--lr", "1"), params={"lr": 1})
    maker.trial(argv=("python", "train.py", "--lr=1"), params={"lr": 1})
    result = compared(maker)
    assert result.same
    assert result.sections["hyperparameters"]


def test_words_of_a_command_that_nothing_has_a_name_for_count(maker):
    maker.trial(argv=("./fit.sh", "0.1", "out.txt"))
    maker.trial(argv=("./fit.sh", "0.2", "out.txt"))
    result = compared(maker)
    assert [(each.path, each.counted) for each in result.sections["hyperparameters"]] == [("command", True)]
    assert result.summary.startswith("other command")


def test_seeds(maker):
    seeded = SeededGenerator(generator="numpy", value="3", enforced=False, where="train.py:3")
    drawn = Entropy(generator="numpy", where="train.py:9")
    maker.trial(seed=1, params={"seed": 1}, observed=Observed(affinity=1, seeded=(seeded,), processes=1))
    again = (replace(seeded, value="4"), seeded)
    maker.trial(
        params={"seed": 1}, observed=Observed(affinity=1, seeded=again, entropy=(drawn,), processes=1)
    )
    assert told(compared(maker), "seeds") == [
        ("--seed", 1, None, "only the first has it", True),
        ("numpy seeded", ("3",), ("4", "3"), None, True),
        ("numpy unseeded", None, "train.py:9", "only the second has it", False),
    ]


def test_a_generator_that_nobody_watched_does_not_count(maker):
    seeded = SeededGenerator(generator="numpy", value="3", enforced=False, where=None)
    maker.trial(observed=Observed(affinity=1, seeded=(seeded,), processes=1))
    maker.trial(observed=Observed(affinity=1))
    result = compared(maker)
    assert result.same
    assert [each.path for each in result.sections["seeds"]] == ["numpy seeded"]


def test_code(maker):
    maker.trial(
        code={"a.py": b"1", "b.py": b"2", "c.sh": b"3", "same": b"0", "dir": (Mode.LINK, b"x")},
        snapshot={"branch": "main"},
    )
    maker.trial(
        code={"a.py": b"9", "c.sh": (Mode.EXECUTABLE, b"3"), "d.py": b"4", "same": b"0", "dir": b"file"},
        snapshot={"branch": "main", "dirty": True},
    )
    result = compared(maker)
    assert [(each.path, each.detail, each.counted) for each in result.sections["code"]] == [
        ("<dirty>", None, False),
        ("a.py", "changed", True),
        ("b.py", "removed", True),
        ("c.sh", "a file became an executable file", True),
        ("d.py", "added", True),
        ("dir", "a link became a file", True),
    ]
    assert result.sections["code"][1].expected == str(Digest.of(b"1"))


def test_the_same_files_at_another_commit_are_the_same_code(maker):
    id = maker.trial()
    trial = maker.trials.by_id[id]
    other = replace(trial, id=Digest.of(b"x"), code=(replace(trial.code[0], commit="decade"),))
    result = diff(trial, other, maker.store)
    assert result.same
    assert told(result, "code") == [("<commit>", "c0ffee", "decade", None, False)]


def test_code_beside_the_root(maker):
    id = maker.trial()
    trial = maker.trials.by_id[id]
    lib = maker.put(maker.manifest({"lib.py": b"1"}))
    newer = maker.put(maker.manifest({"lib.py": b"2"}))
    root = trial.code[0]
    a = replace(trial, code=(root, replace(root, name="mylib", tree=lib)))
    b = replace(trial, code=(root, replace(root, name="mylib", tree=newer)))
    assert [each.path for each in diff(a, b, maker.store).sections["code"]] == ["mylib:lib.py"]
    alone = told(diff(a, trial, maker.store), "code")
    assert ("mylib:tree", str(lib), None, "only the first has it", True) in alone


def test_environment(maker):
    maker.trial()
    numpy = maker.environment.distributions[0]
    torch = Distribution(name="torch", version="2.4", origin="index", record=None)
    other = replace(
        maker.environment,
        distributions=(replace(numpy, record=Digest.of(b"")), torch),
        variables=(("LANG", "C.UTF-8"), ("OMP_NUM_THREADS", "1")),
    )
    maker.host = replace(maker.host, cpu="Another CPU", user="bob")
    pool = ThreadPool(library="libopenblas.so", api="openblas", threads=4)
    maker.trial(environment=other, observed=Observed(affinity=1, threads=(pool,)))
    assert told(compared(maker), "environment") == [
        ("package numpy", "2.0", "2.0", "the same version with other files", True),
        ("package torch", None, "2.4", None, True),
        ("variable LANG", "C", "C.UTF-8", None, True),
        ("variable OMP_NUM_THREADS", None, "1", None, True),
        ("threads openblas libopenblas.so", None, 4, "only the second has it", False),
        ("host cpu", "A CPU", "Another CPU", None, False),
    ]


def test_metrics_part_at_a_step(maker):
    maker.trial(metrics={"loss": [(0, 1.0), (5, 0.5), (9, 0.1)], "val_time": 1.0})
    maker.trial(metrics={"loss": [(0, 1.0), (5, 0.6), (9, 0.1)], "val_time": 2.0})
    result = compared(maker, timing=("*time*",))
    assert told(result, "metrics") == [
        ("loss", 0.1, 0.1, "they part at step 5: 0.5 and 0.6", True),
        ("val_time", 1.0, 2.0, "they part at step 0: 1.0 and 2.0; measures the clock", False),
    ]
    assert counted(compared(maker, tolerance=Tolerance(rtol=0.5), timing=("*time*",))) == {}


def test_outputs(maker):
    maker.trial(outputs={"a": b"1", "b": b"2", "same": b"x"})
    maker.trial(outputs={"b": b"2!", "c": b"3", "same": b"x"})
    assert told(compared(maker), "outputs") == [
        ("a", str(Digest.of(b"1")), None, "only the first has it", True),
        (
            "b",
            str(Digest.of(b"2")),
            str(Digest.of(b"2!")),
            "the first 1 bytes are the same; 1 and 2 bytes",
            True,
        ),
        ("c", None, str(Digest.of(b"3")), "only the second has it", True),
    ]


def test_outputs_whose_content_is_not_there(maker):
    maker.trial(outputs=dict.fromkeys("abcd", b"1"), code={})
    maker.trial(outputs=dict.fromkeys("abcd", b"2"), code={})
    one, two = maker.trials
    a, b, c, d = one.outcome.outputs
    changed = (
        replace(a, omitted="size"),
        replace(b, mode=Mode.EXECUTABLE),
        replace(c, digest=None, size=9),
        d,
    )
    one = replace(one, outcome=replace(one.outcome, outputs=changed))
    maker.lose(Digest.of(b"2"))
    found = {each.path: each for each in diff(one, two, maker.store).sections["outputs"]}
    assert found["a"].detail == "1 bytes recorded without content (size)"
    assert found["b"].detail == "mode 100755 became 100644"
    assert found["c"].detail == "9 bytes recorded without content (unreadable)"
    assert found["c"].expected == "unreadable"
    assert "does not have it" in found["d"].detail
    assert all(each.counted for each in found.values())
    again = replace(one, id=Digest.of(b"again"))
    assert diff(one, again, maker.store).sections["outputs"] == ()
    larger = replace(again, outcome=replace(again.outcome, outputs=(a, b, replace(changed[2], size=8), d)))
    assert "c" in {each.path for each in diff(one, larger, maker.store).sections["outputs"]}


def test_damaged_outputs_are_not_compared(maker):
    maker.trial(outputs={"a.json": b"1.0"})
    maker.trial(outputs={"a.json": b"2.0"})
    for content in (b"1.0", b"2.0"):
        path = maker.object_file(Digest.of(content))
        path.chmod(0o644)
        path.write_bytes(b"3.0")
    (found,) = compared(maker, tolerance=Tolerance(atol=9.0)).sections["outputs"]
    assert found.counted
    assert "damaged object" in found.detail


def test_a_point_that_one_side_lacks(maker):
    maker.trial(metrics={"loss": [(0, 1.0), (1, 2.0)]})
    maker.trial(metrics={"loss": [(0, 1.0)]})
    (found,) = compared(maker).sections["metrics"]
    assert found.detail == "they part at step 1: 2.0 and nothing"


def test_metrics_against_a_trial_without_them(maker):
    maker.trial(metrics={"loss": 1.0})
    maker.start()
    assert told(compared(maker), "metrics") == [("loss", 1.0, None, "only the first has it", True)]


def test_a_series_that_is_none_is_a_problem(maker):
    maker.trial(metrics={"loss": 1.0})
    (one,) = maker.trials
    two = replace(one, id=Digest.of(b"x"), outcome=replace(one.outcome, series=maker.store.put(b"no series")))
    maker.store.flush()
    result = diff(one, two, maker.store)
    assert not result.same
    assert "not a metric series" in result.problems[0].reason


def summary_of(maker, first, second):
    maker.trial(**first)
    maker.trial(**second)
    return compared(maker).summary


def test_what_it_comes_to(maker):
    out = {"outputs": {"a": b"1"}}
    other = {"outputs": {"a": b"2"}}
    assert summary_of(maker, out | {"params": {"x": 1}}, out | {"params": {"x": 2}}) == (
        "one recipe, the same results"
    )
    argv = {"argv": ("python", "b.py")}
    assert summary_of(maker, out, out | argv | {"params": {"x": 2}}) == (
        "other hyperparameters; the same results"
    )
    same = {"params": {"x": 2}}
    assert summary_of(maker, out | same, other | same) == "one recipe, and yet other outputs"
    assert summary_of(maker, out, other | argv) == "other command; other outputs"
    running = {"status": Status.FAILED}
    maker.start()
    maker.start(params={"x": 1})
    assert compared(maker).summary == "other hyperparameters; the same results"
    assert summary_of(maker, {}, running) == "one recipe, and yet other status"


def test_intent_and_recipe_are_told_and_not_counted(maker):
    maker.trial()
    maker.trial(argv=("python", "b.py"))
    maker.start(argv=("python", "c.py"))
    first, second, running = maker.trials
    both = told(diff(first, second, maker.store), "verdict")
    assert [(path, counted) for path, _, _, _, counted in both] == [("intent", False), ("recipe", False)]
    for pair in ((first, running), (running, first)):
        paths = [each.path for each in diff(*pair, maker.store).sections["verdict"]]
        assert paths == ["exit_code", "status", "intent"]


def test_the_tolerance_reaches_the_outputs(maker, monkeypatch):
    maker.trial(outputs={"a": b"1"})
    maker.trial(outputs={"a": b"2"})
    seen = []

    def own(expected, got, tolerance):
        seen.append(tolerance)
        return Comparison(same=True, exact=False, detail="near enough")

    monkeypatch.setitem(registry.COMPARATORS, "application/octet-stream", own)
    (found,) = compared(maker, tolerance=Tolerance(rtol=0.5)).sections["outputs"]
    assert (found.detail, found.counted) == ("near enough", False)
    compared(maker)
    assert seen == [Tolerance(rtol=0.5), Tolerance()]


def test_a_fault_of_a_comparator_ends_no_comparison(maker, monkeypatch):
    maker.trial(outputs={"a": b"1"})
    maker.trial(outputs={"a": b"2"})

    def faulty(expected, got, tolerance):
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(registry.COMPARATORS, "application/octet-stream", faulty)
    (found,) = compared(maker).sections["outputs"]
    told = "bytes differ from offset 0 on (compared as bytes, by a fault of ours: ZeroDivisionError: oh)"
    assert (found.detail, found.counted) == (told, True)


@pytest.mark.parametrize("side", [0, 1])
def test_a_host_or_environment_of_one_side_that_is_gone(maker, side):
    maker.trial()
    maker.host = replace(maker.host, cpu="Another CPU")
    maker.trial(environment=replace(maker.environment, python="3.12.1"))
    trial = maker.trials.ordered[side]
    maker.lose(trial.host)
    maker.lose(trial.environment)
    result = compared(maker)
    assert {each.object for each in result.problems} == {str(trial.host), str(trial.environment)}
    assert [each.path for each in result.sections["environment"]] == ["digest"]


def test_one_recipe_with_other_results_is_said(maker):
    maker.trial(outputs={"a": b"1"})
    maker.trial(outputs={"a": b"2"})
    assert compared(maker).summary == "one recipe, and yet other outputs"


def test_a_running_trial_can_be_compared(maker):
    maker.start()
    maker.trial(metrics={"loss": 1.0})
    result = compared(maker)
    assert told(result, "verdict")[0] == ("exit_code", None, 0, None, True)
    assert told(result, "metrics") == [("loss", None, 1.0, "only the second has it", True)]


@pytest.mark.parametrize("break_it", ["damage", "lose"])
def test_what_cannot_be_read_is_a_problem_and_no_end(maker, break_it):
    maker.trial(metrics={"loss": 1.0}, outputs={"a": b"1"})
    other = replace(maker.environment, python="3.12.1")
    maker.trial(metrics={"loss": 2.0}, outputs={"a": b"2"}, environment=other, code={"x": b"1"})
    _, b = maker.trials
    for digest in (b.environment, b.code[0].tree, b.outcome.series, b.outcome.outputs[0].digest):
        getattr(maker, break_it)(digest)
    result = compared(maker)
    assert {each.part for each in result.problems} == {"environment", "code", "metrics"}
    assert all(each.reason for each in result.problems)
    assert counted(result) == {
        "code": ["tree"],
        "environment": ["digest"],
        "metrics": ["loss"],
        "outputs": ["a"],
    }


def test_what_cannot_be_compared_is_not_called_the_same(maker):
    maker.trial(metrics={"loss": [(0, 1.0)]})
    maker.clock += 1
    maker.trial(metrics={"loss": [(0, 1.0)]})
    a, b = maker.trials
    assert a.outcome.series != b.outcome.series  # their times differ
    maker.lose(b.outcome.series)
    assert not compared(maker).same


def text(maker, **options):
    *_, a, b = maker.trials
    return "".join(unified(a, b, maker.store, **options))


def test_unified_text(maker):
    maker.trial(code={"a.py": b"one\ntwo\n", "b.py": b"x\n", "gone": b"1\n"})
    maker.trial(
        code={
            "a.py": b"one\n2\n",
            "b.py": b"x",
            "new \xff".encode("latin-1").decode("utf-8", "surrogateescape"): b"1\n",
        }
    )
    assert text(maker) == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
        "--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n"
        "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
        "--- /dev/null\n+++ b/new \N{REPLACEMENT CHARACTER}\n@@ -0,0 +1 @@\n+1\n"
    )
    assert text(maker, wanted=lambda path: path == "gone").startswith("--- a/gone")


def test_text_that_is_not_shown_says_why(maker):
    big = b"x" * (MAX_TEXT_BYTES + 1)
    maker.trial(code={"a.bin": b"\0", "b.txt": b"", "c.txt": b"\xff", "d.sh": b"same\n"})
    maker.trial(code={"a.bin": b"\0\0", "b.txt": big, "c.txt": b"", "d.sh": (Mode.EXECUTABLE, b"same\n")})
    assert text(maker).splitlines() == [
        "# a/a.bin and b/a.bin differ: binary",
        f"# a/b.txt and b/b.txt differ: {len(big)} bytes are too many to show",
        "# a/c.txt and b/c.txt differ: binary, or no UTF-8",
        "# d.sh: a file became an executable file",
    ]


def test_text_of_what_is_damaged(maker):
    maker.trial(code={"a": b"1"})
    maker.trial(code={"a": b"2"})
    a, b = maker.trials
    maker.damage(Digest.of(b"2"))
    assert "damaged object" in text(maker)
    assert isinstance(decode(Manifest, maker.store.get(b.code[0].tree)), Manifest)
    maker.lose(a.code[0].tree)
    assert text(maker).startswith("# the tree cannot be read: no object")


def test_carriage_returns_and_form_feeds_are_no_line_ends(maker):
    maker.trial(code={"a": b"one\x0ctwo\r\nthree\n"})
    maker.trial(code={"a": b"one\x0ctwo\nthree\n"})
    assert text(maker) == "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-one\x0ctwo\r\n+one\x0ctwo\n three\n"


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [("x", "y", "experiments"), ("x", "x", "experiments"), ("x", "@", "trials"), ("x~0", "y", "trials")],
)
def test_two_experiments_or_two_trials(maker, a, b, kind):
    ids = {"x": maker.trial(experiment="x"), "y": maker.trial(experiment="y")}
    named = maker.trial(name="named", experiment="x")
    assert compare(maker.trials, "x", "named", maker.store).b == str(named)
    maker.journal.append(Tombstone(target=named, reason="done"))
    ids |= {"@": ids["y"], "x~0": ids["x"]}
    result = compare(maker.trials, a, b, maker.store)
    assert result.kind == kind
    assert (result.a, result.b) == ((a, b) if kind == "experiments" else (str(ids[a]), str(ids[b])))
    assert result.diff.same
    with pytest.raises(NotFoundError):
        compare(maker.trials, a, "nothing", maker.store)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (math.nan, math.nan, True),
        ("1", 1, False),
        ((1, math.nan), (1.0, math.nan), True),
        ((1,), (True,), False),
        ((1,), (1, 2), False),
        ((1,), 1, False),
        (1, (1,), False),
        (1.0, math.nan, False),
        (math.nan, 1.0, False),
        (None, 0, False),
    ],
)
def test_same_values(a, b, same):
    assert same_value(a, b) is same


def watched(by, **fields):
    return Observed(affinity=1, watching=by, **fields)


def test_an_input_that_the_other_could_not_have_shown_does_not_count(maker):
    maker.trial(inputs={"data": b"1", "more": b"2"}, observed=watched("tracer"))
    maker.trial(inputs={"data": b"3"}, observed=watched("probe"))
    detail = "the second was watched less closely, and may have read it too"
    data, more = told(compared(maker), "inputs")
    assert (data[0], data[4]) == ("data", True)
    assert (more[0], more[3], more[4]) == ("more", detail, False)
    maker.trial(inputs={"data": b"3", "more": b"2"}, observed=watched("outer"))
    assert told(compared(maker), "inputs")[0][3:] == (detail.replace("second", "first"), False)
    maker.trial(inputs={"data": b"3"}, observed=watched("tracer"))
    assert counted(compared(maker)) == {"inputs": ["more"]}


def test_locks_settings_and_container_are_told_and_do_not_count(maker):
    first, second = (maker.artifacts(ArtifactRole.INPUT, {"uv.lock": each}) for each in (b"1", b"2"))
    seen = {"processes": 1}
    maker.trial(locks=first, observed=watched("tracer", settings=(("python.hash_seed", "random"),), **seen))
    maker.host = replace(maker.host, container="docker", container_image="sha256:1")
    maker.trial(locks=second, observed=watched("tracer", settings=(("python.hash_seed", "0"),), **seen))
    result = compared(maker)
    assert result.same
    assert [(each.path, each.expected, each.got) for each in result.sections["environment"]] == [
        ("lock file uv.lock", str(first[0].digest), str(second[0].digest)),
        ("setting python.hash_seed", "random", "0"),
        ("host container", None, "docker"),
        ("host container image", None, "sha256:1"),
    ]
