"""What other libraries than argparse make of a command line, in real programs."""

import subprocess
import sys

import pytest


def told(run, event=None):
    event = event or run.only("arguments")
    return {each["name"]: (each["value"], each["type"], each["given"]) for each in event["values"]}


def go(run, text, *arguments, **options):
    script = run.write("train.py", text)
    run.same(script, *arguments, **options)
    return script


CLICK = """
import click
@click.command()
@click.option("--lr", "--learning-rate", type=float, default="0.1")
@click.option("--epochs", type=click.IntRange(1), default=3)
@click.option("--dropout", type=float)
@click.option("--fast/--slow", default=False)
@click.option("--layers", type=int, multiple=True, default=(8, 8))
@click.option("--optimizer", type=click.Choice(["sgd", "adam"]), default="sgd")
@click.option("--token", default="a", hide_input=True)
@click.option("--warmup", type=int, envvar="WARMUP")
@click.option("--made", default=lambda: 5)
@click.option("-v", "verbose", count=True)
@click.argument("data", type=click.Path())
@click.version_option("1")
def main(**options):
    print(options)
main()
"""


def test_click(run):
    script = go(run, CLICK, "--lr", "1", "--layers", "4", "d.csv", "--optimizer=adam", WARMUP="7")
    event = run.only("arguments")
    assert (event["parser"], event["where"], event["rest"]) == ("train.py", f"{script}:3", [])
    assert "installed" not in event
    assert told(run) == {
        "lr": (1.0, "real", True),
        "epochs": (3, "integer", False),
        "dropout": (None, "real", False),
        "fast": (False, "boolean", False),
        "layers": ([4], "integer", True),
        "optimizer": ("adam", "categorical", True),
        "token": (None, "categorical", False),
        "warmup": (7, "integer", True),
        "made": ("5", "categorical", False),
        "verbose": (0, "integer", False),
        "data": ("d.csv", "categorical", True),
    }
    values = run.values()
    assert values["lr"]["default"] == 0.1
    assert values["layers"]["default"] == [8, 8]
    assert values["token"]["opaque"] is True
    assert values["warmup"]["source"] == "environment"


GROUP = """
import click
@click.group(chain=CHAIN)
@click.option("--seed", default=1)
def main(seed): print(seed)
@main.command()
@click.option("--lr", default=0.1)
@click.option("--seed", default=2)
def fit(lr, seed): print(lr, seed)
@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--lr", default=0.5)
@click.pass_context
def test(context, lr): print(lr, context.args)
main()
"""


def test_commands_of_a_group_do_not_hide_one_another(run):
    go(run, GROUP.replace("CHAIN", "False"), "--seed", "3", "fit", "--lr", "1")
    outer, inner = run.events("arguments")
    assert told(run, outer) == {"seed": (3, "integer", True)}
    assert told(run, inner) == {"lr": (1.0, "real", True), "fit.seed": (2, "integer", False)}
    assert (outer["rest"], inner["rest"]) == ([], [])


def test_chained_commands(run):
    go(run, GROUP.replace("CHAIN", "True"), "fit", "test", "--lr", "2")
    _, fit, test = run.events("arguments")
    assert told(run, fit)["lr"] == (0.1, "real", False)
    assert told(run, test) == {"test.lr": (2.0, "real", True)}


def test_words_that_a_click_command_leaves(run):
    go(run, GROUP.replace("CHAIN", "False"), "test", "--other", "1")
    assert run.events("arguments")[1]["rest"] == ["--other", "1"]


def test_click_that_fails_or_helps_tells_nothing(run):
    go(run, CLICK, "--epochs", "0", "d.csv")
    go(run, CLICK, "--help")
    assert not run.events("arguments")


