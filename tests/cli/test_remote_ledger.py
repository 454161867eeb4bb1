"""A remote as the ledger itself, on the command line: each machine has its own cache."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

import ledger
from ledger import workspace as workspaces
from ledger.errors import NotFoundError, UsageError
from ledger.model import Digest
from tests import servers
from tests.cli.conftest import COMMAND
from tests.patience import PATIENCE_S

TRAIN = "open('model.txt', 'w').write('weights'); print('trained')"


class Machine:
    """One of several that use one remote as their ledger: a tree and a cache of its own."""

    def __init__(self, tool, place, url, variables):
        self.tool, self.path, self.url = tool, place / "project", url
        self.cache = place / "cache"
        self.path.mkdir(parents=True)
        self.variables = {**variables, "XDG_CACHE_HOME": str(self.cache)}

    def __call__(self, *words, variables=None, **options):
        return self.tool(
            "--ledger",
            self.url,
            *words,
            directory=self.path,
            variables={**self.variables, **(variables or {})},
            **options,
        )

    def document(self, *words, **options):
        return self.tool.document(
            "--ledger", self.url, *words, directory=self.path, variables=self.variables, **options
        )

    def train(self, *options, script=TRAIN, **rest):
        return self("run", *options, sys.executable, "-c", script, **rest)

    def start(self, script):
        """Begin to record a program that goes on until `script` ends, in a session of its own."""
        return subprocess.Popen(
            [*COMMAND, "--ledger", self.url, "run", sys.executable, "-c", script],
            cwd=self.path,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def copy(self):
        (found,) = [each for each in (self.cache / "ledger" / "remotes").iterdir() if each.name != "urls"]
        return found

    @property
    def ids(self):
        return [each["id"] for each in self.document("log")]


@pytest.fixture(scope="module")
def s3():
    with servers.s3_server() as address:
        servers.make_bucket(address)
        yield address


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.slow)])
def place(request, tmp_path):
    """A remote that is empty yet: its URL, and the variables that it takes."""
    if request.param == "file":
        return (tmp_path / "lab").as_uri(), {}
    address = request.getfixturevalue("s3")
    return f"s3://{servers.BUCKET}/{uuid.uuid4().hex}", servers.s3_variables(address)


@pytest.fixture
def machine(tool, tmp_path, place):
    url, variables = place
    return lambda name, at=url: Machine(tool, tmp_path / name, at, variables)


@pytest.fixture
def local(tool, tmp_path):
    """Machines on one directory, and that directory."""
    lab = tmp_path / "lab"

    def make(name, **settings):
        found = Machine(tool, tmp_path / name, lab.as_uri(), {})
        lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
        (found.path / "ledger.toml").write_text(f"[remote]\n{lines}")
        return found

    make.lab = lab
    return make


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)
    return found


def until(path):
    """A program that runs until a file is there, and fails with exit code 7."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.05)\nraise SystemExit(7)"


def companions(recorder):
    """What accompanies the trial of a recorder."""
    children = Path(f"/proc/{recorder}/task/{recorder}/children").read_text().split()
    return [int(each) for each in children if b"ledger.ops.companion" in _words(each)]


def _words(process):
    return Path(f"/proc/{process}/cmdline").read_bytes()


def idle(process):
    """Whether its main thread sleeps, and does not run for a while: so one that waits for something to do."""
    ran = Path(f"/proc/{process}/schedstat")
    before = ran.read_text()
    time.sleep(0.5)
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "S" and ran.read_text() == before


def stored(machine, digest):
    store = workspaces.find(machine.path, str(machine.copy)).store
    return store.has(Digest.parse(digest))


def test_machines_record_in_one_remote_and_see_all_of_it(machine):
    ann, ben = machine("ann"), machine("ben")
    said = ann.train("-x", "digits")
    assert said.out == "trained\n"
    assert "warning" not in said.err
    ben.train("-x", "digits", script=f"{TRAIN}; raise SystemExit(7)", code=7)
    assert ann.ids == ben.ids
    assert {each["status"] for each in ann.document("log")} == {"ok", "failed"}
    assert ann.document("head") == ben.document("head")
    assert not (ann.path / ".ledger").exists()


