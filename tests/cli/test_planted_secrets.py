"""Secrets in a command's arguments, its variables, files beside it and its streams: none is written down."""

import base64
import json
import random
import string
import subprocess
import sys

import pytest

from ledger.model import Manifest
from ledger.model.codec import decode, encode_entry

LETTERS = string.ascii_letters + string.digits
PROGRAM = """
import argparse, base64, json, os, pathlib, sys
import settings  # untracked code
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--api-key")
parser.add_argument("--password")
parser.add_argument("--wandb-api-key")
parser.add_argument("--db.password", dest="db_password")
parser.add_argument("--header")
parser.add_argument("--options", type=json.loads)
parser.add_argument("--config")
parser.add_argument("rest", nargs="*")
given = parser.parse_args()
json.loads(pathlib.Path(given.config).read_text())
print("started with", vars(given), flush=True)
print(sys.argv, file=sys.stderr, flush=True)
for name, value in sorted(os.environ.items()):
    if name.startswith("PLANT_") or name in settings.NAMES:
        print(f"{name}={value}")
        print(f"again: {value!r}", file=sys.stderr)
print(pathlib.Path(".env").read_text())
for path in sorted(pathlib.Path().glob("**/*.*")):
    if path.is_file() and ".git/" not in f"{path}" and ".ledger/" not in f"{path}":
        path.read_bytes()
print(base64.b64decode(os.environ["TEXT"]).decode())
pathlib.Path("model.txt").write_text(f"weights {given.lr}")
raise SystemExit(f"it failed with {given.api_key}")
"""


class Plants:
    """Secrets that look as in life, each of them somewhere."""

    def __init__(self):
        self.random = random.Random(7)
        self.values = {}

    def __call__(self, where, form="{}", length=32, letters=LETTERS):
        text = "".join(self.random.choices(letters, k=length - 2))
        value = form.format(text + ("A1" if letters.isupper() else "a1"))
        self.values[where] = value
        return value


def arguments(plant):
    """The command's words."""
    return [
        *("--api-key", plant("an option's value")),
        f"--password={plant('behind an equals sign', length=12)}",
        *("--wandb-api-key", plant("an option of three words", length=40)),
        f"--db.password={plant('a dotted option', length=14)}",
        *("--header", f"Authorization: Bearer {plant('a header')}"),
        *("--options", json.dumps({"lr": 0.1, "client_secret": plant("JSON in an argument")})),
        plant("a GitHub token", "ghp_{}", 36),
        plant("a Hugging Face token", "hf_{}", 34),
        f"postgresql://ann:{plant('a URL', length=20)}@db.example.org/runs",
        f"trainer.api_token={plant('a Hydra override')}",
        plant("an OpenAI key", "sk-{}", 48),
        plant("a JSON web token", "eyJhbGciOiJIUzI1NiJ9.{}.c2ln", 40),
    ]


def variables(plant):
    """The command's environment."""
    return {
        "WANDB_API_KEY": plant("WANDB_API_KEY", length=40),
        "AWS_SECRET_ACCESS_KEY": plant("AWS_SECRET_ACCESS_KEY", length=40),
        "AWS_SESSION_TOKEN": plant("AWS_SESSION_TOKEN", length=200),
        "HF_TOKEN": plant("HF_TOKEN", "hf_{}", 34),
        "MLFLOW_TRACKING_PASSWORD": plant("MLFLOW_TRACKING_PASSWORD", length=16),
        "DATABASE_URL": f"mysql://root:{plant('DATABASE_URL', length=18)}@db/x",
        "PIP_INDEX_URL": f"https://__token__:{plant('PIP_INDEX_URL')}@pypi.example.org/simple",
        "PLANT_PASSPHRASE": plant("a variable named so", length=15),
        # Recorded as a variable that can change results, but for what is secret in it.
        "TORCH_AUTH_TOKEN": plant("a recorded variable"),
        "ACCELERATE_STORE": f"redis://:{plant('inside a recorded variable')}@cache/0",
    }


