import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
import referencing

from ledger.model import schema


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
