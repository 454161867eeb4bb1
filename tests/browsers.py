"""A real browser before a real server: `ledger ui`, as a person starts it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE_MS, PATIENCE_S

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
        flags.append("--enable-precise-memory-info")
        made = playwright.chromium.launch(executable_path=path, args=flags, timeout=PATIENCE_MS)
        api.expect.set_options(timeout=PATIENCE_MS)
        yield made
        made.close()


def page_in(browser, **settings):
    """A new page, on which what does not come is waited for long."""
    page = browser.new_page(**settings)
    page.set_default_timeout(PATIENCE_MS)
    return page


def wait_for_address(page, *parts):
    """Wait until the address has each of these."""
    for part in parts:
        page.wait_for_function("part => location.href.includes(part)", arg=part)


@contextmanager
def serving(ledger, *options):
    """The address of a server of that ``.ledger`` directory."""
    words = [sys.executable, "-m", "ledger", "--ledger", str(ledger), "ui", "--no-browser", *options]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE_S)
        server.stdout.close()
