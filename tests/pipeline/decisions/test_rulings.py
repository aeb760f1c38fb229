"""What reviewers decided together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions.decision import Decision, standing
from pipeline.decisions.rulings import rule
from tests.pipeline.decisions.make import DECISIONS
from tests.pipeline.review.make import decision


@given(DECISIONS, st.randoms(use_true_random=False))
def test_what_is_ruled_does_not_depend_on_who_spoke_first(made: list[Decision], chance: object) -> None:
    found = standing(made)
    chance.shuffle(found)  # type: ignore[attr-defined]  # Hypothesis's Random
    texts = {name: (one.kind == "reject", one.text) for name, one in rule(made).samples.items()}
    assert {name: (one.kind == "reject", one.text) for name, one in rule(found).samples.items()} == texts


def test_the_majority_rules_and_a_tie_decides_nothing() -> None:
    made = [decision("accept", seen="ham"), decision("edit", reviewer="bob", text="spam", seen="ham")]
    split = rule(made)
    assert (dict(split.samples), split.contested, split.digest) == ({}, 1, None)
    settled = rule([*made, decision("edit", reviewer="eve", text=" Spam ", seen="ham")])
    assert (settled.samples["s"].text, settled.contested) == (" Spam ", 0)
    same = rule([decision("accept", seen="ham"), decision("edit", reviewer="bob", text="Ham", seen="x")])
    assert same.contested == 0  # an edit to what another accepted


def test_gold_is_what_was_accepted_or_written_where_a_prompts_answers_agree() -> None:
    made = [decision("accept", "a", seen="ham"), decision("reject", "b", prompt="q", seen="ham")]
    assert rule(made).gold == {"p": "ham"}
    assert rule([*made, decision("edit", "c", text="spam", seen="x")]).gold == {}