def files(plant):
    """Untracked files: path → content."""
    key = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n"
    return {
        ".env": f"LR=0.1\nSERVICE_PASSWORD={plant('.env', length=20)}\n",
        ".env.local": f"export X_API_KEY='{plant('.env.local')}'\n",
        ".netrc": f"machine api.wandb.ai login user password {plant('.netrc', length=40)}\n",
        "id_rsa": key.format(plant("id_rsa", length=64)),
        "server.pem": key.format(plant("server.pem", length=64)),
        "credentials.json": json.dumps({"token": plant("credentials.json")}),
        ".pypirc": f"[pypi]\nusername=__token__\npassword={plant('.pypirc', 'pypi-{}', 60)}\n",
        "kaggle.json": json.dumps({"username": "ann", "key": plant("kaggle.json")}),
        "token": plant("token", "hf_{}", 34),
        "service-account-train.json": json.dumps({"private_key": plant("service account")}),
        ".aws/credentials": f"[default]\naws_secret_access_key = {plant('.aws/credentials', length=40)}\n",
        ".npmrc": f"//registry.npmjs.org/:_authToken={plant('.npmrc', 'npm_{}', 36)}\n",
        "conf/secrets.yaml": f"wandb: {plant('secrets.yaml')}\n",
        ".git-credentials": f"https://ann:{plant('.git-credentials')}@github.com\n",
        "client_secret_1.apps.json": json.dumps({"secret": plant("client secret")}),
        ".streamlit/secrets.toml": f'key = "{plant("secrets.toml")}"\n',
        ".docker/config.json": json.dumps({"auths": {"x": {"auth": plant("docker")}}}),
        ".kube/config": f"token: {plant('kube')}\n",
        "rclone.conf": f"[s3]\nsecret_access_key = {plant('rclone.conf', length=40)}\n",
        ".databrickscfg": f"[DEFAULT]\ntoken = {plant('.databrickscfg', 'dapi{}')}\n",
        ".comet.config": f"[comet]\napi_key={plant('.comet.config')}\n",
        # Nothing in these names tells it; the form of what they hold does.
        "config.json": json.dumps({"lr": 0.1, "logger": {"api_key": plant("a configuration file")}}),
        "deploy.yaml": f"image: train\ntoken: {plant('a token in YAML', 'ghp_{}', 36)}\n",
        "notes.txt": f"key for the demo: {plant('a key in a text', 'sk-proj-{}', 48)}\n",
        "pip.conf": f"[global]\nindex-url = https://ann:{plant('pip.conf', length=24)}@pypi.org/simple\n",
        ".Renviron": f"GITHUB_PAT={plant('.Renviron', 'github_pat_{}', 60)}\n",
    }


def printed(plant):
    """What the program prints: tokens that only their form tells."""
    return "\n".join(
        (
            f"aws key id {plant('a printed AWS key', 'AKIA{}', 16, letters=string.ascii_uppercase)}",
            f"slack={plant('a printed Slack token', 'xoxb-{}', 40)}",
            f"google: '{plant('a printed Google key', 'AIza{}', 35)}'",
            f"connected to redis://:{plant('a printed URL', length=20)}@cache:6379/0",
            f"> Authorization: Bearer {plant('a printed header')}",
            f"-----BEGIN PRIVATE KEY-----\n{plant('a printed key', length=400)}\n-----END PRIVATE KEY-----",
            "desk-top-2024-01-01 https://example.org/a@b basic training: none of these is one",
        )
    )


