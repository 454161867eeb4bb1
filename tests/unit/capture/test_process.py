"""The host as the system's own files describe it."""

import os
from pathlib import Path

import pytest

from ledger.capture.process import host, placing_variables
from ledger.model import Gpu
from ledger.model.codec import digest_of


def write(tree: Path, path: str, text: str) -> None:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)


def test_this_machine() -> None:
    here = host()
    assert here.hostname == os.uname().nodename
    assert here.machine == os.uname().machine
    assert here.system.endswith(os.uname().release)
    assert here.cpu
    assert here.cpus >= 1
    assert here.memory > 1 << 26
    assert here.user
    if here.machine == "x86_64":
        assert "sse2" in here.cpu_flags


def test_it_is_the_same_the_next_time() -> None:
    assert digest_of(host()) == digest_of(host())


def test_a_machine_with_accelerators(tmp_path: Path) -> None:
    write(
        tmp_path,
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Some CPU @ 2.3GHz\ncpu MHz\t: 2301.1\n"
        "flags\t\t: fpu sse sse2 smep smap avx2 avx512f amx_tile rdrand avx_vnni\n\n"
        "processor\t: 1\nmodel name\t: Other\n",
    )
    write(tmp_path, "proc/meminfo", "MemTotal:       24684288 kB\nMemFree:        1 kB\n")
    for place, uuid in (("0000:1b:00.0", "GPU-aa"), ("0000:0a:00.0", "GPU-??")):
        write(
            tmp_path,
            f"proc/driver/nvidia/gpus/{place}/information",
            f"Model: \t\t NVIDIA H200\nIRQ:   \t\t 12\nGPU UUID: \t {uuid}\nBus Type: \t PCIe\n",
        )
    write(
        tmp_path,
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Build\nGCC version: 1.2\n",
    )
    write(tmp_path, "run/systemd/container", "lxc\n")
    there = host(str(tmp_path))
    assert there.cpu == "Some CPU @ 2.3GHz"
    assert there.cpu_flags == ("amx_tile", "avx2", "avx512f", "avx_vnni", "sse", "sse2")
    assert there.memory == 24684288 * 1024
    assert there.gpus == (Gpu(name="NVIDIA H200", uuid=None), Gpu(name="NVIDIA H200", uuid="GPU-aa"))
    assert there.driver == "550.54.15"


def test_a_machine_with_another_make_of_accelerator(tmp_path: Path) -> None:
    card = "sys/class/drm/card1/device"
    write(tmp_path, f"{card}/vendor", "0x1002\n")
    write(tmp_path, f"{card}/device", "0x740f\n")
    write(tmp_path, f"{card}/unique_id", "1f2e\n")
    write(tmp_path, "sys/class/drm/card0/device/vendor", "0x1af4\n")
    write(tmp_path, "sys/class/drm/card1-DP-1/device/vendor", "0x1002\n")
    write(tmp_path, "sys/module/amdgpu/version", "6.3.6\n")
    there = host(str(tmp_path))
    assert there.gpus == (Gpu(name="AMD 0x740f", uuid="1f2e"),)
    assert there.driver == "6.3.6"


def test_a_system_without_such_files(tmp_path: Path) -> None:
    there = host(str(tmp_path))
    assert there.cpu == there.machine
    assert there.cpu_flags == ()
    assert there.gpus == ()
    assert there.driver is None
    assert there.memory > 0


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        (".singularity.d/x", "", "apptainer"),
        ("proc/1/cgroup", "1:name=systemd:/kubepods/pod1\n", "kubernetes"),
        ("proc/1/cgroup", "0::/\n", None),
    ],
)
def test_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str, kind: str | None
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    write(tmp_path, path, text)
    assert host(str(tmp_path)).container == kind


def test_variables_that_place_a_trial() -> None:
    variables = {
        "RANK": "0",
        "CUDA_VISIBLE_DEVICES": "1",
        "SLURM_JOB_ID": "7",
        "HOME": "/h",
        "OMP_NUM_THREADS": "2",
        "SLURM_JWT": "eyJabcdefgh",
    }
    assert placing_variables(variables) == (
        ("CUDA_VISIBLE_DEVICES", "1"),
        ("RANK", "0"),
        ("SLURM_JOB_ID", "7"),
        ("SLURM_JWT", "secret:SLURM_JWT"),
    )
