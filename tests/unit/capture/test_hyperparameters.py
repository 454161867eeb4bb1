import argparse
import json
import math
from pathlib import Path

import pytest
import yaml

from ledger.capture import command_line, configuration_files
from ledger.capture.events import Events, Parameter, Parse, ParsedValue
from ledger.capture.hyperparameters import from_argv, from_option, merge
from ledger.capture.secrets import Secrets
from ledger.errors import UsageError
from ledger.model import HyperparameterRole, HyperparameterType

ROOT = Path("/")


def read(line, directory=ROOT):
    return {each.name: each.value for each in merge(from_argv(line.split(" "), directory))}


def parse(*values, where="/home/ann/train.py:9", process=1, rest=()):
    return Parse(process=process, parser="train.py", where=where, values=values, rest=rest)


def value(name, value, *, given, type=None, opaque=False):
    return ParsedValue(name=name, value=value, type=type, given=given, opaque=opaque)


def call(name, value, *, role=None, type=None):
    return Parameter(process=1, name=name, value=value, type=type, role=role)


def found(argv, *parses, parameters=(), options=(), directory=ROOT):
    events = Events(parses=parses, parameters=parameters)
    return {each.name: each for each in merge(from_argv(argv, directory), options, events)}


# The form of a command line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--lr 0.1", {"lr": 0.1}),
        ("--lr=0.1", {"lr": 0.1}),
        ("-lr 0.1", {"lr": 0.1}),
        ("-x 3", {"x": 3}),
        ("-x=3", {"x": 3}),
        ("-n5 -p0.5", {"n": 5, "p": 0.5}),
        ("--learning-rate 1e-3", {"learning_rate": 0.001}),
        ("--amp", {"amp": True}),
        ("--no-amp --no-cuda", {"amp": False, "cuda": False}),
        ("--amp false", {"amp": False}),
        ("--x -1 --y -.5 --z -1e3 --w -inf", {"x": -1, "y": -0.5, "z": -1000.0, "w": -math.inf}),
        ("--layers 64 32 --act relu", {"layers": (64, 32), "act": "relu"}),
        ("--layer 64 --layer 32", {"layer": (64, 32)}),
        ("-v -v", {"v": True}),
        ("--layers=[64,32] --none=[] --mixed=[a,1]", {"layers": (64, 32), "none": (), "mixed": ("a", 1)}),
        ("--name= --other", {"name": "", "other": True}),
        (
            "lr=0.1 optimizer.lr=1 +new.key=a ++b=true ~gone ~c=1",
            {"lr": 0.1, "optimizer.lr": 1, "new.key": "a", "b": True},
        ),
        ("db/mysql=x model@here=y", {"db/mysql": "x", "model@here": "y"}),
        ("lr=0.1 lr=0.2", {"lr": 0.2}),
        ("--multirun lr=0.1", {"lr": 0.1}),
        ("--set lr=0.1 --tag a b=1", {"lr": 0.1, "tag": "a", "b": 1}),
        ("--key YWJjZA== --x 1", {"key": "YWJjZA==", "x": 1}),
        ("data.csv 7 out", {}),
        ("--a 1 -- --b 2 c=3", {"a": 1}),
        ("-", {}),
        ("--in - --out -", {"in": "-", "out": "-"}),
        ("--=3 --- -- x", {}),
        (
            "--version 007 --date 2024-01-31 --hex 0x10",
            {"version": "007", "date": "2024-01-31", "hex": "0x10"},
        ),
        ("--big 99999999999999999999 --nan nan", {"big": "99999999999999999999", "nan": math.nan}),
        ("--flag True --other None", {"flag": True, "other": "None"}),
    ],
)
def test_forms(words, expected):
    assert repr(sorted(read(f"python train.py {words}").items())) == repr(sorted(expected.items()))


@pytest.mark.parametrize(
    "command",
    [
        "train.py",
        "./train.py",
        "train",
        "python train.py",
        "python3.11 -u train.py",
        "python -W ignore -X dev -Wdefault train.py",
        "python -m pkg.train",
        "python -um pkg.train",
        "python -mpkg",
        "python -c print(1)",
        "python -Ec print(1)",
        "python -",
        "/usr/bin/env python train.py",
        "env A=1 B=2 python train.py",
        "nice -n 5 python train.py",
        "timeout -k 5 10 python train.py",
        "bash run.sh",
        "bash -x run.sh",
        "uv run train.py",
        "uv run --with numpy python train.py",
        "poetry run python train.py",
        "conda run -n base python train.py",
        "torchrun --nproc_per_node 2 train.py",
        "torchrun --nproc_per_node 2 -m pkg.train",
        "python -m torch.distributed.run --nproc_per_node=2 train.py",
        "python -m torch.distributed.launch --use_env train.py",
        "accelerate launch --num_processes 2 --mixed_precision fp16 train.py",
        "python -m accelerate.commands.launch --num_processes 2 train.py",
        "deepspeed --num_gpus 2 train.py",
        "mpirun -np 4 python train.py",
        "srun -n 4 --gres gpu:1 python -u train.py",
        "python -m coverage run --branch train.py",
        "python -m cProfile -o out train.py",
    ],
)
def test_options_of_what_comes_before_the_script_are_not_its_own(command):
    assert read(f"{command} --lr 0.1") == {"lr": 0.1}


