"""The page in headless Chromium: what a reader sees, and what a hostile text may not do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pipeline.report.page import ReportInputs, render_page
from tests.browser import open_page
from tests.pipeline.report.make import everything, full_evaluation

WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")
OUTSIDE = """() => [...document.querySelectorAll('body *')].filter(one => {
    if (one.closest('.scroll')) return false;
    const box = one.getBoundingClientRect();
    return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.outerHTML.slice(0, 120))"""
"""Elements that stick out of the window, but for those in a part that scrolls by itself."""

HOSTILE = [
    "<script>document.title = 'owned'</script><img src='https://example.org/x' onerror='document.title=1'>",
    '"></svg></pre></details><h1>You won</h1><style>*{display:none}</style>',
    '=HYPERLINK("https://example.org")\u202e\u2066\u202egnitirwer\u202e \u05e9\u05dc\u05d5\u05dd',
    "W" * 500 + "\u0000\u0008\ufeff\u200f" + "\u0301" * 300,
]


def write(folder: Path, run: ReportInputs) -> str:
    path = folder / "report.html"
    path.write_text(render_page(run), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("page"), everything())


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One browser for all: launching takes longer than what is looked at."""
    with open_page() as opened:
        yield opened


@pytest.fixture(scope="module")
def inspected(page: Page, address: str) -> Iterator[Page]:
    """The page without its policy, for axe, which is a script."""
    other = page.context.new_page()
    page.context.new_cdp_session(other).send("Page.setBypassCSP", {"enabled": True})
    other.goto(address)
    other.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield other
    other.close()


def flooded(value: Any, text: str) -> Any:
    """The same numbers, with `text` wherever MARK stands in a name or an answer."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: flooded(getattr(value, part.name), text) for part in fields(value)})
    if isinstance(value, tuple):
        return tuple(flooded(inner, text) for inner in value)
    if isinstance(value, dict):
        return {flooded(name, text): flooded(inner, text) for name, inner in value.items()}
    if isinstance(value, list):
        return [flooded(inner, text) for inner in value]
    return text if isinstance(value, str) and "MARK" in value else value


def show(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_and_no_request_leaves(page: Page, address: str, width: int) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, width, "light")
    page.goto(address)
    for details in page.locator("details").all():
        details.evaluate("one => one.open = true")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [address]


def test_the_first_screen_says_it_and_every_chart_has_its_words(page: Page, address: str) -> None:
    show(page, 1440, "light")
    page.goto(address)
    lead = page.locator("h1")
    assert lead.count() == 1
    assert "The student can replace its teacher" in lead.inner_text()
    assert "150 held-out prompts" in lead.inner_text()
    bottom = page.locator("header figure").bounding_box()
    assert bottom is not None
    assert bottom["y"] + bottom["height"] < 850
    assert page.locator("svg.plot").count() == 5
    drawings = page.locator("svg[role=img]").all()
    assert all(len(one.get_attribute("aria-label") or "") > 20 for one in drawings)
    assert page.locator("figure.chart details.data table").count() == 5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_violation(inspected: Page, width: int, scheme: str) -> None:
    show(inspected, width, scheme)
    found = Axe().run(inspected)
    assert found.violations_count == 0, found.generate_report()


def test_colours_follow_the_reader(page: Page, address: str) -> None:
    page.goto(address)
    shown = []
    for scheme in SCHEMES:
        show(page, 1440, scheme)
        shown.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shown[0] != shown[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_and_in_its_place(page: Page, tmp_path: Path, text: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, 390, "light")
    there = write(tmp_path, everything(text, student=text))
    page.goto(there)
    assert page.title() == "quickstart · stillhouse"
    assert page.locator("h1").count() == 1
    assert page.locator("script, img, iframe, link").count() == 0
    assert page.evaluate(OUTSIDE) == []
    assert asked == [there]
    assert page.locator("h2").last.inner_text() == "Recipe"


def test_ten_megabytes_of_output_leave_the_page_small(page: Page, tmp_path: Path) -> None:
    there = write(
        tmp_path, replace(everything(), evaluation=flooded(full_evaluation("MARK", "MARK"), "<b>&" * 2_500_000))
    )
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    page.goto(there)
    assert page.locator("h2").last.inner_text() == "Recipe"


def test_it_prints_its_recipe_and_no_buttons(page: Page, address: str) -> None:
    page.goto(address)
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")
