"""Containers and their images, as the files and variables inside tell them."""

import os
from pathlib import Path

import pytest

from ledger.capture.container import health, image, kind
from ledger.capture.process import host
from ledger.capture.put import hash_file
from ledger.model import HealthState

INITIAL = {"pid": 4026531836, "uts": 4026531838, "ipc": 4026531839, "cgroup": 4026531835}


def namespaces(tree: Path, **others: int) -> None:
    (tree / "proc/self/ns").mkdir(parents=True)
    for name, number in (INITIAL | others).items():
        (tree / "proc/self/ns" / name).symlink_to(f"{name}:[{number}]")


def write(tree: Path, path: str, text: str = "") -> Path:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)
    return tree / path


MARKS = [".dockerenv", "run/.containerenv"]


@pytest.mark.parametrize("mark", MARKS)
def test_a_virtual_machine_made_from_an_image_is_none(tmp_path: Path, mark: str) -> None:
    write(tmp_path, mark)
    namespaces(tmp_path)
    assert kind(str(tmp_path), {"KUBERNETES_SERVICE_HOST": "1"}) is None


@pytest.mark.parametrize("name", INITIAL)
@pytest.mark.parametrize("mark", MARKS)
def test_a_namespace_of_its_own_makes_it_one(tmp_path: Path, mark: str, name: str) -> None:
    write(tmp_path, mark)
    namespaces(tmp_path, **{name: 4026532500})
    assert kind(str(tmp_path), {}) in ("docker", "podman")


def test_apptainer_shares_the_namespaces(tmp_path: Path) -> None:
    write(tmp_path, ".singularity.d/x")
    namespaces(tmp_path)
    assert kind(str(tmp_path), {}) == "apptainer"


def test_this_machine_is_what_its_first_process_is() -> None:
    inside = os.path.exists("/.dockerenv") and os.readlink("/proc/self/ns/pid") != "pid:[4026531836]"
    if inside:
        assert host().container is not None
    elif os.readlink("/proc/self/ns/cgroup") == "cgroup:[4026531835]" and not os.path.exists(
        "/.singularity.d"
    ):
        assert host().container is None
        assert health(host()).state is HealthState.COMPLETE


class TestImage:
    def test_podman(self, tmp_path: Path) -> None:
        text = 'engine="podman-4.3.1"\nname="x"\nimage="docker.io/library/python:3.11"\nimageid="c0ffee"\n'
        write(tmp_path, "run/.containerenv", text)
        there = host(str(tmp_path), variables={})
        assert there.container == "podman"
        assert there.container_image == "docker.io/library/python:3.11 sha256:c0ffee"
        assert health(there).state is HealthState.COMPLETE

    @pytest.mark.parametrize("text", ["", "image=x\n", "nonsense\0"])
    def test_podman_that_does_not_say(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, "run/.containerenv", text)
        assert image("podman", str(tmp_path), {}, None) is None

    @pytest.mark.parametrize("variable", ["APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"])
    def test_apptainer(self, tmp_path: Path, variable: str) -> None:
        file = write(tmp_path, "train.sif", "image")
        cache = tmp_path / "cache"
        expected = f"train.sif {hash_file(file)[0]}"
        variables = {variable: str(file)}
        assert image("apptainer", "", variables, cache) == expected
        assert image("apptainer", "", variables, cache) == expected
        assert len(list(cache.rglob("*"))) == 2
        file.write_text("other")
        assert image("apptainer", "", variables, cache) == f"train.sif {hash_file(file)[0]}"

    def test_an_apptainer_image_that_is_not_seen(self, tmp_path: Path) -> None:
        assert image("apptainer", "", {"APPTAINER_CONTAINER": "/nowhere/x.sif"}, None) is None
        assert image("apptainer", "", {"APPTAINER_CONTAINER": str(tmp_path)}, None) is None  # a sandbox
        assert image("apptainer", "", {}, None) is None

    @pytest.mark.parametrize("kind_", ["docker", "podman", "apptainer", None])
    def test_what_a_person_says_goes_first(self, tmp_path: Path, kind_: str | None) -> None:
        assert image(kind_, str(tmp_path), {"LEDGER_IMAGE": " sha256:abc\n"}, None) == "sha256:abc"
        assert len(image(kind_, "", {"LEDGER_IMAGE": "x" * 9999}, None) or "") == 500

    def test_docker_does_not_show_it(self, tmp_path: Path) -> None:
        write(tmp_path, ".dockerenv")
        there = host(str(tmp_path), variables={})
        assert there.container_image is None
        assert health(there).state is HealthState.PARTIAL
        assert health(there).reason == (
            "the digest of the container's image is not visible from inside; set LEDGER_IMAGE"
        )

    def test_systems_without_images(self, tmp_path: Path) -> None:
        write(tmp_path, "run/systemd/container", "lxc\n")
        assert health(host(str(tmp_path), variables={})).state is HealthState.COMPLETE
