"""What one distribution's metadata says of it: name, version, origin, and the digest of its RECORD."""

import os
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ledger.capture.record_rows import Row, parse, record_rows
from ledger.model import Digest

_HEAD = 2048
INSTALLERS_OWN = frozenset(
    {"INSTALLER", "REQUESTED", "RECORD", "RECORD.jws", "RECORD.p7s", "direct_url.json"}
    | {"uv_cache.json", "uv_build.json"}
)
"""Files of a ``.dist-info`` that installers write, each in its own way."""
_MANAGERS = frozenset({"conda", "debian", "rpm", "apk", "pacman", "portage", "nix"})
"""INSTALLERs that take nothing from the Python package index."""
OF_SYSTEMS = _MANAGERS | {"system"}
"""Origins of what no Python installer put there."""
_SECRET_PARAMETERS = ("token", "sig", "key", "secret", "password", "credential", "auth")


class Installed(NamedTuple):
    """One installed distribution; a row of the kept list."""

    name: str
    """Normalised as PEP 503 says."""
    version: str
    origin: str
    """As `Distribution.origin`; also ``system`` or the name of a package manager that is no Python one's."""
    record: bytes | None
    """Digest of its RECORD; None without one, and for an editable install, whose files are code."""
    legacy: bool
    """Whether an ``.egg-info`` describes it."""
    project: str | None
    """Of an editable install, its directory."""
    paths: tuple[str, ...]
    """Of an editable install, the directories that it puts on the path."""


def read(directory: str, name: str) -> tuple[Any, ...]:
    """Read the metadata `name` in `directory`: the fields of `Installed`, name None where it names none."""
    base = f"{directory}/{name}"
    legacy = not name.endswith(".dist-info")
    if legacy:
        file = base if os.path.isfile(base) else f"{base}/PKG-INFO"
    else:
        file = f"{base}/METADATA"
    title, version = _head(file)
    if not title or not version:
        return (None, "", "", None, legacy, None, ())
    if legacy:
        system = os.path.basename(directory) == "dist-packages"
        return (normalised(title), version, "system" if system else "index", None, True, None, ())
    rows = record_rows(f"{base}/RECORD")
    origin, project = _origin(base, has_record=rows is not None)
    paths: tuple[str, ...] = ()
    record: bytes | None = None
    if origin == "editable":
        paths = _paths(directory, rows or [])
    elif rows is not None:
        record = bytes(_record_digest(rows, name))
    return (normalised(title), version, origin, record, False, project, paths)


def normalised(name: str) -> str:
    """Name of a distribution as PEP 503 says."""
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join(part for part in parts if part)


def record_digest(text: str, metadata: str) -> Digest:
    """Digest of a RECORD, the same whichever installer unpacked the wheel.

    Left out are rows of ``*.pyc``, of what installers write into the metadata directory (INSTALLER,
    REQUESTED, direct_url.json, RECORD and its signatures) and of scripts (``../…/bin/…``), whose first line
    they write. Each other row is ``path,hash,size`` and a line feed, the path's leading ``../`` as one; the
    rows are sorted by their UTF-8 bytes, and the digest is of them all.

    Parameters
    ----------
    text
        The file's content.
    metadata
        Name of its directory, such as ``six-1.16.0.dist-info``.
    """
    return _record_digest(parse(text), metadata)


def _record_digest(rows: list[Row], metadata: str) -> Digest:
    own = metadata + "/"
    kept: list[bytes] = []
    for path, digest, size in rows:
        if path.endswith(".pyc") or (path.startswith(own) and path[len(own) :] in INSTALLERS_OWN):
            continue
        if path.startswith("../"):
            bare = path
            while bare.startswith("../"):
                bare = bare[3:]
            if bare.startswith(("bin/", "Scripts/")):
                continue
            path = "../" + bare
        kept.append(f"{path},{digest},{size}\n".encode("utf-8", "surrogateescape"))
    return Digest.of(b"".join(sorted(kept)))


def _head(path: str) -> tuple[str, str]:
    """Name and version from a METADATA or PKG-INFO file."""
    try:
        with open(path, "rb", buffering=0) as file:
            text = file.read(_HEAD)
            found = _fields(text)
            if not all(found) and len(text) == _HEAD:
                found = _fields(text + file.readall())
            return found
    except OSError:
        return "", ""  # the caller lists it as unreadable