def test_contents_come_when_they_are_read(machine, accept):
    ann, ben = machine("ann"), machine("ben")
    ann.train("-q", "--name", "first")
    (output,) = ben.document("show", "first")["outputs"]
    assert not stored(ben, output["digest"])
    checked = ben.document("verify")
    accept("verify.v1", checked)
    assert checked["ok"]
    assert "remote.unread" in [each["what"] for each in checked["notices"]]
    assert ben("cat", "first", "model.txt").out == "weights"
    assert stored(ben, output["digest"])
    ben("checkout", "first", "--to", ben.path / "again")
    assert (ben.path / "again" / "model.txt").read_text() == "weights"
    ben("pull")
    assert "remote.unread" not in [each["what"] for each in ben.document("verify")["notices"]]


def test_what_one_says_of_a_trial_others_read(machine):
    ann, ben = machine("ann"), machine("ben")
    ann.train("-q", "--name", "first")
    ben("note", "first", "it was the wrong data")
    ben("tag", "first", "paper")
    found = ann.document("show", "paper")
    assert [each["text"] for each in found["notes"]] == ["it was the wrong data"]
    ben("rm", "paper")
    assert ann.ids == []


@pytest.mark.slow
def test_another_machine_replays_and_diffs(local):
    ann, ben = local("ann"), local("ben")
    (ann.path / "train.py").write_text(TRAIN)
    for seed in "12":
        ann("run", "-q", "--seed", seed, sys.executable, "train.py")
    assert ben.document("replay", "@", "--env", "current")["verdict"] == "identical"
    assert ann.document("show", "@")["replays"][0]["verdict"] == "identical"
    assert not ben.document("diff", "@", "@~1")["same"]


def test_the_whole_of_a_nested_run_is_shared(local):
    ann, ben = local("ann"), local("ben")
    inner = [*COMMAND, "run", "-q", sys.executable, "-c", "open('inner.txt', 'w').write('x')"]
    ann.train("-q", script=f"import subprocess; subprocess.run({inner!r}, check=True)")
    found = ben.document("log")
    assert len(found) == 2
    assert ben("cat", "@", "inner.txt").out == "x"


@pytest.mark.slow
def test_what_ends_inside_a_trial_is_shared_while_that_goes_on(local, tmp_path):
    ann, ben = local("ann", heartbeat_s=1), local("ben")
    ben("init")
    inner = [*COMMAND, "run", "-q", "--name", "inner", sys.executable, "-c", "print(1)"]
    process = ann.start(
        f"import subprocess; subprocess.run({inner!r}, check=True)\n{until(tmp_path / 'go')}",
    )

    def statuses():
        return sorted(each["status"] for each in ben.document("log"))

    wait_for(lambda: statuses() == ["ok", "running"], "the end of the inner one")
    (tmp_path / "go").touch()
    process.communicate(timeout=PATIENCE_S)
    assert statuses() == ["failed", "ok"]


