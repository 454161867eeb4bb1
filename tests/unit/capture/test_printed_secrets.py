"""Secrets that streams and settings show by their form."""

import time

import pytest

from ledger.capture.credentials import holds_credentials, looks_like_credentials
from ledger.capture.printed_secrets import found_in, in_settings
from ledger.capture.secrets import Secrets

TOKEN = "ghp_" + "aB3" * 12
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "abcd\n" * 600 + "-----END RSA PRIVATE KEY-----"
BLOCK = 1 << 20


@pytest.fixture
def file(tmp_path):
    def write(content, name="stream"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


class TestStreams:
    @pytest.mark.parametrize("place", [0, 1, 100, BLOCK - 10, BLOCK - 1, BLOCK, 3 * BLOCK])
    def test_wherever_it_stands(self, file, place):
        text = "." * place + f" {TOKEN}\n" + "x" * 99
        assert found_in(file(text)) == {TOKEN: "GITHUB_TOKEN"}

    @pytest.mark.parametrize("place", [0, BLOCK - 1500, BLOCK - 3])
    def test_a_key_of_many_lines(self, file, place):
        assert found_in(file("." * place + KEY + "." * BLOCK)) == {KEY: "PRIVATE_KEY"}

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("redis://:s3cretpw@host/0", "s3cretpw"),
            ("Authorization: Bearer abcdefgh12345678=", "abcdefgh12345678="),
            ("AccountKey=" + "a1" * 20, "a1" * 20),
        ],
    )
    def test_other_forms(self, file, text, value):
        assert list(found_in(file(f"first\n{text}\nlast"))) == [value]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "task-abcdefghijklmnopqrstuvwxyz-0123456789",
            "basic configuration_of_2024_models",
            "see https://example.org/a and ann@example.org",
            "-----BEGIN RSA PRIVATE KEY----- is how it starts",
            b"\xff\xfe sk-",
        ],
    )
    def test_what_is_none(self, file, text):
        assert found_in(file(text)) == {}

    def test_a_long_log_costs_little(self, file):
        path = file("step 12: loss 0.25 task-1 https://example.org at 2024-01-01\n" * 200_000)
        start = time.process_time()
        assert found_in(path) == {}
        assert time.process_time() - start < 5

    def test_it_is_masked(self, file, tmp_path):
        secrets = Secrets.find(["train"], {"API_TOKEN": "known-before"})
        path = file(f"known-before {TOKEN}\n")
        assert not Secrets.find(["train"], {}).also_in(path).empty
        secrets.also_in(path).mask_file(path, tmp_path / "masked")
        assert (tmp_path / "masked").read_text() == "secret:API_TOKEN secret:GITHUB_TOKEN\n"
        assert secrets.also_in(file("nothing", "other")) is secrets


class TestSettings:
    def test_lines(self, file):
        text = "# A=1\nexport B='x y' # c\nC=\"q\\n\nD = plain\nE=\n=5\nnothing\nURL=redis://u:pw@h/0\n"
        assert list(in_settings(str(file(text)))) == [
            *(("B", "x y"), ("C", "q\\n"), ("D", "plain"), ("URL", "redis://u:pw@h/0")),
        ]

    def test_no_file(self, tmp_path):
        assert list(in_settings(str(tmp_path))) == []
        assert list(in_settings(f"{tmp_path}/none")) == []

    def test_what_it_holds_is_masked(self, file, tmp_path):
        file("DB_PASSWORD=correct-horse\nLR=0.1\nMODE=production\n", ".env")
        secrets = Secrets.find(["train", "--x", "correct-horse"], {}, (tmp_path, tmp_path))
        assert secrets.argv == ("train", "--x", "secret:DB_PASSWORD")
        assert secrets.mask_text("LR=0.1 correct-horse production") == "LR=0.1 secret:DB_PASSWORD production"


class TestFiles:
    @pytest.mark.parametrize(
        "text",
        [
            f"token: {TOKEN}",
            '{"logger": {"api_key": "0123456789abcdef"}}',
            "wandb_api_key = 'abcdefgh12345678'",
            "index-url = https://ann:pass1234@pypi.example.org",
            KEY,
        ],
    )
    def test_settings_with_secrets(self, file, text):
        path = file(text, "config.yaml")
        assert holds_credentials(path, path.stat().st_size)
        assert not holds_credentials(file(text, "train.py"), 100)
        assert not holds_credentials(path, 1 << 20)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "lr: 0.1\ntokenizer: bert-base-uncased-2024-01\n",
            '{"pad_token": "<|endoftext_1234567|>", "max_tokens": 1234567890123456}',
            "api_key: ${oc.env:WANDB_API_KEY_2}",
            "password_file: /home/ann/password1234567",
            "api_key: changeme",
        ],
    )
    def test_settings_without(self, file, text):
        path = file(text, "config.yaml")
        assert not holds_credentials(path, path.stat().st_size)

    def test_no_file(self, tmp_path):
        (tmp_path / "x.json").mkdir()
        assert not holds_credentials(tmp_path / "x.json", 4)
        assert not holds_credentials(tmp_path / "none.json", 4)

    @pytest.mark.parametrize(
        "path", ["rclone.conf", ".databrickscfg", "x/.comet.config", "prod.tfvars", ".modal.toml"]
    )
    def test_names(self, path):
        assert looks_like_credentials(path)
