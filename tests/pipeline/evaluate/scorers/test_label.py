"""Label: the same label, on the first line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from pipeline.evaluate.scorers.label import LabelScorer
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import LabelPlaces, Score
from prompts.errors import InputError

RIGHT, WRONG, INVALID = Score(1.0, True), Score(0.0, True), Score(0.0, False)
SPAM_OR_HAM = LabelScorer(("spam", "ham"))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("spam", RIGHT),
        ("  **Spam**.", RIGHT),
        ("\n\nspam\nBecause it sells something.", RIGHT),
        ("ＳＰＡＭ", RIGHT),
        ("ham", WRONG),
        ("ham\nno, spam", WRONG),
        ("It is spam", INVALID),
        ("spam, ham", INVALID),
        ("spammer", INVALID),
        ("", INVALID),
        ("<script>spam</script>", INVALID),
    ],
)
def test_a_label_is_the_whole_first_line(reply: str, expected: Score) -> None:
    assert SPAM_OR_HAM.score(reply, "Spam") == expected


@given(st.lists(st.tuples(st.sampled_from(["spam", "ham"]), st.sampled_from(["spam", "ham"])), min_size=1))
def test_mean_label_score_is_accuracy(pairs: list[tuple[str, str]]) -> None:
    golds, replies = zip(*pairs, strict=True)
    mean = sum(SPAM_OR_HAM.score(reply, gold).value for gold, reply in pairs) / len(pairs)
    assert mean == pytest.approx(accuracy_score(golds, replies), abs=1e-9)


@given(st.text(), st.sampled_from(["spam", "ham"]))
def test_only_valid_answers_score(reply: str, gold: str) -> None:
    score = SPAM_OR_HAM.score(reply, gold)
    assert score.valid or score.value == 0


def test_the_recipe_names_the_labels() -> None:
    assert Evaluate(scorer="label", labels=["a", "b"]).to_scorer() == LabelScorer(("a", "b"))


def test_label_needs_labels() -> None:
    with pytest.raises(InputError, match=r"evaluate\.labels.*needs labels"):
        Evaluate(scorer="label").to_scorer()


@pytest.mark.parametrize("labels", [("spam",), ("Spam", "spam."), ("+", "-"), ()])
def test_labels_must_differ(labels: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="differ"):
        LabelScorer(labels)


def test_a_gold_answer_that_no_reply_can_reach_is_found_before_anyone_is_asked() -> None:
    with pytest.raises(InputError, match="'phishing' is none of"):
        SPAM_OR_HAM.check(["spam", "phishing"])
    SPAM_OR_HAM.check(["SPAM", "ham"])


def test_places_are_those_of_the_recipes_list() -> None:
    places = SPAM_OR_HAM.details(["Ham.", "spam\nyes", "eggs"], ["ham", "ham", "SPAM"]).labels
    assert places == LabelPlaces(("spam", "ham"), gold_N=(1, 1, 0), said_N=(1, 0, 2))


def test_scores_are_comparable_whatever_order_the_labels_have() -> None:
    one, other = Evaluate(scorer="label", labels=["a", "b"]), Evaluate(scorer="label", labels=["b", "a"])
    assert one.scoring == other.scoring == {"scorer": "label", "labels": ["a", "b"]}
