"""Secrets leave the record, and nothing else does."""

import os
import random
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.secrets import Secrets, looks_like_credentials, mask_value, refill
from ledger.errors import NotFoundError

HF = "hf_" + "aB3" * 12
GITHUB = "ghp_" + "x9Y" * 12


def masked(*argv: str, **variables: str) -> tuple[str, ...]:
    return Secrets.find(argv, variables).argv


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("--api-key s3cr3t", "--api-key secret:API_KEY"),
        ("--api_key=s3cr3t", "--api_key=secret:API_KEY"),
        ("--apiKey s3cr3t", "--apiKey secret:API_KEY"),
        ("--token abcd", "--token secret:TOKEN"),
        ("--password=hunter22", "--password=secret:PASSWORD"),
        ("-password hunter22", "-password secret:PASSWORD"),
        ("+model.hub.token=abcdef", "+model.hub.token=secret:TOKEN"),
        ("env WANDB_API_KEY=abcdef python", "env WANDB_API_KEY=secret:WANDB_API_KEY python"),
        ("--db-password -x9y8z7", "--db-password secret:DB_PASSWORD"),
        ("--token abcd --token efgh", "--token secret:TOKEN --token secret:TOKEN_2"),
        (f"--upload {HF}", "--upload secret:HF_TOKEN"),
        (f"--url=https://u:{GITHUB}@h/p", "--url=https://u:secret:GITHUB_TOKEN@h/p"),
        ("--db postgres://u:pa55word@h/p", "--db postgres://u:secret:URL_PASSWORD@h/p"),
        ('{"api_key":"abcdef","lr":1}', '{"api_key":"secret:API_KEY","lr":1}'),
        (f"--id AKIA{'Q7' * 8}", "--id secret:AWS_ACCESS_KEY_ID"),
        (f"--x eyJ{'a1' * 9}.eyJ{'b2' * 9}.sig", "--x secret:JWT"),
    ],
)
def test_secrets_in_a_command(given_: str, expected: str) -> None:
    assert masked("python", *given_.split()) == ("python", *expected.split())


@pytest.mark.parametrize(
    "words",
    [
        "--tokenizer bert-base-uncased",
        "--max-tokens 512",
        "--max_token 1024x",
        "--pad-token <pad>",
        "--pad-token padding",
        "--token [MASK]",
        "--key 3",
        "--key accuracy",
        "--sort-key accuracy",
        "--secret-seed 4711",
        "--secret-seed forty",
        "--use-auth-token true",
        "--token --verbose",
        "--password-file secrets/pw.txt",
        "-p password",
        "--token-type bearer",
        "--pass 2",
        "--name sk-learn-random-forest-baseline",
        "--task-description risk-assessment-for-the-year",
        "--url https://example.org/a/b:80",
        "--note basic classification",
        "model=bert lr=0.1",
        "--monkey banana",
        "--compat legacy",
        "--author somebody",
        "--secret {secret}",
    ],
)
def test_what_is_no_secret_stays(words: str) -> None:
    assert masked("python", *words.split()) == ("python", *words.split())


def test_a_path_that_exists_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert masked("python", "--token", str(file)) == ("python", "--token", "secret:TOKEN")
    file.touch()
    assert masked("python", "--token", str(file)) == ("python", "--token", str(file))


def test_the_name_is_that_of_the_variable_that_holds_the_value() -> None:
    variables = {"WANDB_API_KEY": "abcdef123", "TOKEN": "another-one"}
    assert masked("run", "--token=abcdef123", **variables) == ("run", "--token=secret:WANDB_API_KEY")
    assert masked("run", "--x=https://h/abcdef123/y", **variables) == (
        "run",
        "--x=https://h/secret:WANDB_API_KEY/y",
    )
    # TOKEN holds something else today: the name must not bring that back.
    assert masked("run", "--token=fresh-value", **variables) == ("run", "--token=secret:TOKEN_2")


def test_the_first_word_is_the_program() -> None:
    assert masked("TOKEN=abcdef") == ("TOKEN=abcdef",)


