"""Hyperparameters of real programs, as the record has them."""

import sys

CLICK = """
import click
@click.command()
@click.option("--lr", type=float, default=0.5)
@click.option("--epochs", default=3)
@click.option("--rs", default=1)
def main(lr, epochs, rs):
    print(lr, epochs)
main()
"""
HYDRA = """
import hydra
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    print(cfg.model.depth)
main()
"""


def parameters(trial):
    return {each.name: (each.value, each.type.value, each.source) for each in trial.hyperparameters}


def test_click(tool):
    (tool.path / "script.py").write_text(CLICK)
    (tool.path / "ledger.toml").write_text('[hyperparameters]\nalgorithm = ["lr"]\nseed = ["rs"]\n')
    assert tool("run", "-q", sys.executable, "script.py", "--lr", "1").out == "1.0 3\n"
    trial = tool.project.last
    assert parameters(trial) == {
        "epochs": (3, "integer", "default"),
        "lr": (1.0, "real", "argument"),
        "rs": (1, "integer", "default"),
    }
    assert {each.name: each.role for each in trial.hyperparameters} == {
        "epochs": None,
        "lr": "algorithm",
        "rs": "seed",
    }


def test_hydra(tool):
    (tool.path / "script.py").write_text(HYDRA)
    (tool.path / "conf/model").mkdir(parents=True)
    (tool.path / "conf/config.yaml").write_text("defaults: [model: small]\nlr: 0.1\n")
    (tool.path / "conf/model/small.yaml").write_text("depth: 2\nwidth: ${.depth}\n")
    tool("run", "-q", sys.executable, "script.py", "lr=1", "hydra.run.dir=out")
    assert parameters(tool.project.last) == {
        "lr": (1, "integer", "argument"),
        "model.depth": (2, "integer", "default"),
        "model.width": (2, "integer", "default"),
    }


def test_a_pattern_of_two_roles_is_an_error(tool):
    (tool.path / "ledger.toml").write_text('[hyperparameters]\nmodel = ["a"]\nseed = ["a"]\n')
    done = tool("run", sys.executable, "-c", "pass", code=125)
    assert "ledger.toml: a pattern with two roles" in done.err