@pytest.fixture(params=["plain directory", "git"])
def planted(request, tool):
    """A project full of secrets: the command line, the secrets, the command's words, its variables."""
    plant, project = Plants(), tool.project
    project.write(train=PROGRAM)
    if request.param == "git":
        for words in (["init", "-q"], ["add", "train.py"], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", *words], cwd=project.path, check=True)
    for path, content in files(plant).items():
        (project.path / path).parent.mkdir(parents=True, exist_ok=True)
        (project.path / path).write_text(content)
    environment = variables(plant)
    project.write(settings=f"NAMES = {sorted(environment)!r}\n")
    words = arguments(plant)
    environment["TEXT"] = base64.b64encode(printed(plant).encode()).decode()
    return tool, plant.values, words, environment


def written(tool, *places):
    """(where, content) of all that is kept: files as they are, and what the store's hold once unpacked."""
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes()
    store = tool.project.workspace.store
    for digest in store.digests():
        yield f"object {digest}", store.get(digest)
    for recorded in tool.project.workspace.journal.entries():
        yield f"entry {recorded.seq}", encode_entry(recorded.entry)


def test_none_is_written_down(planted, shared_cache, ledger_environment):
    tool, values, words, environment = planted
    assert len(values) >= 50
    for options in ((), ("-i", "config.json"), ()):  # afterwards with what was kept of the first
        done = tool(
            *("run", *options, "-p", f"api_token={values['HF_TOKEN']}", sys.executable),
            *("train.py", "--lr", "0.1", "--config", "config.json", *words),
            variables=environment,
            code=1,
        )
        assert values["an option's value"] in done.out  # the person sees what the program prints
    found = sorted(
        (name, where)
        for where, content in written(tool, tool.project.ledger, shared_cache, ledger_environment)
        for name, value in values.items()
        if value.encode() in content
    )
    assert found == []
    texts = [tool("show", "@", "--json").out, tool("log", "--json").out, tool("show", "@").out]
    assert not [name for name, value in values.items() for text in texts if value in text]

    # All else is recorded: the program's own words, its code, what it printed.
    trial = tool.project.last
    assert trial.intent.argv[1:6] == ("train.py", "--lr", "0.1", "--config", "config.json")
    assert b"'lr': 0.1" in tool.project.stdout()
    assert b"LR=0.1" in tool.project.stdout()
    assert tool.project.stdout().count(b"secret:") > 15
    assert b"desk-top-2024-01-01 https://example.org/a@b basic training" in tool.project.stdout()
    assert {"train.py", "settings.py"} <= set(tree(tool, trial))
    assert tree(tool, trial)["config.json"] == "credentials"
    assert {each.name: each.value for each in trial.hyperparameters}["lr"] == 0.1


def tree(tool, trial):
    """Path → why its content was left out."""
    manifest = decode(Manifest, tool.project.read(trial.code[0].tree))
    return {entry.path: entry.omitted for entry in manifest}


LEAKY = """
import os, pathlib, sys
import helper  # untracked code
out = pathlib.Path("out")
out.mkdir(exist_ok=True)
pathlib.Path("settings.txt").read_text()
for number in range(int(sys.argv[1])):
    (out / f"{number}.txt").write_text(f"part {number}")
(out / "debug.log").write_text(f"connected with {os.environ['SERVICE_API_KEY']}")
pathlib.Path("state.bin").write_bytes(b"x" * 2_000_000 + os.environ["SERVICE_API_KEY"].encode())
"""


@pytest.mark.parametrize("kind", ["plain directory", "git"])
@pytest.mark.parametrize(("count", "later"), [(3, "the same"), (3, "none"), (1200, "none")])
def test_what_one_trial_withheld_no_later_one_stores(tool, kind, count, later):
    """Code with a value of this command in it, and an output that lies there when the next trial starts."""
    secret, project = "Zq7-planted-in-files-93kd", tool.project
    project.write(train=LEAKY, other="print('done')\n")
    if kind == "git":
        for words in (["init", "-q"], ["add", "train.py", "other.py"], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", *words], cwd=project.path, check=True)
    project.write(helper=f"# asked for with {secret}\nNUMBER = 4\n")
    (project.path / "settings.txt").write_text(f"all of it: {secret}")
    tool(
        *("run", "-q", "--input", "settings.txt", sys.executable, "train.py", count),
        variables={"SERVICE_API_KEY": secret},
    )
    first = project.last
    health = {each.part: each for each in first.health}
    assert tree(tool, first)["helper.py"] == "secret"
    assert tree(tool, first)["train.py"] is None
    assert "helper.py" in health["code"].reason
    assert {each.path: each.omitted for each in first.inputs} == {"settings.txt": "secret"}
    assert "settings.txt" in health["inputs"].reason
    assert {"out/debug.log", "state.bin"} <= {each.path for each in first.outcome.outputs if each.omitted}

    # The files that hold it are there still; but for the outputs, nobody could know of what they hold.
    (project.path / "helper.py").unlink()
    (project.path / "settings.txt").unlink()
    known = {"SERVICE_API_KEY": secret} if later == "the same" else {}
    tool("run", "-q", sys.executable, "other.py", variables=known)
    second = project.last
    products = decode(Manifest, tool.project.read(second.code[0].products))
    omitted = {each.path: each.omitted for each in products if each.omitted}
    assert omitted == {"out/debug.log": "secret", "state.bin": "secret"}
    assert "state.bin" in next(each.reason for each in second.health if each.part == "code")
    found = [where for where, content in written(tool, tool.project.ledger) if secret.encode() in content]
    assert found == []


def test_what_is_committed_is_code_whatever_it_holds(tool):
    """But not what was added since; nor is code withheld for a word that any code may hold."""
    secret, project = "Zq7-planted-in-code-93kd", tool.project
    project.write(train=f"KEY = '{secret}'\n", edited="x = 1\n", words="import postgres_like as password1\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=project.path, check=True)
    project.write(edited=f"x = '{secret}'\n", words="# postgres\n")
    tool(
        *("run", "-q", sys.executable, "train.py"),
        variables={"SERVICE_API_KEY": secret, "DB_PASSWORD": "postgres"},
    )
    omitted = tree(tool, project.last)
    assert (omitted["train.py"], omitted["edited.py"], omitted["words.py"]) == (None, "secret", None)
