"""A real Slurm of one node, which tests start for themselves: munged, slurmctld and slurmd in a directory."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time

import pytest

from tests.patience import PATIENCE_S
from tests.servers import free_ports

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0
MpiDefault=none
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
_SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@contextlib.contextmanager
def one_node(folder):
    """Start it in an empty directory, wait until its node is idle; yields the variables that lead to it.

    It has no accounting, like many a small cluster.
    """
    missing = [each for each in _PROGRAMS if shutil.which(each, path=_SEARCHED) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} here: apt-get install slurmctld slurmd slurm-client munge")
    variables = {"SLURM_CONF": str(folder / "slurm.conf")}
    host = socket.gethostname().partition(".")[0]
    for each in ("state", "spool"):
        (folder / each).mkdir()
    (folder / "slurm.conf").write_text(
        _CONFIGURATION.format(host=host, ports=free_ports(2), user=getpass.getuser(), folder=folder)
    )
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(64))
    socket_of_munge = folder / "munge.socket"
    words = [f"--{each}-file={folder}/munge.{each}" for each in ("pid", "seed", "log")]
    with contextlib.ExitStack() as stack:

        def start(*words):
            return stack.enter_context(_daemon(folder, variables, words))

        # --force: the directory may well lie in one that others cannot look into.
        munged = start("munged", "-F", "--force", f"--key-file={key}", f"--socket={socket_of_munge}", *words)
        _until(socket_of_munge.exists, munged, folder)
        controller = start("slurmctld", "-D", "-i")
        start("slurmd", "-D", "-N", host)
        _until(lambda: _ask(variables, "sinfo", "-h", "-o", "%T") == "idle", controller, folder)
        try:
            yield variables
        finally:
            _ask(variables, "scancel", "--full", f"--user={getpass.getuser()}")
            _until(lambda: _ask(variables, "squeue", "-h") == "", controller, folder)


@contextlib.contextmanager
def _daemon(folder, variables, words):
    with open(folder / f"{words[0]}.said", "wb") as said:
        process = subprocess.Popen(
            [shutil.which(words[0], path=_SEARCHED), *words[1:]],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _ask(variables, *words):
    """What a program of Slurm's says; None where it cannot."""
    done = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _until(there, process, folder):
    end = time.monotonic() + PATIENCE_S
    while not there():
        if process.poll() is not None or time.monotonic() > end:
            said = {each.stem: each.read_text(errors="replace")[-1500:] for each in folder.glob("*.said")}
            text = "\n".join(f"{name}: {lines}" for name, lines in said.items())
            if os.getuid() != 0:
                pytest.skip(f"Slurm does not start for a user who is not root: {text}")
            pytest.fail(f"Slurm does not come up:\n{text}")
        time.sleep(0.1)
