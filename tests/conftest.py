import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import jsonschema
import pytest
import referencing
from hypothesis import HealthCheck, settings

from ledger import workspace
from ledger.capture.trace import guard
from ledger.model import schema
from ledger.ops import query, replay, run

# How long an example takes says more of the machine than of the code.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time: a change is blamed for what it does. HYPOTHESIS=explore looks for new ones.
settings.register_profile("same", patient, derandomize=True, database=None)
settings.register_profile("explore", patient)
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))

# Who answers in the place of a recorder that is stopped would take this process for one, where it is kept
# waiting on a busy machine. Commands in processes of their own have the guard as it is.
guard._TICK_MS = 5_000

# Whichever test imports scikit-learn first sets these, and others record their environment.
os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "True")
os.environ.setdefault("KMP_INIT_AT_FORK", "FALSE")

# Beneath nohup, or behind a shell's `&`, these are ignored, and programs that a test starts would do so too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def schema_errors():
    """Return a function: (name such as ``trial.v1``, document) → what its JSON Schema has against it."""
    resources = [
        (path.name, referencing.Resource.from_contents(json.loads(path.read_text("utf-8"))))
        for path in (schema.directory() / "json").glob("*.schema.json")
    ]
    registry = referencing.Registry().with_resources(resources)

    def errors(name, document):
        validator = jsonschema.Draft202012Validator(schema.load(f"json/{name}.schema"), registry=registry)
        # Through the text, as a reader in another language gets it.
        found = validator.iter_errors(json.loads(json.dumps(document, allow_nan=False)))
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    return errors


@pytest.fixture(scope="session")
def accept(schema_errors):
    """Return a function: (name such as ``trial.v1``, document) → fail where its JSON Schema refuses it."""

    def accept(name, document):
        found = schema_errors(name, document)
        assert not found, "\n".join(found)

    return accept


@pytest.fixture
def ledger_environment(monkeypatch, tmp_path):
    """Keep the user's own files and settings out; return the home directory, which is empty."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("LEDGER_", "GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-01-31T12:00:00Z")
    return home


class GitRepository:
    """A directory with real git."""

    def __init__(self, path: Path):
        self.path = path

    def git(self, *words, directory="."):
        command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(command, cwd=self.path / directory, check=True, capture_output=True)
        return os.fsdecode(done.stdout).strip()

    def write(self, files):
        """Write path → content; text or bytes."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def commit(self, message="x"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def git_repository(ledger_environment, tmp_path):
    """Return a function: (files, name of the directory) → a git repository with these files in one commit."""

    def make(files=None, name="repository"):
        repository = GitRepository(tmp_path / name)
        repository.path.mkdir(parents=True)
        repository.git("init", "-q")
        if files is not None:
            repository.write(files).commit()
        return repository

    return make


class Project:
    """A directory whose programs are run, recorded and replayed for real."""

    python = sys.executable

    def __init__(self, path: Path):
        self.path = path
        self.notes = []

    @property
    def workspace(self):
        return workspace.find_or_make(self.path)[0]

    @property
    def ledger(self):
        return self.path / ".ledger"

    def write(self, **files):
        """Write scripts: name → text, each as ``name.py``."""
        for name, content in files.items():
            (self.path / f"{name}.py").write_text(textwrap.dedent(content))
        return self

    def run(self, *command, directory=None, variables=None, **options):
        """Run a command (``python`` is this test's own) and record it."""
        words = [self.python if word == "python" else str(word) for word in command]
        return run.run(
            self.workspace,
            words,
            run.RunOptions(**options),
            directory=directory or self.path,
            variables={**os.environ, **(variables or {})},
            forward=False,
            notify=self.notes.append,
        )

    @property
    def trials(self):
        return query.load(self.workspace.journal).ordered

    @property
    def last(self):
        return self.trials[-1]

    def replay(self, trial=None, *, variables=None, **options):
        """Replay a trial, the last one by default, in today's environment."""
        return replay.replay(
            self.workspace,
            trial or self.last,
            replay.ReplayOptions(**{"env": "current"} | options),
            variables={**os.environ, **(variables or {})},
        ).result

    def read(self, digest):
        return self.workspace.store.get(digest)

    def health(self, part, trial=None):
        return next((line for line in (trial or self.last).health if line.part == part), None)

    def outputs(self, trial=None):
        """Path → content of a trial's outputs."""
        found = (trial or self.last).outcome.outputs
        return {each.path: self.read(each.digest) for each in found if each.digest is not None}

    def stdout(self, trial=None):
        return self.read((trial or self.last).outcome.stdout.digest)

    def look(self):
        """Every file of the directory outside of its ledger: kind, content and times."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            if self.ledger in (path, *path.parents):
                continue
            status = path.lstat()
            content = None
            if path.is_symlink():
                content = os.readlink(path)
            elif path.is_file():
                content = path.read_bytes()
            found[path] = (status.st_mode, status.st_mtime_ns, status.st_ino, content)
        return found


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(ledger_environment, monkeypatch, shared_cache, tmp_path):
    """A directory outside of git; what is derived of environments is shared between tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    path = tmp_path / "project"
    path.mkdir()
    return Project(path)


@pytest.fixture
def git_project(project):
    """The same with git, without a commit."""
    GitRepository(project.path).git("init", "-q")
    return project


@pytest.fixture(scope="session")
def ssh_keygen():
    """Skip where there is no ssh-keygen."""
    found = shutil.which("ssh-keygen")
    if found is None:
        pytest.skip("ssh-keygen is not installed: apt-get install openssh-client")
    return found


@pytest.fixture
def make_key(ssh_keygen, tmp_path):
    """Return a function: name → the file of a new SSH key; its public half lies beside it."""

    def make(name="key", kind="ed25519"):
        path = tmp_path / "keys" / name
        path.parent.mkdir(exist_ok=True)
        words = [ssh_keygen, "-q", "-t", kind, "-N", "", "-C", name, "-f", path]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        return path

    return make
