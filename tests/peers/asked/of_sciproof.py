"""sciproof: a manifest of digests beside the project, and the outputs' content."""

import shutil

from asked.base import Peer
from asked.project import ARGUMENTS


class Sciproof(Peer):
    name = "sciproof"
    packages = ("sciproof",)

    labels = {  # noqa: RUF012
        "output": "`capture --output-numeric`",
        "same": "`capture --output-numeric`, where the files lie",
        "value": "`capture --output-numeric`, where the files lie",
    }

    def command(self, project, more, arguments=ARGUMENTS):
        name = f"run{len([*project.root.glob('*.sciproof.json')])}-{'-'.join(arguments).replace('-', '')}"
        words = ["sciproof", "record", "--name", name]
        if more:
            words = ["sciproof", "capture", "--name", name, "--input", "train.py", "--input", "helper.py"]
            words += ["--output-numeric", "model.json"]
        return [*words, "--", "python", "train.py", *arguments]

    def _newest(self, project):
        return max(project.root.glob("*.sciproof.json"), key=lambda each: each.stat().st_mtime_ns)

    def record(self, project):
        manifest = self._newest(project)
        beside = manifest.with_suffix(".d")
        return [manifest, *([beside] if beside.exists() else [])]

    def again(self, project, to):
        for each in self.record(project):
            (shutil.copytree if each.is_dir() else shutil.copy)(each, to / each.name)
        code, said = self.call(
            ["sciproof", "verify", "--rerun", "--yes", self._newest(project).name], to, check=False
        )
        (self.place / "said.txt").write_text(said, "utf-8")
        return None if code else (to / "model.json").read_bytes()

    def compared(self, project, to):
        """Where the files still lie, as they are not in its record."""
        code, said = self.call(
            ["sciproof", "verify", "--rerun", "--yes", self._newest(project).name], project.root, check=False
        )
        return said if code else ""

    def check(self, project):
        return (
            self.call(["sciproof", "verify", self._newest(project).name], project.root, check=False)[0] == 0
        )

    def count(self, project):
        return len([*project.root.glob("*.sciproof.json")])
