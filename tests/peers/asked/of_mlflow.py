"""MLflow's tracking: the script says what is to be recorded; a SQLite file, no server."""

from asked.base import Peer
from asked.project import PARSED, SAID, git

_ALL = "search_all_experiments=True, output_format='list'"
_PROJECT = """\
name: line
entry_points:
  main:
    parameters:
      rate: {type: float, default: 0.1}
      seed: {type: int, default: 0}
    command: "python train.py --rate {rate} --seed {seed}"
"""


class Mlflow(Peer):
    name = "MLflow"
    packages = ("mlflow",)
    committed = True
    labels = {  # noqa: RUF012
        "dirty": "`log_artifact`",
        "untracked": "`log_artifact`",
        "input": "`log_artifact`",
        "output": "`log_artifact`",
        "committed": "`MLproject`, all committed",
    }

    def prepare(self, project, more):
        logs = 'mlflow.log_metric("loss", loss)\n'
        if more:
            names = ("model.json", "train.py", "helper.py", project.data)
            logs += "".join(f'mlflow.log_artifact("{each}")\n' for each in names)
            (project.root / "MLproject").write_text(_PROJECT, "utf-8")
        start = "mlflow.log_params(vars(args))\n"
        return project.edit(
            ("import odd\n", "import mlflow\nimport odd\n"), (PARSED, PARSED + start), (SAID, SAID + logs)
        )

    def variables(self):
        return super().variables() | {"MLFLOW_DISABLE_TELEMETRY": "true"}

    def record(self, project):
        """The files, and what its command line says of the last run."""
        said = self.place / "described.json"
        said.write_text(
            self.call(["mlflow", "runs", "describe", "--run-id", self._newest(project)], project.root)[1]
        )
        return [said, *(each for name in ("mlflow.db", "mlruns") if (each := project.root / name).exists())]

    def _newest(self, project):
        asks = f"import mlflow; print(mlflow.search_runs({_ALL})[0].info.run_id)"
        return self.call(["python", "-c", asks], project.root)[1].split()[-1]

    def again(self, project, to):
        """A run's commit and parameters are what `mlflow run` takes."""
        asks = (
            f"import mlflow; run = mlflow.search_runs({_ALL})[0].data; "
            "print(run.tags['mlflow.source.git.commit'], run.params['rate'], run.params['seed'])"
        )
        commit, rate, seed = self.call(["python", "-c", asks], project.root)[1].split()[-3:]
        git(to, "clone", "-q", str(project.root), ".")
        git(to, "checkout", "-q", commit)
        given = ["-P", f"rate={rate}", *([] if seed == "None" else ["-P", f"seed={seed}"])]
        self.call(["mlflow", "run", "--env-manager", "local", *given, "."], to)
        return (to / "model.json").read_bytes()

    def count(self, project):
        statuses = f"[each.info.status for each in mlflow.search_runs({_ALL})]"
        asks = f"import mlflow; print({statuses}.count('FINISHED'))"
        return int(self.call(["python", "-c", asks], project.root)[1].split()[-1])
