"""Which parses count, and what roles and sources come of them."""

from pathlib import Path

import pytest

from ledger.capture.configuration_files import ConfigurationFile
from ledger.capture.events import Events, Parameter, Parse, ParsedValue, Process
from ledger.capture.hyperparameters import from_argv, merge
from ledger.capture.parses import ambiguous, of_program
from ledger.model import HyperparameterRole, HyperparameterType, SeededGenerator
from ledger.model.config import HyperparametersConfig

INSTALLED = "/v/lib/python3.11/site-packages/"


def value(name, value=1, *, given=True, type=None, environment=False):
    return ParsedValue(name=name, value=value, type=type, given=given, opaque=False, environment=environment)


def parse(where, *values, process=1, installed=False, rest=()):
    return Parse(
        process=process,
        parser="p",
        where=where,
        values=values or (value("x"),),
        rest=rest,
        installed=installed,
    )


def process(pid):
    return Process(
        pid=pid,
        ppid=None,
        executable="",
        prefix=None,
        base_prefix=None,
        version="3.11.0",
        implementation=None,
    )


def counted(*parses, processes=(1, 2)):
    return of_program(Events(parses=parses, processes=tuple(map(process, processes))))


def test_values_that_differ_between_processes_are_ambiguous_where_one_was_given():
    here = [parse("/w/a.py:3", value("lr", lr), value("rank", lr), process=lr) for lr in (1, 2)]
    assert ambiguous(here) == ["lr"]
    assert ambiguous([here[0], here[0]._replace(process=2)]) == []
    assert ambiguous([here[0], here[1]._replace(process=1)]) == []  # in one process the last counts
    assert ambiguous([here[0], here[1]._replace(where="/w/b.py:3")]) == []
    assert ambiguous([here[0], here[1]._replace(where=None)]) == []
    times = [parse("/w/a.py:3", value("run", pid, given=False), process=pid) for pid in (1, 2)]
    assert ambiguous(times) == []
    assert ambiguous([here[0], parse("/w/a.py:3", value("lr", 3, given=False), process=3)]) == ["lr"]


def found(*parses, argv=("train.py",), roles=None, opened=(), **events):
    raw = from_argv(argv, Path("/"), roles)
    merged = merge(raw, (), Events(parses=parses, **events), opened=opened)
    return {each.name: each for each in merged}


def roles(hyperparameters):
    return {name: each.role and each.role.value for name, each in hyperparameters.items()}


def test_commands_of_jupyter_are_tools_and_programs_of_traitlets_are_none():
    where = INSTALLED + "traitlets/config/loader.py:9"
    assert counted(parse(where, installed=True)) == ()
    own = parse(where, value("Fit__DOT__rate", 0.1), value("_flags", []))
    assert counted(own) == (own,)
    assert list(found(own)) == ["Fit.rate"]


def test_an_installed_command_counts_only_where_the_program_parses_nothing():
    tool = parse(INSTALLED + "tool/cli.py:3", installed=True)
    own = parse("/home/ann/train.py:3", process=2)
    assert counted(tool, own) == (own,)
    assert counted(tool) == (tool,)


def test_a_library_that_parses_for_the_program_is_no_tool():
    lightning = parse(INSTALLED + "lightning/pytorch/cli.py:300")
    assert counted(lightning) == (lightning,)


def test_of_installed_commands_the_first_process_and_its_package_count():
    first = parse(INSTALLED + "axolotl/cli/main.py:3", installed=True)
    again = parse(INSTALLED + "axolotl/cli/train.py:9", installed=True)
    other = parse(INSTALLED + "celery/bin.py:9", installed=True)
    later = parse(INSTALLED + "axolotl/cli/train.py:3", process=2, installed=True)
    assert counted(first, other, again, later) == (first, again)


def test_a_worker_that_parses_is_not_its_program():
    worker = parse(INSTALLED + "workers/default.py:3", process=2, installed=True)
    assert counted(worker) == ()


