"""Ledgers that are shared: made small and quickly, without running anything."""

import os
from pathlib import Path

from ledger import workspace as workspaces
from ledger.journal import copying, origins
from ledger.model import (
    Artifact,
    ArtifactRole,
    CodeSnapshot,
    Digest,
    Environment,
    HealthLine,
    HealthState,
    Host,
    Intent,
    Manifest,
    ManifestEntry,
    Mode,
    Note,
    Observed,
    Outcome,
    Status,
    Stream,
    TrialFinished,
    TrialStarted,
    layout,
)
from ledger.model.codec import encode
from ledger.ops import pull as pulls
from ledger.ops import push as pushes
from ledger.remotes.locate import reach
from ledger.remotes.remote import made, opened

HEALTH = (HealthLine(part="code", state=HealthState.COMPLETE),)


class Shared:
    """A ledger and what tests do with it."""

    def __init__(self, root: Path):
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.workspace, _ = workspaces.find_or_make(root, str(root / ".ledger"))

    @property
    def ledger(self):
        return self.workspace.directory

    @property
    def store(self):
        return self.workspace.store

    @property
    def journal(self):
        return self.workspace.journal

    def again(self):
        """The same, as another process sees it."""
        return Shared(self.root)

    def trial(
        self, name="a", *, output=b"weights", code=b"print(1)\n", source=b"1,2\n", tree=None, time=None
    ):
        """Record a finished trial with real objects; returns its id."""
        put = self.store.put
        tree = put(
            tree
            or encode(
                Manifest(
                    entries=(
                        ManifestEntry(path="train.py", mode=Mode.FILE, size=len(code), digest=put(code)),
                    )
                )
            )
        )
        environment = put(
            encode(
                Environment(
                    python="3.11.7",
                    implementation="cpython",
                    platform="linux-x86_64",
                    distributions=(),
                    variables=(),
                )
            )
        )
        host = put(
            encode(
                Host(
                    hostname="h",
                    machine="x86_64",
                    system="Linux",
                    cpu="c",
                    cpu_flags=(),
                    cpus=2,
                    memory=1,
                    gpus=(),
                    driver=None,
                    user="ann",
                    container=None,
                )
            )
        )
        given = Artifact(
            role=ArtifactRole.INPUT,
            path="data.csv",
            mode=Mode.FILE,
            digest=put(source),
            size=len(source),
            media_type="text/plain",
        )
        result = Artifact(
            role=ArtifactRole.OUTPUT,
            path="model.bin",
            mode=Mode.FILE,
            digest=put(output),
            size=len(output),
            media_type="text/plain",
        )
        said = f"loss of {name}\n".encode()
        self.store.flush()
        started = self.journal.append(
            TrialStarted(
                name=name,
                root="/home/ann/project",
                intent=Intent(
                    argv=("python", "train.py", name),
                    directory=".",
                    stdin="null",
                    code=((".", tree),),
                    environment=environment,
                    seed=None,
                    parameters=(),
                    inputs=(),
                ),
                code=(CodeSnapshot(name=".", tree=tree, commit=None, branch=None),),
                environment=environment,
                interpreter=None,
                host=host,
                hyperparameters=(),
                inputs=(),
                spool="0123456789abcdef",
                health=HEALTH,
            ),
            time=time,
        )
        stdout = put(said)
        self.store.flush()
        self.journal.append(
            TrialFinished(
                trial=started.id,
                recipe=Digest.of(name.encode()),
                recipe_complete=True,
                hyperparameters=(),
                inputs=(given,),
                observed=Observed(affinity=2),
                outcome=Outcome(
                    status=Status.OK,
                    exit_code=0,
                    outputs=(result,),
                    stdout=Stream(digest=stdout, size=len(said)),
                    started=1,
                    duration_s=1.0,
                    cpu_user_s=1.0,
                    cpu_system_s=0.1,
                    peak_memory=1,
                ),
                health=HEALTH,
            ),
            time=time,
        )
        self.store.release()
        return started.id

    def note(self, text):
        return self.journal.append(Note(text=text, author="ann", experiment="x")).id

    def push(self, transport, **options):
        transport = reach(transport) if isinstance(transport, str) else transport
        return pushes.push(self.workspace, made(transport), "lab", **options)

    def pull(self, transport, **options):
        transport = reach(transport) if isinstance(transport, str) else transport
        return pulls.pull(self.workspace, opened(transport), "lab", **options)

    @property
    def origin(self):
        return origins.current(self.ledger)

    def bodies(self):
        """Every log's bodies, verbatim: what has to be the same everywhere."""
        found = {}
        for origin in origins.logs(self.ledger):
            log = layout.log(self.ledger, origin)
            size = copying.durable(log).size
            found[origin] = [row.body for row in copying.rows(log, 0, size)]
        return {origin: each for origin, each in found.items() if each}

    def objects(self):
        return {digest: self.store.get(digest) for digest in self.store.digests()}


def snapshot(directory):
    """Every file of a ledger that counts: to say that nothing was harmed."""
    found = {}
    for path in sorted(Path(directory).rglob("*")):
        parts = path.relative_to(directory).parts
        if path.is_file() and parts[0] not in ("index", "tmp") and path.name not in ("lock", ".lock"):
            found[os.path.join(*parts)] = path.read_bytes()
    return found
