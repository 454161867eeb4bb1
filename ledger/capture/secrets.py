"""What must not be written down: secret values in arguments, variables and streams; files of credentials."""

import re

_EXAMPLE = re.compile(
    r"[._-](example|sample|template|dist|default|defaults|schema|tpl|j2)(\.|$)", re.IGNORECASE
)
_CREDENTIAL_NAME = re.compile(
    r"""
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
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CREDENTIAL_PLACE = re.compile(
    r"(^|/)(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker/config\.json|\.config/gcloud|\.oci|\.password-store)(/|$)"
)


def looks_like_credentials(path: str) -> bool:
    """Whether a file's name says that it holds credentials; its content is not read.

    Examples and templates (``.env.example``) and public keys (``id_rsa.pub``) are none.

    Parameters
    ----------
    path
        Relative or absolute, ``/`` between parts.
    """
    if _CREDENTIAL_PLACE.search(path):
        return True
    name = path.rpartition("/")[2]
    return _CREDENTIAL_NAME.fullmatch(name) is not None and _EXAMPLE.search(name) is None