@pytest.mark.parametrize(
    "command", ["", "python", "python -m", "python -W", "uv", "env", "bash -c x", "torchrun"]
)
def test_a_command_without_arguments_has_none(command):
    assert read(command) == {}


def test_types_come_from_values():
    types = {
        each.name: each.type.value
        for each in merge(from_argv(["p", "--i", "1", "--f", "1.", "--t", "a", "--b", "--l", "1", "2"], ROOT))
    }
    assert types == {"i": "integer", "f": "real", "t": "categorical", "b": "boolean", "l": "categorical"}


# -p


def test_an_option_is_a_name_and_a_value():
    assert from_option("lr=0.1") == ("lr", 0.1)
    assert from_option("note=a=b") == ("note", "a=b")


@pytest.mark.parametrize("text", ["", "lr", "=1", " =1"])
def test_an_option_without_them_is_an_error_that_teaches(text):
    with pytest.raises(UsageError, match="NAME=VALUE"):
        from_option(text)


# Who is believed


def test_each_source_counts_before_the_next(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(dict.fromkeys("abcdef", "file")))
    argv = ["python", "train.py", "--config", "c.json", "a=raw", "b=raw", "c=raw", "d=raw"]
    parsed = parse(
        value("config", "c.json", given=True),
        value("a", "given", given=True),
        value("b", "given", given=True),
        value("c", "given", given=True),
        value("e", "default", given=False),
        value("g", "default", given=False),
    )
    result = found(
        argv,
        parsed,
        parameters=(call("a", "call"),),
        options=[("b", "option"), ("a", "option")],
        directory=tmp_path,
    )
    assert {name: (each.value, each.source) for name, each in result.items()} == {
        "a": ("call", "call"),
        "b": ("option", "option"),
        "c": ("given", "argument"),
        "config": ("c.json", "argument"),
        "d": ("raw", "argument"),
        "e": ("file", "file:c.json"),
        "f": ("file", "file:c.json"),
        "g": ("default", "default"),
    }
    assert list(result) == sorted(result)


def test_what_argparse_read_replaces_the_form_of_options():
    argv = ["train.py", "--learn", "1", "-b", "32", "--disable-amp", "data", "--layers", "1", "2"]
    result = found(
        argv,
        parse(
            value("learning_rate", 1.0, given=True, type=HyperparameterType.REAL),
            value("batch_size", 32, given=True),
            value("amp", False, given=True),
            value("layers", (1, 2), given=True),
            value("path", "data", given=True),
        ),
    )
    assert {name: each.value for name, each in result.items()} == {
        "learning_rate": 1.0,
        "batch_size": 32,
        "amp": False,
        "layers": (1, 2),
        "path": "data",
    }


def test_what_no_parser_took_is_read_by_its_form():
    argv = ["train.py", "--lr", "1", "--other", "2", "--third", "3", "x=4"]
    first = parse(value("lr", 1, given=True), rest=("--other", "2", "--third", "3", "x=4"))
    second = parse(value("other", 2, given=True), rest=("--third", "3"))
    assert {name: each.value for name, each in found(argv, first, second).items()} == {
        "lr": 1,
        "other": 2,
        "third": 3,
        "x": 4,
    }


def test_a_parser_that_was_given_nothing_says_nothing_of_the_command_line():
    result = found(["train.py", "--lr", "1"], parse(value("width", 3, given=False)))
    assert {name: (each.value, each.source) for name, each in result.items()} == {
        "lr": (1, "argument"),
        "width": (3, "default"),
    }


def test_an_argparse_that_does_not_tell_what_was_given_leaves_it_to_the_form():
    parsed = parse(value("lr", 1.0, given=None), value("width", 3, given=None), rest=None)
    result = found(["train.py", "--lr", "1"], parsed)
    assert {name: each.source for name, each in result.items()} == {"lr": "argument", "width": "default"}


