"""The container that a trial runs in, and the image that it was made from, as far as both show inside."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ledger.capture import cache as derived
from ledger.model import Digest, HealthLine, HealthState, Host

VARIABLE: Final = "LEDGER_IMAGE"
"""What a person can set from outside: ``docker run -e LEDGER_IMAGE=$(docker inspect -f '{{.Id}}' …)``."""

_INITIAL: Final = {"pid": 0xEFFFFFFC, "uts": 0xEFFFFFFE, "ipc": 0xEFFFFFFF, "cgroup": 0xEFFFFFFB}
"""Numbers of the namespaces that a Linux system itself starts in (include/linux/proc_ns.h)."""
_WITHOUT_IMAGES: Final = frozenset({"wsl", "lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "proot"})
_LONGEST: Final = 500


def kind(tree: str, variables: Mapping[str, str]) -> str | None:
    """Kind of container, where one shows; None on a machine of its own.

    Parameters
    ----------
    tree
        In front of the system's own files.
    variables
        Those of this process.
    """
    if os.path.exists(f"{tree}/singularity") or os.path.exists(f"{tree}/.singularity.d"):
        return "apptainer"
    if _is_no_container(tree):
        return None  # a virtual machine made from an image keeps the marks of one
    if os.path.exists(f"{tree}/run/.containerenv"):
        return "podman"
    if "KUBERNETES_SERVICE_HOST" in variables:
        return "kubernetes"
    if os.path.exists(f"{tree}/.dockerenv"):
        return "docker"
    named = _text(f"{tree}/run/systemd/container", 64).strip()
    if named:
        return named
    groups = _text(f"{tree}/proc/1/cgroup", 4096)
    kinds = {"kubepods": "kubernetes", "docker": "docker", "libpod": "podman", "lxc": "lxc"}
    return next((kind for mark, kind in kinds.items() if mark in groups), None)


def image(container: str | None, tree: str, variables: Mapping[str, str], cache: Path | None) -> str | None:
    """The image of a container: what `LEDGER_IMAGE` says, else what the container's engine left inside.

    Podman names the image and its id; of an Apptainer container the image is a file, whose BLAKE3 it is.

    Parameters
    ----------
    container
        Its kind.
    tree
        In front of the system's own files.
    variables
        Those of this process.
    cache
        Directory for the digests of image files; it can be deleted.
    """
    said = variables.get(VARIABLE, "").strip()
    if said:
        return said[:_LONGEST]
    if container == "podman":
        return _podman(_text(f"{tree}/run/.containerenv", 4096))
    if container == "apptainer":
        path = variables.get("APPTAINER_CONTAINER") or variables.get("SINGULARITY_CONTAINER")
        return _file(path, cache) if path else None
    return None


def health(host: Host) -> HealthLine:
    """The health line of the host: partial where it runs in a container whose image is not known."""
    if host.container in (None, *_WITHOUT_IMAGES) or host.container_image:
        return HealthLine(part="host", state=HealthState.COMPLETE)
    reason = f"the digest of the container's image is not visible from inside; set {VARIABLE}"
    return HealthLine(part="host", state=HealthState.PARTIAL, reason=reason)


def _is_no_container(tree: str) -> bool:
    """Whether this process is in the very namespaces that the system started in."""
    try:
        return all(
            os.readlink(f"{tree}/proc/self/ns/{name}") == f"{name}:[{number}]"
            for name, number in _INITIAL.items()
        )
    except OSError:
        return False  # an old kernel, or no /proc: the marks decide


def _podman(text: str) -> str | None:
    """From ``/run/.containerenv``, which is empty in some versions."""
    values = dict(line.partition("=")[::2] for line in text.splitlines())
    name, number = (values.get(key, "").strip('"') for key in ("image", "imageid"))
    return " ".join(filter(None, [name, number and f"sha256:{number}"])) or None if number else None


def _file(path: str, cache: Path | None) -> str | None:
    """Name and digest of an image file; None where it is a directory, or not to be seen from inside."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    key = derived.key_of("image", path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    known = derived.load(cache, "images", key) if cache else None
    if not isinstance(known, str):
        from ledger.capture.put import hash_file

        try:
            digest: Digest = hash_file(Path(path))[0]
        except OSError:
            return None
        known = str(digest)
        if cache:
            derived.save(cache, "images", key, known)
    return f"{os.path.basename(path)} {known}"


def _text(path: str, limit: int) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