def test_what_outlives_its_trial_shares_by_itself(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    inner = [*COMMAND, "run", "-q", "--name", "late", sys.executable, "-c", "print(1)"]
    waits = (
        f"import os, subprocess, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
        f"subprocess.run({inner!r})\nopen({str(tmp_path / 'done')!r}, 'w')"
    )
    ann.train(
        "-q",
        script="import subprocess, sys; null = subprocess.DEVNULL\n"
        f"subprocess.Popen([sys.executable, '-c', {waits!r}], stdin=null, stdout=null, stderr=null,"
        " start_new_session=True)",
    )
    (tmp_path / "go").touch()
    wait_for((tmp_path / "done").exists, "the late one")
    assert "late" in [each["name"] for each in ben.document("log")]


def test_a_trial_inside_one_of_another_ledger_is_shared_by_itself(local):
    ann, ben = local("ann"), local("ben")
    inner = [*COMMAND, "--ledger", ann.url, "run", "-q", sys.executable, "-c", "print(1)"]
    script = f"import subprocess; subprocess.run({inner!r}, check=True)"
    ann.tool("run", "-q", sys.executable, "-c", script, directory=ann.path, variables=ann.variables)
    assert len(ben.ids) == 1
    assert len(ann.tool.document("log", directory=ann.path)) == 1


def test_an_empty_remote_is_made_by_who_writes(local):
    ann = local("ann")
    said = ann("log", code=3).err
    assert f"no ledger at {ann.url}" in said
    assert f"ledger --ledger {ann.url} init" in said
    assert not local.lab.exists()
    assert f"made a ledger: {ann.url}" in ann("init").out
    assert "there is a ledger already" in ann("init").out
    assert ann.ids == []
    assert (local.lab / "format").exists()


def test_without_the_remote_what_is_here_is_shown(local):
    ann = local("ann")
    ann.train("-q")
    shutil.move(local.lab, f"{local.lab}.away")
    assert "what is here was recorded here" in ann("log").err
    shutil.move(f"{local.lab}.away", local.lab)
    assert ann("log").err == ""
    shutil.move(local.lab, f"{local.lab}.away")
    said = ann("log", "--json")
    assert f"warning: no news of {ann.url}" in said.err
    assert "what is here is as of " in said.err
    assert "not shared" not in said.err
    assert "trained" in ann("cat", "@").out


def test_without_the_remote_trials_are_kept_and_shared_later(local):
    ann, ben = local("ann"), local("ben")
    ann.train("-q")
    shutil.move(local.lab, f"{local.lab}.away")
    said = ann.train("-q", script="raise SystemExit(7)", code=7).err
    assert f"warning: not shared with {ann.url}" in said
    assert "the next command shares it" in said
    shutil.move(f"{local.lab}.away", local.lab)
    assert len(ben.ids) == 1
    assert ann("log").err == ""
    assert len(ben.ids) == 2
    assert "nothing new for upstream" in ann("push").out


def test_the_first_time_takes_the_remote(local, tmp_path):
    ann = local("ann")
    ann.url = (tmp_path / "no" / "lab").as_uri()
    said = ann.train(code=125).err
    assert "not started" in said
    assert "cannot reach" in said
    assert "cannot reach" in ann("log", code=1).err
    assert list(ann.path.iterdir()) == [ann.path / "ledger.toml"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.org/x", "https://"),
        ("s3://key:secret@bucket/x", "credentials"),
        ("sftp://host", "expected"),
        ("s3:/key:secret@bucket/x", "lacks a slash"),
        ("S3://key:secret@bucket/x", "credentials"),
        ("file://lab/x", "file:///PATH"),
    ],
)
def test_a_bad_url_is_refused(local, url, said):
    ann = local("ann")
    ann.url = url
    assert said in ann("log", code=2).err
    assert said in ann("init", code=2).err
    assert said in ann.train(code=125).err
    assert [each.name for each in ann.path.iterdir()] == ["ledger.toml"]


@pytest.mark.slow
def test_what_the_remote_has_lost_is_shared_again(local):
    ann, ben = local("ann"), local("ben")
    ann.train("-q")
    shutil.copytree(local.lab, f"{local.lab}.before")
    ann.train("-q")
    shutil.rmtree(local.lab)
    shutil.move(f"{local.lab}.before", local.lab)
    assert len(ben.ids) == 1
    assert ann("log").err.count("now it has 2") == 1
    assert len(ben.ids) == 2
    assert ben("cat", "@", "model.txt").out == "weights"
    assert ann("log").err == ""


def test_the_plain_path_of_a_remote_is_told_how_to_be_named(local):
    ann = local("ann")
    ann("init")
    before = sorted(local.lab.iterdir())
    url, ann.url = ann.url, local.lab
    said = ann("log", code=2).err
    assert f"ledger --ledger {url} " in said
    assert f"ledger --ledger {url} " in ann.train(code=125).err
    assert sorted(local.lab.iterdir()) == before


def test_what_is_no_remote_or_a_newer_one_is_refused(local):
    ann = local("ann")
    local.lab.mkdir()
    (local.lab / "format").write_text("PNG\n")
    assert "no ledger's remote" in ann("log", code=4).err
    (local.lab / "format").write_text("ledger remote 2\n" + 32 * "0" + "\n")
    assert "has format 2" in ann("log", code=1).err
    assert "has format 2" in ann.train(code=125).err


def test_a_bucket_that_may_not_be_written(tool, tmp_path, s3):
    def fault(method, _path, _count):
        return 403 if method == "PUT" else None

    proxy = servers.Faulty(s3, fault)
    url = f"s3://{servers.BUCKET}/{uuid.uuid4().hex}"
    ann = Machine(tool, tmp_path / "ann", url, servers.s3_variables(proxy.address))
    said = ann("init", code=1).err
    assert "cannot write" in said
    assert "credentials" in said
    assert "cannot write" in ann.train(code=125).err
    proxy.close()
    assert not (ann.cache / "ledger" / "remotes").exists()


