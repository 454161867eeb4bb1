"""Files that hold credentials, told by their names."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Final

from ledger.capture.secret_words import HINTS, is_secret_name, looks_random, secrets_in

_SETTINGS: Final = (
    *(".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".txt", ".properties", ".xml"),
    *("rc", ".renviron", ".config"),
)
_SMALL: Final = 1 << 16
"""Bytes of the largest file of settings that is looked into."""

_PUBLIC = r"(.+[._-])?(cacerts?|ca[._-](bundle|cert(ificate)?s?)|root[._-]certs?)\.pem"
"""Certificates of authorities."""
_EXAMPLE = r"[._-](example|sample|template|dist|default|defaults|schema|tpl|j2)(\.|$)"
_NAME = r"""
      \.env(rc|\..+)? | .+\.env
    | [._]netrc | \.authinfo(\.gpg)? | \.pgpass | \.my\.cnf | \.mylogin\.cnf | \.s3cfg | \.boto
    | rclone\.conf | \.databrickscfg | \.comet\.config | \.cdsapirc | \.modal\.toml | \.terraformrc
    | .*\.tfvars | \.neptune[-_]token | application_default_credentials\.json | \.snowsql
    | \.npmrc | \.pypirc | \.yarnrc\.yml | \.git-credentials | \.htpasswd | \.dockercfg | \.vault[-_]token
    | id_(rsa|dsa|ecdsa|ed25519)(_sk)?([._-].*)?(?<!\.pub)
    | .+\.(pem|key|p8|p12|pfx|jks|keystore|kdbx?|ppk|ovpn)
    | (.+[._-])?credentials?(\.(json|ya?ml|toml|ini|cfg|conf|txt|csv|env|db|xml|properties))?
    | (.+[._-])?secrets?(\.(json|ya?ml|toml|ini|cfg|conf|txt|env|properties))?
    | (.+[._-])?client[._-]secrets?.*\.json
    | (.+[._-])?service[._-]?account.*\.json
    | (.+[._-])?(api|access|private)[._-]?(key|token)s?(\.(json|ya?ml|toml|ini|cfg|conf|txt))?
    | kaggle\.json | \.?token(\.(json|txt))? | passwords?(\.(json|ya?ml|toml|txt|csv))? | \.?passwd
    """
_PLACE = (
    r"(^|/)(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker/config\.json|\.config/gcloud|\.oci"
    r"|\.password-store)(/|$)"
)

_IN_NAME: Final = (
    *(
        "env",
        "netrc",
        "authinfo",
        "pgpass",
        "cnf",
        "s3cfg",
        "boto",
        "rclone",
        "databricks",
        "comet",
        "cdsapirc",
    ),
    *(
        "modal",
        "terraform",
        "tfvars",
        "neptune",
        "snowsql",
        "npmrc",
        "pypirc",
        "yarnrc",
        "dockercfg",
        "vault",
    ),
    *(
        "id_",
        "pem",
        "key",
        "p8",
        "p12",
        "pfx",
        "jks",
        "kdb",
        "ppk",
        "ovpn",
        "credential",
        "secret",
        "account",
    ),
    *("kaggle", "token", "passw"),
)
"""One of them is in each name that `_NAME` matches."""
_IN_PLACE: Final = (
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".config",
    ".oci",
    ".password-store",
)
"""One of them is in each path that `_PLACE` matches."""


def looks_like_credentials(path: str) -> bool:
    """Whether a file's name says that it holds credentials; its content is not read.

    Examples and templates (``.env.example``) and public keys (``id_rsa.pub``) are none.

    Parameters
    ----------
    path
        Relative or absolute, ``/`` between parts.
    """
    name = path.rpartition("/")[2]
    lower = name.lower()
    if path.isascii() and not (
        any(each in path for each in _IN_PLACE) or any(each in lower for each in _IN_NAME)
    ):
        return False  # compiling the patterns costs more than all else that is done with a tree
    place, names, example, public = _patterns()
    if place.search(path):
        return True
    if names.fullmatch(name) is None or example.search(name) is not None:
        return False
    return public.fullmatch(name) is None


def holds_credentials(file: str | bytes | Path, size: int) -> bool:
    """Whether a file of settings holds a secret.

    That is by its form a token of a well-known service, a private key or a password in a URL; and any value
    that looks random and has a secret's name. Looked into are small files of settings and plain text only: a
    program with a key in it is a program.

    Parameters
    ----------
    file
        Where it lies.
    size
        Bytes that it has.
    """
    name = os.path.basename(os.fsdecode(file))
    if size > _SMALL or not size or not name.lower().endswith(_SETTINGS):
        return False
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False  # whoever reads it says so
    try:
        text = os.read(descriptor, _SMALL).decode("utf-8", "surrogateescape")
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if next(secrets_in(text), None) is not None:
        return True
    lower = text.lower()
    if not any(hint in lower for hint in HINTS):
        return False
    return any(
        looks_random(value) and is_secret_name(name, value, variable=False)
        for name, value in _pairs().findall(text)
    )


@cache
def _pairs() -> re.Pattern[str]:
    """``name: value``, ``name = value`` and ``"name": "value"``."""
    return re.compile(r"""(?m)([A-Za-z_][\w.-]{2,60})["']?\s*[:=]\s*["']?([^\s"',;]{16,4096})""")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(_PLACE),
        re.compile(_NAME, re.IGNORECASE | re.VERBOSE),
        re.compile(_EXAMPLE, re.IGNORECASE),
        re.compile(_PUBLIC, re.IGNORECASE),
    )