def _fields(content: bytes) -> tuple[str, str]:
    name = version = ""
    for line in content.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            break
        field, _, value = line.partition(":")
        field = field.lower()
        if field == "name" and not name:
            name = value.strip()
        elif field == "version" and not version:
            version = value.strip()
        if name and version:
            break
    return name, version


def _origin(base: str, *, has_record: bool) -> tuple[str, str | None]:
    """Origin, and the directory of an editable install."""
    installer = _content(f"{base}/INSTALLER").strip().lower()
    if installer in _MANAGERS:
        return installer, None
    text = _content(f"{base}/direct_url.json")
    if not text:
        return ("index" if has_record else "system"), None
    import json

    try:
        document = json.loads(text)
        url = str(document["url"])
    except (ValueError, KeyError, TypeError):
        return "index", None  # a file that says nothing is none
    vcs, archive, local = (document.get(f"{kind}_info") for kind in ("vcs", "archive", "dir"))
    part = f"subdirectory={document['subdirectory']}" if document.get("subdirectory") else ""
    if isinstance(vcs, dict):
        end = f"#{part}" if part else ""
        return f"{vcs.get('vcs', 'git')}+{without_credentials(url)}@{vcs.get('commit_id', '')}{end}", None
    if isinstance(archive, dict):
        fragment = "&".join(filter(None, [_hash(archive), part]))
        return f"archive+{without_credentials(url)}" + (f"#{fragment}" if fragment else ""), None
    if isinstance(local, dict) and local.get("editable"):
        return "editable", _path_of(url)
    return "path", _path_of(url)


def _hash(archive: dict[str, Any]) -> str:
    hashes = archive.get("hashes")
    if isinstance(hashes, dict) and hashes:
        name = "sha256" if "sha256" in hashes else min(hashes)
        return f"{name}={hashes[name]}"
    return str(archive.get("hash") or "")


def without_credentials(url: str) -> str:
    """`url` without the password, token or signed parameters in it."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    if at and (scheme.rpartition("+")[2] in ("http", "https") or ":" in user):
        user = "" if scheme.rpartition("+")[2] in ("http", "https") else user.partition(":")[0]
    place = f"{user}@{host}" if user else host
    path, question, query = path.partition("?")
    if question and any(word in query.lower() for word in _SECRET_PARAMETERS):
        question = query = ""
    return f"{scheme}://{place}{slash}{path}{question}{query}"


def _path_of(url: str) -> str | None:
    if not url.startswith("file://"):
        return None
    from urllib.parse import unquote_to_bytes

    return os.fsdecode(unquote_to_bytes(url.removeprefix("file://").removeprefix("localhost"))) or None


def _paths(site: str, rows: list[Row]) -> tuple[str, ...]:
    """Directories that an editable install puts on the path: from its ``.pth`` files and import finders."""
    found: dict[str, None] = {}
    for path, _, _ in rows:
        if "/" in path:
            continue
        if path.endswith(".pth"):
            for line in _content(f"{site}/{path}").splitlines():
                line = line.strip()
                if line and not line.startswith(("#", "import ", "import\t")):
                    found[os.path.normpath(os.path.join(site, line))] = None
        elif path.startswith("__editable__") and path.endswith(".py"):
            for package, place in _mapping(_content(f"{site}/{path}")).items():
                parts = package.count(".") + 1
                if PurePosixPath(place).parts[-parts:] == tuple(package.split(".")):
                    found[os.path.normpath(os.path.join(place, *[".."] * parts))] = None
                elif place.endswith(f"/{package.replace('.', '/')}.py"):
                    found[os.path.normpath(place.removesuffix(f"/{package.replace('.', '/')}.py"))] = None
    return tuple(found)


def _mapping(source: str) -> dict[str, str]:
    """Packages and where they lie, from a finder that setuptools wrote; read as text, never run."""
    import ast

    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target: ast.expr = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and target.id == "MAPPING":
            try:
                value = ast.literal_eval(node.value) if node.value else {}
            except ValueError:
                return {}
            return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}
    return {}


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
