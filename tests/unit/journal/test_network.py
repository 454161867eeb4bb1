import os
from pathlib import Path

import pytest

from ledger.journal import network, origins
from ledger.model import layout

MOUNTS = (
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "30 21 0:40 / {place} rw shared:2 - {kind} server:/export rw\n"
    "31 30 0:41 / {place}/local rw - tmpfs tmpfs rw\n"
)


@pytest.fixture
def anonymous(monkeypatch):
    """Let every file system be one without a block device, as a network's are."""
    monkeypatch.setattr(os, "major", lambda _: 0)


@pytest.fixture
def mounted(monkeypatch, tmp_path, anonymous):
    """Make a file system of a kind of the directory ``far``, with a space in its name, and return it."""

    def mounted(kind):
        place = tmp_path / "far away"
        (place / "local").mkdir(parents=True, exist_ok=True)
        mounts = tmp_path / "mountinfo"
        mounts.write_text(MOUNTS.format(place=str(place).replace(" ", "\\040"), kind=kind))
        monkeypatch.setattr(network, "_MOUNTS", mounts)
        return place

    return mounted


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "lustre", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_told(mounted, kind):
    assert network.kind(mounted(kind)) == kind


@pytest.mark.parametrize("kind", ["ext4", "overlay", "btrfs", "fuseblk"])
def test_others_are_local(mounted, kind):
    assert network.kind(mounted(kind)) is None


def test_the_innermost_mount_counts(mounted, tmp_path):
    place = mounted("nfs4")
    assert network.kind(place / "local") is None
    assert network.kind(tmp_path) is None
    beside = tmp_path / "far away from it"
    beside.mkdir()
    assert network.kind(beside) is None


def test_the_later_of_two_mounts_on_one_place_counts(mounted, tmp_path):
    place = mounted("ext4")
    with open(tmp_path / "mountinfo", "a", encoding="utf-8") as file:
        file.write(f"40 30 0:50 / {str(place).replace(' ', chr(92) + '040')} rw - nfs server:/b rw\n")
    assert network.kind(place) == "nfs"


def test_without_a_list_of_mounts_it_is_taken_for_local(monkeypatch, tmp_path, anonymous):
    monkeypatch.setattr(network, "_MOUNTS", tmp_path / "none")
    assert network.kind(tmp_path) is None


def test_a_block_device_is_local(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "major", lambda _: 8)
    monkeypatch.setattr(network, "_MOUNTS", tmp_path / "none")
    assert network.kind(tmp_path) is None


def test_the_running_kernel_has_an_id(monkeypatch, tmp_path):
    if Path("/proc/sys/kernel/random/boot_id").exists():
        assert len(network.kernel()) == 36
    monkeypatch.setattr(network, "_BOOT", tmp_path / "none")
    assert network.kernel() == os.uname().nodename


def test_on_a_network_each_running_kernel_is_an_owner(mounted, monkeypatch):
    ledger = mounted("nfs4") / ".ledger"
    layout.journal(ledger).mkdir(parents=True)
    owners = []
    for boot in ("one", "two"):
        monkeypatch.setattr(network, "kernel", lambda boot=boot: boot)
        owners.append(origins.owner(ledger))
    assert len(set(owners)) == 2


def test_on_a_disk_a_machine_stays_an_owner(mounted, monkeypatch):
    ledger = mounted("ext4") / ".ledger"
    layout.journal(ledger).mkdir(parents=True)
    monkeypatch.setattr(network, "kernel", lambda: "one")
    before = origins.owner(ledger)
    monkeypatch.setattr(network, "kernel", lambda: "two")
    assert origins.owner(ledger) == before
