"""Files that hold credentials, told by their names."""

import re
from functools import cache

_EXAMPLE = r"[._-](example|sample|template|dist|default|defaults|schema|tpl|j2)(\.|$)"
_NAME = r"""
      \.env(rc|\..+)? | .+\.env
    | [._]netrc | \.authinfo(\.gpg)? | \.pgpass | \.my\.cnf | \.mylogin\.cnf | \.s3cfg | \.boto
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


def looks_like_credentials(path: str) -> bool:
    """Whether a file's name says that it holds credentials; its content is not read.

    Examples and templates (``.env.example``) and public keys (``id_rsa.pub``) are none.

    Parameters
    ----------
    path
        Relative or absolute, ``/`` between parts.
    """
    place, names, example = _patterns()
    if place.search(path):
        return True
    name = path.rpartition("/")[2]
    return names.fullmatch(name) is not None and example.search(name) is None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(_PLACE),
        re.compile(_NAME, re.IGNORECASE | re.VERBOSE),
        re.compile(_EXAMPLE, re.IGNORECASE),
    )
