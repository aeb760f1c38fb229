from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.display.wording import DASH
from pipeline.report import metrics
from pipeline.report.examples import MAX_CHARS
from pipeline.report.page import ReportInputs, render_page
from tests.pipeline.report.make import RECIPE, evaluation, everything, stages

RUN = ReportInputs("quickstart", evaluation(), stages(), RECIPE)
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
    return render_page(ReportInputs(text, evaluation(text, student=text), stages(), text, dropped))


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
    failed = replace(stages()["evaluate"], error="none of the held-out rows has a gold answer")
    page = render_page(replace(RUN, evaluation=None, stages=stages() | {"evaluate": failed}))
    assert "Nothing was compared: none of the held-out rows has a gold answer" in page
    assert "Where every sample went" in page
    assert "Comparison" not in page


def test_an_empty_run_has_a_page() -> None:
    assert "Nothing was compared yet." in render_page(ReportInputs("new", None, {}, RECIPE))


def test_long_texts_are_cut() -> None:
    dropped = [{"step": "format", "reason": "too_long", "prompt": [], "reply": "x" * 50_000}]
    assert len(render_page(replace(RUN, dropped_examples=dropped))) < len(PAGE) + MAX_CHARS + 2000


class Parts(HTMLParser):
    """The page between its headings: whether there is a figure or a table, and what stands as their source."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, int, list[tuple[str, str]]]] = []
        self._sources: list[tuple[str, str]] = []
        self._shown, self._title, self._open = 0, "", ""
        self.feed(page)
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("class") or ""
        if tag in ("h1", "h2", "h3"):
            self._end()
            self._open = "title"
        elif tag in ("table", "figure"):
            self._shown += 1
        elif tag == "span" and kind == "basis":
            self._sources.append(("", ""))
            self._open = "basis"
        elif tag == "code" and self._open == "source":
            self._open = "command"

    def handle_endtag(self, tag: str) -> None:
        self._open = "source" if (tag, self._open) == ("span", "basis") else self._open if tag == "bdi" else ""

    def handle_data(self, data: str) -> None:
        if self._open == "title":
            self._title += data
        elif self._open in ("basis", "command"):
            basis, command = self._sources[-1]
            self._sources[-1] = (basis + data, command) if self._open == "basis" else (basis, command + data)

    def _end(self) -> None:
        self.found.append((self._title, self._shown, self._sources))
        self._shown, self._sources, self._title = 0, [], ""


@pytest.mark.parametrize("run", [RUN, everything()], ids=["small", "everything"])
def test_every_part_with_numbers_has_a_count_and_a_command(run: ReportInputs) -> None:
    parts = [(title, sources) for title, shown, sources in Parts(render_page(run)).found if shown]
    assert len(parts) >= 8
    for title, sources in parts:
        assert sources, f"{title}: no count and no command"
        for basis, command in sources:
            assert re.search(r"\d", basis), f"{title}: no count in {basis!r}"
            stage = re.fullmatch(rf"stillhouse (\w+) {run.place}(/recipe.yaml --dir {run.place})?", command)
            assert stage, f"{title}: {command!r}"
            assert (stage[1] == "status") is not bool(stage[2])


def test_a_part_without_a_source_is_found() -> None:
    assert Parts("<h2>a</h2><table></table><h3>b</h3><p>no numbers</p>").found[1:] == [("a", 1, []), ("b", 0, [])]


def test_every_number_of_the_comparison_has_an_interval_or_is_exact() -> None:
    evaluation = everything().evaluation
    assert evaluation is not None
    for line in metrics.lines(evaluation):
        measured = [cell.behind for cell in line.cells if cell.value != DASH]
        assert "exact" in line.basis or all(behind and "–" in behind[0] for behind in measured), line
        assert (
            "n\u00a0=" in line.basis or "exact" in line.basis or all("n\u00a0=" in behind[-1] for behind in measured)
        ), line
