"""DataLad: a dataset is a git repository whose large files git-annex keeps; `run` commits what came out."""

from asked.base import Peer
from asked.project import ARGUMENTS, git


class Datalad(Peer):
    name = "DataLad"
    packages = ("datalad", "git-annex")
    says = {  # noqa: RUF012
        "dirty": "after `datalad save`",
        "untracked": "after `datalad save`",
        "same": "`git diff`",
        "value": "`git diff`",
        "stored": "`git fsck`",
        "edited": "`git fsck`",
    }

    def prepare(self, project, more):
        """It records clean trees alone, so that all is saved first."""
        self.call(["datalad", "create", "--force", "-c", "text2git", "."], project.root)
        code, said = self.call(["datalad", "run", "true"], project.root, check=False)
        assert code
        assert "clean dataset required" in said
        self.call(["datalad", "save", "-m", "as it is"], project.root)
        return 0

    def command(self, project, more, arguments=ARGUMENTS):
        return ["datalad", "run", "-m", "a run", "python", "train.py", *arguments]

    def record(self, project):
        return [project.root / ".git"]

    def again(self, project, to):
        self.call(["datalad", "clone", project.root, to / "clone"], to)
        clone = to / "clone"
        self.call(["datalad", "rerun"], clone)
        return (clone / "model.json").read_bytes()

    def compared(self, project, to):
        return git(to / "clone", "diff", "origin/HEAD", "HEAD", "--", "model.json")

    def check(self, project):
        """Git's own check comes first: git-annex waits for ever where an object cannot be read."""
        for words in (["git", "fsck"], ["git", "annex", "fsck"]):
            if self.call(words, project.root, check=False)[0]:
                return False
        return True

    def count(self, project):
        return git(project.root, "log", "--format=%s").count("[DATALAD RUNCMD]")
