from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.report.examples import MAX_CHARS
from pipeline.report.page import ReportInputs, render_page
from tests.pipeline.report.make import RECIPE, evaluation, manifest

RUN = ReportInputs("quickstart", evaluation(), manifest(), RECIPE)
PAGE = render_page(RUN)

HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></article><h1>You won</h1>",
    '"><img src=x onerror=alert(1)>',
    "<!-- --><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
]


class Tags(HTMLParser):
    """Every tag with its attributes, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def hostile(text: str) -> str:
    dropped = [{"step": text, "reason": text, "prompt": [{"role": "user", "content": text}], "reply": text}]
    return render_page(ReportInputs(text, evaluation(text, student=text), manifest(), text, dropped))


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_model_wrote_stays_text(text: str) -> None:
    plain = {tag for tag, _ in Tags(hostile("hello")).found}
    tags = Tags(hostile(text)).found
    assert {tag for tag, _ in tags} == plain
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


def test_model_text_is_never_a_template() -> None:
    assert "{{ 7 * 7 }}" in hostile("{{ 7 * 7 }}")


def test_nothing_is_loaded_or_run() -> None:
    tags = Tags(PAGE).found
    assert {tag for tag, _ in tags}.isdisjoint({"script", "link", "iframe", "img", "object", "embed", "form", "base"})
    used = {name for _, attributes in tags for name in attributes}
    assert used.isdisjoint({"src", "xlink:href", "style", "srcset", "action", "background"})
    links = {attributes["href"] or "" for _, attributes in tags if "href" in attributes}
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= {attributes.get("id") for _, attributes in tags}
    assert not re.search(r"https?://|url\(|@import", PAGE)


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    policy = next(one["content"] for tag, one in Tags(PAGE).found if one.get("http-equiv") == "Content-Security-Policy")
    style = PAGE.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_it_shows_the_numbers_the_funnel_the_recipe_and_where_they_come_from() -> None:
    for part in ("0.873", "calibrated teacher", "not a choice", "0.3127", "gguf:smollm2-135m", "torch 2.13.0", "3f9a"):
        assert part in PAGE


def test_the_same_inputs_give_the_same_page() -> None:
    assert render_page(RUN) == PAGE


def test_without_an_evaluation_the_rest_is_shown() -> None:
    failed = manifest()
    failed["stages"]["evaluate"]["error"] = "none of the held-out rows has a gold answer"
    page = render_page(replace(RUN, evaluation=None, manifest=failed))
    assert "Nothing was compared: none of the held-out rows has a gold answer" in page
    assert "Where every sample went" in page
    assert "Comparison" not in page


def test_an_empty_run_has_a_page() -> None:
    assert "Nothing was compared yet." in render_page(ReportInputs("new", None, {"stages": {}}, RECIPE))


def test_long_texts_are_cut() -> None:
    dropped = [{"step": "format", "reason": "too_long", "prompt": [], "reply": "x" * 50_000}]
    assert len(render_page(replace(RUN, dropped_examples=dropped))) < len(PAGE) + MAX_CHARS + 2000
