"""Scripted teachers with known answers, and bake-offs of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.bakeoff.command import BakeoffOptions, bakeoff
from pipeline.bakeoff.result import Bakeoff
from pipeline.recipe.load import load_recipe
from pipeline.run.progress import Progress
from tests.pipeline.helpers import write_recipe, write_rows
from tests.servers.faults import Answer, Seen, chat

ROWS = 40
LABELS = {"scorer": "label", "labels": ["spam", "ham"], "resamples": 200}
STEPS = {"steps": [{"step": "outcome"}, {"step": "format", "choices": ["spam", "ham"]}]}


def gold(index: int) -> str:
    return "spam" if index % 2 else "ham"


def other(label: str) -> str:
    return "ham" if label == "spam" else "spam"


def index_of(seen: Seen) -> int:
    return int(seen.turn.split()[-1])


def say(seen: Seen, wrong: Callable[[int], bool] = lambda index: False) -> Answer:
    label = gold(index_of(seen))
    return chat(other(label) if wrong(index_of(seen)) else label)


def script(path: Path, replies: Mapping[int, Mapping[str, Any]], rows: int = ROWS) -> str:
    """A scripted teacher that is right but where `replies` says otherwise."""
    rules = [{"match": f"mail {i:03}", "reply": gold(i)} | dict(replies.get(i, {})) for i in range(rows)]
    write_rows(path, [{key: value for key, value in rule.items() if value is not None} for rule in rules])
    return f"scripted:{path}"


def wrong_on(indices: Sequence[int]) -> dict[int, dict[str, Any]]:
    return {index: {"reply": other(gold(index))} for index in indices}


def bake(folder: Path, *specs: str, rows: int = ROWS, judge: str | None = None, **sections: Any) -> dict[str, Any]:
    """The result as people's scripts read it."""
    return run_bakeoff(folder, BakeoffOptions(specs, rows, judge), **sections).to_dict()


def run_bakeoff(folder: Path, options: BakeoffOptions, **sections: Any) -> Bakeoff:
    recipe = load_recipe(write_recipe(folder, **{"evaluate": LABELS, "curate": STEPS, **sections}))
    with Progress() as progress:
        return bakeoff(recipe, folder / "run", options, progress)


def of(found: Mapping[str, Any], label: str) -> dict[str, Any]:
    one: dict[str, Any] = next(one for one in found["teachers"] if one["label"] == label)
    return one


def priced(name: str, spec: str, dollars: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "spec": spec, "price": {"input": dollars, "output": dollars}, **more}


def label_token(index: int, bias: float) -> dict[str, Any]:
    """Log-odds that rank rightly and lean to one label: the text is that label, whatever the mail is."""
    odds = bias + (1.0 if gold(index) == "spam" else -1.0)
    top = {"spam": -math.log1p(math.exp(-odds)), "ham": -math.log1p(math.exp(odds))}
    text = max(top, key=lambda label: top[label])
    return {"reply": text, "tokens": [{"text": text, "top": top}]}


NO_GOLD = {"source": "rows.jsonl", "template": "t.md"}
