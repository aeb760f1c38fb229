"""The review page in a real browser, from the first key to the corpus that obeys it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.decisions.store import read_decisions
from pipeline.explain.why import render_story, tell_story
from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows
from tests.browser import open_page
from tests.pipeline.explain.test_what_if import curated
from tests.pipeline.review.make import HOSTILE, reviewing, two_teachers

pytestmark = pytest.mark.timeout(240)


def press(page: Page, key: str, saved: str = "") -> None:
    expect(page.locator("body")).not_to_have_attribute("aria-busy", "true")  # it hears no key while it saves
    page.keyboard.press(key)
    if saved:
        expect(page.locator("#status")).to_contain_text(f"Saved: {saved}")


def go_to(page: Page, text: str) -> None:
    """By `j` from the first to the item whose answer begins so; their order depends on the recipe's paths."""
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-place", "0")
    for _ in range(40):
        if page.locator("#completion").text_content()[: len(text)] == text:  # type: ignore[index]  # there is a text
            return
        place = page.locator("body").get_attribute("data-place")
        page.keyboard.press("j")
        expect(page.locator("body")).not_to_have_attribute("data-place", str(place))
    pytest.fail(f"no item begins with {text[:40]}")


def test_a_review_by_keyboard_and_the_corpus_that_follows(tmp_path: Path) -> None:
    run = two_teachers(tmp_path, generate={"samples": 1})
    with reviewing(run, "--by", "random", "--split", "all") as (_, url), open_page() as page:
        page.goto(url)
        expect(page.locator("#place")).to_have_text("1 of 24")
        assert "token" not in page.url
        press(page, "ArrowRight", "right is better")  # first: whatever the order, neither of the pair is decided
        expect(page.locator("#done")).to_have_text("2 decided")
        press(page, "u", "undone")
        expect(page.locator("#place")).to_have_text("1 of 24")
        press(page, "n")
        page.keyboard.type("a note with a, r and u in it")
        press(page, "Escape")
        press(page, "ArrowLeft", "left is better")
        expect(page.locator("#place")).to_have_text("2 of 24")
        press(page, "r", "rejected")
        press(page, "n")
        page.keyboard.type("kept")
        press(page, "Escape")
        press(page, "a", "accepted")
        press(page, "k")
        expect(page.locator("#note")).to_have_value("kept")  # a decision made again takes its note along
        press(page, "j")
        expect(page.locator("#note")).to_have_value("")
        press(page, "e")
        expect(page.locator("#text")).to_be_focused()
        page.locator("#text").fill("by hand <b>\u202e")
        press(page, "Control+Enter", "edited")
        press(page, "?")
        expect(page.locator("#keys")).to_be_visible()
    made = read_decisions(run.reviews)
    assert [one.kind for one in made] == ["prefer", "withdraw", "prefer", "reject", "accept", "edit"]
    assert (made[5].text, made[2].note) == ("by hand <b>\u202e", "a note with a, r and u in it")
    follows(run, tmp_path)


def follows(run: RunDir, folder: Path) -> None:
    """Curation obeys what was decided on the train side, once."""
    *_, reject, accept, edit = read_decisions(run.reviews)
    curated(folder / "recipe.yaml")
    rows = {one["sample_id"]: one for path in (run.kept, run.dropped) for one in read_rows(path)}
    if rows[edit.sample_id]["split"] == "train":
        assert rows[edit.sample_id]["completion"][0]["content"] == edit.text
        assert rows[edit.sample_id]["review"]["kind"] == "edit"
    if rows[reject.sample_id]["split"] == "train":
        assert (rows[reject.sample_id]["step"], rows[reject.sample_id]["reason"]) == ("review", "rejected")
    story = render_story(tell_story(run.root, accept.sample_id))
    assert "ann: accept" in story