def test_what_a_launcher_starts_is_the_program():
    launcher = parse(INSTALLED + "accelerate/commands/launch.py:3", installed=True)
    started = parse(INSTALLED + "axolotl/cli/train.py:3", process=2, installed=True)
    assert counted(launcher, started) == (started,)


@pytest.mark.parametrize(
    ("where", "tool"),
    [
        (INSTALLED + "ray/scripts/scripts.py:3", True),
        (INSTALLED + "uvicorn/main.py:3", True),
        ("/usr/lib64/python3.11/timeit.py:3", True),
        ("/usr/lib/python3.11/unittest/main.py:3", True),
        ("/src/pytorch/torch/distributed/run.py:3", True),
        ("/home/ann/hydra/train.py:3", False),
        ("/home/ann/ray/profile.py:3", False),
        ("/home/ann/trace.py:3", False),
        (INSTALLED + "simple_parsing/parsing.py:3", False),
        (None, False),
    ],
)
def test_tools_are_known_by_their_place(where, tool):
    assert counted(parse(where)) == (() if tool else (parse(where),))


def test_a_value_from_a_variable_says_so():
    result = found(parse(None, value("lr", environment=True), value("n", given=False)))
    assert {name: each.source for name, each in result.items()} == {"lr": "environment", "n": "default"}


def test_settings_of_hydra_are_no_hyperparameters():
    assert set(found(argv=("train.py", "lr=1", "hydra.run.dir=x", "hydra/launcher=joblib", "hydrant=1"))) == {
        "lr",
        "hydrant",
    }


def test_files_that_were_opened_come_between_those_named_and_defaults(tmp_path):
    (tmp_path / "c.json").write_text('{"a": "named"}')
    opened = (
        ConfigurationFile(path="x.yaml", values=(("a", 1), ("b", 1), ("c", 1), ("d", 1))),
        ConfigurationFile(path="y.yaml", values=(("d", 2),)),
    )
    parsed = parse(None, value("b", "given"), value("c", "default", given=False))
    raw = from_argv(["train.py", "c.json"], tmp_path)
    result = merge(raw, (), Events(parses=(parsed,)), opened=opened)
    assert {each.name: (each.value, each.source) for each in result} == {
        "a": ("named", "file:c.json"),
        "b": ("given", "argument"),
        "c": (1, "file:x.yaml"),
        "d": (2, "file:y.yaml"),
    }


# Roles


def test_configured_roles():
    configured = HyperparametersConfig(
        model=("units*", "depth"), algorithm=("lr", "units_lr", "seed"), seed=("rs", "*_rs")
    )
    names = ("units1", "units_lr", "depth", "lr", "seed", "rs", "a_rs", "other", "np_seed")
    assert roles(found(parse(None, *map(value, names)), roles=configured)) == {
        "a_rs": "seed",
        "depth": "model",
        "lr": "algorithm",
        "np_seed": "seed",
        "other": None,
        "rs": "seed",
        "seed": "algorithm",
        "units1": "model",
        "units_lr": "algorithm",
    }


def test_the_role_of_a_call_counts_before_the_configured_one():
    call = Parameter(
        process=1,
        name="lr",
        value=1,
        type=HyperparameterType.INTEGER,
        role=HyperparameterRole.MODEL,
    )
    configured = HyperparametersConfig(algorithm=("lr",))
    assert roles(found(parameters=(call,), roles=configured)) == {"lr": "model"}


def test_what_was_seen_to_seed_is_a_seed_if_its_name_hints_so():
    def seeded(number, enforced=False):
        return SeededGenerator(generator="random", value=number, enforced=enforced, where="train.py:3")

    parsed = parse(None, value("rs", 7), value("epochs", 7), value("rng", 8), value("r", 9), value("s", True))
    result = found(parsed, seeded=(seeded("7"), seeded("9", enforced=True), seeded("True")))
    assert roles(result) == {"epochs": None, "r": None, "rng": None, "rs": "seed", "s": None}
