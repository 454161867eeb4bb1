"""The machine that a trial runs on, read from files: no library, no tool, the same answer every time."""

import os
from collections.abc import Mapping
from pathlib import Path

from ledger.capture import container
from ledger.capture import variables as known
from ledger.model import Gpu, Host

_CPU_HEAD = 16384
"""Bytes of /proc/cpuinfo that hold its first processor; the kernel asks every further one for its clock."""
_VECTOR = (
    *("mmx", "sse", "pni", "ssse", "avx", "fma", "f16c", "amx", "xop"),
    *("neon", "asimd", "sve", "sme", "bf16", "i8mm", "fphp", "altivec", "vsx", "rvv"),
)
"""Beginnings of the names of vector extensions."""
_AMD = "0x1002"


def host(tree: str = "", *, variables: Mapping[str, str] | None = None, cache: Path | None = None) -> Host:
    """Describe this machine; two calls give the same answer while nothing of it changes.

    Parameters
    ----------
    tree
        In front of the system's own files (``/proc``, ``/sys``, ``/run``): another machine's, laid out in a
        directory.
    variables
        Those of this process; read where they tell of a container and its image.
    cache
        Directory for the digests of container images that are files; it can be deleted.
    """
    own = os.environ if variables is None else variables
    inside = container.kind(tree, own)
    cpu, flags = _cpu(tree)
    name = os.uname()
    gpus, driver = _nvidia(tree)
    if not gpus:
        gpus, driver = _amd(tree)
    return Host(
        hostname=name.nodename,
        machine=name.machine,
        system=f"{name.sysname} {name.release}",
        cpu=cpu or name.machine,
        cpu_flags=flags,
        cpus=os.cpu_count() or 1,
        memory=_memory(tree),
        gpus=gpus,
        driver=driver,
        user=_user(),
        container=inside,
        container_image=container.image(inside, tree, own, cache),
    )


def placing_variables(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that choose devices, a job or a rank, sorted by name."""
    return known.placing(variables)


def _cpu(tree: str) -> tuple[str, tuple[str, ...]]:
    model, flags = "", ""
    for line in _text(f"{tree}/proc/cpuinfo", _CPU_HEAD).split("\n"):
        name, _, value = line.partition(":")
        name = name.strip()
        if name in ("model name", "cpu", "uarch") and not model:
            model = value.strip()
        elif name == "CPU part" and not model:
            model = f"part {value.strip()}"
        elif name in ("flags", "Features", "isa") and not flags:
            flags = value
        elif not name and flags:
            break
    vector = {flag for flag in flags.split() if flag.startswith(_VECTOR) and flag != "smep"}
    return model, tuple(sorted(vector))


def _memory(tree: str) -> int:
    for line in _text(f"{tree}/proc/meminfo", 256).split("\n"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0  # a system that does not say


def _nvidia(tree: str) -> tuple[tuple[Gpu, ...], str | None]:
    base = f"{tree}/proc/driver/nvidia"
    gpus: list[Gpu] = []
    for place in _names(f"{base}/gpus"):
        facts: dict[str, str] = {}
        for line in _text(f"{base}/gpus/{place}/information", 4096).split("\n"):
            name, _, value = line.partition(":")
            facts[name.strip()] = value.strip()
        uuid = facts.get("GPU UUID")
        gpus.append(Gpu(name=facts.get("Model", "NVIDIA"), uuid=uuid if uuid and "?" not in uuid else None))
    first = _text(f"{base}/version", 4096).partition("\n")[0]
    driver = next((word for word in first.split() if word[:1].isdigit() and "." in word), None)
    return tuple(gpus), driver


def _amd(tree: str) -> tuple[tuple[Gpu, ...], str | None]:
    gpus: list[Gpu] = []
    for card in _names(f"{tree}/sys/class/drm"):
        place = f"{tree}/sys/class/drm/{card}/device"
        if not card[4:].isdigit() or _text(f"{place}/vendor", 16).strip() != _AMD:
            continue
        name = _text(f"{place}/product_name", 256).strip() or f"AMD {_text(f'{place}/device', 16).strip()}"
        gpus.append(Gpu(name=name, uuid=_text(f"{place}/unique_id", 64).strip() or None))
    driver = _text(f"{tree}/sys/module/amdgpu/version", 64).strip() if gpus else ""
    return tuple(gpus), driver or None


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container's number that has no name


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []  # no such hardware, or no such system


def _text(path: str, limit: int) -> str:
    """Up to `limit` bytes of a file that the system makes up; nothing where it has none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, limit).decode("utf-8", "replace")
    except OSError:
        return ""  # some files of /sys refuse to be read
    finally:
        os.close(descriptor)
