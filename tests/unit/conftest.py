import io
from dataclasses import replace

import pytest

from ledger.journal import series
from ledger.journal.local import LocalJournal
from ledger.model import (
    Artifact,
    ArtifactRole,
    CodeSnapshot,
    Distribution,
    Environment,
    HealthLine,
    HealthState,
    Host,
    Hyperparameter,
    HyperparameterRole,
    HyperparameterType,
    Intent,
    Manifest,
    ManifestEntry,
    Mode,
    Observed,
    Outcome,
    Recipe,
    Status,
    Stream,
    TrialFinished,
    TrialReplayed,
    TrialStarted,
    Verdict,
    layout,
)
from ledger.model.codec import digest_of, encode
from ledger.ops import query
from ledger.store.local import LocalStore

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND  # 2023-11-14T22:13:20Z

TYPES = {
    bool: HyperparameterType.BOOLEAN,
    int: HyperparameterType.INTEGER,
    float: HyperparameterType.REAL,
    str: HyperparameterType.CATEGORICAL,
    tuple: HyperparameterType.CATEGORICAL,
    type(None): HyperparameterType.CATEGORICAL,
}


class Maker:
    """Writes trials into a real ledger without running anything."""

    def __init__(self, folder):
        self.folder = folder / ".ledger"
        self.folder.mkdir()
        # Each small object in a file of its own, to be damaged or lost alone.
        places = layout.objects(self.folder), layout.temporary(self.folder)
        self.store = LocalStore(*places, most_loose=1 << 20)
        self.journal = LocalJournal(self.folder)
        self.clock = START
        self.host = Host(
            hostname="box",
            machine="x86_64",
            system="Linux 6.1",
            cpu="A CPU",
            cpu_flags=("avx2",),
            cpus=2,
            memory=1 << 33,
            gpus=(),
            driver=None,
            user="ann",
            container=None,
        )
        self.environment = Environment(
            python="3.11.7",
            implementation="cpython",
            platform="linux-x86_64-glibc-2.36",
            distributions=(Distribution(name="numpy", version="2.0", origin="index", record=None),),
            variables=(("LANG", "C"),),
        )

    @property
    def trials(self):
        self.store.flush()
        return query.load(self.journal)

    def put(self, noun):
        return self.store.put(encode(noun))

    def manifest(self, files):
        entries = []
        for path, content in files.items():
            mode = Mode.FILE
            if isinstance(content, tuple):
                mode, content = content
            digest = self.store.put(content)
            entries.append(ManifestEntry(path=path, mode=mode, size=len(content), digest=digest))
        return Manifest.of(entries)

    def artifacts(self, role, files):
        return tuple(
            Artifact(
                role=role,
                path=path,
                digest=self.store.put(content),
                size=len(content),
                mode=Mode.FILE,
                media_type="application/octet-stream",
            )
            for path, content in sorted(files.items())
        )

    def series(self, metrics):
        """Store points: {name: value or [(step, value), …]} → summaries and the object's digest."""
        points = []
        for name, values in metrics.items():
            for step, value in values if isinstance(values, list) else [(0, values)]:
                points.append(
                    series.Point(name=name, writer=1, step=step, time=self.clock + len(points), value=value)
                )
        file = io.BytesIO()
        summaries = series.write(file, points)
        return summaries, self.store.put(file.getvalue())

    def start(
        self,
        *,
        argv=("python", "train.py"),
        seed=None,
        params=None,
        sources=None,
        inputs=None,
        code=None,
        environment=None,
        snapshot=None,
        **fields,
    ):
        self.clock += SECOND
        tree = self.put(self.manifest({"train.py": b"print(1)\n"} if code is None else code))
        environment = self.put(environment or self.environment)
        found = self.artifacts(ArtifactRole.INPUT, inputs or {})
        started = TrialStarted(
            root="/home/ann/project",
            intent=Intent(
                argv=argv,
                directory=".",
                stdin="null",
                code=((".", tree),),
                environment=environment,
                seed=seed,
                parameters=(),
                inputs=tuple((each.path, each.digest) for each in found),
            ),
            code=(CodeSnapshot(name=".", tree=tree, commit="c0ffee", **(snapshot or {})),),
            environment=environment,
            interpreter=None,
            host=self.put(self.host),
            hyperparameters=self.hyperparameters(params or {}, sources),
            inputs=found,
            spool="0123",
            health=(HealthLine(part="code", state=HealthState.COMPLETE),),
            **fields,
        )
        self.store.flush()
        recorded = self.journal.append(started, time=self.clock)
        return recorded.id, started

    def hyperparameters(self, params, sources=None):
        return tuple(
            Hyperparameter(
                name=name,
                value=value,
                type=TYPES[type(value)],
                role=HyperparameterRole.SEED if name == "seed" else None,
                source=(sources or {}).get(name, "argument"),
            )
            for name, value in sorted(params.items())
        )

    def outcome(self, *, status=Status.OK, metrics=None, outputs=None, stdout=b"", **fields):
        summaries, digest = self.series(metrics) if metrics else ((), None)
        defaults = {
            "exit_code": 0 if status is Status.OK else 1,
            "started": self.clock,
            "duration_s": 1.5,
            "cpu_user_s": 1.0,
            "cpu_system_s": 0.1,
            "peak_memory": 1 << 20,
        }
        return Outcome(
            status=status,
            metrics=summaries,
            series=digest,
            outputs=self.artifacts(ArtifactRole.OUTPUT, outputs or {}),
            stdout=Stream(digest=self.store.put(stdout), size=len(stdout)),
            **(defaults | fields),
        )

    def trial(self, *, status=Status.OK, metrics=None, outputs=None, health=None, observed=None, **started):
        """Record a whole trial; returns its id."""
        id, start = self.start(**started)
        finished = TrialFinished(
            trial=id,
            recipe=digest_of(
                Recipe(intent=digest_of(start.intent), inputs=start.intent.inputs, complete=True)
            ),
            recipe_complete=True,
            hyperparameters=start.hyperparameters,
            inputs=start.inputs,
            observed=observed or Observed(affinity=2),
            outcome=self.outcome(status=status, metrics=metrics, outputs=outputs),
            health=start.health if health is None else health,
        )
        self.store.flush()
        self.journal.append(finished, time=self.clock)
        return id

    def trial_of_directory(self, files):
        """Record a trial whose outputs are one list; returns its id and the list's digest."""
        id, start = self.start()
        digest = self.put(self.manifest(files))
        directory = Artifact(
            role=ArtifactRole.OUTPUT,
            path="made",
            digest=digest,
            size=sum(map(len, files.values())),
            mode=Mode.DIRECTORY,
            media_type="inode/directory",
        )
        finished = TrialFinished(
            trial=id,
            recipe=digest_of(Recipe(intent=digest_of(start.intent), inputs=(), complete=True)),
            recipe_complete=True,
            hyperparameters=(),
            inputs=(),
            observed=Observed(affinity=2),
            outcome=replace(self.outcome(), outputs=(directory,)),
            health=start.health,
        )
        self.store.flush()
        self.journal.append(finished, time=self.clock)
        return id, digest

    def made(self, **fields):
        """Record a whole trial; returns it."""
        id = self.trial(**fields)
        return self.trials.by_id[id]

    def replay(self, id, verdict=Verdict.IDENTICAL, **fields):
        """Record a replay; returns its entry's id."""
        environment, host, outcome = self.put(self.environment), self.put(self.host), self.outcome()
        self.store.flush()
        receipt = TrialReplayed(
            trial=id,
            verdict=verdict,
            differences=(),
            causes=(),
            mode="recreate",
            rtol=0.0,
            atol=0.0,
            strict=False,
            environment=environment,
            host=host,
            observed=None,
            outcome=outcome,
        )
        return self.journal.append(replace(receipt, **fields)).id

    def object_file(self, digest):
        return layout.loose(layout.objects(self.folder), digest)

    def damage(self, digest):
        path = self.object_file(digest)
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)

    def lose(self, digest):
        self.object_file(digest).unlink()


@pytest.fixture
def maker(tmp_path):
    return Maker(tmp_path)
