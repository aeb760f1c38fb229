"""What a curation step answers where it declares nothing, and what Exact and Agreement declare."""

from __future__ import annotations

from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.recipe.curate import STEPS
from pipeline.recipe.step import JudgeModel, ask_nobody
from pipeline.recipe.teachers import TeacherEntry
from prompts.messages import Message
from tests.pipeline.curate.make import sample


def test_nobody_answers_no_question() -> None:
    questions = [(Message("user", "a"),), (Message("user", "b"),)]
    assert ask_nobody(JudgeModel(TeacherEntry(spec="scripted:x")), questions) == dict.fromkeys(questions)


def test_most_steps_rewrite_nothing_and_embed_and_ask_nobody() -> None:
    step, given = Exact(), sample()
    assert (step.embedding_model, step.judge_model, step.rewrites, step.labels_known) == (None, None, False, ())
    assert step.rewriter()(given) is given
    assert step.opinion(given, ask_nobody) is None
    assert step.keeping_all() is step
    assert step.files() == []


def test_a_reason_makes_a_reply_worse_only_where_the_step_says_so() -> None:
    chosen, rejected = sample(), sample(completion="ham")
    assert not Exact().is_worse("duplicate", rejected, chosen)
    reasons = Agreement().worse
    assert reasons
    for reason, alone in reasons.items():
        assert Agreement().is_worse(reason, rejected, chosen)
        assert Agreement().is_worse(reason, rejected, None) == alone
    assert not Agreement().is_worse("nonsense", rejected, chosen)


def test_labels_are_known_where_a_step_names_the_only_ones() -> None:
    assert tuple(Format(choices=["spam", "ham"]).labels_known) == ("spam", "ham")
    assert tuple(Format().labels_known) == ()


def test_what_looks_at_the_reply_alone_runs_no_code_and_asks_nobody() -> None:
    alone = {name for name, kind in STEPS.items() if kind.reads_reply_alone}
    assert alone >= {"outcome", "format", "refusal"}
    assert not any(STEPS[name].runs_code for name in alone)