def test_remotes_of_a_remote_are_refused(local, tmp_path):
    ann = local("ann")
    ann("init")
    for words in (("remote", "add", "disk", tmp_path / "disk"), ("remote", "rm", "upstream")):
        assert "the ledger is a remote itself" in ann(*words, code=2).err
    assert "a clone makes a ledger of its own" in ann("clone", ann.url, "x", code=2).err
    assert [each["name"] for each in ann.document("remote", "list")] == ["upstream"]


def test_two_urls_of_one_remote_have_two_copies(local, tmp_path):
    ann = local("ann")
    ann.train("-q")
    (tmp_path / "link").symlink_to(local.lab)
    ann.url = (tmp_path / "link").as_uri()
    ann.train("-q")
    assert len(ann.ids) == 2
    assert len(ann.document("head")["origins"]) == 2


@pytest.mark.slow
def test_a_copy_of_a_remote_shares_nothing_with_it(local, tmp_path):
    ann = local("ann")
    ann("init")
    other = tmp_path / "private"
    shutil.copytree(local.lab, other)  # with its id
    first = ann.url
    ann.url = other.as_uri()
    ann.train("-q", "--name", "private")
    assert len(ann.ids) == 1
    ann.url = first
    ann.train("-q", "--name", "public")
    assert [each["name"] for each in ann.document("log")] == ["public"]
    assert local("ben").document("log")[0]["name"] == "public"
    assert len(local("cleo").ids) == 1


def test_another_remote_in_its_place_is_noticed(local):
    ann, ben = local("ann"), local("ben")
    ann.train("-q")
    shutil.rmtree(local.lab)
    said = ann("log").err
    assert f"no ledger at {ann.url} any more" in said
    ben("init")
    said = ann("log").err
    assert "is not the remote that it was" in said
    assert "trials that were not shared with it stay here" in said
    forget = said.partition("forget what was there: rm ")[2].partition(";")[0]
    Path(forget).unlink()
    assert ann.ids == []


def test_everything_is_no_code(local, monkeypatch):
    ann = local("ann")
    ann("init")
    monkeypatch.setenv("HOME", str(ann.path))
    assert "is refused" in ann.train(code=125).err
    words = ("-x", "a", "--minimize", "loss", "-n", "1", "-p", "x=real(0, 1)", "--", "true")
    assert "is refused" in ann("tune", *words, code=2).err
    monkeypatch.setenv("XDG_CACHE_HOME", str(ann.cache))
    monkeypatch.chdir(ann.path)
    with pytest.raises(UsageError, match="is refused"):
        ledger.open(ann.url).run(["true"])
    assert ann.ids == []
    assert ann.document("head")["size"] == 0


def test_a_remote_in_the_tree_that_is_recorded_is_refused(local):
    ann = local("ann")
    ann.url = (ann.path / "lab").as_uri()
    ann("init")
    said = ann.train(code=125).err
    assert "a remote in the tree" in said
    assert "ledger run COMMAND" in said
    assert ann.ids == []


def test_a_content_that_was_tampered_with_is_refused(local):
    ann, ben = local("ann"), local("ben")
    ann.train("-q")
    (output,) = ben.document("show", "@")["outputs"]
    digits = output["digest"].removeprefix("b3:")
    blob = local.lab / "objects" / digits[:2] / digits[2:]
    blob.write_bytes(b"poison!")
    said = ben("cat", "@", "model.txt", code=4)
    assert said.out == ""
    assert f"damaged object {output['digest']}" in said.err
    assert not stored(ben, output["digest"])
    assert ann("cat", "@", "model.txt").out == "weights"  # its own is whole
    blob.unlink()
    assert "neither here nor at" in ben("cat", "@", "model.txt", code=3).err
    (found,) = ben.document("verify", code=4)["findings"]
    assert found["what"] == "object.missing"
    ann("push", "--full")
    assert ben("cat", "@", "model.txt").out == "weights"