@pytest.mark.parametrize(
    "where",
    [
        "/v/lib/python3.11/site-packages/torch/distributed/run.py:900",
        "/v/lib/python3.11/site-packages/hydra/_internal/utils.py:300",
        "/v/lib/python3.11/site-packages/joblib/externals/loky/backend/popen_loky_posix.py:180",
        "/usr/lib/python3.11/cProfile.py:170",
    ],
)
def test_parsers_of_tools_around_the_program_are_left_out(where):
    tool = parse(value("nproc_per_node", 2, given=True), where=where)
    assert {name: each.value for name, each in found(["train.py", "--lr", "1", "a=2"], tool).items()} == {
        "lr": 1,
        "a": 2,
    }


def test_of_many_processes_the_first_counts_and_in_it_the_last():
    parses = (
        parse(value("rank", 0, given=True), value("lr", 1, given=False)),
        parse(value("lr", 2, given=True)),
        parse(
            value("rank", 1, given=True), value("lr", 3, given=True), value("own", 4, given=True), process=2
        ),
    )
    assert {name: each.value for name, each in found(["train.py"], *parses).items()} == {
        "rank": 0,
        "lr": 2,
        "own": 4,
    }


def test_a_real_that_was_written_as_an_integer_is_a_real():
    parsed = parse(
        value("lr", 1, given=False, type=HyperparameterType.REAL),
        value("betas", (0, 0.999), given=False, type=HyperparameterType.REAL),
        value("warmup", None, given=False, type=HyperparameterType.REAL),
        value("f", "torch.nn.relu", given=False, type=HyperparameterType.REAL, opaque=True),
    )
    result = found(["train.py"], parsed)
    assert repr(result["lr"].value) == "1.0"
    assert repr(result["betas"].value) == "(0.0, 0.999)"
    assert [result[name].type.value for name in ("lr", "warmup", "f")] == ["real", "real", "categorical"]


def test_roles():
    result = found(
        ["train.py", "--seed", "1", "--use-seed", "--np_seed=true", "a=1"],
        parameters=(
            call("depth", 3, role=HyperparameterRole.MODEL),
            call("a", 2, role=HyperparameterRole.SEED),
            call("random_state", 3, role=HyperparameterRole.ALGORITHM),
        ),
        options=[("split_seed", None)],
    )
    assert {name: each.role and each.role.value for name, each in result.items()} == {
        "a": "seed",
        "depth": "model",
        "np_seed": None,
        "random_state": "algorithm",
        "seed": "seed",
        "split_seed": "seed",
        "use_seed": None,
    }


def test_secrets_are_masked_wherever_they_were_seen(tmp_path):
    (tmp_path / "c.toml").write_text('a = "hunter2"\nb = ["x", "hunter2"]\n[site]\npassword = "qwertyuiop"\n')
    secrets = Secrets.find(["train.py", "--config=c.toml"], {"DB_PASSWORD": "hunter2", "USER": "ann"})
    events = Events(
        parses=(parse(value("key", "hunter2", given=True), value("pad_token", "[PAD]", given=True)),),
        parameters=(call("k", "my hunter2"), call("url", "https://ann:s3cr3t-pass@host/x")),
    )
    result = {
        each.name: each.value
        for each in merge(from_argv(secrets.argv, tmp_path), (), events, secrets=secrets)
    }
    assert "s3cr3t-pass" not in result.pop("url")
    assert result == {
        "a": "secret:DB_PASSWORD",
        "b": ("x", "secret:DB_PASSWORD"),
        "site.password": "secret:SITE_PASSWORD",
        "k": "my secret:DB_PASSWORD",
        "key": "secret:DB_PASSWORD",
        "pad_token": "[PAD]",
    }


def test_the_form_agrees_with_argparse_on_its_usual_shapes():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("-n", type=int)
    parser.add_argument("--layers", type=int, nargs="*")
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction)
    parser.add_argument("--verbose", action="store_true")
    argv = ["--learning-rate", "1e-2", "-n5", "--layers", "1", "-2", "--no-amp", "--verbose"]
    expected = {
        name: tuple(each) if isinstance(each, list) else each
        for name, each in vars(parser.parse_args(argv)).items()
    }
    assert {word.name: word.value for word in command_line.words(argv)} == expected


# Configuration files


