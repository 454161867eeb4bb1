"""What a secret looks like: by the name it is given, and by its own form.

By name a value is secret if the name ends in a word for secrets (``password``, ``token``, ``api-key``, …; a
``key`` alone is none, nor are a language model's ``pad-token`` and its like) and the value has four
characters or more and is no number, no boolean, no well-known placeholder, no marker such as ``<s>`` and no
path that exists. By form the tokens of well-known services, private keys and passwords inside URLs are secret
under any name.
"""

import os
import re
from collections.abc import Iterator
from functools import cache


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


HINTS = ("key", "token", "secret", "pass", "pwd", "cred", "auth", "jwt", "pat", "cookie", "bearer")
_PASSWORDS = _set("password passwd passphrase passcode")
_SECRETS = _PASSWORDS | _set(
    """secret credential credentials apikey accesskey secretkey privatekey apitoken authtoken accesstoken
    bearer jwt authorization cookie"""
)
_KEYS = _set("api access secret private signing encryption auth account subscription")
"""Words before ``key`` that make it a secret."""
_NO_TOKENS = _set(
    """pad bos eos unk mask sep cls special additional start end stop begin image video audio text prompt
    placeholder prefix suffix next first last per num max min n class register trigger new extra of instance
    initial initializer decoder encoder target source forced blank word sub by single"""
)
"""Words before ``token`` that make it a language model's."""
_NOT_THE_VALUE = _set(
    """file path dir directory url host name length policy prompt cmd command store type format hash algorithm
    required min max helper seed count env"""
)
"""Last words that say something about a password."""
_PLAIN = _set(
    """true false none null auto default unset disabled enabled dummy test public password passwd secret token
    changeme admin root guest example placeholder anonymous postgres mysql redis local localhost development
    production training"""
)
_MARKERS = _set(
    """sk- sk_ rk_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- hf_ AKIA ASIA xox AIza eyJ -----BEGIN pypi-
    npm_ asic earer AccountKey="""
)
"""One of them is in every text that holds a secret by its form, but for a URL with a password."""


def words_of(name: str) -> list[str]:
    """Lower-case words of ``--api-key``, ``API_KEY`` or ``apiKey``, trailing digits of each left out."""
    words: list[str] = []
    word, before = "", ""
    for letter in name:
        if not letter.isalnum() or (letter.isupper() and before.islower()):
            words.append(word)
            word = ""
        if letter.isalnum():
            word += letter.lower()
        before = letter
    words.append(word)
    return [bare for each in words if (bare := each.rstrip("0123456789"))]


def is_secret_name(name: str, value: str, *, variable: bool) -> bool:
    """Whether `value` is a secret since it is called `name`.

    Parameters
    ----------
    name
        Of an option or a variable.
    value
        What it was set to.
    variable
        Whether it is an environment variable: of those any ``…_KEY`` counts if its value looks random.
    """
    lower = name.lower()
    if not any(hint in lower for hint in HINTS):
        return False
    words = words_of(name)
    if not words or not _is_usable(value):
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _SECRETS or (_PASSWORDS & set(words) and last not in _NOT_THE_VALUE):
        return True
    if last in ("pass", "pwd"):
        return len(words) > 1
    if last == "token":
        return before not in _NO_TOKENS
    if last == "pat":
        return variable and len(words) > 1 and looks_random(value)
    if last == "key":
        return before in _KEYS or (variable and looks_random(value))
    return words[-3:] == ["access", "key", "id"]


def _is_usable(value: str) -> bool:
    if len(value) < 4 or value.lower() in _PLAIN or value.startswith(("secret:", "$", "{")):
        return False
    if (value[0], value[-1]) in (("<", ">"), ("[", "]")) or not value.strip("*xX.-_ "):
        return False
    try:
        float(value)
    except ValueError:
        return not (("/" in value or "." in value) and os.path.exists(os.path.expanduser(value)))
    return False


def looks_random(value: str) -> bool:
    """Whether a value is long, one word, and of letters and digits: no path and no address."""
    return (
        len(value) >= 16
        and " " not in value
        and any(letter.isdigit() for letter in value)
        and any(letter.isalpha() for letter in value)
        and not value.startswith(("/", "http://", "https://"))
    )


@cache
def _forms() -> re.Pattern[str]:
    forms = {
        "ANTHROPIC_API_KEY": r"sk-ant-[\w-]{20,}",
        "OPENAI_API_KEY": r"sk-(?=[\w-]*\d)[\w-]{20,}",
        "STRIPE_SECRET_KEY": r"[sr]k_(?:live|test)_\w{16,}",
        "GITHUB_TOKEN": r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}",
        "GITLAB_TOKEN": r"glpat-[\w-]{20,}",
        "HF_TOKEN": r"hf_[A-Za-z0-9]{30,}",
        "AWS_ACCESS_KEY_ID": r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        "SLACK_TOKEN": r"xox[abeprs]-[A-Za-z0-9-]{10,}",
        "GOOGLE_API_KEY": r"AIza[\w-]{35}",
        "JWT": r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
        "PYPI_TOKEN": r"pypi-[\w-]{50,}",
        "NPM_TOKEN": r"npm_[A-Za-z0-9]{36}",
        "PRIVATE_KEY": r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)",
        "URL_PASSWORD": r"(?<=://)(?P<user>[^\s/:@]*):(?P<URL>[^\s/@]+)@",
        "AUTHORIZATION": r"(?i:basic|bearer)\s+(?P<AUTH>(?=[\w+/=.~-]*[\d=])[\w+/=.~-]{16,})",
        "AZURE_STORAGE_KEY": r"AccountKey=(?P<AZURE>[A-Za-z0-9+/=]{20,})",
    }
    return re.compile(
        "|".join(rf"(?<![A-Za-z0-9])(?P<{name}>{form})" for name, form in forms.items()), re.ASCII
    )


def secrets_in(text: str) -> Iterator[tuple[str, str]]:
    """(name, value) of what is secret by its form; the name is that of the variable that usually holds it."""
    if not any(marker in text for marker in _MARKERS) and not ("://" in text and "@" in text):
        return  # compiling the forms costs more than all else here
    for match in _forms().finditer(text):
        name = match.lastgroup or "SECRET"
        inner = {"URL_PASSWORD": "URL", "AUTHORIZATION": "AUTH", "AZURE_STORAGE_KEY": "AZURE"}.get(name)
        value = match[inner] if inner else match[0]
        if inner and (better := next(secrets_in(value), None)):
            yield better  # a service's token used as a password
        elif not value.startswith(("secret:", "$", "{", "<")):
            yield name, value
