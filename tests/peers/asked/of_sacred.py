"""Sacred: the script is an experiment, and an observer writes files."""

import json
import shutil

from asked.base import Peer
from asked.project import ARGUMENTS, PARSER

_HEAD = """\
from sacred import Experiment
from sacred.observers import FileStorageObserver

experiment = Experiment("line")
experiment.observers.append(FileStorageObserver("runs"))
"""


class Sacred(Peer):
    name = "Sacred"
    sets_seed = True
    packages = ("sacred", "setuptools<80", "GitPython")
    labels = {  # noqa: RUF012
        "input": "`open_resource`",
        "output": "`add_artifact`",
    }
    says = {"again": "its sources copied back, `with config.json`"}  # noqa: RUF012

    def prepare(self, project, more):
        """What was parsed is a configuration, what was done a main function."""
        old = project.script.read_text("utf-8")
        head, _, rest = old.partition(PARSER)
        body = rest.strip().replace("args.rate", "rate").replace("args.depth", "depth").splitlines()
        if more:
            body = [
                line.replace(f'Path("{project.data}").read_text()', "experiment.open_resource(DATA).read()")
                for line in body
            ]
            body.append('experiment.add_artifact("model.json")')
            head += f'DATA = "{project.data}"\n'
        config = "\n\n@experiment.config\ndef config():\n    rate = 0.1\n    depth = 17\n\n\n"
        main = "@experiment.automain\ndef main(rate, depth):\n"
        body.append("return loss")
        text = head.rstrip().replace("import argparse\n", "") + "\n" + _HEAD + config + main
        text += "".join(f"    {line}\n" for line in body)
        project.script.write_text(text, "utf-8")
        known = {line.strip() for line in old.splitlines()}
        return sum(bool(line.strip()) and line.strip() not in known for line in text.splitlines())

    def command(self, project, more, arguments=ARGUMENTS):
        pairs = [f"{name[2:]}={value}" for name, value in zip(arguments[::2], arguments[1::2], strict=True)]
        return ["python", "train.py", "with", *pairs]

    def record(self, project):
        runs = project.root / "runs"
        newest = max(int(each.name) for each in runs.iterdir() if each.name.isdigit())
        return [
            each for each in (runs / str(newest), runs / "_sources", runs / "_resources") if each.exists()
        ]

    def again(self, project, to):
        runs, newest = project.root / "runs", self.record(project)[0]
        sources = json.loads((newest / "run.json").read_text("utf-8"))["experiment"]["sources"]
        for name, stored in sources:
            shutil.copy(runs / stored, to / name)
        self.call(["python", "train.py", "with", newest / "config.json"], to)
        return (to / "model.json").read_bytes()

    def seed(self, project):
        config = json.loads((self.record(project)[0] / "config.json").read_text("utf-8"))
        return str(config["seed"])

    def count(self, project):
        found = (project.root / "runs").glob("[0-9]*/run.json")
        return sum(json.loads(each.read_text("utf-8"))["status"] == "COMPLETED" for each in found)
