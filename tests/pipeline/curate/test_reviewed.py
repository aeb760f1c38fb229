"""People's decisions at each step: what they change, what they override, and what they leave no place for."""

from __future__ import annotations

import pytest

from pipeline.curate.reviewed import as_seen, keep_words, obey, overruled, spare
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.pii import Pii
from pipeline.decisions.rulings import Ruling, Rulings
from pipeline.recipe.verdict import NOT_CHOSEN, Drop, Reviewed
from tests.pipeline.curate.make import sample


def test_what_people_called_right_is_what_the_sample_says() -> None:
    given = sample("p", "spam", sample_id="s")
    edited = obey(given, Rulings({"s": Ruling("edit", "ham", "spam")}))
    assert not isinstance(edited, Drop)
    assert (edited.completion, edited.reply, edited.reviewed) == ("ham", "spam", Reviewed("edit"))
    accepted = obey(given, Rulings({"s": Ruling("accept", None, "spam")}))
    assert not isinstance(accepted, Drop)
    assert (accepted.completion, accepted.reviewed) == ("spam", Reviewed("accept"))
    assert obey(given, Rulings()) is given


def test_a_rejected_text_leaves_whichever_sample_says_it_unless_it_is_held_out() -> None:
    rulings = Rulings({"s": Ruling("reject", None, "spam")}, rejected=frozenset({("p", "spam")}))
    assert obey(sample("p", "spam", sample_id="s"), rulings) == Drop("rejected")
    assert obey(sample("p", " Spam", sample_id="other"), rulings) == Drop("rejected")
    for stays in (sample("q", "spam"), sample("p", "ham"), sample("p", "spam", "heldout", sample_id="s")):
        assert obey(stays, rulings) is stays


def test_the_text_that_was_judged_is_the_one_that_was_shown() -> None:
    given = sample("p", "to a@b.org", sample_id="s")
    assert as_seen(given, Rulings({"s": Ruling("accept", None, "to <EMAIL>")})).completion == "to <EMAIL>"
    assert as_seen(given, Rulings({"s": Ruling("accept", None, None)})) is given


def test_few_steps_rewrite_a_persons_words() -> None:
    before = sample("p", "ham", reviewed=Reviewed("edit"))
    after = sample("p", "spam", reviewed=Reviewed("edit"), soft_labels=(("spam", 1.0),), margin=0.5)
    kept = keep_words(before, after, Calibrate(labels=["spam", "ham"]))
    assert (kept.completion, kept.soft_labels, kept.margin) == ("ham", (), 0.5)
    assert keep_words(before, after, Pii()) is after
    assert keep_words(sample("p", "ham", reviewed=Reviewed("prefer")), after, Format()) is after


def test_a_persons_word_overrides_the_first_drop_and_tells_it() -> None:
    accepted = sample("p", reviewed=Reviewed("accept"))
    spared = spare(accepted, Format(), Drop("too_short"))
    assert spared is not None
    assert spared.reviewed == Reviewed("accept", "format", "too_short")
    assert spare(spared, Format(), Drop("too_long")) is spared
    assert spare(accepted, Decontaminate(), Drop("contaminated")) is None
    assert spare(sample("p"), Format(), Drop("too_short")) is None


def test_to_be_preferred_overrides_only_that_another_was_chosen() -> None:
    preferred = sample("p", reviewed=Reviewed("prefer"))
    assert spare(preferred, Format(), Drop("too_short")) is None
    assert spare(preferred, Format(), Drop(NOT_CHOSEN)) is not None


@pytest.mark.parametrize(
    ("reviewed", "gone"),
    [
        (Reviewed("relabel"), {"p/1"}),
        (Reviewed("accept", "agreement", NOT_CHOSEN), {"p/1"}),
        (Reviewed("accept"), set()),
        (Reviewed("edit", "format", "too_short"), set()),
    ],
)
def test_a_settled_prompt_has_no_place_for_its_other_train_replies(reviewed: Reviewed, gone: set[str]) -> None:
    alive = [
        sample("p", "right", sample_id="p/0", reviewed=reviewed),
        sample("p", "other", sample_id="p/1"),
        sample("p", "held", "heldout", sample_id="p/2"),
        sample("q", "other", sample_id="q/0"),
    ]
    assert overruled(alive) == gone