def test_hostile_and_huge_texts_stay_text(tmp_path: Path) -> None:
    run = two_teachers(tmp_path)
    with reviewing(run, "--split", "all") as (_, url), open_page() as page:
        page.goto(url)
        go_to(page, HOSTILE[:20])
        assert page.locator("#completion").text_content() == HOSTILE
        assert page.title() == "Review"
        assert page.locator("main script, main img, main b").count() == 0
        go_to(page, "x" * 20)
        assert len(page.locator("#completion").text_content() or "") == 1_000_000
        press(page, "a", "accepted")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    [one] = read_decisions(run.reviews)
    assert one.seen == "x" * 1_000_000


FAILING = """path => {
  const real = window.real = window.fetch;
  window.fetch = (url, ...rest) => url.startsWith(path) ? Promise.reject(new Error("gone")) : real(url, ...rest);
}"""
"""What begins with `path` fails, as where the server has gone, until `window.fetch` is `window.real` again."""


def test_undo_takes_back_what_it_shows_and_what_was_saved_is_never_called_lost(tmp_path: Path) -> None:
    run = two_teachers(tmp_path)
    with reviewing(run, "--by", "random", "--split", "all") as (_, url), open_page() as page:
        page.goto(url)
        expect(page.locator("#place")).to_have_text("1 of 24")
        for number in (1, 2):
            press(page, "r")
            expect(page.locator("#done")).to_have_text(f"{number} decided")
            expect(page.locator("#place")).to_have_text(f"{number + 1} of 24")
        expect(page.locator("body")).not_to_have_attribute("aria-busy", "true")
        twice = "for (const _ of 'uu') document.dispatchEvent(new KeyboardEvent('keydown', { key: 'u' }))"
        page.evaluate(f"() => {{ {twice} }}")
        expect(page.locator("#status")).to_contain_text("Saved: undone")
        expect(page.locator("#place")).to_have_text("2 of 24")
        press(page, "g")
        expect(page.locator("#place")).to_have_text("3 of 24")
        page.evaluate(FAILING, "/api/decisions")
        press(page, "u")
        expect(page.locator("#status")).to_have_text("Not saved: gone")
        page.evaluate("() => { window.fetch = window.real }")
        press(page, "u", "undone")
        expect(page.locator("#place")).to_have_text("1 of 24")
        page.evaluate(FAILING, "/api/items")
        press(page, "a", "accepted. The next sample cannot be shown: gone")
        page.evaluate("() => { window.fetch = window.real }")
        press(page, "j")
        expect(page.locator("#place")).to_have_text("2 of 24")
    made = read_decisions(run.reviews)
    assert [one.kind for one in made] == ["reject", "reject", "withdraw", "withdraw", "accept"]
    assert [made[place].sample_id for place in (2, 3)] == [made[place].sample_id for place in (1, 0)]


def test_labels_a_second_reviewer_and_a_phone(tmp_path: Path) -> None:
    steps = [{"step": "outcome"}, {"step": "format", "choices": ["spam", "ham"]}]
    run = two_teachers(tmp_path, curate={"split": {"heldout": 0.3}, "steps": steps})
    for reviewer, keys in (("ann", "121"), ("bob", "122")):
        phone = open_page(width=375, height=700, color_scheme="dark")
        with reviewing(run, "--by", "random", reviewer=reviewer) as (_, url), phone as page:
            page.goto(url)
            expect(page.locator("#done")).to_have_text("0 decided")  # of the other's decisions nothing is shown
            expect(page.locator("#labels button")).to_have_text(["1 spam", "2 ham"])
            expect(page.locator("#edit")).to_be_hidden()
            for number, key in enumerate(keys, start=1):
                press(page, key, "labelled")
                expect(page.locator("#done")).to_have_text(f"{number} decided")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            if reviewer == "bob":
                expect(page.locator("#agreement")).to_contain_text("ann and bob: 67% the same on 3 answers")
                expect(page.locator("#agreement")).to_contain_text("kappa 0.40")
