"""W&B, offline: a log and files in a directory of each run, which a server would take in."""

from asked.base import Peer
from asked.project import PARSED, SAID

_MORE = """\
model = wandb.Artifact("model", type="model")
model.add_file("model.json")
run.log_artifact(model)
table = wandb.Artifact("table", type="dataset")
table.add_reference("file://{data}")
run.log_artifact(table)
run.log_code(".")
"""


class Wandb(Peer):
    name = "W&B (offline)"
    packages = ("wandb",)
    labels = {  # noqa: RUF012
        "dirty": "`log_code`",
        "untracked": "`log_code`",
        "input": "`add_reference`",
        "output": "`add_file`",
    }

    def prepare(self, project, more):
        start = 'run = wandb.init(project="line", config=vars(args))\n'
        logs = 'run.log({"loss": loss})\n' + (_MORE.format(data=project.data) if more else "")
        return project.edit(
            ("import odd\n", "import odd\nimport wandb\n"),
            (PARSED, PARSED + start),
            (SAID, SAID + logs + "run.finish()\n"),
        )

    def variables(self):
        return super().variables() | {"WANDB_MODE": "offline", "WANDB_ERROR_REPORTING": "false"}

    def record(self, project):
        staged = self.home / ".local" / "share" / "wandb"
        runs = sorted(project.root.glob("wandb/offline-run-*"))
        return [runs[-1], *([staged] if staged.exists() else [])]

    def again(self, project, to):
        """`wandb restore` needs a server; nothing else takes a run."""
        run = self.record(project)[0].name.rpartition("-")[2]
        code, _ = self.call(["wandb", "restore", run], to, check=False)
        return None if code else (to / "model.json").read_bytes()

    def count(self, project):
        return len([each for each in project.root.glob("wandb/offline-run-*") if [*each.glob("*.wandb")]])
