"""What a child reported, and how it was called, is read without an error, whatever it is."""

import argparse
import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ledger.capture import command_line, configuration_files, events, metrics, seeds
from ledger.capture.hyperparameters import Raw, from_argv, merge
from ledger.capture.observed import observed
from ledger.model.codec import encode

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)  # lone surrogates too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FITTING = [
    [{"name": "lr", "value": "NaN", "type": "real", "given": True, "default": 1}],
    [{"library": "l", "api": "openmp", "threads": 2, "version": None}],
    {"threads": 4, "version": "2"},
    "real",
    ["--x"],
    "seed",
    7,
]
KINDS = ["process", "arguments", "param", "artifact", "seed", "seeded", "enforced", "entropy", "observed"]
FIELDS = {
    *("pid", "ppid", "executable", "prefix", "base_prefix", "version", "implementation", "parser", "where"),
    *(
        "values",
        "rest",
        "name",
        "value",
        "type",
        "role",
        "path",
        "generator",
        "threads",
        "libraries",
        "torch",
    ),
}
EVENTS = st.builds(
    lambda kind, fields: {**fields, "event": kind},
    st.sampled_from([*KINDS, "report", "probe_error", "record_error", "x"]),
    st.dictionaries(st.sampled_from(sorted(FIELDS)), JSON | st.sampled_from(FITTING), max_size=8),
)
LINES = (EVENTS | JSON).map(lambda each: json.dumps(each).encode() + b"\n") | st.binary(max_size=30)
WORDS = (
    st.text(max_size=12)
    | st.binary(max_size=8).map(lambda each: each.decode(errors="surrogateescape"))
    | st.sampled_from(
        [
            "--lr",
            "--lr=0.1",
            "-x",
            "-1",
            "1e-3",
            "a.b=[1,2]",
            "+a=1",
            "~a",
            "--",
            "-m",
            "python",
            "env",
            "uv",
            "x.py",
        ]
    )
)


@given(st.lists(LINES, max_size=8))
def test_whatever_a_child_says_becomes_events_or_problems(lines):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "events-7-0.jsonl").write_bytes(b"".join(lines))
        found = events.read(Path(folder))
    # And what became an event fits into the record.
    for each in merge(Raw(), (), found):
        encode(each)
    encode(observed(found, affinity=1))


@given(st.lists(WORDS, max_size=8))
def test_any_command_line_is_read(argv):
    for each in merge(from_argv(argv, Path("/"))):
        encode(each)


@given(
    lr=st.floats(allow_nan=False),
    epochs=st.integers(-(1 << 62), 1 << 62),
    name=st.text("abcxyz_", min_size=1, max_size=8),
    layers=st.lists(st.integers(-99, 99), min_size=2, max_size=4),
    amp=st.booleans(),
    joined=st.booleans(),
)
def test_the_form_of_a_command_line_says_what_argparse_makes_of_it(lr, epochs, name, layers, amp, joined):
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("-name")
    parser.add_argument("--layers", type=int, nargs="+")
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction)
    rate = repr(lr)
    argv = [f"--learning-rate={rate}", f"--epochs={epochs}"] if joined else ["--epochs", str(epochs)]
    argv += ["-name", name, "--layers", *map(str, layers), "--amp" if amp else "--no-amp"]
    expected = {key: value for key, value in vars(parser.parse_args(argv)).items() if value is not None}
    expected["layers"] = tuple(expected["layers"])
    if name in ("inf", "nan"):
        return
    assert {word.name: word.value for word in command_line.words(argv)} == expected


@given(JSON, st.sampled_from(["json", "yaml", "toml"]), st.binary(max_size=60))
def test_any_file_is_a_configuration_or_a_problem(document, suffix, noise):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"a.{suffix}").write_text(json.dumps(document))
        (Path(folder) / f"b.{suffix}").write_bytes(noise)
        found = configuration_files.named([f"a.{suffix}", f"--x=b.{suffix}"], Path(folder))
    assert [each.path for each in found] == [f"a.{suffix}", f"b.{suffix}"]
    for each in found:
        assert not (each.problem and each.values)


@given(JSON | st.lists(st.dictionaries(st.sampled_from(["step", "loss"]), JSON)), st.binary(max_size=60))
def test_any_metrics_file_becomes_points_or_a_problem(document, noise):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "metrics.json").write_text(json.dumps(document))
        (Path(folder) / "b").mkdir()
        (Path(folder) / "b" / "metrics.json").write_bytes(noise)
        found = metrics.from_files(Path(folder), ["b/metrics.json", "metrics.json"])
    for each in found.points:
        each.name.encode()
        assert each.name
        assert len(each.steps) == len(each.values) > 0


@given(st.integers(0, seeds.LARGEST))
def test_python_takes_the_hash_seed_of_any_seed(seed):
    variables = seeds.variables_for(seeds.parse(str(seed)))
    assert int(variables["LEDGER_SEED"]) == seed
    assert 0 <= int(variables["PYTHONHASHSEED"]) <= 4294967295