def test_a_running_trial_is_seen_and_its_end_too(local, tmp_path):
    ann, ben = local("ann", heartbeat_s=1), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    (trial,) = wait_for(lambda: ben.document("log"), "the trial")
    assert trial["status"] == "running"
    (beat,) = wait_for(lambda: [*local.lab.glob("heartbeats/*/*")], "a sign of life")
    first = beat.read_bytes()
    wait_for(lambda: beat.read_bytes() != first, "another one")
    time.sleep(0.5)
    assert "no sign of life" not in ben("log").out
    (tmp_path / "go").touch()
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (7, b""), err
    assert not [*local.lab.glob("heartbeats/*/*")]
    assert [each["status"] for each in ben.document("log")] == ["failed"]


@pytest.mark.slow
def test_a_recorder_that_was_killed_shows_no_sign_of_life(local, tmp_path, accept):
    ann, ben = local("ann", heartbeat_s=1), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    (beat,) = wait_for(lambda: [*local.lab.glob("heartbeats/*/*")], "a sign of life")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()
    wait_for(lambda: "running, no sign of life for" in ben("log").out, "the doubt")
    count = beat.read_bytes()
    assert "running, no sign of life for" in ben("show", "@").out
    found = ben.document("verify")
    accept("verify.v1", found)
    assert found["ok"]
    assert [each["where"] for each in found["notices"] if each["what"] == "trial.silent"] == ben.ids
    assert [each["status"] for each in ben.document("log")] == ["running"]
    assert beat.read_bytes() == count
    (tmp_path / "go").touch()  # what was recorded goes on until its streams close

    def told():
        ann("log")
        return [each["status"] for each in ben.document("log")] == ["lost"]

    wait_for(told, "its loss")
    ann("log")
    assert not beat.exists()
    assert "no sign of life" not in ben("log").out


def test_no_signs_of_life_where_none_are_wanted(local, tmp_path):
    ann, ben = local("ann", heartbeat_s=0), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    assert not (local.lab / "heartbeats").exists()
    (tmp_path / "go").touch()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7


@pytest.mark.slow
def test_a_remote_that_dies_in_the_middle_costs_a_warning(tool, tmp_path, s3):
    proxy = servers.Faulty(s3, lambda *_: None)
    url = f"s3://{servers.BUCKET}/{uuid.uuid4().hex}"
    ann = Machine(tool, tmp_path / "ann", url, servers.s3_variables(proxy.address))
    ben = Machine(tool, tmp_path / "ben", url, servers.s3_variables(s3))
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    proxy.close()
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7
    assert b"warning: not shared with" in err
    assert [each["status"] for each in ben.document("log")] == ["running"]
    ann.variables.update(servers.s3_variables(s3))
    assert "pushed 1 entry" in ann("push").out
    assert [each["status"] for each in ben.document("log")] == ["failed"]


@pytest.mark.slow
def test_who_does_not_want_to_wait_for_a_remote_that_hangs(tool, tmp_path, s3):
    hangs, freed = threading.Event(), threading.Event()

    def hang(method, _path, _count):
        return 500 if method == "PUT" and hangs.is_set() and freed.wait(PATIENCE_S) else None

    proxy = servers.Faulty(s3, hang)
    url = f"s3://{servers.BUCKET}/{uuid.uuid4().hex}"
    ann = Machine(tool, tmp_path / "ann", url, servers.s3_variables(proxy.address))
    (ann.path / "ledger.toml").write_text("[remote]\nheartbeat_s = 0\n")
    ben = Machine(tool, tmp_path / "ben", url, servers.s3_variables(s3))
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    (companion,) = companions(process.pid)
    wait_for(lambda: idle(companion), "the end of sharing the start")
    hangs.set()
    (tmp_path / "go").touch()
    said = process.stderr.readline()
    assert b" failed (exit code 7) " in said
    wait_for(lambda: catches(process.pid, signal.SIGTERM), "the wait for what shares")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    freed.set()
    proxy.close()
    assert process.returncode == 7
    assert b"not shared: interrupted" in err
    ann.variables.update(servers.s3_variables(s3))
    ann("log")
    assert [each["status"] for each in ben.document("log")] == ["failed"]