TYPER = """
import enum
from pathlib import Path
from typing import List, Optional
import typer
class Kind(str, enum.Enum):
    sgd = "sgd"
    adam = "adam"
app = typer.Typer()
@app.callback()
def root(seed: int = 1): pass
@app.command()
def fit(data: Path, lr: float = 0.1, epochs: int = typer.Option(3, min=1), kind: Kind = Kind.sgd,
        layers: List[int] = [8], name: Optional[str] = None, amp: bool = False):
    print(data, lr, epochs, kind, layers, name, amp)
@app.command()
def other(): pass
app()
"""


def test_typer(run):
    go(run, TYPER, "fit", "d.csv", "--lr", "2", "--kind", "adam", "--amp")
    outer, inner = run.events("arguments")
    assert told(run, outer) == {"seed": (1, "integer", False)}
    found = told(run, inner)
    assert found["kind"][2] is True
    assert "adam" in found.pop("kind")[0]
    assert found == {
        "data": ("d.csv", "categorical", True),
        "lr": (2.0, "real", True),
        "epochs": (3, "integer", False),
        "layers": ([8], "integer", False),
        "name": (None, "categorical", False),
        "amp": (True, "boolean", True),
    }
    assert inner["where"].endswith("/train.py:12")


def test_typer_run(run):
    go(run, "import typer\ndef main(lr: float = 0.1): print(lr)\ntyper.run(main)\n", "--lr", "3")
    assert told(run) == {"lr": (3.0, "real", True)}


ABSL = """
from absl import app, flags
FLAGS = flags.FLAGS
flags.DEFINE_float("lr", 0, "")
flags.DEFINE_integer("epochs", 3, "")
flags.DEFINE_bool("amp", True, "")
flags.DEFINE_list("layers", ["a", "b"], "")
flags.DEFINE_multi_integer("widths", [1, 2], "")
flags.DEFINE_enum("kind", "sgd", ["sgd", "adam"], "")
flags.DEFINE_string("name", None, "")
def main(argv):
    print(argv, FLAGS.lr)
app.run(main)
"""


def test_absl(run):
    script = go(run, ABSL, "--lr=1", "--noamp", "rest", "--kind", "adam", "--verbosity=1")
    event = run.only("arguments")
    assert event["where"] == f"{script}:13"
    assert event["rest"] == ["rest"]
    assert told(run) == {
        "lr": (1.0, "real", True),
        "epochs": (3, "integer", False),
        "amp": (False, "boolean", True),
        "layers": (["a", "b"], "categorical", False),
        "widths": ([1, 2], "integer", False),
        "kind": ("adam", "categorical", True),
        "name": (None, "categorical", False),
        "verbosity": (1, "integer", True),
    }
    assert run.values()["lr"]["default"] == 0


FIRE = """
import fire
class Train:
    def __init__(self, seed=1): self.seed = seed
    def fit(self, lr, epochs=3, **more): print(lr, epochs, more, self.seed)
fire.Fire(Train)
"""


def test_fire(run):
    script = go(run, FIRE, "--seed=7", "fit", "0.5", "--width=8")
    first, second = run.events("arguments")
    assert told(run, first) == {"seed": (7, "integer", True)}
    assert told(run, second) == {
        "lr": (0.5, "real", True),
        "epochs": (3, "integer", False),
        "width": (8, "integer", True),
    }
    assert second["where"] == f"{script}:6"


TYRO = """
import dataclasses, enum
from typing import Literal, Tuple, Union
import tyro
@dataclasses.dataclass
class Adam:
    lr: float = 0.1
    betas: Tuple[float, float] = (0.9, 0.99)
@dataclasses.dataclass
class Sgd:
    lr: float = 1.0
    momentum: float = 0
@dataclasses.dataclass
class Config:
    data: str
    adam: Adam = dataclasses.field(default_factory=Adam)
    epochs: int = 3
    kind: Literal["a", "b"] = "a"
    amp: bool = False
"""


def test_tyro_dataclass(run):
    script = go(run, TYRO + "print(tyro.cli(Config))\n", "--data", "d", "--adam.lr", "1", "--amp")
    assert run.only("arguments")["where"] == f"{script}:20"
    assert told(run) == {
        "data": ("d", "categorical", True),
        "adam.lr": (1.0, "real", True),
        "adam.betas": ([0.9, 0.99], "real", False),
        "epochs": (3, "integer", False),
        "kind": ("a", "categorical", False),
        "amp": (True, "boolean", True),
    }


