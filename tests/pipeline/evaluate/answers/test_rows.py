from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.curate.both_sides import DROPPED, KEPT
from pipeline.evaluate.answers.rows import Selection, read_evaluation_rows
from pipeline.journal.columns import REPLIES
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.records import write_parquet
from prompts.errors import InputError
from tests.pipeline.evaluate.make import LABELS, parquet_row

Rows = list[dict[str, Any]]
ONE = LABELS.model_copy(update={"limit": 1})


def read(
    folder: Path, kept: Rows, dropped: Sequence[Any] = (), failed: Sequence[Any] = (), config: Evaluate = LABELS
) -> Selection:
    kept_path, dropped_path, replies_path = (folder / f"{name}.parquet" for name in ("kept", "dropped", "replies"))
    write_parquet(kept_path, KEPT, kept)
    write_parquet(dropped_path, DROPPED, dropped)
    write_parquet(replies_path, REPLIES, _replies([*kept, *dropped, *failed]))
    return read_evaluation_rows(kept_path, dropped_path, replies_path, config)


def _replies(rows: Rows) -> Rows:
    return [{name: row.get(name) for name in REPLIES.names} for row in rows]


def test_only_held_out_rows_are_read(tmp_path: Path) -> None:
    selection = read(tmp_path, [parquet_row("a"), parquet_row("b", split="train")])
    assert [row.prompt_id for row in selection.rows] == ["a"]
    assert selection.left_out == {}


def test_a_row_carries_both_questions_and_both_answers(tmp_path: Path) -> None:
    relabelled = [{"role": "assistant", "content": "ham"}]
    (row,) = read(tmp_path, [parquet_row("a", completion=relabelled, group="g", cost_usd=0.01)]).rows
    assert [turn.content for turn in row.student_messages] == ["a"]
    assert [turn.content for turn in row.teacher_messages] == ["example", "ham", "a"]
    assert (row.reply.text, row.completion, row.gold, row.group) == ("spam", "ham", "spam", "g")
    assert (row.reply.input_tokens, row.reply.latency_s, row.reply.cost_usd) == (300, 0.4, 0.01)


def test_a_prompt_the_teacher_failed_on_is_still_asked(tmp_path: Path) -> None:
    dropped = [
        parquet_row("b", step="outcome", reason="refused", outcome="refused", reply=""),
        parquet_row("c", step="format", reason="not_a_choice", reply="maybe"),
    ]
    selection = read(tmp_path, [parquet_row("a")], dropped)
    assert [(row.prompt_id, row.reply.outcome) for row in selection.rows] == [
        ("a", "ok"),
        ("b", "refused"),
        ("c", "ok"),
    ]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    dropped = [
        parquet_row("b", step="exact", reason="exact_duplicate"),
        parquet_row("a", step="agreement", reason="not_chosen"),
        parquet_row("a", step="format", reason="not_a_choice"),
        parquet_row("c", step="calibrate", reason="no_label_logprobs", gold=None),
        parquet_row("d", step="exact", reason="exact_duplicate", split="train"),
    ]
    failed = [parquet_row("e", outcome="transient"), parquet_row("a", outcome="invalid")]
    selection = read(
        tmp_path, [parquet_row("a"), parquet_row("f")], dropped, failed, LABELS.model_copy(update={"limit": 1})
    )
    assert selection.left_out == {"duplicate": 1, "no_gold": 1, "other_sample": 2, "over_limit": 1, "unanswered": 1}


def test_the_limit_does_not_favour_kept_rows(tmp_path: Path) -> None:
    dropped = [parquet_row("a", step="outcome", reason="refused", outcome="refused")]
    selection = read(tmp_path, [parquet_row("z")], dropped, config=ONE)
    assert [row.prompt_id for row in selection.rows] == ["a"]


def test_log_odds_are_of_the_first_label_against_the_second(tmp_path: Path) -> None:
    top = [
        {"bytes": b"ham", "id": 1, "logprob": math.log(0.75)},
        {"bytes": b"spam", "id": 2, "logprob": math.log(0.25)},
    ]
    tokens = [{"bytes": b"ham", "id": 1, "logprob": math.log(0.75), "top": top}]
    (row,) = read(tmp_path, [parquet_row("a", tokens=tokens)]).rows
    assert row.reply.log_odds == pytest.approx(math.log(0.25 / 0.75), abs=1e-6)
    (row,) = read(tmp_path, [parquet_row("a", tokens=tokens)], config=Evaluate()).rows
    assert row.reply.log_odds is None


def test_nothing_held_out_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"curate\.split\.heldout.*no row is held out.*The student is trained"):
        read(tmp_path, [parquet_row("a", split="train")])


def test_without_any_gold_every_held_out_row_stays_for_what_needs_no_score(tmp_path: Path) -> None:
    selection = read(tmp_path, [parquet_row("a", gold=None), parquet_row("b", gold=None)])
    assert [row.gold for row in selection.rows] == [None, None]
    assert selection.left_out == {}


def test_a_judge_needs_no_gold(tmp_path: Path) -> None:
    judged = Evaluate.model_validate({"scorer": {"name": "judge", "judge": {"spec": "scripted:j"}}})
    selection = read(tmp_path, [parquet_row("a", gold=None), parquet_row("b")], config=judged)
    assert [row.gold for row in selection.rows] == [None, "spam"]


def test_the_shares_of_relabelled_rows_are_read(tmp_path: Path) -> None:
    soft = [{"text": "spam", "share": 0.9}, {"text": "ham", "share": 0.1}]
    (row,) = read(tmp_path, [parquet_row("a", soft_labels=soft)]).rows
    assert row.shares == {"spam": 0.9, "ham": 0.1}


def test_a_gold_answer_that_is_no_label_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'junk' is none of"):
        read(tmp_path, [parquet_row("a", gold="junk")])
