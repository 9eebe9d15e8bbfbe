"""A headless Chromium for the tests of the explorer page."""

from __future__ import annotations

import os
import shutil

import pytest


def chromium():
    """The path of a Chromium: CHROMIUM names it, else it is looked for on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def launched():
    """Playwright and a browser; the test is skipped where either is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
    path = chromium()
    if path is None:
        pytest.skip("the browser tests need a Chromium on the PATH, or its path in CHROMIUM")
    playwright = sync_api.sync_playwright().start()
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return playwright, playwright.chromium.launch(executable_path=path, args=options)