def test_a_value_that_runs_on_is_masked_with_what_follows() -> None:
    (word,) = masked("abcdefgX-rest", API_KEY="abcdefg")
    assert word == "secret:ARGUMENT_0-rest"
    assert refill([word], {"ARGUMENT_0": "abcdefgX"}) == ("abcdefgX-rest",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "abcdefgh"),
        ("MYSQL_PASSWORD", "abcdefgh"),
        ("DB_PASS", "abcdefgh"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"),
        ("AWS_ACCESS_KEY_ID", "abcdefgh"),
        ("CLIENT_SECRET", "abcdefgh"),
        ("SOME_KEY", "a1b2c3d4e5f6g7h8"),
        ("GH_PAT", "a1b2c3d4e5f6g7h8"),
    ],
)
def test_variables_that_are_secret(name: str, value: str) -> None:
    assert mask_value(name, value) == f"secret:{name}"
    assert Secrets.find([], {name: value}).mask_text(f"<{value}>") == f"<secret:{name}>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_REGION", "us-east-1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("PWD", "/home/somebody"),
        ("SORT_KEY", "accuracy"),
        ("PASSWORD_STORE_DIR", "/home/somebody/store"),
        ("CREDENTIALS_DIRECTORY", "/run/credentials"),
        ("PATH", "/usr/bin"),
        ("DB_PASSWORD", "postgres"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-agent"),
        ("MAX_TOKENS", "whatever"),
    ],
)
def test_variables_that_are_none(name: str, value: str) -> None:
    assert mask_value(name, value) == value
    assert Secrets.find([], {name: value}).empty


def test_a_url_in_a_variable_keeps_what_is_no_secret() -> None:
    assert mask_value("XLA_PROXY", "http://me:pa55w0rd@h:80") == "http://me:secret:URL_PASSWORD@h:80"


def test_nothing_secret_shows_in_the_repr() -> None:
    assert "s3cr3t" not in repr(Secrets.find(["x", "--token", "s3cr3t99"], {"API_KEY": "s3cr3t00"}))


def test_refilling_gives_the_command_back() -> None:
    variables = {"WANDB_API_KEY": "abcdef123", "TOKEN": "tttt", "URL_PASSWORD": "pa55word", "HOME": "/h"}
    argv = ("python", "x.py", "--token", "tttt", "--k=abcdef123", "db://u:pa55word@h", "--lr", "0.1")
    found = Secrets.find(argv, variables)
    assert found.argv != argv
    assert refill(found.argv, variables) == argv


def test_refilling_names_all_that_is_missing() -> None:
    with pytest.raises(NotFoundError) as caught:
        refill(["--a", "secret:ONE", "x=secret:TWO;", "secret:ONE"], {})
    assert "ONE, TWO" in str(caught.value)
    assert "export ONE=" in str(caught.value)
    assert refill(["--label", "secret:agent", "secret:"], {}) == ("--label", "secret:agent", "secret:")