YAML = """
optimizer: &opt {name: adam, lr: 1e-3, betas: [0.9, 0.999]}
again:
  <<: *opt
  lr: 0.5
yes: on
text: "1e-3"
date: 2024-01-31
layers:
  - {size: 64}
  - {size: 32}
empty: {}
none: []
1: one
strange: !Thing x
null_value: ~
"""


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "c.json",
            '\ufeff{"a": {"b": 1, "c": [1, 2.5, "x", null]}, "d": true, "e": NaN}',
            {"a.b": 1, "a.c": (1, 2.5, "x", None), "d": True, "e": math.nan},
        ),
        (
            "c.toml",
            "seed = 3\n[model]\ndepth = 2\nday = 2024-01-31\n[[model.layers]]\nsize = 1\n",
            {"seed": 3, "model.depth": 2, "model.day": "2024-01-31", "model.layers.0.size": 1},
        ),
        (
            "C.YAML",
            YAML,
            {
                "optimizer.name": "adam",
                "optimizer.lr": 0.001,
                "optimizer.betas": (0.9, 0.999),
                "again.name": "adam",
                "again.lr": 0.5,
                "again.betas": (0.9, 0.999),
                "True": True,
                "text": "1e-3",
                "date": "2024-01-31",
                "layers.0.size": 64,
                "layers.1.size": 32,
                "none": (),
                "1": "one",
                "strange": "x",
                "null_value": None,
            },
        ),
        ("c.yml", "", {}),
        ("c.json", "[1, 2]", {}),
    ],
)
def test_files_become_flat_names(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    raw = from_argv(["python", "train.py", name], tmp_path)
    assert raw.problems == ()
    assert repr(sorted((each.name, each.value) for each in raw.files)) == repr(sorted(expected.items()))
    assert {each.source for each in raw.files} <= {f"file:{name}"}


@pytest.mark.parametrize(
    "words", ["c.json", "--config c.json", "--config=c.json", "conf=c.json", "-c c.json d.json"]
)
def test_files_are_found_where_they_are_named(tmp_path, words):
    (tmp_path / "c.json").write_text('{"lr": 0.5}')
    raw = from_argv(["python", "train.py", *words.split()], tmp_path)
    assert [(each.name, each.source) for each in raw.files] == [("lr", "file:c.json")]


def test_yaml_needs_no_library_in_c(tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text(YAML)
    (tmp_path / "d.yaml").write_text(bomb(merge=True))
    fast = from_argv(["train.py", "c.yaml", "d.yaml"], tmp_path)
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = from_argv(["train.py", "c.yaml", "d.yaml"], tmp_path)
    assert (slow.files, len(slow.problems)) == (fast.files, 1)


def test_the_later_file_counts(tmp_path):
    (tmp_path / "a.json").write_text('{"lr": 1, "x": 1}')
    (tmp_path / "b.json").write_text('{"lr": 2}')
    result = found(["train.py", "a.json", "b.json"], directory=tmp_path)
    assert (result["lr"].value, result["lr"].source, result["x"].value) == (2, "file:b.json", 1)


def bomb(merge):
    lines = ["a0: &a0 {" + ", ".join(f"k{key}: 1" for key in range(9)) + "}"]
    for level in range(1, 10):
        below = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {{<<: [{below}]}}" if merge else f"a{level}: &a{level} [{below}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.json", "{"),
        ("c.json", "[" * 100_000),
        ("c.json", '{"a":' * 40 + "1" + "}" * 40),
        ("c.json", '{"a": ' + "9" * 5000 + "}"),
        ("c.json", json.dumps({str(key): key for key in range(2001)})),
        ("c.json", json.dumps({"a": list(range(2001))})),
        ("c.json", b"\xff\xfe"),
        ("c.toml", "a = "),
        ("c.toml", "a = " + "[" * 5000),
        ("c.toml", "a." * 100_000 + "a = 1"),
        ("c.yaml", "a: b: c"),
        ("c.yaml", "a: 1\n---\nb: 2"),
        ("c.yaml", "a: *nobody"),
        ("c.yaml", "- " * 300_000),
        ("c.yaml", "[" * 300_000),
        ("c.yaml", "a: &a [*a]"),
        ("c.yaml", "a: &a {<<: *a}"),
        ("c.yaml", bomb(merge=False)),
        ("c.yaml", bomb(merge=True)),
        ("c.yaml", "\x00"),
        ("c.yaml", "a: " + "[x, " * 30 + "]" * 30 + "\n" + "- {}\n" * 60_000),
    ],
)
def test_files_that_are_no_configuration_are_a_problem(tmp_path, name, content):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    raw = from_argv(["train.py", name, "--lr", "1"], tmp_path)
    assert raw.files == ()
    (problem,) = raw.problems
    assert problem.startswith(f"{name} was not read: ")
    assert len(problem) < 300
    assert [word.name for word in raw.words] == ["lr"]


def test_what_is_no_file_that_can_be_read_is_only_a_word(tmp_path):
    (tmp_path / "d.json").mkdir()
    (tmp_path / "large.json").write_bytes(b"{}" + b" " * configuration_files.MOST_BYTES)
    words = ["gone.json", "d.json", "large.json", "a\0.json", "x" * 5000 + ".json", "--c=", ".json"]
    raw = from_argv(["train.py", *words], tmp_path)
    assert (raw.files, raw.problems) == ((), ())
