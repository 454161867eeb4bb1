"""DVC: stages in dvc.yaml, experiments as commits beside the branches."""

import shutil

from asked.base import Peer
from asked.project import ARGUMENTS, git


class Dvc(Peer):
    name = "DVC"
    packages = ("dvc",)
    says = {"edited": "`git fsck`"}  # noqa: RUF012
    labels = {  # noqa: RUF012
        "untracked": "`dvc exp save -I`",
        "input": "`stage add -d`",
        "output": "`stage add -o`",
        "again": "`exp save -I`, `stage add -o`",
        "same": "`stage add -o`, `dvc diff`",
        "value": "`stage add -m`, `dvc metrics diff`",
        "stored": "`stage add -o`, `dvc status`",
    }

    def prepare(self, project, more):
        self.call(["dvc", "init", "-q"], project.root)
        self.call(["dvc", "config", "core.analytics", "false"], project.root)
        (project.root / "params.yaml").write_text("rate: 0.1\nmore: ''\n", "utf-8")
        words = ["dvc", "stage", "add", "-q", "-n", "train", "-d", "train.py", "-p", "rate,more"]
        if more:
            words += ["-d", "helper.py", "-d", project.data, "-o", "model.json", "-m", "metrics.json"]
        self.call([*words, "python train.py --rate ${rate} ${more}"], project.root)
        git(project.root, "add", ".dvc", ".dvcignore", "dvc.yaml", "params.yaml")
        git(project.root, "commit", "-qm", "a stage")
        return 0

    def command(self, project, more, arguments=ARGUMENTS):
        rest = " ".join(arguments[2:])
        return ["dvc", "exp", "run", "--force", "-S", f"rate={arguments[1]}", "-S", f"more='{rest}'"]

    def run(self, project, more, arguments=ARGUMENTS):
        said = super().run(project, more, arguments)
        if more:
            self.call(["dvc", "exp", "save", "-q", "-f", "-I", "helper.py"], project.root)
        return said

    def record(self, project):
        return [project.root / ".git", project.root / ".dvc" / "cache"]

    def again(self, project, to):
        newest = git(
            project.root, "for-each-ref", "--sort=-creatordate", "--format=%(objectname)", "refs/exps"
        ).split()[0]
        git(to, "clone", "-q", str(project.root), ".")
        git(to, "fetch", "-q", "origin", "refs/exps/*:refs/exps/*")
        git(to, "checkout", "-q", newest)
        cache = project.root / ".dvc" / "cache"
        if cache.exists():
            shutil.copytree(cache, to / ".dvc" / "cache")
        self.call(["dvc", "repro", "--force"], to)
        return (to / "model.json").read_bytes()

    def compared(self, project, to):
        said = self.call(["dvc", "diff", "HEAD"], to)[1]
        if "model.json" not in said:
            return ""
        return said + self.call(["dvc", "metrics", "diff", "--precision", "17", "HEAD"], to)[1]

    def check(self, project):
        """The status of the workspace once it was checked out from the cache anew, and git's own check."""
        project.output.unlink(missing_ok=True)
        code, said = self.call(["dvc", "checkout", "--force"], project.root, check=False)
        if code == 0:
            code, said = self.call(["dvc", "status"], project.root, check=False)
            code = code or "up to date" not in said
        return not code and self.call(["git", "fsck"], project.root, check=False)[0] == 0

    def count(self, project):
        names = self.call(["dvc", "exp", "list", "--all-commits", "--name-only"], project.root)[1]
        return len(names.split())
