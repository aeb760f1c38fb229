"""One sample's whole story: what was asked, every attempt, the verdict, and what it was used for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.journal import attempts_of, reply_of
from pipeline.records import read_rows
from pipeline.run import RunDir
from prompts.errors import InputError

REPLY_CHARS = 500


def tell_story(root: Path, sample: str) -> dict[str, Any]:
    """The story of the sample whose sample or prompt id begins with `sample`; InputError if there is not just one."""
    run = RunDir(root)
    run.load_manifest()
    if not run.journal.exists() or not run.replies.exists():
        raise InputError("has no replies yet", path=root, remedy="Run the generate stage first")
    row = _find(run.replies, sample)
    return {
        **{key: row[key] for key in ("sample_id", "prompt_id", "request_key", "teacher", "sampling", "usage")},
        "messages": row["messages"],
        "gold": row["gold"],
        "attempts": attempts_of(run.journal, row["request_key"]),
        "reply": reply_of(run.journal, row["request_key"]),
        "verdict": _verdict(run, row["sample_id"]),
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
    return "\n".join([*lines, f"gold: {story['gold']}", f"verdict: {_verdict_text(story['verdict'])}"])


def _find(replies: Path, sample: str) -> dict[str, Any]:
    found = [
        row for row in read_rows(replies) if row["sample_id"].startswith(sample) or row["prompt_id"].startswith(sample)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"no sample or prompt id begins with '{sample}'", path=replies)
    ids = ", ".join(row["sample_id"] for row in found[:5])
    raise InputError(f"{len(found)} samples match '{sample}'", path=replies, remedy=f"Give more of it: {ids} ...")


def _verdict(run: RunDir, sample_id: str) -> dict[str, Any]:
    for side, path in (("kept", run.kept), ("dropped", run.dropped)):
        for row in read_rows(path) if path.exists() else ():
            if row["sample_id"] == sample_id:
                extra = ("step", "reason", "score") if side == "dropped" else ()
                names = ("split", "completion", "margin", *extra)
                return {"side": side, **{name: row[name] for name in names}}
    return {"side": "not curated"}


def _verdict_text(verdict: dict[str, Any]) -> str:
    match verdict["side"]:
        case "kept":
            use = "trains the student" if verdict["split"] == "train" else "held out for the evaluation"
            return f"kept, {use}, as: {verdict['completion'][0]['content']}"
        case "dropped":
            score = "" if verdict["score"] is None else f" (score {verdict['score']:.3g})"
            return f"dropped by the step '{verdict['step']}': {verdict['reason']}{score}; {verdict['split']} side"
        case side:
            return str(side)


def _when(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
