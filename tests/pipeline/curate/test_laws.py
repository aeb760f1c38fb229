"""The laws of every step: in one process and in many, in any order, once and twice, strict and stricter."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.curate.steps.confidence import Confidence
from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.near import Near
from pipeline.curate.steps.outcome import Outcome
from pipeline.curate.steps.pii import Pii
from pipeline.curate.steps.refusal import Refusal
from pipeline.curate.steps.repetition import Repetition
from pipeline.curate.steps.select import Select
from pipeline.curate.steps.verify import Verify
from pipeline.curate.tokens import NO_TOKENS
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import STEPS
from pipeline.recipe.step import Step
from pipeline.recipe.verdict import Drop, Each, Keep, Sample, Verdict
from pipeline.run.records import write_parquet
from prompts.messages import Message
from tests.pipeline.curate.make import rule_of, sample, verdicts_of
from tests.pipeline.curate.make_rows import logprobs, row
from tests.pipeline.helpers import ROOT, environment

BRIEFLY = settings(max_examples=10, deadline=None)
"""There are a hundred of them, and they run in seconds."""

CHECK = f"{Path(__file__).with_name('steps') / 'verifier.py'}:check"

BY_ROW: list[Step] = [
    Outcome(),
    Format(min_words=2, max_chars=60, closed_fences=True, languages=["en"]),
    Format(choices=["spam", "ham"]),
    Format(regex=r"[^@]*"),
    Format(json_schema={"type": "object"}),
    Refusal(),
    Copies(share=0.5, min_words=5),
    Repetition(times=3, min_words=6),
    Pii(),
    Pii(action="drop"),
]

OVER_ROWS: list[Step] = [
    Exact(),
    Exact(on="both"),
    Near(threshold=0.5, ngram=1),
    Agreement(min_share=0.6),
    Calibrate(labels=["spam", "ham"], without_logprobs="use_reply"),
    Confidence(by="margin", at_least=0.5, without_logprobs="keep"),
    Decontaminate(),
    Select(rows=3),
    Select(rows=3, by="label"),
]

SHARES: list[Step] = [
    Calibrate(labels=["spam", "ham"], keep=0.7, without_logprobs="use_reply"),
    Confidence(by="mean", keep=0.7, without_logprobs="keep"),
]
"""Steps that keep a share of what comes in: a second time they keep that share of the share."""


def by_default(kind: type[Step]) -> Step | None:
    """The step with its default settings; None where it needs some, or a model that embeds."""
    try:
        step = kind.model_validate({})
    except ValidationError:
        return None
    return None if step.embedding_model else step


DEFAULTS = [step for kind in STEPS.values() if (step := by_default(kind))]
"""Every step of the folder that can do without settings: a new one is held to the laws without being named here."""

BY_ROW += [step for step in DEFAULTS if isinstance(rule_of(step), Each) and step not in BY_ROW]
OVER_ROWS += [step for step in DEFAULTS if step not in (*BY_ROW, *OVER_ROWS)]

PARTS = [
    *(
        "",
        " ",
        "x",
        "spam",
        "Ham.",
        "no no no no no no no",
        "one two three four five six seven",
        "what is two and two?",
    ),
    *("I'm sorry, but I can't help with that.", "As an AI language model, I have no opinion.", '{"a": 1}', "```py\nx"),
    *("mail bob@example.org or +49 171 2345678", "😀🎉", "שלום עולם", "Das ist wirklich ein ganz deutscher Satz."),
]

TEXTS = st.lists(st.sampled_from(PARTS), max_size=3).map(" ".join) | st.text(max_size=40)


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    found: list[Sample] = []
    for number in range(draw(st.integers(0, 10))):
        question, odds = draw(TEXTS), draw(st.none() | st.floats(-5, 5))
        found.append(
            sample(
                f"prompt {number // 2}",
                draw(TEXTS),
                draw(st.sampled_from(["train", "train", "heldout"])) if number % 2 == 0 else found[-1].split,
                sample_id=f"{number}",
                student_messages=(Message("user", question),) if number % 2 == 0 else found[-1].student_messages,
                teacher_messages=(Message("assistant", "one two three four five six seven"), Message("user", question)),
                outcome=draw(st.sampled_from(["ok", "ok", "refused", "truncated"])),
                tokens=[] if odds is None else logprobs(min(odds, 0) - 0.1, -max(odds, 0) - 0.1),
            )
        )
    return found


def named(step: Step) -> str:
    """For pytest: the step and what is set."""
    return f"{step.step}-{','.join(step.model_dump(exclude_defaults=True, exclude={'step'}))}"


def verdicts_by_id(step: Step, found: Sequence[Sample]) -> dict[str, Verdict]:
    verdicts = rule_of(step)(found)
    return {one.sample_id: verdict for one, verdict in zip(found, verdicts, strict=True)}


def kept(step: Step, found: Sequence[Sample]) -> list[Sample]:
    return [verdict.sample for verdict in rule_of(step)(found) if isinstance(verdict, Keep)]


@pytest.mark.parametrize("step", BY_ROW, ids=named)
@given(found=samples(), data=st.data())
@BRIEFLY
def test_a_step_by_row_gives_a_part_the_verdicts_it_gives_all(step: Step, found: list[Sample], data: Any) -> None:
    """So rows may be shared out between any number of processes."""
    assert isinstance(rule_of(step), Each)
    whole, workers = verdicts_by_id(step, found), data.draw(st.integers(1, 4))
    places = [data.draw(st.integers(1, workers)) for _ in found]
    parts = [[one for one, place in zip(found, places, strict=True) if place == worker] for worker in range(workers)]
    shared = {name: verdict for part in parts for name, verdict in verdicts_by_id(step, part).items()}
    rest = [one for one in found if one.sample_id not in shared]
    assert {**shared, **verdicts_by_id(step, rest)} == whole


@given(words=st.lists(st.sampled_from(["right", "wrong", "raise", "vanish", "kill"]), min_size=2, max_size=6))
@settings(max_examples=3, deadline=None)
def test_a_check_of_ones_own_too(words: list[str]) -> None:
    step: Step = Verify(function=CHECK)
    found = [sample(completion=word, sample_id=str(number)) for number, word in enumerate(words)]
    whole = verdicts_by_id(step, found)
    assert {**verdicts_by_id(step, found[::2]), **verdicts_by_id(step, found[1::2])} == whole


@pytest.mark.parametrize("step", [*BY_ROW, *OVER_ROWS, *SHARES], ids=named)
@given(found=samples(), data=st.data())
@BRIEFLY
def test_the_rows_order_decides_nothing(step: Step, found: list[Sample], data: Any) -> None:
    assert verdicts_by_id(step, data.draw(st.permutations(found))) == verdicts_by_id(step, found)


@pytest.mark.parametrize("step", [*BY_ROW, *OVER_ROWS], ids=named)
@given(found=samples())
@BRIEFLY
def test_twice_is_once(step: Step, found: list[Sample]) -> None:
    once = kept(step, found)
    assert kept(step, once) == once


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_called_what_its_module_is(name: str) -> None:
    assert STEPS[name].model_fields["step"].default == name
    assert STEPS[name].__doc__


@pytest.mark.parametrize("step", [step for step in BY_ROW if step.reads_reply_alone], ids=named)
@given(found=samples())
@BRIEFLY
def test_what_reads_the_reply_alone_needs_nothing_else(step: Step, found: list[Sample]) -> None:
    bare = [replace(one, teacher_messages=(), student_messages=(), tokens=NO_TOKENS, teacher="") for one in found]
    for whole, alone in zip(verdicts_of(step, found), verdicts_of(step, bare), strict=True):
        match whole, alone:
            case Keep(one), Keep(other):
                assert one.completion == other.completion
            case _:
                assert whole == alone


@pytest.mark.parametrize("step", [step for step in [*BY_ROW, *OVER_ROWS] if step.rewrites], ids=named)
@given(found=samples())
@BRIEFLY
def test_what_a_step_keeps_is_in_its_own_form(step: Step, found: list[Sample]) -> None:
    rewrite = step.rewriter()
    for one in kept(step, found):
        assert rewrite(one) == one


@pytest.mark.parametrize("step", BY_ROW, ids=named)
@given(found=samples())
@BRIEFLY
def test_a_step_by_row_rewrites_what_left_early_as_what_it_keeps(step: Step, found: list[Sample]) -> None:
    rewrite = step.rewriter()
    for one, verdict in zip(found, verdicts_of(step, found), strict=True):
        if isinstance(verdict, Keep):
            assert rewrite(one) == verdict.sample
            assert step.rewrites or verdict.sample == one


@pytest.mark.parametrize("step", [*BY_ROW, *OVER_ROWS, *SHARES], ids=named)
@given(found=samples())
@BRIEFLY
def test_a_verdict_each_and_a_drop_has_a_reason(step: Step, found: list[Sample]) -> None:
    verdicts = rule_of(step)(found)
    assert len(verdicts) == len(found)
    for one, verdict in zip(found, verdicts, strict=True):
        if isinstance(verdict, Drop):
            assert verdict.reason
            assert verdict.score is None or math.isfinite(verdict.score)
        else:
            assert (verdict.sample.sample_id, verdict.sample.reply) == (one.sample_id, one.reply)


STRICTER: dict[str, list[Step]] = {
    "copies.share": [Copies(share=share, min_words=5) for share in (1, 0.8, 0.5, 0.1)],
    "copies.min_words": [Copies(share=0.4, min_words=least) for least in (9, 7, 5)],
    "repetition.times": [Repetition(times=times, min_words=4) for times in (5, 3, 2)],
    "repetition.min_words": [Repetition(times=2, min_words=least) for least in (9, 6, 2)],
    "format.min_chars": [Format(min_chars=least) for least in (0, 1, 9, 40)],
    "format.max_chars": [Format(max_chars=most) for most in (100, 20, 5, 1)],
    "format.min_words": [Format(min_words=least) for least in (0, 1, 3, 9)],
    "format.max_words": [Format(max_words=most) for most in (20, 8, 1)],
    "format.language_certainty": [Format(languages=["en"], language_certainty=least) for least in (1, 0.9, 0.5, 0.1)],
    "near.threshold": [Near(threshold=least, ngram=1) for least in (1, 0.7, 0.4, 0.1)],
    "agreement.min_share": [Agreement(min_share=least) for least in (0, 0.5, 0.6, 1)],
    "agreement.min_margin": [Agreement(min_share=0, min_margin=least) for least in (0, 0.3, 1)],
    "calibrate.keep": [Calibrate(labels=["spam", "ham"], keep=keep) for keep in (1, 0.7, 0.3)],
    "confidence.keep": [Confidence(by="margin", keep=keep) for keep in (1, 0.7, 0.3)],
    "confidence.at_least": [Confidence(by="margin", at_least=least) for least in (-9, -1, 1, 4)],
    "decontaminate.overlap": [Decontaminate(overlap=least) for least in (1, 0.5, 0.2)],
    "select.rows": [Select(rows=rows) for rows in (9, 5, 2, 1)],
    "select.rows by label": [Select(rows=rows, by="label") for rows in (9, 5, 2, 1)],
}


@pytest.mark.parametrize("steps", STRICTER.values(), ids=STRICTER)
@given(found=samples())
@BRIEFLY
def test_a_stricter_threshold_keeps_no_more(steps: list[Step], found: list[Sample]) -> None:
    names = [{one.sample_id for one in kept(step, found)} for step in steps]
    for loose, strict in pairwise(names):
        assert strict <= loose


SCRIPT = """
import sys
from pathlib import Path
from pipeline.curate.both_sides import write_both
from pipeline.recipe.curate import Curate, Split
from pipeline.curate.curate import Extras, curate
from pipeline.curate.tokens import TokenFile
from pipeline.run.records import read_rows
from tests.pipeline.curate.make_rows import student_messages
from tests.pipeline.curate.test_laws import BY_ROW, OVER_ROWS, SHARES
replies, out = Path(sys.argv[1]), Path(sys.argv[2])
rows = list(read_rows(replies))
for number, steps in enumerate(([*BY_ROW[:2], *BY_ROW[4:5]], [*BY_ROW[5:], *OVER_ROWS, *SHARES])):
    config = Curate(split=Split(heldout=0.3), steps=steps)
    result = curate(rows, student_messages(rows), config, Extras(tokens=TokenFile(replies)))
    write_both(replies, result, out / f"kept{number}.parquet", out / f"dropped{number}.parquet")
"""


def test_every_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """Python's own hashes, on which the order of a set depends, differ between processes."""
    texts = [f"{PARTS[number % 7]} {PARTS[number % len(PARTS)]}" for number in range(300)]
    rows = [
        row(f"prompt {number // 2} of {texts[-number // 2]}", number, reply=text, tokens=logprobs(-number / 99, -1.0))
        for number, text in enumerate(texts)
    ]
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    running = {}
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        words = [sys.executable, "-c", SCRIPT, str(tmp_path / "replies.parquet"), str(tmp_path / seed)]
        running[seed] = subprocess.Popen(words, env=environment(PYTHONHASHSEED=seed), cwd=ROOT)
    assert [process.wait(200) for process in running.values()] == [0, 0]
    first, second = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / seed).iterdir()}
        for seed in running
    ]
    assert len(first) == 4
    assert first == second