def catches(process, number):
    """Whether a process handles a signal."""
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if "SigCgt" in line]
    return int(line.split()[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
def test_what_gives_up_sharing_leaves_the_exit_code(local, tmp_path, number):
    ann, ben = local("ann"), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    (companion,) = companions(process.pid)
    wait_for(lambda: idle(companion), "the end of sharing the start")
    os.kill(companion, signal.SIGSTOP)
    (tmp_path / "go").touch()
    assert b" failed (exit code 7) " in process.stderr.readline()
    wait_for(lambda: catches(process.pid, signal.SIGTERM), "the wait for what shares")
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7
    assert b"not shared: interrupted" in err
    ann("log")
    assert [each["status"] for each in ben.document("log")] == ["failed"]


@pytest.mark.slow
def test_a_search_is_interrupted_while_a_trial_is_shared(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    ben("init")
    tells = """open("metrics.json", "w").write('{"loss": 1}')"""
    fit = until(tmp_path / "go").replace("raise SystemExit(7)", tells)
    (ann.path / "fit.py").write_text(fit)
    words = ("-q", "-x", "lines", "--minimize", "loss", "-n", "3", "-p", "x=real(0, 1)")
    process = subprocess.Popen(
        [*COMMAND, "--ledger", ann.url, "tune", *words, "--", sys.executable, "fit.py", "{x}"],
        cwd=ann.path,
        env={**os.environ, **ann.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: ben.ids, "the trial")
    (companion,) = [
        each
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for each in companions(child)
    ]
    wait_for(lambda: idle(companion), "the end of sharing the start")
    os.kill(companion, signal.SIGSTOP)
    (tmp_path / "go").touch()
    wait_for(lambda: not [*(ann.copy / "spool").iterdir()], "its end")
    time.sleep(2)  # what is between its end and the wait for what shares
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert b"not shared: interrupted" in err
    assert len(ben.ids) == 1


def test_the_end_of_what_accompanies_a_trial_is_told(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    (companion,) = companions(process.pid)
    os.kill(companion, signal.SIGKILL)
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7
    assert b"warning: not shared" in err
    assert [each["status"] for each in ben.document("log")] == ["running"]
    ann("log")
    assert [each["status"] for each in ben.document("log")] == ["failed"]


def test_what_goes_wrong_while_sharing_is_a_warning(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    registry = ann.copy / "remotes.toml"
    registry.write_text(registry.read_text().replace('id = "', 'id = "no'))
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 7
    assert b"warning: not shared: " in err
    assert b"names no remotes" in err
    said = ann("log", code=4).err
    assert f"rm {registry}" in said
    registry.unlink()
    assert ann("log").err == ""
    assert [each["status"] for each in ben.document("log")] == ["failed"]


def test_what_others_print_while_sharing_is_no_warning(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    (tmp_path / "noisy").mkdir()
    (tmp_path / "noisy" / "sitecustomize.py").write_text("print('a package says hello', flush=True)")
    said = ann.train("-q", variables={"PYTHONPATH": str(tmp_path / "noisy")})
    assert "says hello" in said.out
    assert said.err == ""
    assert len(ben.ids) == 1


def test_nothing_is_left_of_what_accompanied_a_recorder_that_was_killed(local, tmp_path):
    ann, ben = local("ann"), local("ben")
    ben("init")
    process = ann.start(until(tmp_path / "go"))
    wait_for(lambda: ben.ids, "the trial")
    (companion,) = companions(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not Path(f"/proc/{companion}/cmdline").exists(), "its end")
    (tmp_path / "go").touch()
    process.stdout.close()
    process.stderr.close()


def test_a_package_that_is_missing_is_named(local, tmp_path):
    ann = local("ann")
    ann.url = "s3://bucket/lab"
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "obstore.py").write_text("raise ImportError('it is not here')")
    variables = {"PYTHONPATH": str(tmp_path / "without")}
    for said in (
        ann("log", code=2, variables=variables).err,
        ann.train(code=125, variables=variables).err,
    ):
        assert "needs the package obstore" in said
        assert "python -m pip install 'replay-ledger[s3]'" in said


def test_signatures_are_shared_as_well(local, make_key):
    ann, ben = local("ann"), local("ben")
    ann.train("-q")
    ann("verify", "--sign", "--key", make_key("ann"))
    ben("log")
    assert len([*local.lab.glob("heads/signed/*")]) == 1
    kept = [*(ben.copy / "heads").iterdir()]
    assert len(kept) == 2  # the head and its signature


def test_room_is_made_in_the_copy_alone(local):
    ann, ben = local("ann"), local("ben")
    for seed in "12":
        ann.train("-q", "--seed", seed, "-x", "digits", script=f"open('model.txt', 'w').write('{seed}')")
    before = set(local.lab.glob("objects/*/*"))
    assert ann.document("gc", "--keep-last", "1", "-x", "digits")["objects"] == 1
    assert set(local.lab.glob("objects/*/*")) == before
    (notice,) = [each for each in ben.document("verify")["notices"] if each["what"] == "content.dropped"]
    assert "ledger gc" in notice["detail"]
    assert ann.document("verify")["ok"]


def test_a_trial_of_another_machine_stands_in(local):
    ann, ben = local("ann"), local("ben")
    for each in (ann, ben):
        (each.path / "train.py").write_text(TRAIN)
        (each.path / "ledger.toml").unlink()
    ann("run", "-q", sys.executable, "train.py")
    (ann.path / "model.txt").unlink()
    said = ben("run", "--reuse", sys.executable, "train.py")
    assert "stands in" in said.err
    assert len(ben.ids) == 1


@pytest.mark.slow
def test_a_machine_that_ssh_reaches(tool, tmp_path, monkeypatch):
    home = tmp_path / "ssh"
    home.mkdir()
    variables = {"HOME": str(home)}
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with servers.sftp_server(home) as address:
        url = f"sftp://{getpass.getuser()}@{address}{tmp_path}/lab"
        ann, ben = (Machine(tool, tmp_path / name, url, variables) for name in ("ann", "ben"))
        assert ann.train("-q").err == ""
        said = ben("cat", "@", "model.txt")
        assert (said.out, said.err) == ("weights", "")
        assert ann.ids == ben.ids
    assert "no news of sftp://" in ben("log").err


def test_the_variable_names_a_remote_too(local):
    ann = local("ann")
    variables = {**ann.variables, "LEDGER_DIR": ann.url}
    ann.tool("run", "-q", sys.executable, "-c", "print(1)", directory=ann.path, variables=variables)
    assert len(ann.ids) == 1


def test_the_same_from_python(local, monkeypatch):
    ann, ben = local("ann"), local("ben")
    monkeypatch.setenv("XDG_CACHE_HOME", str(ann.cache))
    monkeypatch.chdir(ann.path)
    with pytest.raises(NotFoundError, match="no ledger at"):
        ledger.open(ann.url)
    here = ledger.open(ann.url, create=True)
    trial = here.run([sys.executable, "-c", TRAIN], forward=False)
    assert [str(trial.id)] == ben.ids
    ben.train("-q", "--name", "bens", script=TRAIN.replace("weights", "of ben"))
    again = ledger.open(ann.url)
    again.checkout("bens", ann.path / "bens", parts=["outputs"])
    assert (ann.path / "bens" / "model.txt").read_text() == "of ben"
    again.note("bens", "from python")
    assert again.push().entries == 1
    assert [each["text"] for each in ben.document("show", "bens")["notes"]] == ["from python"]
    with pytest.raises(UsageError, match="a remote itself"):
        again.add_remote("disk", ann.path / "disk")
    shutil.move(local.lab, f"{local.lab}.away")
    with pytest.warns(UserWarning, match="no news of"):
        found = ledger.open(ann.url)
    assert found.trial("bens").name == "bens"


def test_a_path_for_modules_that_is_no_text_costs_nothing(local, monkeypatch):
    ann, ben = local("ann"), local("ben")
    monkeypatch.setenv("XDG_CACHE_HOME", str(ann.cache))
    monkeypatch.chdir(ann.path)
    monkeypatch.setattr(sys, "path", [*sys.path, ann.path])
    notes = []
    ledger.open(ann.url, create=True).run([sys.executable, "-c", TRAIN], forward=False, notify=notes.append)
    assert notes == []
    assert len(ben.ids) == 1


def test_what_cannot_accompany_a_trial_costs_a_warning(local, monkeypatch):
    ann, ben = local("ann"), local("ben")
    monkeypatch.setenv("XDG_CACHE_HOME", str(ann.cache))
    monkeypatch.chdir(ann.path)
    here, notes = ledger.open(ann.url, create=True), []
    monkeypatch.setattr("ledger.ops.accompany.json.dumps", "\0".join)  # which no argument can hold
    trial = here.run([sys.executable, "-c", TRAIN], forward=False, notify=notes.append)
    assert trial.status == "ok"
    assert "others do not see yet that the trial runs" in notes[0]
    ann("push")
    assert len(ben.ids) == 1


def test_a_search_that_one_machine_began_goes_on_at_another(machine):
    ann, ben = machine("ann"), machine("ben")
    script = "import json, sys; json.dump({'loss': float(sys.argv[1]) ** 2}, open('metrics.json', 'w'))"
    for machine in (ann, ben):
        (machine.path / "fit.py").write_text(script)
    space = ("--minimize", "loss", "--sampler", "random", "-p", "x=real(-1, 1)")
    ann("tune", "-x", "square", "-n", "2", *space, "--", sys.executable, "fit.py", "{x}")
    assert len(ben.document("log", "-x", "square")) == 2
    tuned = ben.document("tune", "-x", "square", "-n", "4")
    assert [each["number"] for each in tuned["trials"]] == [0, 1, 2, 3]
    verified = ann.document("verify", "-x", "square")
    assert (verified["ok"], verified["proposals"]) == (True, 4)
    assert sorted(each.name for each in ann.path.iterdir()) == ["fit.py"]


def searching(local, tmp_path, every_s):
    """A search that one machine has begun, whose trial waits; and another machine that sees it."""
    ann, ben = (local(name, heartbeat_s=every_s) for name in ("ann", "ben"))
    ben("init")
    tells = """open("metrics.json", "w").write('{"loss": 1}')"""
    fit = until(tmp_path / "go").replace("raise SystemExit(7)", tells)
    for each in (ann, ben):
        (each.path / "fit.py").write_text(fit)
    words = ("-x", "lines", "--minimize", "loss", "-p", "x=real(0, 1)", "-n", "1")
    process = subprocess.Popen(
        [*COMMAND, "--ledger", ann.url, "tune", *words, "--", sys.executable, "fit.py", "{x}"],
        cwd=ann.path,
        env={**os.environ, **ann.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: [*local.lab.glob("heartbeats/*/*")], "a sign of life")
    wait_for(lambda: ben.ids, "the trial")
    return process, ben


def descendants(process):
    """All that a process has begun, itself among it."""
    children = [
        int(each)
        for path in Path(f"/proc/{process}/task").glob("*/children")
        for each in path.read_text().split()
    ]
    return [process, *(each for child in children for each in descendants(child))]


@pytest.mark.slow
def test_the_trial_of_a_machine_that_died_is_lost_and_tried_again_at_another(local, tmp_path):
    process, ben = searching(local, tmp_path, 1)
    machine = descendants(process.pid)
    for number in (signal.SIGSTOP, signal.SIGKILL):  # at once: none records the end of another
        for each in machine:
            with suppress(ProcessLookupError):
                os.kill(each, number)
    process.communicate(timeout=PATIENCE_S)
    (trial,) = ben.ids
    (tmp_path / "go").touch()
    done = ben("tune", "-x", "lines", "-n", "1")
    assert f"trial {trial[3:15]} of another machine is recorded as lost" in done.err
    log = {each["id"]: each["status"] for each in ben.document("log")}
    assert log.pop(trial) == "lost"
    assert list(log.values()) == ["ok"]
    tuned = ben.document("tune", "-x", "lines", "-n", "1")
    assert [(each["state"], each["trial"]) for each in tuned["trials"]] == [("done", *log)]
    verified = ben.document("verify", "-x", "lines")
    assert (verified["ok"], verified["proposals"]) == (True, 1)


@pytest.mark.slow
def test_the_trial_of_a_machine_that_lives_is_left_to_it(local, tmp_path):
    process, ben = searching(local, tmp_path, 10)  # and counts as silent after a few of them
    tuned = ben.document("tune", "-x", "lines", "-n", "1", code=1)
    assert [each["state"] for each in tuned["trials"]] == ["pending"]
    assert [each["status"] for each in ben.document("log")] == ["running"]
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert [each["status"] for each in ben.document("log")] == ["ok"]