def test_tyro_function_is_told_before_it_runs(run):
    body = (
        "def main(lr: float, optimizer: Union[Adam, Sgd] = Sgd()):\n    raise SystemExit(3)\ntyro.cli(main)\n"
    )
    go(run, TYRO + body, "--lr", "2", "optimizer:sgd", "--optimizer.momentum", "0.5")
    assert told(run) == {
        "lr": (2.0, "real", True),
        "optimizer.lr": (1.0, "real", False),
        "optimizer.momentum": (0.5, "real", True),
    }


def test_tyro_subcommands(run):
    go(run, TYRO + "print(tyro.cli(Union[Adam, Sgd]))\n", "sgd", "--lr", "2")
    assert told(run) == {"lr": (2.0, "real", True), "momentum": (0, "integer", False)}


JSONARGPARSE = """
from dataclasses import dataclass
from typing import List
from jsonargparse import ArgumentParser
class Model:
    def __init__(self, depth: int = 2, width: float = 1): pass
@dataclass
class Data:
    batch: int = 32
    path: str = "x"
parser = ArgumentParser()
parser.add_argument("--config", action="config")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--layers", type=List[int], default=[1, 2])
parser.add_argument("--data", type=Data, default=Data())
parser.add_subclass_arguments(Model, "model", default={"class_path": "Model"})
cfg = parser.parse_args()
print(cfg.lr, cfg.model.init_args.depth)
"""
COMMANDS = """
from jsonargparse import CLI
def fit(lr: float = 0.1, epochs: int = 2): print(lr)
def test(lr: float = 1): print(lr)
CLI([fit, test])
"""


def test_jsonargparse(run):
    run.write("c.yaml", "data:\n  batch: 64\n")
    script = go(run, JSONARGPARSE, "--config", "c.yaml", "--lr", "1", "--model=Model", "--model.depth", "5")
    event = run.only("arguments")
    assert event["where"] == f"{script}:17"
    assert told(run) == {
        "lr": (1.0, "real", True),
        "layers": ([1, 2], "integer", False),
        "data.batch": (64, "integer", False),
        "data.path": ("x", "categorical", False),
        "model.class_path": ("__main__.Model", "categorical", True),
        "model.init_args.depth": (5, "integer", True),
        "model.init_args.width": (1.0, "real", False),
    }


def test_jsonargparse_function_with_commands(run):
    go(run, COMMANDS, "fit", "--lr", "3")
    found = told(run)
    assert found["fit.lr"] == (3.0, "real", True)
    assert found["fit.epochs"] == (2, "integer", False)
    assert found["subcommand"][0] == "fit"


HYDRA = """
import hydra
from omegaconf import OmegaConf
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    print(OmegaConf.to_yaml(cfg))
main()
"""


def hydra(run):
    run.write(
        "conf/config.yaml",
        "defaults: [model: small, _self_]\nlr: 0.1\nnested: {a: [1, 2]}\n"
        "twice: ${lr}\nwhere: ${nested.a}/x\nout: ${hydra:runtime.output_dir}\nneeded: ???\n",
    )
    run.write("conf/model/small.yaml", "depth: 2\nwidth: ${.depth}\n")
    run.write("conf/model/large.yaml", "depth: 9\nwidth: ${.depth}\n")


def test_hydra(run):
    hydra(run)
    script = go(run, HYDRA, "model=large", "lr=3", "+extra=true", "hydra.run.dir=out")
    event = run.only("arguments") if len(run.events("arguments")) == 1 else run.events("arguments")[-1]
    assert event["where"] == f"{script}:4"
    assert event["directories"] == [str(run.folder / "conf")]
    assert "installed" not in event
    assert told(run, event) == {
        "lr": (3, "integer", True),
        "nested.a": ([1, 2], "integer", False),
        "twice": (3, "integer", False),
        "where": ("[1, 2]/x", "categorical", False),
        "out": ("${hydra:runtime.output_dir}", "categorical", False),
        "needed": ("???", "categorical", False),
        "model.depth": (9, "integer", False),
        "model.width": (9, "integer", False),
        "extra": (True, "boolean", True),
    }


