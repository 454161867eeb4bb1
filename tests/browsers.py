"""A real browser before a real server: `ledger ui`, as a person starts it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def launched():
    """Chromium: the one that CHROMIUM names, that of the machine, else the one that playwright installed."""
    api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    with api.sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("there is no Chromium: apt-get install chromium, or playwright install chromium")
        # Root, as in most containers, has no sandbox of Chromium's own.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        made = playwright.chromium.launch(executable_path=path, args=[*flags, "--enable-precise-memory-info"])
        yield made
        made.close()


@contextmanager
def serving(ledger, *options):
    """The address of a server of that ``.ledger`` directory."""
    words = [sys.executable, "-m", "ledger", "--ledger", str(ledger), "ui", "--no-browser", *options]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        server.stdout.close()
