"""Eight machines share one bucket at once."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.ops import query

TESTS = Path(__file__).parents[1]


def _load(name):
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


servers, shared = _load("servers"), _load("shared")

MACHINES, TURNS = 8, 4
MACHINE = """
import sys
sys.path.insert(0, sys.argv[1])
import shared
ledger = shared.Shared(shared.Path(sys.argv[2]))
for turn in range(int(sys.argv[4])):
    ledger.trial(f"{ledger.root.name} {turn}", output=f"{ledger.root.name} {turn}".encode())
    for act in (ledger.push, ledger.pull):
        done = act(sys.argv[3])
        assert done.ok, done
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eight_machines_push_and_pull_at_once(tmp_path, monkeypatch):
    with servers.s3_process() as address:
        servers.make_bucket(address)
        variables = servers.s3_variables(address)
        url = f"s3://{servers.BUCKET}/storm"
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    MACHINE,
                    str(TESTS),
                    str(tmp_path / f"machine{number}"),
                    url,
                    str(TURNS),
                ],
                env={**os.environ, **variables},
                stderr=subprocess.PIPE,
            )
            for number in range(MACHINES)
        ]
        for each in processes:
            said = each.communicate()[1]
            assert each.returncode == 0, said.decode()[-2000:]
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        clone = shared.Shared(tmp_path / "clone")
        assert clone.pull(url).ok
        names = [each.name for each in query.load(clone.journal)]
        assert sorted(names) == sorted(
            f"machine{number} {turn}" for number in range(MACHINES) for turn in range(TURNS)
        )
        assert clone.journal.verify() == []
        for number in range(MACHINES):
            machine = shared.Shared(tmp_path / f"machine{number}")
            assert machine.pull(url).ok
            # Whoever looks sees the same, in one order that what each had seen explains.
            assert machine.bodies() == clone.bodies()
            assert [each.name for each in query.load(machine.journal)] == names
            assert machine.journal.verify() == []
        for number in range(MACHINES):
            own = [name for name in names if name.startswith(f"machine{number} ")]
            assert own == [f"machine{number} {turn}" for turn in range(TURNS)]


TOOL = (
    f"import sys; sys.path[:1] = [{str(TESTS.parent)!r}]; from ledger.cli.main import main; sys.exit(main())"
)
WRITER = """
import os, subprocess, sys
for turn in range(int(sys.argv[2])):
    words = ["--ledger", sys.argv[1], "run", "-q", "--name", f"{os.path.basename(os.getcwd())}-{turn}"]
    script = f"open('out.txt', 'w').write('{os.getcwd()} {turn}'); raise SystemExit({turn})"
    done = subprocess.run([sys.executable, "-c", sys.argv[3], *words, sys.executable, "-c", script],
                          stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (turn, ""), done
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eight_machines_record_directly_in_one_remote(tmp_path, ledger_environment):
    turns = 2
    with servers.s3_process() as address:
        servers.make_bucket(address)
        variables = {**os.environ, **servers.s3_variables(address)}
        url = f"s3://{servers.BUCKET}/direct"

        def tool(machine, *words):
            done = subprocess.run(
                [sys.executable, "-c", TOOL, "--ledger", url, *words],
                cwd=tmp_path / machine,
                env={**variables, "XDG_CACHE_HOME": str(tmp_path / f"{machine}.cache")},
                capture_output=True,
                text=True,
            )
            assert (done.returncode, done.stderr) == (0, ""), done
            return done.stdout

        machines = [f"machine{number}" for number in range(MACHINES)]
        processes = []
        for machine in machines:
            (tmp_path / machine).mkdir()
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, url, str(turns), TOOL],
                    cwd=tmp_path / machine,
                    env={**variables, "XDG_CACHE_HOME": str(tmp_path / f"{machine}.cache")},
                    stderr=subprocess.PIPE,
                )
            )
        said = [each.communicate()[1].decode()[-2000:] for each in processes]
        assert [each.returncode for each in processes] == [0] * MACHINES, said
        heads, names = set(), set()
        for machine in machines:
            heads.add(tool(machine, "head"))
            found = json.loads(tool(machine, "log", "--json"))
            assert {each["name"] for each in found} == {f"{m}-{t}" for m in machines for t in range(turns)}
            assert "running" not in {each["status"] for each in found}
            names.add(json.dumps([each["id"] for each in found]))
        assert len(heads) == len(names) == 1
        other = tool(machines[0], "cat", f"{machines[-1]}-1", "out.txt")
        assert other == f"{tmp_path / machines[-1]} 1"
        assert json.loads(tool(machines[0], "verify", "--json"))["ok"]
