"""One sample's whole story: what was asked, every attempt, the verdict, and what it was used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.decisions.store import read_decisions
from pipeline.journal.read import attempts_of, reply_of
from pipeline.run.directory import RunDir
from pipeline.run.records import VERDICT
from prompts.errors import InputError
from teachers.base import ANSWERS

REPLY_CHARS = 500

UNREAD = ("tokens", "created_at")
"""Columns that no story tells. To read one timestamp pyarrow imports pandas, which takes 0.2 s."""


def tell_story(root: Path, sample: str) -> dict[str, Any]:
    """The story of the sample whose sample or prompt id begins with `sample`; InputError if there is not just one."""
    run = RunDir(root)
    run.require_run()
    if not run.journal.exists() or not run.replies.exists():
        raise InputError("has no replies yet", path=root, remedy="Run the generate stage first")
    row = _find(run.replies, sample)
    return {
        **{key: row[key] for key in ("sample_id", "prompt_id", "request_key", "teacher", "sampling", "usage")},
        "messages": row["messages"],
        "gold": row["gold"],
        "attempts": attempts_of(run.journal, row["request_key"]),
        "reply": reply_of(run.journal, row["request_key"]),
        "verdict": _verdict(run, row),
        "review": [asdict(one) for one in read_decisions(run.reviews) if row["sample_id"] in one.question],
    }


def render_story(story: dict[str, Any]) -> str:
    """The story for a terminal."""
    who, last = story["teacher"], story["messages"][-1]["content"]
    lines = [
        f"sample {story['sample_id']} of prompt {story['prompt_id']}",
        f"asked {who['provider']}:{who['model']}" + (f" at {who['base_url']}" if who["base_url"] else ""),
        f"with {len(story['messages'])} messages, the last:",
        *(f"  | {line}" for line in last.splitlines()),
    ]
    lines += [
        f"attempt {_when(item['sent_at'])}: {item['outcome']} {item['detail'] or ''}" for item in story["attempts"]
    ]
    if reply := story["reply"]:
        lines.append(f"reply ({reply['outcome']}, {reply['finish_reason']}): {reply['text'][:REPLY_CHARS]}")
        lines += [f"warning: {warning}" for warning in reply["warnings"]]
    lines += [f"gold: {story['gold']}", *_verdict_lines(story["verdict"])]
    return "\n".join([*lines, *(_review_line(one) for one in story["review"])])


def _find(replies: Path, sample: str) -> dict[str, Any]:
    found = list(_places(replies, ("sample_id", "prompt_id"), sample))
    if len(found) == 1:
        return _row(replies, *found[0], without=UNREAD)
    if not found:
        raise InputError(f"no sample or prompt id begins with '{sample}'", path=replies)
    ids = ", ".join(_row(replies, *place, columns=["sample_id"])["sample_id"] for place in found[:5])
    raise InputError(f"{len(found)} samples match '{sample}'", path=replies, remedy=f"Give more of it: {ids} ...")


def _places(path: Path, columns: Sequence[str], begin: str) -> Iterator[tuple[int, int]]:
    """Yields row group and place of the rows where an id begins so; reads the ids alone, a row group at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(columns))
            # Not pc.equal: to make a scalar of the text pyarrow imports pandas. Whole ids are of one length.
            matches = [pc.starts_with(table[column].combine_chunks(), begin) for column in columns]
            for place in pc.indices_nonzero(reduce(pc.or_, matches)).to_pylist():
                yield group, place


def _row(
    path: Path, group: int, place: int, *, columns: list[str] | None = None, without: Sequence[str] = ()
) -> dict[str, Any]:
    with pq.ParquetFile(path) as file:
        there = file.schema_arrow.names  # an older run's files lack the newest columns
        names = [name for name in there if (name in columns if columns else name not in without)]
        [row] = file.read_row_group(group, columns=names).slice(place, 1).to_pylist()
    found: dict[str, Any] = row
    return found


def _verdict(run: RunDir, reply: dict[str, Any]) -> dict[str, Any]:
    sides = [(side, path) for side, path in (("kept", run.kept), ("dropped", run.dropped)) if path.exists()]
    for side, path in sides:
        extra = VERDICT.names if side == "dropped" else []
        names = ["prompt", "completion", "split", "margin", "judge_score", "soft_labels", "review", *extra]
        place = next(_places(path, ("sample_id",), reply["sample_id"]), None)
        if place:
            row = _row(path, *place, columns=names)
            return {"side": side, **row, "judge": _opinions(run, row, reply)}
    if reply["outcome"] not in ANSWERS:
        return {"side": "failed", "outcome": reply["outcome"]}
    return {"side": "not curated"}


def _opinions(run: RunDir, row: dict[str, Any], reply: dict[str, Any]) -> list[dict[str, Any]]:
    if row["judge_score"] is None and row.get("score") is None:
        return []  # a judge's word always came with a score: the kept row's, or the drop's
    # Late: reading a judge's answer takes the recipe and its steps, half a second that most samples do without.
    from pipeline.explain.opinions import recall_opinions

    return recall_opinions(run, row, reply["reply"])


def _verdict_lines(verdict: dict[str, Any]) -> list[str]:
    match verdict["side"]:
        case "kept":
            use = "trains the student" if verdict["split"] == "train" else "held out for the evaluation"
            lines = [f"verdict: kept, {use}, as: {verdict['completion'][0]['content'][:REPLY_CHARS]}"]
        case "dropped":
            score = "" if verdict["score"] is None else f" (score {verdict['score']:.3g})"
            lines = [
                f"verdict: dropped by the step '{verdict['step']}': {verdict['reason']}{score}; {verdict['split']} side"
            ]
            lines += [f"  | {line}" for line in (verdict["detail"] or "").splitlines()]
        case "failed":
            return [f"verdict: no answer ({verdict['outcome']}): neither kept nor dropped"]
        case side:
            return [f"verdict: {side}"]
    if (review := verdict.get("review")) and review["step"]:
        lines.append(f"kept by review ({review['kind']}), though the step '{review['step']}' said {review['reason']}")
    if verdict["margin"] is not None:
        lines.append(f"margin: {verdict['margin']:.3g}")
    if verdict["soft_labels"]:
        lines.append("soft labels: " + ", ".join(f"{one['text']} {one['share']:.2f}" for one in verdict["soft_labels"]))
    lines += [f"judge: {one['score']:.2f}, {one['reason']}" for one in verdict["judge"]]
    return lines


def _review_line(one: dict[str, Any]) -> str:
    """One decision, whether it stands or was taken back since."""
    what = (
        f"over {one['other_id']}"
        if one["other_id"]
        else ""
        if one["text"] is None
        else f"as: {one['text'][:REPLY_CHARS]}"
    )
    note = f" ({one['note']})" if one["note"] else ""
    return f"review {_when(one['made_at'])}: {one['reviewer']}: {one['kind']} {what}".rstrip() + note


def _when(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