def test_jobs_of_a_sweep_do_not_tell_what_differs_among_them(run):
    hydra(run)
    script = run.write("train.py", HYDRA)
    run(script, "--multirun", "lr=3,4", "+extra=true", "hydra.sweep.dir=out")
    jobs = [each for each in run.events("arguments") if each["parser"] == "omegaconf"]
    assert len(jobs) == 2
    for job in jobs:
        found = told(run, job)
        assert not {"lr", "extra"} & set(found)
        assert found["model.depth"] == (2, "integer", False)
        assert job["rest"] == ["--multirun"]


def test_hydra_compose(run):
    hydra(run)
    text = (
        "from hydra import compose, initialize\n"
        "with initialize(version_base=None, config_path='conf'):\n"
        "    print(compose('config', overrides=['lr=2']))\n"
    )
    script = go(run, text)
    event = run.only("arguments")
    assert event["where"] == f"{script}:3"
    assert event["directories"] == [str(run.folder / "conf")]
    assert told(run)["lr"] == (2, "integer", True)
    assert told(run)["model.depth"] == (2, "integer", False)


def test_hydra_resolvers_are_not_called(run):
    run.write("conf/config.yaml", "a: ${draw:}\nb: ${oc.env:HOME}\nc: ${d}\nd: ${c}\n")
    text = (
        HYDRA.replace("main()\n", "\n", 0)
        .replace(
            "@hydra",
            "import random\nOmegaConf.register_new_resolver('draw', lambda: print('!') or 1)\n@hydra",
        )
        .replace("OmegaConf.to_yaml(cfg)", "cfg.a")
    )
    done = run.same(run.write("train.py", text))
    assert done.stdout.count("!") == 1
    assert told(run, run.events("arguments")[-1])["a"] == ("${draw:}", "categorical", False)


@pytest.mark.parametrize(
    "line",
    [
        "OmegaConf.merge(OmegaConf.create({'lr': 0.1, 'm': {'d': 2}}), OmegaConf.from_cli())",
        "OmegaConf.create({'lr': 0.1, 'm': {'d': 2}}); cfg.merge_with_cli()",
        "OmegaConf.unsafe_merge(OmegaConf.create({'lr': 0.1, 'm': {'d': 2}}), OmegaConf.from_cli())",
    ],
)
def test_omegaconf(run, line):
    script = go(run, f"from omegaconf import OmegaConf\ncfg = {line}\nprint(cfg)\n", "lr=3")
    assert run.only("arguments")["where"] == f"{script}:2"
    assert told(run) == {"lr": (3, "integer", True), "m.d": (2, "integer", False)}


def test_omegaconf_that_merges_something_else_is_no_news(run):
    go(run, "from omegaconf import OmegaConf\nprint(OmegaConf.merge({'a': 1}, {'b': 2}))\n")
    assert not run.events("arguments")


@pytest.mark.parametrize(
    "module",
    ["click", "typer", "absl.flags", "fire", "tyro", "jsonargparse", "omegaconf", "hydra.core.utils"],
)
def test_nothing_is_imported_that_the_library_does_not_import(run, module):
    text = (
        "import atexit, __future__, argparse, random, sys\n"
        f"import {module}\n"
        "print(sorted(name for name in sys.modules if not name.startswith('_ledger_probe')))\n"
    )
    go(run, text)


