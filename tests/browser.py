"""A real browser for pages: headless Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""`--no-sandbox`: continuous integration runs as root, where Chromium's sandbox does not start."""

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def open_page(*, width: int = 1200, height: int = 900, color_scheme: str = "light") -> Iterator[Page]:
    """A page of a browser with a profile of its own; what its console says of errors fails the test."""
    said: list[str] = []
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=_chromium(),
            args=FLAGS,
            viewport={"width": width, "height": height},
            color_scheme="dark" if color_scheme == "dark" else "light",
        )
        try:
            page = context.pages[0] if context.pages else context.new_page()
            page.set_default_timeout(20_000)
            page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: said.append(str(error)))
            yield page
        finally:
            context.close()
    assert not said, said


def _chromium() -> str:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium here: apt-get install chromium, or `make browser`")
    return found
