"""This one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from asked.base import Peer
from asked.project import ARGUMENTS


class Ledger(Peer):
    name = "ledger"
    packages = ("replay-ledger",)

    def needs(self):
        """Nothing: it is beside this Python, and what it records runs in an environment of its own."""
        return ()

    def version(self):
        return subprocess.check_output([sys.executable, "-m", "ledger", "--version"], text=True).split()[-1]

    def variables(self):
        given = super().variables()
        given["PATH"] = os.pathsep.join([given["PATH"], str(Path(sys.executable).parent)])
        return given

    def command(self, project, more, arguments=ARGUMENTS):
        return ["ledger", "run", "python", "train.py", *arguments]

    def record(self, project):
        """What `show` says, and what `checkout` and `cat` bring back."""
        to = self.place / "shown"
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        said = self.call(["ledger", "show", "--json", "@"], project.root)[1]
        (to / "show.json").write_text(said, "utf-8")
        self.call(["ledger", "checkout", "@", "--to", to / "files"], project.root)
        for name in ("model.json", project.data):
            said = self.call(["ledger", "cat", "@", name], project.root)[1]
            (to / Path(name).name).write_text(said, "utf-8")
        return [to]

    def stored(self, project):
        return [project.root / ".ledger"]

    def again(self, project, to):
        shutil.copytree(project.root / ".ledger", to / ".ledger")
        _, said = self.call(["ledger", "replay", "@", "--json"], to, check=False)
        (self.place / "replay.txt").write_text(said, "utf-8")
        document = json.loads(said[said.index("{") :])
        (self.place / "replay.json").write_text(json.dumps(document), "utf-8")
        outputs = [each for each in document["differences"] if each["path"] == "model.json"]
        return project.output.read_bytes() if not outputs else b""

    def compared(self, project, to):
        document = json.loads((self.place / "replay.json").read_text("utf-8"))
        return "" if document["verdict"] == "identical" else json.dumps(document)

    def check(self, project):
        return self.call(["ledger", "verify"], project.root, check=False)[0] == 0

    def count(self, project):
        said = self.call(["ledger", "log", "--json"], project.root)[1]
        return sum(each["status"] == "ok" for each in json.loads(said))
