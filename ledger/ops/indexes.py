"""Where packages come from, as the user's configuration of uv and pip says; nothing else of it."""

import configparser
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def from_configuration(variables: Mapping[str, str], directory: Path, prefix: str | None) -> dict[str, str]:
    """Settings of the user's files, and pip's variables, as variables of uv.

    Nearer files come first, uv's before pip's; an index that a project uses for named packages only is asked
    last, since here each package is asked for by its exact version.
    """
    places: list[str] = []
    only_named: list[str] = []
    links: list[str] = []
    found: dict[str, str] = {}
    for path, settings in _uv_files(variables, directory):
        for each in settings.get("index", ()):
            address = f"{each['name']}={each['url']}" if each.get("name") else str(each.get("url", ""))
            if each.get("default"):
                found.setdefault("UV_DEFAULT_INDEX", address)
            else:
                (only_named if each.get("explicit") else places).append(address)
        if "index-url" in settings:
            found.setdefault("UV_DEFAULT_INDEX", str(settings["index-url"]))
        places += map(str, settings.get("extra-index-url", ()))
        links += (_absolute(str(each), path.parent) for each in settings.get("find-links", ()))
        for key, name in (
            ("index-strategy", "UV_INDEX_STRATEGY"),
            ("keyring-provider", "UV_KEYRING_PROVIDER"),
            ("cache-dir", "UV_CACHE_DIR"),
        ):
            if isinstance(settings.get(key), str):
                found.setdefault(name, settings[key])
        for key in ("native-tls", "no-index", "offline", "system-certs"):
            if settings.get(key) is True:
                found.setdefault(f"UV_{key.upper().replace('-', '_')}", "1")
        hosts = settings.get("allow-insecure-host")
        if hosts:
            found.setdefault("UV_INSECURE_HOST", " ".join(map(str, hosts)))
    pip = _pip(variables, prefix)
    if pip.get("index-url"):
        found.setdefault("UV_DEFAULT_INDEX", pip["index-url"])
    places += pip.get("extra-index-url", "").split()
    links += pip.get("find-links", "").split()
    if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        found.setdefault("UV_NO_INDEX", "1")
    certificates = pip.get("cert", "")
    if certificates and os.path.exists(certificates) and "SSL_CERT_FILE" not in variables:
        found["SSL_CERT_FILE"] = certificates
    if places or only_named:
        found["UV_INDEX"] = " ".join(dict.fromkeys(filter(None, [*places, *only_named])))
    usable = [each for each in dict.fromkeys(links) if "://" in each or os.path.exists(each)]
    if usable:
        found["UV_FIND_LINKS"] = ",".join(usable)
    return found


def _uv_files(variables: Mapping[str, str], directory: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Settings of uv, the nearest first."""
    found: list[tuple[Path, dict[str, Any]]] = []
    for place in (directory, *directory.parents):
        own = place / "uv.toml"
        settings = _toml(own) if own.is_file() else None
        if settings is None and (place / "pyproject.toml").is_file():
            tool = (_toml(place / "pyproject.toml") or {}).get("tool", {})
            settings = tool.get("uv") if isinstance(tool, dict) else None
        if isinstance(settings, dict):
            found.append((own, settings))
            break
    home = Path(variables.get("XDG_CONFIG_HOME") or os.path.join(variables.get("HOME", "/"), ".config"))
    for path in (home / "uv/uv.toml", Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml")):
        settings = _toml(path)
        if settings is not None:
            found.append((path, settings))
    return [
        (path, {**settings, **(settings["pip"] if isinstance(settings.get("pip"), dict) else {})})
        for path, settings in found
    ]


def _toml(path: Path) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError):
        return None  # uv itself would refuse it: the install that needs it says so


def _pip(variables: Mapping[str, str], prefix: str | None) -> dict[str, str]:
    home = variables.get("HOME", "/")
    config = variables.get("XDG_CONFIG_HOME") or f"{home}/.config"
    files = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", f"{home}/.pip/pip.conf", f"{config}/pip/pip.conf"]
    files += [f"{prefix}/pip.conf"] if prefix else []
    files += [variables["PIP_CONFIG_FILE"]] if variables.get("PIP_CONFIG_FILE") else []
    parser = configparser.RawConfigParser()
    for file in files:
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself would refuse it
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    for name, value in variables.items():
        if name.startswith("PIP_") and value:
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def _absolute(place: str, directory: Path) -> str:
    return place if "://" in place else os.path.join(directory, os.path.expanduser(place))
