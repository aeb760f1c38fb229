"""Which dropped replies are preferences, against which kept ones, and what the file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.curate import Extras, curate
from pipeline.curate.curated import Curated, Dropped
from pipeline.curate.preferences import Written, preferences, write_preferences
from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.judge import Judge
from pipeline.curate.steps.outcome import Outcome
from pipeline.curate.steps.pii import Pii
from pipeline.curate.tokens import NO_TOKENS
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import STEPS, Curate, Split
from pipeline.recipe.step import Step
from pipeline.recipe.teachers import TeacherEntry
from pipeline.recipe.verdict import Sample
from pipeline.run.records import PREFERENCES, read_rows, write_parquet
from prompts.messages import Message
from tests.pipeline.curate.make_rows import row


def sample(name: str, reply: str, prompt: str = "p", **changes: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": name,
        "prompt_id": prompt,
        "teacher_messages": (),
        "student_messages": (Message("user", f"question {prompt}"),),
        "reply": reply,
        "outcome": "ok",
        "tokens": NO_TOKENS,
        "split": "train",
        "teacher": "t:t",
        "completion": reply,
    }
    return Sample(**{**values, **changes})


def ended(kept: list[Sample], *gone: tuple[Sample, str, str]) -> Curated:
    """What curation by one step a drop, in that order, comes to: `steps_of` gives these steps."""
    result = Curated(len(kept) + len(gone), {one.sample_id: one for one in kept})
    result.dropped = {
        one.sample_id: Dropped(one, step, reason, 0.25, passed=passed)
        for passed, (one, step, reason) in enumerate(gone)
    }
    return result


SETTINGS: dict[str, dict[str, Any]] = {
    "verify": {"command": ["true"]},
    "judge": {"judge": TeacherEntry(spec="scripted:judge.jsonl")},
    "best": {"judge": TeacherEntry(spec="scripted:judge.jsonl")},
}


def step_named(name: str) -> Step:
    return STEPS[name](step=name, **SETTINGS.get(name, {}))


def found(result: Curated, *steps: Step) -> dict[str, tuple[str | None, str]]:
    """The pairs' texts. Without steps, those that the drops name, in the drops' order."""
    by_name = [step_named(gone.step) for gone in result.dropped.values()]
    made = preferences(result, Curate(steps=list(steps) or by_name))
    return {
        name: (None if one.chosen is None else one.chosen.completion, one.rejected.completion)
        for name, one in made.items()
    }


def student_messages(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["prompt_id"]: (Message("user", item["prompt_id"]),) for item in rows}


def test_the_outvoted_are_worse_and_the_winners_fellows_are_not() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["Spam", "spam.", "ham", "ham ", "spam"])]
    steps: list[Step] = [Outcome(), Agreement(by="label")]
    result = curate(rows, student_messages(rows), Curate(steps=steps, split=Split(heldout=0)))
    made = found(result, *steps)
    assert len(made) == 1  # two said ham: once
    [(chosen, rejected)] = made.values()
    assert (str(chosen).strip(".").lower(), rejected.strip()) == ("spam", "ham")


def test_a_reply_that_could_not_vote_is_worse() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(['{"a": 1}', '{"a":1}', "a is 1"])]
    steps: list[Step] = [Agreement(by="json")]
    result = curate(rows, student_messages(rows), Curate(steps=steps, split=Split(heldout=0)))
    assert {rejected for _, rejected in found(result, *steps).values()} == {"a is 1"}


def test_a_prompt_that_nobody_settled_makes_no_preference() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["spam", "ham", "perhaps"])]
    steps: list[Step] = [Agreement(by="label", min_share=0.5)]
    assert not found(curate(rows, student_messages(rows), Curate(steps=steps, split=Split(heldout=0))), *steps)


def test_kept_replies_take_turns_the_judges_favourite_first() -> None:
    kept = [sample("a", "good", score=0.75), sample("b", "best", score=1.0)]
    gone = [(sample(name, f"bad {name}"), "judge", "low_score") for name in ("x", "y", "z")]
    assert found(ended(kept, *gone)) == {"x": ("best", "bad x"), "y": ("good", "bad y"), "z": ("best", "bad z")}


@pytest.mark.parametrize(
    ("step", "reason", "alone"),
    [("judge", "low_score", True), ("verify", "verify_failed", True), ("best", "not_chosen", False)],
)
def test_without_a_kept_reply_only_a_word_about_the_reply_itself_counts(step: str, reason: str, alone: bool) -> None:
    made = found(ended([sample("k", "other", "q")], (sample("x", "bad"), step, reason)))
    assert made == ({"x": (None, "bad")} if alone else {})


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("exact", "duplicate"),
        ("near", "near_duplicate"),
        ("confidence", "low_confidence"),
        ("best", "undecided"),
        ("judge", "judge_failed"),
        ("verify", "verify_timeout"),
        ("agreement", "disagreement"),
    ],
)
def test_other_reasons_are_no_preference(step: str, reason: str) -> None:
    assert not found(ended([sample("k", "good")], (sample("x", "bad"), step, reason)))


def test_what_a_step_made_alike_is_no_preference() -> None:
    kept = sample("k", "spam", completion="ham")
    assert not found(ended([kept], (sample("x", "Ham"), "verify", "verify_failed")))


def test_a_rejected_reply_is_masked_by_the_pii_step_it_left_before() -> None:
    kept = [sample("k", "Write to <EMAIL>.")]
    rejected = sample("x", "Mail ann@example.org!")
    verify = step_named("verify")
    early, late = (Dropped(rejected, "verify", "verify_failed", 0.25, passed=passed) for passed in (0, 1))
    assert found(with_drop(kept, early), verify, Pii()) == {"x": ("Write to <EMAIL>.", "Mail <EMAIL>!")}
    assert not found(with_drop(kept, early), verify, Pii(action="drop"))
    before = found(with_drop(kept, late), Pii(), verify)
    assert before["x"][1] == "Mail ann@example.org!"


def with_drop(kept: list[Sample], gone: Dropped) -> Curated:
    return Curated(2, {one.sample_id: one for one in kept}, {gone.sample.sample_id: gone})


CHOICES = Format(choices=["spam", "ham"])


@pytest.mark.parametrize(
    ("rewriting", "chosen", "reply", "rejected"),
    [
        (CHOICES, "ham", "Spam!", "spam"),
        (CHOICES, "ham", " **spam**\n", "spam"),
        (CHOICES, "ham", "It is spam.", "It is spam."),  # no choice: a form of its own is one more fault
        (CHOICES, "ham", "", ""),
        (Calibrate(labels=["spam", "ham"]), "ham", "SPAM.", "spam"),
        (Calibrate(labels=["spam", "ham"]), "ham", "Perhaps", "Perhaps"),
        (Pii(), "Write to <EMAIL>.", "Mail ann@example.org!", "Mail <EMAIL>!"),
        (Format(max_words=1), "ham", "Spam!", "Spam!"),  # drops, and rewrites nothing
    ],
)
def test_a_pair_is_of_one_form(rewriting: Step, chosen: str, reply: str, rejected: str) -> None:
    result = ended([sample("k", chosen)], (sample("x", reply), "verify", "verify_failed"))
    assert found(result, step_named("verify"), rewriting) == {"x": (chosen, rejected)}


def test_every_step_that_a_reply_never_came_to_rewrites_it_in_turn() -> None:
    result = ended([sample("k", "HAM")], (sample("x", "spam."), "judge", "low_score"))
    steps = [step_named("judge"), CHOICES, Format(choices=["SPAM", "HAM"])]
    assert found(result, *steps) == {"x": ("HAM", "SPAM")}


def test_a_reply_that_differs_in_its_form_alone_is_no_worse() -> None:
    kept = sample("k", "ham")
    assert not found(ended([kept], (sample("x", "Ham!"), "verify", "verify_failed")), step_named("verify"), CHOICES)


def test_two_rejected_replies_that_one_form_makes_alike_are_rejected_once() -> None:
    steps: list[Step] = [step_named("verify"), CHOICES]
    gone = {
        name: Dropped(sample(name, text), "verify", "verify_failed", None)
        for name, text in (("x", "Spam!"), ("y", "spam"))
    }
    assert found(Curated(3, {"k": sample("k", "ham")}, gone), *steps) == {"x": ("ham", "spam")}


def test_the_winners_fellows_are_known_when_both_sides_have_one_form() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["Spam.", "spam", "Spam.", "Ham!"])]
    steps: list[Step] = [Agreement(by="text"), CHOICES]
    result = curate(rows, student_messages(rows), Curate(steps=steps, split=Split(heldout=0)))
    assert sorted(found(result, *steps).values()) == [("spam", "ham")]


def test_a_form_is_given_from_the_place_where_a_reply_left_though_two_steps_share_a_name() -> None:
    rows = [row("p", number, reply=text) for number, text in enumerate(["Ham", "ham", "Spam!"])]
    steps: list[Step] = [Agreement(by="label"), CHOICES, Agreement(by="label")]
    result = curate(rows, student_messages(rows), Curate(steps=steps, split=Split(heldout=0)))
    assert list(found(result, *steps).values()) == [("ham", "spam")]


def test_the_file_has_both_sides_with_their_group_and_reason(tmp_path: Path) -> None:
    rows = [row(f"p{n}", i, reply="ham" if i == 2 else "spam", group=f"g{n}") for n in range(6) for i in range(3)]
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    config = Curate(steps=[Agreement(by="label")], split=Split(heldout=0.5))
    result = curate(rows, student_messages(rows), config)
    path = tmp_path / "preferences.parquet"
    counts = write_preferences(tmp_path / "replies.parquet", result, config, path)
    assert counts == Written(pairs=6, rejected_alone=0)
    written = list(read_rows(path))
    assert {one["split"] for one in written} == {"train", "heldout"}
    assert list(written[0]) == PREFERENCES.names
    for number, one in enumerate(written):
        assert one["rejected"] == [{"role": "assistant", "content": "ham"}]
        assert one["chosen"] == [{"role": "assistant", "content": "spam"}]
        assert (one["group"], one["prompt_id"], one["rejected_id"]) == (f"g{number}", f"p{number}", f"p{number}/2")
        assert (one["step"], one["reason"], one["score"]) == ("agreement", "not_chosen", pytest.approx(2 / 3))
        assert result.kept[one["chosen_id"]].split == one["split"]


def test_the_file_is_there_without_a_row(tmp_path: Path) -> None:
    rows = [row("p")]
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    config = Curate(steps=[Exact()])
    write_preferences(
        tmp_path / "replies.parquet", curate(rows, student_messages(rows), config), config, tmp_path / "x.parquet"
    )
    assert list(read_rows(tmp_path / "x.parquet")) == []


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from(["spam", "Spam", "ham", "", "42"])), max_size=24))
def test_a_pair_is_a_kept_and_a_dropped_reply_to_one_prompt_that_differ(replies: list[tuple[str, str]]) -> None:
    rows = [row(prompt, number, reply=text) for number, (prompt, text) in enumerate(replies)]
    config = Curate(steps=[Agreement(by="label")], split=Split(heldout=0))
    result = curate(rows, student_messages(rows), config)
    made = preferences(result, config)
    for name, one in made.items():
        assert name in result.dropped
        if one.chosen is not None:
            assert one.chosen.sample_id in result.kept
            assert one.chosen.prompt_id == one.rejected.prompt_id
            assert one.chosen.completion.casefold() != one.rejected.completion.casefold()
    again = preferences(curate(rows[::-1], student_messages(rows), config), config)
    assert {name: one.chosen and one.chosen.sample_id for name, one in again.items()} == {
        name: one.chosen and one.chosen.sample_id for name, one in made.items()
    }


def test_judged_replies_carry_their_score() -> None:
    judge = Judge(judge=TeacherEntry(spec="scripted:judge.jsonl"))
    rows = [row("p", 0, reply="good"), row("p", 1, reply="bad")]

    def ask(_: Any, questions: Any) -> dict[Any, str]:
        scores = {question: 5 if "good\n" in question[0].content else 1 for question in questions}
        return {question: json.dumps({"reason": "r", "score": score}) for question, score in scores.items()}

    config = Curate(steps=[judge], split=Split(heldout=0))
    [one] = preferences(curate(rows, student_messages(rows), config, Extras(ask=ask)), config).values()
    assert one.chosen is not None
    assert (one.chosen.completion, one.rejected.completion, one.verdict.score) == ("good", "bad", 0.0)