def test_simple_parsing(run):
    text = (
        "from dataclasses import dataclass\nfrom simple_parsing import ArgumentParser\n"
        "@dataclass\nclass Options:\n    lr: float = 0.1\n    depth: int = 2\n"
        "parser = ArgumentParser()\nparser.add_argument('--seed', type=int, default=1)\n"
        "parser.add_arguments(Options, dest='options')\nprint(parser.parse_args())\n"
    )
    go(run, text, "--lr", "3", "--seed", "5")
    found = told(run)
    assert found["seed"] == (5, "integer", True)
    assert (found["options.lr"], found["options.depth"]) == ((3.0, "real", True), (2, "integer", False))


def test_typed_argument_parser(run):
    text = (
        "from tap import Tap\nclass Arguments(Tap):\n    lr: float = 0.1\n    depth: int = 2\n"
        "print(Arguments().parse_args())\n"
    )
    go(run, text, "--lr", "3")
    assert told(run) == {"lr": (3.0, "real", True), "depth": (2, "integer", False)}


def test_an_installed_command_says_that_it_is_one(run):
    run.write(
        "lib/site-packages/tool.py",
        "import argparse\ndef main():\n"
        "    p = argparse.ArgumentParser()\n    p.add_argument('--port')\n    p.parse_args()\n"
        "if __name__ == '__main__':\n    main()\n",
    )
    run("-m", "tool", "--port", "1", path=[run.folder / "lib/site-packages"])
    assert run.only("arguments")["installed"] is True


def test_a_library_that_parses_for_the_program_is_the_program(run):
    run.write(
        "lib/site-packages/tool.py",
        "import argparse\ndef parse():\n"
        "    p = argparse.ArgumentParser()\n    p.add_argument('--port')\n    p.parse_args()\n",
    )
    run("-c", "import tool; tool.parse()", "--port", "1", path=[run.folder / "lib/site-packages"])
    assert "installed" not in run.only("arguments")


OLD = (
    "click==7.1.2",
    "typer==0.3.2",
    "hydra-core==1.2",
    "jsonargparse[signatures]==4.0",
    "absl-py==1",
    "fire==0.4",
)
MIDDLE = (
    "click==8.1",
    "typer==0.12",
    "tyro==0.9.2",
    "hydra-core==1.3",
    "jsonargparse[signatures]==4.30",
    "absl-py",
)
NEW = ("click", "typer", "tyro", "hydra-core", "jsonargparse[signatures]", "absl-py", "fire")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(("version", "packages"), [("3.8", OLD), ("3.10", MIDDLE), ("3.13", NEW)])
def test_other_releases(run, other_python, version, packages, tmp_path):
    uv, home = [sys.executable, "-m", "uv"], tmp_path / "venv"
    subprocess.run([*uv, "venv", "-q", "-p", other_python(version), home], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "-p", home, *packages], check=True)
    hydra(run)
    programs = {
        "click": (CLICK, ["--lr", "1", "d.csv"], {"lr": 1.0, "epochs": 3}),
        "typer": (TYPER, ["fit", "d.csv", "--lr", "2"], {"seed": 1, "lr": 2.0, "epochs": 3}),
        "absl": (ABSL, ["--lr=1"], {"lr": 1.0, "epochs": 3}),
        "fire": (FIRE, ["--seed=7", "fit", "0.5"], {"seed": 7, "lr": 0.5, "epochs": 3}),
        "tyro": (TYRO + "print(tyro.cli(Config))\n", ["--data", "d", "--adam.lr", "1"], {"adam.lr": 1.0}),
        "hydra": (HYDRA, ["model=large", "lr=3"], {"lr": 3, "twice": 3, "model.width": 9}),
        "jsonargparse": (COMMANDS, ["fit", "--lr", "3"], {"fit.lr": 3.0, "fit.epochs": 2}),
    }
    for name, (text, arguments, expected) in programs.items():
        if any(each.startswith(name) for each in packages):
            for path in run.spool.iterdir():
                path.unlink()
            go(run, text, *arguments, python=home / "bin/python")
            found = {
                key: each[0] for event in run.events("arguments") for key, each in told(run, event).items()
            }
            assert {key: found.get(key) for key in expected} == expected, name