class TestStreams:
    def test_without_secrets_a_file_is_copied(self, tmp_path: Path) -> None:
        found = Secrets.find(["python", "x.py"], {"HOME": "/home/x"})
        assert found.empty
        content = random.Random(1).randbytes(3_000_000)
        (tmp_path / "in").write_bytes(content)
        found.mask_file(tmp_path / "in", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == content

    def test_short_values_are_not_looked_for(self) -> None:
        found = Secrets.find(["x", "--token", "abcd"], {})
        assert found.argv == ("x", "--token", "secret:TOKEN")
        assert found.empty
        assert found.mask_text("abcd") == "abcd"

    def test_of_two_the_longer_is_masked(self) -> None:
        found = Secrets.find([], {"A_TOKEN": "abcdef", "B_TOKEN": "abcdefghi"})
        assert found.mask_text("abcdefghi abcdefgh") == "secret:B_TOKEN secret:A_TOKENgh"

    def test_a_key_of_many_lines_as_a_terminal_writes_it(self) -> None:
        key = "-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----"
        found = Secrets.find([], {"DEPLOY": key})
        assert found.mask_text("<" + key.replace("\n", "\r\n") + ">") == "<secret:PRIVATE_KEY>"

    @pytest.mark.parametrize("offset", range(-24, 25, 3))
    def test_a_value_across_blocks(self, tmp_path: Path, offset: int) -> None:
        secret = "a-secret-of-some-length"
        found = Secrets.find([], {"API_KEY": secret})
        content = (
            b"\xff" * ((1 << 20) + offset) + secret.encode() + b"\x00" * (1 << 20) + secret[:-1].encode()
        )
        (tmp_path / "in").write_bytes(content)
        found.mask_file(tmp_path / "in", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == content.replace(secret.encode(), b"secret:API_KEY")

    def test_memory_is_bounded(self, tmp_path: Path) -> None:
        found = Secrets.find([], {"API_KEY": "secret-value", "B_TOKEN": "secret-value-2"})
        with open(tmp_path / "in", "wb") as file:
            for _ in range(64):
                file.write(b"x" * (1 << 20) + b"secret-value-2")
        tracemalloc.start()
        found.mask_file(tmp_path / "in", tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20
        assert (tmp_path / "out").stat().st_size == 64 * ((1 << 20) + len("secret:B_TOKEN"))

    @given(
        values=st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=3, unique=True),
        text=st.text("abc", max_size=400),
        block=st.integers(1, 40),
    )
    def test_blocks_change_nothing(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[str], text: str, block: int
    ) -> None:
        from ledger.capture import secrets

        directory = tmp_path_factory.mktemp("stream")
        found = Secrets.find([], {f"K{'abc'[place]}_TOKEN": each for place, each in enumerate(values)})
        (directory / "in").write_text(text)
        before = secrets._BLOCK
        secrets._BLOCK = block
        try:
            found.mask_file(directory / "in", directory / "out")
        finally:
            secrets._BLOCK = before
        assert (directory / "out").read_text() == found.mask_text(text)
        names = dict(found.known)
        pattern = "|".join(sorted(values, key=len, reverse=True))
        assert found.mask_text(text) == re.sub(pattern, lambda match: "secret:" + names[match[0]], text)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env",
            "a/.env.local",
            "prod.env",
            "id_rsa",
            "id_ed25519_work",
            "x/id_rsa.old",
            "server.pem",
            "k.key",
        ),
        *(
            "credentials",
            "aws_credentials.csv",
            "secrets.toml",
            ".streamlit/secrets.toml",
            ".netrc",
            "kaggle.json",
        ),
        *(
            ".docker/config.json",
            ".aws/config",
            "/home/u/.ssh/known",
            "my-service-account-12.json",
            "api_key.txt",
        ),
        *(
            "client_secret_1.json",
            ".git-credentials",
            "token",
            "token.json",
            ".ENV",
            "passwords.txt",
            ".htpasswd",
        ),
    ],
)
def test_files_of_credentials(path: str) -> None:
    assert looks_like_credentials(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env.example",
            ".env.sample",
            "site-packages/certifi/cacert.pem",
            "corp-ca-bundle.pem",
            "id_rsa.pub",
            "secrets.py",
            "tokenizer.json",
            "tokens.txt",
            "train.py",
        ),
        *(
            "key.json",
            "keys.py",
            "config.json",
            "credentials.py",
            "monkey.txt",
            "secret_santa.csv",
            "environment",
        ),
        *(
            "data/token_ids.txt",
            "special_tokens_map.json",
            "envs/train.py",
            "a.env.d/x",
            "credentials.example.json",
        ),
    ],
)
def test_files_of_none(path: str) -> None:
    assert not looks_like_credentials(path)


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    raw = os.fsdecode(b"\xff\xfe-secret-bytes")
    found = Secrets.find(["x", "--token", raw], {})
    assert found.argv[-1] == "secret:TOKEN"
    (tmp_path / "in").write_bytes(b"<\xff\xfe-secret-bytes>")
    found.mask_file(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"<secret:TOKEN>"
